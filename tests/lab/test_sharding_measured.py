"""Real processes: what is measured is what is predicted, to the byte; every way trains the same; nothing is left."""

import subprocess
import sys

import pytest

from playground.core.measured_explained import differences, disagreement
from playground.core.recorded import Measurement
from playground.lab.sharding import job

NOT_QUITE = 1e-5  # relative: FP32 sums in another order


def measured(gpus: int, stages: str = "all", model: str = "page", shard: int | None = None) -> Measurement:
    got, wrong = job.run(job.spec(gpus, stages.split(","), model, shard))
    assert wrong is None, wrong
    return got


def check(got: Measurement) -> None:
    assert [line for stage in got.stages for line in differences(stage)] == []
    assert disagreement(got) < NOT_QUITE
    for stage in got.stages:
        assert stage.losses[2] < stage.losses[0] * 1.1 and len(set(stage.gradient_norms)) == 3  # it really trains
        if stage.wire is not None:  # what gloo should send for the recorded collectives, and its headers
            assert stage.gloo * 0.99 <= stage.wire <= stage.gloo * 1.05 + 20_000


@pytest.mark.parametrize("gpus", [1, 2, 4])
def test_every_way_is_what_is_predicted_to_the_byte(gpus: int) -> None:
    got = measured(gpus)
    check(got)
    ideals = {stage.name: stage.ideal for stage in got.stages}
    for name in ("ddp", "zero1_textbook", "zero2_textbook", "fsdp2"):  # 1, 2 and 4 divide this model
        assert set(got[name].ranks) == {ideals[name]}


def test_eight_ranks_and_a_model_nothing_divides() -> None:
    got = measured(8, "0,zero1,zero2_textbook,fsdp2,hybrid", "odd", shard=4)
    check(got)
    assert max(held.total for held in got["fsdp2"].ranks) > got["fsdp2"].ideal.total
    assert len({held.optimizer for held in got["zero1"].ranks}) > 1
    assert {len(event.ranks) for event in got["hybrid"].collectives} == {4, 2}


def test_three_ranks_share_unevenly() -> None:
    check(measured(3, "1,2,3", "odd"))


def test_every_rank_started_anew_where_there_is_no_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PLAYGROUND_LAUNCHER", "popen")
    got = measured(2, "ddp,fsdp2", "tiny")
    check(got)
    assert got.launcher == "popen"


def test_ddp_trains_as_one_process_with_the_whole_batch() -> None:
    """An independent reference: plain PyTorch, no process group, the ranks' batches in one."""
    import torch

    from playground.core.small_model import sizes
    from playground.lab.sharding.model import batch, build, loss

    size = sizes()["tiny"]
    model = build(size)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses, norms = [], []
    for step in (1, 2, 3):
        optimizer.zero_grad()
        value = loss(model, torch.cat([batch(size, rank, step) for rank in range(2)]))
        value.backward()
        norms.append(float(sum(p.grad.double().square().sum() for p in model.parameters()) ** 0.5))
        losses.append(value.item())
        optimizer.step()
    got = measured(2, "ddp,fsdp2", "tiny")
    for stage in got.stages:
        assert stage.losses == pytest.approx(losses, rel=NOT_QUITE)
        assert stage.gradient_norms == pytest.approx(norms, rel=NOT_QUITE)


def test_the_counted_model_is_the_built_one() -> None:
    from playground.core.small_model import sizes
    from playground.lab.sharding.model import build

    for size in sizes().values():
        assert [tuple(p.shape) for p in build(size).parameters()] == size.shapes


def test_who_asks_for_a_job_needs_no_torch() -> None:
    """The server's side of it: no torch, so certainly no torch.distributed, and no fork."""
    code = "import sys, playground.lab.sharding.line; print('torch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
