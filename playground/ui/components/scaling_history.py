"""The Scaling laws page's past: Kaplan's straight lines, Chinchilla's tables, and a model for one field."""

import streamlit as st

from playground.core import power_laws, trained
from playground.figures import scaling_history as figures
from playground.figures import scaling_tables
from playground.ui import charts, shell


def history() -> None:
    """Kaplan's straight lines, and Chinchilla's printed tables."""
    charts.draw(
        figures.power_laws, power_laws.LAWS, key="powers", alt="Loss against compute, tokens and parameters on log axes"
    )
    shell.provenance(
        "computed",
        "[Kaplan et al. 2020](https://arxiv.org/abs/2001.08361): solid where it was measured, dotted beyond. Ten times "
        f"the parameters, loss × {power_laws.BY_PARAMETERS.per_tenfold:.2f}; tokens × "
        f"{power_laws.BY_TOKENS.per_tenfold:.2f}; compute × {power_laws.BY_COMPUTE.per_tenfold:.2f}. Nats per token of "
        "WebText2 in GPT-2's tokens: not to be compared with the losses above.",
    )
    with st.expander("Chinchilla's Tables 3 and A3, as printed", icon=":material/table_chart:"):
        st.html(scaling_tables.published(trained.chinchilla_tables()))
        st.caption(
            "\\* A misprint in Table A3: 175B on 12.0T tokens is printed with 1.26 × 10²⁴ operations; 6ND is 1.26 × "
            "10²⁵. Every other row is within 5% of 6ND."
        )


def bloomberg() -> None:
    """A domain model: its data and its budget."""
    parts = trained.bloomberg_data()
    charts.draw(
        figures.data_mix, parts, key="mix", alt="BloombergGPT's corpus by source: about half finance, half public text"
    )
    finance = sum(part.tokens for part in parts if part.finance) / sum(part.tokens for part in parts)
    st.markdown(
        f"**{finance:.0%} finance** (blue), the rest public text (orange): 709B tokens gathered, 569B used (80% of one "
        "pass). 512 A100 for 53 days, 139,200 steps of 32.5 s at 102 TFLOP/s each: **2.36 × 10²³** operations in "
        "hardware. The model needs 6ND = 1.73 × 10²³; the rest is recomputing activations (8ND) and attention."
    )
    shell.provenance(
        "computed",
        "[BloombergGPT](https://arxiv.org/abs/2303.17564) §2, §3. The paper's shares add up to 51.3% finance; the "
        "heading of its §2.1 prints 54.2%. Its §3.2 asks the laws above and gets 53.0B on 1.11T tokens (approach 1) "
        "or 49.8B on 1.18T (2): it had half the tokens, so it is under-trained. Often told: “1.4T tokens are optimal "
        "for 50B”; that is Chinchilla's own budget, for 70B.",
    )
