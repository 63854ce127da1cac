"""Memory: what a model needs to answer (weights, KV cache) and to learn (gradients and optimizer states as well).

The course's round number first, then the exact bytes by formula, and the cards that hold them.
"""

import streamlit as st

from playground.ui import shell
from playground.ui.components import memory, memory_inputs
from playground.ui.components.subjects import subject_input

shell.header(
    __file__,
    "To **answer**, a model needs its weights, a *KV cache* of the tokens read so far, and room to compute. To "
    "**learn**, it also needs a gradient and optimizer states for every weight, and the whole batch's activations.",
)
task_column, model_column = st.columns([1, 2])
with task_column:
    task = memory_inputs.ask_task()
with model_column:
    subject = subject_input(default="llama-3.1-8b")

if task == "inference":
    memory.inference(subject)
else:
    memory.training(subject)

shell.code(memory.SNIPPET)

shell.try_this(
    __file__,
    (
        "A long chat",
        {"task": "inference", "model": "llama-2-7b", "context": "131072"},
        "Every token stays in the KV cache. Now Llama 3.1 8B: four heads share one key and value, a quarter of it.",
    ),
    (
        "Four bits, really",
        {"task": "inference", "model": "llama-3.1-8b", "weights": "q4_k_m"},
        "The file takes 4.89 bits a weight, not 4: scales, and some tensors in Q6_K.",
    ),
    (
        "GPT-2 learns",
        {"task": "training", "model": "gpt2", "batch": "8", "sequence": "1024"},
        "Small model, long batch: the activations dwarf the 24-byte rule. Then recompute them: full.",
    ),
    (
        "Mixed is not less",
        {"task": "training", "model": "llama-3.1-8b", "recipe": "fp32"},
        "16 bytes a parameter for weights, gradients and optimizer. Choose mixed precision: 16 again. What shrinks "
        "are the activations.",
    ),
)
