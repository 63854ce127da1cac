"""Where the repository's folders lie: beside the package in a checkout, inside it in an installed wheel."""

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent
_IN_WHEEL = _PACKAGE / "_root"

ROOT = _IN_WHEEL if (_IN_WHEEL / "pages").is_dir() else _PACKAGE.parent
PAGES = ROOT / "pages"
ASSETS = ROOT / "assets"
PRESETS = ASSETS / "presets"
CONFIG_TOML = ROOT / ".streamlit" / "config.toml"
APP = _PACKAGE / "app.py"  # the script that Streamlit runs
SERVED = _PACKAGE / "asgi.py"  # what is served: the script, and what stands beside it


def home() -> Path:
    """The store's folder: ``LLM_PLAYGROUND_HOME``, or the user's cache folder."""
    override = os.environ.get("LLM_PLAYGROUND_HOME")
    return Path(override).expanduser() if override else Path(platformdirs.user_cache_dir("llm-playground"))
