"""The process in which a tokenizer is trained: a JSON request on standard input, tokenizer.json on standard output.

A process of its own, because the trainers can't be interrupted: 50,000 characters without a space keep one busy for
many seconds, and only a process can be ended. ``models.training`` starts it.
"""

import json
import sys
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

_ALPHABET = sorted(pre_tokenizers.ByteLevel.alphabet())  # 256 letters, one a byte
UNKNOWN = "[UNK]"


def trained(kind: str, text: str, size: int) -> Tokenizer:
    """A tokenizer of at most ``size`` entries, trained on the text cut into words as GPT-2 cuts it."""
    common: dict[str, Any] = {"vocab_size": size, "initial_alphabet": _ALPHABET, "show_progress": False}
    if kind == "bpe":
        tokenizer = Tokenizer(models.BPE())
        trainer: trainers.Trainer = trainers.BpeTrainer(**common)
    elif kind == "wordpiece":
        tokenizer = Tokenizer(models.WordPiece(unk_token=UNKNOWN))
        trainer = trainers.WordPieceTrainer(special_tokens=[UNKNOWN], **common)
    else:
        tokenizer = Tokenizer(models.Unigram())
        trainer = trainers.UnigramTrainer(**common)
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator([text], trainer)
    return tokenizer


if __name__ == "__main__":
    request = json.load(sys.stdin)
    sys.stdout.write(trained(request["kind"], request["text"], request["size"]).to_str())
