"""Three columns, one for each kind of transformer: what it is for, its mask, and a running model's own map."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st

from playground import limits
from playground.core import attention, heads, masks
from playground.core.visible import visible
from playground.figures import architectures as figures
from playground.figures.attention import labels
from playground.models.lens import Lens
from playground.models.translation import translate
from playground.ui import downloads, resources, shell, site

ENCODER, DECODER, BOTH = "minilm-l6", "smollm2-135m", "date-t5"
ONE, MEAN = "one telling head", "the average of all"
SHOWN = (ONE, MEAN)


class Kind(NamedTuple):
    """One kind of transformer in words."""

    kind: masks.Kind
    title: str
    purpose: str
    known: str
    model_id: str
    layer: int  # of the telling head; of an encoder–decoder, its cross-attention's
    head: int
    told: str


KINDS = (
    Kind(
        "encoder",
        "Encoder only",
        "**To understand**: every token sees the whole text, before and after. For search, classifying, tagging.",
        "BERT, RoBERTa, MiniLM",
        ENCODER,
        1,
        8,
        "A decoder has no such head: it can't look ahead.",
    ),
    Kind(
        "decoder",
        "Decoder only",
        "**To write**: a token sees only those before it, so the next can be guessed again and again. For chat, code.",
        "GPT, Llama, Qwen, Mistral",
        DECODER,
        16,
        0,
        "The empty triangle is the future.",
    ),
    Kind(
        "encoder-decoder",
        "Encoder–decoder",
        "**To transform**: one stack reads, another writes a new text and looks across. To translate or shorten.",
        "T5, BART, Whisper",
        BOTH,
        1,
        1,
        "A row is named by what is written there, a column by what is read or fed in. At the lower left, cross-"
        "attention: follow a written digit to the letters it was taken from.",
    ),
)


class Read(NamedTuple):
    """What one model made of the text."""

    lens: Lens
    tokens: Sequence[str]  # those looked at
    rows: Sequence[str]  # those that look; of an encoder–decoder's lower half, what is written there
    read: int  # how many of them were read; the others it wrote
    one: np.ndarray  # the telling head's map, NaN where nothing may be seen
    mean: np.ndarray
    leak: float  # the largest weight of any layer and head on a cell that the mask forbids
    written: str = ""


def three(text: str, show: str) -> None:
    """The three kinds, side by side."""
    found = [_read_and_write(kind, text) if kind.kind == "encoder-decoder" else _read(kind, text) for kind in KINDS]
    for column, kind, seen in zip(st.columns(3, gap="medium"), KINDS, found, strict=True):
        with column:
            _column(kind, seen, show)
            _onward(kind, seen, text)
    worst = max(seen.leak for seen in found)
    shell.provenance(
        "measured",
        "the masks are the rule ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762), §3.2.3), the maps what the "
        "three models did with your text here, now. Largest weight on a forbidden cell, over all their layers and "
        f"heads: {worst:g}.",
    )
    rows = [row for kind, seen in zip(KINDS, found, strict=True) for row in _rows(kind, seen, show)]
    downloads.offer("three-kinds", rows, key="maps.file")


def _column(kind: Kind, seen: Read, show: str) -> None:
    st.subheader(kind.title, anchor=False)
    st.markdown(kind.purpose)
    st.caption(f"Known ones: {kind.known}.")
    pairs = masks.allowed_pairs(masks.of(kind.kind, seen.read, len(seen.tokens) - seen.read))
    st.markdown(f"**Its mask**: {pairs:,} of {len(seen.tokens) ** 2:,} pairs")
    _draw(figures.mask(kind.kind, seen.tokens, seen.read, seen.rows), f"mask.{kind.kind}", f"The mask of {kind.title}")
    st.markdown(f"**{seen.lens.title}, really**")
    weights = seen.one if show == ONE else seen.mean
    _draw(
        figures.seen(weights, seen.tokens, seen.rows), f"map.{kind.kind}", f"Attention of {seen.lens.title} on the text"
    )
    if show == ONE:
        looks = _looks(kind, seen.one)
        st.caption(f"Layer {kind.layer}, head {kind.head} (both counted from 0){looks}")
    else:
        lens = seen.lens
        writes = f"; of cross-attention and the decoder, over {lens.decoder_layers} × {lens.heads}"
        both = kind.kind == "encoder-decoder"
        st.caption(f"The average over {lens.layers} layers × {lens.heads} heads{writes if both else ''}.")
    if seen.written:
        st.text(f"It wrote {seen.written}")


def _looks(kind: Kind, weights_TT: np.ndarray) -> str:
    """What to see in its map; how many tokens look mostly one ahead or one back is counted, not promised."""
    if kind.kind == "encoder-decoder":
        return f". {kind.told}"
    if len(weights_TT) < 2:
        return ": one token alone can only look at itself."
    ahead = kind.kind == "encoder"
    step = 1 if ahead else -1
    most = np.nanargmax(weights_TT, axis=1) - np.arange(len(weights_TT))
    where = "one *ahead*" if ahead else "one token *back*"
    return f": {int((most == step).sum())} of its {len(most)} tokens look mostly {where}. {kind.told}"


def _draw(figure: object, key: str, alt: str) -> None:
    st.plotly_chart(figure, width="stretch", config={"displayModeBar": False}, key=key, alt=alt)


def _onward(kind: Kind, seen: Read, text: str) -> None:
    """To every head of this model."""
    if kind.kind == "encoder-decoder":
        shell.link(site.BY_FILE["encoder_decoder.py"], "Watch it write", {"source": text}, ":material/move_down:")
        return
    where = {"view": "overview", "model": kind.model_id, "text": text}
    shell.link(site.BY_FILE["attention.py"], f"All heads of {seen.lens.title.split(' (')[0]}", where, ":material/hub:")


def _rows(kind: Kind, seen: Read, show: str) -> list[dict[str, object]]:
    weights = seen.one if show == ONE else seen.mean
    return [
        {
            "kind": kind.kind,
            "model": kind.model_id,
            "from": seen.rows[t],
            "from_at": t,
            "to": seen.tokens[s],
            "to_at": s,
            "weight": round(float(weight), 6),
        }
        for (t, s), weight in np.ndenumerate(weights)
        if not np.isnan(weight)
    ]


def _read(kind: Kind, text: str) -> Read:
    lens = resources.lens(kind.model_id)
    encoding = lens.encode(text, "template")
    tokens, cut = heads.first_tokens(encoding.tokens, limits.ARCHITECTURE_TOKENS)
    shell.notices((*encoding.notices, *(f"{lens.title}: {notice}" for notice in cut)))
    maps = attention.checked(lens.attentions([token.id for token in tokens]))
    mask = masks.of(kind.kind, len(tokens))
    one, mean = (np.where(mask, m, np.nan) for m in (maps[kind.layer, kind.head], maps.mean((0, 1))))
    return Read(lens, labels(tokens), labels(tokens), len(tokens), one, mean, masks.leak(maps, mask))


def _read_and_write(kind: Kind, text: str) -> Read:
    lens = resources.lens(kind.model_id)
    made = translate(lens, text, limits.ARCHITECTURE_TOKENS)
    shell.notices(f"{lens.title}: {notice}" for notice in made.notices)
    quarters = (made.maps.encoder_LHSS, made.maps.decoder_LHTT, made.maps.cross_LHTS)
    one = figures.together(*(maps[kind.layer, kind.head] for maps in quarters))
    mean = figures.together(*(maps.mean((0, 1)) for maps in quarters))
    leak = masks.leak(made.maps.decoder_LHTT, masks.causal(len(made.target)))
    rows = (*made.source, *(lens.token_label(step.id) for step in made.steps))
    return Read(lens, (*made.source, *made.target), rows, len(made.source), one, mean, leak, visible(made.written))
