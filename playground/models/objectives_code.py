"""The few lines that give the pre-training page's numbers, ready to paste."""

from collections.abc import Sequence

_INLINE_CHARACTERS = 300
_MASKED = """
import numpy as np
from tokenizers import Tokenizer
from playground.models import store  # only to find the folder

text = {text}
tokenizer = Tokenizer.from_file(str(store.ensure("minilm-l6") / "tokenizer.json"))  # BERT's own vocabulary
tokenizer.no_truncation(); tokenizer.no_padding()
encoding = tokenizer.encode(text)
ids = encoding.ids[:{limit}]
maskable = [i for i in range(len(ids)) if not encoding.special_tokens_mask[i]]  # not [CLS] and [SEP]

numbers = np.random.default_rng({seed})
count = min(max(1, round(0.15 * len(ids))), len(maskable))
order = np.argsort(numbers.random(len(maskable)), kind="stable")
chosen = sorted(maskable[i] for i in order[:count])
for place, (fate, which) in zip(chosen, numbers.random((count, 2))):
    read = ids[place]  # 10 %: kept
    if fate < 0.8:
        read = tokenizer.token_to_id("[MASK]")
    elif fate < 0.9:
        read = int(which * tokenizer.get_vocab_size())
    print(place, tokenizer.id_to_token(read), "must say", tokenizer.id_to_token(ids[place]))
"""
_CAUSAL = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForCausalLM
from playground.models import store  # only to find the folder

text = {text}
folder = store.ensure({model_id!r})
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_truncation(); tokenizer.no_padding()
ids = torch.tensor([tokenizer.encode(text).ids[:{limit}]])
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype}).eval()
with torch.inference_mode():
    logits = model(ids).logits[0, :-1].float()  # what stands at position t is a guess at token t + 1

nats = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")
for token, loss in zip(ids[0, 1:].tolist(), nats.tolist()):
    print(f"{{loss:8.3f}}  {{tokenizer.decode([token])!r}}")
print("mean", f"{{nats.mean():.4f}}", "nats, perplexity", f"{{nats.mean().exp():.2f}}")
"""
_SPANS = """
import numpy as np

ids = {ids}  # of the text, under the tokenizer chosen on the page
rate, mean_span = {rate:g}, {mean:g}
cut = min(max(round(len(ids) * rate), 1), len(ids) - 1)
spans = min(max(round(cut / mean_span), 1), cut, len(ids) - cut)
numbers = np.random.default_rng({seed})

def parts(items):  # as many lengths of at least 1 as there are spans, each way equally likely
    ends = np.sort(np.argsort(numbers.random(items - 1), kind="stable")[:spans - 1]) + 1
    return np.diff([0, *ends, items])

cut_lengths, kept_lengths = parts(cut), parts(len(ids) - cut)
read, target, place = [], [], 0
for number, (kept, length) in enumerate(zip(kept_lengths, cut_lengths)):
    read += [*ids[place:place + kept], f"<extra_id_{{number}}>"]
    target += [f"<extra_id_{{number}}>", *ids[place + kept:place + kept + length]]
    place += kept + length
print("read  ", read)
print("target", [*target, f"<extra_id_{{spans}}>"])
"""


def _quoted(text: str) -> str:
    return repr(text) if len(text) <= _INLINE_CHARACTERS else 'open("text.txt", encoding="utf-8", newline="").read()'


def masked(text: str, seed: int, limit: int) -> str:
    """Python that prints BERT's exercise on the text; a long text is read from a file."""
    return _MASKED.format(text=_quoted(text), seed=seed, limit=limit)


def causal(model_id: str, dtype: str, text: str, limit: int) -> str:
    """Python that prints every token's loss."""
    return _CAUSAL.format(
        text=_quoted(text), model_id=model_id, dtype={"bf16": "bfloat16"}.get(dtype, "float32"), limit=limit
    )


def spans(ids: Sequence[int], seed: int, rate: float, mean: float) -> str:
    """Python that prints T5's exercise on these ids."""
    return _SPANS.format(ids=list(ids), seed=seed, rate=rate, mean=mean)
