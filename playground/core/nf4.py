"""NF4's table: sixteen values between −1 and 1, placed so that each is used about equally often for a bell curve.

Quantiles of the standard normal distribution: 8 for the positive side with 0 in it, 7 for the negative, each side
scaled to reach ±1 (QLoRA, arXiv:2305.14314 §3 and appendix E, whose printed values these are).
"""

from statistics import NormalDist

import numpy as np

TABLE = np.array(
    (
        *(-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453),
        *(-0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0),
        *(0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224),
        *(0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0),
    ),
    np.float32,
)
OFFSET = 0.9677083  # where the outermost quantiles lie: (1 − 1/32 + 1 − 1/30) / 2, as bitsandbytes computes it


def from_quantiles() -> tuple[float, ...]:
    """The table derived again from the normal distribution, to see where it comes from.

    >>> bool(np.allclose(from_quantiles(), TABLE, atol=2e-6))
    True
    """
    normal = NormalDist()

    def side(count: int) -> list[float]:
        steps = np.linspace(OFFSET, 0.5, count + 1)[:-1]
        return [normal.inv_cdf(float(step)) for step in steps]

    right, left = side(8), side(7)
    values = sorted((*(-q for q in left), 0.0, *right))
    return tuple(value / right[0] for value in values)
