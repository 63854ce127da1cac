"""The few lines of torch and transformers that take a part of a decoder out, ready to paste."""

from playground.core.ablation import Cut
from playground.models.shown_code import text_literal, torch_dtype

_OPEN = """
import torch
from tokenizers import Tokenizer
from transformers import AttentionInterface, AttentionMaskInterface, AutoModelForCausalLM
from transformers.masking_utils import eager_mask
from playground.models import store  # only to find the folder

text = {text}
folder = store.ensure("{model_id}")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype}).eval()
ids = torch.tensor([tokenizer.encode(text).ids[-{limit}:]])

def next_token():
    with torch.inference_mode():
        return model(ids, logits_to_keep=1).logits[0, -1].double().log_softmax(-1)

before = next_token()
layers = {layers}  # counted from 0, as heads and tokens are
"""
_ATTENTION = """heads = {heads}
def cut(module, q, k, v, mask, scaling, dropout=0.0, **more):
    k, v = (x.repeat_interleave(q.shape[1] // x.shape[1], dim=1) for x in (k, v))  # heads may share a key head
    here = module.layer_idx in layers
    scores = q @ k.transpose(2, 3) * scaling
    if mask is not None:
        scores = scores + mask
{before_softmax}    weights = scores.softmax(-1, dtype=torch.float32).to(q.dtype)
{after_softmax}    output = weights @ v  # (text, head, token, dimension)
{on_output}    return output.transpose(1, 2).contiguous(), weights

AttentionInterface.register("cut", cut)
AttentionMaskInterface.register("cut", eager_mask)
model.set_attn_implementation("cut")
"""
_MLP = """for layer in layers:
    model.base_model.{blocks}[layer].mlp.register_forward_hook(lambda module, given, output: {value})
"""
_SHOW = """
after = next_token()
for token_id in torch.maximum(before, after).topk(8).indices.tolist():
    print(f"{{tokenizer.decode([token_id])!r:>14}} {{before[token_id].exp():.4f}} {{after[token_id].exp():.4f}}")
kl = (before.exp() * (before - after)).sum() / torch.log(torch.tensor(2.0))
print(f"KL {{kl:.4f}} bits")
"""


def snippet(model_id: str, dtype: str, text: str, cut: Cut, limit: int) -> str:
    """Python that prints the likeliest next tokens before and after the cut, and the KL between them."""
    start = _OPEN.format(
        text=text_literal(text),
        model_id=model_id,
        dtype=torch_dtype(dtype),
        limit=limit,
        layers=list(cut.layers),
    )
    return start + (_mlp(model_id, cut) if cut.part == "mlp" else _attention(cut)) + _SHOW.format()


def _mlp(model_id: str, cut: Cut) -> str:
    value = "output.mean(1, keepdim=True).expand_as(output)" if cut.method == "mean" else "output * 0"
    return _MLP.format(blocks="h" if "gpt2" in model_id else "layers", value=value)


def _attention(cut: Cut) -> str:
    edge = f"[:, heads, {cut.query}, {cut.key}]"
    value = "output[:, heads].mean(2, keepdim=True)" if cut.method == "mean" else "0"
    return _ATTENTION.format(
        heads="slice(None)  # all" if cut.part == "attention" else list(cut.heads),
        before_softmax=f'    if here:\n        scores{edge} = float("-inf")\n' if cut.method == "mask" else "",
        after_softmax=f"    if here:\n        weights{edge} = 0  # the others stay as they are\n"
        if cut.method == "drop"
        else "",
        on_output=f"    if here:\n        output[:, heads] = {value}\n" if cut.part != "edge" else "",
    )
