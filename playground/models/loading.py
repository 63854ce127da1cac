"""From an entry's folder to a model ready to run: device and format chosen, checked, with its worker."""

import gc
import importlib
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from playground.core.sampling_settings import SamplingSettings
from playground.errors import ModelUnavailable
from playground.models import device, engines, forward, store
from playground.models.catalogue import Entry
from playground.models.engines import own
from playground.models.sources import Progress, silent
from playground.models.worker import Worker

log = logging.getLogger("playground.models")
_TORCH: dict[str, torch.dtype] = {"bf16": torch.bfloat16, "fp32": torch.float32}


@dataclass
class LoadedModel:
    """One copy of a model for all sessions. Only its worker's thread touches ``model``."""

    entry: Entry
    model: Any
    engine: engines.Engine
    device: str
    dtype: str
    parameters: int
    weight_bytes: int
    notices: list[str] = field(default_factory=list)
    worker: Worker[forward.Row, forward.Step] = field(init=False)

    def __post_init__(self) -> None:
        self.worker = Worker(self.entry.id, partial(forward.step_rows, self.model))

    def move_to_cpu(self, why: str) -> None:
        """After the GPU ran out of memory: go on, slower, on the CPU, and say so."""
        self.model.to("cpu")
        torch.cuda.empty_cache()
        self.device = "cpu"
        self.notices.append(why)
        log.warning("%s: %s", self.entry.id, why)


def fetch(entry: Entry, progress: Progress = silent) -> None:
    """See that the entry's files are here. Raises ModelUnavailable with what to do."""
    store.ensure(entry.id, progress)


def load(entry: Entry, progress: Progress = silent) -> LoadedModel:
    """Fetch if need be, verify, load. Raises ModelUnavailable with what to do."""
    folder = store.ensure(entry.id, progress)
    progress("loading", 0, 0)
    where, notices = ("cuda", []) if device.cuda_available() else ("cpu", [])
    try:
        model, dtype = _on_cuda(entry, folder) if where == "cuda" else _on_cpu(entry, folder, progress)
    except torch.cuda.OutOfMemoryError:
        gc.collect()
        torch.cuda.empty_cache()
        where = "cpu"
        notices.append("The GPU's memory is full: this model runs on the CPU.")
        model, dtype = _on_cpu(entry, folder, progress)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = (str(error).splitlines() or [""])[0]
        hint = f"{reason[:200]} Run `llm-playground fetch {entry.id} --force`."
        raise ModelUnavailable(f"{entry.title} could not be loaded", hint) from error
    unique = {p.data_ptr(): p for p in model.parameters()}.values()  # tied weights count once
    return LoadedModel(
        entry=entry,
        model=model,
        engine=own.of(entry),
        device=where,
        dtype=dtype,
        parameters=sum(p.numel() for p in unique),
        weight_bytes=sum(p.numel() * p.element_size() for p in unique),
        notices=notices,
    )


def _on_cuda(entry: Entry, folder: Any) -> tuple[Any, str]:
    # What comes with the project is tiny: nothing would be won.
    dtype = "fp32" if entry.bundled else device.asked_dtype() or "bf16"
    return _from_folder(entry, folder, dtype).to("cuda"), dtype


def _on_cpu(entry: Entry, folder: Any, progress: Progress) -> tuple[Any, str]:
    """The format that is better here; weights stored in fp32 keep it, since bf16 would lose what the file has."""
    known = device.recorded()
    settled = device.asked_dtype() or (str(known["dtype"]) if known else None)
    if _stored_dtype(folder) != "BF16":
        settled = "fp32"
    if settled:
        return _from_folder(entry, folder, settled), settled
    progress("measuring which number format is faster on this processor, once", 0, 0)
    models = {dtype: _from_folder(entry, folder, dtype) for dtype in ("bf16", "fp32")}
    ids = list(range(100, 116))
    faster = device.faster_dtype(
        {"bf16": partial(_typical_work, models["bf16"], ids), "fp32": partial(_typical_work, models["fp32"], ids)}
    )
    return models[faster], faster


def _typical_work(model: Any, ids: list[int]) -> None:
    """A short prompt and four generated tokens: what a page does most."""
    row = forward.Generation(list(ids), SamplingSettings(temperature=0.0), 4, 0, frozenset())
    for _ in range(4):
        forward.step_rows(model, [row])


def _stored_dtype(folder: Any) -> str:
    with safe_open(str(folder / "model.safetensors"), "pt") as weights:
        return str(weights.get_slice(next(iter(weights.keys()))).get_dtype())


def _from_folder(entry: Entry, folder: Any, dtype: str) -> Any:
    # transformers swaps itself in sys.modules while it is imported; where two loads start at once, `import` hands the
    # second thread the unfinished module.
    transformers = importlib.import_module("transformers")
    transformers.logging.disable_progress_bar()
    classes = {
        "decoder": transformers.AutoModelForCausalLM,
        "encoder": transformers.AutoModel,
        "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
    }
    made = transformers.AutoModelForMaskedLM if entry.head == "mlm" else classes[entry.kind]
    model, info = made.from_pretrained(
        folder,
        dtype=_TORCH[dtype],
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
    )
    wrong = [name for kind in ("missing_keys", "mismatched_keys") for name in info.get(kind) or ()]
    if wrong:
        raise ModelUnavailable(
            f"{entry.title}: {len(wrong)} weights do not fit its config (first: {wrong[0]})",
            f"Run `llm-playground fetch {entry.id} --force`.",
        )
    model.requires_grad_(False)
    return model.eval()
