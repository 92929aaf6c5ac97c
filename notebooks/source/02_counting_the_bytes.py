# %% [markdown]
"""
# 2 · Counting the bytes

The argument says: each request carries headers and cookies, and over many messages they outweigh the data. Then it
quotes a figure: 871 bytes by polling against 2 by WebSocket.

Bytes can be counted. This lesson counts three costs: what a client pays once to connect, what it pays per request,
and what it pays per message. Then it audits the famous figure.

*You will be able to* say what a message costs by each transport, and at which message rate another one becomes
cheaper. You will know what is wrong with 871 against 2. *You need* lesson 1.

The numbers come from the run that comes with the lab. Write `now=True` in a cell that begins with `measure` or
`observed`, and your own machine is measured.
"""

# %%
from lessons import check, classic, costs, figure, measure, observed, runs_of, weighing

from results import crossings
from results.crossings import heads_of

# %% [markdown]
"""
## Connecting, requests, messages

**Question.** A client connects once. Then it sends requests again and again, or it only receives. Which of these is
expensive, and for which transport? Guess an order of magnitude for each of the six numbers before you run the cell.
"""

# %%
browser = dict(header_profile="browser", cookie_bytes=0, payload_bytes=142, tls=False, deflate=False)
costs.per_unit(measure("overhead", rate_hz=10.0, poll_interval_s=0.525, arrivals="even", duration_s=1.575, **browser))

# %% [markdown]
"""
**Reading.** Connecting costs most by WebSocket. It requests `/status` first, to learn the newest message number, and
its handshake carries everything that a request carries, and more. After that the order turns around. But read the
middle column. Polling and long polling pay *per request*; the WebSocket pays *per message*. A poll that collects ten
messages has paid once for ten. A poll that collects none has paid, too.

**Question.** What does it cost when nothing is published? A poll gets 204, No Content. A hold ends with 204, too. And a
WebSocket sends a ping when it has heard nothing for 25 s. (These runs have the shortest headers that HTTP/1.1 allows.)
"""

# %%
costs.with_and_without_messages(runs_of("update-rate"))

# %% [markdown]
"""
**Reading.** An empty response is shorter: nothing says how long its body is, or of which type. The request is sent in
any case. A poll pays this about twelve times as often as a hold, and a ping takes few bytes.
"""

# %% [markdown]
"""
## Who sends what, and since when

**Question.** How long are the headers of a request? HTTP/1.1 requires one line. What did browsers make of it?
"""

# %%
costs.by_era()

# %% [markdown]
"""
**Reading.** The source of each line is named in `loadtests/headers/profiles.py`. There are preferences of Firefox 1.5,
a printed request of 2010, and a recording of today's Chromium. Compare the columns without cookies. What browsers send
by themselves has changed little in twenty years. Cookies are added to that, as many as a site has set.

**Question.** Which of these lines does the server need? We take a browser's request with one small cookie, and remove
one line at a time.
"""

# %%
costs.needless(observed("C4"))

# %% [markdown]
"""
**Reading.** One line matters: the one that the standard requires (RFC 9112, section 3.2). Without the others the
response would be the same, byte by byte. That is sentence C4 of the argument, and it holds. Other servers use these
lines: to choose a language, to refuse another site's page, to know who you are.

**Question.** And a WebSocket's handshake: is it any better?
"""

# %%
costs.needless(observed("C4"), "handshake of a browser")

# %% [markdown]
"""
**Reading.** Five lines are needed here. Each guards against a danger: a server that does not speak WebSocket, or a
cache that responds in its place (RFC 6455, section 10). The other lines are sent anyway, as with any request. So the
handshake is not short. It is sent only once.
"""

# %% [markdown]
"""
## Overhead per message

**Question.** Now let messages arrive, rarely or often. Which curve falls, which one stays level, and where do they
cross? Draw the three on paper first, with the message rate to the right.
"""

