"""Precision one can feel: the same model with its weights in FP32, BF16, INT4 …, and what that does to its answers.

One extra copy of the weights, in FP32, is made for the whole server and filled anew for each scheme; the shared model
is only read. FP32, BF16 and FP16 run in that arithmetic. The other schemes are *simulated*: each weight is rounded as
the scheme stores it, then multiplied as FP32, so what changes is the answer, not the speed.

The layers' matrices are quantized; embeddings, norms and biases stay in 16 bit, as bitsandbytes, GPTQ and AWQ do it.
"""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch

from playground import limits
from playground.core.quantization import Scheme
from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput, ModelBusy
from playground.lab import quantized_results
from playground.lab.quantized_copy import ARITHMETIC, RoundedCopy
from playground.lab.quantized_results import Job, Measured
from playground.models import forward
from playground.models import lens as lenses
from playground.models.catalogue import catalogue
from playground.models.worker import OnWait, quietly

T = TypeVar("T")
_one_copy = threading.Lock()
_CHUNK = 64  # positions whose logits are there at once
_NATS_PER_BIT = float(np.log(2))


class Step(NamedTuple):
    """Where the measurement is: ``share`` of it done, what is under way, and a scheme's result once it is there."""

    share: float
    doing: str
    result: Measured | None = None


def measure(
    job: Job, schemes: Sequence[Scheme], owner: str = "cli", on_wait: OnWait = quietly, *, again: bool = False
) -> Iterator[Step]:
    """The job under each scheme, step by step; leaving the loop stops it and frees the copy.

    What was measured before on this machine is answered from the store unless asked for ``again``. FP32 is always
    measured first: it is what the others are compared with. Everything runs in small jobs on the model's own worker,
    so that other readers' requests are served in between.

    Raises BadInput for a model that predicts no token or is too large, ModelBusy when others measure for too long.
    """
    known = {} if again else quantized_results.known(job, schemes)
    wanted = [scheme for scheme in schemes if scheme.name not in known]
    for found in known.values():
        yield Step(0.0, "measured before", found)
    if not wanted:
        return
    order = [*(s for s in wanted if s.name == "fp32"), *(s for s in wanted if s.name != "fp32")]
    if order[0].name != "fp32":
        order.insert(0, quantized_results.REFERENCE)
    yield from _waited()
    experiment = None
    try:
        with lenses.shared()[0].lease(catalogue()[job.model], owner) as loaded:
            check(loaded)
            experiment = _Experiment(loaded, job, owner, on_wait)
            for index, scheme in enumerate(order):
                for share, doing in experiment.fill(scheme):
                    yield Step((index + 0.5 * share) / len(order), doing)
                for share, doing in experiment.run(scheme):
                    yield Step((index + 0.5 + 0.5 * share) / len(order), doing)
                result = experiment.result(scheme)
                quantized_results.remember(job, result)
                yield Step((index + 1) / len(order), f"{scheme.title} measured", result)
    finally:
        if experiment is not None:
            experiment.close()
        _one_copy.release()


def check(loaded: Any) -> None:
    """Raises BadInput for an encoder, or a model whose copy would be too large."""
    if loaded.entry.kind != "decoder":
        raise BadInput(f"{loaded.entry.title} predicts no next token", "It is an encoder: choose a decoder model.")
    if loaded.parameters > limits.QUANTIZED_PARAMETERS:
        raise BadInput(f"{loaded.entry.title} is too large to be copied here", "Choose a smaller model.")


def _waited() -> Iterator[Step]:
    started = time.monotonic()
    while not _one_copy.acquire(timeout=0.2):
        waited = time.monotonic() - started
        if waited > limits.QUANTIZED_WAIT_S:
            raise ModelBusy("Another reader is still measuring", "Try again in a minute.")
        yield Step(0.0, "Waiting: another reader is measuring")


@dataclass
class _Reference:
    """What FP32 said: log-probabilities after every token of the text, and of the prompt."""

    text: torch.Tensor  # (position, vocabulary)
    prompt: torch.Tensor  # (vocabulary,)
    continuation: tuple[int, ...]


