# %% [markdown]
"""
# 6 · The verdict

Sixteen sentences make the argument. Each has now been measured or observed, and each has a verdict: it *holds*, it
*holds when* something is the case, or it *does not hold*. Nobody typed a verdict. They are computed from the tables
of the run that comes with the lab, and change when the numbers do.

*You will be able to* say which sentences of the argument hold, and choose a transport for a workload of your own with
reasons. *You need* the lessons before this one.
"""

# %%
from lessons import check, choosing, figure

# %% [markdown]
"""
## Sixteen sentences

**Question.** Before you look: how many of the sixteen hold as they stand? And which one would you bet on?
"""

# %%
choosing.verdicts()

# %% [markdown]
"""
**Question.** Counted?
"""

# %%
print(choosing.count())

# %% [markdown]
"""
**Reading.** The argument is neither right nor wrong. Look at those that *hold when*: the condition is what the
argument does not name, and the conditions are the lesson. Here are those of four that matter most.

## Bytes: C2

**Question.** "Over many messages those headers become a mass of data." When?
"""

# %%
choosing.evidence("C2")

# %% [markdown]
"""
**Reading.** Heads are a mass beside *short* messages, and beside messages that come seldom. A picture of 100 kB does
not notice them.

## Time: C3 and C11

**Question.** "Carrying those bytes makes every message later."
"""

# %%
choosing.evidence("C3")

# %% [markdown]
"""
**Question.** "WebSockets bring messages to the client significantly sooner."
"""

# %%
choosing.evidence("C11")

# %% [markdown]
"""
**Reading.** Two opponents stand behind one sentence. Polling is beaten by half an interval. A long poll that is
already waiting is not beaten until messages come about as fast as round trips.

## Connections: C6

**Question.** "A WebSocket is one lasting connection on which either side speaks at will."
"""

# %%
choosing.evidence("C6")

# %% [markdown]
"""
**Reading.** The first half is HTTP/1.1's as well. The second half is what is new: nobody has to ask.

## Where a WebSocket does not win

**Question.** In which of these panels is its line the lowest, and in which is it not?
"""

# %%
figure("message_over_rate", "reference")

# %% [markdown]
"""
**Reading.** Where messages are frequent and may be late, one poll brings many of them. Polling is then cheaper, by
bytes and by the server's work. It is the transport that lets you *choose* how late is late enough.

## Choose

**Question.** Which transport is the cheapest that is soon enough? Find your message rate across, and the latency that
you want upwards.
"""

# %%
figure("which_transport", "reference")

# %% [markdown]
"""
**Reading.** Each border is a condition of the verdicts above, drawn. Right and up, polling; where it must be soon,
WebSocket. Long polling is soon enough nearly wherever a WebSocket is. It is chosen where a proxy lets nothing else
pass, and not for the server's work: find its price in lesson 5.

**Question.** And with your own numbers? Four sliders, one answer.
"""

# %%
choosing.choose()

# %% [markdown]
"""
**Question.** In figures, for a workload typed in: 2,000 clients, a message every two seconds, 60 ms there and back,
nine in ten within half a second.
"""

# %%
choosing.advise(clients=2_000, rate_hz=0.5, rtt_ms=60, within_ms=500, poll_interval_s=1.0)

# %% [markdown]
"""
**Reading.** Polling stands there twice: at the interval typed in, and at the longest one that is still soon enough.
`python -m results advise` says the same in a terminal, with hours and more clients.

## What this lab does not show

- **Loss.** A lost segment holds up all that follows on its TCP connection; a message a second hardly notices. HTTP/3
  is about that.
- **Proxies.** Some cut connections that are silent, some buffer responses. Long polling was made for such a world,
  and a WebSocket over TLS mostly passes.
- **HTTP/2 and HTTP/3 in operation.** What they would send is computed. Nothing here speaks them.
- **Phones.** A radio that must not sleep costs more than any head.
- **Other servers.** Prices are this stack's. The benchmark in the README puts some beside it.
- **Server-sent events** are computed, and would win some of these comparisons where only the server speaks.

## Exercises

**1.** Which of the sixteen sentences would fall or rise with the *message rate* alone? Name three, as a list of ids
such as `["C1", …]`.
"""

# %% tags=["exercise"]
by_rate = None
### BEGIN SOLUTION
by_rate = ["C2", "C5", "C11"]
### END SOLUTION
check.by_rate(by_rate)

# %% [markdown]
"""
**2.** A dashboard of 500 clients, 20 messages a second, 100 ms there and back, nine in ten within 15 s. Which
transport is the cheapest? Predict, then ask `choosing.advise`. As its name: "polling", "long-polling" or "websocket".
"""

# %% tags=["exercise"]
for_a_dashboard = None
### BEGIN SOLUTION
for_a_dashboard = "polling"
### END SOLUTION
check.cheapest(for_a_dashboard, clients=500, rate_hz=20, rtt_ms=100, within_ms=15_000)

# %% [markdown]
"""
**3.** A game: 100 players, 30 messages a second, 40 ms there and back, nine in ten within 50 ms.
"""

# %% tags=["exercise"]
for_a_game = None
### BEGIN SOLUTION
for_a_game = "websocket"
### END SOLUTION
check.cheapest(for_a_game, clients=100, rate_hz=30, rtt_ms=40, within_ms=50)

# %% [markdown]
"""
**4.** Change one number. With the dashboard of exercise 2, how soon must nine in ten messages come, in milliseconds,
for the cheapest to be another transport? Any number that does.
"""

# %% tags=["exercise"]
wanted_within_ms = None
### BEGIN SOLUTION
wanted_within_ms = 200
### END SOLUTION
check.another(wanted_within_ms, "polling", clients=500, rate_hz=20, rtt_ms=100)

# %% [markdown]
"""
**5.** *(Open.)* Write the argument anew, in seven sentences, so that each of them holds without a condition. Hand it
to somebody who has not seen this lab, and note which sentence they doubt first.
"""
