"""What the memory calculators ask, each question with what it means: the same on every page that asks it."""

import streamlit as st

from playground.core import bits_explained, lora, recipes
from playground.core.activations import RECOMPUTE, Recompute
from playground.core.inference_memory import overhead_bytes
from playground.core.inverse import Serving
from playground.core.kv_cache import BY_NAME as CACHES
from playground.core.subject import Subject
from playground.core.weight_formats import BY_NAME as WEIGHTS
from playground.ui import inputs

TOKENS = tuple(2**power for power in range(7, 21))
BATCHES = tuple(2**power for power in range(11))
TASKS = {"inference": "To answer", "training": "To learn"}
COURSE = "course"
RECIPES = {
    COURSE: "The course's 24 bytes",
    **{known.name: known.title for known in (*recipes.RECIPES, *lora.LORA_RECIPES)},
}
ADAPTED = {"attention": "queries and values", "all-linear": "all matrices"}
WHAT_IS_FORGOTTEN = {
    "none": "Keep every activation of the forward pass.",
    "selective": "Compute attention's s × s scores again: little work, and all of the s² memory is saved.",
    "full": "Keep each layer's input only and compute the layer again: a forward pass more, about a third more time.",
}
_WHAT_A_RECIPE_IS = {known.name: known.note for known in (*recipes.RECIPES, *lora.LORA_RECIPES)}


def ask_task() -> str:
    """To answer, or to learn."""
    return inputs.choice(
        "Task",
        tuple(TASKS),
        key="task",
        format_func=TASKS.__getitem__,
        segmented=True,
        help="To answer: a finished model reads a text and continues it (inference). To learn: its weights are changed "
        "by examples (training), which takes several times the memory.",
    )


def ask_serving(subject: Subject) -> Serving:
    """What is asked about answering: formats, context, batch, overhead."""
    first, second, third = st.columns(3)
    with first:
        dtype = inputs.choice(
            "Weights in",
            list(WEIGHTS),
            key="weights",
            default="bf16",
            format_func=lambda name: WEIGHTS[name].title,
            help="How many bits each weight is stored in. Fewer bits: less memory, coarser numbers. Real files also "
            "carry scales, one for each small group of weights; they are counted here.",
        )
        form = WEIGHTS[dtype]
        said = bits_explained.sentence(subject, form), _upper(bits_explained.details(form))
        st.caption(" ".join(f"{text}." for text in said if text))
        kv_dtype = inputs.choice(
            "KV cache in",
            list(CACHES),
            key="kv",
            default="bf16",
            format_func=lambda name: CACHES[name].title,
            help="The KV cache is the model's memory of the text so far: a key and a value of every token in every "
            "layer, kept so that they aren't computed again for each new token. In fewer bits it is smaller.",
        )
    with second:
        context = inputs.choice(
            "Context, tokens",
            TOKENS,
            key="context",
            default=8192,
            format_func=_number,
            slider=True,
            help="How long a text may be, question and answer together. A token is about three quarters of an English "
            "word. The KV cache grows with every one.",
        )
        batch = ask_texts()
    with third:
        overhead = ask_overhead()
    return Serving(subject, form, CACHES[kv_dtype], context, batch, overhead)


def ask_texts() -> int:
    """The batch of an answer."""
    return inputs.choice(
        "Texts at once",
        BATCHES,
        key="batch",
        default=1,
        format_func=_number,
        slider=True,
        help="How many people's texts are answered side by side (the batch). They share the weights; each has a KV "
        "cache of its own.",
    )


def ask_recipe(names: tuple[str, ...] = tuple(RECIPES)) -> str:
    """How it is trained, with the recipe in a line."""
    recipe = inputs.choice(
        "Recipe",
        names,
        key="recipe",
        default="mixed",
        format_func=RECIPES.__getitem__,
        help="Which numbers training keeps for every weight, and in how many bytes: the weight, its gradient (which "
        "way to change it) and the optimizer's states (Adam keeps two running averages of each gradient). LoRA and "
        "QLoRA freeze the weights and train small matrices beside them.",
    )
    if recipe in _WHAT_A_RECIPE_IS:
        st.caption(f"{_upper(_WHAT_A_RECIPE_IS[recipe])}.")
    return recipe


def ask_optimizer() -> str:
    """The optimizer of a full training."""
    return inputs.choice(
        "Optimizer",
        list(recipes.OPTIMIZERS_BY_NAME),
        key="optimizer",
        default="adamw",
        format_func=lambda name: recipes.OPTIMIZERS_BY_NAME[name].title,
        help="The rule that turns gradients into new weights. Its states are what it remembers from step to step: "
        "AdamW two numbers a weight, SGD none, with momentum one, Adafactor a row and a column of each matrix.",
    )


def ask_adapters() -> tuple[int, lora.Targets]:
    """Rank and place of LoRA's matrices."""
    rank = inputs.choice(
        "Rank r",
        lora.RANKS,
        key="rank",
        default=16,
        slider=True,
        help="LoRA writes the change of a matrix as a product of two thin ones, r columns and r rows. A larger r can "
        "change more, and has more numbers to train.",
    )
    targets: lora.Targets = inputs.choice(
        "Adapters beside",
        lora.TARGETS,
        key="targets",
        default="all-linear",
        format_func=ADAPTED.__getitem__,
        help="Which of the model's matrices get such a pair: the queries and values of attention, as in LoRA's "
        "paper, or every matrix of a layer, as in QLoRA's.",
    )
    return rank, targets


def ask_sequences() -> int:
    """The batch of a training step."""
    return inputs.choice(
        "Sequences a step",
        BATCHES,
        key="batch",
        default=1,
        format_func=_number,
        slider=True,
        help="How many texts are learned from before the weights change (the batch). Activations grow with it.",
    )


def ask_sequence() -> int:
    """The length of a training text."""
    return inputs.choice(
        "Tokens a sequence",
        TOKENS,
        key="sequence",
        default=1024,
        format_func=_number,
        slider=True,
        help="How long each training text is. Activations grow with it, the model's states don't.",
    )


def ask_recompute() -> Recompute:
    """What is forgotten on the way forward, in a line."""
    recompute: Recompute = inputs.choice(
        "Recompute activations",
        RECOMPUTE,
        key="recompute",
        segmented=True,
        help="Activations are the layers' results on the way forward; learning needs them again on the way back. One "
        "can keep them all, or forget them and compute them a second time: less memory, more time (also called "
        "gradient checkpointing).",
    )
    st.caption(WHAT_IS_FORGOTTEN[recompute])
    return recompute


def ask_overhead() -> int:
    """The runtime's own share, in bytes."""
    gib = inputs.slider(
        "Overhead, GiB",
        0.0,
        4.0,
        1.0,
        key="overhead",
        step=0.1,
        help="What the program itself takes of the card: the CUDA context and its kernels are 0.9–1.8 GiB on an A100 "
        "before the first weight is loaded. 1 GiB is 2³⁰ bytes, 7% more than 1 GB.",
    )
    return overhead_bytes(gib)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(value: int) -> str:
    return f"{value:,}"
