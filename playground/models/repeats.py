"""A text of random words said twice: where copying shows, because nothing else predicts the second half."""

import numpy as np

from playground.errors import BadInput
from playground.models.lens import Lens

LETTERS = 3  # shorter words are often half of another one
TRIES = 200  # a word; a vocabulary of pieces without plain words would never end


def twice(lens: Lens, words: int, seed: int) -> str:
    """``words`` different random words of the model's vocabulary, each one token, then the same again.

    The test of Olsson et al. 2022 (arXiv:2209.11895), with tokens that a person can read and a text that gives the
    same tokens when it is typed in. The same model, number and seed give the same text.

    Raises BadInput for a vocabulary with too few plain words.
    """
    draw, chosen = np.random.default_rng(seed), dict[int, str]()
    for _ in range(words * TRIES):
        if len(chosen) == words:
            return "".join(chosen.values()) * 2
        token = int(draw.integers(lens.known_tokens))
        word = lens.token_text(token).strip()
        plain = len(word) >= LETTERS and word.isascii() and word.isalpha() and word.islower()
        if plain and lens.encode(f" {word}").ids == (token,):
            chosen[token] = f" {word}"
    raise BadInput(f"{lens.title} has too few words that are one token", "Score the heads on a text of your own.")
