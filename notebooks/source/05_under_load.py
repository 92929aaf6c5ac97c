# %% [markdown]
"""
# 5 · Under load

One client proves little, and a thousand prove something about the machine. This lesson loads the three servers until
one of them is at its limit, asks what that limit is made of, breaks the connection on purpose, and looks at what the
measuring itself hides.

*You will be able to* run Locust against a push server and read its table, say what a server's CPU is paid for, and
recognise three traps of this very stack. *You need* lessons 1 and 3.

Recorded loads are of the run that comes with the lab, on a machine with two cores. Yours will come to its limits
elsewhere, in the same order.
"""

# %%
from lessons import broadcasting, check, figure, load, start_servers

# %% [markdown]
"""
## A load, from a cell

**Question.** Locust starts clients and reports "requests". What is a request, if messages are pushed? In the lab's
users each *delivery* is one: response time is its latency, size its bytes on the wire. Five clients for three
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
**Reading.** As many deliveries, much later, and with more bytes each, joining included. Locust's table is the same
that its web page shows: `locust -f loadtests/locustfile.py WebSocketUser --host …`.

## More and more clients

**Question.** Which transport leaves its line first, and what is used up when it does?
"""

# %%
servers.stop()
figure("latency_and_cpu_over_clients", "reference")

# %% [markdown]
"""
**Reading.** A line that leaves the others is at its *knee*: messages then wait for the server, or for the machine
that plays the clients. Hollow points are runs that do not count, and the report says why for each. This is a
statement about this machine. The order of the lines is one about the transports.

**Question.** What is the server's CPU paid for? Fitted over several loads: so much for each publication, for each
answer, for each client that is just there.
"""

# %%
load.prices()

# %% [markdown]
"""
**Reading.** An answer is a poll, a long poll or a message by WebSocket. A WebSocket's message passes neither the HTTP
server nor Flask, and those take most of a poll's CPU. Where one price does not fit all loads, the table says between
which loads it lies: a process that sleeps between two polls is dear to wake.

In 2007 Bozdag, Mesbah and van Deursen found push to cost seven times the server CPU of pull, and to saturate at 350
to 500 users: with a server that kept a thread for each. What is expensive is not pushing. It is how one pushes.

**Question.** And memory?
"""

# %%
load.memory()

# %% [markdown]
"""
**Reading.** A poller on a kept connection costs memory as well: nobody is connected for nothing.

## A thousand at once

**Question.** One message, many connections. Three ways to tell them all, on real sockets of this machine: which step
saves most?
"""

# %%
broadcasting.time_to_all(300)

# %% [markdown]
"""
**Reading.** The naive way wakes a thread for each client, and each encodes the same message again. Compare the two
steps: encoding once, and waking nobody. The lab's servers do the last (`servers/sockets/broadcast.py`): one greenlet
writes a frame, encoded once, to everybody who is up to date. Whoever does not take it at once is served apart, from
its own place in the feed, so that a slow reader holds nobody up.

## When something breaks

**Question.** The server is killed, or the link is cut for five seconds. How long until each client has news again,
and what is lost?
"""

# %%
figure("recovery_after_a_break", "reference")

# %% [markdown]
"""
**Reading.** Nothing is lost in silence: each client knows the number of its last message, and asks for what comes
next, or is told of a gap. After a cut, no connection is lost. TCP sends again what was under way, and a WebSocket has
its messages as soon as the link is back; polling waits for its next poll. After a reset or a restart each client has
to connect again. All wait for a random moment before they try, so that they do not come at once.

## What the generator hides

**Question.** Clients that share one process wait their turn. When a message has arrived, how long until its client
reads it? In milliseconds, for 99 of 100.
"""

# %%
load.generator_delay()

# %% [markdown]
"""
**Reading.** Set that beside the latencies in the figure above. It is the *load generator's* delay. Measured by the
client's own clock it would look like a slow transport, and slowest for the one that tells all its clients at once. So
the lab reads the kernel's time stamp of each arrival (`SO_TIMESTAMPNS`), and keeps what comes after it apart.

## Three traps of this very stack

**Question.** *Forty milliseconds from nowhere.* A server writes head and body of a response one after the other. Both
machines are idle, and the same. Why does the second line of the table not look like the first?
"""

# %%
broadcasting.two_writes()

# %% [markdown]
"""
**Reading.** Nagle's algorithm keeps the second write back until the first is acknowledged, and the receiver delays
its acknowledgement in the hope of something to send along. Each is sensible alone (RFC 9293, section 3.7.4; RFC 9293,
section 3.8.6.3). Whoever measures polling on such a server measures that. The lab switches Nagle off, on both sides,
and sends head and body together.

**Question.** *A connection for each poll.* Many HTTP clients do not keep their connections, unless told to. What does
it cost?
"""

# %%
load.by_connection()

# %% [markdown]
"""
**Reading.** A comparison of WebSocket with polling that makes a new connection each time measures TCP's handshake,
and TLS's. HTTP/1.1 has kept connections since 1997: "one lasting connection" is no privilege of WebSockets.

**Question.** *A message cut short.* A server sends a large frame to a client that does not read. How much of it has
gone?
"""

# %%
broadcasting.half_sent()

# %% [markdown]
"""
**Reading.** `send` returns how many bytes it took. Who does not look has sent half a frame, and everything that
follows is read as its other half. A well-known library did this; the lab has its own way to write whole frames
(`servers/sockets/whole.py`).

## Doubt

- **Everything on one machine.** Generator and server share its cores. Runs in which the generator was at its limit do
  not count.
- **Python.** Another server would have other prices; `make benchmark` puts some beside this one.
- **Seconds, not days.** Windows are short. What leaks slowly is not seen here.

## Exercises

**1.** By the prices above: how many cores do 5,000 clients take that poll once a second? Leave publications aside. To
within a tenth. The price of a poll depends on how many come: `load.price("polling", answers_per_s=5_000)` is that of
5,000 a second, in microseconds.
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
**3.** A WebSocket server tells 2,000 clients one after another, and a send takes 20 µs. How late is the *last* one
told, and how late are they on average? In milliseconds.
"""

# %% tags=["exercise"]
last_ms, mean_ms = None, None
### BEGIN SOLUTION
last_ms, mean_ms = 2_000 * 0.020, 2_000 * 0.020 / 2
### END SOLUTION
check.one_after_another(last_ms, mean_ms, clients=2_000, each_us=20)

# %% [markdown]
"""
**4.** Run a load of your own: how many clients in one Locust process, at 20 messages a second by WebSocket, until the
longest latency exceeds 100 ms? Find a number that does and one that does not, to within a factor of two. (Here and
now; it takes a while. 0 and 0 leave it out.)
"""

# %% tags=["exercise"]
still_fine, too_many = None, None
### BEGIN SOLUTION
still_fine, too_many = 0, 0
### END SOLUTION
check.bracket(still_fine, too_many)

# %% [markdown]
"""
**5.** *(Open.)* Your service has 50,000 users with a page open, and a message every ten seconds to each. Two cores
are paid for. Write half a page: which transport, which interval, what happens when the servers are started anew and
all 50,000 come back at once? Mark each number as measured, computed or assumed.

**Next:** [6 · The verdict](06_the_verdict.ipynb)
"""
