"""The exported files: DeepSpeed's own parser takes the JSON where it is installed, its documented fields always."""

import ast
import json
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict

from playground.core import zero
from playground.core.zero_export import deepspeed_config, fsdp2_script
from playground.errors import BadInput

PLANS = [
    zero.plan(10**9, 8, stage, zero.of_recipe(recipe), offload=offload)
    for stage in zero.STAGES
    for offload in zero.OFFLOADS
    if stage >= zero.OFFLOAD_STAGE[offload]
    for recipe in ("mixed", "fp32")
]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Offload(Closed):
    device: Literal["cpu", "nvme", "none"]
    pin_memory: bool


class Zero(Closed):
    """The fields of DeepSpeed's ``zero_optimization`` section that are used (its "Configuration JSON" page)."""

    stage: Literal[0, 1, 2, 3]
    overlap_comm: bool
    contiguous_gradients: bool
    offload_optimizer: Offload | None = None
    offload_param: Offload | None = None


class Enabled(Closed):
    enabled: bool


class Config(Closed):
    train_micro_batch_size_per_gpu: int
    gradient_accumulation_steps: int
    bf16: Enabled
    zero_optimization: Zero


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: f"{p.stage}-{p.offload}-{p.bytes.parameters}")
def test_deepspeed_takes_the_json(plan: zero.Plan) -> None:
    config = json.loads(json.dumps(deepspeed_config(plan)))
    read = Config.model_validate(config)
    assert read.zero_optimization.stage == plan.stage
    assert (read.zero_optimization.offload_optimizer is not None) == (plan.offload != "none")
    assert (read.zero_optimization.offload_param is not None) == (plan.offload == "parameters")
    assert read.bf16.enabled == (plan.bytes.parameters == 2)
    try:
        from deepspeed.runtime.config import DeepSpeedConfig  # a large package: not among the test requirements
    except ImportError:
        return
    assert DeepSpeedConfig(config).zero_config.stage == plan.stage


def test_groups_are_fsdps_alone() -> None:
    with pytest.raises(BadInput):
        deepspeed_config(zero.plan(10**9, 8, 3, factor=4))
    with pytest.raises(BadInput):
        fsdp2_script(zero.plan(10**9, 8, 1))
    with pytest.raises(BadInput):
        fsdp2_script(zero.plan(10**9, 8, 3, factor=1))


@pytest.mark.parametrize("plan", [p for p in PLANS if p.stage > 1], ids=lambda p: f"{p.stage}-{p.offload}")
def test_the_script_is_python_and_says_what_was_planned(plan: zero.Plan) -> None:
    script = fsdp2_script(plan)
    ast.parse(script)
    assert f'"reshard_after_forward": {plan.stage == 3}' in script
    assert ("CPUOffloadPolicy(" in script) == (plan.offload != "none")
    assert ("MixedPrecisionPolicy(" in script) == (plan.bytes.parameters == 2)
