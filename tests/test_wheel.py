"""A wheel built from the repository runs from any folder, with pages, assets and theme inside."""

import subprocess
import sys
import zipfile

import pytest

from tests.server import ROOT, Server


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, built and unpacked by pip into a folder of its own; its dependencies are this environment's."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    wheel = next(folder.glob("*.whl"))
    target = folder / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    return wheel, target


def test_the_wheel_holds_pages_assets_and_theme(installed):
    names = set(zipfile.ZipFile(installed[0]).namelist())
    inside = "playground/_root/"
    expected = {f"pages/{p.name}" for p in (ROOT / "pages").glob("*.py")} | {".streamlit/config.toml"}
    expected |= {"assets/presets/catalogue.toml", "assets/logo.svg"}
    assert {inside + name for name in expected} <= names
    assert not [name for name in names if "secrets" in name or name.startswith("tests")]


def test_it_serves_from_an_unrelated_folder(installed, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    env = {"PYTHONPATH": str(installed[1])}
    where = "import playground, playground.paths as p; print(playground.__file__, p.PAGES, p.CONFIG_TOML.is_file())"
    said = subprocess.run(
        [sys.executable, "-c", where], cwd=elsewhere, env=env, capture_output=True, text=True, check=True
    ).stdout
    assert said.count(str(installed[1])) == 2 and said.strip().endswith("True")
    command = [sys.executable, "-m", "playground", "run", "--no-browser"]
    with Server(tmp_path / "log", command=command, env=env, cwd=elsewhere) as server:
        assert server.get("/_stcore/health") == (200, b"ok")
        assert server.get("/zero")[0] == 200
