"""Home: what is here, in the order of a course; each card opens its page with a ready example."""

import streamlit as st

from playground.ui import shell, site

shell.header(
    __file__,
    "See how a language model works: type a text and watch it become tokens, attention, probabilities, bytes and "
    "shards. Nothing here is drawn from memory. A real model on the machine that serves this page computes it now, "
    "or a formula does, with its source beside it.",
)
shell.ways_in()
shell.cards(site.COURSE)

st.subheader("How to read the pages", anchor=False)
shell.provenance("measured", "A model or a clock on this machine gave this number, just now.")
shell.provenance("recorded", "It was measured earlier; where and when is said.")
shell.provenance("computed", "A formula gave it; the paper or the code it comes from is named.")
shell.provenance("rule of thumb", "The round number of a course, shown first and then made exact.")
st.markdown(
    "Everything you set is in the page's address: copy it, and whoever opens it sees what you see; the browser's Back "
    "button undoes. A text you type follows you from page to page. Each page ends with experiments to try."
)
