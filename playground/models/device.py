"""Which device and number format a model runs in.

CUDA when there is a GPU, in bf16. On a CPU fp32, whose texts are the same in whatever company they are computed, unless
bf16 is clearly faster *here* (it needs AVX512-BF16 or AMX to win): measured once on the default model and recorded in
the store for this kind of machine. ``LLM_PLAYGROUND_DTYPE`` says it instead, on either.
"""

import json
import os
import platform
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from playground import paths
from playground.errors import BadInput

Dtype = Literal["bf16", "fp32"]
DTYPE_VARIABLE = "LLM_PLAYGROUND_DTYPE"
MEASURED_S = 8.0  # a busy machine gets fewer repetitions
# bf16 keeps three digits, so that of two tokens as good as equal another may come first where texts share a pass.
WORTH_IT = 1.5


def cuda_available() -> bool:
    """Whether torch sees a GPU; ``LLM_PLAYGROUND_DEVICE=cpu`` says no for it."""
    import torch

    return os.environ.get("LLM_PLAYGROUND_DEVICE", "") != "cpu" and torch.cuda.is_available()


def describe() -> str:
    """``cpu``, or ``cuda`` with the GPU's name."""
    import torch

    return f"cuda: {torch.cuda.get_device_name()}" if cuda_available() else "cpu"


def prepare() -> None:
    """Import torch and let it use every core; once a process, before a model is loaded."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)


def cpu_kind() -> str:
    """What a measurement on this machine holds for: processor, threads, torch version."""
    import torch

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = cpuinfo.read_text(errors="replace").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return f"{model} · {torch.get_num_threads()} threads · torch {torch.__version__}"


def asked_dtype() -> Dtype | None:
    """The format that ``LLM_PLAYGROUND_DTYPE`` asks for, if any. Raises BadInput for one there is not."""
    asked = os.environ.get(DTYPE_VARIABLE, "")
    for dtype in get_args(Dtype):
        if dtype == asked:
            return dtype
    if asked:
        raise BadInput(f"{DTYPE_VARIABLE} is {asked!r}", f"It can be {' or '.join(get_args(Dtype))}, or left out.")
    return None


def recorded() -> dict[str, float | str] | None:
    """What was measured for this kind of machine: ``dtype``, and milliseconds a format; None when not yet.

    A measurement taken while the machine was busy holds until the machine is quiet.
    """
    found: dict[str, float | str] | None = _records().get(cpu_kind())
    if found is None or not {"bf16_ms", "fp32_ms"} <= found.keys() or (found.get("busy") and not _busy()):
        return None
    return found | {"dtype": _worth(float(found["bf16_ms"]), float(found["fp32_ms"]))}


def faster_dtype(run: dict[Dtype, Callable[[], object]], repetitions: int = 5) -> Dtype:
    """Run each format up to ``repetitions`` times in turns, and return which is worth it.

    By the best single time, not the mean: other programs only ever add time.
    """
    best: dict[Dtype, float] = {}
    started = time.perf_counter()
    for turn in range(repetitions + 1):
        for dtype, call in run.items():
            begin = time.perf_counter()
            call()
            if turn:  # the first call allocates and picks kernels
                best[dtype] = min(time.perf_counter() - begin, best.get(dtype, float("inf")))
        if turn and time.perf_counter() - started > MEASURED_S:
            break
    _record({"busy": _busy(), **{f"{dtype}_ms": round(1000 * seconds, 1) for dtype, seconds in best.items()}})
    return _worth(best["bf16"], best["fp32"])


def _worth(bf16: float, fp32: float) -> Dtype:
    return "bf16" if fp32 > WORTH_IT * bf16 else "fp32"


def _busy() -> bool:
    """Whether more wants to run than this machine has cores (unknown on Windows: taken as quiet)."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1) + 0.5


def _file() -> Path:
    return paths.home() / "machine.json"


def _records() -> dict[str, dict[str, float | str]]:
    try:
        read = json.loads(_file().read_text(encoding="utf-8"))
        return read if isinstance(read, dict) else {}
    except (OSError, ValueError):
        return {}


def _record(values: dict[str, float | str]) -> None:
    try:
        _file().parent.mkdir(parents=True, exist_ok=True)
        beside = _file().with_name(f"machine.{uuid.uuid4().hex[:8]}")
        beside.write_text(json.dumps(_records() | {cpu_kind(): values}, indent=1), encoding="utf-8")
        beside.replace(_file())
    except OSError:
        pass  # a read-only store: it is measured again next time
