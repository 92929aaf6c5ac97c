# %% [markdown]
"""
# 4 · Inside a WebSocket

A WebSocket begins as HTTP and goes on as something else. This lesson opens it up: the handshake, typed by hand;
frames, taken apart bit by bit; what a browser's script is told, and when. Seven sentences of the argument are about
this, and each can be looked at.

*You will be able to* make a handshake by hand, read and write a frame, say what `error` tells a page, and judge the
sentence "each frame is prefixed with 4 to 12 bytes". *You need* lesson 1.

What a browser did was recorded in Chromium by the run that comes with the lab. The rest happens here.
"""

# %%
import base64
import hashlib
import json

from lessons import RawConnection, bits, chat_clients, check, observed, start_servers
from lessons.observing import frame_heads, mutated_handshakes, side_by_side
from websockets.frames import Frame, Opcode

# %% [markdown]
"""
## The handshake, by hand

**Question.** What does a client have to say for a server to change the protocol? Here is a request, typed; send it
over a bare TCP connection.
"""

# %%
servers = start_servers(rate=4)
bare = RawConnection(servers)
key = "dGhlIHNhbXBsZSBub25jZQ=="
lines = ["GET /messages HTTP/1.1", f"Host: {bare.host}", "Upgrade: websocket", "Connection: Upgrade"]
lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "", ""]

# %% [markdown]
"""
Each line ends with CR LF, and an empty line ends the head. The key is that of RFC 6455's own example (section 1.3); a
client takes sixteen random bytes.
"""

# %%
bare.send("\r\n".join(lines))
answer, _, rest = bare.receive().partition(b"\r\n\r\n")
print(answer.decode(errors="backslashreplace"))

# %% [markdown]
"""
**Reading.** 101, Switching Protocols. From here on this connection is no longer HTTP's.

**Question.** `Sec-WebSocket-Accept` was made of the key. How, and what for?
"""

# %%
fixed = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
accept = base64.b64encode(hashlib.sha1((key + fixed).encode()).digest()).decode()
print(accept, accept in answer.decode(errors="backslashreplace"))

# %% [markdown]
"""
**Reading.** SHA-1 of the key and a fixed text, in base64. It keeps no secret and proves no identity. It shows that
the other side has read the request *as a WebSocket server*, and is no cache or HTTP server that answers by accident
(RFC 6455, section 1.3).

**Question.** The argument prints a handshake without key and version. Would it work? Drop one line at a time, double
it, misspell it.
"""

# %%
seen = observed("C7")
side_by_side(seen, ["status", "bytes"]).head(3)

# %% [markdown]
"""
**Reading.** A browser and a Python library are answered with 101. The simplified handshake is not: it lacks what
guards the protocol.
"""

# %%
mutated_handshakes(seen)

# %% [markdown]
"""
**Reading.** Each of the five lines is needed. Names of fields are case-insensitive, yet a letter out of place makes
another field of them. A wrong version is answered with 426 and the one that the server speaks (RFC 6455, section
4.4).

## The same connection

**Question.** Is it still the same TCP connection after the 101? Look at its ports, and at the kernel's own name for
the server's end.
"""

# %%
observed("C8")[["quantity", "value"]]

# %% [markdown]
"""
**Reading.** Same ports, same socket. But speak HTTP to it now and no HTTP comes back: the bytes are those of a close
frame.

## Frames

**Question.** The connection above is still open, and earthquakes arrive on it. What are the first bytes?
"""

# %%
data = rest + bare.receive()
bits.dissect(data)

# %% [markdown]
"""
**Reading.** One bit says that the message ends here, four say that it is text, and seven say how long it is; 126
means that two bytes of length follow, 127 that eight do. The server does not mask.

**Question.** How does the header grow with the message? Move the sliders past 125 and past 65,535, then let the
client send.
"""

# %%
bits.headers()

# %% [markdown]
"""
**Reading.** Two bytes, four or ten; and four more from a client, for its masking key.

**Question.** "Each frame is prefixed with 4 to 12 bytes." Seen here, in both directions, what was it really?
"""

# %%
frame_heads(observed("C9"))

# %% [markdown]
"""
**Reading.** 2 to 14 bytes (RFC 6455, section 5.2). The sentence would be right for messages of middling length only.

**Question.** What does masking do? Take the RFC's own example, "Hello" under the key 37 fa 21 3d (section 5.7).
"""

