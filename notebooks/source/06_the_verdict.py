# %% [markdown]
"""
# 6 · The verdict

The argument has sixteen sentences, C1 to C16. Each has been measured or observed, and each has a verdict. It *holds*,
it *holds under a condition*, or it *does not hold*. No verdict was typed. They are computed from the tables of the
run that comes with the lab, and change with the numbers.

*You will be able to* say which sentences of the argument hold, and choose a transport for your own workload, with
reasons. *You need* the lessons before this one.
"""

# %%
from lessons import check, choosing, figure

# %% [markdown]
"""
## Sixteen sentences

**Question.** Before you look: how many of the sixteen hold as they are? Which one would you bet on?
"""

# %%
choosing.verdicts()

# %% [markdown]
"""
**Question.** How many are there of each kind?
"""

# %%
print(choosing.count())

# %% [markdown]
"""
**Reading.** The argument is neither right nor wrong. Look at the sentences that hold under a condition. The argument
does not name these conditions; they are what this course teaches. Here are three of them, and a sentence that holds.
"""

# %% [markdown]
"""
## Bytes: C2

**Question.** "Over many messages, those headers outweigh the data." When?
"""

# %%
choosing.evidence("C2")

# %% [markdown]
"""
**Reading.** Headers outweigh *short* messages, and messages that are rare. For a picture of 100 kB they do not
matter.
"""

# %% [markdown]
"""
## Time: C3 and C11

**Question.** "Carrying those bytes delays every message."
"""

# %%
choosing.evidence("C3")

# %% [markdown]
"""
**Question.** "WebSockets deliver messages significantly faster."
"""

# %%
choosing.evidence("C11")

# %% [markdown]
"""
**Reading.** This sentence has two opponents. A WebSocket beats polling by half a poll interval. It beats a waiting
long poll only if messages follow each other closely. By the model, one message in four round trips is enough (lesson
3).
"""

# %% [markdown]
"""
## Connections: C6

**Question.** "A WebSocket is one lasting connection; either side may send at any time."
"""

# %%
choosing.evidence("C6")

# %% [markdown]
"""
**Reading.** The first half is true of HTTP/1.1 as well. The second half is new: no request is needed.
"""

# %% [markdown]
"""
## Where a WebSocket does not win

**Question.** In which of these panels is its line the lowest, and in which is it not?
"""

# %%
figure("message_over_rate", "reference")

# %% [markdown]
"""
**Reading.** If messages are frequent and may be late, one poll collects many of them. Polling is then cheaper, in
bytes and in the server's work. Polling lets you *choose* the latency.
"""

# %% [markdown]
"""
## Choose

**Question.** Which transport is the cheapest that is fast enough? Find your message rate on the horizontal axis and
your latency target on the vertical one.
"""

# %%
figure("which_transport", "reference")

# %% [markdown]
"""
**Reading.** Each border is a condition of the verdicts above. To the right and up, polling is cheapest. If messages
must be fast, it is WebSocket. Long polling is fast enough in many places, and never the cheapest here: lesson 5 has
its price. People choose it where a proxy lets nothing else through.

**Question.** And with your own numbers? Four sliders, one answer.
"""

# %%
choosing.choose()

# %% [markdown]
"""
**Question.** Now as a table, for one workload. There are 2,000 clients, one message every two seconds, and 60 ms of
round trip. Nine in ten messages must arrive within half a second.
"""

# %%
choosing.advise(clients=2_000, rate_hz=0.5, rtt_ms=60, within_ms=500, poll_interval_s=1.0)

# %% [markdown]
"""
**Reading.** Polling has two rows: at the interval you gave, and at the longest one that is fast enough. The command
`python -m results advise` prints the same in a terminal, with costs per hour and more clients.
"""

# %% [markdown]
"""
## Doubt

This lab does not show everything.

- **The internet.** Loss, queues and slow start were measured on a path inside one machine (lesson 3). No stranger's
  traffic uses it.
- **Proxies of others.** The lab was tried behind nginx and HAProxy. Some proxies close silent connections, and some
  buffer responses. Long polling was made for such a world. A WebSocket over TLS mostly passes.
- **HTTP/2 under load.** A browser was observed over HTTP/2: its later requests are short. HTTP/3 was not tried.
- **Phones.** A radio that must stay awake costs more than any header.
- **Other servers.** The costs are of this stack. `make benchmark` compares others.
- **Server-sent events** are a guest. Where only the server sends, they are as fast as a WebSocket, and cost a few bytes
  more per message.
"""

# %% [markdown]
"""
## Exercises

**1.** Which of the sixteen verdicts depend on the *message rate*? Name three, as a list of ids such as `["C1", …]`.
"""

# %% tags=["exercise"]
by_rate = None
### BEGIN SOLUTION
by_rate = ["C2", "C5", "C11"]
### END SOLUTION
check.by_rate(by_rate)

# %% [markdown]
"""
**2.** A dashboard has 500 clients, 20 messages a second, 100 ms of round trip, and nine in ten messages within 15 s.
Which transport is the cheapest? Predict, then ask `choosing.advise`. Answer with its name: "polling", "long-polling"
or "websocket".
"""

# %% tags=["exercise"]
for_a_dashboard = None
### BEGIN SOLUTION
for_a_dashboard = "polling"
### END SOLUTION
check.cheapest(for_a_dashboard, clients=500, rate_hz=20, rtt_ms=100, within_ms=15_000)

# %% [markdown]
"""
**3.** A game has 100 players, 30 messages a second, 40 ms of round trip, and nine in ten messages within 50 ms.
"""

# %% tags=["exercise"]
for_a_game = None
### BEGIN SOLUTION
for_a_game = "websocket"
### END SOLUTION
check.cheapest(for_a_game, clients=100, rate_hz=30, rtt_ms=40, within_ms=50)

# %% [markdown]
"""
**4.** Change one number. With the dashboard of exercise 2, how fast must nine in ten messages be, in milliseconds, so
that another transport is the cheapest? Any number that does this is right.
"""

# %% tags=["exercise"]
wanted_within_ms = None
### BEGIN SOLUTION
wanted_within_ms = 200
### END SOLUTION
check.another(wanted_within_ms, "polling", clients=500, rate_hz=20, rtt_ms=100)

# %% [markdown]
"""
**5.** *(Open.)* Write the argument again, in seven sentences, so that each of them holds without a condition. Give it
to somebody who has not seen this lab. Which sentence do they doubt first?

**Next:** [7 · A real-time application](07_a_real_time_application.ipynb)
"""
