"""One word, piece by piece: the stepper for merges and longest match, the lattice, and the three ways side by side."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from playground import limits
from playground.core import unigram_lattice
from playground.core.pipeline import SPACE
from playground.core.round_trip import losses
from playground.core.tokens import Encoding
from playground.core.unigram_lattice import Lattice
from playground.core.visible import visible
from playground.core.wordpiece_trace import Matching
from playground.errors import BadInput
from playground.figures import merges as figures
from playground.figures import palette
from playground.figures.formula import formula
from playground.models.engines import TOKENIZERS, Engine
from playground.models.engines.staging import Merges
from playground.ui import inputs, resources, shell, tokenizing

EXAMPLE = "unhappiness"
_PLACES = {"start": "at the start of a text", "inside": "after a space"}
_MERGING = [i for i, info in TOKENIZERS.items() if "BPE" in info.kind]
_WORDPIECE, _UNIGRAM = "bert", "jurassic2"
_HINT = "The number between two parts is the rank of joining them. Click one to ask: why not this pair?"
_FILE = Path(__file__)
_stepper = st.components.v2.component(
    "llm_playground.merges_stepper",
    js=_FILE.with_name("merges_stepper.js").read_text(encoding="utf-8"),
    css=_FILE.with_name("merges_stepper.css").read_text(encoding="utf-8"),
)


def ask() -> tuple[str, str, str]:
    """The inputs: the word, the same as it stands in a text (perhaps after a space), and the BPE tokenizer."""
    word_column, place_column, tokenizer_column = st.columns([4, 4, 3], vertical_alignment="bottom")
    with word_column:
        word = inputs.line("Word", EXAMPLE, key="word", max_characters=limits.TRACED_BYTES)
    with place_column:
        place = inputs.choice(
            "Where it stands",
            list(_PLACES),
            key="place",
            segmented=True,
            format_func=_PLACES.__getitem__,
            help="In byte-level BPE and SentencePiece the space before a word is part of its first token.",
        )
    with tokenizer_column:
        tokenizer = inputs.choice(
            "BPE vocabulary", _MERGING, key="tokenizer", format_func=tokenizing.TITLES.__getitem__
        )
    if len(word.encode()) >= limits.TRACED_BYTES:
        raise BadInput(
            f"This word has {len(word.encode()):,} bytes",
            f"Shorten it to fewer than {limits.TRACED_BYTES}: every step and every pair is drawn.",
        )
    return word, (f" {word}" if place == "inside" else word), tokenizer


def readable(engine: Engine, stretch: str) -> str:
    """A normalised stretch with nothing invisible in it: where this tokenizer writes a space as ▁, that is a space."""
    return visible(stretch.replace(SPACE, " ") if engine.info.library == "sentencepiece" else stretch)


def _read_by(engine: Engine, word: str, in_text: str) -> str:
    """The word as this tokenizer should get it: one that puts a space before every text needs no second."""
    return word if engine.info.adds_space else in_text


def three_ways(word: str, in_text: str, tokenizer: str) -> None:
    """The word under one tokenizer of each kind."""
    decides = {
        tokenizer: "Merges the pair with the lowest rank, again and again.",
        _WORDPIECE: "Takes the longest piece that fits, from the left.",
        _UNIGRAM: "Takes the way of cutting with the highest probability.",
    }
    names = ("Byte-pair encoding", "WordPiece", "Unigram")
    cards = []
    for name, (tokenizer_id, how) in zip(names, decides.items(), strict=True):
        engine = resources.engine(tokenizer_id)
        tokens = engine.encode(_read_by(engine, word, in_text)).tokens
        pieces = [(visible(token.text, token.raw), token.id) for token in tokens]
        cards.append((name, engine.info.title, pieces, how))
    st.html(figures.three_ways(cards))
    if any("·" in piece for _, _, pieces, _ in cards for piece, _ in pieces):
        st.caption("· is a space. SentencePiece (Mistral, Jurassic-2) writes it ▁ in its files; here it is always ·.")
    shell.provenance(
        "measured", "Encoded now by tiktoken, tokenizers and sentencepiece with the published vocabularies."
    )


def merging(word: str, in_text: str, tokenizer: str) -> None:
    """The stepper over one pre-token, with this vocabulary's ranks."""
    engine = resources.engine(tokenizer)
    pieces = [p.text for p in engine.stages(_read_by(engine, word, in_text)).pre_tokens]
    chosen = 0
    if len(pieces) > 1:
        chosen = inputs.choice(
            "Cut beforehand into pre-tokens, each merged on its own",
            range(len(pieces)),
            key="part",
            segmented=True,
            format_func=lambda place: readable(engine, pieces[place]),
        )
    traced(engine, pieces[chosen])


def matching(word: str) -> None:
    """The stepper over BERT's pieces, each with what was tried before it."""
    engine = resources.engine(_WORDPIECE)
    stages = engine.stages(word)
    pieces = [p.text for p in stages.pre_tokens]
    if not pieces:
        st.caption("BERT reads nothing here: its normaliser drops every character of this word.")
        return
    not_kept(word, stages.normalized)
    chosen = 0
    if len(pieces) > 1:
        chosen = inputs.choice(
            "Cut beforehand at punctuation and white space",
            range(len(pieces)),
            key="wordpart",
            segmented=True,
            format_func=lambda place: visible(pieces[place]),
        )
    traced(engine, pieces[chosen])


