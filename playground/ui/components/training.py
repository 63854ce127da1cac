"""The training page's inputs, the training itself with its progress, and what came of it."""

from dataclasses import dataclass

import streamlit as st

from playground import limits, paths
from playground.core.tokens import Encoding
from playground.errors import PlaygroundError
from playground.figures import tokens as token_figures
from playground.figures import training as figures
from playground.figures.tokens import Side
from playground.models import training, training_code
from playground.models.training import KINDS, Kind, Trained
from playground.ui import downloads, inputs, resources, shell

_SIZES = (257, 260, 265, 270, 280, 300, 350, 400, 500, 700, 1_000, 1_500, 2_000, 3_000, 5_000, 8_000)
_CUT_CHARACTERS = 200  # drawn as tokens
_TRAINING, _HELD_OUT = "the training text", "a text it never saw"
_EVERY_PRE_TOKEN = (
    "every pre-token of this text is one token by then, and no merge reaches beyond one. GPT-2's pattern cuts "
    "pre-tokens at spaces and wherever letters meet other signs; the vowel signs of Hindi or Thai count as such, so a "
    "word of theirs is several"
)
_WHY_FEWER: dict[Kind, str] = {
    "bpe": _EVERY_PRE_TOKEN,
    "wordpiece": _EVERY_PRE_TOKEN,
    "unigram": "there were no more candidates. They come from the list of different pre-tokens, each once however "
    "often it occurs: a string must stand in two of them and go on differently there. Of these, the ones that made no "
    "cut of the text more probable were dropped",
}
_RULES: dict[Kind, str] = {
    "bpe": "**BPE** counts every pair of neighbours in every word, merges the most frequent one everywhere, and "
    "counts again ([Sennrich et al. 2016](https://arxiv.org/abs/1508.07909)). *Ties*: this "
    "trainer takes the pair with the smallest left id, then the smallest right id; others break them otherwise and "
    "learn other merges from the same text.",
    "wordpiece": "**WordPiece** as this library trains it merges pairs like BPE, with ## on what continues a word; "
    "Google's own trainer, never published, preferred pairs by likelihood "
    "([Schuster & Nakajima 2012](https://research.google/pubs/japanese-and-korean-voice-search/)). It *encodes* "
    "differently: the longest piece that fits, then the next; a word it can't spell becomes [UNK]. "
    "This trainer counts in hash tables, so ties fall by chance: trained again, one piece in ten may be another.",
    "unigram": "**Unigram** goes the other way: from all frequent strings, those whose loss hurts the text's "
    "likelihood least are struck out until few enough are left ([Kudo 2018](https://arxiv.org/abs/1804.10959)). Each "
    "piece keeps a log probability, and the most probable cut of a text wins. The vocabulary may end below the size "
    "asked for; trained again, the pieces are the same and their scores differ in the second decimal.",
}


@dataclass(frozen=True)
class Ask:
    """What to train, and what to try it on."""

    kind: Kind
    size: int
    text: str
    held_out: str


def ask() -> Ask:
    """The inputs: method, size, the text to train on and one to try."""
    left, right = st.columns([2, 3])
    with left:
        kind: Kind = inputs.choice("Method", list(KINDS), key="kind", segmented=True, format_func=KINDS.__getitem__)
    with right:
        size = inputs.choice(
            "Vocabulary size", _SIZES, key="size", default=500, slider=True, format_func=lambda n: f"{n:,}"
        )
    with st.expander("The texts", icon=":material/edit_note:", expanded=True):
        corpus = inputs.text(
            "Train on",
            _sample("training-sample.txt"),
            key="corpus",
            max_characters=limits.TRAINING_CHARACTERS,
            height=180,
        )
        held_out = inputs.text(
            "Try it on",
            _sample("held-out.txt"),
            key="held_out",
            max_characters=limits.PROMPT_CHARACTERS,
            height=100,
            help="A text that was not trained on: only there does one see what was learned and what was memorised.",
        )
    return Ask(kind, size, corpus, held_out)


def _sample(name: str) -> str:
    return (paths.ASSETS / "texts" / name).read_text(encoding="utf-8").strip()


def trained(asked: Ask) -> Trained | None:
    """The training, with its progress; leaving the page or changing an input ends it. None, and why in its place,
    where there was none.
    """
    if not asked.text.strip():
        st.info("Type or paste a text to train on, above: some sentences, better pages.", icon=":material/edit_note:")
        return None
    slot = st.empty()

    def waiting(seconds: float) -> None:
        if seconds > 0.3:
            share = min(seconds / limits.TRAINING_SECONDS, 1.0)
            slot.progress(share, text=f":material/hourglass_top: Training… {seconds:.0f} s")

    try:
        found = training.train(asked.kind, asked.text, asked.size, waiting)
    except PlaygroundError as error:
        with slot:
            shell.show_error(error)
        return None
    slot.empty()
    if found.size < asked.size:
        shell.notices([f"Asked for {asked.size:,} entries, learned {found.size:,}: {_WHY_FEWER[found.kind]}."])
    return found


