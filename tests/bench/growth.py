"""How time and memory grow, and with which slope: ``python -m tests.bench.growth [ROUNDS]``.

With sessions (1 to 64 readers of the sampling page, each with a prompt of their own, all at once), with tokens (one
pass over 8 to 1,024 tokens; all attention maps, to 512), with parameters (a pass and a generated token of random models
of Llama's build, 1 million to 148). Processor seconds stand beside the time, since other programs disturb them less.
``slope`` is that of a line through the logarithms (1: in proportion, 2: with the square), R² how well a line fits;
``each`` is that of a line through the figures themselves.
"""

import asyncio
import ctypes
import gc
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from playground.core.sampling_settings import SamplingSettings
from playground.models import device, forward
from playground.models import lens as lenses
from tests.bench.ratios import record
from tests.bench.serving import resident_mb
from tests.load.ws_client import Reader
from tests.server import Server

SESSIONS = (1, 2, 4, 8, 16, 32, 64)
TOKENS = (8, 16, 32, 64, 128, 256, 512, 1_024)
MAP_TOKENS = TOKENS[:-1]
SHAPES = ((128, 2), (192, 6), (320, 12), (448, 20), (576, 30))  # width, layers; the last is the default model's
VOCABULARY = 4_096
_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")

Points = dict[int, list[float]]  # how many -> what it took, each time


def slopes(points: Points) -> dict[str, float]:
    """The exponent of a power law through the medians, its R², and what one more costs.

    >>> slopes({1: [3.0], 2: [12.0], 4: [48.0]})
    {'slope': 2.0, 'r2': 1.0, 'each': 15.4}
    """
    n = np.array(list(points), float)
    y = np.array([np.median(taken) for taken in points.values()])
    a, b = np.polyfit(np.log(n), np.log(y), 1)
    left = ((np.log(y) - a * np.log(n) - b) ** 2).sum() / ((np.log(y) - np.log(y).mean()) ** 2).sum()
    each = np.polyfit(n, y, 1)[0]
    return {"slope": round(float(a), 2), "r2": round(float(1 - left), 3), "each": float(f"{each:.3g}")}


class Series:
    """Time, processor time and memory as one thing grows."""

    def __init__(self) -> None:
        self.seconds: dict[str, Points] = {}
        self.megabytes: dict[str, Points] = {}

    def took(self, what: str, count: int, wall_s: float, cpu_s: float) -> None:
        """One more measurement."""
        for clock, value in (("time", wall_s), ("CPU", cpu_s)):
            self.seconds.setdefault(f"{what}, {clock}", {}).setdefault(count, []).append(value)

    def runs(self, what: str, count: int, rounds: int, run: Callable[[], object]) -> None:
        """Run it so often in this process, after once unmeasured."""
        run()
        for _ in range(rounds):
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            self.took(what, count, time.perf_counter() - wall, time.process_time() - cpu)


def _kilobytes(name: str) -> int:
    return int(next(line.split()[1] for line in _STATUS.read_text().splitlines() if line.startswith(name)))


def peak_mb(run: Callable[[], object]) -> float:
    """How far this process's memory rises while it runs, above where it was; NaN where Linux does not say."""
    if not _RESET.exists():
        return float("nan")
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what was freed is used again, and no rise is seen
    _RESET.write_text("5")
    before = _kilobytes("VmRSS")
    run()
    return max(0.1, (_kilobytes("VmHWM") - before) / 1e3)


