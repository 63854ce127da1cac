"""The same content in many languages: how many more tokens it takes, and what that costs.

The **premium** of a language under a tokenizer is its tokens over those of the same sentences in English (Petrov et
al. 2023, arXiv:2305.15425 §3: "tokenization parity"); users who pay by the token and models with a fixed context
feel it directly (Ahia et al. 2023, arXiv:2305.13707). Summed over all sentences before dividing, so that a long
sentence counts for its length.
"""

import functools
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass

from playground import paths
from playground.core import kv_cache
from playground.core.architectures import Architecture
from playground.core.tokens import Encoding

ENGLISH = "en"


@dataclass(frozen=True)
class Language:
    """One language of the parallel set, and its translations in the set's order."""

    id: str
    name: str
    script: str
    sentences: tuple[str, ...]


@functools.cache
def parallel() -> tuple[Language, ...]:
    """The parallel sentences of ``assets/texts/parallel.toml``, English first.

    >>> languages = parallel()
    >>> languages[0].id, len({len(language.sentences) for language in languages})
    ('en', 1)
    """
    rows = tomllib.loads((paths.ASSETS / "texts" / "parallel.toml").read_text(encoding="utf-8"))["language"]
    return tuple(Language(row["id"], row["name"], row["script"], tuple(row["sentences"])) for row in rows)


@dataclass(frozen=True)
class Count:
    """What one tokenizer makes of one language's sentences."""

    tokens: int
    characters: int
    utf8_bytes: int
    sentences: int
    unknown: int  # tokens that stand for lost text: few tokens are then no compression

    @property
    def tokens_per_sentence(self) -> float:
        """The mean number of tokens of a sentence."""
        return self.tokens / self.sentences

    @property
    def bytes_per_token(self) -> float:
        """UTF-8 bytes a token carries."""
        return self.utf8_bytes / self.tokens if self.tokens else 0.0


def count(encodings: Iterable[Encoding]) -> Count:
    """The sum over a language's sentences.

    >>> from playground.core.tokens import Token
    >>> one = Encoding("t", "ab", (Token(1, "ab", b"ab", 0, 2, 0, 2),), "ab")
    >>> count([one, one]).tokens, count([one, one]).tokens_per_sentence
    (2, 1.0)
    """
    tokens = characters = utf8_bytes = sentences = unknown = 0
    for encoding in encodings:
        tokens += len(encoding.tokens)
        characters += len(encoding.text)
        utf8_bytes += len(encoding.text.encode())
        sentences += 1
        unknown += sum(token.unknown for token in encoding.tokens)
    return Count(tokens, characters, utf8_bytes, sentences, unknown)


def premium(language: Count, english: Count) -> float:
    """How many tokens for each one that English needs for the same content; 0 where English needs none.

    >>> premium(Count(30, 1, 1, 1, 0), Count(10, 1, 1, 1, 0))
    3.0
    """
    return language.tokens / english.tokens if english.tokens else 0.0


@dataclass(frozen=True)
class Cost:
    """A text that is ``english_tokens`` long in English, in another language, inside one model."""

    tokens: int
    kv_cache_bytes: int
    context_share: float  # of the longest text the model was trained for; above 1 it does not fit


def cost(model: Architecture, english_tokens: int, language: Count, english: Count, form: str = "bf16") -> Cost:
    """Tokens, KV-cache bytes and share of the context of that text, its length scaled by the premium, rounded up.

    >>> from playground.core.architectures import architecture
    >>> cost(architecture("gpt2"), 1000, Count(30, 1, 1, 1, 0), Count(10, 1, 1, 1, 0))
    Cost(tokens=3000, kv_cache_bytes=110592000, context_share=2.9296875)
    """
    tokens = -(-english_tokens * language.tokens // max(english.tokens, 1))
    size = kv_cache.cache_bytes(model, tokens, 1, kv_cache.cache_format(form))
    return Cost(tokens, size, tokens / model.context)
