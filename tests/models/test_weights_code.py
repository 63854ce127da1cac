"""The Quantization and Precision pages' "Show the code" run as they stand and print the pages' numbers."""

import contextlib
import io

import pytest

from playground.core.quantization import SCHEMES, Scheme, quantize
from playground.core.quantization_error import errors
from playground.models import weights
from playground.models.weights_code import snippet


def printed(code: str) -> dict[str, float]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(code, {})
    return {line.rsplit(" ", 1)[0] if not line.endswith("dB") else "SNR": float(line.split()[-2 if line.endswith("dB") else -1]) for line in out.getvalue().splitlines()}  # fmt: skip  # noqa: E501


TRIED = (
    *(scheme for scheme in SCHEMES if scheme.kind != "cast" and scheme.name != "q4_1"),
    Scheme("", "", "absmax", 3, "tensor"),
    Scheme("", "", "zero-point", 4, "channel"),
)


@pytest.mark.model
@pytest.mark.parametrize("model", ["smollm2-135m", "minilm-l6"])
def test_the_shown_code_prints_the_pages_numbers(model: str) -> None:
    matrix = weights.matrices(model)[0]
    before = weights.parameter(model, matrix.name)
    chosen = TRIED if model == "minilm-l6" else TRIED[:1]  # opening a GGUF with the library takes seconds
    for scheme in chosen:
        got = printed(snippet(model, matrix, scheme))
        expected = errors(before, quantize(before, scheme).values)
        assert got["RMSE"] == pytest.approx(expected.rmse, rel=1e-3), scheme
        assert got["SNR"] == pytest.approx(expected.snr_db, rel=1e-3), scheme
