"""Tokens drawn: coloured chips, the four aligned rows, what a round trip lost, a table, and counts side by side.

The HTML is for ``st.html``, which sanitises but does not escape: every text in it goes through ``html.escape``.
"""

import csv as csv_module
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from playground.core import alignment, round_trip
from playground.core.boundaries import shared_ends
from playground.core.pipeline import PreToken
from playground.core.tokens import Encoding, Token, character_range, measure, record
from playground.core.visible import Glyph, code_point, glyphs, visible
from playground.figures import palette

View = Literal["text", "ids", "bytes"]
_HEX_IN_TOOLTIP = 24  # bytes
_BYTES_IN_BLOCK = 64


@dataclass(frozen=True)
class Side:
    """One tokenizer in a comparison: its name, its kind, what to watch for, and what it made of the text."""

    title: str
    kind: str
    note: str
    encoding: Encoding

    @cached_property
    def lost(self) -> tuple[str, ...]:
        """What the round trip changed, in words."""
        return round_trip.losses(self.encoding)


def cards(sides: Sequence[Side], view: View, max_chips: int) -> str:
    """One card a tokenizer, side by side: name, number of tokens, the first ``max_chips`` as chips, what is lost."""
    shared = shared_ends([side.encoding for side in sides]) if len(sides) > 1 else None
    return f"{_STYLE}<div class='lp-cards'>{''.join(_card(side, view, max_chips, shared) for side in sides)}</div>"


def _card(side: Side, view: View, max_chips: int, shared: np.ndarray | None) -> str:
    tokens = side.encoding.tokens
    body = "".join(_chip(token, index, view, shared) for index, token in enumerate(tokens[:max_chips]))
    more = f"<em>+{len(tokens) - max_chips:,} more</em>" if len(tokens) > max_chips else ""
    trip = f"<b>Not reversible</b>: {escape('; '.join(side.lost))}" if side.lost else "Reversible"
    return (
        f"<section><header><b>{escape(side.title)}</b><small>{escape(side.kind)}</small>"
        f"<strong>{len(tokens):,} token{'' if len(tokens) == 1 else 's'}</strong></header>"
        f"<div class='lp-chips'>{body or '<em>no tokens</em>'}{more}</div>"
        f"<footer>{escape(side.note)} <span class='{'lp-lost' if side.lost else ''}'>{trip}.</span></footer></section>"
    )


def _chip(token: Token, index: int, view: View, shared: np.ndarray | None) -> str:
    own_cut = shared is not None and not token.added and not shared[token.byte_end]
    kinds = (("lp-s", token.special), ("lp-u", token.unknown), ("lp-d", own_cut))
    classes = " ".join(name for name, on in kinds if on)
    attributes = f" class='{classes}'" if classes else ""
    ends_line = "<br>" if view == "text" and token.raw.endswith(b"\n") else ""
    return f"<span{attributes} title='{_tooltip(token, index)}'>{_content(token, view)}</span>{ends_line}"


def _content(token: Token, view: View) -> str:
    if view == "ids":
        return str(token.id)
    if view == "bytes":
        return f"<code>{token.raw.hex(' ').upper()}</code>"
    return "".join(map(_glyph, glyphs(token.text, token.raw))) or "∅"


def _glyph(glyph: Glyph) -> str:
    if glyph.kind == "text":
        return escape(glyph.shown)
    return f"<code>{glyph.shown}</code>" if glyph.kind in ("bytes", "code point") else f"<i>{glyph.shown}</i>"


def _tooltip(token: Token, index: int) -> str:
    """Numbers and our own words only: nothing to escape."""
    raw = token.raw[:_HEX_IN_TOOLTIP].hex(" ").upper() + (" …" if len(token.raw) > _HEX_IN_TOOLTIP else "")
    where = "added by the tokenizer" if token.added else _characters(token.start, token.end)
    kind = ", unknown: the text is lost" if token.unknown else ", control token" if token.special else ""
    return f"token {index}: id {token.id}, {len(token.raw)} bytes {raw}, {where}{kind}"


def _characters(start: int, end: int) -> str:
    return f"character{'' if end - start == 1 else 's'} {character_range(start, end) or 'none'}"


