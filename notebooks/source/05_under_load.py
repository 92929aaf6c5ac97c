# %% [markdown]
"""
# 5 · Under load

One client proves little. A thousand clients prove something about the machine. This lesson loads the three servers
until one of them reaches its limit, and asks what that limit consists of. It breaks the connection on purpose, and
shows what measuring itself hides.

*You will be able to* run Locust against a push server and read its table. You will say what costs a server CPU, and
recognise three traps of this stack. *You need* lessons 1 and 3.

Recorded loads come from the run that comes with the lab, on a machine with two cores. Your machine will reach its
limits at other loads, in the same order.
"""

# %%
from lessons import broadcasting, check, figure, load, lost_packet, start_servers

# %% [markdown]
"""
## A load, from a cell

**Question.** Locust starts clients and reports "requests". What is a request, if messages are pushed? In the lab's
users each *delivery* is one: response time is its latency, and size is its bytes on the wire. Five clients for three
seconds, as from a terminal:
"""

# %%
servers = start_servers(rate=20, source="clock", size=142)
load.locust(servers.websocket, "WebSocketUser", 5, 3)

# %% [markdown]
"""
**Question.** And polling, every half second? Guess all four numbers.
"""

# %%
load.locust(servers.polling, "PollingUser", 5, 3, "--poll-interval", "0.5")

# %% [markdown]
"""
**Reading.** As many deliveries, much later, and with more bytes each. These bytes include what each client paid to
connect. Locust's web page shows the same table: `locust -f loadtests/locustfile.py WebSocketUser --host …`.
"""

# %% [markdown]
"""
## More and more clients

**Question.** Which transport leaves its dashed line first, and what is then used up?
"""

# %%
servers.stop()
figure("latency_and_cpu_over_clients", "reference")

# %% [markdown]
"""
**Reading.** Where points leave the line, messages wait: for the server, or for the machine that plays the clients.
Long polling is the first. Each message makes every client send a new request, and the server answers them one after
another. So with many clients a message waits behind many requests. Hollow points are invalid runs; `report.html`
gives the reason for each. The limit is this machine's. The order is the transports'.

**Question.** Who is at the limit: the server, or the machine that plays the clients?
"""

# %%
figure("cores_over_clients", "reference")

# %% [markdown]
"""
**Reading.** The left panel is the server, the right one the busiest process of the load generator. A transport's knee
is where its line on the left enters the grey band. If the line on the right entered it first, the figure would say
something about the generator, and nothing about the transport.

**Question.** What does the server need CPU for? The prices are fitted over several loads: per publication, per
response, and per client that is only connected.
"""

# %%
load.prices()

# %% [markdown]
"""
**Reading.** A response is a poll, a long poll, or a message by WebSocket. A WebSocket message passes neither the HTTP
server nor Flask, and these take most of a poll's CPU. If one price does not fit all loads, the table gives a range
with its loads. The reason: waking a sleeping process costs more than keeping a busy one busy.

In 2007 Bozdag, Mesbah and van Deursen found that push costs seven times the server CPU of pull, and saturates at 350
to 500 users. Their server kept a thread for each user. So pushing is not expensive by itself. It depends on how you
push.

**Question.** So far only the server has sent. What does it cost when a client sends, 15 times a second?
"""

# %%
load.incoming()

# %% [markdown]
"""
**Reading.** A POST is a request with headers, which the HTTP server parses and Flask routes. A frame is neither, so it
costs less. Both are prices of a server that is mostly idle; a busy one pays less for each.

**Question.** And memory?
"""

# %%
load.memory()

# %% [markdown]
"""
**Reading.** A polling client on a kept connection needs memory, too. No connection is free.
"""

# %% [markdown]
"""
## A thousand at once

**Question.** One message, many connections. There are three ways to send it to all, on real sockets of this machine.
Which step saves most?
"""

# %%
broadcasting.time_to_all(300)

# %% [markdown]
"""
**Reading.** The naive way wakes a thread for each client, and each thread encodes the same message again. Compare the
two steps: encoding once, and waking no thread. The lab's servers do both (`servers/sockets/broadcast.py`). One
greenlet, a light thread that yields by itself, writes the encoded frame to every client that is up to date. A client
that does not take it at once gets its own greenlet. So a slow reader does not delay the others.
"""

# %% [markdown]
"""
## More than one process

**Question.** A process of Python uses one core. Two and four processes shared the ports, and one feed in Redis. What
did they deliver?
"""

# %%
figure("deliveries_over_processes", "reference")

# %% [markdown]
"""
**Reading.** The kernel gives each new connection to one of the processes, about equally many to each. Each process
sends to its own clients. So more processes deliver more, if each has a core. Twice the processes deliver not quite
twice as much. Each has fewer clients and sleeps more often, and waking it costs CPU. The feed is in Redis: a message is
stored once, and each process reads it once. More clients are no more work for Redis.

**Question.** What do 20,000 clients need, with one message a second? First guess the number of processes.
"""

# %%
load.for_many(clients=20_000, rate_hz=1.0, poll_interval_s=1.0)

# %% [markdown]
"""
**Reading.** This is computed from the fitted costs, with each process at most 70 % busy. One transport needs less
than one core, the others several. `python -m results advise` prints the same table for any workload.
`docs/processes.md` and `docs/hosts.md` say how to run it.
"""

# %% [markdown]
"""
## When something breaks

**Question.** The server is killed, or the link is cut for five seconds. How long until each client has messages
again, and what is lost?
"""

# %%
figure("recovery_after_a_break", "reference")

