# %% [markdown]
"""
# 1 · Three ways to push

Something happens on a server, and a page should show it at once. HTTP was made for the other direction. The client
sends a request, the server sends a response, and nothing arrives without a request.

This course tests an argument that many introductions to WebSockets made around 2013. We paraphrase it in sixteen
sentences, C1 to C16; lesson 6 lists them all. The story goes like this. Pages first **polled**: they sent a request
again and again. Then servers held each request until they had a message: **long polling**. Each of these requests
carries headers and cookies. They add up and slow everything down. A **WebSocket** keeps one connection and puts a few
bytes before each message. So it brings "significant reductions in latency".

Every sentence of that story can be measured. In this lesson you watch the three transports, see each byte that they
send, and meet the first numbers. Everything runs on this machine. Nothing is fetched from the internet.

*You will be able to* tell the three apart in code, in bytes and in time. *You need* to know what a request is.
"""

# %%
import pandas as pd
import psutil
from IPython.display import Markdown
from lessons import Exchange, check, difference, figure, history, sequence, show, source, split, start_servers, watch

from clients.ledger import HEADINGS

# %% [markdown]
"""
## How it came to this

**Question.** Who speaks first on the web: the page or the server? And since when?
"""

# %%
history()

# %% [markdown]
"""
**Reading.** There are three ideas, from top to bottom. Each is older than its standard. Pages sent requests by
XMLHttpRequest for years before somebody called it Ajax. Servers held requests before RFC 6202 described how. Servers
that speak first came twice. *Server-sent events* use one long response. A *WebSocket* is no longer HTTP once it is
open.

HTTP changed as well. HTTP/1.1 made connections last, and HTTP/2 stopped repeating headers. Remember that when you
hear what a WebSocket removes.
"""

# %% [markdown]
"""
## Start the servers

One process serves one feed at three addresses. The feed replays real earthquakes, much faster than they happened. The
server encodes a message once, so its bytes are the same on every transport. These servers wait: they will publish
eight messages when a client is there.
"""

# %%
servers = start_servers(rate=4, count=8, waiting=True)
print(servers)

# %% [markdown]
"""
The three share the HTTP server, Flask, the feed and the process. One thing differs. Once a WebSocket is open, its
messages pass neither the HTTP server nor Flask: code of this lab writes them.
"""

# %% [markdown]
"""
## The servers, side by side

**Question.** Which lines decide whether a server waits for requests or pushes? Begin with plain polling. The line
that takes messages from the feed is marked.
"""

# %%
source("polling")

# %% [markdown]
"""
`feed.after(seq)` returns the messages newer than `seq`, at once. If there are none, the client gets an empty response
(204). The next message then waits until the client asks again.

**Question.** How much has to change for long polling? `-` marks lines of `polling.py`, `+` marks lines of
`long_polling.py`.
"""

# %%
difference("polling", "long_polling")

# %% [markdown]
"""
Apart from names and descriptions, one argument is new: `timeout=query.wait`. The server now holds the request until
there is a message, or until `wait` seconds have passed (RFC 6202, section 2).

**Question.** And what does a WebSocket server do that neither of them does?
"""

# %%
source("websocket")

# %% [markdown]
"""
It loops: for each message, one send. The client sent one request, for the connection, and none for any message (RFC
6455, section 1.2). `broadcast.follow` gives the loop the messages that this client still lacks. A client that is up
to date needs no loop: the broadcast sends each new message to all such clients together.

In short, there are three ways to wait. With polling the client waits before it asks again. With long polling the
server waits before it responds. With a WebSocket the client asks once, and the server sends.
"""

# %% [markdown]
"""
## Predict

Three clients will follow the same eight messages, about four of them a second. Polling sends a request every second.
**Before you go on**, write down two numbers for each transport. How late is a message on average, in milliseconds?
And what is the overhead per message: all bytes in both directions, without the message itself?
"""

# %%
my_latency_ms = {"polling": None, "long-polling": None, "websocket": None}
my_overhead_bytes = {"polling": None, "long-polling": None, "websocket": None}

# %% [markdown]
"""
## Follow the feed

`watch` starts the three clients and waits until each has sent a request. Then it lets the servers publish. It records
every byte, the time at which it passed, and one of six headings for it.
"""

# %%
watched = watch(servers, messages=8, interval=1.0)
watched["websocket"].deliveries[-1].data

# %% [markdown]
"""
That is the last earthquake. A delivery also has a `latency`: the time from `published_at`, which the server wrote
into the message, until the client had all of it. Both times come from the same machine's clock.

**Question.** How late was each of the eight messages, and what did each cost? Compare along a row first: it is the
same message.
"""

