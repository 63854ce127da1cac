"""Which token may look at which: the attention masks of the three kinds of transformer.

A mask is a matrix with a row for each token that looks (target) and a column for each it may look at (source); a cell
that is False gets the weight 0. Vaswani et al. 2017 (arXiv:1706.03762, section 3.2.3) uses all three: an encoder sees
everything, a decoder only what is already there, and cross-attention lets a decoder see the whole of the encoder's
text. BERT (arXiv:1810.04805) keeps the first alone, GPT the second.
"""

from typing import Literal

import numpy as np

from playground.errors import BadInput

Kind = Literal["encoder", "decoder", "encoder-decoder"]


def full(targets: int, sources: int | None = None) -> np.ndarray:
    """Every token sees every other: bool (target, source). With ``sources``, cross-attention's rectangle.

    >>> full(2).tolist()
    [[True, True], [True, True]]
    >>> full(1, 3).tolist()
    [[True, True, True]]

    Raises BadInput where there is no token.
    """
    _some(targets, targets if sources is None else sources)
    return np.ones((targets, targets if sources is None else sources), bool)


def causal(tokens: int) -> np.ndarray:
    """A token sees itself and those before it: bool (target, source), the lower triangle.

    >>> causal(3).astype(int).tolist()
    [[1, 0, 0], [1, 1, 0], [1, 1, 1]]
    """
    _some(tokens)
    return np.tril(np.ones((tokens, tokens), bool))


def encoder_decoder(sources: int, targets: int) -> np.ndarray:
    """All of an encoder–decoder's masks in one square: the text that is read, then the one that is written.

    Upper left the encoder (full), lower left cross-attention (full), lower right the decoder (causal); the upper
    right stays empty, because what is read never sees what is written.

    >>> encoder_decoder(2, 2).astype(int).tolist()
    [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    """
    return np.block(
        [[full(sources), np.zeros((sources, targets), bool)], [full(targets, sources), causal(targets)]]
    ).astype(bool)


def of(kind: Kind, tokens: int, written: int = 0) -> np.ndarray:
    """The mask of this kind of model for ``tokens`` it reads (and ``written`` ones, for an encoder–decoder)."""
    if kind == "encoder-decoder":
        return encoder_decoder(tokens, written)
    return causal(tokens) if kind == "decoder" else full(tokens)


def allowed_pairs(mask_TS: np.ndarray) -> int:
    """How many pairs of tokens may look at each other.

    >>> allowed_pairs(causal(4)), allowed_pairs(full(4))
    (10, 16)
    """
    return int(mask_TS.sum())


def leak(attention_HTS: np.ndarray, mask_TS: np.ndarray) -> float:
    """The largest weight that any head of a real map puts on a cell its mask forbids: 0 if the mask is the model's.

    >>> leak(np.array([[[1.0, 0.0], [0.5, 0.5]]]), causal(2)), leak(np.full((1, 2, 2), 0.5), causal(2))
    (0.0, 0.5)

    Raises BadInput where the shapes differ.
    """
    if attention_HTS.shape[-2:] != mask_TS.shape:
        raise BadInput(f"A map of shape {attention_HTS.shape[-2:]}, a mask of {mask_TS.shape}", "They must be alike.")
    return float(np.where(mask_TS, 0.0, attention_HTS).max(initial=0.0))


def _some(*counts: int) -> None:
    if min(counts) < 1:
        raise BadInput("There is no token to look at", "Type something.")
