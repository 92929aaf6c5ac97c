# %% [markdown]
"""
# 4 · Inside a WebSocket

A WebSocket begins as HTTP and continues as something else. This lesson opens it: a handshake typed by hand, frames
taken apart bit by bit, and what a page's script learns, and when. Seven sentences of the argument are about this.
Each can be observed.

*You will be able to* make a handshake by hand, read and write a frame, and say what `error` tells a page. You will
also judge the sentence "each frame is prefixed with 4 to 12 bytes". *You need* lesson 1.

What a browser did was recorded in Chromium, in the run that comes with the lab. Everything else happens here.
"""

# %%
import base64
import hashlib
import json

from lessons import RawConnection, bits, chat_clients, check, observed, script, show, start_servers
from lessons.observing import frame_heads, mutated_handshakes, side_by_side
from websockets.frames import Frame, Opcode

# %% [markdown]
"""
## The handshake, by hand

**Question.** What must a client send so that a server changes the protocol? Here is a request, typed. Send it over a
plain TCP connection.
"""

# %%
servers = start_servers(rate=4)
bare = RawConnection(servers)
key = "dGhlIHNhbXBsZSBub25jZQ=="
lines = ["GET /messages HTTP/1.1", f"Host: {bare.host}", "Upgrade: websocket", "Connection: Upgrade"]
lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]

# %% [markdown]
"""
Each line ends with CR LF, and an empty line ends the headers. The key is the example of RFC 6455 (section 1.3). A
real client sends sixteen random bytes.
"""

# %%
bare.send("\r\n".join(lines))
answer, _, rest = bare.receive().partition(b"\r\n\r\n")
print(answer.decode(errors="backslashreplace"))

# %% [markdown]
"""
**Reading.** 101, Switching Protocols. From here on this connection no longer speaks HTTP.

**Question.** `Sec-WebSocket-Accept` was computed from the key. How, and what for?
"""

# %%
fixed = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
accept = base64.b64encode(hashlib.sha1((key + fixed).encode()).digest()).decode()
print(accept, accept in answer.decode(errors="backslashreplace"))

# %% [markdown]
"""
**Reading.** It is SHA-1 of the key and a fixed text, in base64. It is no secret and proves no identity. It proves
that the other side has read the request *as a WebSocket server*. A cache or an HTTP server would not compute it by
accident (RFC 6455, section 1.3).

**Question.** The argument prints a handshake without key and version. Would it work? We drop one line at a time,
double it, and misspell it.
"""

# %%
seen = observed("C7")
side_by_side(seen, ["status", "bytes"]).head(3)

# %% [markdown]
"""
**Reading.** A browser and a Python library get 101. The argument's handshake does not: it lacks the lines that
protect the protocol.
"""

# %%
mutated_handshakes(seen)

# %% [markdown]
"""
**Reading.** Each of the five lines is needed. Field names are case-insensitive, but one wrong letter makes another
field. A wrong version gets 426, with the version that the server speaks (RFC 6455, section 4.4).
"""

# %% [markdown]
"""
## The same connection

**Question.** Is it still the same TCP connection after the 101? Look at its ports, and at the kernel's own name for
the server's socket.
"""

# %%
observed("C8")[["quantity", "value"]]

# %% [markdown]
"""
**Reading.** Same ports, same socket. But send HTTP now, and no HTTP comes back: these bytes are a close frame.
"""

# %% [markdown]
"""
## Frames

**Question.** The connection above is still open, and earthquakes arrive on it. What are the first bytes?
"""

# %%
data = rest + bare.receive()
bits.dissect(data)

# %% [markdown]
"""
**Reading.** One bit says that the message ends here. Four bits say that it is text. Seven bits give its length: 126
means that two bytes of length follow, 127 that eight follow. The server does not mask.

**Question.** How does the header grow with the message? Move the sliders past 125 and past 65,535. Then let the
client send.
"""

# %%
bits.headers()

