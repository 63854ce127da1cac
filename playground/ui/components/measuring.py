"""Starting a sharding measurement from a page: inputs, the button, its place in line, its progress, its end."""

import streamlit as st

from playground.core.recorded import Measurement, recording
from playground.core.sharding_variants import VARIANTS, groups, sharding_factor
from playground.core.small_model import sizes
from playground.core.units import format_count
from playground.errors import Cancelled, PlaygroundError
from playground.lab.sharding import job
from playground.lab.sharding.line import Ticket, line
from playground.ui import inputs, shell

_TICKET = "zero_measured.ticket"
_POLL_S = 0.5
_DEFAULT = ("ddp", "zero1", "zero1_textbook", "zero2_textbook", "fsdp2_keep", "fsdp2", "hybrid")


def ask() -> tuple[int, str, list[str], int]:
    """The inputs: ranks, model size, variants, ranks in a group of the hybrid."""
    profile = shell.profile()
    models = [name for name, model in sizes().items() if model.parameters <= profile.measured_parameters]
    ranks_column, size_column = st.columns([4, 5])
    with ranks_column:
        ranks = inputs.choice(
            "Processes (each plays one GPU)",
            range(1, profile.measured_gpus + 1),
            key="ranks",
            default=min(4, profile.measured_gpus),
            segmented=True,
            help="Each is a program of its own on this machine with its own memory, and sends to the others what GPUs "
            "would send. Its number is its rank.",
        )
    with size_column:
        size = inputs.choice(
            "Model",
            models,
            key="size",
            default="page" if "page" in models else models[0],
            format_func=lambda name: f"{name} · {format_count(sizes()[name].parameters)}",
            segmented=True,
            help="A GPT with its own embeddings and head. “odd” has a width of 70 and 1,003 tokens: nothing divides.",
        )
    ways_column, group_column = st.columns([7, 2])
    with ways_column:
        variants = inputs.choices(
            "Ways of training",
            list(VARIANTS),
            key="variants",
            default=_DEFAULT,
            format_func=lambda name: VARIANTS[name].title,
            help="Each trains the same model on the same texts. DDP: every process keeps everything. ZeRO and FSDP cut "
            "optimizer states, gradients or parameters into shares, one a process. Hybrid: cut within a group.",
        )
    with group_column:
        group = inputs.choice(
            "Hybrid: ranks in a group",
            groups(ranks),
            key="group",
            default=sharding_factor(ranks),
            segmented=True,
            help="The sharding factor: the model is cut within a group, and copied from group to group.",
        )
        if "hybrid" in variants and group in (1, ranks):
            st.caption("Groups of 1: plain data parallel." if group == 1 else "One group of all: plain FSDP2.")
    return ranks, size, variants, group


def run(ranks: int, size: str, variants: list[str], group: int) -> Measurement:
    """The button and what becomes of it; returns what is to be shown: this session's measurement or the recording."""
    ticket = _mine()
    button, about = st.columns([1, 3], vertical_alignment="center")
    busy = ticket is not None and not ticket.done.is_set()
    if button.button("Run it here", icon=":material/play_arrow:", type="primary", disabled=busy, width="stretch"):
        try:
            ticket = line().submit(job.spec(ranks, variants, size, group))
            st.session_state[_TICKET] = ticket.id
            st.rerun()
        except PlaygroundError as error:
            shell.show_error(error)
    about.caption(
        f"Starts {ranks} process{'es' if ranks > 1 else ''} on this machine, trains three steps in each way, and ends "
        "them: usually 5 to 30 seconds. One measurement runs at a time."
    )
    st.fragment(_panel, run_every=_POLL_S if busy else None)()
    measured = ticket.measured if ticket else None
    return measured or recording()


def is_live(shown: Measurement) -> bool:
    """Whether this was measured for this session, not shipped."""
    return shown is not recording()


def _mine() -> Ticket | None:
    return line().find(st.session_state.get(_TICKET, ""))


def _panel() -> None:
    """Redrawn twice a second while it matters: the place in line, the variant under way, how it ended."""
    ticket = _mine()
    if ticket is None:
        return
    if ticket.done.is_set():
        _redraw_page_once(ticket, "done")
        if isinstance(ticket.wrong, Cancelled):
            st.info("What finished before is shown below.", title="Stopped", icon=":material/stop_circle:")
        elif ticket.wrong:
            shell.show_error(ticket.wrong)
        return
    bar, stop = st.columns([6, 1], vertical_alignment="center")
    ahead, now = line().ahead(ticket), ticket.progress
    if ahead:
        before = "1 measurement" if ahead == 1 else f"{ahead} measurements"
        bar.progress(0.0, text=f":material/hourglass_top: Waiting in line: {before} before yours.")
    elif now is None or not now.variant:
        waited = f" {now.seconds:.0f} s" if now else ""
        bar.progress(0.02, text=f":material/rocket_launch: Starting {ticket.spec.gpus} processes…{waited}")
    else:
        done = len(now.finished) + max(0, now.step - 1) / 3 * (len(now.finished) < now.total)
        title = VARIANTS[now.variant].title
        where = f"{ticket.spec.gpus} processes: **{title}**, step {now.step} of 3 · {now.seconds:.0f} s"
        bar.progress(min(1.0, done / now.total), text=where)
    stop.button("Stop", icon=":material/stop:", on_click=_stop, key="zero_measured.stop", width="stretch")
    if now and now.finished:
        st.caption("Finished: " + " · ".join(f":material/check: {VARIANTS[each.name].title}" for each in now.finished))
        _redraw_page_once(ticket, str(len(now.finished)))


def _stop() -> None:
    ticket = _mine()
    if ticket:
        ticket.cancelled = True


def _redraw_page_once(ticket: Ticket, what: str) -> None:
    """The results stand outside this fragment: run the page again for each new one."""
    state = st.session_state
    if state.get("zero_measured.drawn") != (ticket.id, what):
        state["zero_measured.drawn"] = (ticket.id, what)
        st.rerun()
