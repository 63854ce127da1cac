"""Languages × tokenizers as a heatmap, the cost of a text as bars, and the table behind them."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

import plotly.graph_objects as go

from playground.core.fertility import Cost, Count, Language, premium
from playground.core.units import format_gb
from playground.figures import palette

Measure = Literal["premium", "tokens", "bytes"]
_MEASURES: dict[Measure, tuple[str, str]] = {
    "premium": ("tokens for one in English", ".2f"),
    "tokens": ("tokens per sentence", ".1f"),
    "bytes": ("UTF-8 bytes per token", ".2f"),
}


def value(measure: Measure, count: Count, english: Count) -> float:
    """One cell of the heatmap."""
    if measure == "premium":
        return premium(count, english)
    return count.tokens_per_sentence if measure == "tokens" else count.bytes_per_token


def heatmap(
    languages: Sequence[Language],
    titles: Mapping[str, str],
    counts: Mapping[tuple[str, str], Count],
    measure: Measure,
) -> go.Figure:
    """A row a language, a column a tokenizer; ``counts`` by (language id, tokenizer id).

    A cell where text was read as unknown is grey and marked †: its few tokens are loss, not compression.
    The colour is logarithmic, since premiums run from 1 to 15.
    """
    name, form = _MEASURES[measure]
    english = languages[0].id
    columns: tuple[list[list], ...] = ([], [], [], [])
    kept, lost, shown, hover = columns
    for language in languages:
        rows: tuple[list, list, list, list] = ([], [], [], [])
        for tokenizer in titles:
            count = counts[language.id, tokenizer]
            number = value(measure, count, counts[english, tokenizer])
            rows[0].append(None if count.unknown else math.log2(max(number, 0.01)))
            rows[1].append(0 if count.unknown else None)
            rows[2].append(f"{number:{form}}{' †' if count.unknown else ''}")
            unknown = f"<br>{count.unknown} of them stand for text that is lost" if count.unknown else ""
            rows[3].append(
                f"{escape(language.name)} ({escape(language.script)}), {escape(titles[tokenizer])}<br>"
                f"{count.tokens:,} tokens for {count.characters:,} characters, {count.utf8_bytes:,} bytes{unknown}"
            )
        for target, row in zip((kept, lost, shown, hover), rows, strict=True):
            target.append(row)
    common = {
        "text": shown,
        "texttemplate": "%{text}",
        "textfont": {"color": palette.INK},  # the scale is light enough for it in both themes
        "customdata": hover,
        "hovertemplate": "%{customdata}<extra></extra>",
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hoverongaps": False,
    }
    ends = [stop for row in kept for stop in row if stop is not None]
    figure = go.Figure()
    figure.add_heatmap(
        z=kept, zmin=min(0.0, *ends), zmax=max(1.0, *ends), colorscale=[list(stop) for stop in palette.COST], **common
    )
    figure.add_heatmap(z=lost, zmin=0, zmax=1, colorscale=[[0, palette.LOST], [1, palette.LOST]], **common)
    figure.update_layout(
        height=90 + 27 * len(languages),
        margin={"l": 0, "r": 0, "t": 60, "b": 10},
        xaxis={
            "side": "top",
            "tickvals": list(range(len(titles))),
            "ticktext": [escape(title.split()[0]) for title in titles.values()],
            "showgrid": False,
            "zeroline": False,
        },
        yaxis={
            "tickvals": list(range(len(languages))),
            "ticktext": [escape(language.name) for language in languages],
            "autorange": "reversed",
            "showgrid": False,
            "zeroline": False,
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        meta={"measure": name},
    )
    return figure


def costs(languages: Sequence[Language], found: Sequence[Cost]) -> go.Figure:
    """KV-cache bytes a language, with the share of the context; what does not fit it is hatched."""
    places = list(range(len(languages)))
    figure = go.Figure(
        go.Bar(
            x=[cost.kv_cache_bytes for cost in found],
            y=places,
            orientation="h",
            marker={
                "color": [palette.KV_CACHE if cost.context_share <= 1 else palette.WARNING for cost in found],
                "pattern": {"shape": ["" if cost.context_share <= 1 else "/" for cost in found]},
            },
            text=[f"{format_gb(cost.kv_cache_bytes)} · {cost.context_share:.0%}" for cost in found],
            textposition="outside",
            cliponaxis=False,
            customdata=[[cost.tokens] for cost in found],
            hovertemplate="%{customdata[0]:,} tokens, %{x:,} bytes<extra></extra>",
        )
    )
    widest = max((cost.kv_cache_bytes for cost in found), default=1)
    figure.update_layout(
        height=60 + 26 * len(languages),
        margin={"l": 0, "r": 125, "t": 10, "b": 40},  # the longest bar's text stands there, also on a phone
        xaxis={
            "title": "KV cache · share of the context",
            "range": [0, widest or 1],
            "tickformat": "~s",
            "ticksuffix": "B",
            "nticks": 5,
            "tickangle": 0,
        },
        yaxis={
            "tickvals": places,
            "ticktext": [escape(language.name) for language in languages],
            "autorange": "reversed",
        },
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.3,
    )
    return figure


def file_rows(
    languages: Sequence[Language], titles: Mapping[str, str], counts: Mapping[tuple[str, str], Count]
) -> list[dict[str, Any]]:
    """A row a language and tokenizer, for a file: counts, what was lost, the premium."""
    return [
        {
            "language": language.name,
            "script": language.script,
            "tokenizer": tokenizer,
            "tokens": count.tokens,
            "characters": count.characters,
            "bytes": count.utf8_bytes,
            "unknown": count.unknown,
            "premium": round(premium(count, counts[languages[0].id, tokenizer]), 4),
        }
        for language in languages
        for tokenizer in titles
        for count in (counts[language.id, tokenizer],)
    ]
