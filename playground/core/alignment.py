"""Characters, their UTF-8 bytes and the tokens over them, cut into blocks where all three rows end together.

A block is the smallest piece of text in which no character and no token is cut: one token for common English,
many tokens for a family emoji, one character with three tokens for a Hindi letter a vocabulary does not know.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from playground.core.tokens import Encoding, Token


@dataclass(frozen=True)
class Block:
    """Some characters in a row and the tokens made of them; either may be none.

    No characters: the tokenizer added the token. No tokens: it left the characters out.
    """

    characters: str
    tokens: tuple[Token, ...]
    byte_start: int  # where the block begins in the text's UTF-8
    first_token: int  # the index of the first of ``tokens``

    @property
    def one_to_one(self) -> bool:
        """Whether each byte belongs to exactly one token, so that tokens can be drawn over their bytes."""
        bounds = [self.byte_start, *(token.byte_end for token in self.tokens)]
        contiguous = all(token.byte_start == bound for token, bound in zip(self.tokens, bounds, strict=False))
        return contiguous and bounds[-1] == self.byte_start + len(self.characters.encode())


def blocks(encoding: Encoding, max_tokens: int) -> tuple[Block, ...]:
    """The text up to its ``max_tokens``-th token, cut into blocks in order.

    >>> halves = Token(2, "", b"\\xc3", 1, 2, 1, 2), Token(3, "", b"\\xa9", 1, 2, 2, 3)
    >>> encoding = Encoding("x", "aé!", (Token(1, "a", b"a", 0, 1, 0, 1), *halves), "aé")
    >>> [(block.characters, len(block.tokens)) for block in blocks(encoding, 10)]
    [('a', 1), ('é', 2), ('!', 0)]
    """
    tokens = tuple(encoding.tokens[:max_tokens])
    groups: list[list[int]] = []  # start and end in characters, first and last token
    reached = 0
    for index, token in enumerate(tokens):
        if token.added:
            groups.append([reached, reached, index, index + 1])
        elif groups and token.start < groups[-1][1]:
            groups[-1][1:] = [max(token.end, reached), groups[-1][2], index + 1]
        else:
            if token.start > reached:
                groups.append([reached, token.start, index, index])
            groups.append([token.start, token.end, index, index + 1])
        reached = groups[-1][1]
    if reached < len(encoding.text) and len(tokens) == len(encoding.tokens):
        groups.append([reached, len(encoding.text), len(tokens), len(tokens)])

    result, byte_start = [], 0
    for start, end, first, last in groups:
        result.append(Block(encoding.text[start:end], tokens[first:last], byte_start, first))
        byte_start += len(encoding.text[start:end].encode())
    return tuple(result)


def cut_characters(tokens: Sequence[Token]) -> int:
    """How many characters are shared by two or more tokens: cut somewhere inside their bytes.

    >>> cut_characters((Token(2, "", b"\\xc3", 1, 2, 1, 2), Token(3, "", b"\\xa9", 1, 2, 2, 3)))
    1
    """
    placed = [token for token in tokens if not token.added]
    return len({left.end - 1 for left, right in pairwise(placed) if right.start < left.end})
