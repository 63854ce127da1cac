"""A reader without a browser: opens the app's websocket, moves widgets, and reads what comes back.

Speaks the protocol of the installed Streamlit (BackMsg out, ForwardMsg in); it is private to Streamlit, so a new
minor version may need a change here.
"""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any, Self

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState


@dataclass
class Answer:
    """What one run of the page sent: its elements, how long it took, whether it failed."""

    seconds: float
    elements: list[Any] = field(default_factory=list)
    bytes: int = 0
    failed: str = ""

    def of(self, kind: str) -> list[Any]:
        """The elements of one kind (``slider``, ``metric``, ``alert`` …)."""
        return [getattr(e, kind) for e in self.elements if e.WhichOneof("type") == kind]


class Reader:
    """One session. ``async with Reader(url, "zero") as reader: await reader.run(gpus=8)``."""

    def __init__(self, url: str, page: str, query: str = "", deadline_s: float = 60.0) -> None:
        self._address = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._page, self._query, self._deadline_s = page, query, deadline_s
        self._page_hash = ""
        self._widgets: dict[str, Any] = {}  # key → the last element drawn with it
        self._states: dict[str, WidgetState] = {}

    async def __aenter__(self) -> Self:
        self._socket = await websockets.connect(
            self._address, max_size=None, open_timeout=self._deadline_s, subprotocols=["streamlit"]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._socket.close()

    async def run(self, **values: Any) -> Answer:
        """Rerun the page with these widgets moved (by key), and wait for the run to finish."""
        for key, value in values.items():
            self._states[key] = self._state(key, value)
        request = BackMsg()
        request.rerun_script.query_string = self._query
        request.rerun_script.page_script_hash = self._page_hash
        request.rerun_script.page_name = "" if self._page_hash else self._page
        request.rerun_script.widget_states.widgets.extend(self._states.values())
        started = time.perf_counter()
        await self._socket.send(request.SerializeToString())
        answer = Answer(0.0)
        async with asyncio.timeout(self._deadline_s):
            while True:
                raw = await self._socket.recv()
                answer.bytes += len(raw)
                message = ForwardMsg.FromString(raw)
                kind = message.WhichOneof("type")
                if kind == "navigation":
                    self._page_hash = message.navigation.page_script_hash
                elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                    self._take(message.delta.new_element, answer)
                elif kind == "script_finished":
                    if message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                        continue  # the page asked for another run (a link's mark taken out): that one is the answer
                    break
        answer.seconds = time.perf_counter() - started
        return answer

    def _take(self, element: Any, answer: Answer) -> None:
        answer.elements.append(element)
        kind = element.WhichOneof("type")
        body = getattr(element, kind)
        if kind == "exception" or (kind == "alert" and body.format == body.ERROR):
            answer.failed = f"{kind}: {getattr(body, 'message', '') or body.body}"
        identity = getattr(body, "id", "")
        if identity.startswith("$$ID-"):
            self._widgets[identity.split("-", 2)[2]] = (kind, body)

    def _state(self, key: str, value: Any) -> WidgetState:
        kind, body = self._widgets[key]
        state = WidgetState(id=body.id)
        if kind in ("selectbox", "text_input", "text_area"):
            state.string_value = value
        elif kind == "button_group" or (kind == "slider" and body.options):
            state.string_array_value.data.append(value)
        elif kind == "slider":
            state.double_array_value.data.append(value)
        else:
            raise ValueError(f"{key} is a {kind}, which this client can't move")
        return state
