"""C9: how many bytes stand before a frame's data, by its length, its kind and who sends it."""

from collections.abc import Iterator

from websockets.client import ClientProtocol

from loadtests.observe.observation import Observation
from loadtests.observe.raw import next_frame, opened
from loadtests.observe.servers import Servers

SIZES = (0, 1, 125, 126, 127, 65_535, 65_536)  # B: around the lengths at which the head grows (RFC 6455, section 5.2)
KINDS = {"text": ClientProtocol.send_text, "binary": ClientProtocol.send_binary}


def observe(servers: Servers) -> Iterator[Observation]:
    """Payloads through the lab's echo: what websockets sends for each, and what comes back."""
    with opened(f"{servers.websocket}/echo") as (sock, protocol):
        for kind, send in KINDS.items():
            for size in SIZES:
                send(protocol, b"a" * size)
                sent = b"".join(protocol.data_to_send())
                sock.sendall(sent)
                frame, received = next_frame(sock, protocol)
                assert len(frame.data) == size
                yield head(len(sent) - size, f"{size:,} B {kind} from the client")
                yield head(received - size, f"{size:,} B {kind} from the server")


def head(size: int, condition: str) -> Observation:
    return Observation("C9", "bytes before the data", str(size), "B", condition)
