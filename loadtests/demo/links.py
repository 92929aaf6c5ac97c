"""The links that the demonstration prints, as text and as QR codes."""

import io
from typing import TextIO

import qrcode
import qrcode.image.svg


def qr_svg(text: str) -> bytes:
    """A QR code as an SVG picture, black on white."""
    picture = io.BytesIO()
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=2).save(picture)
    return picture.getvalue()


def print_qr(text: str, to: TextIO) -> None:
    """Draw a QR code in a terminal."""
    code = qrcode.QRCode(border=1)
    code.add_data(text)
    code.print_ascii(out=to, invert=True)
