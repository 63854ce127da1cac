"""One text under several of the shared tokenizer engines, as the figures take it."""

from collections.abc import Iterable

from playground.core.tokens import SpecialMode
from playground.figures.tokens import Side
from playground.models.engines import TOKENIZERS
from playground.ui import resources

TITLES = {tokenizer_id: info.title for tokenizer_id, info in TOKENIZERS.items()}


def compare(tokenizer_ids: Iterable[str], text: str, mode: SpecialMode) -> dict[str, Side]:
    """What each tokenizer makes of the text, by id, in the order asked for."""
    return {
        tokenizer_id: Side(
            TITLES[tokenizer_id],
            TOKENIZERS[tokenizer_id].kind,
            TOKENIZERS[tokenizer_id].remark(mode),
            resources.engine(tokenizer_id).encode(text, mode),
        )
        for tokenizer_id in tokenizer_ids
    }
