"""What every suite shares: the verified store, fetched once, and settings that keep a test run to itself."""

import pytest


@pytest.fixture(scope="session")
def store_ready() -> None:
    """The default models, verified, in the user's own store: fetched on first use, shared by all suites."""
    import importlib.util

    if importlib.util.find_spec("playground.models.store") is None:
        return
    from playground.models import catalogue, store

    store.ensure(catalogue.DEFAULTS)
