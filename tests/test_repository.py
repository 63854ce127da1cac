"""The repository stands alone, and keeps the house rules a linter does not know."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT

TOP_LEVEL = {
    ".ci",
    ".gitignore",
    ".streamlit",
    "LICENSE",
    "Makefile",
    "NOTICE",
    "README.md",
    "assets",
    "constraints.txt",
    "deploy",
    "pages",
    "playground",
    "pyproject.toml",
    "tests",
}
PAGE_LINES = 120
FILE_BYTES = 1_500_000  # models and vocabularies are fetched, not carried
MODELS, MODEL_BYTES = "assets/models/", 4_000_000  # but for the one that this project trains

# Hosts that serve packages, and places on the machines this was written on. In two parts, or this file
# would be the first to name them.
FOREIGN = tuple(
    first + second
    for first, second in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("download.py", "torch.org"),
        ("registry.npm", "js.org"),
        ("../sha", "red"),
        ("/wo", "rk/"),
        ("/ro", "ot/"),
        ("/opt/py", "pi"),
        ("/opt/wh", "eels"),
    )
)


def tracked() -> list[Path]:
    """The files of the repository, as git knows them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_top_level_is_the_agreed_one() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in tracked()} == TOP_LEVEL


def test_nothing_points_outside() -> None:
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(ROOT)}: {name}" for name in FOREIGN if name in text]
    assert not found


def test_no_file_is_large() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in tracked()}
    large = {
        name: size for name, size in sizes.items() if size > (MODEL_BYTES if name.startswith(MODELS) else FILE_BYTES)
    }
    assert not large


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py" and not ast.get_docstring(parsed(path))
    ]
    assert not silent


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda path: path.name)
def test_a_page_reads_like_its_table_of_contents(path: Path) -> None:
    """No error handling, no markup, no model code, no caching, no classes: all that lives below."""
    source, tree = path.read_text(encoding="utf-8"), parsed(path)
    assert len(source.splitlines()) <= PAGE_LINES
    for word in ("unsafe_allow_html", "cache_data", "cache_resource", "session_state"):
        assert word not in source, word
    nodes = list(ast.walk(tree))
    assert not [node.lineno for node in nodes if isinstance(node, ast.Try | ast.TryStar | ast.ClassDef)]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    allowed = {"streamlit", "playground", *sys.stdlib_module_names}
    foreign = {name for name in imported if name.split(".")[0] not in allowed}
    assert not foreign
