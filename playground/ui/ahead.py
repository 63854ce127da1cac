"""What a browser fetches before a page needs it: a first chart would otherwise wait for 5 MB of plotly."""

import json
from functools import cache
from pathlib import Path

from streamlit.file_util import get_static_dir

# Streamlit's parts that many of our pages have; what each stands on comes along. The small ones first.
PARTS = (
    "ButtonGroup",
    "Selectbox",
    "Slider",
    "Metric",
    "TextInput",
    "TextArea",
    "BidiComponent",
    "PlotlyChart",
    "DataFrame",
    "StreamlitSyntaxHighlighter",
)


@cache
def files() -> tuple[str, ...]:
    """Where Streamlit serves them, below the app's root; a part that it no longer has under this name is left out."""
    static = Path(get_static_dir())
    found = (next(static.glob(f"static/js/{part}.*.js"), None) for part in PARTS)
    return tuple(path.relative_to(static).as_posix() for path in found if path)


def script() -> str:
    """The script that does it, once a browser tab."""
    return (
        Path(__file__).with_name("ahead.js").read_text(encoding="utf-8").replace("__PARTS__", json.dumps(list(files())))
    )
