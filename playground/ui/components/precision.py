"""The Precision page: the real model under several number formats, and a small network trained with rounding."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import streamlit as st

from playground import limits, paths
from playground.core.quantization import BY_NAME, SCHEMES, Scheme
from playground.figures import precision as figures
from playground.lab import qat, quantized, quantized_results
from playground.lab.quantized_results import Job, Measured
from playground.models import weights
from playground.models.lens import Lens
from playground.ui import downloads, inputs, resources, shell

PROMPT = "Photosynthesis is the process by which"
_KL = "Kullback–Leibler divergence from FP32's probabilities, in bits: 0 when every token is as probable as there."
_PERPLEXITY = (
    "e to the mean surprise (−ln of the probability given to the token that came): among how many equally likely "
    "tokens the model seems to choose. Lower is better."
)
_DEFAULT = ("fp32", "bf16", "fp16", "int8", "int4", "nf4")


def ask(lens: Lens) -> tuple[Job, list[Scheme]]:
    """The prompt, the text to read, the schemes."""
    prompt = inputs.text("Prompt to continue", PROMPT, height=68)
    with st.expander("The text whose perplexity is measured", icon=":material/menu_book:"):
        bundled = (paths.ASSETS / "texts" / "tides.txt").read_text(encoding="utf-8").strip()
        reading = inputs.text("Text", bundled, key="reading", height=220)
    names = inputs.choices(
        "Weights in",
        [scheme.name for scheme in SCHEMES],
        key="schemes",
        default=_DEFAULT,
        format_func=lambda name: BY_NAME[name].title,
    )
    job, cuts = quantized_results.job(lens, prompt, reading)
    shell.notices(cuts)
    return job, [BY_NAME[name] for name in names]


def measured(job: Job, schemes: Sequence[Scheme]) -> dict[str, Measured]:
    """What is known of the schemes; a press of the button measures the rest, with one progress bar."""
    wanted = schemes if BY_NAME["fp32"] in schemes else (BY_NAME["fp32"], *schemes)
    known = quantized_results.known(job, wanted)
    missing = [scheme for scheme in wanted if scheme.name not in known]
    label = f"Measure {len(missing)} of {len(wanted)}" if missing else "Measure again"
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(label, type="primary" if missing else "secondary", icon=":material/speed:", key="measure")
        st.caption(
            "About ten seconds a format, on a copy of the weights. Changing an input stops it."
            if missing
            else "Measured on this machine before; kept in the store."
        )
    if pressed:
        bar = st.progress(0.0, text="Waiting for the model")
        at: list[Any] = [0.0, "Copying the model's structure"]

        def waiting(_ahead: int, _waited_s: float) -> None:
            bar.progress(at[0], text=at[1])  # an st. call: where leaving the page stops the measurement

        for step in quantized.measure(job, wanted, resources.session_id(), waiting, again=not missing):
            at = [step.share, step.doing]
            bar.progress(step.share, text=step.doing)
            if step.result:
                known[step.result.scheme] = step.result
        bar.empty()
    return {scheme.name: known[scheme.name] for scheme in wanted if scheme.name in known}


def results(lens: Lens, found: dict[str, Measured]) -> None:
    """The table and the bars."""
    if not found:
        st.info("Nothing measured for this prompt and text yet: press the button.", icon=":material/speed:")
        return
    own = _own_format(lens)
    if own in found:
        st.info(
            f"**{BY_NAME[own].title} is out of competition** (striped below): it is the format this model's file has. "
            "Its weights were rounded that way before they came here, so rounding them again changes next to nothing. "
            "The others show what *more* rounding does.",
            icon=":material/front_hand:",
        )
    rows = [_row(one, own) for one in found.values()]
    st.dataframe(
        rows,
        hide_index=True,
        key="results",
        column_config={
            "weights": st.column_config.TextColumn(
                "Weights",
                pinned=True,
                width=134 if own in found else None,
                help="(own): the format of the model's file.",
            ),
            "megabytes": st.column_config.NumberColumn("MB", format="%.1f", help="The weights, a million bytes each."),
            "bits": st.column_config.NumberColumn("Bits", format="%.2f", help="A weight, over the whole model."),
            "perplexity": st.column_config.NumberColumn("Perplexity", format="%.2f", help=_PERPLEXITY),
            "mean_kl": st.column_config.NumberColumn("KL, text", format="%.4f", help=f"{_KL} Mean over the text."),
            "next_kl": st.column_config.NumberColumn("KL, next", format="%.4f", help=f"{_KL} After the prompt."),
            "top1": st.column_config.TextColumn(
                "Other choice", help="How often another token than FP32's is the most probable one, over the text."
            ),
            "differs": st.column_config.TextColumn(
                "Parts at", help="The first token of the greedy continuation that is not FP32's."
            ),
            "speed": st.column_config.NumberColumn("Tokens/s", format="%.1f"),
            "arithmetic": st.column_config.TextColumn("Runs in", help="The format the multiplications ran in."),
        },
    )
    shell.provenance(
        "measured",
        f"{lens.title} on {lens.device}. **About the speed:** FP32, BF16 and FP16 run in that arithmetic. The other "
        "formats are rounded and then multiplied as FP32: no kernel here multiplies 4-bit numbers, so they are not "
        "faster. On hardware with such kernels fewer bytes are read for each token, and that is the gain. The speed is "
        "the median of single tokens; whatever else this machine was doing slowed them.",
    )
    downloads.offer("precision", rows, key="results.file")
    _bars(found, own)
    st.subheader("What it says then", anchor=False)
    st.markdown(
        "Another continuation is **not by itself a worse one**: after one other token the text goes its own way, and "
        "may read as well, or better by chance. What was lost is measured above, over a whole text: by KL and "
        "perplexity."
    )
    st.html(figures.answers([_answer(lens, one) for one in found.values()]))
    shell.provenance(
        "measured",
        f"greedy continuation, the most probable token each time, until the model ends its turn or "
        f"{limits.QUANTIZED_NEW_TOKENS} tokens are there (…); marked where it is not FP32's. Below it the three most "
        "probable next tokens.",
    )


def _row(one: Measured, own: str) -> dict[str, Any]:
    differs = one.first_difference
    return {
        "weights": BY_NAME[one.scheme].title + (" (own)" if one.scheme == own else ""),
        "bits": one.bits_per_weight,
        "perplexity": one.perplexity,
        "mean_kl": one.mean_kl_bits,
        "next_kl": one.next_kl_bits,
        "top1": f"{one.top1_changes} of {one.positions}",
        "megabytes": one.bytes / 1e6,
        "differs": f"none of {len(one.continuation)}" if differs is None else f"token {differs + 1}",
        "speed": one.tokens_per_second,
        "arithmetic": one.arithmetic.upper(),
    }


def _bars(found: dict[str, Measured], own: str) -> None:
    rows = [
        (BY_NAME[one.scheme].title, one.bits_per_weight, one.mean_kl_bits, one.perplexity) for one in found.values()
    ]
    st.plotly_chart(
        figures.losses(rows, BY_NAME[own].title if own else ""),
        width="stretch",
        config={"displayModeBar": False},
        key="losses",
        alt="KL from FP32 and perplexity of the text, for every number format",
    )
    shell.provenance(
        "measured",
        "behind each name its bits a weight. The layers' matrices are rounded; embeddings and norms stay in 16 bit, as "
        "bitsandbytes, GPTQ and AWQ do it. "
        + (f"FP32 is the {BY_NAME[own].title} file as it is: what *more* rounding does is measured." if own else ""),
    )


def _own_format(lens: Lens) -> str:
    """The scheme this model's file was rounded with, if it was."""
    kinds = {matrix.stored.lower() for matrix in weights.matrices(lens.model_id, resources.session_id())}
    return next((kind for kind in kinds if kind in BY_NAME and kind.startswith("q")), "")


