"""A chat is one text: a template writes each message between control tokens, and a model reads tokens, not messages.

The control tokens are what separates the messages. If a tokenizer also recognises them in what a *person* typed,
that person can end their own message and begin another, as anyone: prompt injection at the level of ids.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from playground import limits
from playground.core.tokens import Token
from playground.errors import BadInput

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


@dataclass(frozen=True)
class Message:
    """Who says what."""

    role: str
    content: str


def check(messages: Sequence[Message]) -> None:
    """Raises BadInput for no message, too many, too long a text, or a role that is none of ``ROLES``."""
    if not 1 <= len(messages) <= limits.CHAT_TURNS:
        raise BadInput(f"{len(messages)} messages can't be rendered", f"Give it 1 to {limits.CHAT_TURNS}.")
    for message in messages:
        if message.role not in ROLES:
            raise BadInput(f"{message.role[:30]!r} is not a role", f"Choose one of: {', '.join(ROLES)}.")
        if len(message.content) > limits.PROMPT_CHARACTERS:
            raise BadInput("A message is too long", f"Cut it to {limits.PROMPT_CHARACTERS:,} characters.")


class Turn(NamedTuple):
    """One stretch as the model reads it: a message (its role, its text, whether it was ended), or text outside any."""

    role: str  # empty outside every message
    text: str
    ended: bool


def read(tokens: Iterable[Token], start: str = "<|im_start|>", end: str = "<|im_end|>") -> list[Turn]:
    """The turns between the control tokens; a message's first line is its role. White space between is left out.

    >>> def token(text, special=False): return Token(0, text, text.encode(), 0, 0, 0, 0, special)
    >>> read([token("<|im_start|>", True), token("user\\nHi"), token("<|im_end|>", True), token(" there")])
    [Turn(role='user', text='Hi', ended=True), Turn(role='', text=' there', ended=False)]
    """
    turns: list[Turn] = []
    inside, raw = False, b""

    def close(ended: bool) -> None:
        text = raw.decode(errors="replace")
        role, _, content = text.partition("\n") if inside else ("", "", text)
        if inside or text.strip():
            turns.append(Turn(role, content, ended))

    for token in tokens:
        if token.special and token.text in (start, end):
            close(inside and token.text == end)
            inside, raw = token.text == start, b""
        else:
            raw += token.raw
    close(False)
    return turns
