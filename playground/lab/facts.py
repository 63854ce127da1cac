"""What lessons may assert, found out as the pages find it out: by the running model, by a formula, from a recording.

One function a fact of ``classroom.assertions.FACTS``; arguments are texts, as in a page's address.
"""

from collections.abc import Callable, Sequence
from typing import Any

from playground.core import recipes, sampling, zero
from playground.core.communication import communication
from playground.core.inference_memory import inference_memory
from playground.core.kv_cache import cache_format
from playground.core.prompting import Task, tasks
from playground.core.sampling_settings import SamplingSettings
from playground.core.subject import Subject, subject
from playground.core.tokens import Token
from playground.core.training_memory import training_memory
from playground.core.units import parse_count
from playground.core.weight_formats import weight_format
from playground.errors import BadInput
from playground.lab import shots_results
from playground.models import engines
from playground.models import lens as lenses

MODEL = "smollm2-135m"


def token_count(text: str, tokenizer: str = "smollm2") -> int:
    """Tokens of a text, nothing added."""
    return len(engines.load(tokenizer).encode(text, "plain").tokens)


def top_token(text: str, model: str = MODEL) -> str:
    """The text of the most probable next token."""
    with lenses.open(model, "lessons") as lens:
        return lens.token_text(int(lens.next_logits(lens.encode(text).ids).argmax()))


def probability(text: str, token: str, model: str = MODEL, t: str = "1", p: str = "1") -> float:
    """Of the token to be drawn: softmax over the whole vocabulary, after temperature and top-p where they are given."""
    with lenses.open(model, "lessons") as lens:
        ids = lens.encode(token).ids
        if len(ids) != 1:
            raise BadInput(f"{token!r} is {len(ids)} tokens", "Name one token, with its space: ' Paris'.")
        logits = lens.next_logits(lens.encode(text).ids)
        settings = SamplingSettings(temperature=float(t), top_p=float(p))
        return float(sampling.adjust(logits, settings).adjusted[ids[0]])


def kept_tokens(text: str, p: str, model: str = MODEL, t: str = "1") -> int:
    """Tokens that are left after temperature and top-p, in transformers' order."""
    with lenses.open(model, "lessons") as lens:
        logits = lens.next_logits(lens.encode(text).ids)
        return int(sampling.adjust(logits, SamplingSettings(temperature=float(t), top_p=float(p))).kept_tokens)


def attention(text: str, from_: str, to: str, layer: str, head: str, model: str = MODEL) -> float:
    """A head's weight from the last token that reads ``from_`` to the last before or at it that reads ``to``."""
    with lenses.open(model, "lessons") as lens:
        tokens = lens.encode(text, "template").tokens
        query = _last(tokens, from_, len(tokens))
        key = _last(tokens, to, query + 1 if lens.kind == "decoder" else len(tokens))
        return float(lens.attentions([token.id for token in tokens])[int(layer), int(head), query, key])


def _last(tokens: Sequence[Token], text: str, before: int) -> int:
    found = [place for place in range(before) if tokens[place].text == text]
    if not found:
        raise BadInput(f"There is no token {text!r} there", f"Tokens are {[token.text for token in tokens][:40]}.")
    return found[-1]


def accuracy(exercise: str, shots: str) -> float:
    """The recorded share of right answers with so many examples, as the task is shipped."""
    task, counted = _recorded(exercise, shots)
    truth = task.truth()
    return float(counted.right(truth) / len(truth))


def times_said(exercise: str, shots: str, label: str) -> int:
    """How many of the recorded answers are this label."""
    task, counted = _recorded(exercise, shots)
    if label not in task.labels:
        raise BadInput(f"There is no label {label!r}", f"Labels are {', '.join(task.labels)}.")
    return int(counted.said()[task.labels.index(label)])


def _recorded(exercise: str, shots: str) -> tuple[Task, Any]:
    if exercise not in tasks():
        raise BadInput(f"There is no task {exercise!r}", f"Tasks are {', '.join(tasks())}.")
    task = tasks()[exercise]
    counted: Any = shots_results.recording(exercise).runs[shots_results.default_job(task)].get(int(shots))
    if counted is None or task.kind != "labels":
        raise BadInput(f"No accuracy is recorded for {exercise} with {shots} examples", "Measure it on the page.")
    return task, counted


def kv_bytes_per_token(model: str, kv: str = "bf16") -> int:
    """What one more token adds to the KV cache."""
    need = inference_memory(subject(model), weight_format("bf16"), cache_format(kv), 1)
    return int(need.kv_bytes_per_token)


def answering_bytes(
    of: str, model: str = "params", params: str = "7.5B", weights: str = "bf16", kv: str = "bf16", context: str = "8192"
) -> int:
    """A part of what one answer takes (weights, kv_cache, activations, overhead), or the total."""
    about, form = _subject(model, params), weight_format(weights)
    need = inference_memory(about, form, cache_format(kv), parse_count(context, "number of tokens"))
    return _part(of, need.parts | {"total": need.total})


def training_bytes(
    of: str,
    model: str = "params",
    params: str = "7.5B",
    recipe: str = "mixed",
    batch: str = "1",
    sequence: str = "1024",
    recompute: Any = "none",
) -> int:
    """A part of what training takes (weights, gradients, optimizer, activations), their first three together
    (states), or the total; ``course`` is the rule of thumb.
    """
    about = _subject(model, params)
    if recipe == "course":
        return _part(of, {"total": sum(recipes.COURSE_BYTES.values()) * about.parameters})
    sizes = parse_count(batch, "batch"), parse_count(sequence, "number of tokens")
    need = training_memory(about, recipes.recipe(recipe), recipes.optimizer("adamw"), *sizes, recompute)
    states = need.weights + need.gradients + need.optimizer
    return _part(of, need.parts | {"states": states, "total": need.total})


def _part(of: str, parts: dict[str, int]) -> int:
    if of not in parts:
        raise BadInput(f"There is no part {of!r}", f"Parts are {', '.join(parts)}.")
    return parts[of]


def zero_bytes_per_gpu(
    gpus: str, stage: str, model: str = "params", params: str = "7.5B", recipe: str = "mixed", factor: str = ""
) -> int:
    """Model states on each GPU under ZeRO."""
    parameters = _subject(model, params).parameters
    shared_by = int(factor) if factor else None
    return int(zero.plan(parameters, int(gpus), int(stage), zero.of_recipe(recipe), shared_by, "none").total)


def sent_elements_per_parameter(gpus: str, stage: str) -> float:
    """What a step sends under ZeRO, by the paper: 2 elements for each parameter, 3 in stage 3."""
    plan = zero.plan(1_000_000, int(gpus), int(stage), zero.of_recipe("mixed"), None, "none")
    return float(communication(plan).elements_per_parameter)


def _subject(model: str, params: str) -> Subject:
    return subject(count=params) if model == "params" else subject(model)


_FUNCTIONS = (
    token_count,
    top_token,
    probability,
    kept_tokens,
    attention,
    accuracy,
    times_said,
    kv_bytes_per_token,
    answering_bytes,
    training_bytes,
    zero_bytes_per_gpu,
    sent_elements_per_parameter,
)
KNOWN: dict[str, Callable[..., float | str]] = {
    function.__name__.replace("_", " "): function for function in _FUNCTIONS
}