def strip(encoding: Encoding, max_tokens: int) -> dict[str, Any]:
    """The four aligned rows as data for the browser: characters, code points, bytes, tokens; up to ``max_tokens``.

    A column is a byte. ``at`` and ``width`` are columns within a block; a token without ``at`` is not drawn over its
    bytes, because they are not the text's.
    """
    more = len(encoding.tokens) - max_tokens
    reached, blocks = 0, []
    for block in alignment.blocks(encoding, max_tokens):
        blocks.append(_block(block, reached))
        reached += len(block.characters)
    return {"blocks": blocks, "more": f"+{more:,} more tokens" if more > 0 else ""}


def _block(block: alignment.Block, first_character: int) -> dict[str, Any]:
    characters: list[dict[str, Any]] = []
    used, left_out = 0, ""
    for count, character in enumerate(block.characters):
        raw = character.encode()
        if used + len(raw) > _BYTES_IN_BLOCK:
            left_out = f"+{len(block.characters) - count:,} characters"
            break
        characters.append(
            {
                "place": first_character + count,
                "glyphs": glyphs(character),
                "code": code_point(character)[2:],
                "bytes": [f"{byte:02X}" for byte in raw],
                "at": used,
            }
        )
        used += len(raw)
    over_bytes = block.one_to_one and not left_out and used > 0
    tokens = [
        {
            "index": index,
            "id": token.id,
            "glyphs": glyphs(token.text, token.raw),
            "title": _tooltip(token, index),
            "kind": "unknown" if token.unknown else "control" if token.special else "",
            "tint": palette.TOKEN_TINTS[index % len(palette.TOKEN_TINTS)],
            "start": token.start,
            "end": token.end,
            "byte_start": token.byte_start,
            "byte_end": token.byte_end,
            **({"at": token.byte_start - block.byte_start} if over_bytes else {}),
        }
        for index, token in enumerate(block.tokens, block.first_token)
    ]
    return {"first_byte": block.byte_start, "characters": characters, "left_out": left_out, "tokens": tokens}


def pre_tokens(found: Sequence[PreToken], chosen: PreToken | None, max_chips: int) -> str:
    """Pre-tokens as chips; the chosen one is framed."""
    chips = "".join(
        f"<span class='{'lp-s' if one is chosen else ''}' title='{_range(one)}'>"
        f"{''.join(map(_glyph, glyphs(one.text))) or '∅'}</span>"
        for one in found[:max_chips]
    )
    more = f"<em>+{len(found) - max_chips:,} more</em>" if len(found) > max_chips else ""
    return f"{_STYLE}<div class='lp-chips'>{chips or '<em>nothing to cut</em>'}{more}</div>"


def _range(one: PreToken) -> str:
    tokens = one.end_token - one.first_token
    return f"{_characters(one.start, one.end)}, {tokens} token{'' if tokens == 1 else 's'}"


def difference(encoding: Encoding) -> str:
    """The first stretch that a round trip changes: lost characters struck out, new ones underlined."""
    tags = {"kept": "span", "lost": "del", "new": "ins"}
    parts = (
        f"<{tags[change.kind]}>{''.join(map(_glyph, glyphs(change.text)))}</{tags[change.kind]}>"
        for change in round_trip.difference(encoding)
    )
    return f"{_STYLE}<div class='lp-diff'>{''.join(parts)}</div>"


def table(encoding: Encoding, max_rows: int | None = None) -> list[dict[str, Any]]:
    """A row a token, for a table or a file: its place, id, text made visible, bytes in hex, offsets, kind."""
    return [
        {
            "position": position,
            "id": token.id,
            "text": visible(token.text, token.raw),
            "bytes": token.raw.hex(" ").upper(),
            "start": token.start,
            "end": token.end,
            "special": token.special,
        }
        for position, token in enumerate(encoding.tokens[:max_rows])
    ]


def csv(encoding: Encoding) -> str:
    """A row a token as a CSV file; the text is a JSON string: exact, and no formula to a spreadsheet."""
    file = io.StringIO()
    writer = csv_module.writer(file, lineterminator="\n")
    writer.writerow(("position", "id", "text", "bytes", "start", "end", "special"))
    for position, token in enumerate(encoding.tokens):
        text = json.dumps(token.text, ensure_ascii=False)
        writer.writerow((position, token.id, text, token.raw.hex(), token.start, token.end, token.special))
    return file.getvalue()


def as_json(encoding: Encoding) -> str:
    """The whole encoding as the command line's ``tokenize --json`` prints it."""
    return json.dumps(record(encoding), ensure_ascii=False)


