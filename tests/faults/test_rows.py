"""Every fault of the list has a test, and every mark names a fault of the list."""

import re

from tests.faults.rows import FAULTS
from tests.server import ROOT

# In a decorator, in pytest.param, or in a module's pytestmark.
_MARK = re.compile(r"mark\.fault\(([\d,\s]+)\)")


def marked() -> dict[int, set[str]]:
    """Row → the files with a test of it."""
    found: dict[int, set[str]] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for rows in _MARK.findall(path.read_text(encoding="utf-8")):
            for row in rows.split(","):
                found.setdefault(int(row), set()).add(path.name)
    return found


def test_every_row_has_a_test_and_every_mark_a_row() -> None:
    assert set(marked()) == set(FAULTS) == set(range(1, 39))


def test_a_test_named_after_its_row_is_marked_with_it() -> None:
    for path in (ROOT / "tests").rglob("test_*.py"):
        source = path.read_text(encoding="utf-8")
        for number in re.findall(r"^def test_fault_(\d\d)_", source, re.M):
            decorators = source.partition(f"def test_fault_{number}_")[0].rpartition("\n\n\n")[2]
            rows = [row for marks in _MARK.findall(decorators) for row in marks.replace(" ", "").split(",")]
            assert str(int(number)) in rows, f"{path.name}: test_fault_{number}_…"


def test_the_operators_notes_list_the_same_rows() -> None:
    notes = (ROOT / "deploy" / "OPERATING.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (\d+) \| (.+?) \| (.+?) \|$", notes, re.M)
    assert told == [(str(row), fault.name, fault.expected) for row, fault in FAULTS.items()]
