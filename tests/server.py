"""A real server process for the tests that need one: on a free port, its log kept, ended by its own pid."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
START_S = 60.0


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """``with Server(log) as server:`` serves the app (or another script) at ``server.url`` until the block ends."""

    def __init__(
        self,
        log: Path,
        *,
        script: Path = ROOT / "playground" / "asgi.py",
        flags: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        command: Sequence[str] | None = None,
        cwd: Path = ROOT,
    ) -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.log_path = log
        self.command = (
            [*command, "--port", str(self.port)]
            if command
            else [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(self.port), *flags]
        )
        # No hot reload: a file saved while tests run would take modules away from under the running pages.
        self.env = {**os.environ, "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none", **(env or {})}
        self.cwd = cwd
        self.process: subprocess.Popen[bytes] | None = None
        self.started_s = 0.0  # from the command to the first healthy answer

    def __enter__(self) -> Self:
        begin = time.monotonic()
        with self.log_path.open("wb") as out:
            self.process = subprocess.Popen(
                self.command, cwd=self.cwd, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        while time.monotonic() - begin < START_S:
            if self.process.poll() is not None:
                break
            if self.get("/_stcore/health")[0] == 200:
                self.started_s = time.monotonic() - begin
                return self
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"the server did not start: {' '.join(self.command)}\n{self.log()}")

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process we started, gently, then firmly."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of one GET; status 0 where nobody answers."""
        connection = http.client.HTTPConnection("localhost", self.port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            connection.close()

    def log(self) -> str:
        """What the server has printed so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")
