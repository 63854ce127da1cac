"""A QR code as SVG: black on white in both themes, with its quiet zone, for a phone at the back of a room."""

import html

import segno

LARGEST_VERSION = 22  # 105 modules a side, up to 1,003 bytes: what a phone still reads from a projected screen


def svg(text: str, alt: str) -> str | None:
    """The code with four modules of white around it, as ISO/IEC 18004 asks; None where the text needs a larger one.

    >>> "viewBox" in svg("http://localhost/zero?stage=3", "a link")
    True
    >>> svg("x" * 3_000, "too long") is None
    True
    """
    try:
        code = segno.make(text, error="l", boost_error=True, micro=False, version=None)
    except segno.DataOverflowError:
        return None
    if int(code.version) > LARGEST_VERSION:
        return None
    drawn = code.svg_inline(border=4, dark="#000", light="#fff", omitsize=True)
    label = f'role="img" aria-label="{html.escape(alt)}"'
    return f'<div class="qr" {label} style="max-width:300px;line-height:0">{drawn}</div>'
