"""What all sessions share, as a page asks for it: warm-up, engines, scripts, the lens on the shared model.

A page calls ``resources.lens(...)`` like a function; the lease behind it ends with the rerun (``request``).
"""

import contextlib
import contextvars
import gc
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from playground import limits
from playground.core import units
from playground.errors import PlaygroundError
from playground.models import device, engines, store
from playground.models import lens as lenses
from playground.models.catalogue import Entry, Kind, catalogue
from playground.ui import inputs

_open_leases: contextvars.ContextVar[contextlib.ExitStack] = contextvars.ContextVar("leases")


@st.cache_resource(show_spinner=False)
def warm_up() -> None:
    """Once a process, when its first page is drawn: load the default model, then keep all that from the collector.

    Collections walk every tracked object while holding the interpreter; torch and transformers bring half a million
    that never die. ``gc.freeze`` keeps them out of every later collection (``LLM_PLAYGROUND_NO_FREEZE`` leaves them
    in, for the load test that shows the difference).
    """

    def behind_the_first_page() -> None:
        device.prepare()
        default = catalogue().models[0]
        if store.present(default.id):
            with contextlib.suppress(PlaygroundError), lenses.open(default.id, "warm-up"):
                pass  # a page that needs it shows the error
        if not os.environ.get("LLM_PLAYGROUND_NO_FREEZE"):
            gc.collect()
            gc.freeze()

    threading.Thread(target=behind_the_first_page, name="warm-up", daemon=True).start()


@contextlib.contextmanager
def request() -> Iterator[None]:
    """One rerun: the models it leases stay loaded until it ends, however it ends."""
    with contextlib.ExitStack() as stack:
        token = _open_leases.set(stack)
        try:
            yield
        finally:
            _open_leases.reset(token)


def session_id() -> str:
    """This browser tab's id; the worker's queue takes turns by it."""
    context = get_script_run_ctx()
    return context.session_id if context else "none"


def model_choice(
    kinds: Sequence[Kind], *, label: str = "Model", key: str = "model", leave_out: Sequence[str] = ()
) -> str:
    """A select box of the models of these kinds that can be used here; returns the id."""
    listed = [e for e in catalogue().of_kind(*kinds) if e.id not in leave_out]
    usable = [e for e in listed if store.present(e.id) or e.default or limits.current().hub_models]
    titles = {e.id: e.title if store.present(e.id) or e.default else f"{e.title} · {_download_size(e)}" for e in usable}
    return inputs.choice(label, list(titles), key=key, format_func=titles.__getitem__)


def _download_size(entry: Entry) -> str:
    return f"{units.format_gb(entry.download_bytes)} from the hub"


def lens(model_id: str) -> lenses.Lens:
    """The lens on a model, loaded first if need be: with the place in line, the progress, and a way to stop.

    Also fills the sidebar's card: model, parameters, device, format, bytes, who else is using it.
    """
    slot = st.empty()
    entry = catalogue()[model_id]
    waiting = _Waiting(slot)
    opened = _open_leases.get().enter_context(
        lenses.open(model_id, session_id(), waiting.show, waiting.over, on_load=_Loading(slot, entry))
    )
    slot.empty()
    _model_card(opened)
    return opened


class _Loading:
    """Shows a load's progress in a slot; every call is an ``st.`` call, so that leaving the page ends the wait."""

    def __init__(self, slot: Any, entry: Entry) -> None:
        self._slot, self._entry = slot, entry

    def __call__(self, stage: str, done: int, total: int) -> None:
        share = min(done / total, 1.0) if total else 0.0
        size = f" · {units.format_gb(done)} of {units.format_gb(total)}" if total else ""
        self._slot.progress(share, text=f":material/hourglass_top: {self._entry.title}: {stage}{size}")


class _Waiting:
    """Shows the place in line once a wait is worth mentioning, until the answer is there."""

    def __init__(self, slot: Any) -> None:
        self._slot, self._shown = slot, False

    def show(self, ahead: int, waited_s: float) -> None:
        """Called while waiting; every call is an ``st.`` call, which is where a newer rerun stops this one."""
        if waited_s < 0.4:
            self._slot.empty()
            return
        self._shown = True
        if ahead > 1:
            self._slot.info(f"Waiting for the model: {ahead} requests before yours.", icon=":material/hourglass_top:")
        else:
            self._slot.info(f"The model is computing… {waited_s:.0f} s", icon=":material/bolt:")

    def over(self) -> None:
        """The answer is there."""
        if self._shown:
            self._shown = False
            self._slot.empty()


def _model_card(opened: lenses.Lens) -> None:
    models, _ = lenses.shared()
    asked = (who for usage in models.usage() if usage.entry.id == opened.model_id for who in usage.readers)
    others = sum(_is_here(who) for who in asked if who != session_id())
    where = "GPU" if opened.device == "cuda" else "CPU"
    layers = f"{opened.layers} + {opened.decoder_layers}" if opened.kind == "encoder-decoder" else f"{opened.layers}"
    with st.sidebar.container(border=True):
        st.markdown(f"**{opened.title}**")
        st.caption(
            f"{units.format_count(opened.parameters)} parameters · {layers} layers × {opened.heads} heads  \n"
            f"{opened.dtype} on {where} · {units.format_bytes(opened.weight_bytes)}"
        )
        st.caption(f":material/group: {_company(others)}")
        for notice in opened.notices:
            st.caption(f":material/warning: {notice}")


def _is_here(who: str) -> bool:
    """Whether that session's page is open (a reload is a new session; the warm-up and a test's stand-in are none)."""
    return runtime.exists() and runtime.get_instance().is_active_session(who) is True


def _company(others: int) -> str:
    if others < 1:
        return "Nobody else is using it now."
    return f"Shared with {others} other {'reader' if others == 1 else 'readers'} now."


def engine(tokenizer_id: str) -> engines.Engine:
    """A tokenizer engine of the catalogue, one for all sessions; its files are fetched first if need be."""
    _fetched(tokenizer_id)
    return _engine(tokenizer_id)


def scripts() -> tuple[str, str]:
    """The sources of D3 and jQuery, for bertviz."""
    d3, jquery = _fetched("d3") / "d3.min.js", _fetched("jquery") / "jquery.min.js"
    return d3.read_text(encoding="utf-8"), jquery.read_text(encoding="utf-8")


def _fetched(entry_id: str) -> Path:
    """The entry's folder; a download shows its progress, and leaving the page ends it."""
    slot = st.empty()
    folder = store.ensure(entry_id, _Loading(slot, store.entry_for(entry_id)))
    slot.empty()
    return folder


@st.cache_resource(max_entries=16, show_spinner="Loading the tokenizer…", show_time=True)
def _engine(tokenizer_id: str) -> engines.Engine:
    return engines.load(tokenizer_id)
