"""The two heads that Lubbers & Greco print: "HTML5 Web Sockets: A Quantum Leap in Scalability for the Web", 2010.

Examples 2 and 3 (websocket.org): what a stock page sent with each poll, and what it got. The lines were written by
Firefox 3.5 and an application server; here each is as on the wire, where the article's page had broken some.
"""

from __future__ import annotations

Fields = tuple[tuple[str, str], ...]

INHERITED = ("Constant", "ProtectedConstant", "Property", "ProtectedProperty", "Method", "ProtectedMethod", "Event",
             "Style", "Effect")  # fmt: skip
REQUEST_FIELDS: Fields = (
    ("User-Agent", "Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.9.1.5) Gecko/20091102 Firefox/3.5.5"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    ("Accept-Language", "en-us"),
    ("Accept-Encoding", "gzip,deflate"),
    ("Accept-Charset", "ISO-8859-1,utf-8;q=0.7,*;q=0.7"),
    ("Keep-Alive", "300"),
    ("Connection", "keep-alive"),
    ("Referer", "http://www.example.com/PollingStock/"),
    ("Cookie", "; ".join(f"showInherited{name}=false" for name in INHERITED)),
)
ADDED_FIELDS: Fields = (("X-Powered-By", "Servlet/2.5"), ("Server", "Sun Java System Application Server 9.1_02"))
"""What the article's server adds to each response, beside what any server says of it."""

REQUEST = ("GET /PollingStock//PollingStock HTTP/1.1", (("Host", "localhost:8080"), *REQUEST_FIELDS))
RESPONSE = (
    "HTTP/1.x 200 OK",
    (*ADDED_FIELDS, ("Content-Type", "text/html;charset=UTF-8"), ("Content-Length", "21"),
     ("Date", "Sat, 07 Nov 2009 00:32:46 GMT")),
)  # fmt: skip
"""Start line and field lines."""