# %%
mask, hello = bytes.fromhex("37fa213d"), b"Hello"
masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(hello))
print(masked.hex(" "), "and back again:", bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked)))

# %% [markdown]
"""
**Reading.** XOR with four bytes that everybody can read: no secrecy. It keeps a page's script from choosing what
bytes travel, so that it cannot make a proxy believe that they are HTTP (RFC 6455, section 10.3). Servers are not
scripts on a page, and do not mask.

## Messages in pieces

**Question.** A message of two fragments, half a second apart, a ping between them. When does the receiver learn of
it?
"""

# %%
side_by_side(observed("C10"), ["pong comes after", "text is handed out after", "text handed out"])

# %% [markdown]
"""
**Reading.** The ping is answered at once, between the fragments, so that they have arrived one by one. A browser's
`message` fires after the last; a library may hand out the first at once, if it is asked to. "Only when all frames
have arrived" is a rule of the browser's API, not of the protocol (RFC 6455, section 5.4).

## Four events, two actions

**Question.** What is a page told when something goes wrong? In each row a connection ends in another way. Which rows
can the page tell apart?
"""

# %%
side_by_side(observed("C12"), ["events", "code", "reason", "wasClean"])

# %% [markdown]
"""
**Reading.** Look where `error` stands, and what comes next: it says *that* something failed, and nothing more. A
wrong path, a refused origin and a port where nobody listens all look alike, 1006: a page is not to find out what is
in the network behind it (WHATWG WebSockets, "fail the WebSocket connection"). 1006 is never sent. The browser says it
where no close frame came.

**Question.** And `send()`, before the connection stands and after it is closed?
"""

# %%
side_by_side(observed("C13"), ["send()", "added to bufferedAmount"]).head(4)

# %% [markdown]
"""
**Reading.** Too early throws. Too late does not: the bytes are counted as buffered, and go nowhere. Who relies on an
exception loses messages in silence.

## Text, binary, an image

**Question.** "Messages are text, binary data or images." How does an image travel, and what does base64 cost?
"""

# %%
side_by_side(observed("C14"), ["opcode", "size", "bytes on the wire, the closing frame among them"]).head(4)

# %% [markdown]
"""
**Reading.** There are two kinds of message, and an image is of the second. As text in base64 it is a third longer. A
text frame that is not UTF-8 ends the connection with 1007 (RFC 6455, section 8.1).

**Question.** `ws` and `wss`: which ports, and from which page may a script open which?
"""

# %%
side_by_side(observed("C16"), ["port without saying one", "from a page over http", "from a page over https"])

# %% [markdown]
"""
**Reading.** As with http and https: 80 and 443, and no clear connection from a page that is secure.

## A chat

**Question.** What can a WebSocket do that neither of the others can? Two clients on one feed; each sends, and both
are told.
"""

# %%
with chat_clients(servers, "Ann", "Bob") as (ann, bob):
    ann.send("Anybody there?")
    bob.send("Yes.")
    heard = [json.loads(bob.recv())["data"] for _ in range(8)]
print([text for text in heard if isinstance(text, str)])

# %% [markdown]
"""
**Reading.** Between the earthquakes: both lines, on the connection on which Bob spoke himself. By HTTP he would have
needed a POST for each line, beside the request that is held. That is the feature of a WebSocket; sparing bytes comes
with it.

## Doubt

- **One browser.** Events and codes are Chromium's. The WHATWG standard demands their order; what a `reason` says is
  the browser's own affair.
- **One server.** It answers a spoilt handshake as RFC 6455 says. Others are more lenient.
- **No extension.** `permessage-deflate` uses one of the reserved bits, and was declined here.

## Exercises

**1.** Work out `Sec-WebSocket-Accept` for the key `x3JJHMbDL1EzLkh9GBhXDw==`.
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
**3.** A client sends 100 messages of 50 B and 10 of 70,000 B, a server as many back. How many bytes of frame headers
is that in all?
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
what does it do on each? Write it down for: a tunnel (no byte passes, nothing is closed), a server that restarts, and
a server that refuses. Which of these does the page learn of by itself, and after how long?
"""

# %%
bare.close()
servers.stop()

# %% [markdown]
"""
**Next:** [5 · Under load](05_under_load.ipynb)
"""
