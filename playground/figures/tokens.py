"""Tokens drawn: coloured chips, the byte strip, what a round trip lost, a table, and counts side by side.

The HTML is for ``st.html``, which sanitises but does not escape: every text in it goes through ``html.escape``.
"""

import csv as csv_module
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import plotly.graph_objects as go

from playground.core import alignment, round_trip
from playground.core.tokens import Encoding, Token, measure
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


def cards(sides: Sequence[Side], view: View, max_chips: int) -> str:
    """One card a tokenizer, side by side: name, number of tokens, the first ``max_chips`` as chips, what is lost."""
    return f"{_STYLE}<div class='lp-cards'>{''.join(_card(side, view, max_chips) for side in sides)}</div>"


def _card(side: Side, view: View, max_chips: int) -> str:
    tokens = side.encoding.tokens
    body = "".join(_chip(token, index, view) for index, token in enumerate(tokens[:max_chips]))
    more = f"<em>+{len(tokens) - max_chips:,} more</em>" if len(tokens) > max_chips else ""
    lost = round_trip.losses(side.encoding)
    trip = f"<b>Not reversible</b>: {escape('; '.join(lost))}" if lost else "Reversible"
    return (
        f"<section><header><b>{escape(side.title)}</b><small>{escape(side.kind)}</small>"
        f"<strong>{len(tokens):,} token{'' if len(tokens) == 1 else 's'}</strong></header>"
        f"<div class='lp-chips'>{body or '<em>no tokens</em>'}{more}</div>"
        f"<footer>{escape(side.note)} <span class='{'lp-lost' if lost else ''}'>{trip}.</span></footer></section>"
    )


def _chip(token: Token, index: int, view: View) -> str:
    classes = " ".join(name for name, on in (("lp-s", token.special), ("lp-u", token.unknown)) if on)
    attributes = f" class='{classes}'" if classes else ""
    ends_line = "<br>" if view == "text" and token.raw.endswith(b"\n") else ""
    return f"<span{attributes} title='{escape(_tooltip(token, index))}'>{_content(token, view)}</span>{ends_line}"


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
    raw = token.raw[:_HEX_IN_TOOLTIP].hex(" ").upper() + (" …" if len(token.raw) > _HEX_IN_TOOLTIP else "")
    where = "added by the tokenizer" if token.added else f"characters {token.start}–{token.end}"
    kind = ", unknown: the text is lost" if token.unknown else ", control token" if token.special else ""
    return f"token {index}: id {token.id}, {len(token.raw)} bytes {raw}, {where}{kind}"


def byte_strip(encoding: Encoding, max_tokens: int) -> str:
    """The text as aligned rows (characters, code points, UTF-8 bytes, tokens with ids), up to ``max_tokens``."""
    parts = "".join(map(_block, alignment.blocks(encoding, max_tokens)))
    more = len(encoding.tokens) - max_tokens
    rest = f"<em>+{more:,} more tokens</em>" if more > 0 else ""
    return f"{_STYLE}<div class='lp-strip'>{parts or '<em>nothing to show</em>'}{rest}</div>"


def _block(block: alignment.Block) -> str:
    cells, used = [], 0  # a column a byte
    for count, character in enumerate(block.characters):
        raw = character.encode()
        if used + len(raw) > _BYTES_IN_BLOCK:
            cells.append(f"<small style='{_at(1, used, 1)}'>+{len(block.characters) - count:,} characters</small>")
            used += 1
            break
        shown = "".join(map(_glyph, glyphs(character)))
        cells.append(f"<b style='{_at(1, used, len(raw))}'>{shown}</b>")
        cells.append(f"<small style='{_at(2, used, len(raw))}'>{code_point(character)[2:]}</small>")
        cells += [f"<code style='{_at(3, used + place, 1)}'>{byte:02X}</code>" for place, byte in enumerate(raw)]
        used += len(raw)
    return f"<div class='lp-block'>{''.join(cells)}{_block_tokens(block, max(1, used))}</div>"


def _block_tokens(block: alignment.Block, columns: int) -> str:
    if not block.tokens:
        return f"<em style='{_at(4, 0, columns)}'>no token</em>"
    over_bytes = block.one_to_one and 0 < len(block.characters.encode()) <= _BYTES_IN_BLOCK
    tokens = []
    for index, token in enumerate(block.tokens, block.first_token):
        place = _at(4, token.byte_start - block.byte_start, token.byte_end - token.byte_start) if over_bytes else ""
        tokens.append(
            f"<span class='lp-c{index % len(palette.TOKEN_TINTS)}' style='{place}'"
            f" title='{escape(_tooltip(token, index))}'>{_content(token, 'text')}<small>{token.id}</small></span>"
        )
    drawn = "".join(tokens)
    return drawn if over_bytes else f"<div style='{_at(4, 0, columns)}'>{drawn}</div>"


def _at(row: int, column: int, width: int) -> str:
    return f"grid-area:{row}/{column + 1}/auto/span {width}"


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


def counts(sides: Sequence[Side]) -> list[dict[str, Any]]:
    """A row a tokenizer: tokens and ratios (None where there is nothing to divide by), and the round trip."""
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
        f".lp-chips>span:nth-of-type({count}n+{index + 1}),.lp-c{index}{{--lp:{colour}}}"
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
.lp-chips>span,.lp-strip span{{background:color-mix(in srgb,var(--lp) 30%,transparent);border-radius:.3rem;
  unicode-bidi:isolate}}
.lp-chips>span{{display:inline-block;padding:0 .22em;margin:0 1px;line-height:1.6;white-space:pre-wrap;max-width:100%;
  border-bottom:2px solid var(--lp)}}
.lp-chips>span.lp-s{{border:2px solid currentColor;font-weight:600}}
.lp-chips>span.lp-u{{border:2px dashed {palette.WARNING}}}
.lp-chips i,.lp-strip i,.lp-diff i{{font-style:normal;opacity:.55}}
.lp-chips code,.lp-strip code,.lp-diff code{{font-size:.78em;padding:0 .15em;background:none;color:inherit;
  border:1px dotted color-mix(in srgb,currentColor 50%,transparent);border-radius:.2em}}
.lp-strip{{display:flex;flex-wrap:wrap;gap:.55rem .3rem;align-items:flex-start}}
.lp-block{{display:grid;grid-auto-columns:minmax(1.5rem,auto);grid-template-rows:1.6rem .9rem 1.3rem auto;
  max-width:100%;overflow-x:auto;text-align:center;column-gap:1px}}
.lp-block>b,.lp-block>small{{unicode-bidi:isolate;white-space:pre}}
.lp-block>b{{font-weight:500}}
.lp-block>small{{font-size:.6rem;opacity:.7}}
.lp-block>code{{font-size:.72rem;border:0;padding:0}}
.lp-block>div{{display:flex;gap:1px;justify-content:center}}
.lp-block>div>span{{flex:1}}
.lp-block span{{padding:.1rem .15rem;white-space:pre;border-bottom:2px solid var(--lp)}}
.lp-block span small{{display:block;font-size:.64rem;opacity:.85;font-variant-numeric:tabular-nums}}
.lp-block em{{font-size:.7rem;opacity:.65;border-top:1px dashed currentColor}}
.lp-diff{{white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9}}
.lp-diff del{{background:color-mix(in srgb,{palette.WARNING} 25%,transparent)}}
.lp-diff ins{{background:color-mix(in srgb,{palette.GREEN} 25%,transparent);text-decoration:underline}}
</style>"""
