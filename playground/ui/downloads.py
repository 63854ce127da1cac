"""A table's rows as files: CSV and JSON, side by side."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st


def offer(name: str, rows: Sequence[Mapping[str, Any]], *, key: str) -> None:
    """Two buttons that save the rows as ``name.csv`` and ``name.json``, made when they are pressed."""
    with st.container(horizontal=True, gap="small"):
        for kind, make, mime in (("csv", as_csv, "text/csv"), ("json", as_json, "application/json")):
            st.download_button(
                kind.upper(),
                partial(make, rows),
                file_name=f"{name}.{kind}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"{key}.{kind}",
            )


def as_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    r"""Comma-separated, the first row's keys as the header.

    >>> as_csv([{"token": "a,b", "id": 1}])
    'token,id\r\n"a,b",1\r\n'
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """A list of objects, one for each row.

    >>> as_json([])
    '[]'
    """
    return json.dumps(list(rows), ensure_ascii=False, allow_nan=False, indent=1)
