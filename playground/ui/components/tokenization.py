"""The tokenization page's parts: the same text counted, and a closer look at one tokenizer, stage by stage."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import streamlit as st

from playground import limits
from playground.core import utf8
from playground.core.pipeline import SPACE, Algorithm, Stages
from playground.core.tokens import Encoding, SpecialMode, Token, character_range, measure
from playground.core.visible import code_point, visible
from playground.figures import palette
from playground.figures import tokens as figures
from playground.figures.tokens import Side
from playground.ui import inputs, resources, shell, site, tokenizing
from playground.ui.components import merges

DEFAULT = ["gpt2", "o200k", "smollm2", "bert", "mistral", "jurassic2"]
CONTEXTS = (512, 1_024, 2_048, 8_192, 32_768, 131_072)
STEPS = ("normalized", "pre-tokens", "pieces", "ids", "bytes")
_PIECES: dict[Algorithm, str] = {"merges": "Merges", "longest match": "Longest match", "lattice": "Lattice"}
_FILE = Path(__file__)
_strip = st.components.v2.component(
    "llm_playground.tokenization_strip",
    js=_FILE.with_name("tokenization_strip.js").read_text(encoding="utf-8"),
    css=_FILE.with_name("tokenization_strip.css").read_text(encoding="utf-8"),
)


def ask(example: str) -> tuple[str, dict[str, Side], SpecialMode]:
    """The inputs; the text, and what each chosen tokenizer makes of it."""
    text = inputs.text("Text", example, max_characters=limits.TEXT_CHARACTERS, height=110)
    chosen = inputs.choices(
        "Tokenizers",
        list(tokenizing.TITLES),
        key="tokenizers",
        default=DEFAULT,
        format_func=tokenizing.TITLES.__getitem__,
    )
    special: SpecialMode = inputs.choice(
        "Special tokens in the text",
        ("plain", "control"),
        key="special",
        segmented=True,
        help="What a typed <|endoftext|>, [SEP] or <|im_end|> becomes. **plain**: text like any other, the safe way "
        "to treat what users type. **control**: the single id by which a model is told that the text ends.",
    )
    return text, tokenizing.compare(chosen, text, special), special


def side_by_side(sides: Sequence[Side]) -> None:
    """A card a tokenizer with its tokens as chips."""
    view: figures.View = inputs.choice("Show on each token", ("text", "ids", "bytes"), key="view", segmented=True)
    st.html(figures.cards(sides, view, limits.TOKENS_SHOWN // len(sides)))
    red = "**Red edge**: a cut that not all of these tokenizers make. " if len(sides) > 1 else ""
    st.caption(
        f"{red}· is a space (SentencePiece writes ▁ in its files), ↵ a line end, ⇥ a tab. Boxed hex digits are bytes: "
        "part of a character, cut by the tokenizer. A boxed U+200D is a whole character that draws nothing. "
        "Thick frame: a control token; dashed: text that is lost."
    )
    shell.provenance(
        "measured", "Encoded now by tiktoken, tokenizers and sentencepiece with the published vocabularies."
    )


def counted(sides: Sequence[Side]) -> None:
    """The same text in numbers."""
    measured = measure(sides[0].encoding)
    with st.container(horizontal=True):
        st.metric("Characters", f"{measured.characters:,}", help="Unicode code points: 👩‍🚀 is three.", border=True)
        st.metric("UTF-8 bytes", f"{measured.utf8_bytes:,}", help="What byte-level BPE starts from.", border=True)
        st.metric("Words", f"{measured.words:,}", help="Pieces between white space.", border=True)
    st.plotly_chart(
        figures.bars(sides),
        width="stretch",
        config={"displayModeBar": False},
        key="tokenization.bars",
        alt="The number of tokens each tokenizer makes of the text",
    )
    context = inputs.choice(
        "Context window",
        CONTEXTS,
        key="context",
        default=8_192,
        slider=True,
        format_func=lambda n: f"{n:,} tokens",
        help="How many tokens a model reads at once. MiniLM 512, GPT-2 1,024, SmolLM2 8,192, GPT-4o 131,072 or so.",
    )
    st.dataframe(
        figures.counts(sides, context),
        hide_index=True,
        column_config={
            "characters per token": st.column_config.NumberColumn("chars/token", format="%.2f"),
            "bytes per token": st.column_config.NumberColumn("bytes/token", format="%.2f"),
            "tokens per word": st.column_config.NumberColumn("tokens/word", format="%.2f"),
            "share of context": st.column_config.NumberColumn(f"of {context:,}", format="percent"),
        },
    )
    shell.provenance(
        "computed",
        "Tokens per word is *fertility* ([Rust et al. 2021](https://arxiv.org/abs/2012.15613)); words are cut at white "
        "space, so it means nothing for Chinese or Thai.",
    )


def closer_look(by_id: Mapping[str, Side], text: str, special: SpecialMode) -> str:
    """One tokenizer: the four rows, what a round trip loses, and the stages; returns which one."""
    one = inputs.choice("Tokenizer", list(by_id), key="tokenizer", format_func=tokenizing.TITLES.__getitem__)
    encoding = by_id[one].encoding
    stages = tokenizing.stages(one, text[: limits.STAGED_CHARACTERS], special)
    place = _picked(encoding, stages)
    st.caption(
        "Top to bottom: the character, its code point, its UTF-8 bytes, and the token over those bytes with its id. "
        "**Click a token**, or go with the arrow keys: what it is made of lights up."
    )
    _draw_strip(encoding, place)
    if place is None:
        st.caption("There are no tokens to look at.")
    else:
        st.markdown(_in_words(encoding.tokens[place], place))
    if not encoding.round_trip:
        st.caption("Decoding the ids gives another text. Struck out: lost. Underlined: new.")
        st.html(figures.difference(encoding))
    _stage(one, encoding, stages, place)
    return one


def _picked(encoding: Encoding, stages: Stages) -> int | None:
    """The place of the token to look at: the one clicked, else the first of a stretch that was cut, else the first."""
    count = min(len(encoding.tokens), limits.TOKENS_ALIGNED)
    if not count:
        return None
    cut = (one.first_token for one in stages.pre_tokens if one.end_token - one.first_token > 1)
    default = min(next(cut, 0), count - 1)
    place = inputs.picked("token", default, lambda text: int(text) if text.isdecimal() and len(text) < 6 else None)
    return place if place < count else default


def _draw_strip(encoding: Encoding, place: int | None) -> None:
    drawn = json.dumps(figures.strip(encoding, limits.TOKENS_ALIGNED))
    key = "tokenization.strip"

    def clicked() -> None:
        there = st.session_state[key].token
        if isinstance(there, int) and 0 <= there < limits.TOKENS_ALIGNED:
            inputs.pick("token", there)

    signature = hashlib.blake2b(drawn.encode(), digest_size=8).hexdigest()
    told = {"signature": signature, "token": place, "accent": palette.ORANGE, "bad": palette.WARNING}
    _strip(key=key, data=json.loads(drawn) | told, on_token_change=clicked)


def _in_words(token: Token, place: int) -> str:
    """The picked token in a line of Markdown, its text escaped."""
    shown = shell.escape_markdown(visible(token.text, token.raw))
    size = f"{len(token.raw)} byte{'s' if len(token.raw) != 1 else ''}"
    if token.added:
        where = "put there by the tokenizer"
    elif token.end - token.start == 1:
        where = f"in character {token.start}, counted from 0"
    else:
        where = f"characters {character_range(token.start, token.end)}, counted from 0"
    kind = ", a control token" if token.special and not token.unknown else ""
    lost = ", which stands for text the vocabulary has no piece for" if token.unknown else ""
    part = (
        ". Its bytes are **no whole character**"
        if "\ufffd" in token.text and "\ufffd".encode() not in token.raw
        else ""
    )
    return f"Token {place}: **{shown}**, id **{token.id:,}**, {size}, {where}{kind}{lost}{part}."


def _stage(tokenizer: str, encoding: Encoding, stages: Stages, place: int | None) -> None:
    names = {
        "normalized": "1 · Normalised",
        "pre-tokens": f"2 · Pre-tokens: {len(stages.pre_tokens):,}",
        "pieces": f"3 · {_PIECES[stages.algorithm]}",
        "ids": f"4 · Ids: {len(encoding.ids):,}",
        "bytes": "5 · Bytes",
    }
    step = inputs.choice("Stage", STEPS, key="step", default="pieces", segmented=True, format_func=names.__getitem__)
    if len(encoding.text) > len(stages.text) and step in ("normalized", "pre-tokens"):
        st.caption(f"Shown for the first {limits.STAGED_CHARACTERS:,} characters.")
    if step == "normalized":
        _normalized(stages)
    elif step == "pre-tokens":
        _pre_tokens(stages, place, resources.engine(tokenizer).info.library == "sentencepiece")
    elif step == "pieces":
        _pieces(tokenizer, stages, place)
    elif step == "ids":
        _ids(tokenizer, encoding)
    elif place is not None:
        _bytes(encoding.tokens[place])


def _normalized(stages: Stages) -> None:
    if not stages.changes:
        st.markdown("This tokenizer changes **nothing**: it goes on with the text's UTF-8 bytes as they are.")
        return
    st.markdown("Before anything is cut: " + "; ".join(stages.changes) + ".")
    st.html(figures.difference(Encoding("", stages.text, (), stages.normalized)))
    st.caption("Struck out: in the text, not read. Underlined: what is read instead.")


def _pre_tokens(stages: Stages, place: int | None, space_is_marked: bool) -> None:
    if stages.is_regex:
        st.markdown("Cut by this **regular expression**; no token ever crosses a cut. Every match is a pre-token:")
        st.code(stages.rule, language="regex", wrap_lines=True)
    else:
        st.markdown(f"Cut **{stages.rule}**.")
    if space_is_marked:
        found = (replace(one, text=one.text.replace(SPACE, " ")) for one in stages.pre_tokens)
        stages = replace(stages, pre_tokens=tuple(found))
    chosen = None if place is None else stages.pre_token_of(place)
    st.html(figures.pre_tokens(stages.pre_tokens, chosen, limits.TOKENS_SHOWN))
    st.caption("Framed: the one with the picked token. Point at one to see how many tokens it becomes.")


def _pieces(tokenizer: str, stages: Stages, place: int | None) -> None:
    chosen = None if place is None else stages.pre_token_of(place)
    if place is None:
        st.caption("No tokens, so there are no pieces to put together.")
    elif chosen is None:
        st.caption(f"Stages are shown for the first {limits.STAGED_CHARACTERS:,} characters: pick a token in there.")
    elif chosen.control:
        st.markdown("A control token is not built from parts: its **name** was found in the text, and it has an id.")
    else:
        engine = resources.engine(tokenizer)
        shown = shell.escape_markdown(merges.readable(engine, chosen.text))
        st.markdown(f"The stretch with the picked token: **{shown}**")
        if stages.algorithm == "longest match":
            merges.not_kept(stages.text[chosen.start : chosen.end], chosen.text)
        merges.traced(engine, chosen.text)
        shell.link(
            site.BY_FILE["merges.py"],
            "Any word, in all three algorithms",
            {"word": chosen.text.strip(" ▁")},
            ":material/merge:",
        )


def _ids(tokenizer: str, encoding: Encoding) -> None:
    st.dataframe(
        figures.table(encoding, limits.TOKENS_SHOWN),
        hide_index=True,
        height=300,
        column_config={
            "start": st.column_config.NumberColumn(help="Its first character, counted from 0."),
            "end": st.column_config.NumberColumn(help="One past its last character, as in Python's text[start:end]."),
        },
    )
    with st.container(horizontal=True):
        for name, mime, make in (("csv", "text/csv", figures.csv), ("json", "application/json", figures.as_json)):
            st.download_button(
                f"All tokens as {name.upper()}",
                partial(make, encoding),
                f"tokens-{tokenizer}.{name}",
                mime,
                on_click="ignore",
            )


def _bytes(token: Token) -> None:
    st.markdown("What the picked token's bytes say to a reader of UTF-8:")
    st.dataframe(
        [
            {
                "byte": f"{byte.value:02X}",
                "bits that say what it is": byte.marker,
                "bits of the character": byte.payload,
                "meaning": byte.meaning,
            }
            for byte in utf8.bytes_of(token.raw)
        ],
        hide_index=True,
    )
    if _partial(token):
        st.caption("Alone, these bytes are not valid UTF-8: the neighbouring tokens hold the rest of the character.")
    else:
        st.caption("Together: " + ", ".join(map(code_point, token.raw.decode()[:24])) + ".")


def _partial(token: Token) -> bool:
    """Whether its bytes are not whole characters."""
    return token.raw.decode(errors="ignore").encode() != token.raw
