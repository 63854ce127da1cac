"""Known holes: the floors of what we stand on are above them, and what is installed is not below its floor.

Offline: the advisories are named here, with the first version that mended each.
"""

import ast
import re
import tomllib
from importlib.metadata import version

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.server import ROOT

# package: the version that has the last of its known holes mended, and which that was
MENDED = {
    "streamlit": ("1.67", "CVE-2026-33682 (1.54); 1.67 is the version whose protocol the load tests speak"),
    "starlette": ("1.1.0", "CVE-2026-48818"),
    "torch": ("2.10", "CVE-2026-24747; CVE-2025-32434 (2.6): code from weights despite weights_only"),
    "transformers": ("5.3", "CVE-2026-4372: code from config.json alone; CVE-2025-3264 (4.51)"),
}
REQUIRED = {
    Requirement(line).name: Requirement(line)
    for line in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
}
PINNED = dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.M))


@pytest.mark.parametrize("package", MENDED)
def test_the_floor_is_above_the_known_holes(package: str) -> None:
    mended, why = MENDED[package]
    floor = next(Version(part.version) for part in REQUIRED[package].specifier if part.operator == ">=")
    assert floor >= Version(mended), f"{package} may be {floor}: {why}"
    for used in (PINNED[package], version(package)):
        assert Version(used) >= Version(mended)


def test_the_tested_versions_satisfy_what_is_required() -> None:
    for name, required in REQUIRED.items():
        pinned = {key.lower().replace("_", "-"): value for key, value in PINNED.items()}[name.lower().replace("_", "-")]
        assert required.specifier.contains(pinned, prereleases=True), f"{name}=={pinned}"


def test_models_are_loaded_from_safetensors_and_never_with_code_of_their_own() -> None:
    calls = []
    for path in (ROOT / "playground").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"trust_remote_code=True|torch\.load\(|pickle\.load\(|weights_only=False", source), path
        for node in ast.walk(ast.parse(source)):  # calls: what people are shown to copy is text
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "from_pretrained":
                calls.append((path.name, {k.arg: getattr(k.value, "value", None) for k in node.keywords}))
    assert {"loading.py", "convert.py"} <= {name for name, _ in calls}
    for name, given in calls:
        # A GGUF file holds numbers and texts, and is pinned by its sha256.
        assert "gguf_file" in given or (given.get("use_safetensors"), given.get("trust_remote_code")) == (
            True,
            False,
        ), name