# %%
figure("overhead_over_rate", "reference")

# %% [markdown]
"""
**Reading.** Polling sends requests at its own rate. If messages are rare, most polls return nothing, and each message
pays for many polls. If messages are frequent, many share one poll. Long polling sends about one request per message,
so its curve is nearly level. Further to the right it would fall: there two messages share a response. Further to the
left it would rise: there holds end without a message.

So there is a rate above which *long polling costs more than polling*. The argument does not mention it. The WebSocket
stays at its frame header. Only on the far left it rises: there pings come between the messages. Far to the right
polling becomes even cheaper: each further message in a response adds only a line end.

**Question.** Does the model put the crossings where they were measured?
"""

# %%
rates = runs_of("update-rate")
over = crossings.measured(rates, "long-polling", "polling"), crossings.predicted_over_polling(rates)
under = crossings.measured(rates, "websocket", "polling"), crossings.predicted_under_websocket(rates)
print("Long polling costs more than polling above {:.3g} messages/s; by the model, above {:.3g}.".format(*over))
print("WebSocket costs more than polling above {:.3g} messages/s; by the model, above {:.3g}.".format(*under))

# %% [markdown]
"""
**Reading.** Nothing is fitted to the crossings. The model knows how long a request and its response are, and counts
how many are needed (`results/model.py` has the formulas). At λ messages a second, a poll every T seconds makes 1/(λT)
requests a message. Long polling makes 1/(λD + e^(−λD)), where D is a round trip: the time until the next request
arrives. Both are equal where T = D + e^(−λD)/λ. If D is short, that is about λ = 1/T: *one message per poll interval*.

Move the sliders: what do cookies shift, and what does a longer interval shift?
"""

# %%
weighing.weigh(rates)

# %% [markdown]
"""
**Reading.** Cookies raise the two upper curves by the same factor. So they move the crossing with the WebSocket, and
hardly the one between polling and long polling. A longer interval moves both crossings to the left: rare polls are
cheap, and late. Bytes are half of the trade; lesson 3 shows the other half.
"""

# %% [markdown]
"""
## One hour of one client

**Question.** One message a second for an hour, and one poll a second. How many requests is that, and how many bytes
of overhead?
"""

# %%
classic("hour")

# %% [markdown]
"""
**Reading.** The last line is a guest: server-sent events. They use one response that never ends, in which each event
costs a few bytes of text (WHATWG HTML, section 9.2). Compare the bytes: an event costs several times as much as a
frame, and far less than a request. Only the server can send.

**Question.** The table is computed. What was measured of the guest, at more and more messages a second?
"""

# %%
figure("server_sent_events", "reference")

# %% [markdown]
"""
**Reading.** Points are measured, dashes are the model. An event's curve is as level as a WebSocket's, and lies above
it. `python -m servers --guests` starts this server, too.
"""

# %% [markdown]
"""
## Over TLS, compressed

**Question.** Real sites use TLS. Does it change the order? Does compression change it?
"""

# %%
figure("bytes_wrapped", "reference")

# %% [markdown]
"""
**Reading.** TLS adds some bytes to each record (RFC 8446, section 5.2). A WebSocket message is one record; a poll
needs two, one each way. Compression works on message data, never on headers: HTTP/1.1 cannot compress those. A
WebSocket keeps its dictionary from message to message, and a poll compresses several messages together. A long poll
compresses one short message alone, and its new header line costs more than that saves.

**Question.** HTTP/2 compresses headers. How much is left of them?
"""

# %%
figure("heads_compressed", "reference")

# %% [markdown]
"""
**Reading.** HPACK (RFC 7541) sends a header line once and refers to it by a number later. So a later poll of the same
browser has a few dozen bytes. The bars are computed, since this lab's servers speak HTTP/1.1. A browser that polled
over HTTP/2 was observed as well: the evidence of C1 has its bytes. A later version of HTTP has thus removed half of
what the argument is about. HTTP/2 does not remove the request itself: the client still has to ask.
"""

