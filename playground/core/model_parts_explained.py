"""What each part of a transformer does: a name, a sentence and its formula, with the model's own numbers in it."""

from collections.abc import Mapping
from typing import NamedTuple

from playground.core.model_parts import Part, Shape

ACTIVATIONS = {
    "silu": "SiLU",
    "gelu": "GELU",
    "gelu_new": "GELU",
    "gelu_pytorch_tanh": "GELU",
    "gelu_python": "GELU",
    "relu": "ReLU",
}


class Facts(NamedTuple):
    """What a model's weights do not tell by their shapes."""

    heads: int
    kv_heads: int
    head_size: int
    activation: str
    rotary: bool  # queries and keys are turned by their position
    scaled: bool  # scores are divided by √d
    distance: bool  # self-attention's scores get a learned number for how far apart two tokens are (T5)


class Explained(NamedTuple):
    """A part in words: its name, what sets this one apart, what it does, and how."""

    title: str
    detail: str
    sentence: str
    formula: str


def explain(part: Part, facts: Facts) -> Explained:
    """The part's name, sentence and formula.

    >>> from playground.core.model_parts import Weight
    >>> table = Part("embedding", "", None, (Weight("wte.weight", "Embedding", (50_257, 768), 4),), ())
    >>> explain(table, Facts(12, 12, 64, "gelu", False, True, False)).formula
    'x = E[token id],  E: 50,257 × 768'
    """
    return _WRITERS.get(part.kind, _other)(part, facts)


def attention_weights(part: Part, facts: Facts) -> Shape:
    """The shape of an attention part's weights for the text it saw: heads × tokens that look × tokens looked at.

    Empty for other parts. These grow with the square of a text's length; fast kernels never store them whole.
    """
    called = [call for call in part.calls if "bias" not in call.module]
    if part.kind not in ("attention", "cross-attention") or not called:
        return ()
    looking, *_ = called[0].given
    looked_at = called[min(1, len(called) - 1)].given[0] if part.kind == "cross-attention" else looking
    return facts.heads, looking, looked_at


def _embedding(part: Part, facts: Facts) -> Explained:
    again = bool(part.weights and part.weights[0].tied_to)
    rows, size = part.weights[0].shape
    return Explained(
        "Embedding",
        "the same table again" if again else f"{rows:,} rows of {size:,}",
        "Each token id picks its row of the table: from here on a token is a vector."
        + (" It is the table counted above, so it adds nothing." if again else ""),
        f"x = E[token id],  E: {rows:,} × {size:,}",
    )


def _positions(part: Part, facts: Facts) -> Explained:
    rows = part.weights[0].shape[0]
    return Explained(
        "Positions",
        f"{rows:,} learned rows",
        "A learned row for each place is added, so that the order of the tokens counts.",
        "x ← x + P[position]",
    )


def _segments(part: Part, facts: Facts) -> Explained:
    return Explained(
        "Segments",
        f"{part.weights[0].shape[0]} learned rows",
        "A learned row says whether a token belongs to the first or the second text; with one text, always the first.",
        "x ← x + S[0 or 1]",
    )


def _norm(part: Part, facts: Facts) -> Explained:
    size = part.weights[0].shape[0]
    sentence = "Brings each token's vector to a common size, then weighs its dimensions; it keeps training stable."
    if len(part.weights) > 1:
        return Explained(
            "LayerNorm", f"{size:,} weights, {size:,} biases", sentence, "(x − mean) / √(variance + ε) · g + b"
        )
    return Explained("RMSNorm", f"{size:,} weights", sentence, "x / √(mean of x² + ε) · g")


_UNSCALED = " T5 leaves out the division by √d: it begins training with smaller weights instead."


def _attention(part: Part, facts: Facts) -> Explained:
    groups = f", which share {facts.kv_heads} key/value heads" if facts.kv_heads < facts.heads else ""
    told = "Each token looks at the tokens it may see, and takes in a mixture of their values."
    if facts.rotary:
        told += " Queries and keys are first turned by their position (RoPE)."
    if not facts.scaled:
        told += _UNSCALED
    return Explained(
        "Attention", f"{facts.heads} heads of {facts.head_size}{groups}", told, _softmax(facts, facts.distance)
    )


