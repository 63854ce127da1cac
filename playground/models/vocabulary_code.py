"""The few lines of tiktoken, tokenizers or sentencepiece that find the vocabulary page's tokens, ready to paste."""

from playground.core.vocabulary import By, read_bytes

_TIKTOKEN_NAMES = {"gpt2": "gpt2", "cl100k": "cl100k_base", "o200k": "o200k_base"}
_SENTENCEPIECE_FILES = {"mistral": "tokenizer.model.v1", "jurassic2": "tokenizer.model"}
_TIKTOKEN = """
import tiktoken

encoding = tiktoken.get_encoding("{name}")  # fetched from OpenAI once, then cached
raw = {{i: piece for piece, i in encoding._mergeable_ranks.items()}}
raw |= {{i: piece.encode() for piece, i in encoding._special_tokens.items()}}
text = {{i: piece.decode(errors="replace") for i, piece in raw.items()}}
"""
_TEKKEN = """
import base64
import json
from playground.models import store  # only to find the file
from playground.models.engines.tiktoken_bpe import TEKKEN_CONTROL  # the file has no names for its first ids

file = json.loads((store.ensure("tekken") / "tekken.json").read_bytes())
first = file["config"]["default_num_special_tokens"]
used = file["vocab"][: file["config"]["default_vocab_size"] - first]
raw = {i: name.encode() for i, name in enumerate(TEKKEN_CONTROL)}
raw |= {first + piece["rank"]: base64.b64decode(piece["token_bytes"]) for piece in used}
text = {i: piece.decode(errors="replace") for i, piece in raw.items()}
"""
_TOKENIZERS = """
from tokenizers import Tokenizer
from playground.models import store  # only to find the file

tokenizer = Tokenizer.from_file(str(store.ensure("{id}") / "tokenizer.json"))
"""
_BYTE_LEVEL = """from playground.models.engines.byte_glyphs import bytes_of  # Ġ is how the file writes a space

special = tokenizer.get_added_tokens_decoder()
raw = {i: piece.encode() if i in special else bytes_of(piece) for piece, i in tokenizer.get_vocab().items()}
text = {i: piece.decode(errors="replace") for i, piece in raw.items()}
"""
_WORDPIECE = """text = {i: piece for piece, i in tokenizer.get_vocab().items()}
raw = {i: piece.removeprefix("##").encode() for i, piece in text.items()}
"""
_SENTENCEPIECE = """
from sentencepiece import SentencePieceProcessor
from playground.models import store  # only to find the file

processor = SentencePieceProcessor(model_file=str(store.ensure("{id}") / "{file}"))
pieces = {{i: processor.id_to_piece(i) for i in range(processor.vocab_size())}}
raw = {{
    i: bytes([int(piece[3:5], 16)]) if processor.is_byte(i) else piece.replace("\\u2581", " ").encode()
    for i, piece in pieces.items()
}}
text = {{i: piece.decode(errors="replace") for i, piece in raw.items()}}
"""
_FIND: dict[By, str] = {
    "text": "found = [i for i in sorted(text) if {query!r} in text[i]]",
    "bytes": "found = [i for i in sorted(raw) if bytes.fromhex({query!r}) in raw[i]]",
    "regex": "import regex\n\nfound = [i for i in sorted(text) if regex.search({query!r}, text[i])]",
    "id": "found = [i for i in {ids!r} if i in raw]",
}


def snippet(tokenizer_id: str, query: str, by: By, ids: list[int]) -> str:
    """Python that prints the ids the page lists (by id, not the equal one first); ``ids`` for a search by id."""
    if tokenizer_id in _TIKTOKEN_NAMES:
        read = _TIKTOKEN.format(name=_TIKTOKEN_NAMES[tokenizer_id])
    elif tokenizer_id == "tekken":
        read = _TEKKEN
    elif tokenizer_id in _SENTENCEPIECE_FILES:
        read = _SENTENCEPIECE.format(id=tokenizer_id, file=_SENTENCEPIECE_FILES[tokenizer_id])
    else:
        read = _TOKENIZERS.format(id=tokenizer_id) + (_WORDPIECE if tokenizer_id == "bert" else _BYTE_LEVEL)
    find = (
        "found = sorted(text)"
        if not query
        else _FIND[by].format(query=read_bytes(query).hex(" ") if by == "bytes" else query, ids=ids)
    )
    return f"{read}{find}\nprint(len(found), [(i, text[i]) for i in found[:20]])"