# %% [markdown]
"""
## The quantum leap, audited

In 2010 Peter Lubbers and Frank Greco published *HTML5 Web Sockets: A Quantum Leap in Scalability for the Web*. Its
table is still quoted.

**Question.** Here is the table, first as printed. Each further line counts one thing more. Where does the ratio
change?
"""

# %%
classic("leap")

# %% [markdown]
"""
**Reading.** The ratio hardly changes where bytes are counted correctly, or where the frame gets longer. The figure
shows where it does.
"""

# %%
figure("quantum_leap", "reference")

# %% [markdown]
"""
**Reading.** The lab's users can send the article's headers (`--header-profile 2010`). Measured, a poll then costs
about as many bytes as computed. Now count the layers below. Each TCP segment carries headers of IP and TCP, and a
message of twenty bytes needs a whole segment. That changes the order of magnitude, and nothing else does.

**Question.** The article makes six statements that can be checked. Is each of them right?
"""

# %%
classic("points")

# %% [markdown]
"""
**Reading.** Nothing in the article is invented. Its headers are real, and its sums are right for what they count. But
it counts characters without line ends, megabits of 2²⁰, and a frame of a draft that never became a standard. It
counts no TCP and no IP, and it compares the worst case of one transport with the average of another. *What is
counted?* is the first question about any such figure, including this lab's.
"""

# %% [markdown]
"""
## Doubt

- **TCP payload.** Everything here is what sockets carry. Only the last lines of the audit count more.
- **One message at a time.** Messages of 142 B fit into a segment. With larger ones headers matter less.
- **One browser.** The recorded headers are of one Chromium on one machine. A site may set no cookies, or 8 kB.
- **HTTP/1.1.** Over HTTP/2 headers shrink. A WebSocket may run there, too (RFC 8441).
"""

# %% [markdown]
"""
## Exercises

**1.** A browser polls every two seconds, day and night, and no message arrives. How many megabytes of headers (10⁶ B)
is that in a day? Use `heads_of(runs)`: it has `request` and `empty_response` in bytes.
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
**2.** Messages arrive once a minute, and polls are sent every second. Which share of the polls returns nothing?
Arrivals are Poisson: independent of each other, at a constant average rate. Then an interval T holds no message with
probability e^(−λT). Answer with a number between 0 and 1, with three digits or more.
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
**3.** Request and response headers have 700 B together, frame headers 4 B, and polls are sent every 5 s. Above which
message rate does polling have no more overhead than a WebSocket? Remember the line end after each message. An answer
within a tenth is right.
"""

# %% tags=["exercise"]
rate = None
### BEGIN SOLUTION
rate = 700 / ((4 - 1) * 5)  # a poll's headers, shared by the messages of five seconds; 1 B is a line end
### END SOLUTION
check.cheap_polling(rate, heads_bytes=700, frame_bytes=4, interval=5)

# %% [markdown]
"""
**4.** Audit a figure of your own: a poll of 600 B and a frame header of 2 B. Add the headers of IP and TCP, 52 B per
segment. A poll needs three segments (request, response, acknowledgement), a message two. What is the ratio?
"""

# %% tags=["exercise"]
ratio = None
### BEGIN SOLUTION
ratio = (600 + 3 * 52) / (2 + 2 * 52)
### END SOLUTION
check.ratio_on_ip(ratio, poll=600, frame=2, heads=52)

# %% [markdown]
"""
**5.** *(Open.)* Choose a site that you use. Open the developer tools of your browser, find a request that is sent
again and again, and copy its headers. How many bytes are they, with line ends? Which lines change from one request to
the next? What would HTTP/2 leave of them? What would a WebSocket send? Write your audit like the table above.

**Next:** [3 · Where latency comes from](03_where_latency_comes_from.ipynb)
"""
