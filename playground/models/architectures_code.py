"""The few lines of transformers that show three kinds of models looking at one text, ready to paste."""

_INLINE_CHARACTERS = 300
_CODE = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSeq2SeqLM
from playground.models import store  # only to find the folders

text = {text}

def opened(name, auto):
    folder = store.ensure(name)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation(); tokenizer.no_padding()
    ids = torch.tensor([tokenizer.encode(text).ids[:{limit}]])
    return auto.from_pretrained(folder, dtype="auto", attn_implementation="eager").eval(), ids

def ahead(maps):  # the most weight that any head of any layer puts on a token that comes later
    return max(float(layer[0].triu(1).max()) for layer in maps)

with torch.inference_mode():
    encoder, ids = opened("minilm-l6", AutoModel)
    print("encoder", f"{{ahead(encoder(ids, output_attentions=True).attentions):.4f}}")
    decoder, ids = opened("smollm2-135m", AutoModelForCausalLM)
    print("decoder", f"{{ahead(decoder(ids, output_attentions=True).attentions):.4f}}")
    both, ids = opened("date-t5", AutoModelForSeq2SeqLM)
    written = both.generate(ids, max_new_tokens=64)[:, :-1]
    out = both(input_ids=ids, decoder_input_ids=written, output_attentions=True)
    print("its encoder", f"{{ahead(out.encoder_attentions):.4f}}")
    print("its decoder", f"{{ahead(out.decoder_attentions):.4f}}")
    print("cross-attention", tuple(out.cross_attentions[0][0].shape), "heads, written, read")
"""


def snippet(text: str, limit: int) -> str:
    """Python that prints how much weight each kind puts on later tokens; a long text is read from a file."""
    inline = len(text) <= _INLINE_CHARACTERS
    return _CODE.format(
        text=repr(text) if inline else 'open("text.txt", encoding="utf-8", newline="").read()', limit=limit
    )
