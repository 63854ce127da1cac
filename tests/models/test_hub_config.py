"""A config.json read here counts what transformers builds from it, for every type that is known."""

import dataclasses

import pytest

from playground.core import hub_config, parameters
from playground.core.architectures import architecture, catalogue

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from tests.models.test_memory_measured import _built, _config  # noqa: E402

READ = [m.id for m in catalogue().values() if _config(m) and m.family != "parallel"]


@pytest.mark.parametrize("model_id", READ)
def test_a_config_counts_as_much_as_its_model(model_id: str) -> None:
    model = dataclasses.replace(architecture(model_id), layers=4)
    kind, arguments = _config(model) or ("", {})
    text = getattr(transformers, f"{kind}Config")(**arguments).to_json_string(use_diff=False)
    parsed = hub_config.parse(text)
    theirs = sum(p.numel() for p in {id(p): p for p in _built(model).parameters()}.values())
    if model.family == "flan-t5":
        theirs += model.vocabulary * model.hidden
    assert parameters.count(parsed) == theirs
    assert (parsed.key_value_heads, parsed.head_size) == (model.key_value_heads, model.head_size)


def test_every_type_is_checked() -> None:
    checked = set()
    for model_id in READ:
        kind, _ = _config(architecture(model_id)) or ("", {})
        checked.add(getattr(transformers, f"{kind}Config").model_type)
    assert set(hub_config.TYPES) - checked == {"mistral", "phi3"}  # Llama's block under other names
