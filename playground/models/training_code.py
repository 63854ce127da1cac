"""The few lines of tokenizers that train the page's tokenizer, ready to paste."""

from playground.models.training import Kind

_INLINE_CHARACTERS = 300
_MODELS: dict[Kind, tuple[str, str]] = {
    "bpe": ("models.BPE()", "trainers.BpeTrainer("),
    "wordpiece": (
        'models.WordPiece(unk_token="[UNK]")',
        'trainers.WordPieceTrainer(special_tokens=["[UNK]"], ',
    ),
    "unigram": ("models.Unigram()", "trainers.UnigramTrainer("),
}
_CODE = """
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

text = {text}
tokenizer = Tokenizer({model})
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # GPT-2's words, as bytes
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
trainer = {trainer}vocab_size={size}, initial_alphabet=alphabet)
tokenizer.train_from_iterator([text], trainer)
ids = tokenizer.encode(text).ids
print(tokenizer.get_vocab_size(), len(ids))
tokenizer.save("tokenizer.json")
"""


def snippet(kind: Kind, text: str, size: int) -> str:
    """Python that trains the same tokenizer; a long text is read from a file."""
    written = repr(text) if len(text) <= _INLINE_CHARACTERS else 'open("text.txt", encoding="utf-8", newline="").read()'
    model, trainer = _MODELS[kind]
    return _CODE.format(text=written, model=model, trainer=trainer, size=size)
