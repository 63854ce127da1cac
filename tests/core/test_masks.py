"""The masks, against the rule "may i look at j" asked cell by cell."""

import numpy as np
import pytest

from playground.core import masks
from playground.errors import BadInput


@pytest.mark.parametrize("tokens", [1, 2, 7])
def test_a_decoder_looks_back_an_encoder_everywhere(tokens: int) -> None:
    for target in range(tokens):
        for source in range(tokens):
            assert masks.causal(tokens)[target, source] == (source <= target)
            assert masks.full(tokens)[target, source]
    assert masks.allowed_pairs(masks.causal(tokens)) == tokens * (tokens + 1) // 2


@pytest.mark.parametrize(("sources", "targets"), [(1, 1), (3, 2), (2, 5)])
def test_the_four_quarters_of_an_encoder_decoder(sources: int, targets: int) -> None:
    mask = masks.encoder_decoder(sources, targets)
    for target in range(sources + targets):
        for source in range(sources + targets):
            reads = target < sources
            expected = source < sources if reads else source < sources or source <= target
            assert mask[target, source] == expected


def test_a_weight_on_a_forbidden_cell_is_found() -> None:
    maps = np.zeros((2, 3, 3))
    maps[1, 0, 2] = 0.25
    assert masks.leak(maps, masks.causal(3)) == 0.25 and masks.leak(maps, masks.full(3)) == 0
    with pytest.raises(BadInput):
        masks.leak(maps, masks.causal(4))


@pytest.mark.parametrize("make", [lambda: masks.full(0), lambda: masks.full(2, 0), lambda: masks.causal(0)])
def test_no_token_is_refused(make) -> None:
    with pytest.raises(BadInput, match="no token"):
        make()
