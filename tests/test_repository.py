"""The repository keeps its own rules: it stands alone, its top level is known, its pages stay pages."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "pages").glob("*.py"))
MODULES = sorted((ROOT / "playground").rglob("*.py"))


def tracked() -> list[Path]:
    """Every file git tracks, or every file of the checkout where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_the_top_level_is_what_the_readme_shows():
    found = {path.relative_to(ROOT).parts[0] for path in tracked()}
    files = {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "Makefile", "constraints.txt", ".gitignore"}
    assert found == files | {"playground", "pages", "tests", "assets", ".streamlit", ".ci"}


def test_no_file_names_a_registry_or_reaches_out_of_the_repository():
    hosts = "|".join(("py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb" + ".debian.org"))
    outside = re.compile(rf"{hosts}|\.\./" + "shared" + r"|(?<![\w.])/(?:work|home|Users|root)/\w")
    hostile = "/etc/passwd"  # in tests of refusals
    for path in tracked():
        if path.suffix in {".png", ".svg", ".safetensors"}:
            continue
        found = [m for m in outside.findall(path.read_text(encoding="utf-8")) if m != hostile]
        assert not found, f"{path.relative_to(ROOT)}: {found[:3]}"


def test_no_large_file_is_tracked():
    assert not [p.name for p in tracked() if p.stat().st_size > 2_000_000]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_reads_like_its_table_of_contents(page):
    text = page.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 120
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)], "the shell handles errors"
    imported = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not imported & {"torch", "transformers", "tokenizers", "numpy", "plotly"}
    assert not re.search(r"unsafe_allow_html|cache_data|cache_resource|</\w+>", text)


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_module_says_what_it_is(module):
    assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))


def test_streamlit_never_gets_raw_html_through_markdown():
    used = [p for p in MODULES if "unsafe_allow_html" in p.read_text(encoding="utf-8")]
    assert not used, "st.markdown with HTML runs scripts; st.html with escaped text does not"
