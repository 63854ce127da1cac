"""How one word becomes tokens, drawn: frames for the stepper (merges, longest match), and the Unigram lattice.

Frames are plain data for the browser, which sets them as text; the HTML is for ``st.html``, every text in it escaped.
"""

import math
from collections.abc import Callable, Sequence
from html import escape
from itertools import groupby
from typing import Any

from playground.core import bpe_trace, unigram_lattice
from playground.core.bpe_trace import Pair, Step
from playground.core.pipeline import SPACE
from playground.core.unigram_lattice import Edge, Lattice, Path
from playground.core.visible import Glyph, glyphs, visible
from playground.core.wordpiece_trace import PREFIX, UNKNOWN, Matching
from playground.figures import palette

Frame = dict[str, Any]
_COLUMN_REM = 3.1  # a letter and its score in one line
_DOT_REM = 0.4  # the last dot stands half outside its column
_LAST_RANK = 10**8  # Mistral's runs of spaces merge after everything else


def shown(part: bytes | str) -> str:
    """A part as text with nothing invisible in it; SentencePiece's ▁ is drawn as the space it stands for."""
    return visible(_spaced(part)) if isinstance(part, str) else visible(part.decode(errors="replace"), part)


def _spaced(piece: str) -> str:
    return piece.replace(SPACE, " ")


def _glyphs(part: bytes | str) -> tuple[Glyph, ...]:
    return glyphs(_spaced(part)) if isinstance(part, str) else glyphs(part.decode(errors="replace"), part)


def _cell(part: bytes | str, kind: str = "", under: str = "") -> dict[str, Any]:
    return {"glyphs": _glyphs(part), "kind": kind, "under": under}


def _rank(rank: int) -> str:
    return f"{rank:,}" if rank < _LAST_RANK else "last"


def merge_frames(steps: Sequence[Step], ids_of: Callable[[Any], tuple[int, ...]]) -> list[Frame]:
    """A frame a step: the parts, the rank between each two neighbours and why that pair does not merge now, if so."""
    return [_merge_frame(steps, at, ids_of) for at in range(len(steps))]


def _merge_frame(steps: Sequence[Step], at: int, ids_of: Callable[[Any], tuple[int, ...]]) -> Frame:
    step, chosen = steps[at], steps[at].chosen
    fates = [bpe_trace.fate(steps, at, pair) for pair in step.pairs]
    gaps = [
        {"shown": "–" if pair.rank is None else _rank(pair.rank), "kind": fate.kind, "why": _why(pair, fate, step, at)}
        for pair, fate in zip(step.pairs, fates, strict=True)
    ]
    merging = {} if chosen is None else {step.pairs.index(chosen): "left", step.pairs.index(chosen) + 1: "right"}
    cells = [_cell(part, merging.get(place, "")) for place, part in enumerate(step.parts)]
    if chosen is None:
        for cell, part in zip(cells, step.parts, strict=True):
            cell |= {"kind": "done", "under": " ".join(map(str, ids_of(part)))}
        tail = "no rule joins any two neighbours" if step.pairs else "nothing is left to join"
        noun = "these are the tokens" if len(cells) != 1 else "this is the token"
        return {"cells": cells, "gaps": gaps, "say": f"Done: {tail}, {noun}, with their ids.", "did": "done"}
    rules = sum(pair.rank is not None for pair in step.pairs)
    joined = f"{shown(chosen.left)} + {shown(chosen.right)} → {shown(chosen.joined)}"
    rest = f"the lowest of the {rules} ranks here" if rules > 1 else "the only pair with a rule"
    say = f"Merge {at + 1}: {joined}. Rank {_rank(chosen.rank or 0)} is {rest}."
    return {"cells": cells, "gaps": gaps, "say": say, "did": shown(chosen.joined)}


def _why(pair: Pair, fate: bpe_trace.Fate, step: Step, at: int) -> str:
    named = f"{shown(pair.left)} + {shown(pair.right)}"
    if pair.rank is None:
        return f"{named}: there is no rule for this pair, so {shown(pair.joined)} is never made here."
    has = f"{named} has rank {_rank(pair.rank)}"
    if fate.kind == "now" or step.chosen is None or fate.step is None or fate.by is None:
        return f"{has}, the lowest of all pairs here{_leftmost(pair, step)}: it merges now."
    goes_first = (
        f"the same pair further left goes first (rank {_rank(step.chosen.rank or 0)})"
        if step.chosen.rank == pair.rank
        else f"{shown(step.chosen.joined)} goes first with rank {_rank(step.chosen.rank or 0)}"
    )
    if fate.kind == "later":
        return f"{has}, but {goes_first}. Its own turn is merge {fate.step + 1}."
    when = "now" if fate.step == at else f"in merge {fate.step + 1}"
    taken = pair.left if fate.by.start < pair.middle and fate.by.end <= pair.middle else pair.right
    return f"{has}, but {goes_first}. It never gets a turn: {when}, {shown(taken)} goes into {shown(fate.by.joined)}."


