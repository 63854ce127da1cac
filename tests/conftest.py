"""What every suite shares: the verified store, fetched once, and settings that keep a test run to itself."""

import hypothesis
import pytest

import playground.models  # noqa: F401  (before torch: it settles how torch's threads wait)

hypothesis.settings.register_profile("playground", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("playground")


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
