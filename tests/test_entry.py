"""The entry is run anew for every rerun of every session, in threads of one process."""

import ast
import sys
import threading

from playground import paths


def test_first_reruns_at_the_same_moment_leave_the_path_whole() -> None:
    """As when a class opens the page of a server just started: a place lost from the path is lost for good."""
    tree = ast.parse(paths.APP.read_text(encoding="utf-8"))
    tree.body = tree.body[: next(n for n, part in enumerate(tree.body) if ast.unparse(part).endswith("import serve"))]
    assert "sys.path" in ast.unparse(tree)
    code = compile(tree, str(paths.APP), "exec")
    before, interval = list(sys.path), sys.getswitchinterval()
    others = {f"/nowhere/{n}" for n in range(20)}
    lost: set[str] = set()

    def rerun() -> None:
        everyone.wait()
        exec(code, {"__file__": str(paths.APP)})

    try:
        sys.setswitchinterval(1e-6)
        for _ in range(30):
            sys.path[:] = [str(paths.APP.parent), str(paths.ROOT), *sorted(others), *before]
            everyone = threading.Barrier(8)
            threads = [threading.Thread(target=rerun) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sys.path[0] == str(paths.ROOT) and str(paths.APP.parent) not in sys.path
            lost |= others - set(sys.path)
    finally:
        sys.setswitchinterval(interval)
        sys.path[:] = before
    assert not lost
