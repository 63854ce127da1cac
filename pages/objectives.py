"""How they are pre-trained: one text, three exercises, and which of its tokens each one asks for.

BERT guesses hidden tokens, GPT the next one, T5 writes the spans that were cut out. The loss is −ln P(right token).
"""

from playground.ui import inputs, shell
from playground.ui.components import objectives

EXAMPLE = (
    "The capital of France is Paris, and the capital of Peru is Lima. "
    "Paris lies on the Seine; Lima lies on the coast of the Pacific Ocean."
)
SHUFFLED = (
    "Lima and Paris capital the of is, Peru is the of France capital. "
    "Coast the on lies the of; Pacific Seine Lima on Paris the lies Ocean."
)
EXERCISES = {
    "masked": ("Hidden tokens (BERT)", objectives.masked),
    "causal": ("The next token (GPT)", objectives.causal),
    "spans": ("Spans (T5)", objectives.spans),
}

shell.header(
    __file__,
    "Nobody labels the texts a model is pre-trained on: the text itself is the question and the answer. What is asked "
    "differs, and makes an encoder, a decoder, or both. Under *the next token* each token shows what it cost a real "
    "model: which were easy, and why?",
)
text = inputs.text("Text", EXAMPLE, height=68)
asks = objectives.overview(text)
exercise = inputs.choice(
    "Exercise", tuple(EXERCISES), key="objective", default="causal", format_func=lambda name: EXERCISES[name][0],
    segmented=True,
)  # fmt: skip
shell.code(EXERCISES[exercise][1](text, asks))

shell.try_this(
    __file__,
    (
        "The same words, shuffled",
        {"objective": "causal", "text": SHUFFLED, "model": "smollm2-135m"},
        "Almost the same tokens, but their order tells nothing now. How much does the mean loss rise?",
    ),
    (
        "All three fates",
        {"objective": "masked", "text": EXAMPLE, "draw": "23"},
        "Three tokens hidden, one replaced, one kept: most draws do not show all three fates. Which can a reader spot?",
    ),
    (
        "Half of it gone",
        {"objective": "spans", "text": EXAMPLE, "rate": "0.5", "span": "3", "draw": "0"},
        "The sentinels number the gaps. Could you fill them? Of the four rates T5's authors compared, only this one "
        "did clearly worse.",
    ),
)
