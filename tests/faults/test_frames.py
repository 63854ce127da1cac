"""What a client may send that no browser of ours would (rows 15 to 18), to the server as others reach it."""

import asyncio
import http.client
from collections.abc import Awaitable, Callable, Iterator, Sequence
from sys import executable
from urllib.parse import parse_qsl

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import DoubleArray, StringArray
from streamlit.proto.Slider_pb2 import Slider
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.load.ws_client import Reader
from tests.server import Server

pytestmark = pytest.mark.load
HOSTED = [executable, "-m", "playground", "run", "--profile", "hosted", "--no-browser", "--host", "localhost"]
SECRET = "xylophone4711"


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The hosted profile, without a model: the pages of these tests need none."""
    folder = tmp_path_factory.mktemp("hosted")
    (folder / "store").mkdir()
    (folder / "store" / "secret.txt").write_text(SECRET)
    env = {"LLM_PLAYGROUND_HOME": str(folder / "store"), "STREAMLIT_SERVER_MAX_MESSAGE_SIZE": "8"}
    with Server(folder / "log.txt", command=HOSTED, env=env) as running:
        yield running


def stream(server: Server, **more: object) -> connect:
    return connect(f"ws://localhost:{server.port}/_stcore/stream", max_size=None, **more)  # type: ignore[arg-type]


async def garbage(socket: ClientConnection) -> None:
    await socket.send(b"\xff\x00 this is no message \x80" * 50)


async def text(socket: ClientConnection) -> None:
    await socket.send("<script>alert(1)</script>")


async def huge(socket: ClientConnection) -> None:
    await socket.send(bytes(9_000_000))


async def cut_short(socket: ClientConnection) -> None:
    message = BackMsg()
    message.rerun_script.query_string = "stage=3"
    await socket.send(message.SerializeToString()[:-3])


async def unknown_page(socket: ClientConnection) -> None:
    message = BackMsg()
    message.rerun_script.page_script_hash = "../../etc/passwd"
    message.rerun_script.fragment_id = "nobody's"
    await socket.send(message.SerializeToString())


async def flood(socket: ClientConnection) -> None:
    for _ in range(2_000):
        await socket.send(b"")


@pytest.mark.fault(16)
@pytest.mark.parametrize("send", [garbage, text, huge, cut_short, unknown_page, flood], ids=lambda f: f.__name__)
def test_fault_16_garbage_frames_harm_only_that_client(
    hosted: Server, send: Callable[[ClientConnection], Awaitable[None]]
) -> None:
    async def beside() -> tuple[str, bool]:
        async with Reader(hosted.port) as other:
            await other.open("zero", gpus="64", stage="1", params="7.5B")
            open_still = True
            try:
                async with stream(hosted) as hostile:
                    await send(hostile)
                    while True:  # until it is closed, or nothing comes any more
                        await asyncio.wait_for(hostile.recv(), 1.0)
            except ConnectionClosed:
                open_still = False
            except TimeoutError:
                pass
            await other.change("params", string_value="1B")
            return other.metric("On each GPU"), open_still

    answer, open_still = asyncio.run(beside())
    assert answer.startswith("4.19 GB")  # 4Ψ + 12Ψ/64
    assert not (open_still and send in (huge, text)), "a frame of this kind should end the connection"
    assert hosted.get("/_stcore/health") == (200, b"ok")


NAN = float("nan")
FORMS: dict[str, dict[str, object]] = {
    "nothing": {},
    "beyond": {"double_array_value": DoubleArray(data=[1e300])},
    "negative": {"double_array_value": DoubleArray(data=[-5.0])},
    "no number": {"double_array_value": DoubleArray(data=[NAN])},
    "too many": {"double_array_value": DoubleArray(data=[1.0] * 9)},
    "a text": {"string_value": "<script>" * 100},
    "texts": {"string_array_value": StringArray(data=["x", "<script>"])},
    "an index": {"int_value": 2**31},
}
TAKES = {"slider": ("beyond", "negative", "no number")}  # of numbers; a slider over options knows only their places
CRAFTED = ("slider", "selectbox", "button_group", "text_input", "checkbox")


async def sent(server: Server, page: str, form: str, kinds: Sequence[str]) -> tuple[Reader, str, str]:
    """The page after its inputs of these kinds were sent this; and its numbers before, and after, for somebody else."""
    async with Reader(server.port) as reader, Reader(server.port) as other, Reader(server.port) as another:
        await other.open(page)
        await reader.open(page)
        for element in reader.elements.values():
            kind = element.WhichOneof("type")
            if kind in kinds and not (
                kind == "slider" and form in TAKES[kind] and element.slider.type != Slider.SLIDER
            ):
                widget = str(getattr(element, kind).id)
                reader._states[widget] = WidgetState(id=widget, **FORMS[form])  # type: ignore[arg-type]
        assert reader._states
        await reader._rerun()
        await another.open(page)
        return reader, numbers(other), numbers(another)


def numbers(reader: Reader) -> str:
    """The page's metrics."""
    return " ".join(e.metric.body for e in reader.elements.values() if e.WhichOneof("type") == "metric")


