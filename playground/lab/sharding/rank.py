"""One rank: three steps of each variant in one process group, what it held and sent after each, into the job's folder.

Runs in a process of its own: forked by the supervisor, or ``python -m playground.lab.sharding.rank FOLDER RANK``.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import sys
import time
import traceback
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import torch
import torch.distributed as dist

from playground.core.small_model import sizes
from playground.lab.sharding import counting, variants
from playground.lab.sharding.files import Spec, write
from playground.lab.sharding.model import batch, loss
from playground.lab.sharding.recorder import Recorder

_PR_SET_PDEATHSIG = 1
STEPS = 3  # DDP arranges its buckets anew in the second step, so the third is the one that is written down


def run(folder: Path, spec: Spec, rank: int) -> None:
    """Join the others and measure every variant."""
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo",
        store=dist.FileStore(str(folder / "store"), spec.gpus),
        rank=rank,
        world_size=spec.gpus,
        timeout=timedelta(seconds=spec.collective_s),
    )
    for name in spec.variants:
        result = measure(name, spec, lambda step, name=name: write(folder, f"at.{rank}", [name, step]))
        write(folder, f"{name}.{rank}", result)
        dist.barrier()
        gc.collect()


def measure(name: str, spec: Spec, tell: Any) -> dict[str, Any]:
    """Train three steps; what this rank held and sent."""
    began = time.perf_counter()
    size = sizes()[spec.model]
    trainer = variants.make(name, size, spec.gpus, spec.shard)
    losses, norms, sent, recorder = [], [], None, None
    for step in range(1, STEPS + 1):
        tell(step)
        trainer.clear()
        before = counting.sent_bytes()
        recorder = Recorder(trainer, step) if step == STEPS else None
        with recorder or contextlib.nullcontext():
            value = loss(trainer.model, batch(size, dist.get_rank(), step))
            if recorder:
                recorder.phase = "backward"
            value.backward()
            if recorder:
                recorder.update_begins()
            trainer.update()
        after = counting.sent_bytes()
        sent = None if before is None or after is None else after - before
        losses.append(_sum(value.detach().double()) / spec.gpus)
        square = sum((g.double().square().sum() for g in trainer.own_gradients()), torch.zeros((), dtype=torch.double))
        norms.append((_sum(square) / trainer.replicas()) ** 0.5)
    assert recorder is not None
    held = trainer.held()
    return {
        "parameters": held.parameters,
        "gradients": held.gradients,
        "optimizer": held.optimizer,
        "step_counters": trainer.step_counters(),
        "peak_unsharded": max(event["unsharded_bytes"] for event in recorder.events),
        "sent": sent,
        "losses": losses,
        "gradient_norms": norms,
        "seconds": time.perf_counter() - began,
        "events": recorder.events if dist.get_rank() == 0 else [],
    }


def _sum(value: torch.Tensor) -> float:
    dist.all_reduce(value)
    return float(value)


def end_with_parent() -> None:
    """On Linux the kernel ends this process when the supervisor ends, however that happens."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent or parent == 1:  # it ended before we had asked
            os._exit(3)


def main(folder: Path, spec: Spec, rank: int) -> NoReturn:
    """``run``, with what went wrong in a file; never returns (torch takes a second to tear itself down)."""
    end_with_parent()
    try:
        run(folder, spec, rank)
        status = 0
    except BaseException as error:
        traceback.print_exc()
        write(folder, f"error.{rank}", f"{type(error).__name__}: {error}"[:600])
        status = 1
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    where = Path(sys.argv[1])
    main(where, Spec(**json.loads((where / "spec.json").read_text())), int(sys.argv[2]))