def _leftmost(pair: Pair, step: Step) -> str:
    equals = sum(other.rank == pair.rank for other in step.pairs)
    return ", and the leftmost of equals" if equals > 1 else ""


def match_frames(matching: Matching) -> list[Frame]:
    """A frame a piece, with the longer candidates tried before it, and a last one with all pieces."""
    frames: list[Frame] = []
    found: list[dict[str, Any]] = []
    for start, group in groupby(matching.tries, key=lambda candidate: candidate.start):
        tries = list(group)
        hit, missed = tries[-1], [shown(candidate.piece) for candidate in tries if candidate.id is None]
        if hit.id is None:  # not even the first character alone
            cells = [*found, _cell(matching.word[start:], "miss", "no piece")]
            say = f"Nothing starts with {shown(hit.piece)}, not even that alone: nothing shorter is left to try."
            frames.append({"cells": cells, "gaps": [], "say": say, "did": "no piece", "tried": missed})
            break
        rest = matching.word[hit.end :]
        cells = [*found, _cell(hit.piece, "hit", str(hit.id)), *([_cell(rest, "rest")] if rest else [])]
        say = f"Piece {len(frames) + 1}: {shown(hit.piece)} is in the vocabulary{_after(len(missed))}: take it."
        frames.append({"cells": cells, "gaps": [], "say": say, "did": shown(hit.piece), "tried": missed})
        found.append(_cell(hit.piece, "done", str(hit.id)))
    whole = bool(matching.pieces)
    cells = found if whole else [_cell(UNKNOWN, "miss", str(matching.unknown_id))] if matching.word else []
    say = (
        f"Done. {PREFIX} says: this piece continues a word."
        if whole
        else f"A stretch fits no piece at all, so the whole word becomes {UNKNOWN}: its letters are lost."
    )
    return [*frames, {"cells": cells, "gaps": [], "say": say, "did": "done", "tried": []}]


def _after(misses: int) -> str:
    return f", the first of {misses + 1} tries that is" if misses else " as it stands"


def lattice(of: Lattice, path: Path) -> str:
    """The lattice: characters in columns, every piece that fits over its characters, the path's own row first."""
    best = unigram_lattice.best_scores(of)
    cells = [f"<b style='{_at(1, i, 1)}'>{_html(character)}</b>" for i, character in enumerate(of.text)]
    cells += [f"<small class='lp-node' style='{_at(2, i, 1)}'>{score:.1f}</small>" for i, score in enumerate(best[1:])]
    cells += [_edge(edge, 3, "lp-on") for edge in path.edges]
    others = sorted(set(of.edges) - set(path.edges), key=lambda edge: (edge.start - edge.end, edge.start))
    lanes: list[list[Edge]] = []
    for edge in others:  # the longest first, each in the first lane with room
        lane = next((row for row in lanes if all(e.end <= edge.start or edge.end <= e.start for e in row)), None)
        if lane is None:
            lanes.append(lane := [])
        lane.append(edge)
        cells.append(_edge(edge, 4 + lanes.index(lane), ""))
    lines = "".join(f"<i style='grid-area:1/{i + 1}/{4 + len(lanes)}/auto'></i>" for i in range(len(of.text)))
    width = _COLUMN_REM * len(of.text) + _DOT_REM
    cue = f"<style>@container lp-lattice (width < {width:.1f}rem){{.lp-frame::after,.lp-cue{{display:block}}}}</style>"
    return (
        f"{_STYLE}{cue}<div class='lp-lattice'><div class='lp-frame'><div class='lp-scroll'>"
        f"<div>{lines}{''.join(cells)}</div></div></div>"
        "<small class='lp-cue'>Wider than the page: scroll it sideways →</small></div>"
    )


def _edge(edge: Edge, row: int, name: str) -> str:
    kind = f"{name} lp-unknown" if edge.id is None else name
    title = f"{shown(edge.piece)}: score {edge.score:.4f}, probability {math.exp(edge.score):.2g}"
    title += f", id {edge.id}" if edge.id is not None else ", no piece: written in bytes"
    style = _at(row, edge.start, edge.end - edge.start)
    return (
        f"<span class='{kind}' style='{style}' title='{escape(title)}'>{_html(edge.piece)}"
        f"<small>{edge.score:.1f}</small></span>"
    )


def _html(text: str) -> str:
    return escape(shown(text))


def _at(row: int, column: int, width: int) -> str:
    return f"grid-area:{row}/{column + 1}/auto/span {width}"


def paths(found: Sequence[Path], log_sum: float) -> list[dict[str, Any]]:
    """A row a path, for a table: its pieces, their scores added up, its share of all paths' probability."""
    return [
        {
            "": number,
            "pieces": "  ".join(shown(edge.piece) for edge in path.edges),
            "tokens": len(path.edges),
            "score": path.score,
            "share of all ways": math.exp(path.score - log_sum),
        }
        for number, path in enumerate(found, start=1)
    ]