def boxes(reader: Reader) -> list[str]:
    """Titles of its boxes."""
    return [e.alert.title for e in reader.elements.values() if e.WhichOneof("type") == "alert"]


@pytest.mark.fault(15)
@pytest.mark.parametrize(
    ("page", "kind", "form"),
    [
        *(("lifecycle", "slider", form) for form in TAKES["slider"]),
        *((page, "text_input", "a text") for page in ("zero", "sums")),
    ],
)
def test_fault_15_values_beyond_what_a_widget_offers_leave_the_page_standing(
    hosted: Server, page: str, kind: str, form: str
) -> None:
    crafted, before, after = asyncio.run(sent(hosted, page, form, [kind]))
    assert "exception" not in {e.WhichOneof("type") for e in crafted.elements.values()}
    assert not any("Something went wrong" in box for box in boxes(crafted))
    assert after == before
    if kind == "slider":  # what the page computed with is in its address
        ends = {element.slider.id.rpartition("-")[2]: element.slider for element in crafted.elements.values()}
        used = dict(parse_qsl(crafted.query))
        assert {"utilisation", "epochs", "months"} <= set(used)
        assert all(ends[key].min <= float(value) <= ends[key].max for key, value in used.items())


@pytest.mark.fault(15)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("page", ["zero", "sums"])
def test_fault_15_values_of_a_wrong_kind_are_an_error_for_their_sender_alone(
    hosted: Server, page: str, form: str
) -> None:
    """Streamlit refuses some of them itself, before our code: its sender sees that, without details."""
    crafted, before, after = asyncio.run(sent(hosted, page, form, CRAFTED))
    for element in crafted.elements.values():
        if element.WhichOneof("type") == "exception":
            assert not element.exception.stack_trace and "/" not in element.exception.message
    assert not any("Error" in box or "/" in box for box in boxes(crafted))
    assert after == before
    assert hosted.get("/_stcore/health") == (200, b"ok")


@pytest.mark.fault(17)
@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost", "http://localhost", 101),
        ("localhost", None, 101),  # no browser
        ("localhost", "https://evil.example", 403),
        ("localhost", "null", 403),  # a page from a file, or in a sandbox
        ("evil.example", "http://evil.example", 403),  # a name made to point here
        ("localhost.evil.example", "http://localhost.evil.example", 403),
    ],
)
def test_fault_17_a_foreign_page_and_a_name_that_is_not_ours_are_refused(
    hosted: Server, host: str, origin: str | None, status: int
) -> None:
    async def opened() -> int:
        address = f"ws://{host}:{hosted.port}/_stcore/stream"
        own = f"{origin}:{hosted.port}" if origin and host in origin else origin
        try:
            async with connect(address, host="localhost", port=hosted.port, origin=own):  # type: ignore[arg-type]
                return 101
        except InvalidStatus as error:
            return int(error.response.status_code)

    assert asyncio.run(opened()) == status


@pytest.mark.fault(18)
@pytest.mark.parametrize("base", ["/static/", "/media/", "/component/", "/app/static/", "/_stcore/", "/"])
@pytest.mark.parametrize(
    "climb",
    [
        "../../../../../../etc/passwd",
        "..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5c..%5cetc%5cpasswd",
        "%00/../../etc/passwd",
        "//etc/passwd",
        "%5c%5cevil.example%5cshare%5cx",
        "../pyproject.toml",
        "../../playground/app.py",
    ],
)
def test_fault_18_no_path_climbs_out(hosted: Server, base: str, climb: str) -> None:
    connection = http.client.HTTPConnection("localhost", hosted.port, timeout=10)  # sends the path as it is
    connection.request("GET", base + climb)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert answer.status < 500
    assert not any(inside in body for inside in (b"root:", b"[project]", b"playground.ui", SECRET.encode()))
    if answer.status == 200:  # what is no file's address is the app's own page
        assert b'<div id="root">' in body


@pytest.mark.fault(16, 24)
def test_fault_16_the_log_quotes_nobody(hosted: Server) -> None:
    """After all that."""
    log = hosted.log()
    assert "http://localhost" in log  # it is the log
    assert "<script>" not in log and SECRET not in log
