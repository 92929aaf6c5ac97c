# %% [markdown]
"""
# 1 · Three ways to push

Something happens on a server, and a page should show it at once. HTTP was made for the other direction: the client
sends a request, the server sends a response, and nothing comes without a request.

A well-known argument runs like this. Pages first **polled**: they asked again and again. Then the server held each
request until it had something to send: **long polling**. Every one of those requests carries headers and cookies that
nobody needs; that adds up, and it slows things down. A **WebSocket** keeps one connection, puts a few bytes before
each message, and so brings "significant reductions in latency".

Every sentence of that can be measured. In this lesson you watch the three at work, see each byte they send, and meet
the first numbers. All of it happens on this machine; nothing is fetched from anywhere.

*You will be able to* tell the three apart in code, in bytes and in time. *You need* to know what a request is.
"""

# %%
import pandas as pd
import psutil
from IPython.display import Markdown
from lessons import Exchange, check, difference, figure, history, sequence, source, split, start_servers, watch

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
**Reading.** Three ideas, from top to bottom, and each is older than its standard. Pages asked by XMLHttpRequest for
years before somebody called it Ajax. Servers held requests before RFC 6202 said how, and what goes wrong. A server
that speaks of its own accord came twice: as *server-sent events*, in one long response, and as the *WebSocket*, which
is no HTTP any more once it is open. What lies beneath moved as well: HTTP/1.1 made connections last, and HTTP/2
stopped repeating headers. Keep that in mind when you hear what a WebSocket does away with.

## Start the servers

One process serves one feed at three addresses. The feed replays real earthquakes, much faster than they happened. A
message is encoded once, so that its bytes are the same whichever way it travels. These servers wait: they will
publish eight messages when somebody is there.
"""

# %%
servers = start_servers(rate=4, count=8, waiting=True)
print(servers)

# %% [markdown]
"""
The three share the HTTP server, Flask, the feed and the process. Once a WebSocket is open, though, neither HTTP
server nor Flask touches its messages: code of the lab's own writes them.

## The servers, side by side

**Question.** Which lines of a server decide whether it is asked or pushes? Begin with plain polling. The line that
fetches messages from the feed is marked.
"""

# %%
source("polling")

# %% [markdown]
"""
`feed.after(seq)` returns what is newer than `seq`, and returns at once. If that is nothing, the client gets an empty
response (204), and the next message waits until the client asks again.

**Question.** How much of this has to change for long polling? Let the machine say it: `-` stands in `polling.py`, `+`
in `long_polling.py`.
"""

# %%
difference("polling", "long_polling")

# %% [markdown]
"""
Beside names and descriptions it is one argument: `timeout=asked.wait`. The server now holds the request until it has
a message, or until `wait` seconds have passed (RFC 6202, section 2).

**Question.** And what does a WebSocket server do that neither of them does?
"""

# %%
source("websocket")

# %% [markdown]
"""
It loops: for each message, a send. The client asked once, for the connection, and not for any message (RFC 6455,
section 1.2). `broadcast.follow` hands the loop whatever this client still lacks. A client that has every message
needs no loop of its own: the broadcast sends it each new one together with all the others who are up to date.

In short: with polling the client waits before it asks again, with long polling the server waits before it answers,
and with a WebSocket the client asks once and is then told.

## Predict

Three clients will follow the same eight messages at the same time, about four of them a second. Polling asks every
second. **Before you go on**, write down for each: how late will a message be on average, in milliseconds? And how
many bytes will pass beside each message, in both directions?
"""

# %%
my_latency_ms = {"polling": None, "long-polling": None, "websocket": None}
my_bytes_beside_each = {"polling": None, "long-polling": None, "websocket": None}

# %% [markdown]
"""
## Follow the feed

`watch` starts the three clients, waits until each has asked, and then lets the servers publish. Each client keeps a
diary: every byte that passes, when it passed, and under which of six headings it belongs.
"""

# %%
watched = watch(servers, messages=8, interval=1.0)
watched["websocket"].deliveries[-1].data

# %% [markdown]
"""
That is the last earthquake. A delivery also knows its `latency`: the time from `published_at`, which the server wrote
into the message, to the moment the client had all of it. Both read the same machine's clock.

**Question.** How late was each of the eight messages, and what did each cost? Compare along a row first: it is the
same message.
"""

# %%
latency = pd.DataFrame({name: [d.latency * 1000 for d in w.deliveries] for name, w in watched.items()}, range(1, 9))
beside = pd.DataFrame({name: [d.wire_bytes - d.size for d in w.deliveries] for name, w in watched.items()}, range(1, 9))
pd.concat({"latency, ms": latency.round(1), "bytes beside it": beside}, axis="columns")

# %% [markdown]
"""
**Reading.** Down the polling column the latencies jump about: a message that comes just after a request waits nearly
a whole interval, one that comes just before it hardly waits at all. The other two columns stay small, because a
client is always waiting for the message.

Bytes tell another story. Messages that share one response share its headers: a poll that finds several messages is
cheaper for each of them than a long poll that finds one. The first messages also share what it costs to join: the
first request, and for the WebSocket its handshake and a `/status` request.

## Further away

On one machine a request takes next to no time, so that requests and responses lie on top of each other. Put 200 ms
between client and server, there and back, and each has its place.

**Question.** Which of the three suffers, and which message? Time runs downwards. A red dot is a message on the server,
a coloured arrow brings it to the client. What do the grey arrows bring?
"""

# %%
with start_servers(rate=4, count=8, waiting=True, rtt_ms=200) as far_away:
    further = watch(far_away, messages=8, interval=1.0)
sequence(further)

# %% [markdown]
"""
**Reading.** Grey arrows are requests, and responses that bring nothing. Nothing arrives sooner than half a round trip
after it was published. That is the one-way delay, and no transport gets below it.

