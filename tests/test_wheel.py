"""The wheel carries its pages and assets, and serves them from any folder."""

import asyncio
import json
import subprocess
import sys
import sysconfig
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from playground import paths
from playground.ui import site
from tests.load.ws_client import Reader
from tests.server import ROOT, Server


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    built = subprocess.run(build, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("llm_playground-*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh environment's commands: the wheel, and the dependencies that are installed here.

    These come in by a path file, which does not follow the editable install's own: the checkout is out of reach.
    """
    home = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    commands = home / ("Scripts" if sys.platform == "win32" else "bin")
    python = commands / Path(sys.executable).name
    ask = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    purelib = Path(subprocess.run(ask, check=True, capture_output=True, text=True).stdout.strip())
    (purelib / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--no-deps", "--no-index"]
    done = subprocess.run([*pip, "--ignore-installed", str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return commands


def test_pages_assets_and_settings_are_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    for folder in (paths.PAGES, paths.ASSETS):
        files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"]
        assert files
        assert {f"playground/_root/{path.relative_to(ROOT).as_posix()}" for path in files} <= inside
    assert "playground/_root/.streamlit/config.toml" in inside
    data = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "playground").rglob("*")
        if path.is_file() and path.suffix in {".js", ".css", ".html", ".toml", ".json"}
    }
    assert data <= inside
    assert not [name for name in inside if "secrets" in name or name.startswith("tests/")]


def test_the_installed_command_serves_from_any_folder(installed: Path, tmp_path: Path) -> None:
    where = [str(installed / Path(sys.executable).name), "-c"]
    where += ["from playground import paths; import json; print(json.dumps([str(paths.ROOT), str(paths.APP)]))"]
    found = json.loads(subprocess.run(where, cwd=tmp_path, check=True, capture_output=True, text=True).stdout)
    assert all(Path(path).is_relative_to(installed.parent) for path in found)

    command = [str(installed / "llm-playground"), "run", "--no-browser"]
    with Server(tmp_path / "log.txt", command=command, cwd=tmp_path) as server:
        assert server.get("/_stcore/health") == (200, b"ok")
        assert server.get("/")[0] == 200

        async def visit() -> list[tuple[str, str]]:
            shown = []
            async with Reader(server.port) as reader:
                for info in (site.BY_FILE["home.py"], site.BY_FILE["zero.py"]):
                    await reader.open(info.url_path)
                    shown.append((info.title, reader.title()))
                assert reader.metric("On each GPU").endswith("GB")
            return shown

        with ThreadPoolExecutor(1) as elsewhere:  # the browser tests' event loop may be running in this thread
            for expected, shown in elsewhere.submit(asyncio.run, visit()).result():
                assert shown == expected
        assert "Traceback" not in server.log(), server.log()
