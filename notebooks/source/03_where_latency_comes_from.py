# %% [markdown]
"""
# 3 · Where latency comes from

The argument says: headers and cookies on every request raise the latency, and WebSockets bring "significant
reductions". Latency is time, and time passes somewhere. This lesson splits it into three parts: **waiting** for the
next request, **round trips**, and **bytes** on the link. Each part has a formula, and a measurement next to it.
Nothing is fitted.

*You will be able to* predict a mean latency from poll interval, round trip and message rate. You will say when long
polling is as fast as a WebSocket, and recognise five false numbers. *You need* lesson 1.

The numbers come from the run that comes with the lab. With `now=True`, `measure` measures your own machine.
"""

# %%
from lessons import check, figure, latency, measure, runs_of, traps, verdict

from results import model

# %% [markdown]
"""
## Three parts

**Question.** A message needs 100 ms from one side to the other, and ten messages are published a second. By which
transport does a message take longer, and what does it wait for? The bar of each transport adds up to the measured mean.
"""

# %%
figure("latency_split", "reference")

# %% [markdown]
"""
**Reading.** One part is the same for all: the transit. Nothing is faster than that. Polling's messages wait for the
next poll. In long polling a message waits if it is published while the client's next request is still on its way. Here
two messages are published in a round trip, so most of them wait. On the slow link, bytes take time, too.
What this machine takes was measured separately, without a delay. What remains unexplained is drawn, too.
"""

# %%
tau, interval, rate = 0.050, 0.3, 10.0
by_hand = {
    "WebSocket": model.websocket_mean(tau),
    "long polling": model.long_polling_mean(tau, rate),
    "polling": model.polling_mean(tau, interval),
}
print("\n".join(f"{name:<13}{1000 * float(seconds):6.1f} ms" for name, seconds in by_hand.items()))

# %% [markdown]
"""
**Question.** And what was measured? `left over` is what neither the model nor the machine's floor explains.
"""

# %%
latency.against_the_model(rtt_ms=100)

# %% [markdown]
"""
**Reading.** The floor is what this machine takes without any delay; separate runs measured it. The model knows
nothing of the machine, and the machine nothing of the model. Little is left over: that is the reason to believe both.

The model's numbers differ slightly from those by hand. They use the publication times of these very runs, and not an
average over all possible times.

**Question.** What does each factor do alone? On the left is the poll interval, on the right the round trip.
"""

# %%
figure("latency_over_round_trip", "reference")

# %% [markdown]
"""
**Reading.** On the left only polling moves: half of the interval, a straight line. On the right all three rise.
Hollow points open a new connection for each request. Long polling pays for that with its latency: its next request
arrives later. Polling pays nothing: its polls keep their rhythm, and no message waits for a handshake.

**Question.** A mean is one number. How do latencies spread? Move the sliders: at which interval is polling as fast as
long polling?
"""

# %%
latency.distributions()

# %% [markdown]
"""
**Reading.** Polling's curve is a straight ramp: every wait between zero and the interval is equally likely. A
WebSocket is a step at half the round trip. Long polling has the same step, for messages that find a request waiting.
A ramp follows, for messages that find it on its way. No interval turns polling into a step. A shorter one only makes
the ramp steeper, and costs requests.
"""

# %% [markdown]
"""
## When is long polling as good as a WebSocket?

**Question.** The argument compares WebSocket with polling *and* with long polling in one sentence. How much is there
to gain against a request that is already waiting?
"""

# %%
latency.against_a_held_request()

# %% [markdown]
"""
**Reading.** If messages are far apart, measured in round trips, the next request arrives in time for each of them.
Then there is nothing to gain. If several are published within one round trip, a WebSocket sends each at once, and
long polling sends batches. So the rule is not "WebSocket is faster". It is *messages per round trip*.

**Question.** What is the verdict on the sentence "WebSockets deliver messages significantly faster"? It is computed
from the runs.
"""

# %%
print(verdict("C11").sentence)

# %% [markdown]
"""
## Bytes and the link

**Question.** Sentence C3 of the argument: all those header bytes delay messages. When do bytes become time?
"""

