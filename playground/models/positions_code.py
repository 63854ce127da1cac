"""The few lines of torch and transformers that give the Positions page's numbers, ready to paste."""

_INLINE_CHARACTERS = 300
_SINUSOIDAL = """
import torch

position = torch.arange({rows}, dtype=torch.float64)[:, None]
frequency = 10_000 ** (-torch.arange(0, {size}, 2, dtype=torch.float64) / {size})
table = torch.zeros({rows}, {size}, dtype=torch.float64)
table[:, 0::2] = torch.sin(position * frequency)
table[:, 1::2] = torch.cos(position * frequency)

for distance in (0, 1, 2, 4, 8, 16):
    products = (table[distance:] * table[:len(table) - distance]).sum(1)  # from every position there is
    print(distance, f"{{products.min():.6f}}", f"{{products.max():.6f}}")  # the same, wherever the two are
"""
_ROTARY = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModel
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb
from playground.models import store  # only to find the folder

text = {text}
folder = store.ensure({model_id!r})
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()  # some files ask for both
model = AutoModel.from_pretrained(folder, dtype=torch.{dtype}).eval()
ids = torch.tensor([tokenizer.encode(text).ids[:{limit}]])

attention, caught = model.layers[{layer}].self_attn, {{}}
attention.q_proj.register_forward_hook(lambda module, given, out: caught.update(q=out))
attention.k_proj.register_forward_hook(lambda module, given, out: caught.update(k=out))
with torch.inference_mode():
    model(ids)
size = attention.head_dim
q, k = (caught[name][0].view(ids.shape[1], -1, size).transpose(0, 1).float() for name in "qk")
q, k = q[{head}, {query}], k[{head} // (len(q) // len(k)), {key}]  # several query heads share a key head
{ones}
# transformers pairs dimension i with i + size/2 ("half"); the paper, and some other code, 2i with 2i + 1.
for shift in (0, 1, 100):
    positions = torch.tensor([[{query} + shift, {key} + shift]])
    cos, sin = model.rotary_emb(q, positions)
    both, _ = apply_rotary_pos_emb(torch.stack([q, k])[None, None], torch.stack([q, k])[None, None], cos, sin)
    print(positions.tolist()[0], f"{{both[0, 0, 0] @ both[0, 0, 1] / size**0.5:.4f}}")
"""
_LEARNED = """
import torch
from transformers import AutoModel
from playground.models import store  # only to find the folder

model = AutoModel.from_pretrained(store.ensure({model_id!r}))
rows = model.embeddings.position_embeddings.weight.detach()
unit = torch.nn.functional.normalize(rows, dim=1)
for distance in (0, 1, 2, 4, 8, 16, 64, 256):
    cosines = (unit[distance:] * unit[:len(unit) - distance]).sum(1)
    print(distance, f"{{cosines.mean():.4f}}", f"{{cosines.std():.4f}}")
"""


def sinusoidal(rows: int, size: int) -> str:
    """Python that builds the table of 2017 and prints its dot products by distance."""
    return _SINUSOIDAL.format(rows=rows, size=size)


def rotary(
    model_id: str,
    dtype: str,
    text: str,
    layer: int,
    head: int,
    query: int,
    key: int,
    limit: int,
    *,
    own: bool = True,
) -> str:
    """Python that prints one query's and key's score with both moved along; a long text is read from a file.

    Without ``own``, both are all ones instead of the head's.
    """
    inline = len(text) <= _INLINE_CHARACTERS
    return _ROTARY.format(
        text=repr(text) if inline else 'open("text.txt", encoding="utf-8", newline="").read()',
        model_id=model_id,
        dtype={"bf16": "bfloat16"}.get(dtype, "float32"),
        layer=layer,
        head=head,
        query=query,
        key=key,
        limit=limit,
        ones="" if own else "q = k = torch.full((size,), size**-0.25)  # all ones, scaled to score 1 in one place\n",
    )


def learned(model_id: str) -> str:
    """Python that prints how alike learned positions are, by distance."""
    return _LEARNED.format(model_id=model_id)
