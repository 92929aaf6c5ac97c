# %% [markdown]
"""
# 2 · Counting the bytes

The argument says: each request carries headers and cookies, nobody needs them, and over many messages they become a
mass of data. Then it quotes a figure: 871 bytes by polling against 2 by WebSocket.

Bytes can be counted. This lesson counts them all: what a client pays once, to join; what it pays each time it asks;
and what it pays each time it is told. Then it takes the famous figure apart.

*You will be able to* say what a message costs by each transport, from which message rate on another one is cheaper,
and what is wrong with 871 against 2. *You need* lesson 1.

Numbers here are of the run that comes with the lab. With `now=True` in a cell that begins with `measure` or
`observed`, your own machine is asked.
"""

# %%
from lessons import check, classic, costs, figure, measure, observed, runs_of, weighing

from results import crossings
from results.crossings import heads_of

# %% [markdown]
"""
## Joining, asking, telling

**Question.** A client joins once. Afterwards it asks again and again, or it is told. Which of these is dear, and for
whom? Guess an order of magnitude for each of the six numbers before you run the cell.
"""

# %%
usual = dict(header_profile="browser", cookie_bytes=0, payload_bytes=142, tls=False, deflate=False)
costs.per_unit(measure("overhead", rate_hz=10.0, poll_interval_s=0.525, arrivals="even", duration_s=1.575, **usual))

# %% [markdown]
"""
**Reading.** To join is dearest by WebSocket: it asks for `/status`, and its handshake carries all that a request
carries, and more. Then the order turns round. But read the middle column: polling and long polling pay *for a
request*, the WebSocket pays *for a message*. A poll that brings ten messages has paid once for ten; a poll that
brings none has paid all the same.

## Who sends what, and since when

**Question.** How long is the head of a request? The least that HTTP/1.1 allows is one line. What did browsers make of
it?
"""

# %%
costs.by_era()

# %% [markdown]
"""
**Reading.** Each line of the table has its source in `loadtests/headers/profiles.py`: preferences of Firefox 1.5, a
printed request of 2010, a recording of today's Chromium. Compare the columns without cookies: what browsers send of
their own accord has changed little in twenty years. Cookies come on top, as many as a site has set.

**Question.** Which of these lines does the server need? Take a browser's request, with one small cookie, and leave
out one line at a time.
"""

# %%
costs.needless(observed("C4"))

# %% [markdown]
"""
**Reading.** One line matters, and it is the one that the standard demands (RFC 9112, section 3.2). All the others
could go, and the answer would be the same, byte by byte. That is sentence C4 of the argument, and it holds. They are
there for other servers than this one: to choose a language, to refuse a stranger's page, to know who you are.

**Question.** And a WebSocket's handshake: is it any better?
"""

# %%
costs.needless(observed("C4"), "handshake of a browser")

# %% [markdown]
"""
**Reading.** Five lines are needed here, since each of them guards against something: that a server answers which does
not speak WebSocket, or that a cache answers in its place (RFC 6455, section 10). The rest rides along, as with any
request. The difference is not that the handshake is lean. It comes once.

## Beside each message

**Question.** Now let messages come, seldom or often. Which curve falls, which one stays level, and where do they
cross? Draw the three on paper first, with the message rate to the right.
"""

# %%
figure("overhead_over_rate", "reference")

# %% [markdown]
"""
**Reading.** Polling asks at its own pace. Where messages are seldom, most polls bring nothing and each message pays
for many; where they are frequent, many share one poll. Long polling asks once for each message, so that its curve is
level. So there is a rate from which on *long polling costs more than polling*; the argument does not mention it. The
WebSocket stays at its frame header, and far to the right polling gets below even that, since several messages in one
response need but a line end each.

**Question.** Does the model put the crossings where they were measured?
"""

# %%
rates = runs_of("update-rate")
over = crossings.measured(rates, "long-polling", "polling"), crossings.predicted_over_polling(rates)
under = crossings.measured(rates, "websocket", "polling"), crossings.predicted_under_websocket(rates)
print("Long polling costs more than polling from {:.3g} messages/s on; by the model, from {:.3g}.".format(*over))
print("A WebSocket costs more than polling from {:.3g} messages/s on; by the model, from {:.3g}.".format(*under))

# %% [markdown]
"""
**Reading.** Nothing is fitted to the crossings. The model knows how long a request and its response are, and counts
how many it takes (`results/model.py` has the formulas). Move the sliders: what do cookies shift, and what does a
longer interval?
"""

# %%
weighing.weigh(rates)

# %% [markdown]
"""
**Reading.** Cookies lift the two upper curves by the same factor, so that they move the crossing with the WebSocket
and hardly the one between polling and long polling. A longer interval moves both to the left: who asks seldom is
cheap, and late. Bytes are only half of the bargain; lesson 3 has the other half.

## An hour of one client

**Question.** A message a second for an hour, polls each second. How many requests is that, and how many bytes beside
the messages?
"""

# %%
classic("hour")

# %% [markdown]
"""
**Reading.** Server-sent events stand in the last line although nobody measures them here: one response that never
ends, in which each event costs a few bytes of text (WHATWG HTML, section 9.2). In bytes they are the WebSocket's
equals, as long as only the server speaks.

## Over TLS, compressed

**Question.** Real sites use TLS. Does it change the order? And does compression change it?
"""

