"""Attention rollout: how much of each token's state after some layers can be traced back to each token of the text.

A head's map says what one layer mixes. Rollout multiplies the layers: if layer 1 gives "it" half of "animal" and
layer 2 gives "tired" half of "it", then "tired" holds a quarter of "animal" by that way. It leaves out the
feed-forward blocks and what the values say, so it traces where information *could* have come from.
"""

import numpy as np

from playground.errors import BadInput

RESIDUAL = 0.5  # half of a layer's output is taken to be the token itself, which the residual stream carries along


def rollout(attention_LHTS: np.ndarray, residual: float = RESIDUAL) -> np.ndarray:
    """After each layer, the share of each token (column) in each token's state (row): (layer, target, source).

    R₀ = A₀, R_l = A_l · R_{l−1}, where A_l is the mean of layer l's heads, (1 − r)·mean + r·I, every row summing to 1
    (Abnar & Zuidema 2020, arXiv:2005.00928, section 3, with r = 0.5). A row of a map that is all zeros counts as a
    token that looks at itself.

    >>> even = np.full((2, 1, 2, 2), 0.5)
    >>> rollout(even)[0].tolist(), rollout(even)[1].tolist()
    ([[0.75, 0.25], [0.25, 0.75]], [[0.625, 0.375], [0.375, 0.625]])

    Raises BadInput for maps that are not square.
    """
    layers, _, targets, sources = attention_LHTS.shape
    if targets != sources:
        raise BadInput(f"{targets} queries, {sources} keys", "Rollout needs self-attention, with as many of each.")
    itself_TS = np.eye(targets)
    flow_TS, flows_LTS = itself_TS, np.empty((layers, targets, sources))
    for layer in range(layers):
        mean_TS = attention_LHTS[layer].astype(np.float64).mean(0)
        sums_T = mean_TS.sum(-1, keepdims=True)
        mixed_TS = np.where(sums_T > 0, mean_TS / np.where(sums_T > 0, sums_T, 1), itself_TS)
        flow_TS = ((1 - residual) * mixed_TS + residual * itself_TS) @ flow_TS
        flows_LTS[layer] = flow_TS
    return flows_LTS
