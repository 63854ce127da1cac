"""Which map is looked at: one head, the mean of a layer's heads or the rollout; and how its weights are counted.

Shapes: L layers, H heads, T targets (queries), S sources (keys), K the tokens that are kept.
"""

from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from playground.core.rollout import rollout
from playground.core.tokens import Token
from playground.errors import BadInput

Which = Literal["head", "mean", "rollout"]
Variant = Literal["plain", "no-sink", "values"]
WHICH: tuple[Which, ...] = get_args(Which)
VARIANTS: tuple[Variant, ...] = get_args(Variant)
EMPTY = 2**-8  # a row with less than this left is the rounding of bf16, not a look


class Map(NamedTuple):
    """A map as it is shown: rows summing to 1 (NaN where nothing is left), of the tokens at these positions."""

    weights_KK: np.ndarray
    positions: tuple[int, ...]
    left_out: float  # the share of the attention that went to tokens left out, mean over the kept rows


def combined(attention_LHTS: np.ndarray, which: Which, layer: int, head: int) -> np.ndarray:
    """(target, source): the head's map, its layer's mean over the heads, or the rollout of layers 0 to ``layer``.

    >>> maps = np.array([[[[1, 0], [1, 0]], [[1, 0], [0, 1]]]])
    >>> combined(maps, "mean", 0, 0).tolist()
    [[1.0, 0.0], [0.5, 0.5]]
    """
    if which == "rollout":
        flow_TS: np.ndarray = rollout(attention_LHTS[: layer + 1])[-1]
        return flow_TS
    heads_HTS = attention_LHTS[layer].astype(np.float64)
    shown_TS: np.ndarray = heads_HTS[head] if which == "head" else heads_HTS.mean(0)
    return shown_TS


def shares(weights_TS: np.ndarray, least: float = 0.0) -> np.ndarray:
    """Each row (last axis) divided by its sum; NaN where the sum is not above ``least``.

    >>> shares(np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [nan, nan]]
    """
    sums = weights_TS.sum(-1, keepdims=True)
    there = sums > least
    return np.where(there, weights_TS / np.where(there, sums, 1), np.nan)


def sink_positions(tokens: Sequence[Token]) -> frozenset[int]:
    """Where heads leave attention they have no use for: the first token, and marks the tokenizer added ([CLS], [SEP]).

    Xiao et al. 2023 (arXiv:2309.17453) for decoders; Clark et al. 2019 (arXiv:1906.04341, 3.2) for BERT's marks.
    """
    return frozenset({0} | {i for i, token in enumerate(tokens) if token.added})


def kept_positions(tokens: int, sinks: Collection[int]) -> tuple[int, ...]:
    """The positions that are no sink. Raises BadInput where none is left."""
    kept = tuple(t for t in range(tokens) if t not in sinks)
    if not kept:
        raise BadInput("Without its sink this text has no token left", "Show all weights, or take a longer text.")
    return kept


def weighed(attention_LHTS: np.ndarray, norms_LHS: np.ndarray | None) -> np.ndarray:
    """Each weight times the length of what it lets through: α_ts · ‖v_s W_O‖, not yet shares.

    A head adds Σ_s α_ts v_s W_O to token t's state, so a large weight on a vector of length 0 adds nothing
    (Kobayashi et al. 2020, arXiv:2004.10102, section 3). ``norms_LHS`` has the length for each layer, head and source.
    """
    if norms_LHS is None:
        raise BadInput("The lengths of the values are missing", "Ask the model for them first.")
    return attention_LHTS.astype(np.float64) * norms_LHS[:, :, None, :]


def looked_at(
    attention_LHTS: np.ndarray,
    which: Which,
    layer: int,
    head: int,
    variant: Variant = "plain",
    *,
    norms_LHS: np.ndarray | None = None,
    sinks: Collection[int] = (0,),
) -> Map:
    """The map that was asked for.

    ``no-sink`` leaves the tokens at ``sinks`` out of the finished map, as rows and as columns, and divides what is left
    of each row by its sum; in a layer's mean a head that leaves little has little say. ``values`` weighs every head's
    map before heads or layers are put together, so that a head whose values are long has more to say in the mean;
    then each row is divided by its sum (the paper compares the lengths themselves).

    >>> maps = np.array([[[[1, 0, 0], [0.8, 0.2, 0], [0.5, 0.1, 0.4]]]])
    >>> looked_at(maps, "head", 0, 0, "no-sink").weights_KK.round(3).tolist()
    [[1.0, 0.0], [0.2, 0.8]]
    """
    tokens = attention_LHTS.shape[-1]
    everything = tuple(range(tokens))
    if variant == "plain":
        return Map(combined(attention_LHTS, which, layer, head), everything, 0.0)
    if variant == "values":
        return Map(shares(combined(weighed(attention_LHTS, norms_LHS), which, layer, head)), everything, 0.0)
    kept = kept_positions(tokens, sinks)
    left_KK = combined(attention_LHTS, which, layer, head)[np.ix_(kept, kept)]
    left_out = float(np.clip(1 - left_KK.sum(-1), 0, 1).mean())
    return Map(shares(left_KK, 0.0 if which == "rollout" else EMPTY), kept, left_out)


def of_all_heads(
    attention_LHTS: np.ndarray,
    variant: Variant,
    *,
    norms_LHS: np.ndarray | None = None,
    sinks: Collection[int] = (0,),
) -> tuple[np.ndarray, tuple[int, ...]]:
    """Every head's map under ``variant``, zeros where nothing is left, and the positions it shows."""
    tokens = attention_LHTS.shape[-1]
    if variant == "no-sink":
        kept = kept_positions(tokens, sinks)
        return np.nan_to_num(shares(attention_LHTS[:, :, kept][..., kept].astype(np.float64), EMPTY)), kept
    shown = np.nan_to_num(shares(weighed(attention_LHTS, norms_LHS))) if variant == "values" else attention_LHTS
    return shown, tuple(range(tokens))
