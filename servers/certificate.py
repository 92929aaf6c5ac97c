"""A certificate made on the spot, for TLS on this machine; clients trust it by the file of its authority."""

import ssl
from pathlib import Path

import trustme


def tls_for(host: str, authority_file: Path) -> ssl.SSLContext:
    """Return what a server of `host` speaks TLS with; who is to trust it finds the authority in `authority_file`."""
    authority = trustme.CA(organization_name="push lab, of this machine only")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*dict.fromkeys([host, "127.0.0.1", "::1", "localhost"])).configure_cert(context)
    authority.cert_pem.write_to_path(str(authority_file))
    return context
