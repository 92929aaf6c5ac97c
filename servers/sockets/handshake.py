"""The server's side of the opening handshake (RFC 6455 section 4.2): refuse it, or accept it. No I/O."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from h11 import ProtocolError
from werkzeug.exceptions import BadRequest, HTTPException
from wsproto import ConnectionType, WSConnection
from wsproto.connection import Connection
from wsproto.events import AcceptConnection
from wsproto.extensions import Extension, PerMessageDeflate

from servers.sockets.offers import accepted_offer

EXTENSIONS = "HTTP_SEC_WEBSOCKET_EXTENSIONS"


class UpgradeRequired(HTTPException):
    """426: the client speaks another version of the protocol (RFC 6455 section 4.4)."""

    code = 426
    description = "this server speaks version 13 of the WebSocket protocol"

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        return [("Sec-WebSocket-Version", "13"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]


class NotUpgraded(BadRequest):
    """400: a plain request, where a WebSocket is served. Most often a proxy has taken the upgrade's fields away."""

    description = (
        "this server expects a WebSocket upgrade; no Upgrade header arrived; a proxy in between must forward Upgrade "
        "and Connection"
    )


def check(environ: Mapping[str, Any]) -> None:
    """Raise BadRequest or UpgradeRequired unless a WSGI request is an opening handshake (RFC 6455 section 4.2.1).

    Upgrade and Connection are not looked at: Flask calls a WebSocket's route only where they are right.
    """
    if environ["SERVER_PROTOCOL"] != "HTTP/1.1":
        raise BadRequest("an upgrade takes HTTP/1.1")
    if "HTTP_SEC_WEBSOCKET_VERSION" not in environ:
        raise BadRequest("Sec-WebSocket-Version is missing")
    if environ["HTTP_SEC_WEBSOCKET_VERSION"].strip() != "13":
        raise UpgradeRequired()
    try:
        nonce = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except ValueError:
        nonce = b""
    if len(nonce) != 16:
        raise BadRequest("Sec-WebSocket-Key is not 16 bytes in base64")


def accept(
    environ: Mapping[str, Any], deflate: bool, answer_fields: Sequence[tuple[str, str]] = ()
) -> tuple[bytes, Connection, bool]:
    """Return the 101, the connection that it opens, and whether messages are compressed there.

    simple-websocket accepts every offer of compression. Here `deflate` decides. The 101 carries `answer_fields`. Raises
    as `check` does.
    """
    check(environ)
    offers = environ.get(EXTENSIONS, "")
    offered = (accepted_offer(offers) if deflate and offers else None) or ""
    extensions: list[Extension] = [PerMessageDeflate()] if offered else []
    handshake = WSConnection(ConnectionType.SERVER)
    try:
        handshake.initiate_upgrade_connection(fields_of(environ["HTTP_SEC_WEBSOCKET_KEY"], offered), "/")
        added = [(name.encode(), value.encode("latin-1")) for name, value in answer_fields]
        answer = handshake.send(AcceptConnection(extensions=extensions, extra_headers=added))
    except (ProtocolError, ValueError) as error:
        raise BadRequest("the opening handshake cannot be read") from error
    assert handshake.connection is not None
    return answer, handshake.connection, any(extension.enabled() for extension in extensions)


def fields_of(key: str, offered: str) -> list[tuple[bytes, bytes]]:
    """The fields of a handshake, as far as wsproto looks at them."""
    lines = {"Host": "lab", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": key, "Sec-WebSocket-Extensions": offered}  # fmt: skip
    return [(name.encode(), value.strip().encode("latin-1")) for name, value in lines.items() if value]
