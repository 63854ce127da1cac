"""The example configuration in the real nginx, before two real processes: TLS, websockets, sticky readers, silent logs.

The file is taken as it is; only its names, ports and paths are changed to a temporary folder's.
"""

import asyncio
import gzip
import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from playground.classroom import news
from playground.ui import ahead
from tests.load.ws_client import Reader
from tests.server import ROOT, Server, free_port

EXAMPLE = ROOT / "deploy" / "nginx.conf"
HOST = "localhost"
SECRET = "xylophone4711"  # what a reader types: it may stand in no log
RUN = [sys.executable, "-m", "playground", "run", "--profile", "hosted", "--no-browser", "--host", HOST]


class Site(NamedTuple):
    """nginx with the two processes behind it."""

    port: int
    plain_port: int
    folder: Path
    processes: tuple[Server, Server]

    def get(self, path: str, **headers: str) -> http.client.HTTPResponse:
        """One request over TLS, checked against the certificate; the body can be read afterwards."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "site.pem"))
        connection = http.client.HTTPSConnection(HOST, self.port, timeout=10, context=trusted)
        connection.request("GET", path, headers=headers)
        return connection.getresponse()

    def stream(self, cookie: str = "", origin: str | None = None, path: str = "/_stcore/stream") -> Any:
        """A websocket to the app, as a browser opens it."""
        origin = f"https://{HOST}:{self.port}" if origin is None else origin
        return connect(
            f"wss://{HOST}:{self.port}{path}",
            ssl=ssl.create_default_context(cafile=str(self.folder / "site.pem")),
            origin=origin or None,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie} if cookie else {},
            subprotocols=["streamlit"],  # type: ignore[list-item]
        )

    def sessions(self) -> list[int]:
        """Sessions of each process, asked on its own port."""
        found = []
        for process in self.processes:
            text = process.get("/_stcore/metrics")[1].decode()
            found.append(int(float(re.findall(r"^active_sessions\S*\s+(\S+)", text, re.M)[0])))
        return found


def nginx_path() -> str:
    """nginx, where it is installed; without it these tests are skipped, or fail where they are required."""
    path = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if path is None:
        reason = "nginx is not installed: install the package nginx-light to test the example configuration"
        if os.environ.get("LLM_PLAYGROUND_REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def changed(text: str, swaps: dict[str, str]) -> str:
    """The example with other names; every name must be in it, or the test would test something else."""
    for old, new in swaps.items():
        assert old in text, f"{EXAMPLE.name} no longer says {old!r}"
        text = text.replace(old, new)
    return text


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx, folder = nginx_path(), tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    openssl += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", f"{folder}/site.key", "-out", f"{folder}/site.pem"]
    subprocess.run(openssl, check=True, capture_output=True)
    empty = {"LLM_PLAYGROUND_HOME": str(folder / "store")}  # no model: the pages of this test need none
    with (
        Server(folder / "one.log", command=RUN, env=empty) as one,
        Server(folder / "two.log", command=RUN, env=empty) as two,
    ):
        port, plain = free_port(), free_port()
        swaps = {
            "127.0.0.1:8501": f"127.0.0.1:{one.port}",
            "127.0.0.1:8502": f"127.0.0.1:{two.port}",
            "listen 443 ssl": f"listen {port} ssl",
            "listen 80": f"listen {plain}",
            "/etc/ssl/DEMO.EXAMPLE.pem": f"{folder}/site.pem",
            "/etc/ssl/DEMO.EXAMPLE.key": f"{folder}/site.key",
            "/var/log/nginx/": f"{folder}/",
            "DEMO.EXAMPLE": HOST,
        }
        (folder / "site.conf").write_text(changed(EXAMPLE.read_text(encoding="utf-8"), swaps), encoding="utf-8")
        temporary = "".join(
            f"  {name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\nerror_log {folder}/start.log;\n"
            f"events {{}}\nhttp {{\n{temporary}  include {folder}/site.conf;\n}}\n"
        )
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log")]
        subprocess.run([*command, "-t"], check=True, capture_output=True)  # its own check of the file
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            found = Site(port, plain, folder, (one, two))
            for _ in range(100):
                try:
                    found.get("/_stcore/health").read()
                    break
                except OSError:
                    assert running.poll() is None, (folder / "start.log").read_text()
                    time.sleep(0.05)
            yield found
        finally:
            running.terminate()
            running.wait(10)


def test_the_page_comes_over_https_and_plain_http_is_sent_there(site: Site) -> None:
    answer = site.get("/zero?stage=3")
    body = answer.read()
    assert answer.status == 200 and b"<html" in body.lower()
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert re.fullmatch(
        r"playground_seat=[0-9a-f]{32}; Path=/; Secure; HttpOnly; SameSite=Lax", answer.headers["Set-Cookie"]
    )
    connection = http.client.HTTPConnection(HOST, site.plain_port, timeout=10)
    connection.request("GET", "/zero?stage=3")
    moved = connection.getresponse()
    assert (moved.status, moved.headers["Location"]) == (301, f"https://{HOST}/zero?stage=3")


def test_scripts_come_compressed(site: Site) -> None:
    path = "/" + next(name for name in ahead.files() if "Plotly" in name)
    answer = site.get(path, **{"Accept-Encoding": "gzip"})
    sent = answer.read()
    assert answer.headers["Content-Encoding"] == "gzip"
    assert 0 < 2 * len(sent) < len(gzip.decompress(sent))


def test_what_changes_is_never_cached(site: Site) -> None:
    answer = site.get("/_stcore/health")
    assert (answer.status, answer.read()) == (200, b"ok")
    assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/%6detrics",
        "/x/../_stcore/metrics",
        "//_stcore/metrics",
        "/zero/_stcore/metrics",
        "/_stcore/script-health-check",
    ],
)
def test_what_is_the_operators_stays_inside(site: Site, path: str) -> None:
    answer = site.get(path)
    assert answer.status == 403, path
    assert b"active_sessions" not in answer.read()
    assert site.processes[0].get("/_stcore/metrics")[0] == 200  # and is there, inside


def test_a_reader_stays_with_one_process_and_readers_are_spread(site: Site) -> None:
    async def spread() -> tuple[list[list[int]], list[int]]:
        steady, before = [], site.sessions()
        for _ in range(2):
            cookie = site.get("/").headers["Set-Cookie"].partition(";")[0]
            sockets = [await site.stream(cookie) for _ in range(4)]  # four tabs
            await asyncio.sleep(0.3)
            now = await asyncio.to_thread(site.sessions)
            steady.append(sorted(b - a for a, b in zip(before, now, strict=True)))
            before = now
            for socket in sockets:
                await asyncio.wait_for(await socket.ping(), 5)  # still open through the proxy
        many = [await site.stream(f"playground_seat={number:032x}") for number in range(24)]
        await asyncio.sleep(0.3)
        now = await asyncio.to_thread(site.sessions)
        for socket in (*sockets, *many):
            await socket.close()
        return steady, [b - a for a, b in zip(before, now, strict=True)]

    steady, seats = asyncio.run(spread())
    assert steady == [[0, 4], [0, 4]]
    assert sum(seats) == 24 and min(seats) >= 4


@pytest.mark.fault(17)
def test_another_sites_page_cannot_open_the_websocket(site: Site) -> None:
    async def refused(origin: str) -> int:
        try:
            async with site.stream(origin=origin):
                return 101
        except InvalidStatus as error:
            return int(error.response.status_code)

    assert asyncio.run(refused("https://evil.example")) == 403
    assert asyncio.run(refused(f"https://{HOST}:{site.port}")) == 101
    assert asyncio.run(refused("")) == 101  # no browser


def test_a_class_hears_of_its_room_through_it(site: Site) -> None:
    """The line is there, and closes because there is no such room; a page of another site does not get so far."""

    async def closed(origin: str | None = None) -> int:
        try:
            async with site.stream(origin=origin, path=news.address("0" * 64, "none", company=False)) as line:
                await line.wait_closed()
                return int(line.close_code or 0)
        except InvalidStatus as error:
            return int(error.response.status_code)

    assert asyncio.run(closed()) == news.NO_ROOM
    assert asyncio.run(closed("https://evil.example")) == 403


@pytest.mark.fault(17)
def test_a_name_that_is_not_ours_is_refused_by_the_app(site: Site) -> None:
    """A page whose own name was made to point here (DNS rebinding) is of the same origin: its name gives it away."""

    async def opened(name: str) -> int:
        trusted = ssl.create_default_context(cafile=str(site.folder / "site.pem"))
        address, origin = f"wss://{name}:{site.port}/_stcore/stream", f"https://{name}:{site.port}"
        try:
            async with connect(
                address,
                host=HOST,
                port=site.port,
                ssl=trusted,
                server_hostname=HOST,
                origin=origin,  # type: ignore[arg-type]
                subprotocols=["streamlit"],  # type: ignore[list-item]
            ):
                return 101
        except InvalidStatus as error:
            return int(error.response.status_code)

    assert asyncio.run(opened(HOST)) == 101
    assert asyncio.run(opened("rebound.example")) == 403


def test_no_log_has_what_a_reader_typed(site: Site) -> None:
    address = f"/tokenization?text={quote(SECRET)}"
    site.get(address, Referer=f"https://{HOST}:{site.port}{address}", **{"User-Agent": SECRET}).read()

    async def visit() -> None:
        async with Reader(site.processes[0].port) as reader:  # the text in the address, then typed
            await reader.open("merges", word=SECRET)
            assert reader.title() == "One word, piece by piece"
            await reader.open("zero", params=SECRET)  # a value that is refused with a message

    asyncio.run(visit())
    logs = sorted(site.folder.glob("*.log"))
    assert {"one.log", "two.log", "playground.log"} <= {log.name for log in logs}
    assert "/tokenization 200" in (site.folder / "playground.log").read_text()
    for log in logs:
        assert SECRET not in log.read_text(errors="replace"), log.name
