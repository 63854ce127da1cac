"""A reader without a browser: Streamlit's own websocket messages, so that thirty of them fit on two cores.

The protocol (BackMsg out, ForwardMsg in) is Streamlit's private one; the definitions come from the installed package.
Loopback only.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Self
from urllib.parse import urlencode

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect

ANSWER_S = 60.0


@dataclass
class Reader:
    """One session. ``elements`` holds the page as it stands: delta path → element, as after the last complete run."""

    port: int
    page: str = ""
    elements: dict[tuple[int, ...], Any] = field(default_factory=dict)
    query: str = ""
    on_element: Callable[[Any], None] | None = None  # told of each element as it comes, in the middle of a run
    received_bytes: int = 0
    _socket: ClientConnection | None = None
    _page_hash: str = ""
    _states: dict[str, WidgetState] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            f"ws://localhost:{self.port}/_stcore/stream", max_size=None, ping_interval=None, open_timeout=ANSWER_S
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def open(self, page: str, **params: str) -> float:
        """Open a page by its address; returns the seconds until its run is complete."""
        self.page, self.query, self._page_hash = page, urlencode(params), ""
        self.elements.clear()
        self._states.clear()
        return await self._rerun()

    async def change(self, key: str, **value: Any) -> float:
        """Set the widget with this key (``string_value="7.5B"``); returns the seconds until the answer is complete."""
        widget_id = self._widget(key)
        self._states[widget_id] = WidgetState(id=widget_id, **value)
        return await self._rerun()

    async def click(self, key: str) -> float:
        """Press the button with this key; returns the seconds until the answer is complete."""
        widget_id = self._widget(key)
        self._states[widget_id] = WidgetState(id=widget_id, trigger_value=True)
        try:
            return await self._rerun()
        finally:
            del self._states[widget_id]  # a button is pressed once

    def _widget(self, key: str) -> str:
        found = [i for i in map(_widget_id, self.elements.values()) if i.endswith(f"-{key}")]
        if len(found) != 1:
            raise LookupError(f"{len(found)} widgets with the key {key}")
        return found[0]

    def of_type(self, kind: str) -> list[Any]:
        """The page's elements of this type (``plotly_chart``, ``alert``), in no order."""
        return [getattr(e, kind) for e in self.elements.values() if e.WhichOneof("type") == kind]

    def title(self) -> str:
        """The page's heading."""
        return next((e.heading.body for e in self.elements.values() if e.WhichOneof("type") == "heading"), "")

    def metric(self, label: str) -> str:
        """The value of the metric whose label begins with ``label``."""
        metrics = [e.metric for e in self.elements.values() if e.WhichOneof("type") == "metric"]
        return " ".join(metric.body for metric in metrics if metric.label.startswith(label))

    async def _rerun(self) -> float:
        assert self._socket is not None
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string, rerun.page_name, rerun.page_script_hash = self.query, self.page, self._page_hash
        rerun.widget_states.widgets.extend(self._states.values())
        begin = perf_counter()
        await self._socket.send(message.SerializeToString())
        seen: dict[tuple[int, ...], Any] = {}
        async with asyncio.timeout(ANSWER_S):
            async for frame in self._socket:
                assert isinstance(frame, bytes)
                self.received_bytes += len(frame)
                answer = ForwardMsg.FromString(frame)
                kind = answer.WhichOneof("type")
                if kind == "new_session":
                    seen.clear()
                elif kind == "navigation":
                    self.page, self._page_hash = "", answer.navigation.page_script_hash
                elif kind == "delta" and answer.delta.WhichOneof("type") == "new_element":
                    seen[tuple(answer.metadata.delta_path)] = answer.delta.new_element
                    if self.on_element is not None:
                        self.on_element(answer.delta.new_element)
                elif kind == "ref_hash":
                    raise RuntimeError(
                        "the server sent a reference to a cached message, which this client never offers"
                    )
                elif kind == "page_info_changed":
                    self.query = answer.page_info_changed.query_string
                elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                    if answer.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY:
                        raise RuntimeError(f"the run ended with status {answer.script_finished}")
                    self.elements = seen
                    return perf_counter() - begin
        raise ConnectionError("the server closed the connection")


def _widget_id(element: Any) -> str:
    return str(getattr(getattr(element, element.WhichOneof("type")), "id", ""))
