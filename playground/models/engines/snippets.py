"""The few lines of tiktoken, tokenizers or sentencepiece that give the same ids, ready to paste."""

from playground.core.tokens import SpecialMode
from playground.models import shown_code

_TIKTOKEN_NAMES = {"gpt2": "gpt2", "cl100k": "cl100k_base", "o200k": "o200k_base"}
_SENTENCEPIECE_FILES = {"mistral": "tokenizer.model.v1", "jurassic2": "tokenizer.model"}
_ON_THE_HUB = {"smollm2": "HuggingFaceTB/SmolLM2-135M-Instruct", "bert": "google-bert/bert-base-uncased"}

_TIKTOKEN = """
import tiktoken

text = {text}
encoding = tiktoken.get_encoding("{name}")  # fetched from OpenAI once, then cached
ids = encoding.{call}
print(ids)
print([encoding.decode_single_token_bytes(i) for i in ids])
"""
_TEKKEN = """
import base64
import json

import tiktoken
from playground.models import store  # only to find the file

text = {text}
file = json.loads((store.ensure("tekken") / "tekken.json").read_bytes())
first = file["config"]["default_num_special_tokens"]  # ids below are control tokens
used = file["vocab"][: file["config"]["default_vocab_size"] - first]
ranks = {{base64.b64decode(piece["token_bytes"]): piece["rank"] for piece in used}}
encoding = tiktoken.Encoding("tekken", pat_str=file["config"]["pattern"], mergeable_ranks=ranks, special_tokens={{}})
ids = {begin}[first + rank for rank in encoding.encode_ordinary(text)]
print(ids)
"""
_TOKENIZERS = """
from tokenizers import Tokenizer
from playground.models import store  # only to find the file; Tokenizer.from_pretrained("{name}") asks the hub

text = {text}
tokenizer = Tokenizer.from_file(str(store.ensure("{id}") / "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
tokenizer.encode_special_tokens = {as_text}  # {why}
encoding = tokenizer.encode(text, add_special_tokens={template})
ids = encoding.ids
print(ids)
print(encoding.tokens)
print(encoding.offsets)
"""
_SENTENCEPIECE = """
from sentencepiece import SentencePieceProcessor
from playground.models import store  # only to find the file

text = {text}
processor = SentencePieceProcessor(model_file=str(store.ensure("{id}") / "{file}"))
ids = processor.encode(text, add_bos={template})
print(ids)
print([processor.id_to_piece(i) for i in ids])
"""


def snippet(tokenizer_id: str, text: str, mode: SpecialMode) -> str:
    """Python that prints the ids ``load(tokenizer_id).encode(text, mode)`` has; a long text is read from a file."""
    plain, template = mode == "plain", mode == "template"
    written = shown_code.text_literal(text)
    if tokenizer_id in _TIKTOKEN_NAMES:
        call = "encode_ordinary(text)" if plain else 'encode(text, allowed_special="all")'
        return _TIKTOKEN.format(text=written, name=_TIKTOKEN_NAMES[tokenizer_id], call=call)
    if tokenizer_id == "tekken":
        return _TEKKEN.format(text=written, begin="[1] + " if template else "")  # 1 is <s>
    if tokenizer_id in _ON_THE_HUB:
        why = "control tokens typed in a text stay text" if plain else "control tokens typed in a text are recognised"
        hub = _ON_THE_HUB[tokenizer_id]
        return _TOKENIZERS.format(text=written, name=hub, id=tokenizer_id, as_text=plain, why=why, template=template)
    return _SENTENCEPIECE.format(
        text=written, id=tokenizer_id, file=_SENTENCEPIECE_FILES[tokenizer_id], template=template
    )
