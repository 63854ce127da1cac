"""The few lines of transformers that write with an encoder–decoder and print where each step looked."""

_INLINE_CHARACTERS = 300
_CODE = """
import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSeq2SeqLM
from playground.models import store  # only to find the folder

text = {text}
folder = store.ensure({model_id!r})
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.{dtype}, attn_implementation="eager").eval()

source = torch.tensor([tokenizer.encode(text).ids[:{limit}]])  # its last token is the end of the text, </s>
with torch.inference_mode():
    encoded = model.get_encoder()(source)  # the encoder: once
    target = [model.config.decoder_start_token_id]
    while len(target) <= {steps}:  # the decoder: again and again, fed what it has written
        out = model(
            encoder_outputs=encoded, decoder_input_ids=torch.tensor([target]), output_attentions=True, use_cache=False
        )
        weights = out.cross_attentions[{layer}][0]{head}[-1].float()  # of the last position, over the source
        probability, token = out.logits[0, -1].float().softmax(-1).max(-1)
        looked = tokenizer.id_to_token(int(source[0, weights.argmax()]))
        wrote = tokenizer.id_to_token(int(token))
        print(f"{{wrote:>8}} {{probability:6.3f}}  looked at {{looked!r}} {{weights.max():.2f}}")
        target.append(int(token))
        if token == model.config.eos_token_id:
            break
print(tokenizer.decode(target))
"""


def snippet(model_id: str, dtype: str, text: str, layer: int, head: int | None, limit: int, steps: int) -> str:
    """Python that writes greedily, a token a line; ``head`` None averages them. A long text is read from a file."""
    inline = len(text) <= _INLINE_CHARACTERS
    return _CODE.format(
        text=repr(text) if inline else 'open("text.txt", encoding="utf-8", newline="").read()',
        model_id=model_id,
        dtype={"bf16": "bfloat16"}.get(dtype, "float32"),
        layer=layer,
        head=".mean(0)" if head is None else f"[{head}]",
        limit=limit,
        steps=steps,
    )
