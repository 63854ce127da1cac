"""Many cuts compared, on the Does-it-matter page: each head alone, and each look of one head, against its attention."""

import time
from collections.abc import Sequence

import numpy as np
import streamlit as st

from playground import limits
from playground.core import ablation
from playground.core.ablation import Cut, Effect
from playground.core.heads import percent
from playground.figures import ablation as figures
from playground.models import ablation as cuts
from playground.models import ablation_code
from playground.ui import downloads, inputs, shell
from playground.ui.components.ablation import CHART, LITTLE, STRONG, Asked, change, first_look, method_input
from playground.ui.components.layer_head import layer_and_head

NAMED = 6  # heads named in a figure
FEW = 10  # looks: fewer say nothing of a rank correlation
OTHER: dict[ablation.Method, ablation.Method] = {"mask": "drop", "drop": "mask"}


def every_head(asked: Asked) -> str:
    """Each head ablated alone: a map to click in, the heads that matter, and attention against effect."""
    method = method_input(("zero", "mean"))
    effects = _measured(asked, method)
    kl_LH = np.array([[found.kl_bits for found in layer] for layer in effects])
    rows_LHS = asked.lens.attentions(asked.ids)[:, :, -1]
    layer, head = np.unravel_index(int(kl_LH.argmax()), kl_LH.shape)
    picture, reading = st.columns([3, 2], gap="large")
    with picture:
        _map(asked, effects, kl_LH, (int(layer), int(head)))
    with reading:
        little = float((kl_LH < LITTLE).mean())
        st.markdown(
            f"**{percent(little)} of the {kl_LH.size} heads** change the prediction by less than {LITTLE} bits when "
            f"they are taken out alone. The one framed changes it by **{kl_LH.max():.2f} bits**."
        )
        st.caption("The heads that matter most here")
        table = _strongest(asked, effects, kl_LH, rows_LHS)
        st.dataframe(table, hide_index=True, key="heads.table")
        downloads.offer("heads-ablated", _all_rows(asked, effects, rows_LHS), key="heads.file")
        st.caption(
            "One at a time: two heads that do the same job can each be taken out unnoticed, so these numbers do not "
            "add up."
        )
    _heads_against_attention(kl_LH, rows_LHS)
    best = Cut("heads", (int(layer),), (int(head),), method)
    return ablation_code.snippet(asked.lens.model_id, asked.lens.dtype, asked.text, best, limits.ABLATED_TOKENS)


def _measured(asked: Asked, method: ablation.Method) -> list[tuple[Effect, ...]]:
    """Layer by layer, with progress and a way to stop once it takes a moment."""
    slot, effects, started = st.empty(), [], time.monotonic()
    bar = None
    for done, layer in enumerate(cuts.every_head(asked.lens, asked.ids, method), start=1):
        effects.append(layer)
        if bar is None and time.monotonic() - started > 0.3:
            with slot.container():
                st.button("Stop", icon=":material/stop:", on_click=inputs.pick, args=("show", "one cut"), key="stop")
                bar = st.empty()
        if bar is not None:
            share = done / asked.lens.layers
            bar.progress(share, text=f"The model runs once for each head: layer {done} of {asked.lens.layers}")
    slot.empty()
    return effects


def _map(asked: Asked, effects: Sequence[Sequence[Effect]], kl_LH: np.ndarray, framed: tuple[int, int]) -> None:
    def clicked() -> None:
        points = st.session_state["head_map"].selection.points
        if points:
            for name, value in zip(("layer", "head"), points[0]["customdata"], strict=True):
                inputs.pick(name, value)
            inputs.pick("cut", "head")
            inputs.pick("show", "one cut")

    name = asked.lens.token_label
    captions = [[f"{e.kl_bits:.4f} bits: {name(e.moved.id)} {change(e.moved)}" for e in layer] for layer in effects]
    st.plotly_chart(
        figures.head_map(kl_LH, captions, framed),
        key="head_map",
        on_select=clicked,
        selection_mode="points",
        alt="How many bits the prediction moves when each head is taken out; click one to look at it",
        **CHART,
    )
    shell.provenance(
        "measured",
        f"KL of the next-token distribution, {kl_LH.size} heads taken out one at a time, at every token of the text. "
        "Framed: the one that matters most. Click one to see what it does.",
    )


def _strongest(
    asked: Asked, effects: Sequence[Sequence[Effect]], kl_LH: np.ndarray, rows_LHS: np.ndarray
) -> list[dict[str, object]]:
    order = np.argsort(-kl_LH.ravel())[:NAMED]
    places = [divmod(int(i), kl_LH.shape[1]) for i in order]
    return [
        {
            "layer.head": f"{layer}.{head}",
            "bits": round(effects[layer][head].kl_bits, 3),
            "looks most at": asked.name(int(rows_LHS[layer, head].argmax())),
            "with": percent(float(rows_LHS[layer, head].max())),
        }
        for layer, head in places
    ]


def _all_rows(asked: Asked, effects: Sequence[Sequence[Effect]], rows_LHS: np.ndarray) -> list[dict[str, object]]:
    return [
        {
            "layer": layer,
            "head": head,
            "kl_bits": found.kl_bits,
            "moved": asked.lens.token_text(found.moved.id),
            "before": found.moved.before,
            "after": found.moved.after,
            "largest_attention": float(rows_LHS[layer, head].max()),
        }
        for layer, row in enumerate(effects)
        for head, found in enumerate(row)
    ]


