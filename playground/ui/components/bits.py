"""The bits of a number, large and clickable: a click flips one."""

from collections.abc import Callable

import streamlit as st

from playground.core.formats import IntFormat, TableFormat
from playground.core.storing import Stored
from playground.figures import palette
from playground.figures.format_bits import FIELDS

_KEY = "formats.bits"
_STYLE = """
:host{display:block}
.bits{display:flex;flex-wrap:wrap;gap:.6rem 1rem;font-family:var(--st-font);color:var(--st-text-color)}
.field{min-width:0}
.cells{display:flex;flex-wrap:wrap;gap:3px}
button{width:1.55rem;height:2rem;padding:0;border:0;border-radius:5px;cursor:pointer;color:inherit;
  font:600 .95rem var(--st-code-font,monospace)}
button:hover{outline:2px solid var(--st-primary-color);outline-offset:1px}
button:focus-visible{outline:3px solid var(--st-primary-color);outline-offset:1px}
.name{font-size:.82rem;margin-top:.25rem;border-top:3px solid;padding-top:.15rem}
.many button{width:1.15rem;height:1.7rem;font-size:.8rem}
"""
_SCRIPT = """
export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".bits");
  if (!root) { root = document.createElement("div"); root.className = "bits"; parentElement.append(root); }
  root.classList.toggle("many", data.fields.reduce((n, f) => n + f.bits.length, 0) > 20);
  const held = root.getRootNode().activeElement?.dataset?.place;
  let place = 0;
  root.replaceChildren(...data.fields.map(({ name, bits, meaning, colour, ink }) => {
    const [field, cells, label] = ["div", "div", "div"].map((tag) => document.createElement(tag));
    field.className = "field"; cells.className = "cells"; label.className = "name";
    label.textContent = meaning ? `${name}: ${meaning}` : name;
    label.style.borderColor = colour;
    cells.append(...[...bits].map((bit, at) => {
      const cell = document.createElement("button"), here = place++;
      cell.textContent = bit; cell.dataset.place = here;
      cell.style.background = bit === "1" ? colour : `color-mix(in srgb, ${colour} 22%, transparent)`;
      if (bit === "1") cell.style.color = ink;
      cell.setAttribute("aria-label", `${name} bit ${at + 1} of ${bits.length}, ${bit}: flip`);
      cell.onclick = () => setTriggerValue("flip", here);
      return cell;
    }));
    field.append(cells, label);
    return field;
  }));
  if (held !== undefined) root.querySelector(`[data-place="${held}"]`)?.focus();
}
"""
_OTHER_NAMES: dict[type, dict[str, str]] = {
    IntFormat: {"mantissa": "whole number"},
    TableFormat: {"mantissa": "place in the table"},
}
_bits = st.components.v2.component("llm_playground.bits", js=_SCRIPT, css=_STYLE)


def bits(stored: Stored, meanings: dict[str, str], on_flip: Callable[[int], None]) -> None:
    """Draw the bits field by field; ``on_flip(place)`` is called with the place clicked, the sign being 0."""
    texts = {"sign": stored.sign, "exponent": stored.exponent, "mantissa": stored.mantissa}

    def clicked() -> None:
        place = st.session_state[_KEY].flip
        if isinstance(place, int) and 0 <= place < stored.format.bits_total:
            on_flip(place)

    fields = [
        {
            "name": _OTHER_NAMES.get(type(stored.format), {}).get(name, name),
            "bits": text,
            "meaning": meanings.get(name, ""),
            "colour": FIELDS[name],
            "ink": palette.text_on(FIELDS[name]),
        }
        for name, text in texts.items()
        if text
    ]
    _bits(key=_KEY, data={"fields": fields}, on_flip_change=clicked)
