"""The small transformer that is really trained by the measured page: its tensors' shapes, without building it.

A GPT: token and position embeddings, blocks of attention and MLP with biases and two LayerNorms, a last LayerNorm and
a head of its own. A block of width d has 12d² + 13d parameters in twelve tensors.
"""

import math
from dataclasses import dataclass

from playground import limits
from playground.errors import BadInput

Shape = tuple[int, ...]


@dataclass(frozen=True)
class SmallModel:
    """A size of it; ``shapes`` has every tensor in the order the model registers them."""

    name: str
    blocks: int
    width: int
    vocabulary: int
    context: int

    @property
    def heads(self) -> int:
        """Attention heads of 32 dimensions each (one head, where the width is less)."""
        return max(1, self.width // 32)

    @property
    def units(self) -> dict[str, list[Shape]]:
        """The groups of tensors that FSDP and the textbook stages gather as one: each block, and the rest as root."""
        d = self.width
        block: list[Shape] = [(d,), (d,), (3 * d, d), (3 * d,), (d, d), (d,), (d,), (d,), (4 * d, d), (4 * d,)]
        block += [(d, 4 * d), (d,)]
        blocks = {f"block {index}": block for index in range(self.blocks)}
        return {"root": [(self.vocabulary, d), (self.context, d), (d,), (d,), (self.vocabulary, d)], **blocks}

    @property
    def shapes(self) -> list[Shape]:
        """All tensors: the embeddings, the blocks, the last LayerNorm, the head."""
        token, position, *last = self.units["root"]
        blocks = [shape for name, shapes in self.units.items() if name != "root" for shape in shapes]
        return [token, position, *blocks, *last]

    @property
    def parameters(self) -> int:
        """How many there are (Ψ).

        >>> sizes()["page"].parameters
        1460224
        """
        return sum(math.prod(shape) for shape in self.shapes)


def sizes() -> dict[str, SmallModel]:
    """The sizes one can choose; ``odd`` divides by nothing, so that every API's rounding shows."""
    every = (
        SmallModel("tiny", 2, 64, 1024, 64),
        SmallModel("odd", 4, 70, 1003, 61),
        SmallModel("page", 6, 128, 1024, 64),
        SmallModel("small", 6, 256, 1024, 64),
    )
    return {model.name: model for model in every}


def size(name: str) -> SmallModel:
    """The size of that name.

    Raises BadInput for another name, and for a model larger than this profile allows.
    """
    known = sizes()
    if name not in known:
        raise BadInput(f"There is no model size {name[:40]!r}", f"Choose one of {', '.join(known)}.")
    most = limits.current().measured_parameters
    if known[name].parameters > most:
        allowed = [other.name for other in known.values() if other.parameters <= most]
        raise BadInput(f"The model size {name} is too large for this server", f"Choose one of {', '.join(allowed)}.")
    return known[name]