def _answer(lens: Lens, one: Measured) -> figures.Answer:
    return figures.Answer(
        BY_NAME[one.scheme].title,
        _pieces(lens, one.continuation[:-1] if one.ended else one.continuation),
        one.ended,
        one.first_difference,
        tuple((lens.token_label(i), p) for i, p in zip(one.top_ids, one.top_probabilities, strict=True)),
    )


def _pieces(lens: Lens, ids: Sequence[int]) -> tuple[str, ...]:
    """Each token's share of the decoded text, so that characters made of several tokens stay whole."""
    texts = [lens.decode(ids[:end]) for end in range(len(ids) + 1)]
    return tuple(after[len(before) :] for before, after in pairwise(texts))


def aware() -> None:
    """Quantization-aware training in small."""
    seeds = inputs.choice(
        "Seeds", range(1, qat.SEEDS_MAX + 1), key="seeds", default=5, slider=True, help="Networks trained a bit width."
    )
    slot = st.empty()
    outcome = None
    for step in qat.run(seeds):
        outcome = step.outcome
        if outcome is None:
            slot.progress(step.share, text=f"Training {seeds * (1 + len(qat.BITS))} small networks at once")
    slot.empty()
    if outcome is None:
        return
    st.plotly_chart(
        figures.awareness(qat.BITS, outcome.full, outcome.after, outcome.aware),
        width="stretch",
        config={"displayModeBar": False},
        key="awareness",
        alt="Accuracy at 8, 4, 3 and 2 bits, rounded after training and while it learned",
    )
    bits = inputs.choice("Look at", qat.BITS, key="bits", default=3, format_func=lambda b: f"{b} bits", segmented=True)
    st.plotly_chart(
        figures.decisions(
            {
                "not rounded": outcome.maps["exact"],
                f"{bits} bits, after": outcome.maps[f"after {bits}"],
                f"{bits} bits, aware": outcome.maps[f"aware {bits}"],
            },
            outcome.points,
            outcome.classes,
        ),
        width="stretch",
        config={"displayModeBar": False},
        key="decisions",
        alt="What three networks answer over the plane: exact, rounded after training, rounded while training",
    )
    shell.provenance(
        "measured",
        f"two spirals, a 2–{qat.HIDDEN}–{qat.HIDDEN}–1 network, {qat.STEPS} steps of Adam, {seeds} seeds; accuracy on "
        f"{qat.TEST_POINTS:,} new points. One absmax scale a matrix; the backward pass takes rounding's slope as 1 "
        "(straight-through, [arXiv:1712.05877](https://arxiv.org/abs/1712.05877)).",
    )