def compare(asked: Ask, found: Trained) -> tuple[Encoding, Encoding]:
    """Compression beside GPT-2's on both texts; returns what became of the training text under both."""
    gpt2 = resources.engine("gpt2")
    mine = f"Yours · {found.size:,}"
    theirs = f"GPT-2 · {gpt2.vocabulary_size:,}"
    encodings, results = [], []
    for name, text in ((_TRAINING, asked.text), (_HELD_OUT, asked.held_out)):
        for tokenizer, encoding in ((mine, found.encode(text)), (theirs, gpt2.encode(text))):
            size = len(encoding.text.encode())
            lossy = any(token.unknown for token in encoding.tokens) or not encoding.round_trip
            results.append(figures.Compression(tokenizer, name, len(encoding.tokens), size, lossy))
            encodings.append(encoding)
    st.plotly_chart(
        figures.compression(results),
        width="stretch",
        config={"displayModeBar": False},
        key="training.compression",
        alt="UTF-8 bytes per token of your tokenizer and GPT-2's on the training text and on a text never seen",
    )
    shell.provenance(
        "measured",
        f"Trained in {found.seconds:.1f} s by the tokenizers library on {len(asked.text):,} characters, now. GPT-2 "
        "learned from 40 GB of web pages ([Radford et al. 2019](https://openai.com/index/better-language-models/)).",
    )
    return encodings[0], encodings[1]


def learned(asked: Ask, found: Trained) -> None:
    """What was learned, in order, and the rule by which."""
    table, rule = st.columns([3, 2], gap="large")
    with table:
        st.dataframe(figures.learned_rows(found.learned[: limits.TOKENS_SHOWN]), hide_index=True, height=360)
        with st.container(horizontal=True):
            downloads.offer(f"learned-{found.kind}", figures.file_rows(found.learned), key="training.file")
            st.download_button("tokenizer.json", found.json, "tokenizer.json", "application/json", on_click="ignore")
    with rule:
        st.markdown(_RULES[found.kind])
        st.markdown(
            "All three methods start here from the same 256 letters, one a byte, and from words cut by GPT-2's "
            "pattern: a space belongs to the word after it, shown as ·."
        )
        if found.kind == "wordpiece":
            st.markdown(
                "For WordPiece these 256 can only *begin* a word. To go on in one, a letter needs a form of its own, "
                f"with ##, and this text taught {len(found.letters_inside)} of those: "
                "the letters it has inside words. One that is missing, and the whole word is [UNK]."
            )


def growth(asked: Ask, found: Trained) -> None:
    """How compression grows merge by merge (BPE, the one whose smaller vocabularies are its first merges)."""
    gpt2 = resources.engine("gpt2")
    texts = [(name, text) for name, text in ((_TRAINING, asked.text), (_HELD_OUT, asked.held_out)) if text]
    lines = [(name, found.curve(text), len(text.encode())) for name, text in texts]
    theirs = [len(text.encode()) / max(len(gpt2.encode(text).tokens), 1) for _, text in texts]
    st.plotly_chart(
        figures.curve(lines, theirs),
        width="stretch",
        config={"displayModeBar": False},
        key="training.curve",
        alt="Bytes per token as merges are learned, on both texts, with GPT-2's as dotted lines",
    )
    shell.provenance(
        "measured",
        "The same merges, cut off after the first few, encode both texts. Where the lines part, the tokenizer is "
        "learning this text by heart.",
    )


def cut(asked: Ask, found: Trained) -> None:
    """The text's first words under both, as many for the one as for the other."""
    text = asked.held_out or asked.text
    first = _first_words(text)
    sides = (
        Side(f"Your {KINDS[found.kind]}", f"{found.size:,} entries", "Trained on the text above.", found.encode(first)),
        Side("GPT-2", "byte-level BPE", "Trained on web pages.", resources.engine("gpt2").encode(first)),
    )
    st.html(token_figures.cards(sides, "text", limits.TOKENS_SHOWN // 4))
    shell.provenance(
        "measured", f"Its first {len(first):,} of {len(text):,} characters." if first != text else "All of it."
    )


def _first_words(text: str) -> str:
    """As many whole words as fit the cards without scrolling."""
    if len(text) <= _CUT_CHARACTERS:
        return text
    end = text.rfind(" ", _CUT_CHARACTERS // 2, _CUT_CHARACTERS)
    return text[: end if end > 0 else _CUT_CHARACTERS]


def code(asked: Ask) -> None:
    """The lines that train the same tokenizer."""
    shell.code(training_code.snippet(asked.kind, asked.text, asked.size))
