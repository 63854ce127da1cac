"""A model hub on loopback, for the tests that download: it serves a few files, slowly, brokenly or well."""

import hashlib
import http.server
import threading
import time


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class LoopbackHub(http.server.ThreadingHTTPServer):
    """Speaks as much of the hub's protocol as a pinned download needs."""

    def __init__(self, files: dict[str, bytes], mode: str = "serve") -> None:
        super().__init__(("127.0.0.1", 0), _HubHandler)
        self.files, self.mode, self.requests = files, mode, 0
        self.daemon_threads = True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _HubHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(send=False)

    def do_GET(self):
        self._answer(send=True)

    def _answer(self, send: bool) -> None:
        self.server.requests += 1
        if self.server.mode == "silent":
            time.sleep(30)
            return
        if self.server.mode == "broken":
            self.send_error(500)
            return
        name = self.path.rsplit("/", 1)[-1]
        data = self.server.files.get(name)
        if self.path.startswith("/api/") or data is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{digest(data)}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.end_headers()
        if send and self.server.mode == "half" and len(data) > 1_000:
            self.wfile.write(data[: len(data) // 2 + 1])
            self.wfile.flush()
            time.sleep(30)
        elif send:
            self.wfile.write(data)
