"""A reader whose page lives on between its own acts: fragments that run by themselves, and being sent elsewhere.

What a browser does with such a page, without the browser: it sends each ``run_every`` fragment's rerun in time, and
where the line of a room (playground/ui/room_news.js) leads to another address, it asks for it as its Back button would.
"""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import connect

from tests.load.ws_client import ANSWER_S, Reader, _widget_id

CALM_S = 1.0  # as in room_news.js


@dataclass
class LiveReader(Reader):
    """``shown`` holds (time, page as it then stood) of the last complete run; ``runs`` counts them."""

    runs: int = 0
    last_run_at: float = 0.0
    fragment_runs: int = 0
    followed: int = 0  # how often it was sent elsewhere
    errors: list[str] = field(default_factory=list)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _receiver: asyncio.Task[None] | None = None
    _line: asyncio.Task[None] | None = None  # playground/classroom/news.py
    _running: bool = False  # the page as a whole
    _listens: str = ""  # the fragment that looks when the line says so
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _follows: bool = False
    _went: int = 0  # the mark of the place it was last sent to
    _next: tuple[str, int] = "", 0
    _leaves: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._receiver = asyncio.create_task(self._receive())
        self._receiver.add_done_callback(self._ended)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_timers()
        for task in (self._receiver, self._line, self._leaves):
            if task:
                task.cancel()
        await super().__aexit__(*_)

    def _ended(self, receiver: asyncio.Task[None]) -> None:
        if not receiver.cancelled() and receiver.exception():
            self.errors.append(repr(receiver.exception()))
            print(self.errors[-1], file=sys.stderr)

    async def open(self, page: str, **params: str) -> float:
        """Open a page by its address, as a click on a link does: the page that is left asks nothing more."""
        self._stop_timers()
        return await super().open(page, **params)

    async def click(self, key: str) -> float:
        """Press the button with this key."""
        return await self._act(key, trigger_value=True)

    async def change(self, key: str, **value: Any) -> float:
        """Set the widget with this key; returns the seconds until the answer is complete."""
        return await self._act(key, **value)

    async def until(self, holds: Callable[[], bool], seconds: float = ANSWER_S) -> float:
        """Wait until this holds after some run; returns when that run was complete (perf_counter)."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(holds)
            return self.last_run_at

    async def _act(self, key: str, **value: Any) -> float:
        found = [i for i in map(_widget_id, self.elements.values()) if i.endswith(f"-{key}")]
        if len(found) != 1:
            raise LookupError(f"{len(found)} widgets with the key {key}")
        self._states[found[0]] = WidgetState(id=found[0], **value)
        try:
            return await self._rerun()
        finally:
            if "trigger_value" in value:
                self._states.pop(found[0], None)

    async def _rerun(self) -> float:
        begin, runs = perf_counter(), self.runs
        await self._send()
        return await self.until(lambda: self.runs > runs) - begin

    async def _send(self, fragment: str = "", *, history: bool = False) -> None:
        assert self._socket is not None
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.page_script_hash = self.query, self.page, self._page_hash
        rerun.widget_states.widgets.extend(self._states.values())
        rerun.fragment_id, rerun.is_auto_rerun, rerun.is_history_navigation = fragment, bool(fragment), history
        self._running |= not fragment
        await self._socket.send(message.SerializeToString())

    async def _receive(self) -> None:
        assert self._socket is not None
        seen: dict[tuple[int, ...], Any] = {}
        async for frame in self._socket:
            assert isinstance(frame, bytes)
            answer = ForwardMsg.FromString(frame)
            kind = answer.WhichOneof("type")
            if kind == "new_session" and not answer.metadata.run.fragment_ids:
                seen = {}
                self._stop_timers()
            elif kind == "navigation":
                self.page, self._page_hash = "", answer.navigation.page_script_hash
            elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                element = answer.delta.new_element
                seen[tuple(answer.metadata.delta_path)] = element
                component = element.bidi_component if element.WhichOneof("type") == "bidi_component" else None
                if component and "room_news" in component.component_name:
                    told, self._listens = json.loads(component.json), answer.delta.fragment_id
                    self._follows = told["follows"]
                    if self._line is None:
                        self._line = asyncio.create_task(self._hear(told["line"]))
                    if told["place"]:
                        await self._go(**told["place"])
                elif element.WhichOneof("type") == "exception":
                    self.errors.append(element.exception.message)
            elif kind == "auto_rerun":
                self._start_timer(answer.auto_rerun.fragment_id, answer.auto_rerun.interval)
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "script_finished":
                async with self._changed:
                    if answer.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                        self._running = False
                        self.elements, self.last_run_at = dict(seen), perf_counter()
                        self.runs += 1
                    elif answer.script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY:
                        self.fragment_runs += 1
                    self._changed.notify_all()

    async def _go(self, to: str, mark: int) -> None:
        if not self._follows or mark <= self._went:
            return
        self._next = to, mark
        if self._leaves is None or self._leaves.done():
            self._leaves = asyncio.create_task(self._leave())

    async def _leave(self) -> None:
        """To the place told last, once the page rests."""
        while self._running:
            await asyncio.sleep(0.03)
        to, mark = self._next
        if self._follows and mark > self._went:
            self._went = mark
            self.page, _, self.query = to.partition("?")
            self._page_hash = ""
            self.followed += 1
            self._states.clear()
            self._stop_timers()
            await self._send(history=True)

    async def _hear(self, address: str) -> None:
        """As room_news.js does; where that sets a trigger, this asks for the fragment alone."""
        async with connect(f"ws://localhost:{self.port}/{address}") as line:
            async for told in line:
                if told:
                    await self._go(**json.loads(told))
                    continue
                await asyncio.sleep(CALM_S)
                while self._running:
                    await asyncio.sleep(0.03)
                await self._send(self._listens)

    def _start_timer(self, fragment: str, seconds: float) -> None:
        async def tick() -> None:
            while True:
                await asyncio.sleep(seconds)
                await self._send(fragment)

        if fragment not in self._timers:
            self._timers[fragment] = asyncio.create_task(tick())

    def _stop_timers(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
