"""What was measured of a quantized model, as plain numbers kept in the store: the same question is answered once."""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from playground import limits, paths
from playground.core.quantization import Scheme, scheme_named
from playground.errors import BadInput
from playground.lab import remembered
from playground.models import device
from playground.models.catalogue import catalogue
from playground.models.lens import Lens

REFERENCE, SIXTEEN = scheme_named("fp32"), scheme_named("bf16")
_VERSION = 2  # bump when the measurement changes
_FOLDER = "quantized"


@dataclass(frozen=True)
class Job:
    """What is asked of the model: read a text, continue a prompt."""

    model: str
    prompt_ids: tuple[int, ...]
    text_ids: tuple[int, ...]
    new_tokens: int


@dataclass(frozen=True)
class Measured:
    """One scheme's numbers. KL is from FP32's distribution, in bits; ``first_difference`` counts from 0."""

    scheme: str
    bytes: int
    parameters: int
    arithmetic: str  # what the multiplications ran in
    next_kl_bits: float
    mean_kl_bits: float
    top1_changes: int
    positions: int
    perplexity: float
    continuation: tuple[int, ...]
    ended: bool  # its last token says that the turn is over
    first_difference: int | None
    tokens_per_second: float
    text_seconds: float
    top_ids: tuple[int, ...]
    top_probabilities: tuple[float, ...]

    @property
    def bits_per_weight(self) -> float:
        """Of the whole model, embeddings and scales counted."""
        return 8 * self.bytes / self.parameters


def job(lens: Lens, prompt: str, text: str) -> tuple[Job, tuple[str, ...]]:
    """The question, cut to what this server allows, and notices about the cuts.

    Raises BadInput for an empty prompt, or a text of fewer than two tokens.
    """
    profile = limits.current()
    most = min(limits.QUANTIZED_TEXT_TOKENS, profile.attention_tokens, lens.max_tokens)
    prompt_ids, text_ids = lens.encode(prompt).ids, lens.encode(text).ids
    if not prompt_ids:
        raise BadInput("There is no prompt", "Type what the model should continue.")
    if len(text_ids) < 2:
        raise BadInput("The text is too short to measure perplexity", "It needs two tokens at least.")
    cuts = []
    if len(prompt_ids) > limits.QUANTIZED_PROMPT_TOKENS:
        cuts.append(f"Continuing the last {limits.QUANTIZED_PROMPT_TOKENS} of {len(prompt_ids):,} tokens.")
    if len(text_ids) > most:
        cuts.append(f"Reading the first {most:,} of the text's {len(text_ids):,} tokens.")
    new_tokens = min(limits.QUANTIZED_NEW_TOKENS, profile.new_tokens)
    return (
        Job(lens.model_id, tuple(prompt_ids[-limits.QUANTIZED_PROMPT_TOKENS :]), tuple(text_ids[:most]), new_tokens),
        tuple(cuts),
    )


def known(job: Job, schemes: Iterable[Scheme]) -> dict[str, Measured]:
    """What this machine has measured of the job already, by scheme."""
    found = ((scheme.name, _read(_file(job, scheme.name))) for scheme in schemes)
    return {name: measured for name, measured in found if measured is not None}


def remember(job: Job, measured: Measured) -> None:
    """Keep a result in the store; the oldest go when there are too many."""
    remembered.keep(_file(job, measured.scheme), asdict(measured), limits.QUANTIZED_KEPT)


def _file(job: Job, scheme: str) -> Path:
    asked = [_VERSION, catalogue()[job.model].pin, scheme, device.cpu_kind(), device.describe(), asdict(job)]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    return paths.home() / _FOLDER / f"{digest[:32]}.json"


def _read(path: Path) -> Measured | None:
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        lists = {name: tuple(read[name]) for name in ("continuation", "top_ids", "top_probabilities")}
        return Measured(**{field.name: read[field.name] for field in fields(Measured)} | lists)
    return None