# %% [markdown]
"""
**Reading.** Nothing is lost in silence. Each client knows the number of its last message and asks for the next one,
or is notified of a gap. A cut ends no connection. TCP sends again what was on its way. So a WebSocket, and a held
request, get their messages as soon as the link is back. The messages published during the cut arrive then, too.
Polling waits for its next poll.

After a reset or a restart every client must connect again. Each waits for a random moment first, so that they do not
all arrive at once. A restarted server has a new feed: its new `epoch`, a random name, tells the client so.

**Question.** And if only one packet is lost? `tshark` looks at the client's end of a path of real packets: a message
every 0.1 s, a round trip of 50 ms. One packet never arrives. Which messages are late?
"""

# %%
lost_packet()

# %% [markdown]
"""
**Reading.** Each line is a packet; `bytes` are its place in the stream. Where the numbers jump, a packet is missing.
The next message arrives in time, but TCP keeps it back, because the one before it is missing. The client acknowledges
it as what came behind a gap. Half a round trip later the server knows, and sends the lost packet again. When that
arrives, the client gets both messages at once. In `tshark` itself, this filter finds such packets:
`tcp.analysis.retransmission or tcp.analysis.lost_segment`.
"""

# %% [markdown]
"""
## What the generator hides

**Question.** Clients that share one process wait for their turn. When a message has arrived, how long until its
client reads it? In milliseconds, for 99 of 100 messages.
"""

# %%
load.generator_delay()

# %% [markdown]
"""
**Reading.** Compare that with the latencies in the figure above. It is the *load generator's* delay. The client's own
clock would add it to the transport's latency. The transport that sends to all clients at once would then look the
slowest. So the lab reads the kernel's time stamp of each arrival (`SO_TIMESTAMPNS`), and keeps the generator's delay
apart.
"""

# %% [markdown]
"""
## Three traps of this stack

**Question.** *Forty milliseconds from nowhere.* A server writes the headers and the body of a response one after the
other. Both machines are idle. Why does the second line of the table differ from the first?
"""

# %%
broadcasting.two_writes()

# %% [markdown]
"""
**Reading.** Nagle's algorithm holds the second write back until the first is acknowledged. The receiver delays its
acknowledgement, in the hope of data to send along. Each is sensible alone (RFC 9293, sections 3.7.4 and 3.8.6.3).
Together they add a delay to every poll. The lab switches Nagle off on both sides, and sends headers and body
together.

**Question.** *A connection for each poll.* Many HTTP clients open a new connection each time unless told otherwise.
What does that cost?
"""

# %%
load.by_connection()

# %% [markdown]
"""
**Reading.** If polling opens a new connection each time, a comparison measures the handshakes of TCP and TLS.
HTTP/1.1 has kept connections since 1997. So "one lasting connection" is not only WebSocket's.

**Question.** *Half a message.* A server sends a large frame to a client that does not read. How much of it was sent?
"""

# %%
broadcasting.half_sent()

# %% [markdown]
"""
**Reading.** `send` returns how many bytes it took. A server that ignores this has sent half a frame, and everything
that follows is read as its other half. A well-known library did this. The lab writes whole frames
(`servers/sockets/frame_socket.py`).
"""

# %% [markdown]
"""
## Doubt

- **Everything on one machine.** Generator and server share its cores. Runs with the generator at its limit are
  invalid.
- **Python.** Another server has other prices; `make benchmark` compares some.
- **Seconds, not days.** Windows are short. A slow leak is not seen here.
"""

# %% [markdown]
"""
## Exercises

**1.** Use the prices above: how many cores do 5,000 clients need that poll once a second? Leave publications out. The
price of a poll depends on how many arrive: `load.price("polling", answers_per_s=5_000)` is its price at 5,000 a
second, in microseconds. An answer within a tenth is right.
"""

# %% tags=["exercise"]
cores = None
### BEGIN SOLUTION
cores = 5_000 * load.price("polling", answers_per_s=5_000) / 1e6
### END SOLUTION
check.cores(cores, clients=5_000, every=1.0)

# %% [markdown]
"""
**2.** And by WebSocket, with a message a second to all 5,000?
"""

# %% tags=["exercise"]
cores_by_websocket = None
### BEGIN SOLUTION
cores_by_websocket = 5_000 * load.price("websocket", answers_per_s=5_000) / 1e6
### END SOLUTION
check.cores_by_websocket(cores_by_websocket, clients=5_000, rate=1.0)

# %% [markdown]
"""
**3.** A WebSocket server sends to 2,000 clients one after another. One send takes 20 µs. How late does the *last*
client get the message, and how late do they get it on average? In milliseconds.
"""

# %% tags=["exercise"]
last_ms, mean_ms = None, None
### BEGIN SOLUTION
last_ms, mean_ms = 2_000 * 0.020, 2_000 * 0.020 / 2
### END SOLUTION
check.one_after_another(last_ms, mean_ms, clients=2_000, each_us=20)

# %% [markdown]
"""
**4.** Run a load of your own, by WebSocket at 20 messages a second. With how many clients in one Locust process does
the longest latency exceed 100 ms? Find a number that is fast enough and one that is not, within a factor of two. (It
runs here and takes a while. Leave it out with 0 and 0.)
"""

# %% tags=["exercise"]
still_fine, too_many = None, None
### BEGIN SOLUTION
still_fine, too_many = 0, 0
### END SOLUTION
check.bracket(still_fine, too_many)

# %% [markdown]
"""
**5.** *(Open.)* Your service has 50,000 users with a page open, and one message every ten seconds for each. You have
two cores. Write half a page. Which transport, which interval? What happens when the servers restart and all 50,000
come back at once? Mark each number as measured, computed or assumed.

**Next:** [6 · The verdict](06_the_verdict.ipynb)
"""