# %%
figure("header_bytes_over_link_rate", "reference")

# %% [markdown]
"""
**Reading.** A byte needs the time of eight bits: divide by the link's rate. On the fast links of the figure, two
kilobytes are nothing compared with the round trip. On the slowest link they count, but only for long polling. A
poll's bytes travel before any message needs them. A long poll's bytes matter when messages follow each other so closely
that the next request arrives too late.

**Question.** And the verdict?
"""

# %%
print(verdict("C3").sentence)

# %% [markdown]
"""
## On a real path

So far a delay line has moved bytes. A real path moves packets of at most 1,448 B of data, and it can lose them. The lab
has such a path, too: two network namespaces with the kernel's own TCP, and between them a queue
(`python -m loadtests.packets`).

**Question.** Packets are lost. Whose messages come later, and by how much?
"""

# %%
figure("latency_over_loss", "reference")

# %% [markdown]
"""
**Reading.** TCP notices a loss and sends the packet again. That takes a round trip or more, and the message comes
later by that time. A pushed message has nothing to hide that behind. Polling's messages wait for the next poll anyway,
and one more wait is a small part of it. In long polling both the request and the response can be lost. So on a bad
path polling loses least, measured by its own latency. It is still the slowest.

**Question.** TCP delivers in order. How many messages does one lost packet hold up?
"""

# %%
figure("behind_a_lost_packet", "reference")

# %% [markdown]
"""
**Reading.** At one message a second, only the lost one is late. At fifty, those behind it have arrived, and must not be
delivered before it. This is called head-of-line blocking. The dashed line follows from TCP's rules. The sender
notices a loss a round trip after the *next* packet. If there is none, a timeout of at least 200 ms ends the wait.

**Question.** When do bytes cost a whole round trip? Guess: how many does an echo of 16 KB take on a new connection?
"""

# %%
figure("round_trips_by_size", "reference")

# %% [markdown]
"""
**Reading.** A connection begins with ten segments, about 14 KB. Then it has to wait for the other side. Each round trip
doubles what it may send. After a pause it begins again with ten. A busy connection has grown its window and sends all
at once. So a lasting connection saves round trips only as long as it is used. And a cookie of 1 KB costs no round trip,
one of 16 KB does.

**Question.** Somebody else in the house uploads a video, and the router has a deep queue. Whose messages wait?
"""

# %%
figure("beside_an_upload", "reference")

# %% [markdown]
"""
**Reading.** The queue is on the way up. A request goes up through it, and so polling and long polling wait. A pushed
message comes down past it; only its acknowledgement waits. This is the largest difference in this lesson, and no header
is to blame for it. A short queue does not help much here: it drops packets, and a request that is lost waits for a
timeout.
"""

# %% [markdown]
"""
## Five false numbers

Each of these has been published, more than once. Each measures something other than latency.

**Question.** *The response time of a long poll.* A load tool reports how long requests took. What has that to do with
latency?
"""

# %%
traps.answers_are_not_deliveries(runs_of("real-feed"))

# %% [markdown]
"""
**Reading.** Nothing. A request that is held for long means that nothing was published for long. A chart of "response
times" makes the best transport look the slowest. This lab measures from publication to arrival.

**Question.** *Polls in step with messages.* Messages are published every half second, and polls are sent every
second. Does it matter when a client began?
"""

# %%
traps.in_step(interval=1.0, period=0.5)

# %% [markdown]
"""
**Reading.** Every client has the same wait for ever, and it depends on its first poll. A mean over few clients is
then a mean over few phases: any number is possible. The lab draws phases at random. It also keeps intervals and
periods out of step.

**Question.** *A handshake divided by a short run.* A handshake has 800 B. What does a WebSocket cost per message if
you divide it by the messages of the run?
"""

# %%
traps.spread_over(handshake=800, frame=4, messages=[1, 10, 100, 1_000, 10_000])

# %% [markdown]
"""
**Reading.** Any number you like, by the length of the run. The lab keeps the two apart: what is paid once to connect,
and what is paid per message in the window.

**Question.** *A percentile of twelve.* Somebody ran twelve requests and reports a p99. How near is that to the truth,
which is 100?
"""