# %% [markdown]
"""
**Reading.** A header has two, four or ten bytes. A client adds four more for its masking key.

**Question.** "Each frame is prefixed with 4 to 12 bytes." What was observed here, in both directions?
"""

# %%
frame_heads(observed("C9"))

# %% [markdown]
"""
**Reading.** 2 to 14 bytes (RFC 6455, section 5.2). The range of the argument is wrong at both ends: a server's short
frames have 2, and a client's long frames have 14.

**Question.** What does masking do? Take the example of RFC 6455: "Hello" with the key 37 fa 21 3d (section 5.7).
"""

# %%
mask, hello = bytes.fromhex("37fa213d"), b"Hello"
masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(hello))
print(masked.hex(" "), "and back again:", bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)))

# %% [markdown]
"""
**Reading.** It is XOR with four bytes that everybody can read, so it keeps no secret. It prevents a page's script
from choosing the bytes on the wire. Otherwise a script could make a proxy believe that they are HTTP (RFC 6455,
section 10.3). A server is no script on a page, so it does not mask.
"""

# %% [markdown]
"""
## Messages in pieces

A ping asks whether the other side is there, and the answer is a pong.

**Question.** A message has two fragments, half a second apart, with a ping between them. When does the receiver learn
of the message?
"""

# %%
side_by_side(observed("C10"), ["pong comes after", "text is handed out after", "text handed out"])

# %% [markdown]
"""
**Reading.** The pong comes at once, between the fragments: so they arrived one by one. A browser's `message` fires
after the last fragment. A library may hand out the first one at once, if you ask it to. "Only when all frames have
arrived" is a rule of the browser's API, not of the protocol (RFC 6455, section 5.4).
"""

# %% [markdown]
"""
## A WebSocket in a page

**Question.** How does a page use one? Here is a complete client: it creates the WebSocket, listens to its four events,
sends, and closes.
"""

# %%
script("client.js")

# %% [markdown]
"""
**Reading.** `new WebSocket(url)` returns at once; `open` says when the handshake is done. `message` brings a text, or
binary data. `error` is always followed by `close`. `close` has a code, a reason, and `wasClean`: whether both sides
said goodbye.

**Question.** What happens when you press each button? The page below runs this very file. A tap shows the frames bit
by bit, also pings, which browsers hide. Try each way in which a connection can end.
"""

# %%
show("playground")

# %% [markdown]
"""
**Reading.** Your frames carry a masking key; the server's do not. A text and a picture differ in one thing: the
opcode. A message in fragments fires one `message`, after its last fragment.
"""

# %% [markdown]
"""
## Four events, two actions

**Question.** What does a page learn when something goes wrong? In each row a connection ends in another way. Which
rows can the page tell apart?
"""

# %%
side_by_side(observed("C12"), ["events", "code", "reason", "wasClean"])

# %% [markdown]
"""
**Reading.** Look at `error` and at what follows it. It says *that* something failed, and nothing else. A wrong path,
a refused origin and a closed port all look alike: 1006. A page must not be able to explore the network behind it
(WHATWG WebSockets, "fail the WebSocket connection"). 1006 is never sent on the wire. The browser reports it if no
close frame arrived. 1001 means that the server goes away. 1009 means that a message was too big. RFC 6455,
section 7.4.1, lists them all.

A pulled cable is in no row, because it causes no event. Nothing arrives, and a page cannot tell that from silence. Its
script cannot send a ping either. So the server sends a message now and then, and the page sets a timer. If nothing came
for longer, the page closes the connection and opens a new one.

**Question.** And `send()`, before the connection is open and after it is closed?
"""

# %%
side_by_side(observed("C13"), ["send()", "added to bufferedAmount"]).head(4)

# %% [markdown]
"""
**Reading.** Too early, `send()` throws. Too late, it does not: the bytes count as buffered and are never sent. A
script that relies on an exception loses messages in silence.
"""

# %% [markdown]
"""
## Text, binary, an image

**Question.** "Messages are text, binary data or images." How does an image travel, and what does base64 cost?
"""

