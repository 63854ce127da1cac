"""A lens on one model: plain data in, numpy out, nothing remembered between calls.

Every method that runs the model does so on the model's worker and shares its answer with everyone who asks the same.
``on_wait(ahead, seconds)`` is called while waiting, so that a page can show its place in line and be stopped;
``on_answer()`` when the waiting is over. Each floor of ``Lens`` is a module here: ``facts``, ``text``, ``asking``,
``tables``, ``passes``, ``generation``. A new topic does not add a method: it has a module of its own and uses ``ask``.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import cache

from playground import limits
from playground.errors import BadInput
from playground.models.cache import ModelCache, OnLoad
from playground.models.catalogue import catalogue
from playground.models.lens.generation import Generation
from playground.models.lens.tables import Rotary
from playground.models.results import Results
from playground.models.worker import OnWait, quietly

__all__ = ["Lens", "Rotary", "open", "shared"]

_first_use = threading.Lock()


class Lens(Generation):
    """What can be asked of one loaded model."""


def shared() -> tuple[ModelCache, Results]:
    """This process's models and answers; the budgets are the profile's."""
    with _first_use:  # `cache` alone lets two first callers make one each, and each would load its own copy
        return _shared()


@cache
def _shared() -> tuple[ModelCache, Results]:
    from playground.models import loading

    profile = limits.current()
    models = ModelCache(loading.load, profile.model_cache_bytes, fetch=loading.fetch)
    return models, Results(profile.result_cache_bytes)


@contextlib.contextmanager
def open(
    model_id: str,
    owner: str = "cli",
    on_wait: OnWait = quietly,
    on_answer: Callable[[], None] = lambda: None,
    on_load: OnLoad = lambda *_: None,
) -> Iterator[Lens]:
    """A lens on a model of the catalogue, which stays loaded until the ``with`` ends.

    Raises BadInput for an unknown id or one without weights, ModelUnavailable when it can't be loaded.
    """
    entry = catalogue()[model_id]
    if entry not in catalogue().models:
        raise BadInput(
            f"{model_id} is a {entry.kind}, not a model",
            f"Choose one of: {', '.join(e.id for e in catalogue().models)}.",
        )
    models, results = shared()
    with models.lease(entry, owner, on_load) as loaded:
        yield Lens(loaded, owner, results, on_wait, on_answer)