# %%
traps.percentile_of(12, 99)

# %% [markdown]
"""
**Reading.** Twelve samples have no 99th percentile: the reported number is about the largest of the twelve. The lab
gives a percentile only if five messages or more lie beyond it.

**Question.** *Coordinated omission.* A server answers within a millisecond, but stops once for a second. One client
sends requests by a plan, a hundred a second. Another sends one only when the last response has arrived. What do they
report?
"""

# %%
traps.stalled()

# %% [markdown]
"""
**Reading.** The second client leaves out the requests that it should have sent in that second, and with them nearly
all of the waiting. It reports one bad sample among a thousand. A user's wait does not depend on what a tool sends. So
latency counts from the moment at which something was due.
"""

# %% [markdown]
"""
## Doubt

- **A path in one machine is not the internet.** Its loss is random, its delay constant, and no stranger's traffic
  uses it.
- **The model has no queue.** If the server or the link is at its limit, messages wait for each other (lesson 5).
- **One clock.** Client and server share it here. Between two machines, a one-way delay is hard to measure.
- **Means.** The boundary moves if you care for the worst message instead of the mean. Long polling's worst case is
  three transits at any rate.
"""

# %% [markdown]
"""
## Exercises

**1.** A stock page may be at most a quarter of a second late on average. The round trip is 60 ms. Which poll interval
is the longest that is fast enough? In seconds.
"""

# %% tags=["exercise"]
longest_interval = None
### BEGIN SOLUTION
longest_interval = 2 * (0.250 - 0.030)
### END SOLUTION
check.longest_interval(longest_interval, within=0.250, rtt=0.060)

# %% [markdown]
"""
**2.** Long polling, a round trip of 80 ms, one message a minute. What is the mean latency in milliseconds, and what
is the worst? (Servers and clients take no time.)
"""

# %% tags=["exercise"]
mean_ms, worst_ms = None, None
### BEGIN SOLUTION
mean_ms, worst_ms = 40, 120
### END SOLUTION
check.seldom(mean_ms, worst_ms, rtt_ms=80)

# %% [markdown]
"""
**3.** Each request carries 1,600 B of cookies. On which link, in Mbit/s, do they take as long as a round trip of 40
ms?
"""

# %% tags=["exercise"]
link_mbps = None
### BEGIN SOLUTION
link_mbps = 1600 * 8 / 0.040 / 1e6
### END SOLUTION
check.link_of(link_mbps, extra_bytes=1600, rtt_ms=40)

# %% [markdown]
"""
**4.** Measure it. The cell runs the three transports with your round trip on this machine, in half a minute. Choose
one at which long polling is at least half as late again as a WebSocket, at ten messages a second. If nothing can be
started here, recorded runs answer: 20, 50, 100 and 200 ms.
"""

# %% tags=["exercise"]
rtt_ms = None
### BEGIN SOLUTION
rtt_ms = 200.0
### END SOLUTION
check.half_as_late_again(rtt_ms, measure)

# %% [markdown]
"""
**5.** A page sends 40 KB by HTTP on a new connection, and 1 KB returns. The round trip is 80 ms, and the link is fast.
A packet carries 1,448 B. How many milliseconds pass from connecting to the end of the response?
"""

# %% tags=["exercise"]
upload_ms = None
### BEGIN SOLUTION
upload_ms = 80 * (1 + 2)
### END SOLUTION
check.first_upload(upload_ms, sent=40_000, rtt_ms=80)

# %% [markdown]
"""
**6.** *(Open, in a terminal on Linux.)* `python -m loadtests.packets --delay-ms 40 --shell` opens a shell at the far
end. Try `ping -c 5 10.77.0.1`. Then add `--loss 10`. What does `ping` report, and what would TCP have made of it?

**7.** *(Open.)* Find a benchmark of WebSocket against polling on the web. Does it report one of the five false
numbers? What would you ask its author before you believe it? Write three questions.

**Next:** [4 · Inside a WebSocket](04_inside_a_websocket.ipynb)
"""
