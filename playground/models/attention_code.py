"""The few lines of torch and transformers that give the Attention page's numbers, ready to paste."""

_INLINE_CHARACTERS = 300
_CODE = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModel
from playground.models import store  # only to find the folder

text = {text}
folder = store.ensure("{model_id}")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()  # some files ask for both
# The faster attention kernels never form the weights: without "eager" the maps come back empty, without an error.
model = AutoModel.from_pretrained(folder, dtype=torch.{dtype}, attn_implementation="eager")

encoding = tokenizer.encode(text)
with torch.inference_mode():
    maps = model(torch.tensor([encoding.ids[:{limit}]]), output_attentions=True).attentions

weights = maps[{layer}][0, {head}].float()  # a layer; then (batch, head). Rows: queries, columns: keys
for token, row in zip(encoding.tokens, weights):
    print(f"{{token:>14}}", *(f"{{weight:.2f}}" for weight in row))
"""


def snippet(model_id: str, dtype: str, text: str, layer: int, head: int, limit: int) -> str:
    """Python that prints one head's map of the first ``limit`` tokens; a long text is read from a file."""
    inline = len(text) <= _INLINE_CHARACTERS
    return _CODE.format(
        text=repr(text) if inline else 'open("text.txt", encoding="utf-8", newline="").read()',
        model_id=model_id,
        dtype={"bf16": "bfloat16", "fp16": "float16"}.get(dtype, "float32"),
        layer=layer,
        head=head,
        limit=limit,
    )
