"""The Attention page's picture of the chosen map in one of four views, and what it does, in words."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from playground import limits
from playground.core import attention, attention_maps, head_scores, heads
from playground.figures import attention as figures
from playground.figures import bertviz
from playground.models import attention_code
from playground.models.lens import Lens
from playground.ui import downloads, inputs, resources, shell
from playground.ui.components.attention_asked import Asked, Seen

HINTS = {
    "heatmap": "A row for each token that looks, a column for each it can look at. Point at a cell for its weight; the "
    "camera in the corner saves a PNG.",
    "head view": "Left looks at right. Point at a token to see its lines alone. Click a numbered square to switch a "
    "head on or off; double-click for that head alone, and again for all.",
    "model view": "All layers (down) and heads (across). Click one to enlarge it, then point at its tokens. "
    "A narrow screen cuts it off: turn the phone, or save it as HTML.",
    "overview": "All layers (down) and heads (across), each a small heatmap. Point at one for what it does; click to "
    "choose it.",
}
MASKS = {
    "decoder": "**Causal mask.** A decoder predicts the next token, so a token sees itself and those before it, never "
    "those after.",
    "encoder": "**No mask.** An encoder reads the whole text at once: every token sees every other, before and after.",
}
ROLLOUT = (
    "The mean maps of layers 0 to {layer}, half of each being the token itself, multiplied: the share of a token's "
    "state that could have come from each token (Abnar & Zuidema 2020). Feed-forward blocks and values are left out."
)
ROLLOUT_ENDS = " Under a causal mask paths only lead back: with enough layers nearly all end at the first token."
VALUES = (
    "Each weight times the length of what it lets through, ‖v·W_O‖, then divided by its row's sum (Kobayashi et al. "
    "2020). A sink's value is often short: a large weight on it adds little."
)
LEAST_LINK = 0.005  # a weaker one would read 0 %
ENTROPY = "−Σ p·log₂ p, averaged over the rows. 0: each token looks at one other; 3 bits: like an even split over 8."
DISTANCE = "How many positions away the head looks, weighted by its attention and averaged over the rows."
MODEL_VIEW_PX = 720  # a taller one scrolls in its frame


def show(asked: Asked, seen: Sequence[Seen], kind: str) -> None:
    """The picture and its reading; two texts stand side by side, each with the gist."""
    causal = kind == "decoder"
    if len(seen) > 1:
        for number, (column, one) in enumerate(zip(st.columns(len(seen), gap="medium"), seen, strict=True)):
            with column:
                st.caption(f"Text {number + 1}")
                html = _html(asked, one)
                _picture(asked, one, html, causal=causal, key=f"heatmap{number}")
                _gist(asked, one)
                _save(asked, one, html, key=f"save{number}")
        _how(asked, causal=causal)
        st.caption(HINTS[seen[0].view])
        return
    (one,) = seen
    picture, words = st.columns([5, 2], gap="large")
    with picture:
        html = _html(asked, one)
        _picture(asked, one, html, causal=causal, key="heatmap")
        st.caption(HINTS[one.view])
        _save(asked, one, html, key="save")
    with words:
        _gist(asked, one)
        _how(asked, causal=causal)
        if one.view == "overview":
            _heatmap(asked, one, causal=causal, key="heatmap", small=True)
        _scores_of(asked, one)
        empty = causal and one.view in ("heatmap", "overview")
        st.caption(MASKS[kind] + (" So the upper right stays empty." if empty else ""))


def _picture(asked: Asked, seen: Seen, html: str, *, causal: bool, key: str) -> None:
    """The maps in the view that bears so many tokens."""
    if seen.view == "head view":
        st.iframe(html, alt=f"Lines from each token to those it looks at, layer {asked.layer}")
    elif seen.view == "model view":
        height = min(bertviz.model_view_height(len(seen.heads_LHKK), len(seen.tokens)), MODEL_VIEW_PX)
        alt = "Lines from each token to those it looks at, for every layer and head"
        st.iframe(html, height=height, alt=alt)
    elif seen.view == "overview":
        _thumbnails(asked, seen)
    else:
        _heatmap(asked, seen, causal=causal, key=key)


def _html(asked: Asked, seen: Seen) -> str:
    """bertviz's page, for the views that are its own; else nothing."""
    labels, first = figures.labels(seen.tokens), seen.map.positions[0]
    if seen.view == "head view":
        d3, jquery = resources.scripts()
        layers, on = [asked.layer], [asked.head]
        return bertviz.head_view(seen.heads_LHKK, labels, d3=d3, jquery=jquery, layers=layers, heads=on, first=first)
    if seen.view == "model view":
        d3, jquery = resources.scripts()
        return bertviz.model_view(seen.heads_LHKK, labels, d3=d3, jquery=jquery, first=first)
    return ""


def _gist(asked: Asked, seen: Seen) -> None:
    """What the map is, what it mostly does, how its weights are counted, its strongest link."""
    st.markdown(_title(asked, seen))
    if asked.variant == "no-sink":
        st.caption(
            f"Left out: {seen.sinks}. {heads.percent(seen.map.left_out)} went there; the picture divides the rest."
        )
    whole_TS = np.zeros((len(seen.all_tokens),) * 2)
    whole_TS[np.ix_(seen.map.positions, seen.map.positions)] = np.nan_to_num(seen.map.weights_KK)
    link, labels = attention.strongest(whole_TS), figures.labels(seen.all_tokens)
    if link and link.weight >= LEAST_LINK:
        st.caption("Strongest link (who looks → at whom), itself and the first token aside")
        st.text(f"{link.query}: {labels[link.query]} → {link.key}: {labels[link.key]}   {heads.percent(link.weight)}")


