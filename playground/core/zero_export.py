"""The chosen plan as files one can train with: a DeepSpeed JSON, and an FSDP2 script for torchrun."""

from typing import Any

from playground.core.zero import Plan
from playground.errors import BadInput


def deepspeed_config(plan: Plan, batch: int = 1) -> dict[str, Any]:
    """The plan as DeepSpeed's configuration, ready for ``json.dumps``.

    >>> from playground.core.zero import plan
    >>> deepspeed_config(plan(10**9, 8, 2, offload="optimizer"))["zero_optimization"]["offload_optimizer"]
    {'device': 'cpu', 'pin_memory': True}

    Raises BadInput for a sharding factor below N, which DeepSpeed does not have.
    """
    if plan.stage and plan.factor < plan.gpus:
        raise BadInput(
            f"DeepSpeed has no groups of {plan.factor} GPUs",
            "Take the FSDP2 script, which has, or let all GPUs share one copy.",
        )
    zero: dict[str, Any] = {"stage": plan.stage, "overlap_comm": True, "contiguous_gradients": True}
    if plan.offload != "none":
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
    if plan.offload == "parameters":
        zero["offload_param"] = {"device": "cpu", "pin_memory": True}
    return {
        "train_micro_batch_size_per_gpu": batch,
        "gradient_accumulation_steps": 1,
        "bf16": {"enabled": plan.bytes.parameters == 2},
        "zero_optimization": zero,
    }


_FSDP2 = """# {launch}
{remark}import os

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import {imports}

device = "cuda" if torch.cuda.is_available() else "cpu"
if device == "cuda":
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
mesh = {mesh}

torch.manual_seed(0)  # every rank starts from the same weights
# Your model goes here: a stack of blocks and a head.
blocks = [torch.nn.TransformerEncoderLayer(64, 4, 256, batch_first=True) for _ in range(4)]
model = torch.nn.Sequential(*blocks, torch.nn.Linear(64, 64))
sharding = {{"mesh": mesh, "reshard_after_forward": {reshard}{policies}}}
for block in blocks:
    fully_shard(block, **sharding)
fully_shard(model, **sharding)
{move}optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)

torch.manual_seed(dist.get_rank())  # and reads other texts
for step in range(3):
    loss = model(torch.randn(2, 16, 64, device=device)).square().mean()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()

mine = sum(weight.to_local().numel() for weight in model.parameters())
whole = sum(weight.numel() for weight in model.parameters())
print(f"rank {{dist.get_rank()}}: {{mine:,}} of {{whole:,}} parameters, loss {{loss.item():.4f}}")
dist.destroy_process_group()
"""


_OFFLOADS_ALL = """# FSDP2 offloads a rank's whole share: parameters too, not the optimizer states alone.
"""
_GPUS_A_MACHINE = 8


def _torchrun(plan: Plan) -> str:
    """One process a GPU: a group, or else eight GPUs, on each machine."""
    here = plan.factor if plan.factor < plan.gpus else min(plan.gpus, _GPUS_A_MACHINE)
    if plan.gpus % here or here == plan.gpus:
        return f"torchrun --standalone --nproc-per-node {plan.gpus} train.py"
    nodes = plan.gpus // here
    return f"torchrun --nnodes {nodes} --nproc-per-node {here} --rdzv-backend c10d --rdzv-endpoint HOST train.py"


def fsdp2_script(plan: Plan) -> str:
    """The plan as a script that runs as it is, on GPUs or on CPUs.

    Raises BadInput for stages 0 and 1, and for groups of one: that is DDP, and ZeroRedundancyOptimizer.
    """
    if plan.stage < 2 or plan.factor == 1 < plan.gpus:
        hint = "Choose stage 2 or 3 with a sharding factor above 1; for stage 1 torch has ZeroRedundancyOptimizer."
        raise BadInput("FSDP2 shards parameters, gradients and optimizer states together", hint)
    imports, policies = ["fully_shard"], ""
    if plan.bytes.parameters == 2:
        imports.insert(0, "MixedPrecisionPolicy")
        policies += ', "mp_policy": MixedPrecisionPolicy(param_dtype=torch.bfloat16)'
    if plan.offload != "none":
        imports.insert(0, "CPUOffloadPolicy")
        policies += ', "offload_policy": CPUOffloadPolicy(pin_memory=device == "cuda")'
    if plan.factor < plan.gpus:
        mesh = f'init_device_mesh(device, ({plan.replicas}, {plan.factor}), mesh_dim_names=("replicate", "shard"))'
    else:
        mesh = f"init_device_mesh(device, ({plan.gpus},))"
    return _FSDP2.format(
        launch=_torchrun(plan),
        remark=_OFFLOADS_ALL if plan.offload == "optimizer" else "",
        imports=", ".join(imports),
        mesh=mesh,
        reshard=plan.stage == 3,
        policies=policies,
        move="" if plan.offload != "none" else "model.to(device)\n",
    )
