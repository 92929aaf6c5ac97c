# %% [markdown]
"""
# 3 · Where latency comes from

The argument says: headers and cookies on every request raise the latency, and WebSockets bring "significant
reductions". Latency is time, and time passes somewhere. This lesson splits it into what it is made of: **waiting**
for the next question, **round trips**, and **bytes** on their way. Each part has a formula that nobody fitted, and a
measurement beside it.

*You will be able to* predict a mean latency from poll interval, round trip and message rate, say when long polling is
as soon as a WebSocket, and tell five false numbers from true ones. *You need* lesson 1.

Numbers are of the run that comes with the lab; with `now=True`, `measure` asks your own machine.
"""

# %%
from lessons import check, figure, latency, measure, runs_of, traps, verdict

from results import model

# %% [markdown]
"""
## Three parts

**Question.** A message takes 50 ms from one side to the other. By which transport does it take longer, and what does
it do meanwhile? The bar of each transport adds up to what was measured.
"""

# %%
figure("latency_split", "reference")

# %% [markdown]
"""
**Reading.** One part is the same for all: the transit. Nothing on earth gets below it. Polling adds waiting, and much
of it. Long polling adds a little waiting, for the question that is on its way when a message is published. What this
machine itself takes was measured apart, with no delay inserted, and what remains unexplained is drawn, too.

## The model

With τ for the transit, T for the poll interval, λ for the message rate and D = 2τ for the time in which a
long-polling client is away:

| | mean | at worst |
|---|---|---|
| WebSocket | τ | τ |
| long polling | τ + (λD²/2) / (λD + e^(−λD)) | τ + D: three transits |
| polling | T/2 + τ | T + τ |

Polling is the mean of a wait that may be anything from nothing to T. Long polling's second term is D/2 for each
message that finds the client away.

**Question.** With a round trip of 100 ms, ten messages a second and polls every 0.3 s: what do the formulas say? Work
it out by hand before you run the cell.
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
**Reading.** The floor is what this machine takes where nothing is delayed; it was measured by runs of their own. The
model knows nothing of the machine, and the machine nothing of the model. That little is left over is the reason to
believe both.

The model's numbers here differ a little from those by hand: they were worked out for the very moments at which
messages were published in these runs, and not for the average of all that might have happened.

**Question.** What does each factor do alone? Left the poll interval, right the round trip.
"""

# %%
figure("latency_over_round_trip", "reference")

# %% [markdown]
"""
**Reading.** Left, only polling moves: half of the interval, a straight line. Right, all three rise; the hollow points
make a new connection for each request, so that they pay for its handshake as well.

**Question.** An average is one number. How do latencies spread? Move the sliders: at which interval does polling come
as soon as long polling?
"""

# %%
latency.distributions()

# %% [markdown]
"""
**Reading.** Polling's curve is a straight ramp: every wait between nothing and the interval is as likely as any
other. A WebSocket is a step at half the round trip. Long polling is the same step for messages that find the
client's question waiting, then a ramp for those that find it under way. No interval brings polling to a step: it only
makes the ramp steep, at the price of requests.

## When is long polling as good as a WebSocket?

**Question.** The argument compares WebSocket with polling *and* with long polling in one breath. Against a request
that is already waiting, how much is there to gain?
"""

# %%
latency.against_a_held_request()

# %% [markdown]
"""
**Reading.** While messages are far apart, measured in round trips, the question is back in time for each of them and
there is nothing to gain. When several come in one round trip, a WebSocket delivers each at once, and long polling in
batches. So the rule is not "WebSocket is faster": it is *messages in a round trip*.

**Question.** What is the verdict on the sentence "WebSockets bring messages to the client significantly sooner"? It
is computed from the runs.
"""

# %%
print(verdict("C11").sentence)

# %% [markdown]
"""
## Bytes against the link

**Question.** Sentence C3 of the argument: all those header bytes make messages late. When do bytes become time?
"""

# %%
figure("header_bytes_over_link_rate", "reference")

# %% [markdown]
"""
**Reading.** A byte takes eight bits' time: divide by the link's rate. On the fast links of the figure two kilobytes
vanish beside the round trip. On the slowest they do not, yet look who suffers: the question's bytes travel while
nobody waits for them, unless messages follow each other so closely that the question comes too late.

**Question.** And the verdict?
"""