def sum_of(path: Path) -> str:
    """The path's score as the sum it is."""
    terms = [f"{edge.score:.2f} ({shown(edge.piece)})" for edge in path.edges]
    return f"{' + '.join(terms)} = {path.score:.2f}".replace("-", "−")


def three_ways(cards: Sequence[tuple[str, str, Sequence[tuple[str, int]], str]]) -> str:
    """A card an algorithm, side by side: its name, whose vocabulary, pieces as shown with their ids, what decides."""
    return f"{_STYLE}<div class='lp-ways'>{''.join(_way(*card) for card in cards)}</div>"


def _way(algorithm: str, whose: str, pieces: Sequence[tuple[str, int]], decides: str) -> str:
    tints = len(palette.TOKEN_TINTS)
    chips = "".join(
        f"<span class='lp-w{i % tints}'>{escape(piece)}<small>{token_id}</small></span>"
        for i, (piece, token_id) in enumerate(pieces)
    )
    count = f"{len(pieces)} token{'' if len(pieces) == 1 else 's'}"
    return (
        f"<section><header><b>{escape(algorithm)}</b><small>{escape(whose)}</small><strong>{count}</strong></header>"
        f"<div>{chips or '<em>no tokens</em>'}</div><footer>{escape(decides)}</footer></section>"
    )


_STYLE = f"""<style>
{"".join(f".lp-w{i}{{--lp:{colour}}}" for i, colour in enumerate(palette.TOKEN_TINTS))}
.lp-ways{{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,14.5rem),1fr));gap:.75rem}}
.lp-ways section{{border:1px solid color-mix(in srgb,currentColor 18%,transparent);border-radius:.6rem;min-width:0;
  padding:.7rem .85rem;display:flex;flex-direction:column;gap:.6rem}}
.lp-ways header{{display:flex;gap:.2rem .6rem;align-items:baseline;flex-wrap:wrap}}
.lp-ways header small,.lp-ways footer{{opacity:.75}}
.lp-ways header strong{{margin-left:auto;font-variant-numeric:tabular-nums}}
.lp-ways footer{{font-size:.85rem;margin-top:auto}}
.lp-ways div{{display:flex;flex-wrap:wrap;gap:.3rem;overflow-wrap:anywhere}}
.lp-ways span{{background:color-mix(in srgb,var(--lp) 28%,transparent);border-bottom:3px solid var(--lp);
  border-radius:.35rem;padding:.15rem .5rem;font-size:1.15rem;unicode-bidi:isolate;text-align:center}}
.lp-ways span small{{display:block;font-size:.68rem;opacity:.8;font-variant-numeric:tabular-nums}}
.lp-lattice{{container:lp-lattice/inline-size}}
.lp-frame{{position:relative;timeline-scope:--lp-scrolled}}
.lp-frame::after{{content:"";display:none;position:absolute;inset:0 0 0 auto;width:2.5rem;pointer-events:none;
  background:linear-gradient(to right,transparent,color-mix(in srgb,currentColor 28%,transparent));
  animation:lp-gone linear both;animation-timeline:--lp-scrolled;animation-range:calc(100% - 2rem) 100%}}
@keyframes lp-gone{{to{{opacity:0}}}}
.lp-cue{{display:none;text-align:right;opacity:.75;padding-top:.2rem}}
.lp-scroll{{overflow-x:auto;padding:0 0 .4rem;scroll-timeline:--lp-scrolled inline}}
.lp-scroll>div{{display:grid;grid-auto-columns:minmax({_COLUMN_REM}rem,1fr);gap:4px 0;min-width:min-content;
  padding-right:{_DOT_REM}rem}}
.lp-lattice i{{border-right:1px dashed color-mix(in srgb,currentColor 22%,transparent)}}
.lp-lattice b{{text-align:center;font-weight:600;unicode-bidi:isolate;white-space:pre}}
.lp-node{{text-align:right;font-size:.7rem;font-variant-numeric:tabular-nums;padding-right:.35rem;position:relative}}
.lp-node::after{{content:"";position:absolute;right:-4px;top:.35rem;width:7px;height:7px;border-radius:50%;
  background:currentColor}}
.lp-lattice span{{display:flex;justify-content:center;align-items:baseline;gap:0 .25rem;margin:0 2px;
  font-size:.9rem;padding:.1rem;border:1px solid color-mix(in srgb,currentColor 30%,transparent);border-radius:.35rem;
  unicode-bidi:isolate;white-space:pre;min-width:0;overflow:hidden}}
.lp-lattice span.lp-on{{border:2px solid {palette.ORANGE};font-weight:600;
  background:color-mix(in srgb,{palette.ORANGE} 30%,transparent)}}
.lp-lattice span.lp-unknown{{border-style:dashed;border-color:{palette.WARNING}}}
.lp-lattice span small{{font-size:.65rem;opacity:.75;font-variant-numeric:tabular-nums;font-weight:400}}
</style>"""
