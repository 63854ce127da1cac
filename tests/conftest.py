"""What every suite shares: the verified store, fetched once, and settings that keep a test run to itself."""

import os

import hypothesis
import pytest

import playground.models  # noqa: F401  (before torch: it settles how torch's threads wait)
from playground.models.device import DTYPE_VARIABLE
from tests.faults import rows

hypothesis.settings.register_profile("playground", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("playground")

# What is claimed of the model in fp32 is asked in fp32, on whatever processor; also by the servers that tests start.
os.environ.setdefault(DTYPE_VARIABLE, "fp32")


@pytest.fixture(scope="session")
def store_ready() -> None:
    """The default models, verified, in the user's own store: fetched on first use, shared by all suites."""
    from playground.models import store
    from playground.models.catalogue import catalogue

    for entry in catalogue().defaults:
        store.ensure(entry.id)


@pytest.fixture(autouse=True)
def _store_for_marked(request: pytest.FixtureRequest) -> None:
    """A test marked ``model`` finds the default models in the store."""
    if request.node.get_closest_marker("model"):
        request.getfixturevalue("store_ready")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every report of a test marked ``fault`` names its rows; so it does from another process too."""
    for item in items:
        for mark in item.iter_markers("fault"):
            item.user_properties.extend(("fault", row) for row in mark.args)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """``-m fault`` ends with the table of what the app must survive."""
    if "fault" in config.getoption("markexpr"):
        outcomes = {"passed": "passed", "failed": "failed", "error": "failed", "skipped": "skipped"}
        results = [
            (row, outcome)
            for category, outcome in outcomes.items()
            for report in terminalreporter.stats.get(category, ())
            for name, row in report.user_properties
            if name == "fault"
        ]
        terminalreporter.section("faults")
        terminalreporter.write_line("\n".join(rows.table(results)))