# %%
figure("bytes_wrapped", "reference")

# %% [markdown]
"""
**Reading.** TLS adds some bytes to each record (RFC 8446, section 5.2): to a message by WebSocket one record, to a
poll two, one each way. Compression works on what travels once per message, so that it shortens the messages of all
three, and no heads: HTTP/1.1 has no compression for those.

**Question.** HTTP/2 has. What is left of a head there?
"""

# %%
figure("heads_compressed", "reference")

# %% [markdown]
"""
**Reading.** HPACK (RFC 7541) sends a head once, and then names what it has sent before by a number. A later poll of
the same browser is a few dozen bytes. This is computed, not run: the servers of this lab speak HTTP/1.1. Half of the
argument is about a burden that a later version of HTTP has taken off. What HTTP/2 does not take off is the question
itself: somebody has to ask.

## The quantum leap, audited

In 2010 Peter Lubbers and Frank Greco published *HTML5 Web Sockets: A Quantum Leap in Scalability for the Web*. Its
table is quoted to this day.

**Question.** Here is the table as printed, and then computed again with one thing more counted in each line. Where
does the ratio change?
"""

# %%
classic("leap")

# %% [markdown]
"""
**Reading.** Not where the bytes are counted properly, and not where the frame becomes a longer one. Drawn, the step
is seen at a glance.
"""

# %%
figure("quantum_leap", "reference")

# %% [markdown]
"""
**Reading.** The article's heads stand in the lab's own users (`--header-profile 2010`): measured, a poll costs about
as many bytes as computed. Then count what lies beneath. Each TCP segment carries the headers of IP and TCP, and a
message of twenty bytes needs a segment as a poll needs some. The order of magnitude changes there, and nowhere else.

**Question.** The article makes six statements that can be checked. How does each fare?
"""

# %%
classic("points")

# %% [markdown]
"""
**Reading.** Nothing is invented in the article: its heads are real, and its sums are right for what they count. They
count characters without line ends, megabits of 2²⁰, a frame of a draft that never became a standard, no TCP, no IP,
and the worst case of one transport against the average of another. *What is counted* is the first thing to ask of any
such figure, this lab's included.

## Doubt

- **TCP payload.** But for the last lines of the audit, everything here is what sockets carry.
- **One message at a time.** Messages of 142 B fit into a segment. Larger ones make heads matter less.
- **One browser.** The recorded heads are of one version of Chromium on one machine. A site's cookies may be nothing,
  or 8 kB.
- **HTTP/1.1.** Behind HTTP/2 the heads shrink, and a WebSocket may run there, too (RFC 8441).

## Exercises

**1.** A browser polls every two seconds, day and night, and no news comes. How many megabytes of heads (10⁶ B) are
that in a day? Use `heads_of(runs)`: it has `request` and `empty_response` in bytes.
"""

# %% tags=["exercise"]
heads = heads_of(rates[rates["transport"] == "polling"])
megabytes_a_day = None
### BEGIN SOLUTION
megabytes_a_day = 24 * 3600 / 2 * (heads.request + heads.empty_response) / 1e6
### END SOLUTION
check.megabytes_a_day(megabytes_a_day, heads, interval=2)

# %% [markdown]
"""
**2.** Messages come once a minute, and polls every second. Which share of the polls brings nothing? Arrivals are
Poisson's. As a number between 0 and 1, with three digits or more.
"""

# %% tags=["exercise"]
share_of_empty_polls = None
### BEGIN SOLUTION
import math

share_of_empty_polls = math.exp(-1 / 60)
### END SOLUTION
check.share_of_empty_polls(share_of_empty_polls, rate=1 / 60, interval=1)

# %% [markdown]
"""
**3.** Heads of 700 B for request and response together, frames with a header of 4 B, polls every 5 s. From which
message rate on does polling cost no more bytes beside a message than a WebSocket? Do not forget the line end after
each message. To within a tenth.
"""

# %% tags=["exercise"]
rate = None
### BEGIN SOLUTION
rate = 700 / ((4 - 1) * 5)  # a poll's heads, shared by the messages of five seconds, beside a line end each
### END SOLUTION
check.cheap_polling(rate, heads_bytes=700, frame_bytes=4, interval=5)

# %% [markdown]
"""
**4.** Audit a figure of your own: a poll of 600 B and a frame with a header of 2 B, each with the headers of IP and
TCP, 52 B a segment. A poll takes three segments (request, response, acknowledgement), a message two. What is the
ratio?
"""

# %% tags=["exercise"]
ratio = None
### BEGIN SOLUTION
ratio = (600 + 3 * 52) / (2 + 2 * 52)
### END SOLUTION
check.ratio_on_ip(ratio, poll=600, frame=2, heads=52)

# %% [markdown]
"""
**5.** *(Open.)* Take a site that you use. Open the developer tools of your browser, find a request that comes again
and again, and copy its head. How many bytes is it, with line ends? Which lines change from one request to the next?
What would HTTP/2 leave of it? What would a WebSocket? Write the audit in the style of the table above: what the
developer tools print, what you counted, and by which authority.

**Next:** [3 · Where latency comes from](03_where_latency_comes_from.ipynb)
"""