def counts(sides: Sequence[Side], context_tokens: int) -> list[dict[str, Any]]:
    """A row a tokenizer: tokens, ratios (None where there is nothing to divide by), the share of a context window,
    how many of its cuts all the others make too, and the round trip.
    """
    shared = np.count_nonzero(shared_ends([side.encoding for side in sides]))
    rows = []
    for side in sides:
        measured = measure(side.encoding)
        rows.append(
            {
                "tokenizer": side.title,
                "tokens": measured.tokens,
                "characters per token": measured.characters_per_token,
                "bytes per token": measured.bytes_per_token,
                "tokens per word": measured.tokens_per_word,
                "share of context": measured.tokens / context_tokens,
                "cuts shared by all": f"{shared:,} of {np.count_nonzero(side.encoding.byte_ends):,}",
                "round trip": "exact" if side.encoding.round_trip else "lossy",
            }
        )
    return rows


def bars(sides: Sequence[Side]) -> go.Figure:
    """The number of tokens each tokenizer needs for the same text, in the order given; a lossy count is hatched.

    A tokenizer that throws text away needs few tokens: that is no compression.
    """
    amounts = [len(side.encoding.tokens) for side in sides]
    lossy = [not side.encoding.round_trip for side in sides]
    places = list(range(len(sides)))
    figure = go.Figure(
        go.Bar(
            x=amounts,
            y=places,
            orientation="h",
            text=[f"{amount:,}{' (lossy)' if lost else ''}" for amount, lost in zip(amounts, lossy, strict=True)],
            textposition="outside",
            cliponaxis=False,
            marker={"color": palette.SKY, "pattern": {"shape": ["/" if lost else "" for lost in lossy]}},
            hovertemplate="%{x:,} tokens<extra></extra>",
        )
    )
    figure.update_layout(
        height=70 + 34 * len(sides),
        margin={"l": 0, "r": 70, "t": 10, "b": 40},
        xaxis={"title": "tokens", "rangemode": "tozero"},
        yaxis={"tickvals": places, "ticktext": [escape(side.title) for side in sides], "autorange": "reversed"},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        bargap=0.35,
    )
    return figure


def _tints() -> str:
    count = len(palette.TOKEN_TINTS)
    return "".join(
        f".lp-chips>span:nth-of-type({count}n+{index + 1}){{--lp:{colour}}}"
        for index, colour in enumerate(palette.TOKEN_TINTS)
    )


_STYLE = f"""<style>
{_tints()}
.lp-cards{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));gap:.75rem}}
.lp-cards section{{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.6rem;
  padding:.7rem .85rem;display:flex;flex-direction:column;gap:.5rem;min-width:0}}
.lp-cards header{{display:flex;align-items:baseline;gap:.6rem;flex-wrap:wrap}}
.lp-cards header small,.lp-cards footer{{opacity:.72}}
.lp-cards header strong{{margin-left:auto;font-variant-numeric:tabular-nums}}
.lp-cards footer{{font-size:.82rem;margin-top:auto}}
.lp-lost{{text-decoration:underline {palette.WARNING} 2px;text-underline-offset:3px}}
.lp-chips{{max-height:22rem;overflow:auto;line-height:2;overflow-wrap:anywhere}}
.lp-chips>span{{background:color-mix(in srgb,var(--lp) 30%,transparent);border-radius:.3rem;
  unicode-bidi:isolate}}
.lp-chips>span{{display:inline-block;padding:0 .22em;margin:0 1px;line-height:1.6;white-space:pre-wrap;max-width:100%;
  border-bottom:2px solid var(--lp)}}
.lp-chips>span.lp-s{{border:2px solid currentColor;font-weight:600}}
.lp-chips>span.lp-d{{border-right:2px solid {palette.WARNING}}}
.lp-chips>span.lp-u{{border:2px dashed {palette.WARNING}}}
.lp-chips i,.lp-diff i{{font-style:normal;opacity:.55}}
.lp-chips code,.lp-diff code{{font-size:.78em;padding:0 .15em;background:none;color:inherit;
  border:1px dotted color-mix(in srgb,currentColor 50%,transparent);border-radius:.2em}}
.lp-diff{{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9}}
.lp-diff del{{background:color-mix(in srgb,{palette.WARNING} 25%,transparent)}}
.lp-diff ins{{background:color-mix(in srgb,{palette.GREEN} 25%,transparent);text-decoration:underline}}
</style>"""
