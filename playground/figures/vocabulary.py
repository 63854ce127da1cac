"""A vocabulary drawn: its scripts as bars, one entry as a card, entries as table rows and as CSV."""

import json
import math
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Any, overload

import plotly.graph_objects as go

from playground.core.scripts import NO_SCRIPT
from playground.core.visible import code_point, visible
from playground.core.vocabulary import Entry
from playground.figures import palette

_CHARACTERS_NAMED = 12
_BARS = 14


def rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """A row an entry for a table: id, token made visible, bytes in hex, how many, script."""
    return [
        {
            "id": entry.id,
            "token": visible(entry.text, entry.raw),
            "bytes (hex)": entry.raw.hex(" ").upper(),
            "length": len(entry.raw),
            "script": entry.script,
        }
        for entry in entries
    ]


class FileRows(Sequence[dict[str, Any]]):
    """A row an entry for a file, made when it is read: a vocabulary has 200,000, and few are downloaded.

    The text is a JSON string: exact, and no formula to a spreadsheet.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> "FileRows": ...
    def __getitem__(self, index: int | slice) -> "dict[str, Any] | FileRows":
        if isinstance(index, slice):
            return FileRows(self._entries[index])
        entry = self._entries[index]
        text = json.dumps(entry.text, ensure_ascii=False)
        return {
            "id": entry.id,
            "text": text,
            "bytes": entry.raw.hex(),
            "script": entry.script,
            "special": entry.special,
        }


def card(entry: Entry, facts: Sequence[tuple[str, str]]) -> str:
    """One entry in the large, each of its characters with code point and Unicode name, then ``facts``."""
    lines = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return (
        f"{_STYLE}<div class='lp-entry'><div class='lp-token'>{escape(visible(entry.text, entry.raw))}</div>"
        f"<dl>{lines}<dt>characters</dt><dd>{_characters(entry)}</dd></dl></div>"
    )


def _characters(entry: Entry) -> str:
    # surrogateescape keeps the bytes that are part of no character apart, as U+DC80..U+DCFF
    source = entry.raw.decode("utf-8", "surrogateescape")
    if source.isascii():  # letters everyone can read need no names
        return f"{len(source)}, all of them ASCII"
    named = [_character(character) for character in source[:_CHARACTERS_NAMED]]
    more = f"<li>… {len(source) - _CHARACTERS_NAMED} more</li>" if len(source) > _CHARACTERS_NAMED else ""
    return f"<ul>{''.join(named)}{more}</ul>"


def _character(character: str) -> str:
    if 0xDC80 <= ord(character) <= 0xDCFF:
        return f"<li><code>{ord(character) - 0xDC00:02X}</code> a byte of a character cut elsewhere</li>"
    name = unicodedata.name(character, "no name (a control character)").lower()
    return f"<li><b>{escape(visible(character))}</b> <code>{code_point(character)}</code> {escape(name)}</li>"


def scripts(counts: Sequence[tuple[str, int]], total: int) -> go.Figure:
    """Entries by script, the largest first, on a logarithmic axis: English vocabularies are nearly all Latin."""
    shown = list(counts[:_BARS])
    rest = sum(count for _, count in counts[_BARS:])
    if rest:
        shown.append((f"{len(counts) - _BARS} more scripts", rest))
    places = list(range(len(shown)))
    figure = go.Figure(
        go.Bar(
            x=[count for _, count in shown],
            y=places,
            orientation="h",
            marker={"color": [palette.SKY if _is_script(name) else palette.GREY for name, _ in shown]},
            text=[f"{count:,} · {count / total:.1%}" for _, count in shown],
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{x:,} entries<extra></extra>",
        )
    )
    figure.update_layout(
        height=60 + 26 * len(shown),
        margin={"l": 0, "r": 110, "t": 10, "b": 40},
        xaxis={"title": "entries (logarithmic)", "type": "log", "dtick": 2, "range": [0, math.log10(max(total, 10))]},
        yaxis={"tickvals": places, "ticktext": [escape(name) for name, _ in shown], "autorange": "reversed"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.3,
    )
    return figure


def _is_script(name: str) -> bool:
    return name not in NO_SCRIPT and name[0].isupper()


_STYLE = f"""<style>
.lp-entry{{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.6rem;padding:.8rem 1rem}}
.lp-token{{font-size:1.6rem;font-weight:600;overflow-wrap:anywhere;unicode-bidi:isolate;white-space:pre-wrap;
  max-height:8rem;overflow:auto;padding-bottom:.4rem;border-bottom:3px solid {palette.SKY}}}
.lp-entry dl{{display:grid;grid-template-columns:max-content 1fr;gap:.25rem .9rem;margin:.7rem 0 0;padding:0}}
.lp-entry dt{{opacity:.72;margin:0;padding:0}}
.lp-entry dd{{margin:0;overflow-wrap:anywhere;unicode-bidi:isolate;font-variant-numeric:tabular-nums}}
.lp-entry ul,.lp-entry li{{list-style:none;margin:0;padding:0}}
.lp-entry code{{font-size:.8em;background:none;color:inherit;padding:0}}
</style>"""