class _Experiment:
    """The one copy, and what is measured with it."""

    def __init__(self, loaded: Any, job: Job, owner: str, on_wait: OnWait) -> None:
        self._loaded, self._job, self._owner, self._on_wait = loaded, job, owner, on_wait
        self._reference: _Reference | None = None
        self._rounded = RoundedCopy(loaded, self._on_worker)
        self._copy = self._rounded.model
        self._measured: dict[str, Any] = {}

    def _on_worker(self, work: Callable[[], T]) -> T:
        handle = self._loaded.worker.submit(work, owner=self._owner, deadline_s=limits.QUANTIZED_WAIT_S)
        answer: T = handle.wait(self._on_wait)
        return answer

    def close(self) -> None:
        """Free the copy now: the worker may still hold the last job, and through it this experiment."""
        self._rounded.close()
        del self._copy
        self._reference, self._measured = None, {}
        gc.collect()

    def fill(self, scheme: Scheme) -> Iterator[tuple[float, str]]:
        """The scheme's weights into the copy, a layer at a time."""
        for share in self._rounded.fill(scheme):
            yield share, f"{scheme.title}: rounding the weights"

    def run(self, scheme: Scheme) -> Iterator[tuple[float, str]]:
        """Read the text, then the prompt, then continue it greedily to the end of the turn."""
        steps = self._job.new_tokens + 2
        started = time.perf_counter()
        text = self._on_worker(lambda: self._read_text(scheme.name == "fp32"))
        yield 1 / steps, f"{scheme.title}: reading the text"
        seconds = time.perf_counter() - started
        prompt_V = self._on_worker(lambda: torch.from_numpy(forward.next_logits(self._copy, self._job.prompt_ids)))
        prompt_V = prompt_V.log_softmax(-1)
        end = self._copy.generation_config.eos_token_id
        stops = frozenset([end] if isinstance(end, int) else end or ())
        row = forward.Generation(
            list(self._job.prompt_ids), SamplingSettings(temperature=0.0), self._job.new_tokens, 0, stops
        )
        ids: list[int] = []
        times: list[float] = []
        while len(ids) < self._job.new_tokens and not stops.intersection(ids):
            token, took = self._on_worker(lambda: self._next(row))
            ids.append(token)
            times.append(took)
            yield (len(ids) + 2) / steps, f"{scheme.title}: continuing the prompt"
        if scheme.name == "fp32":
            self._reference = _Reference(text["logs"], prompt_V, tuple(ids))
        said = {"ids": ids, "ended": bool(stops.intersection(ids)), "times": times[1:] or times}
        self._measured = {"text": text, "prompt_V": prompt_V, "text_seconds": seconds, **said}

    def _next(self, row: forward.Generation) -> tuple[int, float]:
        started = time.perf_counter()
        (step,) = forward.step_rows(self._copy, [row], shared=False)
        if isinstance(step, Exception):
            raise step
        return step[0].id, time.perf_counter() - started

    def _read_text(self, keep: bool) -> dict[str, Any]:
        """Surprise, change of the first choice and KL after every token of the text, a few positions at a time."""
        ids = torch.tensor(self._job.text_ids, device=self._copy.device)
        surprise = torch.empty(len(ids) - 1)
        divergence, changed = torch.zeros(len(ids)), 0
        kept_NV = torch.empty(len(ids), self._copy.config.vocab_size) if keep else None
        with torch.inference_mode():
            hidden_ND = self._copy.base_model(ids[None], use_cache=False).last_hidden_state[0]
            for start in range(0, len(ids), _CHUNK):
                logits_NV = self._copy.get_output_embeddings()(hidden_ND[start : start + _CHUNK]).float()
                log_NV = logits_NV.log_softmax(-1).cpu()
                following = ids[start + 1 : start + 1 + _CHUNK].cpu()
                surprise[start : start + len(following)] = -log_NV[torch.arange(len(following)), following]
                if self._reference is not None:
                    before_NV = self._reference.text[start : start + _CHUNK]
                    divergence[start : start + _CHUNK] = _kl_bits(before_NV, log_NV)
                    changed += int((before_NV.argmax(-1) != log_NV.argmax(-1)).sum())
                if kept_NV is not None:
                    kept_NV[start : start + _CHUNK] = log_NV
        return {"surprise": surprise, "divergence": divergence, "changed": changed, "logs": kept_NV}

    def result(self, scheme: Scheme) -> Measured:
        """Everything measured under this scheme, as plain numbers."""
        assert self._reference is not None
        got, reference = self._measured, self._reference
        ids = tuple(got["ids"])
        # Where one has ended and the other has not, the end itself is the other token.
        differs = next((i for i, (a, b) in enumerate(zip(ids, reference.continuation, strict=False)) if a != b), None)
        probability_V = got["prompt_V"].exp()
        best = probability_V.topk(5)
        return Measured(
            scheme=scheme.name,
            bytes=int(-(-self._rounded.bits // 8)),
            parameters=int(self._loaded.parameters),
            arithmetic=scheme.name if scheme.name in ARITHMETIC else "fp32",
            next_kl_bits=float(_kl_bits(reference.prompt[None], got["prompt_V"][None])[0]),
            mean_kl_bits=float(got["text"]["divergence"].mean()),
            top1_changes=got["text"]["changed"],
            positions=len(self._job.text_ids),
            perplexity=float(got["text"]["surprise"].double().mean().exp()),
            continuation=ids,
            ended=got["ended"],
            first_difference=differs,
            tokens_per_second=1 / float(np.median(got["times"])),
            text_seconds=got["text_seconds"],
            top_ids=tuple(best.indices.tolist()),
            top_probabilities=tuple(best.values.tolist()),
        )


def _kl_bits(before_NV: torch.Tensor, after_NV: torch.Tensor) -> torch.Tensor:
    """KL(before ‖ after) of log-probabilities, in bits; never below 0 by rounding."""
    return ((before_NV.exp() * (before_NV - after_NV)).sum(-1) / _NATS_PER_BIT).clamp(min=0)
