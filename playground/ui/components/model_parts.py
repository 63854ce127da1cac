"""The "Inside the model" page: the parts that a model was seen to use, their sizes, and the file of all of them."""

import streamlit as st

from playground.core.model_parts import Anatomy
from playground.core.model_parts_explained import Facts, by_role
from playground.core.units import format_bytes, format_gb
from playground.figures import model_parts as figures
from playground.models.lens import Lens
from playground.ui import downloads, shell


def way(anatomy: Anatomy, facts: Facts, lens: Lens, tokens: int) -> None:
    """The data's way, part by part, each to be opened."""
    st.html(figures.way(anatomy, facts, tokens, writes=lens.kind != "encoder"))
    shell.provenance(
        "measured",
        f"{lens.title}'s own modules, in the order in which they ran on your text, and the shapes they took in and "
        f"gave out. Violet: the tensor that comes out, [tokens, numbers a token]. Beside it: parameters "
        f"({lens.dtype}). Blue line: the part's share of the whole model's parameters (in alike blocks, of one).",
    )


def sizes(anatomy: Anatomy, lens: Lens) -> None:
    """Where the parameters are, that they add up, and the file."""
    blocks = sum(not hasattr(one, "kind") and len(one) for stack in anatomy.stacks for one in anatomy.way(stack))
    st.metric("Parameters", f"{anatomy.parameters:,}", help=f"{format_bytes(anatomy.bytes)} in {lens.dtype}")
    with st.container(horizontal=True, gap="large"):
        st.metric("In memory", format_gb(anatomy.bytes), width="content")
        st.metric("Blocks", f"{blocks}", width="content")
    st.markdown(by_role({str(kind): count for kind, count in anatomy.by_kind().items()}))
    st.plotly_chart(
        figures.sizes(anatomy),
        width="stretch",
        config={"displayModeBar": False},
        key="sizes",
        alt="Parameters of each kind of part",
    )
    tied = [weight for part in anatomy.parts for weight in part.weights if weight.tied_to]
    names = ", ".join(f"`{weight.path}`" for weight in tied)
    once = f" The same memory under another name, so counted once: {names}." if tied else ""
    same = anatomy.parameters == lens.parameters
    shell.provenance(
        "measured",
        f"the sum of all parts is {'exactly' if same else 'not'} what the loaded model holds: {lens.parameters:,}."
        f"{once}",
    )
    downloads.offer(f"{lens.model_id}-parts", figures.rows(anatomy), key="parts")
