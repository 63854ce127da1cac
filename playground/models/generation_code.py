"""The few lines of torch and transformers that write the page's texts, ready to paste."""

from playground.models import shown_code

_CODE = """
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from playground.models import store  # only to find the folder

prompt = {prompt}
folder = store.ensure("{model_id}")
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.{dtype})
ids = tokenizer(prompt, return_tensors="pt", add_special_tokens=False, split_special_tokens=True).input_ids

# Greedy, token by token, with the KV cache: each step reads one token only.
text, cache, new = ids, None, ids
with torch.inference_mode():
    for _ in range({new_tokens}):
        out = model(new, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        new = out.logits[:, -1].argmax(-1, keepdim=True)
        text = torch.cat([text, new], dim=1)
        if new.item() == model.generation_config.eos_token_id:
            break  # finish reason: stop
print(repr(tokenizer.decode(text[0, ids.shape[1]:])))

# The same by transformers' own loop, then beam search.
for beams in (1, 4):
    out = model.generate(ids, do_sample=False, num_beams=beams, max_new_tokens={new_tokens})
    print(beams, repr(tokenizer.decode(out[0, ids.shape[1]:])))
"""


def snippet(model_id: str, dtype: str, prompt: str, new_tokens: int) -> str:
    """Python that writes the prompt's greedy and beam-search texts; a long prompt is read from a file."""
    return _CODE.format(
        prompt=shown_code.text_literal(prompt),
        model_id=model_id,
        dtype=shown_code.torch_dtype(dtype),
        new_tokens=new_tokens,
    )
