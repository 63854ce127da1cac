"""A real Redis for the tests that need one: on a free loopback port, its folder a temporary one, ended by pid."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
import redis

from tests.server import free_port


class RedisServer:
    """``with RedisServer(folder) as server:`` serves at ``server.url`` until the block ends, or ``stop`` is called."""

    def __init__(self, folder: Path) -> None:
        command = shutil.which("redis-server")
        if command is None:
            reason = "redis-server is not installed: install the package redis-server"
            if os.environ.get("LLM_PLAYGROUND_REQUIRE_BROWSER"):  # as in CI: everything the tests need is there
                pytest.fail(reason)
            pytest.skip(reason)
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [command, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Start it (again), empty."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        client = redis.Redis(port=self.port)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        """End the process we started."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(10)