def _heads_against_attention(kl_LH: np.ndarray, rows_LHS: np.ndarray) -> None:
    st.subheader("Does a strong look mean a strong effect?", anchor=False)
    if rows_LHS.shape[-1] < 3:
        st.caption("This text is too short to compare looks: type three tokens or more.")
        return
    with_sink = inputs.choice(
        "Count looks at the first token", ("yes", "no"), key="sink", segmented=True, help="Where sinks put theirs."
    )
    looks = rows_LHS if with_sink == "yes" else rows_LHS[:, :, 1:]
    strongest = looks.max(-1).ravel()
    heads = kl_LH.shape[1]
    labels = [f"{i // heads}.{i % heads}" for i in range(kl_LH.size)]
    st.plotly_chart(
        figures.against_attention(
            strongest.tolist(),
            kl_LH.ravel().tolist(),
            labels,
            named=np.argsort(-kl_LH.ravel())[:NAMED].tolist(),
            x_title="largest weight, from the last token",
            y_title="bits, the head taken out",
        ),
        key="scatter",
        alt="A point a head: its largest attention weight against its effect",
        **CHART,
    )
    rho = ablation.spearman(strongest, np.maximum(kl_LH.ravel(), figures.FLOOR_BITS))
    _correlation(rho, "the heads with the strongest look")


def edges(asked: Asked) -> str:
    """One head's looks from the last token, each cut alone: its weight against what the cut changes."""
    lens, last = asked.lens, len(asked.ids) - 1
    layer, head = layer_and_head(lens, first_look(lens))
    method = method_input(("mask", "drop"))
    keys = range(last + 1)
    if last == 0:
        st.info("The only token can look at nothing but itself: type a longer text.", icon=":material/info:")
        return ""
    found = cuts.many(lens, asked.ids, [Cut("edge", (layer,), (head,), method, last, key) for key in keys])
    row = lens.attentions(asked.ids, (layer,))[0, head, -1]
    bits = [one.kl_bits for one in found]
    largest, moving = int(row.argmax()), int(np.argmax(bits))
    (again,) = cuts.many(lens, asked.ids, [Cut("edge", (layer,), (head,), OTHER[method], last, largest)])
    worth = {method: bits[largest], OTHER[method]: again.kl_bits}
    picture, reading = st.columns([3, 2], gap="large")
    with picture:
        st.plotly_chart(
            figures.against_attention(
                row.tolist(),
                bits,
                [asked.name(key) for key in keys],
                named=sorted({largest, moving}),
                x_title=f"weight in {layer}.{head}, from the last token",
                y_title="bits, this look cut",
            ),
            key="edges",
            alt="A point a token looked at: its attention weight against the effect of cutting that edge",
            **CHART,
        )
        shell.provenance("measured", f"{lens.title}: one run for each of the {last + 1} looks, in one batch.")
    with reading:
        st.caption("Looked at most" if largest != moving else "Looked at most; no other look is worth more")
        st.text(
            f"{asked.name(largest)}   {percent(float(row[largest]))}\n"
            f"masked {worth['mask']:.4f} bits, dropped {worth['drop']:.4f} bits"
        )
        if largest != moving:
            st.caption("Worth most")
            st.text(f"{asked.name(moving)}   {percent(float(row[moving]))}, worth {bits[moving]:.4f} bits")
        if row[largest] >= STRONG and bits[largest] < LITTLE:
            title, told = _hardly(worth)
            st.warning(told, title=title, icon=":material/visibility:")
        if last + 1 < FEW:
            st.caption(f"{last + 1} looks are too few for a rank correlation: it takes {FEW}.")
        else:
            # What is drawn as nothing is a tie: the order of such numbers is that of rounding errors.
            _correlation(ablation.spearman(row, np.maximum(bits, figures.FLOOR_BITS)), "the strongest looks")
    table = [
        {
            "token": asked.name(key),
            "weight": float(row[key]),
            "bits": bits[key],
            "moved most": lens.token_label(e.moved.id),
        }
        for key, e in zip(keys, found, strict=True)
    ]
    st.dataframe(
        table,
        hide_index=True,
        key="edges.table",
        column_config={
            "weight": st.column_config.ProgressColumn("weight", min_value=0.0, max_value=1.0, format="%.4f"),
            "bits": st.column_config.NumberColumn(format="%.5f"),
        },
    )
    worst = Cut("edge", (layer,), (head,), method, last, moving)
    return ablation_code.snippet(lens.model_id, lens.dtype, asked.text, worst, limits.ABLATED_TOKENS)


def _correlation(rho: float | None, what: str) -> None:
    if rho is None:
        return
    verdict = (
        f"here {what} are those that matter most"
        if rho > 0.7
        else f"{what} tend to matter *less*"
        if rho < -0.3
        else "the two go together, loosely"
        if rho > 0.3
        else "the one says little about the other"
    )
    st.markdown(
        f"Rank correlation (Spearman's ρ) **{rho:+.2f}**: {verdict}.".replace("-", "−")
        + (
            " So here the weights are a good guide. Whether they are had to be tested: a map alone does not say."
            if rho > 0.7
            else " A map shows where a head looked, not whether the answer depended on it; that takes a test like this "
            "one: **attention is not explanation** (Jain & Wallace 2019, arXiv:1902.10186)."
        )
    )


def _hardly(worth: dict[ablation.Method, float]) -> tuple[str, str]:
    """Title and text: what a warning says of a strong look that one way of cutting it, or both, hardly feels."""
    if worth["drop"] < LITTLE <= worth["mask"]:
        return "Looks hard, brings little", (
            "Dropped, nothing is missed: what came along this look is next to nothing. Masked, its weight must go "
            "elsewhere, and what comes from there is what moves the prediction."
        )
    if worth["mask"] < LITTLE <= worth["drop"]:
        return (
            "Looks hard, is made up for",
            "Masked, other looks make up for it. Dropped, what came along it is missed.",
        )
    return "Looks hard, matters little", "The look can be cut, masked or dropped, and the prediction hardly moves."
