"""The exported FSDP2 script runs as it is under torchrun, and each rank owns what the plan says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playground.core import zero
from playground.core.zero_export import fsdp2_script


@pytest.mark.parametrize(
    ("plan", "share"),
    [
        (zero.plan(10**9, 2, 3), 2),
        (zero.plan(10**9, 4, 3, zero.of_recipe("fp32"), factor=2), 2),
        (zero.plan(10**9, 2, 2, offload="optimizer"), 2),
    ],
    ids=["full", "hybrid", "offload"],
)
def test_the_script_trains(tmp_path: Path, plan: zero.Plan, share: int) -> None:
    script = tmp_path / "train.py"
    script.write_text(fsdp2_script(plan), encoding="utf-8")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(plan.gpus)]
    ran = subprocess.run(
        [*torchrun, str(script)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    said = re.findall(r"rank (\d+): ([\d,]+) of ([\d,]+) parameters", ran.stdout)
    assert sorted(int(rank) for rank, _, _ in said) == list(range(plan.gpus))
    for _, mine, whole in said:
        assert int(mine.replace(",", "")) * share == int(whole.replace(",", ""))