def snippet(lens: Lens, job: Job) -> str:
    """The lines that give the KL and the perplexity of INT4 without this project's measuring code."""
    return _CODE.format(
        model_id=lens.model_id, prompt=list(job.prompt_ids), text=list(job.text_ids[: limits.QUANTIZED_TEXT_TOKENS])
    )


_CODE = """
import torch
from transformers import AutoModelForCausalLM
from playground.models import store  # only to find the folder

model = AutoModelForCausalLM.from_pretrained(store.ensure("{model_id}"), dtype=torch.float32)
prompt = torch.tensor([{prompt}])
text = torch.tensor([{text}])

def read():
    with torch.inference_mode():
        return model(text).logits[0].log_softmax(-1), model(prompt).logits[0, -1].log_softmax(-1)

def int4(w, group=64):  # absmax, one FP16 scale a group
    g = w.reshape(-1, group)
    scale = (g.abs().amax(1, keepdim=True) / 7).half().float()
    return ((g / scale).round().clamp(-7, 7) * scale).reshape(w.shape)

before, next_before = read()
for name, w in model.named_parameters():
    w.data = int4(w.data) if ".layers." in name and w.ndim == 2 else w.data.bfloat16().float()
after, next_after = read()

kl = lambda p, q: (p.exp() * (p - q)).sum(-1) / torch.tensor(2.0).log()
print("KL, next token", float(kl(next_before, next_after)))
print("KL, text", float(kl(before, after).mean()))
print("other first choice", int((before.argmax(-1) != after.argmax(-1)).sum()))
print("perplexity", float(torch.nn.functional.nll_loss(after[:-1], text[0, 1:]).exp()))
"""
