"""The few lines of transformers that count a model's parts, ready to paste."""

_CODE = """
from collections import Counter
from transformers import {auto}
from playground.models import store  # only to find the folder

model = {auto}.from_pretrained(store.ensure({model_id!r}), dtype="auto")
print(model)  # the same parts, as transformers writes them

unique = {{p.data_ptr(): (name, p) for name, p in model.named_parameters(remove_duplicate=False)}}
parts = Counter()  # tied weights share their memory: each address is counted once
for name, parameter in unique.values():
    inside = [piece for piece in name.split(".") if not piece.isdigit()]
    parts[".".join(inside)] += parameter.numel()
for name, count in parts.most_common():
    print(f"{{count:>12,}}  {{name}}")
print(f"{{parts.total():>12,}}  together")
"""
_AUTO = {"decoder": "AutoModelForCausalLM", "encoder": "AutoModel", "encoder-decoder": "AutoModelForSeq2SeqLM"}


def snippet(model_id: str, kind: str) -> str:
    """Python that prints the model's modules and the parameters under each of their names, over all blocks."""
    return _CODE.format(model_id=model_id, auto=_AUTO[kind])