def _how(asked: Asked, *, causal: bool) -> None:
    """Where the map is not the model's own weights: what was done to them."""
    if asked.which == "rollout":
        st.caption(ROLLOUT.format(layer=asked.layer) + (ROLLOUT_ENDS if causal else ""))
    if asked.variant == "values":
        st.caption(VALUES)


def _title(asked: Asked, seen: Seen) -> str:
    if asked.which == "rollout":
        return f"**Rollout of layers 0 to {asked.layer}**"
    if asked.which == "mean":
        return f"**Layer {asked.layer}, mean of its {seen.maps_LHTS.shape[1]} heads**"
    score = heads.of(seen.scores, asked.layer, asked.head)
    return f"**Layer {asked.layer}, head {asked.head}** {heads.label(score)}."


def _scores_of(asked: Asked, seen: Seen) -> None:
    """The plain map's scores as bars and numbers: a variant changes the picture, not what the model did."""
    if asked.which == "head":
        score = heads.of(seen.scores, asked.layer, asked.head)
    else:
        plain_TS = attention_maps.combined(seen.maps_LHTS, asked.which, asked.layer, asked.head)
        score = heads.of(attention.scores(plain_TS[None, None], [token.id for token in seen.all_tokens]), 0, 0)
    for name, share in score.masses:
        st.progress(share, text=f"on {name}: {heads.percent(share)}")
    st.markdown(f"Entropy **{score.entropy_bits:.2f} bits**", help=ENTROPY)
    st.markdown(f"Mean distance **{score.distance_tokens:.1f} tokens**", help=DISTANCE)
    if asked.variant != "plain":
        st.caption("These numbers are of the model's own weights, not of those in the picture.")
    st.caption(head_scores.ROWS)


def _heatmap(asked: Asked, seen: Seen, *, causal: bool, key: str, small: bool = False) -> None:
    if np.isnan(seen.map.weights_KK).all():
        st.info(
            "Nothing is left of this map without the sink: all of its attention went there.", icon=":material/info:"
        )
        return
    st.plotly_chart(
        figures.heatmap(
            seen.map.weights_KK,
            figures.labels(seen.tokens),
            causal=causal,
            small=small,
            first=seen.map.positions[0],
            unit="share" if asked.which == "rollout" else "weight",
        ),
        width="stretch",
        config=figures.saved_as(asked.name) if not small else {"displayModeBar": False},
        key=key,
        alt="How much each token (row) looks at each other one (column)",
    )


def _thumbnails(asked: Asked, seen: Seen) -> None:
    """All heads; a click sets the inputs ``layer`` and ``head``."""

    def clicked() -> None:
        points = st.session_state["overview"].selection.points
        if points:  # a second click on the same one takes the selection away: the inputs stay
            for name, value in zip(("layer", "head"), points[0]["customdata"], strict=True):
                inputs.pick(name, value)

    st.plotly_chart(
        figures.overview(seen.heads_LHKK, heads.labels(seen.scores), (asked.layer, asked.head)),
        width="stretch",
        config={"displayModeBar": False},
        key="overview",
        on_select=clicked,
        selection_mode="points",
        alt="A thumbnail of every layer (down) and head (across)",
    )


def _save(asked: Asked, seen: Seen, html: str, key: str) -> None:
    """The chosen map as CSV and JSON, and bertviz's picture as a page of its own."""
    if seen.view in ("model view", "overview"):
        st.caption(f"Saved as CSV or JSON: layer {asked.layer}, head {asked.head} alone.")
    with st.container(horizontal=True, gap="small"):
        with st.container(width="content"):
            downloads.offer(asked.name, figures.cells(seen.map.weights_KK, seen.tokens, seen.map.positions), key=key)
        if html:
            st.download_button(
                "HTML",
                html,
                file_name=f"{asked.name}.html",
                mime="text/html",
                icon=":material/download:",
                on_click="ignore",
                key=f"{key}.html",
            )


def source(lens: Lens, asked: Asked) -> None:
    """Whether the weights shown are the model's own, or computed from them."""
    of = f"{lens.title}, {lens.dtype} on {lens.device}"
    if asked.which == "head" and asked.variant == "plain":
        shell.provenance("measured", f"{of}: the weights its forward pass used.")
        return
    how = {"head": "", "mean": "their mean over the layer's heads", "rollout": "their rollout (Abnar & Zuidema 2020)"}
    counted = {
        "plain": "",
        "no-sink": "each row without its sink divided anew",
        "values": "each times its value's length (Kobayashi et al. 2020)",
    }
    done = ", ".join(part for part in (how[asked.which], counted[asked.variant]) if part)
    shell.provenance("computed", f"from the weights that the forward pass of {of} used: {done}.")


def code(lens: Lens, asked: Asked, seen: Seen, text: str) -> str:
    """The few lines that give the same map."""
    return attention_code.snippet(
        lens.model_id,
        lens.dtype,
        text,
        asked.layer,
        asked.head,
        limits.HEATMAP_TOKENS,
        which=asked.which,
        variant=asked.variant,
        kind=lens.kind,
        positions=seen.map.positions,
    )
