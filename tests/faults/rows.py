"""What the app must survive: 38 bad inputs and faults, each with a short name and what is to happen instead.

A test says which it is about with ``@pytest.mark.fault(16)``; ``python -m pytest -m fault`` ends with this list and how
each row fared (tests/conftest.py).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple


class Fault(NamedTuple):
    """A row: how it is called, and what a person sees or the server does."""

    name: str
    expected: str


FAULTS = {
    # What is typed, pasted, or in a link.
    1: Fault("nothing typed", "a hint; no model is asked"),
    2: Fault("a megabyte pasted", "cut, and it is said how much is shown"),
    3: Fault("200,000 times one letter", "cut before any tokenizer; no engine takes long"),
    4: Fault("more tokens than fit", "cut by ids, with a notice"),
    5: Fault("half a surrogate pair", "replaced by U+FFFD, and said"),
    6: Fault("NUL, bidi, joiners, stacked marks", "shown as they are; the page keeps its shape"),
    7: Fault("markup typed as text", "shown letter by letter; nothing is asked of any host"),
    8: Fault("markup in a link", "the same"),
    9: Fault("a token of half a character", "its bytes are shown; the round trip is exact"),
    10: Fault("control tokens typed as text", "read as text, unless asked for"),
    11: Fault("impossible temperatures", "0 is greedy, the rest mended; shares add up to 1"),
    12: Fault("filters that leave nothing", "one token always stays"),
    13: Fault("models and GPUs that can't be", "an exact number or a refusal that says why"),
    14: Fault("one, odd and 4,096 ranks", "the remainder is placed; the figure says how many it leaves out"),
    # What a client sends.
    15: Fault("a slider's value beyond its ends", "never reaches the model; the page stands"),
    16: Fault("garbage on the websocket", "that client is closed, nobody else"),
    17: Fault("a foreign site, a wrong name", "refused with 403"),
    18: Fault("paths that climb out", "no file of ours is sent"),
    19: Fault("a model that is none of ours", "refused or replaced with a notice; no loader is called"),
    # Many at once, and leaving.
    20: Fault("ten moves in a second", "the last one is shown; the model runs once or twice, one at a time"),
    21: Fault("a closed tab", "the model stops within a token"),
    22: Fault("everybody clicks at once", "a place in line at once, or a polite no"),
    23: Fault("a wait beyond its deadline", "said so; what was typed is kept"),
    24: Fault("a bug in one session", "a box with a mark there; everyone else goes on"),
    25: Fault("different texts at the same moment", "to each their own answer"),
    26: Fault("the shared model asked in parallel", "what it answers to one alone"),
    # Files, sources, memory.
    27: Fault("weights cut short, empty, gone", "named, with what to do; calculators work"),
    28: Fault("a flipped bit, a wrong layer count", "never loaded"),
    29: Fault("a config that is garbage or names code", "refused before any library reads it"),
    30: Fault("a hub that refuses, hangs, fails, crawls", "one try within its time; other models are not held up"),
    31: Fault("a download killed halfway", "never taken for whole; the next one is complete"),
    32: Fault("a full disk, a read-only store", "said; nothing half-written stays"),
    33: Fault("memory refused", "said; the next, smaller request is answered"),
    34: Fault("a model evicted, a cache cleared", "who is using it keeps it; nothing is loaded twice"),
    35: Fault("thirty readers on a cold server", "one load, and all see their page"),
    36: Fault("the server killed, the session gone", "the browser comes back by itself, inputs from the address"),
    37: Fault("the same seed somewhere else", "the same tokens"),
    38: Fault("a phone, 200 %, the dark theme", "no sideways scroll, no error in the console"),
}

OUTCOMES = ("passed", "failed", "skipped")


def table(results: Iterable[tuple[int, str]]) -> list[str]:
    """Lines for the terminal: each row, its name, and how many of its tests passed, failed, were skipped.

    >>> table([(1, "passed"), (1, "failed")])[1]
    ' 1  nothing typed                                      1       1       .'
    >>> table([])[38].split()[-2:]
    ['not', 'run']
    """
    counts: dict[int, dict[str, int]] = defaultdict(lambda: dict.fromkeys(OUTCOMES, 0))
    for row, outcome in results:
        counts[row][outcome] += 1
    lines = [f"{'':2}  {'fault':<44}" + "".join(f"{outcome:>8}" for outcome in OUTCOMES)]
    for row, fault in FAULTS.items():
        told = "".join(f"{counts[row][o] or '.':>8}" for o in OUTCOMES) if row in counts else f"{'not run':>24}"
        lines.append(f"{row:>2}  {fault.name:<44}{told}")
    return lines
