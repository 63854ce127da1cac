"""The few lines of torch and transformers that read a decoder's layers through its own unembedding, ready to paste."""

from playground.models.shown_code import text_literal, torch_dtype

_CODE = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM
from playground.models import store  # only to find the folder

text = {text}
position = {position}  # counted from 0
folder = store.ensure("{model_id}")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype}).eval()
ids = torch.tensor([tokenizer.encode(text).ids[-{limit}:]])

with torch.inference_mode():
    out = model(ids, output_hidden_states=True)
    answer = int(out.logits[0, position].argmax())
    for step, stream in enumerate(out.hidden_states):
        last = step == len(out.hidden_states) - 1
        normed = stream if last else model.base_model.{norm}(stream)  # transformers has normalised the last one already
        logits = model.get_output_embeddings()(normed)[0, position].float()
        best = logits.softmax(-1).topk(3)
        words = ", ".join(f"{{tokenizer.decode([int(i)])!r}} {{p:.2f}}" for p, i in zip(*best))
        rank = 1 + int((logits > logits[answer]).sum())
        print(f"{{'embedding' if step == 0 else f'layer {{step - 1}}':>10}}  rank {{rank:>6,}}  {{words}}")
"""


def snippet(model_id: str, dtype: str, text: str, position: int, limit: int) -> str:
    """Python that prints, after every layer, the first choices and the rank of the final answer."""
    return _CODE.format(
        text=text_literal(text),
        model_id=model_id,
        dtype=torch_dtype(dtype),
        position=position,
        norm="ln_f" if "gpt2" in model_id else "norm",
        limit=limit,
    )
