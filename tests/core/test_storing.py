"""Bits flipped and read back: the number typed for a flipped pattern is stored as exactly that pattern."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from playground.core.exact import Typed, parse_number
from playground.core.formats import FORMATS, FloatFormat
from playground.core.storing import store
from playground.core.storing_explained import flipped


@given(
    form=st.sampled_from(FORMATS),
    value=st.floats(min_value=-1e30, max_value=1e30).map(Fraction),
    place=st.integers(min_value=0, max_value=63),
)
def test_a_flipped_bit_reads_back_as_the_flipped_pattern(form: FloatFormat, value: Fraction, place: int) -> None:
    before = store(form, Typed("", value))
    place %= form.bits_total
    text = flipped(before, place)
    assert len(text) <= 80  # what the page's field takes
    after = store(form, parse_number(text))
    expected = before.bits ^ (1 << (form.bits_total - 1 - place))
    if after.finite and after.value != 0:  # −0 is typed as 0, and there are many NaNs
        assert after.bits == expected
