"""How long 100,000 characters take, through each engine and the whole page: ``python -m tests.bench.tokenizing``.

The best of three, on this machine, now. The page (with six tokenizers) is run by Streamlit's test harness, without a
browser: once with the new text, and ``again``, as after a click. ``CPU``: processor seconds for the new text, all
threads together, which other programs on the machine disturb less.
"""

import time
from collections.abc import Callable
from functools import partial

from streamlit.testing.v1 import AppTest

from playground import limits, paths
from playground.models import engines
from playground.ui.components.tokenization import DEFAULT

TEXTS = {
    "English": "The quick brown fox jumps over the lazy dog, and unhappiness is tokenized. ",
    "Hindi": "बिना टोकन के कोई भाषा मॉडल पढ़ नहीं सकता। ",
    "emoji": "👨‍👩‍👧‍👦👩🏽‍🚀🏳️‍🌈😀 ",
    "code": "def f(x):\n    if x > 0:\n        return x ** 2\n",
    "a a a…": "a",
}


def long(text: str) -> str:
    """The text again and again, as long as the page takes."""
    return (text * (limits.TEXT_CHARACTERS // len(text) + 1))[: limits.TEXT_CHARACTERS]


def seconds(run: Callable[[], object]) -> float:
    """The best of three."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print a table: a row a text, a column an engine, the last one the page with six tokenizers."""
    loaded = {tokenizer_id: engines.load(tokenizer_id) for tokenizer_id in engines.TOKENIZERS}
    print(f"seconds for {limits.TEXT_CHARACTERS:,} characters")
    print(f"{'':9}" + "".join(f"{name:>10}" for name in (*loaded, "the page", "CPU", "again")))
    app = AppTest.from_file(str(paths.APP), default_timeout=120)
    app.switch_page(str(paths.PAGES / "tokenization.py"))
    app.query_params["tokenizers"] = ",".join(DEFAULT)
    app.run()
    for name, unit in TEXTS.items():
        text = long(unit)
        row = [seconds(partial(engine.encode, text)) for engine in loaded.values()]
        start, worked = time.perf_counter(), time.process_time()
        app.text_area(key="text").set_value(text).run()
        row += [time.perf_counter() - start, time.process_time() - worked, seconds(app.run)]
        assert not app.exception
        assert not app.error
        print(f"{name:9}" + "".join(f"{value:10.3f}" for value in row))


if __name__ == "__main__":
    main()