def _cross(part: Part, facts: Facts) -> Explained:
    return Explained(
        "Cross-attention",
        f"{facts.heads} heads of {facts.head_size}",
        "Queries come from the text being written, keys and values from the encoder: the decoder reads its source."
        + ("" if facts.scaled else _UNSCALED),
        _softmax(facts, distance=False),
    )


def _softmax(facts: Facts, distance: bool) -> str:
    score = f"q·kᵀ / √{facts.head_size}" if facts.scaled else "q·kᵀ"
    return f"softmax({score}{' + bias by distance' if distance else ''} + mask) · v · W_O"


def _feed_forward(part: Part, facts: Facts) -> Explained:
    matrices = [weight for weight in part.weights if len(weight.shape) == 2]
    inner = max((max(weight.shape) for weight in matrices), default=0)
    name = ACTIVATIONS.get(facts.activation, facts.activation)
    plain = f"W₂ · {name}(W₁·x)"
    gated = f"W_down · ({name}(W_gate·x) ⊙ W_up·x)"
    bias = len(matrices) < len(part.weights)
    return Explained(
        "Feed-forward",
        f"{inner:,} neurons{', gated' if len(matrices) == 3 else ''}",
        "Works on each token by itself: widens its vector, switches neurons on or off, and makes it narrow again.",
        gated if len(matrices) == 3 else f"W₂ · {name}(W₁·x + b₁) + b₂" if bias else plain,
    )


def _unembedding(part: Part, facts: Facts) -> Explained:
    again = any(weight.tied_to for weight in part.weights)
    places = part.out[0] if part.out else 0
    asked = (
        " It was asked at the last token only: what comes next?"
        if places == 1
        else f" It was asked at each of the {places:,} tokens that were fed to it."
        if places
        else ""
    )
    return Explained(
        "Unembedding",
        "the embedding table again (tied)" if again else "a matrix of its own",
        "Compares the last vector with a row for every token of the vocabulary: the higher the logit, the likelier."
        + (" The rows are the embedding's, one memory used twice, so they are counted once." if again else "")
        + asked,
        "logits = x · Eᵀ" if again else "logits = x · Wᵀ",
    )


def _pooler(part: Part, facts: Facts) -> Explained:
    return Explained(
        "Pooler",
        "[CLS] only",
        "Makes one vector of the first token's, [CLS], for tasks about the whole text.",
        "tanh(W · x[CLS] + b)",
    )


def _other(part: Part, facts: Facts) -> Explained:
    return Explained(
        "Other", f"{len(part.weights)} weights", "A part that this page has no name for; it is counted.", ""
    )


_WRITERS = {
    "embedding": _embedding,
    "positions": _positions,
    "segments": _segments,
    "norm": _norm,
    "attention": _attention,
    "cross-attention": _cross,
    "feed-forward": _feed_forward,
    "unembedding": _unembedding,
    "pooler": _pooler,
}


def by_role(kinds: Mapping[str, int]) -> str:
    """Where a model's parameters are, largest share first, in a sentence.

    >>> by_role({"embedding": 28, "norm": 1, "attention": 27, "feed-forward": 80})
    'Of its weights 59 % are in the feed-forward layers, 21 % in its tables (embedding), 20 % in attention.'
    """
    total = sum(kinds.values()) or 1
    tables = ("embedding", "unembedding", "positions", "segments")
    groups = {
        f"in its tables ({', '.join(kind for kind in tables if kinds.get(kind))})": tables,
        "in attention": ("attention", "cross-attention"),
        "in the feed-forward layers": ("feed-forward",),
    }
    found = {where: sum(kinds.get(kind, 0) for kind in kinds_of) for where, kinds_of in groups.items()}
    shares = [f"{100 * found[where] / total:.0f} % {where}" for where in sorted(found, key=lambda w: -found[w])]
    return f"Of its weights {shares[0].replace(' % ', ' % are ')}, {', '.join(shares[1:])}."
