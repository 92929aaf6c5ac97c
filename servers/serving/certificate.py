"""A certificate made on the spot, for TLS on this machine; clients trust the file of its authority."""

import ssl
import tempfile
from pathlib import Path

PEM = b"-----BEGIN CERTIFICATE"


class NotOurs(OSError):
    """The user's fault: the file exists and is no certificate, so it is not overwritten."""


def new_certificate(host: str) -> tuple[bytes, bytes]:
    """Return key and certificate of a server on `host`, and the authority that clients have to trust, both as PEM."""
    import trustme  # here: it loads a library for cryptography, which only TLS needs

    authority = trustme.CA(organization_name="push lab, of this machine only")
    certificate = authority.issue_cert(*dict.fromkeys([host, "127.0.0.1", "::1", "localhost"]))
    return certificate.private_key_and_cert_chain_pem.bytes(), authority.cert_pem.bytes()


def tls_for(host: str) -> tuple[ssl.SSLContext, bytes]:
    """Return the TLS context of a server on `host`, and the authority that clients have to trust, as PEM."""
    key_and_chain, authority = new_certificate(host)
    with tempfile.TemporaryDirectory(prefix="push-lab-") as folder:  # OpenSSL reads keys from files only
        (file := Path(folder) / "server.pem").write_bytes(key_and_chain)
        return context_of(file), authority


def context_of(file: Path) -> ssl.SSLContext:
    """The TLS context of a server whose key and certificate are in a file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def check_free(file: Path) -> None:
    """Raise NotOurs unless a certificate can be written there without harm; OSError if nothing can."""
    if not file.parent.is_dir():
        raise NotOurs(f"--tls {file}: there is no folder {file.parent}")
    if file.exists() and not (file.is_file() and file.read_bytes().startswith(PEM)):
        raise NotOurs(f"--tls {file}: that is something else than a certificate, and is not overwritten")