# %%
side_by_side(observed("C14"), ["opcode", "size", "bytes on the wire, the closing frame among them"]).head(4)

# %% [markdown]
"""
**Reading.** There are two kinds of message, and an image is binary. As base64 text it is a third longer. A text frame
that is not UTF-8 ends the connection with 1007 (RFC 6455, section 8.1).

**Question.** `ws` and `wss`: which ports do they use, and which page may open which?
"""

# %%
side_by_side(observed("C16"), ["port without saying one", "from a page over http", "from a page over https"])

# %% [markdown]
"""
**Reading.** The same as http and https: 80 and 443, and no plain connection from a secure page.
"""

# %% [markdown]
"""
## A chat

**Question.** What can a WebSocket do that neither of the others can? Two clients share one feed. Each sends, and both
receive.
"""

# %%
with chat_clients(servers, "Ann", "Bob") as (ann, bob):
    ann.send("Anybody there?")
    bob.send("Yes.")
    heard = [json.loads(bob.recv())["data"] for _ in range(8)]
print([text for text in heard if isinstance(text, str)])

# %% [markdown]
"""
**Reading.** Both lines arrive between the earthquakes, on the connection on which Bob sent his own. By HTTP he would
need a POST for each line, and another connection, because his held request blocks the first. This is the real feature
of a WebSocket. Fewer bytes are a side effect.
"""

# %% [markdown]
"""
## Doubt

- **One browser.** Events and codes are Chromium's. The WHATWG standard requires their order. The text of a `reason`
  is the browser's choice.
- **One server.** It answers wrong handshakes as RFC 6455 says. Other servers are more lenient.
- **No extension.** `permessage-deflate` uses one of the reserved bits, and was declined here.
"""

# %% [markdown]
"""
## Exercises

**1.** Compute `Sec-WebSocket-Accept` for the key `x3JJHMbDL1EzLkh9GBhXDw==`.
"""

# %% tags=["exercise"]
my_accept = None
### BEGIN SOLUTION
my_accept = base64.b64encode(hashlib.sha1(("x3JJHMbDL1EzLkh9GBhXDw==" + fixed).encode()).digest()).decode()
### END SOLUTION
check.accept(my_accept, key="x3JJHMbDL1EzLkh9GBhXDw==")

# %% [markdown]
"""
**2.** Write the frame in which a *server* sends the text `Hi` in one piece, as bytes: `bytes.fromhex("…")`.
"""

# %% tags=["exercise"]
my_frame = None
### BEGIN SOLUTION
my_frame = bytes.fromhex("81 02") + b"Hi"
### END SOLUTION
check.frame(my_frame, text="Hi")

# %% [markdown]
"""
**3.** A client sends 100 messages of 50 B and 10 of 70,000 B. The server sends as many back. How many bytes of frame
headers is that in all?
"""

# %% tags=["exercise"]
header_bytes = None
### BEGIN SOLUTION
header_bytes = 100 * (2 + 4) + 10 * (10 + 4) + 100 * 2 + 10 * 10
### END SOLUTION
check.header_bytes(header_bytes)

# %% [markdown]
"""
**4.** What does this frame say? Give its opcode and its close code.
"""

# %% tags=["exercise"]
puzzle = Frame(Opcode.CLOSE, (1001).to_bytes(2) + b"bye").serialize(mask=False)
opcode, code = None, None
### BEGIN SOLUTION
opcode, code = puzzle[0] & 15, int.from_bytes(puzzle[2:4])
### END SOLUTION
check.closing(opcode, code)

# %% [markdown]
"""
**5.** *(Open.)* A page shows prices and must tell its user when they are old. Which events does it listen to, and
what does it do on each? Write it down for three cases: a tunnel (no byte passes, nothing is closed), a server that
restarts, and a server that refuses. Which of these does the page notice by itself, and after how long? Silence causes
no event: the page needs a timer of its own.
"""

# %%
bare.close()
servers.stop()

# %% [markdown]
"""
**Next:** [5 · Under load](05_under_load.ipynb)
"""
