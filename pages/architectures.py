"""Three kinds of transformer: the same blocks, another mask, another purpose.

Encoder: every token sees all; decoder: only what came before; encoder–decoder: one reads, one writes, looking across.
"""

from playground import limits
from playground.models import architectures_code
from playground.ui import inputs, shell
from playground.ui.components import architectures

EXAMPLE = "the 3rd of May '99"
SENTENCE = "The animal didn't cross the street because it was too tired."

shell.header(
    __file__,
    "All transformers are built from the same blocks. What makes the three kinds is the *mask*: who may look at whom. "
    "Here one text goes through a model of each kind. Compare the upper right of each picture: who looks ahead?",
)
text = inputs.text("Text", EXAMPLE, height=68)
show = inputs.choice("Show", architectures.SHOWN, key="show", segmented=True)
architectures.three(text, show)

shell.code(architectures_code.snippet(text, limits.ARCHITECTURE_TOKENS))
shell.try_this(
    __file__,
    (
        "A sentence",
        {"text": SENTENCE},
        "The third model has only ever seen dates. It answers with one all the same, and its map means little.",
    ),
    (
        "All heads at once",
        {"text": SENTENCE, "show": architectures.MEAN},
        "Averaged over every layer and head: a habit remains. On which token does the decoder leave most of its "
        "attention?",
    ),
    (
        "A date in German",
        {"text": "Montag, 3. Mai 1999"},
        "The same model of dates, another language: where does it look for the month now?",
    ),
)
