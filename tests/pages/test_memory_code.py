"""The code shown on the calculators' pages runs, and gives the numbers of the page."""

import contextlib
import io
from typing import Any

import pytest

from playground.core import chinchilla, inverse
from playground.core.gpus import gpu
from playground.core.kv_cache import cache_format
from playground.core.subject import subject
from playground.core.weight_formats import weight_format
from playground.ui.components import fits, memory, memory_checked, scaling


def run_snippet(snippet: str) -> tuple[str, dict[str, Any]]:
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(snippet, names)
    return printed.getvalue(), names


def test_scaling() -> None:
    printed, names = run_snippet(scaling.SNIPPET)
    assert (names["N"], names["D"]) == pytest.approx(chinchilla.UNROUNDED.optimum(5.76e23))
    assert "58.9 each, loss 1.9184" in printed


def test_fits() -> None:
    _, names = run_snippet(fits.SNIPPET)
    asked = inverse.Serving(
        subject("llama-3.1-8b"), weight_format("bf16"), cache_format("bf16"), 8192, 1, names["overhead"]
    )
    assert names["longest"] == asked.longest_context(names["usable"])
    assert abs(names["usable"] - gpu("l4").usable_bytes) < 1


def test_memory_checked() -> None:
    pytest.importorskip("transformers")
    assert run_snippet(memory_checked.SNIPPET)[0].strip() == "True True"


def test_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    transformers = pytest.importorskip("transformers")
    shape = {"hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3}
    config = transformers.LlamaConfig(**shape, intermediate_size=1536, vocab_size=49152, tie_word_embeddings=True)
    monkeypatch.setattr(transformers.AutoConfig, "from_pretrained", lambda _: config)
    printed, names = run_snippet(memory.SNIPPET)
    assert names["parameters"] == 134_515_008 and names["kv_per_token"] == 23_040 and "0.27 GB" in printed
