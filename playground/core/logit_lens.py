"""The prediction after every layer: the final norm and the unembedding applied to each layer's output.

nostalgebraist 2020, "interpreting GPT: the logit lens"; the tuned lens (Belrose et al. 2023, arXiv:2303.08112) learns a
small correction for each layer, because a layer's output need not be written in the terms the last one uses.
Layers are counted from 0; step 0 is the embedding, step n what layer n − 1 left.
"""

from dataclasses import dataclass

import numpy as np

from playground.errors import BadInput


@dataclass(frozen=True)
class Reading:
    """What the lens reads after every step (first axis), at every position (second axis)."""

    ids: np.ndarray  # (step, position, top): the most probable tokens, best first
    probabilities: np.ndarray  # (step, position, top)
    entropy_bits: np.ndarray  # (step, position), over the whole vocabulary
    answer_rank: np.ndarray  # (step, position): of the last step's first choice; 0 = first
    answer_probability: np.ndarray  # (step, position)

    @property
    def steps(self) -> int:
        """Layers, and the embedding."""
        return int(self.ids.shape[0])

    @property
    def positions(self) -> int:
        """Tokens of the text."""
        return int(self.ids.shape[1])

    def answer(self, position: int) -> int:
        """The token the model itself puts first at this position."""
        return int(self.ids[-1, position, 0])

    def settled(self, position: int) -> int:
        """The first step from which on the final answer is first and stays first.

        >>> ranks = np.array([[9], [0], [3], [0], [0]])
        >>> nothing = np.zeros((5, 1))
        >>> Reading(np.zeros((5, 1, 1), int), np.zeros((5, 1, 1)), nothing, ranks, nothing).settled(0)
        3
        """
        others = np.flatnonzero(self.answer_rank[:, position] > 0)
        return int(others[-1]) + 1 if len(others) else 0

    def leap(self, position: int) -> int | None:
        """The step that lifts the final answer by the largest factor; None where no step lifts it.

        >>> ranks = np.array([[1_999], [999], [9], [4], [0]])  # 2,000th, 1,000th, 10th, 5th, first
        >>> nothing = np.zeros((5, 1))
        >>> Reading(np.zeros((5, 1, 1), int), np.zeros((5, 1, 1)), nothing, ranks, nothing).leap(0)
        2
        """
        places = self.answer_rank[:, position] + 1.0
        factors = places[:-1] / places[1:]
        return int(factors.argmax()) + 1 if len(factors) and factors.max() > 1 else None

    def check(self, position: int) -> int:
        """The same position; BadInput where the text has none there."""
        if not 0 <= position < self.positions:
            raise BadInput(f"There is no token {position}", f"Tokens run from 0 to {self.positions - 1}.")
        return position


def step_name(step: int) -> str:
    """What a step is.

    >>> step_name(0), step_name(30)
    ('embedding', 'layer 29')
    """
    return "embedding" if step == 0 else f"layer {step - 1}"


def unpacked(steps: np.ndarray, top: int) -> Reading:
    """A reading from its reductions, (step, position, 2·top + 3): ids, their probabilities, entropy in bits, the rank
    and the probability of the answer.
    """
    return Reading(
        steps[..., :top].astype(int),
        steps[..., top : 2 * top],
        np.maximum(steps[..., 2 * top], 0.0),
        steps[..., 2 * top + 1].astype(int),
        steps[..., 2 * top + 2],
    )
