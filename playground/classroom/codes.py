"""A room's code, which is read aloud and typed, and the secrets, which nobody sees.

The code lets anyone in as a student, so it must not be found by trying: 30 letters and digits that can't be taken for
each other, eight of them, and a bound on wrong tries (``limits.ROOM_GUESSES_IN_ALL`` a minute). With every room there
may be, a day of trying without a pause finds one with a chance of

>>> from playground import limits
>>> tries = limits.ROOM_GUESSES_IN_ALL * 60 * 24
>>> f"{tries * limits.ROOMS / POSSIBLE_CODES:.6f}"
'0.000033'

The secret makes a person the one they were: the instructor, or this student. It has 128 random bits, stays in a cookie
of that browser and is in no address; the server keeps only its SHA-256.
"""

import hashlib
import hmac
import secrets

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # without 0 O, 1 I L, U (a V to some)
LENGTH = 8
POSSIBLE_CODES = len(ALPHABET) ** LENGTH


def new_code() -> str:
    """A code nobody can foresee."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def cleaned(typed: str) -> str:
    """The code a person meant, or "" if it can't be one: case, spaces and hyphens do not matter.

    >>> cleaned(" kmtr-4w7p "), cleaned("KMTR 4W7"), cleaned("KMTR4W70")
    ('KMTR4W7P', '', '')
    """
    code = "".join(c for c in typed[:40].upper() if c.isalnum())
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def unknown(typed: str) -> list[str]:
    """The letters and digits typed that no code has, each once.

    >>> unknown("kmtr 4w71"), unknown("O-O0")
    (['1'], ['O', '0'])
    """
    return list(dict.fromkeys(c for c in typed[:40].upper() if c.isalnum() and c not in ALPHABET))


def shown(code: str) -> str:
    """As it is written on the wall.

    >>> shown("KMTR4W7P")
    'KMTR 4W7P'
    """
    return f"{code[: LENGTH // 2]} {code[LENGTH // 2 :]}"


def new_secret() -> str:
    """128 random bits, as text."""
    return secrets.token_urlsafe(16)


def digest(secret: str) -> str:
    """What the server keeps of a secret, and the name a room is stored under."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def matches(secret: str, kept: str) -> bool:
    """Whether ``kept`` is the digest of ``secret``; takes as long for a wrong one as for a right one."""
    return hmac.compare_digest(digest(secret), kept)
