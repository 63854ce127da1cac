"""The few lines of torch and transformers that give the Sampling page's numbers, ready to paste."""

from playground.core.sampling_settings import SamplingSettings
from playground.models import shown_code

_CODE = """
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.generation import logits_process
from playground.models import store  # only to find the folder

prompt = {prompt}
folder = store.ensure("{model_id}")
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype})

ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False, split_special_tokens=True).input_ids
with torch.inference_mode():
    logits = model(ids).logits[:, -1].double()

before = logits.softmax(-1)  # temperature 1, nothing cut, all {vocabulary} tokens
{chain}
after = scores.softmax(-1)  # what is sampled from

print(int((after > 0).sum()), "tokens kept")
for p, i in zip(*(row[0] for row in before.topk(20))):
    print(f"{{tokenizer.decode(i)!r:>14}} {{float(p):8.2%}} {{float(after[0, i]):8.2%}}")
"""
_PROCESSORS = {
    "repetition_penalty": "RepetitionPenaltyLogitsProcessor",
    "temperature": "TemperatureLogitsWarper",
    "top_k": "TopKLogitsWarper",
    "top_p": "TopPLogitsWarper",
    "min_p": "MinPLogitsWarper",
    "typical_p": "TypicalLogitsWarper",
}
_GREEDY = "scores = scores.where(scores == scores.max(), -torch.inf)  # greedy"


def snippet(model_id: str, dtype: str, vocabulary_size: int, prompt: str, settings: SamplingSettings) -> str:
    """Python that prints the bars' numbers before and after ``settings``; a long prompt is read from a file."""
    return _CODE.format(
        prompt=shown_code.text_literal(prompt),
        model_id=model_id,
        dtype=shown_code.torch_dtype(dtype),
        vocabulary=f"{vocabulary_size:,}",
        chain="\n".join(["scores = logits", *(_line(step, settings) for step in settings.steps)]),
    )


def _line(step: str, settings: SamplingSettings) -> str:
    if step == "greedy":
        return _GREEDY
    value = getattr(settings, step)
    argument = repr(int(value) if step == "top_k" else float(value))
    return f"scores = logits_process.{_PROCESSORS[step]}({argument})(ids, scores)"
