"""A certificate made on the spot, for TLS on this machine; clients trust the file of its authority."""

import ssl
from pathlib import Path

import trustme

PEM = b"-----BEGIN CERTIFICATE"


class NotOurs(OSError):
    """The user's fault: the file exists and is no certificate, so it is not overwritten."""


def tls_for(host: str) -> tuple[ssl.SSLContext, bytes]:
    """Return the TLS context of a server on `host`, and the authority that clients have to trust, as PEM."""
    authority = trustme.CA(organization_name="push lab, of this machine only")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys([host, "127.0.0.1", "::1", "localhost"])).configure_cert(context)
    return context, authority.cert_pem.bytes()


def check_free(file: Path) -> None:
    """Raise NotOurs unless a certificate can be written there without harm; OSError if nothing can."""
    if not file.parent.is_dir():
        raise NotOurs(f"--tls {file}: there is no folder {file.parent}")
    if file.exists() and not (file.is_file() and file.read_bytes().startswith(PEM)):
        raise NotOurs(f"--tls {file}: that is something else than a certificate, and is not overwritten")