In the polling panel the red bars show messages that lie on the server until the next poll. In the long-polling panel
the request is usually there when the message comes. Look at two messages that follow each other closely: the first
response is on its way, and no request is waiting. The second message waits until the next request has come. That is the
weakness which RFC 6202 names (section 2.2): up to three transits. In the WebSocket panel nothing goes to the right any
more, once the connection stands, until the client closes it.

## On the wire: polling

**Question.** What exactly are those bytes? Here is one request with its response. Each colour is one heading of the
ledger; CR LF, in a box, is the line end that HTTP demands. Where not all bytes fit, the number of those left out is
shown.
"""

# %%
Exchange(split(watched["polling"].diary.entries)[-1], "Polling: one request, one response")

# %% [markdown]
"""
**Reading.** The request is a request line and one header, `Host`, the only one that HTTP/1.1 demands (RFC 9112,
section 3.2). This client is as terse as the standard allows; a browser sends more, and cookies besides: the last
figure of this lesson counts them. In the response each message ends with a single LF, which is all the framing there
is.

## On the wire: long polling

**Question.** The bytes of a held request: do they show that it was held?
"""

# %%
Exchange(split(watched["long-polling"].diary.entries)[-1], "Long polling: one request, held until there was a message")

# %% [markdown]
"""
**Reading.** Only `wait=` in the request line shows it. The headers are the same as before, and every response costs
them again (RFC 6202, section 2.2): the arrow to the right is a request that had to come before this message could be
sent.

## On the wire: WebSocket

**Question.** Where have the headers gone?
"""

# %%
Exchange(split(watched["websocket"].diary.entries)[1], "WebSocket: the opening handshake, then messages")

# %% [markdown]
"""
**Reading.** There is one request and one response, `101 Switching Protocols`: the handshake (RFC 6455, section 1.3).
After it the arrows point one way only. A frame header precedes each message, in black and in hexadecimal: the only
bytes here that are not text. Lesson 4 takes it apart, bit by bit.

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
carried, so nothing is hidden. `cookies` is empty because these clients have none. `request_head` and `response_head`
of the WebSocket are its one look at `/status`. The handshake comes once a connection, whatever the connection carries
afterwards.

## The recorded results

Eight messages and one client prove little. `make lab` runs the same comparison with many clients and controlled
arrivals. The run that comes with the lab is drawn here.

**Question.** How many bytes does a delivered message cost, once browsers' headers and cookies come in?
"""

# %%
figure("bytes_per_delivery", "reference")

# %% [markdown]
"""
**Reading.** From block to block the message stays the same and the heads grow. A WebSocket sends headers and cookies
once, in its handshake; the other two send them with every request. Whether bytes also cost *time* is another matter,
and this figure does not say so: lesson 3 does.

## Your prediction beside the measurement

**Question.** Which of your six numbers were near, and which way were the others off?
"""

# %%
mine = pd.DataFrame({"latency, ms": my_latency_ms, "bytes beside each": my_bytes_beside_each})
found = pd.DataFrame({"latency, ms": latency.mean().round(1), "bytes beside each": beside.mean()})
both = pd.concat({"predicted": mine, "measured": found}, axis="columns").astype(float)
both.map("{:,.1f}".format).replace("nan", "–")

# %% [markdown]
"""
**Reading.** A dash stands where you made no prediction: go back and make one. You will remember the guesses that were
wrong. Where you were off by more than a factor of two, say why before you go on.

## Doubt

- **Loopback.** Client and server share one machine. There is no loss and no congestion, and no distance but what a
  delay line inserts.
- **One machine.** The clients, the servers and this notebook compete for the same cores. A late message may be the
  machine's fault.
- **Terse clients.** They send no header that they do not need and no cookie. The last figure shows what a browser's
  would add.
- **TCP payload.** The ledger counts what the sockets carry, and not the headers of TCP and IP beneath.
- **One rate.** The verdict on bytes depends on how fast messages come. Change it, and polling may win.

## Exercises

**1.** How many of the polls brought nothing? Count them in the diary: `split(watched["polling"].diary.entries)` is a
list of exchanges, each a list of (direction, heading, bytes).
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
Guess first, then look at the black bytes above, and at RFC 6455, section 5.2.
"""

# %% tags=["exercise"]
header_of_125, header_of_126 = None, None
### BEGIN SOLUTION
header_of_125, header_of_126 = 2, 4
### END SOLUTION
check.frame_headers([header_of_125, header_of_126])

# %% [markdown]
"""
**3.** With 200 ms there and back, how late can a message be by long polling, at worst, if the server and both
machines need no time at all? In milliseconds. The figure with the arrows shows it: draw the worst case on paper.
"""

# %% tags=["exercise"]
worst_ms = None
### BEGIN SOLUTION
worst_ms = 3 * 100  # the response before it is under way, the next question comes, and the response to that
### END SOLUTION
check.worst_long_poll(worst_ms, rtt_ms=200)

# %% [markdown]
"""
**4.** Choose an interval with which polling is less than 150 ms late on average, and asks as seldom as possible. The
cell measures it. What has happened to the bytes?
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
take? Write five sentences, with three numbers from this lesson in them. Then name the number that you would need and
do not have: the next lessons may have it.

## Stop everything
"""

# %%
servers.stop()
left = psutil.Process().children(recursive=True)
Markdown(f"Processes that this notebook started and that still run: **{len(left)}**")

# %% [markdown]
"""
**Reading.** Should you close the notebook without this, or should a cell fail halfway, the servers end with the
kernel all the same: they stop when their standard input does.

**Next:** [2 · Counting the bytes](02_counting_the_bytes.ipynb)
"""