def of_sessions(rounds: int) -> Series:
    """Until all have their answers, the server's processor time for it; its memory with all of them there."""
    found = Series()

    def cpu_s(server: Server) -> float:
        assert server.process is not None
        return float(sum(psutil.Process(server.process.pid).cpu_times()[:2]))

    async def grow(server: Server) -> None:
        readers: list[Reader] = []
        async with Reader(server.port) as first:
            await first.open("sampling")
        await asyncio.sleep(2)
        for count in SESSIONS:
            while len(readers) < count:
                readers.append(await Reader(server.port).__aenter__())
                await readers[-1].open("sampling")
            for turn in range(rounds):
                texts = [f"Reader {n} of {count}, question {turn}: the" for n in range(count)]
                wall, cpu = time.perf_counter(), cpu_s(server)
                asked = (r.change("text", string_value=text) for r, text in zip(readers, texts, strict=True))
                await asyncio.gather(*asked)
                found.took("answers for all", count, time.perf_counter() - wall, cpu_s(server) - cpu)
            found.megabytes.setdefault("the process", {})[count] = [resident_mb(server)]
        for reader in readers:
            await reader.__aexit__()

    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "log.txt") as server:
        asyncio.run(grow(server))
    return found


def of_tokens(rounds: int) -> Series:
    """One pass of the default model over so many tokens: without and with all attention maps."""
    found = Series()
    with lenses.open("smollm2-135m", owner="bench") as lens:
        model, worker = lens._loaded.model, lens._loaded.worker

        def on_worker(function: Callable[..., Any], *arguments: Any) -> Callable[[], object]:
            return lambda: worker.submit(lambda: function(model, *arguments), owner="bench").wait()

        for count in TOKENS:
            ids = list(range(1_000, 1_000 + count))
            found.runs("a pass", count, rounds, on_worker(forward.next_logits, ids))
            if count in MAP_TOKENS:
                maps = on_worker(forward.attentions, ids, range(lens.layers))
                found.runs("all maps", count, rounds, maps)
                found.megabytes.setdefault("all maps", {})[count] = [peak_mb(maps)]
    return found


def of_parameters(rounds: int) -> Series:
    """A pass over 32 tokens, and one generated token, of random models of growing size in fp32."""
    found = Series()
    for width, layers in SHAPES:
        config = LlamaConfig(
            vocab_size=49_152 if width == SHAPES[-1][0] else VOCABULARY, hidden_size=width,
            intermediate_size=8 * width // 3, num_hidden_layers=layers, num_attention_heads=width // 64,
            num_key_value_heads=width // 64, tie_word_embeddings=True, bos_token_id=None, eos_token_id=None,
        )  # fmt: skip
        torch.manual_seed(0)
        ids, made = list(range(100, 132)), list[Any]()

        def make(config: Any = config, made: list[Any] = made, ids: list[int] = ids) -> None:
            made.append(LlamaForCausalLM(config).eval().requires_grad_(False))
            forward.next_logits(made[0], ids)

        rise = peak_mb(make)
        model = made.pop()
        count = sum(p.numel() for p in {p.data_ptr(): p for p in model.parameters()}.values())
        found.megabytes.setdefault("made and run once", {})[count] = [rise]
        row = forward.Generation(ids[:], SamplingSettings(temperature=0.0), 1_000, 0, frozenset())
        found.runs("a pass of 32 tokens", count, 3 * rounds, lambda m=model, i=ids: forward.next_logits(m, i))
        found.runs("a token", count, 3 * rounds, lambda m=model, r=row: forward.step_rows(m, [r]))
        del model, row
    return found


def main() -> None:
    """Print the tables and the slopes, and write them."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    device.prepare()
    taken: dict[str, list[float]] = {}
    fits: dict[str, Any] = {}
    for by, measure in (("session", of_sessions), ("token", of_tokens), ("parameter", of_parameters)):
        series = measure(rounds)
        for what, points in series.seconds.items():
            taken |= {f"{what}: {count:,} {by}s": values for count, values in points.items()}
            fits[f"{what}, by {by}s (each: s)"] = slopes(points)
        for what, points in series.megabytes.items():
            megabytes = {count: round(values[0], 1) for count, values in points.items()}
            fits[f"memory of {what}, by {by}s (each: MB)"] = slopes(points) | {"MB": megabytes}
    record("growth", f"Growth, {rounds} rounds, {torch.get_num_threads()} threads", taken, {}, **fits)


if __name__ == "__main__":
    main()
