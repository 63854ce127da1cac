"""What the Attention page is asked for (view, map, weights, layer, head), and the maps that answer it for one text."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st

from playground import limits
from playground.core import attention, attention_maps, heads
from playground.core.attention_maps import Map, Variant, Which
from playground.core.tokens import Token
from playground.figures import attention as figures
from playground.figures import bertviz
from playground.models import value_norms
from playground.models.lens import Lens
from playground.ui import inputs, shell

WHICH: dict[Which, str] = {"head": "one head", "mean": "layer's mean", "rollout": "rollout"}
VARIANTS: dict[Variant, str] = {"plain": "as they are", "no-sink": "without the sink", "values": "× value length"}
WHICH_HELP = "**Layer's mean**: all its heads averaged. **Rollout**: the layers up to this one, multiplied."
VARIANT_HELP = (
    "**Without the sink**: the first token, where heads leave attention they have no use for, is left out and the rest "
    "of each row divided anew. **× value length**: each weight times the length of the vector it lets through."
)
VARIED = ("heatmap", "head view", "model view", "overview")  # views that show weights by themselves
OF_ONE_MAP = ("heatmap", "head view")  # views with room for a second text beside the first


@dataclass(frozen=True)
class Asked:
    """The choices that say which map is looked at, and how."""

    view: str
    which: Which
    variant: Variant
    layer: int
    head: int

    @property
    def name(self) -> str:
        """A file name for it."""
        part = {"head": f"head-{self.head}", "mean": "mean", "rollout": "rollout"}[self.which]
        return "-".join(("attention", f"layer-{self.layer}", part, self.variant)).removesuffix("-plain")


@dataclass(frozen=True)
class Seen:
    """One text's maps: as the model used them, as they are shown, and the tokens of each."""

    view: str  # the one asked for, or the heatmap where the text is too long for it
    all_tokens: Sequence[Token]
    maps_LHTS: np.ndarray
    heads_LHKK: np.ndarray  # every head under the variant
    map: Map  # the one that was asked for

    @property
    def tokens(self) -> list[Token]:
        """The tokens shown."""
        return [self.all_tokens[position] for position in self.map.positions]

    @property
    def sinks(self) -> str:
        """The names of the tokens that are left out."""
        left_out = [t for i, t in enumerate(self.all_tokens) if i not in self.map.positions]
        return ", ".join(shell.escape_markdown(label) for label in figures.labels(left_out))

    @cached_property
    def scores(self) -> attention.Scores:
        """Every head's scores, on the maps as the model used them."""
        return attention.scores(self.maps_LHTS, [token.id for token in self.all_tokens])


def which_map(view: str) -> Which:
    """One head, the layer's mean or the rollout; the views of several heads have no such choice."""
    if view != "heatmap":
        return "head"
    return inputs.choice(
        "Map", list(WHICH), key="which", format_func=WHICH.__getitem__, segmented=True, help=WHICH_HELP
    )


def inputs_for(lens: Lens, view: str, which: Which) -> Asked:
    """Layer and head, counted from 0, and how weights are counted; they start where there is something to see."""
    first_layer, head = heads.first_look(lens.model_id, lens.layers)
    layer_column, head_column, weights_column = st.columns([3, 3, 2], gap="medium")
    with layer_column:
        layer = inputs.choice("Layer (from 0)", range(lens.layers), key="layer", default=first_layer, slider=True)
    if which == "head":
        with head_column:
            head = inputs.choice("Head (from 0)", range(lens.heads), key="head", default=head, slider=True)
    variant: Variant = "plain"
    if view in VARIED:
        with weights_column if which == "head" else head_column:
            variant = inputs.choice(
                "Weights", list(VARIANTS), key="counted", format_func=VARIANTS.__getitem__, help=VARIANT_HELP
            )
    return Asked(view, which, variant, layer, head)


def second_text(view: str) -> list[str]:
    """A second text to put beside the first, where there is one."""
    if view not in OF_ONE_MAP:
        return []
    opened = bool(st.query_params.get("second"))
    with st.expander("Compare with a second text", icon=":material/compare:", expanded=opened):
        second = inputs.text("Second text", "", key="second", height=68, help="The same map, side by side.")
    return [second] if second.strip() else []


def look(lens: Lens, text: str, asked: Asked) -> Seen:
    """The maps of this text; notices say what was cut, and which view gave way to the heatmap."""
    encoding = lens.encode(text, "template")
    tokens, cut = heads.first_tokens(encoding.tokens, limits.HEATMAP_TOKENS)
    too_long = bertviz.too_long(asked.view, len(encoding.tokens))
    shell.notices((*encoding.notices, *cut, *too_long))
    ids = [token.id for token in tokens]
    maps_LHTS = attention.checked(lens.attentions(ids))
    norms_LHS = value_norms.of_text(lens, ids) if asked.variant == "values" else None
    sinks = attention_maps.sink_positions(tokens)
    shown = attention_maps.looked_at(
        maps_LHTS, asked.which, asked.layer, asked.head, asked.variant, norms_LHS=norms_LHS, sinks=sinks
    )
    every, _ = attention_maps.of_all_heads(maps_LHTS, asked.variant, norms_LHS=norms_LHS, sinks=sinks)
    return Seen("heatmap" if too_long else asked.view, tokens, maps_LHTS, every, shown)
