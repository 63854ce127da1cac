"""The tokenizer engines: eight vocabularies behind one interface, each encoded by the library it was made for."""

from playground.errors import BadInput
from playground.models import store
from playground.models.engines.base import Engine, TokenizerInfo

__all__ = ["TOKENIZERS", "Engine", "TokenizerInfo", "load"]

_BYTE_LEVEL, _WORDPIECE, _SENTENCEPIECE = "byte-level BPE", "WordPiece", "SentencePiece BPE + byte fallback"
_UNIGRAM = "SentencePiece Unigram + byte fallback"

TOKENIZERS: dict[str, TokenizerInfo] = {
    info.id: info
    for info in (
        TokenizerInfo("gpt2", _BYTE_LEVEL, "tiktoken", "2019, trained on English web pages."),
        TokenizerInfo("cl100k", _BYTE_LEVEL, "tiktoken", "GPT-3.5 and GPT-4. Digits are cut in threes."),
        TokenizerInfo("o200k", _BYTE_LEVEL, "tiktoken", "GPT-4o. Twice the vocabulary, for more languages."),
        TokenizerInfo("smollm2", _BYTE_LEVEL, "tokenizers", "The playground's own model. One token for each digit."),
        TokenizerInfo("bert", _WORDPIECE, "tokenizers", "Lower-cases, strips accents; ## continues a word."),
        TokenizerInfo(
            "mistral",
            _SENTENCEPIECE,
            "sentencepiece",
            "Puts a space before the text; a character without a piece becomes bytes.",
            reads_control=False,
            adds_space=True,
        ),
        TokenizerInfo(
            "tekken",
            _BYTE_LEVEL,
            "tiktoken",
            "Mistral NeMo and Pixtral. Trained on over 100 languages; one token for each digit.",
            reads_control=False,
        ),
        TokenizerInfo(
            "jurassic2",
            _UNIGRAM,
            "sentencepiece",
            "English; a token may span several words. NFKC first, and a line end is read as a space.",
            reads_control=False,
        ),
    )
}


def load(tokenizer_id: str) -> Engine:
    """The engine for one of ``TOKENIZERS``, its files fetched first if need be. It may be shared by threads.

    Raises BadInput for any other id, ModelUnavailable when the files can't be had or read.
    """
    if tokenizer_id not in TOKENIZERS:
        raise BadInput(f"{tokenizer_id[:60]!r} is not a tokenizer here", f"Choose one of: {', '.join(TOKENIZERS)}.")
    info = TOKENIZERS[tokenizer_id]
    folder = store.ensure(tokenizer_id)
    # Imported here: a page that names the tokenizers need not load three libraries.
    if info.library == "tiktoken":
        from playground.models.engines.tiktoken_bpe import TekkenEngine, TiktokenEngine

        return TekkenEngine(info, folder) if tokenizer_id == "tekken" else TiktokenEngine(info, folder)
    if info.library == "tokenizers":
        from playground.models.engines.hugging_face import HuggingFaceEngine

        return HuggingFaceEngine(info, folder)
    from playground.models.engines.sentence_piece import SentencePieceEngine

    return SentencePieceEngine(info, folder)
