"""Memory to learn: weights, gradients, optimizer states, activations, logits, and the runtime's own share."""

from dataclasses import dataclass
from fractions import Fraction

from playground.core import activations, recipes
from playground.core.activations import RECOMPUTE, Recompute
from playground.core.inference_memory import OVERHEAD_BYTES
from playground.core.recipes import Optimizer, Recipe
from playground.core.subject import BATCH_MAX, TOKENS_MAX, Subject, check_range
from playground.errors import BadInput


@dataclass(frozen=True)
class TrainingMemory:
    """Bytes, exactly; ``total`` is their sum."""

    subject: Subject
    recipe: Recipe
    optimizer_kind: Optimizer
    weights: int
    gradients: int
    optimizer: int
    activations: int
    recomputed_layer: int
    logits: int
    overhead: int
    notices: tuple[str, ...] = ()
    trainable: int = 0  # LoRA: the adapters' parameters; 0: every parameter is trained

    @property
    def parts(self) -> dict[str, int]:
        """The parts by name, in the order they are stacked."""
        names = ("weights", "gradients", "optimizer", "activations", "recomputed_layer", "logits", "overhead")
        return {name: getattr(self, name) for name in names}

    @property
    def total(self) -> int:
        """All parts together."""
        return sum(self.parts.values())

    @property
    def states(self) -> int:
        """Weights, gradients and optimizer: what is there whatever the batch."""
        return self.weights + self.gradients + self.optimizer

    @property
    def bytes_per_parameter(self) -> dict[str, Fraction]:
        """The recipe as it is usually quoted; with adapters what they and the frozen weights really take."""
        if self.trainable:
            held = {"weights": self.weights, "gradients": self.gradients, "optimizer": self.optimizer}
            return {part: Fraction(size, self.subject.parameters) for part, size in held.items()}
        optimizer = recipes.optimizer_bytes_per_parameter(self.recipe, self.optimizer_kind)
        if self.optimizer_kind.factored:
            optimizer = Fraction(self.optimizer, self.subject.parameters)
        quoted = (Fraction(self.recipe.weight), Fraction(self.recipe.gradient), optimizer)
        return dict(zip(("weights", "gradients", "optimizer"), quoted, strict=True))


def training_memory(
    subject: Subject,
    recipe: Recipe,
    optimizer: Optimizer,
    batch: int = 1,
    sequence: int = 1024,
    recompute: Recompute = "none",
    overhead: int = OVERHEAD_BYTES,
) -> TrainingMemory:
    """What one GPU needs to train the whole model on ``batch`` texts of ``sequence`` tokens a step.

    >>> from playground.core.subject import subject as about
    >>> got = training_memory(about(count="1B"), recipes.recipe("fp32"), recipes.optimizer("adamw"), overhead=0)
    >>> got.weights, got.gradients, got.optimizer
    (4000000000, 4000000000, 8000000000)

    With a bare parameter count activations and logits are 0 and a notice says so. Leaves out the second gradient copy
    of DDP's buckets and the temporaries of ``foreach`` optimizers. Raises BadInput for sizes out of range.
    """
    check_range("tokens a sequence", sequence, 1, TOKENS_MAX)
    check_range("sequences a step (batch)", batch, 1, BATCH_MAX)
    check_range("bytes of overhead", overhead, 0, 10**15)
    if recompute not in RECOMPUTE:
        raise BadInput(f"{recompute[:30]!r} is not a way to recompute", f"There are {', '.join(RECOMPUTE)}.")
    model, count = subject.model, subject.parameters
    states = (
        recipe.weight * count,
        recipe.gradient * count,
        recipes.optimizer_bytes(recipe, optimizer, count, model),
    )
    if model is None:
        notices = ("Activations depend on layers, heads and width, which a parameter count does not tell: 0 here.",)
        return TrainingMemory(subject, recipe, optimizer, *states, 0, 0, 0, overhead, notices)
    x = recipe.activation
    return TrainingMemory(
        subject,
        recipe,
        optimizer,
        *states,
        activations.training_bytes(model, sequence, batch, recompute, x)
        + activations.outside_the_layers_bytes(model, sequence, batch, x),
        activations.recomputed_layer_bytes(model, sequence, batch, x) if recompute == "full" else 0,
        activations.logits_bytes(model.vocabulary, batch * sequence),
        overhead,
        _notices(subject, sequence, recompute),
    )


def _notices(subject: Subject, sequence: int, recompute: Recompute) -> tuple[str, ...]:
    model = subject.model
    assert model is not None
    notices = subject.remarks
    if model.context and sequence > model.context:
        notices.append(f"{model.title} was built for {model.context:,} tokens: {sequence:,} is beyond that.")
    if recompute == "selective" and activations.is_llama_block(model):
        notices.append("Fused attention stores no s × s scores, so selective recomputation changes nothing here.")
    return tuple(notices)
