"""The few lines of torch and transformers that give the Attention page's numbers, ready to paste."""

_INLINE_CHARACTERS = 1_000
_MODEL = """
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
ids = torch.tensor([encoding.ids[:{limit}]])
"""
_CODE = """{catch}with torch.inference_mode():
    maps = torch.stack(model(ids, output_attentions=True).attentions)[:, 0].float()  # (layer, head, query, key)
{variant}
{which}
{after}for token, row in zip(tokens, weights):
    print(f"{{token:>14}}", *(f"{{weight:.2f}}" for weight in row))
"""
_HEADS = """with torch.inference_mode():
    maps = torch.stack(model(ids, output_attentions=True).attentions)[:, 0].double()  # (layer, head, query, key)

later = torch.arange(1, maps.shape[-1])  # the first token can look at nothing but itself
same = ids[0][:, None] == ids[0]
followed = torch.zeros_like(same)
followed[:, 1:] = same.tril(-2)[:, :-1]  # what came after the same token earlier
again = followed.any(-1)
scores = {{
    "first token": maps[:, :, later, 0].mean(-1),
    "previous token": maps[:, :, later, later - 1].mean(-1),
    "itself": maps[:, :, later, later].mean(-1),
    "induction": (maps[:, :, again] * followed[again]).sum(-1).mean(-1),
}}
for name, score in scores.items():
    layer, head = divmod(int(score.nan_to_num(-1).argmax()), score.shape[1])
    print(f"{{name:>14}}: layer {{layer}}, head {{head}}, {{score[layer, head]:.3f}}")
print(int((scores["first token"] > 0.5).sum()), "sinks of", scores["first token"].numel())
"""
_WHICH = {
    "head": "weights = maps[{layer}, {head}]  # rows: queries, columns: keys",
    "mean": "weights = maps[{layer}].mean(0)  # over the heads",
    "rollout": """weights = same = torch.eye(maps.shape[-1])
for layer in maps[:{layer} + 1].mean(1):  # a layer's mean, half of it the token itself: Abnar & Zuidema 2020
    weights = (0.5 * layer / layer.sum(-1, keepdim=True) + 0.5 * same) @ weights""",
}
_CATCH = """
# What each head's values become in the residual stream: v times the head's own rows of the output projection.
# (The module names are those of Llama's family and of BERT; GPT-2 calls them c_attn and c_proj.)
blocks = {blocks}
values = []
for block in blocks:
    {value}.register_forward_hook(lambda module, given, out: values.append(out[0].float()))
"""
_VALUES = """
lengths = []
for block, v in zip(blocks, values):
    heads = maps.shape[1]
    output = {output}.weight.detach().T.float().view(heads, -1, model.config.hidden_size)
    v = v.view(len(v), -1, output.shape[1]).transpose(0, 1)
    v = v.repeat_interleave(heads // len(v), dim=0)  # query heads may share a value head
    lengths.append((v @ output).norm(dim=-1))  # (head, token)
maps = maps * torch.stack(lengths)[:, :, None]  # Kobayashi et al. 2020
"""
_PARTS = {
    "decoder": ("[layer.self_attn for layer in model.layers]", "block.v_proj", "block.o_proj"),
    "encoder": ("[layer.attention for layer in model.encoder.layer]", "block.self.value", "block.output.dense"),
}
_NO_SINK = """kept = {kept}  # without the first token, nor marks that the tokenizer added
weights = weights[kept][:, kept]
"""
_SHARES = "weights = weights / weights.sum(-1, keepdim=True)\n"


def snippet(
    model_id: str,
    dtype: str,
    text: str,
    layer: int,
    head: int,
    limit: int,
    *,
    which: str = "head",
    variant: str = "plain",
    kind: str = "decoder",
    positions: tuple[int, ...] = (),
) -> str:
    """Python that prints one map of the first ``limit`` tokens; a long text is read from a file.

    ``positions`` are those that stay ``no-sink``. The code for ``values`` names the modules of the Llama family
    (decoders) and of BERT (encoders).
    """
    blocks, value, output = _PARTS[kind]
    kept = f"list(range({positions[0]}, {positions[-1] + 1}))" if positions else "[]"
    return _model(model_id, dtype, text, limit) + _CODE.format(
        catch=_CATCH.format(blocks=blocks, value=value) if variant == "values" else "",
        variant=_VALUES.format(output=output) if variant == "values" else "",
        which=_WHICH[which].format(layer=layer, head=head),
        after=(_NO_SINK.format(kept=kept) if variant == "no-sink" else "")
        + ("" if variant == "plain" else _SHARES)
        + ("tokens = [encoding.tokens[i] for i in kept]\n" if variant == "no-sink" else "tokens = encoding.tokens\n"),
    )


def heads(model_id: str, dtype: str, text: str, limit: int) -> str:
    """Python that prints, for each behaviour, the head that shows it best, and counts the sinks."""
    return _model(model_id, dtype, text, limit) + _HEADS.format()


def _model(model_id: str, dtype: str, text: str, limit: int) -> str:
    inline = len(text) <= _INLINE_CHARACTERS
    return _MODEL.format(
        text=repr(text) if inline else 'open("text.txt", encoding="utf-8", newline="").read()',
        model_id=model_id,
        dtype={"bf16": "bfloat16", "fp16": "float16"}.get(dtype, "float32"),
        limit=limit,
    )
