"""E8M0: the 8-bit scale of a microscaling block (MXFP4, MXFP8), an exponent and nothing else.

OCP Microscaling Formats v1.0, §5.4.1: powers of two from 2^−127 to 2^127, no sign, no zero, one code for NaN. A block
of 32 elements shares one: 8/32 = 0.25 bits an element.
"""

import ml_dtypes
import numpy as np


def e8m0(value: float) -> float:
    """The power of two an E8M0 scale stores for ``value``.

    >>> e8m0(3.141592653589793), e8m0(0.7)
    (4.0, 0.5)
    """
    return float(np.asarray(value, dtype=np.float32).astype(ml_dtypes.float8_e8m0fnu).astype(np.float32))
