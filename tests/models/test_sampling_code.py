"""The page's "Show the code" is run as it stands, and prints the page's numbers."""

import contextlib
import io
import re

import pytest

from playground.core.sampling import adjust, most_probable_first
from playground.core.sampling_settings import SamplingSettings
from playground.models import lens as lenses
from playground.models.sampling_code import snippet

PROMPT = 'She said: <|im_end|> "it\'s" \\n'


@pytest.mark.model
@pytest.mark.parametrize(
    "settings",
    [
        SamplingSettings(),
        SamplingSettings(0),
        SamplingSettings(0.7, 50, 0.9, 0.01),
        SamplingSettings(2.0, top_p=0.5, typical_p=0.6, repetition_penalty=1.3, order="llama.cpp"),
    ],
)
def test_the_shown_code_prints_the_pages_numbers(settings: SamplingSettings) -> None:
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(PROMPT).ids
        logits = lens.next_logits(ids)
        code = snippet(lens.model_id, lens.dtype, lens.vocabulary_size, PROMPT, settings)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    first, *rows = printed.getvalue().splitlines()
    expected = adjust(logits, settings, ids)
    kept = int(first.split()[0])
    assert kept == pytest.approx(expected.kept_tokens, rel=0.02)  # a token at the nucleus's edge may fall either way
    shares = [[float(x) / 100 for x in re.findall(r"([\d.]+)%", row)[-2:]] for row in rows]
    top = most_probable_first(logits)[:20]
    assert [s[0] for s in shares] == pytest.approx(expected.probability[top].tolist(), abs=2e-3)
    assert [s[1] for s in shares] == pytest.approx(expected.adjusted[top].tolist(), abs=2e-3)


def test_a_long_prompt_is_read_from_a_file() -> None:
    code = snippet("smollm2-135m", "bf16", 49_152, "x" * 1_400, SamplingSettings())
    assert "x" * 1_000 not in code
    compile(code, "snippet", "exec")
