"""The memory formulas against bytes really held here: a loaded model, its cache, and a real training step.

Weights and KV cache are those of the shared model. The step trains a private copy of its first layers, real weights
and all: what autograd saves, the gradients, AdamW's states; on a GPU the peak of the step as well.
"""

import copy
import gc
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from playground import limits
from playground.core import activations, kv_cache, parameters, recipes, weight_formats
from playground.core.architectures import Architecture, architecture
from playground.core.architectures import catalogue as known_shapes
from playground.core.measured_memory import Check
from playground.errors import BadInput, ModelBusy
from playground.models import lens as lenses
from playground.models.catalogue import catalogue
from playground.models.worker import OnWait, quietly

MODEL = "smollm2-135m"
TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_CALLED = {"gpt2-124m": "gpt2", "distilgpt2-82m": "distilgpt2"}  # how the calculators call a model that is loaded
_one_at_a_time = threading.Lock()
_WAIT_S, _POLL_S = 20.0, 0.3


class Step(NamedTuple):
    """How far the measurement is, and its result at the end."""

    share: float
    doing: str
    result: tuple[Check, ...] = ()


def measure(layers: int, tokens: int, dtype: str, owner: str = "cli", on_wait: OnWait = quietly) -> Iterator[Step]:
    """Every part measured, step by step; leaving the loop frees the copy.

    Raises BadInput for sizes that are not offered, ModelBusy while someone else measures.
    """
    if layers not in layer_choices() or tokens not in limits.MEASURED_STEP_TOKENS or dtype not in TYPES:
        raise BadInput("This step is not offered", f"Layers {layer_choices()}, tokens {limits.MEASURED_STEP_TOKENS}.")
    began = time.monotonic()
    yield Step(0.0, "starting")
    while not _one_at_a_time.acquire(timeout=_POLL_S):
        yield Step(0.0, "waiting: someone else is measuring")
        if time.monotonic() - began > _WAIT_S:
            raise ModelBusy("Someone else is measuring", "Try again in a moment.")
    try:
        with lenses.shared()[0].lease(catalogue()[MODEL], owner) as loaded:
            yield Step(0.1, "weights and KV cache of the loaded model")
            held = _others_loaded() + loaded.worker.submit(lambda: _of_the_loaded(loaded, tokens), owner=owner).wait(
                on_wait
            )
            yield Step(0.3, f"copying its first {layers} layers")
            model = _first_layers(loaded.model, layers, TYPES[dtype])
        shape = replace(architecture(MODEL), layers=layers)
        yield from _training_step(model, shape, tokens, dtype, held)
    finally:
        model = None
        gc.collect()
        _one_at_a_time.release()


def layer_choices() -> tuple[int, ...]:
    """How many layers may be trained under this server's profile."""
    local = limits.current().name == "local"
    return tuple(n for n in limits.MEASURED_STEP_LAYERS if local or n <= limits.MEASURED_STEP_LAYERS_HOSTED)


def _of_the_loaded(loaded: Any, tokens: int) -> tuple[Check, ...]:
    """On the model's worker: its weights and buffers, and the cache after reading ``tokens`` tokens."""
    shape, dtype = architecture(MODEL), str(loaded.dtype)
    form = weight_formats.weight_format(dtype)
    with torch.inference_mode():
        ids = torch.arange(tokens, device=loaded.device)[None] + 100
        cache = loaded.model(ids, use_cache=True, logits_to_keep=1).past_key_values
    kept = sum(t.untyped_storage().nbytes() for layer in cache.layers for t in (layer.keys, layer.values))
    return (
        Check(
            f"Weights of {loaded.entry.title} as loaded ({dtype})",
            f"{parameters.count(shape):,} × {float(form.bits) / 8:g} B",
            weight_formats.weight_bytes(shape, form),
            _storages(loaded.model.parameters()),
            "",
        ),
        Check(
            f"Its KV cache after {tokens:,} tokens",
            kv_cache.formula(shape, tokens, 1, kv_cache.cache_format(dtype)),
            kv_cache.cache_bytes(shape, tokens, 1, kv_cache.cache_format(dtype)),
            kept,
            "",
        ),
    )


