"""A text read and rewritten greedily by an encoder–decoder: every step, and where each one looked."""

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from playground import limits
from playground.core import heads
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step
from playground.core.visible import visible
from playground.errors import BadInput
from playground.models import seq2seq, store
from playground.models.catalogue import catalogue
from playground.models.lens import Lens

GREEDY = SamplingSettings(temperature=0.0)


class Translation(NamedTuple):
    """What was read, what was fed to the decoder at each step, what it wrote, and all three kinds of attention."""

    source_ids: tuple[int, ...]
    source: tuple[str, ...]  # as shown
    target_ids: tuple[int, ...]  # fed: the start token, then what it had written
    target: tuple[str, ...]
    steps: tuple[Step, ...]
    maps: seq2seq.Maps
    written: str
    notices: tuple[str, ...]

    @property
    def least_sure(self) -> Step:
        """The step whose token had the smallest probability."""
        return min(self.steps, key=lambda step: step.probability)

    def cross(self, layer: int, head: int | None) -> np.ndarray:
        """Cross-attention of a decoder layer's head, or its heads' average: (written token, read token)."""
        layer_HTS = self.maps.cross_LHTS[layer]
        found: np.ndarray = layer_HTS.mean(0) if head is None else layer_HTS[head]
        return found


class Training(NamedTuple):
    """How a bundled model was trained, as it was written down then."""

    steps: int
    accuracy: float  # share of held-out texts that came out exactly right


def training(model_id: str) -> Training | None:
    """The record beside the model's weights; None for a model that came without one."""
    path = store.folder_of(catalogue()[model_id]) / "training.json"
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return Training(int(told["steps"]), float(told["accuracy"]))


def translate(lens: Lens, text: str, longest: int = limits.HEATMAP_TOKENS) -> Translation:
    """The text's first ``longest`` tokens, rewritten token by token until the end of the sequence.

    Raises BadInput for a model of another kind, and for no text.
    """
    if not text:
        raise BadInput("There is nothing to read", "Type something.")
    encoding = seq2seq.encode_source(lens, text)
    longest = min(longest, lens.max_tokens)
    fits = len(encoding.tokens) <= longest
    tokens, cut = heads.first_tokens(encoding.tokens, longest if fits else longest - 1)
    unknown = sorted({encoding.text[t.start : t.end] for t in tokens if t.unknown})
    strange = (f"Not in its alphabet, read as “unknown”: {' '.join(map(visible, unknown))[:80]}",) if unknown else ()
    source_ids = seq2seq.ended(lens, [token.id for token in tokens])
    steps = tuple(seq2seq.generate(lens, source_ids, GREEDY, limits.TARGET_TOKENS))
    target_ids = (*seq2seq.start_ids(lens), *(step.id for step in steps[:-1]))
    return Translation(
        source_ids,
        tuple(visible(t.text, t.raw) for t in tokens) + tuple(map(lens.token_label, source_ids[len(tokens) :])),
        target_ids,
        tuple(map(lens.token_label, target_ids)),
        steps,
        seq2seq.maps(lens, source_ids, target_ids),
        lens.decode([step.id for step in steps]),
        (*encoding.notices, *cut, *strange),
    )


def target_of(lens: Lens, source_ids: Sequence[int]) -> tuple[int, ...]:
    """What an encoder–decoder writes for these ids, its end left out; nothing for a model of another kind."""
    if lens.kind != "encoder-decoder":
        return ()
    steps = seq2seq.generate(lens, seq2seq.ended(lens, source_ids), GREEDY, limits.TARGET_TOKENS)
    return tuple(step.id for step in steps)[:-1]