# %%
latency = pd.DataFrame({name: [d.latency * 1000 for d in w.deliveries] for name, w in watched.items()}, range(1, 9))
each = {name: [d.wire_bytes - d.size for d in w.deliveries] for name, w in watched.items()}
overhead = pd.DataFrame(each, range(1, 9))
pd.concat({"latency, ms": latency.round(1), "overhead, B": overhead}, axis="columns")

# %% [markdown]
"""
**Reading.** In the polling column the latencies jump. A message that is published just after a poll waits nearly a
whole interval. One that is published just before a poll hardly waits. The other two columns stay small: a request, or
an open connection, is always there.

Bytes tell another story. Messages that share a response share its headers. So a poll that collects several messages
is cheaper for each of them than a long poll that carries one. The first row is special: it also contains what each
client pays once. That is the first request, and for the WebSocket its handshake and a `/status` request. By `/status`
the client learns the newest message number. Divided by more messages, this cost would shrink: lesson 3 returns to
that trap.
"""

# %% [markdown]
"""
## Live in a browser

**Question.** What does a person see? Each lane below is a page of one server. All three follow the same feed, some
way off. A tap in front of each server counts the bytes. Which lane shows an earthquake first? Change the poll interval
and watch the curve.
"""

# %%
show("race")

# %% [markdown]
"""
**Reading.** The dot of the polling lane is late by up to a poll interval. Its curve is a ramp. Long polling and
WebSocket show each earthquake after half a round trip. Now compare the bars: long polling pays for that with a request
for nearly every message, WebSocket with four bytes.
"""

# %% [markdown]
"""
## Further away

On one machine a request takes almost no time, so arrows would lie on top of each other. Put 200 ms of round trip
between client and server, and each arrow has its place.

**Question.** Which of the three suffers, and which message? Time runs downwards. A red dot is a message on the
server. A coloured arrow brings it to the client. What do the grey arrows carry?
"""

# %%
with start_servers(rate=4, count=8, waiting=True, rtt_ms=200) as far_away:
    further = watch(far_away, messages=8, interval=1.0)
sequence(further)

# %% [markdown]
"""
**Reading.** Grey arrows are requests, and responses without a message. No message arrives sooner than half a round
trip after it was published. That is the one-way delay. No transport can beat it.

In the polling panel, red bars show messages that wait on the server for the next poll. In the long-polling panel a
request is usually there when a message is published. Look at two messages that follow each other closely. The first
response is on its way, so no request is waiting. The second message waits for the next request. RFC 6202 names this
weakness (section 2.2): up to three transits. In the WebSocket panel, once it is open, nothing goes to the right until
the client closes it.
"""

# %% [markdown]
"""
## On the wire: polling

**Question.** What exactly are those bytes? Here is one request with its response. Each colour is one heading of the
ledger. CR LF, in a box, is the line end that HTTP requires. Where bytes are left out, their number is shown.
"""

# %%
Exchange(split(watched["polling"].diary.entries)[-1], "Polling: one request, one response")

# %% [markdown]
"""
**Reading.** The request has a request line and one header, `Host`: the only one that HTTP/1.1 requires (RFC 9112,
section 3.2). This client sends the least that the standard allows. A browser sends more, and cookies: the last figure
of this lesson counts them. In the response each message ends with one LF. That is all the framing.
"""

# %% [markdown]
"""
## On the wire: long polling

**Question.** Do the bytes of a held request show that it was held?
"""

# %%
Exchange(split(watched["long-polling"].diary.entries)[-1], "Long polling: one request, held until there was a message")

# %% [markdown]
"""
**Reading.** Only `wait=` in the request line shows it. The headers are the same as before, and every response costs
them again (RFC 6202, section 2.2). The arrow to the right is the request that had to arrive before this message could
be sent.
"""

# %% [markdown]
"""
## On the wire: WebSocket

**Question.** Where have the headers gone?
"""

# %%
Exchange(split(watched["websocket"].diary.entries)[1], "WebSocket: the opening handshake, then messages")

# %% [markdown]
"""
**Reading.** There is one request and one response, `101 Switching Protocols`: the handshake (RFC 6455, section 1.3).
After it, the arrows point one way only. A frame header, in black and in hexadecimal, precedes each message. These are
the only bytes here that are not text. Lesson 4 explains them bit by bit.
"""

# %% [markdown]
"""
## The ledger

**Question.** The three moved the same eight messages. What else did they move?
"""

# %%
diaries = {name: each.diary for name, each in watched.items()}
ledger = pd.DataFrame({name: [getattr(d, heading) for heading in HEADINGS] for name, d in diaries.items()}, HEADINGS)
ledger.loc["on the wire"] = {name: d.wire for name, d in diaries.items()}
ledger.loc["messages' share, %"] = (100 * ledger.loc["payload"] / ledger.loc["on the wire"]).round()
ledger