def _others_loaded() -> tuple[Check, ...]:
    """The weights of whatever else this server has loaded now."""
    found = []
    for usage in lenses.shared()[0].usage():
        shape = known_shapes().get(_CALLED.get(usage.entry.id, usage.entry.id))
        if shape is None or usage.entry.id == MODEL:
            continue
        form = weight_formats.weight_format(str(usage.loaded.dtype))
        found.append(
            Check(
                f"Weights of {usage.entry.title} as loaded ({form.name})",
                f"{parameters.count(shape):,} × {float(form.bits) / 8:g} B",
                weight_formats.weight_bytes(shape, form),
                int(usage.loaded.weight_bytes),
                "tensors the formula does not know",
            )
        )
    return tuple(found)


def _first_layers(model: Any, layers: int, dtype: torch.dtype) -> Any:
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]
    with torch.device("meta"):
        small = type(model)(config)
    small = small.to_empty(device=model.device).to(dtype)
    small.load_state_dict(model.state_dict(), strict=False)  # the layers above are left out
    small.tie_weights()
    for module in small.modules():  # buffers the checkpoint does not hold
        if hasattr(module, "inv_freq") and hasattr(module, "rope_init_fn"):
            module.inv_freq = model.model.rotary_emb.inv_freq.clone()
    return small.train()


def _training_step(model: Any, shape: Architecture, tokens: int, dtype: str, held: tuple[Check, ...]) -> Iterator[Step]:
    x, count = TYPES[dtype].itemsize, parameters.count(shape)
    name = f"{shape.layers} layers, {count:,} parameters, {dtype}"
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    ids = (torch.arange(tokens, device=model.device)[None] + 100) % shape.vocabulary
    cuda = model.device.type == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    yield Step(0.5, "forward: counting what is saved for the backward pass")
    loss, saved = _forward(model, ids)
    yield Step(0.7, "backward: gradients")
    loss.backward()
    gradients = sum(p.grad.untyped_storage().nbytes() for p in model.parameters() if p.grad is not None)
    yield Step(0.85, "AdamW's first step")
    optimizer.step()
    states = sum(v.untyped_storage().nbytes() for s in optimizer.state.values() for v in s.values())
    own = sum(1 for _ in model.parameters())
    layered = activations.training_bytes(shape, tokens, 1, "none", x)
    beside = activations.outside_the_layers_bytes(shape, tokens, 1, x)
    logits = activations.logits_bytes(shape.vocabulary, tokens)
    checks = [
        *held,
        Check(f"Weights of the copy ({name})", f"{count:,} × {x} B", count * x, _storages(model.parameters()), ""),
        Check("Its gradients", f"{count:,} × {x} B", count * x, gradients, ""),
        Check(
            "AdamW's states",
            f"2 × {count:,} × {x} B + {own} tensors × 4 B step count",
            recipes.adam_state_bytes(count, own, x),
            states,
            "",
        ),
        Check(
            f"Saved for backward ({tokens:,} tokens)",
            f"{layered:,} B of layers + {logits:,} of FP32 logits + {beside:,} of the last norm, token ids and loss",
            layered + logits + beside,
            saved,
            "what the kernels of this device or version of PyTorch keep otherwise",
        ),
    ]
    if cuda:
        total = sum(check.predicted for check in checks[len(held) :])
        checks.append(
            Check(
                "CUDA peak of the whole step",
                "the four parts above",
                total,
                torch.cuda.max_memory_allocated(),
                "the shared model and other allocations of this process, temporaries of kernels and of the optimizer",
            )
        )
    yield Step(1.0, "done", tuple(checks))


def _forward(model: Any, ids: torch.Tensor) -> tuple[torch.Tensor, int]:
    """The loss, and the bytes of distinct storages autograd keeps that are no weights."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    saved: dict[int, Any] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            saved[storage.data_ptr()] = storage  # kept, so that no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = model(ids, labels=ids, use_cache=False).loss
    return loss, sum(storage.nbytes() for storage in saved.values())


def _storages(tensors: Any) -> int:
    return sum({t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}.values())
