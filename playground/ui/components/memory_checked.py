"""The page "Memory, checked": formulas against bytes measured here, and against other calculators."""

import streamlit as st

from playground import limits
from playground.core import measured_memory, other_calculators
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import BY_NAME as CACHES
from playground.core.recipes import BY_NAME as RECIPES
from playground.core.recipes import OPTIMIZERS_BY_NAME
from playground.core.subject import Subject
from playground.core.training_memory import training_memory
from playground.core.units import format_bytes
from playground.core.weight_formats import BY_NAME as WEIGHTS
from playground.figures import memory_checked as figures
from playground.lab import memory_measured
from playground.ui import downloads, inputs, resources, shell
from playground.ui.components.memory_inputs import TOKENS, ask_texts

RESULT = "memory_checked.result"
SNIPPET = """
import torch
from transformers import LlamaConfig, LlamaForCausalLM

config = LlamaConfig(hidden_size=256, num_hidden_layers=2, num_attention_heads=8, num_key_value_heads=2,
                     intermediate_size=704, vocab_size=500)
model = LlamaForCausalLM(config)
optimizer = torch.optim.AdamW(model.parameters())
ids = torch.arange(64)[None]
model(ids, labels=ids).loss.backward()
optimizer.step()

count = sum(p.numel() for p in model.parameters())
gradients = sum(p.grad.nbytes for p in model.parameters())
states = sum(t.nbytes for state in optimizer.state.values() for t in state.values())
print(gradients == 4 * count, states == 8 * count + 4 * len(list(model.parameters())))      # True True
"""


def measured() -> None:
    """A button that measures, with progress; predicted against measured, the residual explained."""
    first, second, third = st.columns(3)
    with first:
        layers = inputs.choice(
            "Layers to train",
            memory_measured.layer_choices(),
            key="layers",
            default=2,
            segmented=True,
            help="How many of SmolLM2's 30 layers the copy has that takes the step. Each adds weights, gradients, "
            "optimizer states and activations.",
        )
    with second:
        tokens = inputs.choice(
            "Tokens",
            limits.MEASURED_STEP_TOKENS,
            key="tokens_measured",
            default=64,
            segmented=True,
            help="How long the text is that the copy learns from. What is saved for the backward pass grows with it.",
        )
    with third:
        dtype = inputs.choice(
            "In",
            tuple(memory_measured.TYPES),
            key="dtype_measured",
            format_func=str.upper,
            segmented=True,
            help="The numbers' format: FP32 takes 4 bytes a number, BF16 two.",
        )
    asked = (layers, tokens, dtype)
    if st.button("Measure now", icon=":material/speed:", type="primary", key="memory_checked.go"):
        st.session_state[RESULT] = (asked, _measure(*asked))
    known = st.session_state.get(RESULT)
    if known is None or known[0] != asked:
        st.caption(
            "A real step: about two seconds and "
            f"{'half' if layers < 4 else 'up to'} a gigabyte. The first layers of SmolLM2 135M, real weights, a "
            "forward and a backward pass, AdamW."
        )
        return
    _show(known[1])


def _measure(layers: int, tokens: int, dtype: str) -> tuple[measured_memory.Check, ...]:
    bar = st.progress(0.0, text="Measuring…")
    result: tuple[measured_memory.Check, ...] = ()
    resources.lens(memory_measured.MODEL)  # loaded first, with its own progress
    for step in memory_measured.measure(layers, tokens, dtype, resources.session_id()):
        bar.progress(step.share, text=f"Measuring: {step.doing}")
        result = step.result
    bar.empty()
    return result


def _show(checks: tuple[measured_memory.Check, ...]) -> None:
    st.html(figures.checks(checks))
    exact = sum(check.difference == 0 for check in checks)
    shell.provenance(
        "measured",
        f"storages of the tensors, counted in this process now; {exact} of {len(checks)} equal the formula to the "
        "byte. What PyTorch's allocator rounds up and the process itself come on top: the overhead of the calculator.",
    )
    downloads.offer("memory-measured", measured_memory.rows(checks), key="measured.file")


def others(subject: Subject) -> None:
    """The same question, put to other calculators: their formula, and what it leaves out."""
    if subject.model is None:
        shell.notices(["The others need a model's shape too: choose one, or paste its config.json."])
        return
    first, second = st.columns(2)
    with first:
        tokens = inputs.choice(
            "Tokens",
            TOKENS,
            key="context",
            default=4096,
            format_func=lambda n: f"{n:,}",
            slider=True,
            help="How long each text is: the KV cache of an answer and the activations of learning grow with it.",
        )
    with second:
        batch = ask_texts()
    answering = inference_memory(subject, WEIGHTS["bf16"], CACHES["bf16"], tokens, batch)
    learning = training_memory(subject, RECIPES["mixed"], OPTIMIZERS_BY_NAME["adamw"], batch, tokens)
    st.markdown("**To answer**, 16 bit")
    ours = [
        ("here", "weights", answering.weights, "every tensor, tied ones once"),
        ("here", "KV cache", answering.kv_cache, "keys and values of every layer's KV heads"),
        ("here", "all parts", answering.total, "weights, cache, activations, logits, and 1 GiB of overhead"),
    ]
    st.html(figures.others(ours, other_calculators.compare_inference(subject.model, tokens, batch)))
    st.markdown("**To learn**, mixed precision, Adam, one GPU")
    ours = [
        (
            "here",
            "model states, 16 B each",
            learning.states,
            "16-bit weights, gradients; FP32 master copy, two moments",
        ),
        (
            "here",
            "all parts",
            learning.total,
            "states, activations, logits, 1 GiB; not DDP's buckets",
        ),
    ]
    answers = other_calculators.compare_training(subject.model, tokens, batch)
    st.html(figures.others(ours, answers))
    shell.provenance(
        "computed",
        "by each tool's own formula, as its code stands ([accelerate](https://github.com/huggingface/accelerate) 1.15, "
        "[DeepSpeed](https://github.com/deepspeedai/DeepSpeed) after PR #5099, [EleutherAI's cookbook]"
        "(https://github.com/EleutherAI/cookbook)); our tests hold them against 160 figures those tools printed.",
    )
    rows = [
        {"tool": a.tool, "question": a.question, "bytes": a.bytes, "GiB": a.bytes / 2**30, "leaves out": a.leaves_out}
        for a in (*other_calculators.compare_inference(subject.model, tokens, batch), *answers)
    ]
    downloads.offer("other-calculators", rows, key="others.file")
    stale = other_calculators.deepspeed_zero2(2_851_598_336, 8)[0]
    st.caption(
        f"Their documentation can be staler than their code: DeepSpeed's page prints 15.93 “GB” for T5-3B on 8 GPUs "
        f"with ZeRO-2; its code gives {format_bytes(stale)}. A published table of Llama 3.1's KV cache is twice too "
        "high for 405B: 123.05 “GB” at 128,000 tokens; 8 KV heads need 61.5 GiB."
    )