def not_kept(text: str, normalized: str) -> None:
    """Say what BERT's normaliser took away before anything was cut, if it did."""
    gone = [what for what in losses(Encoding("", text, (), normalized)) if what != "white space"]
    if gone:
        st.caption(
            f"BERT's normaliser comes first and does not keep {shell.escape_markdown(', '.join(gone))}: "
            f"what is cut is **{shell.escape_markdown(visible(normalized.strip()))}**."
        )


def lattice(word: str, in_text: str) -> None:
    """The Unigram lattice over the whole word."""
    engine = resources.engine(_UNIGRAM)
    normalized = engine.stages(_read_by(engine, word, in_text)).normalized
    traced(engine, normalized)


def traced(engine: Engine, pre_token: str) -> None:
    """How this tokenizer encodes a normalised pre-token, whatever its algorithm; a long one is refused in words."""
    if len(pre_token.encode()) > limits.TRACED_BYTES:
        st.info(
            f"This stretch has {len(pre_token.encode()):,} bytes; steps are drawn for at most {limits.TRACED_BYTES}.",
            icon=":material/straighten:",
        )
        return
    how = engine.traced(pre_token)
    if isinstance(how, Lattice):
        _lattice(how)
    elif isinstance(how, Matching):
        stepper(figures.match_frames(how), key="match", noun="piece", label=f"Pieces of {readable(engine, pre_token)}")
        shell.provenance(
            "computed", "Longest match first: [BERT](https://arxiv.org/abs/1810.04805), `tokenization.py`."
        )
    elif isinstance(engine.staging, Merges):
        label = f"Merges of {readable(engine, pre_token)}"
        frames = figures.merge_frames(how, engine.staging.ids_of)
        stepper(frames, key="merge", noun="merge", label=label, hint=_HINT)
        shell.provenance(
            "computed",
            "Lowest rank first ([Sennrich et al. 2016](https://arxiv.org/abs/1508.07909)), with the vocabulary's own "
            f"ranks. {_RANKS[engine.info.library]}",
        )


_RANKS = {
    "tiktoken": "tiktoken ranks a merge by its result, not by the pair.",
    "tokenizers": "The rank is the pair's line in the list of merges.",
    "sentencepiece": "The rank is the result's score in the model file, without the minus.",
}


def _lattice(of: Lattice) -> None:
    if not of.text:
        st.caption("Nothing to cut.")
        return
    found = unigram_lattice.n_best(of, limits.N_BEST)
    count, log_sum = unigram_lattice.total(of)
    number = inputs.choice("Way of cutting it, the best first", range(1, len(found) + 1), key="path", segmented=True)
    path = found[number - 1]
    st.html(figures.lattice(of, path))
    st.caption(
        "Each box is a piece of the vocabulary over the characters it covers, with its score: the logarithm of its "
        "probability. Orange: the way chosen above. The number at each dot: the best score of any way up to there."
    )
    st.html(formula(figures.sum_of(path)))
    st.dataframe(
        figures.paths(found, log_sum),
        hide_index=True,
        column_config={
            "score": st.column_config.NumberColumn(format="%.4f"),
            "share of all ways": st.column_config.NumberColumn(format="%.3g"),
        },
    )
    shell.provenance(
        "computed",
        f"{count:,} way{'s' if count != 1 else ''} to cut it, scored by the model file's own numbers; the best by "
        "Viterbi, the list by keeping the best few at each place "
        "([Kudo 2018](https://arxiv.org/abs/1804.10959)). sentencepiece's own n-best list gives the same.",
    )


def stepper(frames: Sequence[figures.Frame], *, key: str, noun: str, label: str, hint: str = "") -> None:
    """Draw the frames with play, step and slider; the one the reader stopped at is in ``?key=``.

    Each is counted as a ``noun`` but the last, which shows the tokens.
    """
    text = json.dumps(frames)
    signature = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    widget, state = f"{key}.stepper", st.session_state
    if state.get(f"{key}.of", signature) != signature:
        inputs.pick(key, 0)  # another word starts at its first step
    state[f"{key}.of"] = signature
    at = inputs.picked(key, 0, lambda text: int(text) if text.isdecimal() and len(text) < 6 else None)

    def stopped() -> None:
        there = state[widget].frame
        if isinstance(there, int) and 0 <= there < len(frames):
            inputs.pick(key, there)

    data = {
        "frames": json.loads(text),
        "signature": signature,
        "epoch": shell.visit().number,
        "at": min(at, len(frames) - 1),
        "noun": noun,
        "label": label,
        "hint": hint,
        "colours": {
            "now": palette.ORANGE,
            "good": palette.GREEN,
            "bad": palette.WARNING,
            "ink": palette.text_on(palette.ORANGE),
        },
    }
    _stepper(key=widget, data=data, on_frame_change=stopped)


SNIPPET = """
# Byte-pair encoding of one word, with tiktoken's published ranks (tiktoken fetches them once).
import tiktoken

ranks = tiktoken.get_encoding("{name}")._mergeable_ranks
parts = [bytes([byte]) for byte in {word!r}.encode()]
while True:
    pairs = [(ranks[a + b], place) for place, (a, b) in enumerate(zip(parts, parts[1:])) if a + b in ranks]
    if not pairs:
        break
    rank, place = min(pairs)
    print(f"{{parts[place]}} + {{parts[place + 1]}}   id {{rank}}")
    parts[place : place + 2] = [parts[place] + parts[place + 1]]
print(parts, [ranks[part] for part in parts])
"""


def snippet(in_text: str, tokenizer: str) -> str:
    """The merging loop in a dozen lines, for the tokenizers that tiktoken knows."""
    names = {"cl100k": "cl100k_base", "o200k": "o200k_base"}
    return SNIPPET.format(name=names.get(tokenizer, "gpt2"), word=in_text)