# %%
print(verdict("C3").sentence)

# %% [markdown]
"""
## Five false numbers

Each of these has been published, more than once. In each, what is measured is not what is meant.

**Question.** *The response time of a long poll.* A load tool reports how long requests took. What has that to do with
latency?
"""

# %%
traps.answers_are_not_deliveries(runs_of("real-feed"))

# %% [markdown]
"""
**Reading.** Nothing. A request that is held for long means that nothing happened for long. A chart of "response
times" makes the best transport look the slowest. This lab counts from publication to arrival.

**Question.** *Polls in step with messages.* Messages every half second, polls every second. Does it matter when a
client began?
"""

# %%
traps.in_step(interval=1.0, period=0.5)

# %% [markdown]
"""
**Reading.** Every client meets the same wait for ever, and it hangs on its first poll. An average over few clients is
then an average over few phases, and any number may come out. The lab draws phases at random, and keeps intervals and
periods out of step.

**Question.** *A handshake spread over a short run.* What does a WebSocket cost per message if its handshake of 800 B
is divided by the messages of the run?
"""

# %%
traps.spread_over(handshake=800, frame=4, messages=[1, 10, 100, 1_000, 10_000])

# %% [markdown]
"""
**Reading.** Whatever you like, by the length of the run. What is paid once stands apart from what is paid each time:
joining, and the window.

**Question.** *A percentile of twelve.* Somebody ran twelve requests and reports a p99. How near is that to the truth,
which is 100?
"""

# %%
traps.percentile_of(12, 99)

# %% [markdown]
"""
**Reading.** Twelve samples have no 99th percentile: what is reported is about the largest of twelve. The lab leaves a
percentile out unless five messages or more lie beyond it.

**Question.** *Coordinated omission.* A server answers within a millisecond, but once stands still for a second. One
client asks by plan, a hundred times a second; another asks only when the last answer is there. What do they report?
"""

# %%
traps.stalled()

# %% [markdown]
"""
**Reading.** The polite client leaves out the requests that it should have made in that second, and with them nearly
all of the waiting: one bad sample among a thousand. A user does not wait to be late. So latency counts from the
moment at which something was due.

## Doubt

- **A delay line is not the internet.** It delays, and limits the rate. It loses nothing, and nobody else uses it.
- **The model knows no queue.** Where the server or the link is at its limit, messages wait for each other (lesson 5).
- **One clock.** Client and server share it here. Between two machines the one-way delay cannot be measured so simply.
- **Means.** The boundary moves if you care for the worst message instead of the average one: long polling's is three
  transits at any rate.

## Exercises

**1.** A stock page is to be at most a quarter of a second late on average, with a round trip of 60 ms. Which poll
interval is the longest that does? In seconds.
"""

# %% tags=["exercise"]
longest_interval = None
### BEGIN SOLUTION
longest_interval = 2 * (0.250 - 0.030)
### END SOLUTION
check.longest_interval(longest_interval, within=0.250, rtt=0.060)

# %% [markdown]
"""
**2.** Round trip 80 ms, long polling, one message a minute. What is the mean latency in milliseconds, and what is the
worst? (Servers and clients take no time.)
"""

# %% tags=["exercise"]
mean_ms, worst_ms = None, None
### BEGIN SOLUTION
mean_ms, worst_ms = 40, 120
### END SOLUTION
check.seldom(mean_ms, worst_ms, rtt_ms=80)

# %% [markdown]
"""
**3.** 1,600 B of cookies ride on each request. On which link, in Mbit/s, do they take as long as a round trip of 40
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
**4.** Measure it. The cell runs the three transports with your round trip on this machine, which takes half a minute.
Choose one at which long polling is at least half as late again as a WebSocket, at ten messages a second. Where nothing
can be started, recorded runs answer: 20, 50, 100 and 200 ms.
"""

# %% tags=["exercise"]
rtt_ms = None
### BEGIN SOLUTION
rtt_ms = 200.0
### END SOLUTION
check.half_as_late_again(rtt_ms, measure)

# %% [markdown]
"""
**5.** *(Open.)* Find a benchmark of WebSocket against polling on the web. Which of the five false numbers does it
report, if any? What would you have to ask its author before you believe it? Write three questions.

**Next:** [4 · Inside a WebSocket](04_inside_a_websocket.ipynb)
"""