# %% [markdown]
"""
**Reading.** `payload` is the same in each column, to the byte. The six rows add up to every byte that the sockets
carried, so nothing is hidden. `cookies` is empty because these clients have none. The WebSocket's `request_head` and
`response_head` belong to its one `/status` request. The handshake comes once per connection, whatever follows.
"""

# %% [markdown]
"""
## The recorded results

Eight messages and one client prove little. `make lab` runs the same comparison with many clients and controlled
arrivals. This figure is drawn from the run that comes with the lab.

**Question.** How many bytes does a message cost with a browser's headers and cookies?
"""

# %%
figure("bytes_per_delivery", "reference")

# %% [markdown]
"""
**Reading.** From block to block the message stays the same and the headers grow. A WebSocket sends headers and
cookies once, in its handshake. The other two send them with every request. A poll that collects several messages
shares them, so its bar is shorter than that of a long poll. This figure does not say whether bytes also cost *time*;
lesson 3 does.
"""

# %% [markdown]
"""
## Your prediction and the measurement

**Question.** Which of your six numbers were near? In which direction were the others wrong?
"""

# %%
mine = pd.DataFrame({"latency, ms": my_latency_ms, "overhead, B": my_overhead_bytes})
found = pd.DataFrame({"latency, ms": latency.mean().round(1), "overhead, B": overhead.mean()})
both = pd.concat({"predicted": mine, "measured": found}, axis="columns").astype(float)
both.map("{:,.1f}".format).replace("nan", "–")

# %% [markdown]
"""
**Reading.** A dash means that you made no prediction: go back and make one. You will remember the guesses that were
wrong. If you were wrong by more than a factor of two, say why before you go on.
"""

# %% [markdown]
"""
## Doubt

- **Loopback.** Client and server share one machine. There is no loss, no congestion, and no distance except an
  inserted delay.
- **One machine.** The clients, the servers and this notebook compete for the same cores. A late message may be the
  machine's fault.
- **Minimal clients.** They send no header that they do not need, and no cookie. The last figure shows a browser's.
- **TCP payload.** The ledger counts what the sockets carry. The headers of TCP and IP are not included.
- **One rate.** The verdict on bytes depends on the message rate. At another rate, polling may win.
"""

# %% [markdown]
"""
## Exercises

**1.** How many of the polls returned no message? Count them in the recording:
`split(watched["polling"].diary.entries)` is a list of exchanges. Each exchange is a list of (direction, heading,
bytes).
"""

# %% tags=["exercise"]
empty_polls = None
### BEGIN SOLUTION
exchanges = split(watched["polling"].diary.entries)
empty_polls = sum(not any(heading == "payload" for _, heading, _ in exchange) for exchange in exchanges)
### END SOLUTION
check.empty_polls(empty_polls, watched)

# %% [markdown]
"""
**2.** A server sends a message of 125 B by WebSocket, then one of 126 B. How many bytes has the frame header of each?
Guess first. Then look at the black bytes above, and at RFC 6455, section 5.2.
"""

# %% tags=["exercise"]
header_of_125, header_of_126 = None, None
### BEGIN SOLUTION
header_of_125, header_of_126 = 2, 4
### END SOLUTION
check.frame_headers([header_of_125, header_of_126])

# %% [markdown]
"""
**3.** With 200 ms of round trip, how late can a message be by long polling, at worst? Assume that the server and both
machines need no time at all. Answer in milliseconds. Draw the worst case on paper first.
"""

# %% tags=["exercise"]
worst_ms = None
### BEGIN SOLUTION
worst_ms = 3 * 100  # the response before it, the next request, and the response to that
### END SOLUTION
check.worst_long_poll(worst_ms, rtt_ms=200)

# %% [markdown]
"""
**4.** Choose a poll interval with which polling is less than 150 ms late on average, and polls as rarely as possible.
The cell measures it. What happened to the bytes?
"""

# %% tags=["exercise"]
interval = None
### BEGIN SOLUTION
interval = 0.25  # a message waits for half an interval, on average
### END SOLUTION
check.fast_enough(interval, within_ms=150)

# %% [markdown]
"""
**5.** *(Open.)* Ten thousand phones show an earthquake map, in trains and in pockets. Which of the three would you
use? Write five sentences with three numbers from this lesson. Then name one number that you need and do not have: the
next lessons may have it.
"""

# %% [markdown]
"""
## Stop everything
"""

# %%
servers.stop()
left = psutil.Process().children(recursive=True)
Markdown(f"Processes that this notebook started and that still run: **{len(left)}**")

# %% [markdown]
"""
**Reading.** If you close the notebook without this cell, or a cell fails, the servers still stop with the kernel.
They stop when their standard input ends.

**Next:** [2 · Counting the bytes](02_counting_the_bytes.ipynb)
"""
