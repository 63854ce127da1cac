"""The letters byte-level BPE files write bytes with: ``Ġ`` for a space, ``Ċ`` for a line end.

Printable Latin-1 bytes stand for themselves, the other 68 are moved to U+0100 and up (``bytes_to_unicode`` in
GPT-2's encoder.py, openai/gpt-2, 2019).
"""

_PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
_MOVED = [byte for byte in range(256) if byte not in _PRINTABLE]
BYTE_OF_GLYPH: dict[str, int] = {chr(byte): byte for byte in _PRINTABLE} | {
    chr(0x100 + index): byte for index, byte in enumerate(_MOVED)
}


def bytes_of(piece: str) -> bytes:
    """The bytes a vocabulary's piece stands for; KeyError for a letter that stands for no byte.

    >>> bytes_of("Ġworld"), bytes_of("ðŁĺĢ").decode()
    (b' world', '😀')
    """
    return bytes(BYTE_OF_GLYPH[glyph] for glyph in piece)
