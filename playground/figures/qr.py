"""A QR code as an SVG picture: black on white in both themes, with its quiet zone, for a phone across the room."""

import html

import segno

LARGEST_VERSION = 22  # 105 modules a side, up to 1,003 bytes: what a phone still reads from a projected screen


def picture(text: str, alt: str) -> str | None:
    """The code with four modules of white around it, as ISO/IEC 18004 asks; None where the text needs a larger one.

    >>> picture("http://localhost/zero?stage=3", "a link")[:70]
    '<img class="qr" alt="a link" src="data:image/svg+xml;charset=utf-8,%3C'

    >>> picture("x" * 3_000, "too long") is None
    True
    """
    try:
        code = segno.make(text, error="l", boost_error=True, micro=False, version=None)
    except segno.DataOverflowError:
        return None
    if int(code.version) > LARGEST_VERSION:
        return None
    uri = code.svg_data_uri(border=4, dark="#000", light="#fff", scale=4)
    return f'<img class="qr" alt="{html.escape(alt)}" src="{uri}" style="width:100%;max-width:19rem">'
