"""The few lines of torch and transformers that take one attention weight apart, ready to paste."""

from playground.models.shown_code import text_literal, torch_dtype

_CODE = """
import torch
from tokenizers import Tokenizer
from transformers import AttentionInterface, AttentionMaskInterface, AutoModel
from transformers.masking_utils import eager_mask
from playground.models import store  # only to find the folder

text = {text}
layer, head, query = {layer}, {head}, {query}  # counted from 0
folder = store.ensure("{model_id}")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()  # some files ask for both
model = AutoModel.from_pretrained(folder, dtype=torch.{dtype}, attn_implementation="eager")
ids = torch.tensor([tokenizer.encode(text).ids[:{limit}]])
with torch.inference_mode():
    own = model(ids, output_attentions=True).attentions[layer][0, head, query]

caught = []  # queries and keys as they meet (after RoPE) and values, layer by layer
def watching(module, q, k, v, mask, scaling, dropout=0.0, **more):
    caught.append((q[0].double(), k[0].double(), v[0].double()))
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))  # heads may share a key head
    scores = q @ k.transpose(2, 3) * scaling
    weights = (scores if mask is None else scores + mask).softmax(-1, dtype=torch.float32).to(q.dtype)
    return (weights @ v).transpose(1, 2).contiguous(), weights

AttentionInterface.register("watching", watching)
AttentionMaskInterface.register("watching", eager_mask)
model.set_attn_implementation("watching")
with torch.inference_mode():
    model(ids)

q, k, v = caught[layer]
shared = head // (len(q) // len(k))  # the key head this query head uses
dot = k[shared] @ q[head, query]
score = dot / q.shape[-1] ** 0.5
{mask}
weight = score.softmax(-1)
output = weight @ v[shared]
for i, token_id in enumerate(ids[0].tolist()):
    print(f"{{tokenizer.id_to_token(token_id):>14}} {{dot[i]:9.3f}} {{score[i]:9.4f}} {{weight[i]:.6f}} {{own[i]:.6f}}")
print(f"largest difference {{(weight - own).abs().max():.1e}}, output of length {{output.norm():.4f}}")
"""
_MASKS = {
    True: 'score[query + 1:] = float("-inf")  # a decoder does not look ahead',
    False: "# an encoder masks nothing",
}


def snippet(
    model_id: str, dtype: str, text: str, layer: int, head: int, query: int, *, causal: bool, limit: int
) -> str:
    """Python that prints q·k, the score, the weight and the model's own weight for one row of one head."""
    return _CODE.format(
        text=text_literal(text),
        model_id=model_id,
        dtype=torch_dtype(dtype),
        layer=layer,
        head=head,
        query=query,
        mask=_MASKS[causal],
        limit=limit,
    )
