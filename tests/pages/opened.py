"""A page opened in Streamlit's own test harness, and what it shows, for the tests of this folder."""

import base64
import json
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from playground import paths


def run(file: str, **params: str) -> AppTest:
    """The page at an address with these parameters, after its first run: it may refuse, but must not raise."""
    app = AppTest.from_file(str(paths.APP), default_timeout=240)
    for key, value in params.items():
        app.query_params[key] = value
    app.switch_page(str(paths.PAGES / file))
    app.run()
    assert not app.exception, [e.message for e in app.exception]
    return app


def checked(app: AppTest) -> AppTest:
    """The same page; it must show no error."""
    assert not app.exception, [e.message for e in app.exception]
    assert not app.error, [e.value for e in app.error]
    return app


def figures(app: AppTest) -> list[dict[str, Any]]:
    """Its plotly figures."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def array(packed: Any) -> np.ndarray:
    """Numbers of a figure: plotly's JSON packs them as base64."""
    if isinstance(packed, list):
        return np.array(packed, float)
    shape = [int(n) for n in str(packed.get("shape", "-1")).split(",")]
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"]).reshape(shape)


def html(app: AppTest) -> str:
    """The HTML of its figures, without the shell's script."""
    return "\n".join(e.proto.body for e in app.get("html") if not e.proto.unsafe_allow_javascript)


def says(app: AppTest) -> str:
    """Its sentences, those on links too, without Markdown's escapes."""
    linked = (link.proto.label for link in app.get("page_link"))
    return "\n".join((*(e.value for e in (*app.markdown, *app.caption, *app.text)), *linked)).replace("\\", "")


def html_of(app: AppTest, name: str) -> str:
    """Its HTML element of this class."""
    return next(e.proto.body for e in app.get("html") if f"<div class='{name}'" in e.proto.body)
