"""What each byte of UTF-8 says: how many bytes the character has, or that it goes on (RFC 3629, section 3)."""

from typing import NamedTuple

_LEADS = {2: 0b110, 3: 0b1110, 4: 0b11110}


class Byte(NamedTuple):
    """One byte: ``marker`` are the bits that say what it is, ``payload`` the bits of the character's number."""

    value: int
    marker: str
    payload: str
    meaning: str


def bytes_of(data: bytes) -> tuple[Byte, ...]:
    """Each byte by itself, as a reader of UTF-8 sees it.

    >>> [(f"{b.value:02X}", b.marker, b.payload) for b in bytes_of("é!".encode())]
    [('C3', '110', '00011'), ('A9', '10', '101001'), ('21', '0', '0100001')]
    >>> bytes_of(b"\\xff")[0].meaning
    'never part of UTF-8'
    """
    return tuple(map(_byte, data))


def _byte(value: int) -> Byte:
    bits = f"{value:08b}"
    if value < 0x80:
        return Byte(value, bits[:1], bits[1:], "a character of one byte (ASCII)")
    if value < 0xC0:
        return Byte(value, bits[:2], bits[2:], "goes on with a character begun before")
    for length, marker in _LEADS.items():
        if value >> (7 - length) == marker and 0xC2 <= value <= 0xF4:
            return Byte(value, bits[: length + 1], bits[length + 1 :], f"begins a character of {length} bytes")
    return Byte(value, bits, "", "never part of UTF-8")
