"""What a class looks at together, large enough for the back row: the code, the question, the result, the sentence.

All of it is HTML for ``st.html``, which sanitises but does not escape: every text goes through ``html.escape``.
"""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from playground.core.visible import visible
from playground.figures import palette, qr

CLASS, MODEL = palette.ORANGE, palette.BLUE


class Share(NamedTuple):
    """One token of a result: how many of the class chose it, and the model's probability (0 to 1)."""

    text: str
    votes: int
    probability: float
    offered: bool = True  # whether the class could choose it
    longer: tuple[str, ...] = ()  # written answers that begin with this token and go on


def join_card(address: str, code: str) -> str:
    """Where to go and what to type; beside it a QR code of the address that holds both."""
    plain = address.partition("?")[0].removeprefix("https://").removeprefix("http://")
    picture = qr.picture(address, f"QR code of {address}") or ""
    return (
        f"{_STYLE}<div class='lp-wall'><div class='lp-join'>"
        f"<div><div class='lp-code'>{escape(code)}</div>"
        f"<div class='lp-go'>Open <b>{escape(plain)}</b> and type this code, or scan.</div></div>"
        f"<div class='lp-qr'>{picture}</div></div></div>"
    )


def people(names: Sequence[tuple[str, bool, bool]]) -> str:
    """Everybody by name: (name, is here, follows)."""
    chips = "".join(
        f"<span class='lp-who{'' if here else ' lp-away'}'>{escape(name)}"
        f"{'' if follows or not here else ' <i>on their own</i>'}{'' if here else ' <i>away</i>'}</span>"
        for name, here, follows in names
    )
    return f"{_STYLE}<div class='lp-people'>{chips}</div>"


def question(prompt: str, asked: str) -> str:
    """The prompt in large type, with a gap where the next token goes."""
    return (
        f"{_STYLE}<div class='lp-ask'><div class='lp-say'>{escape(asked)}</div>"
        f"<div class='lp-prompt'>{escape(prompt)}<span class='lp-gap' role='img' aria-label='what comes here?'>"
        "</span></div></div>"
    )


def options(texts: Sequence[str]) -> str:
    """What may be chosen, for those who look at the wall."""
    shown = "".join(f"<b><i>{letter(number)}</i>{escape(visible(text))}</b>" for number, text in enumerate(texts))
    return f"{_STYLE}<div class='lp-options'>{shown}</div>"


def letter(number: int) -> str:
    """The letter of a choice, the first one's being A.

    >>> letter(0), letter(3)
    ('A', 'D')
    """
    return chr(ord("A") + number)


def result(shares: Sequence[Share], voters: int, *, winner: str | None = None, mine: str | None = None) -> str:
    """For each token the class's share (if anybody answered) above the model's probability; a full track is 100 %.

    ``winner`` and ``mine`` are the tokens of the row marked as the class's choice, and as one's own.
    """
    rows = "".join(
        _row(share, voters, [name for name, it in (("chosen", winner), ("your choice", mine)) if it == share.text])
        for share in shares
    )
    told = "".join(
        f"<span><i style='background:{colour}'></i>{name}</span>"
        for name, colour in ((("The class", CLASS),) if voters else ()) + (("The model", MODEL),)
    )
    return f"{_STYLE}<div class='lp-wall'><div class='lp-result'><div class='lp-key'>{told}</div>{rows}</div></div>"


def sentences(prompt: str, class_tokens: Sequence[str], model_tokens: Sequence[str]) -> str:
    """What the class wrote above what the model writes alone; each token marked off from the next."""
    lines = (("The class", class_tokens, CLASS), ("The model alone", model_tokens, MODEL))
    return _STYLE + "".join(
        f"<div class='lp-line'><div class='lp-by'>{name}</div><div class='lp-prompt'>{escape(prompt)}"
        + "".join(
            f"<span class='lp-token' style='border-color:{colour};background:{palette.faint(colour, 0.16)}'>"
            f"{escape(_readable(token))}</span>"
            for token in tokens
        )
        + "</div></div>"
        for name, tokens, colour in lines
    )


def _row(share: Share, voters: int, marks: Sequence[str]) -> str:
    bars = _bar(share.probability, MODEL, _percent(share.probability))
    if voters:
        part = share.votes / voters
        said = f"{_percent(part)} · {share.votes}" if share.votes else "0" if share.offered else "not offered"
        bars = _bar(part, CLASS, said) + bars
    chips = "".join(f" <span class='lp-won'>{mark}</span>" for mark in marks)
    longer = ", ".join(f"“{escape(text)}”" for text in share.longer)
    return (
        f"<div class='lp-row'><div class='lp-word'>{escape(visible(share.text))}{chips}"
        + (f"<div class='lp-from'>from: {longer}</div>" if longer else "")
        + f"</div><div>{bars}</div></div>"
    )


def _bar(value: float, colour: str, label: str) -> str:
    return (
        f"<div class='lp-track'><div class='lp-fill' style='width:max({100 * value:.2f}%,{2 if value else 0}px);"
        f"background:{colour}'></div><span>{label}</span></div>"
    )


def _percent(share: float) -> str:
    """As people read it; a share too small for a digit is not nothing."""
    if 0 < share < 0.0005:
        return "&lt; 0.1 %"
    return f"{100 * share:.0f} %" if share >= 0.0995 or share == 0 else f"{100 * share:.1f} %"


def _readable(token: str) -> str:
    """A token inside a sentence: its spaces stay spaces, what can't be seen is written out."""
    return visible(token).replace("·", " ")


_STYLE = """<style>
.lp-wall{container-type:inline-size}
.lp-join{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,min(14rem,36%));gap:1rem 2rem;align-items:center}
.lp-join>:first-child{container-type:inline-size}
.lp-qr{line-height:0}
.lp-qr img{border-radius:.6rem;width:100%}
@container (max-width:420px){.lp-join{grid-template-columns:minmax(0,1fr)}.lp-qr{width:14rem}}
.lp-go{font-size:1.25rem;overflow-wrap:anywhere}
.lp-code{font:700 clamp(2rem,15cqi,5.5rem)/1.15 ui-monospace,monospace;letter-spacing:.06em;white-space:nowrap}
.lp-people{display:flex;flex-wrap:wrap;gap:.5rem}
.lp-who{padding:.25rem .75rem;border-radius:2rem;background:color-mix(in srgb,currentColor 9%,transparent)}
.lp-who i{opacity:.75;font-size:.85em}.lp-away{opacity:.6}
.lp-say{font-size:1.15rem;opacity:.8;margin-bottom:.35rem}
.lp-prompt{font-size:clamp(1.5rem,3.2vw,2.6rem);line-height:1.4;white-space:pre-wrap;overflow-wrap:anywhere;
  unicode-bidi:isolate}
.lp-gap{display:inline-block;min-width:3.2em;height:1em;margin-left:.25em;border-bottom:.12em solid currentColor;
  opacity:.55}
.lp-options{display:flex;flex-wrap:wrap;gap:.6rem}.lp-options b{padding:.4rem 1.1rem;border-radius:.6rem;
  font:600 clamp(1.1rem,2vw,1.6rem)/1.3 ui-monospace,monospace;
  border:1px solid color-mix(in srgb,currentColor 30%,transparent)}
.lp-options i{font:600 .8em/1 'Source Sans',sans-serif;opacity:.75;margin-right:.8em}
.lp-result{display:grid;grid-template-columns:fit-content(45%) minmax(0,1fr);gap:0 1rem}
.lp-key,.lp-row{grid-column:1/-1}
.lp-key{display:flex;gap:1.5rem;font-size:1.1rem;margin-bottom:.6rem}
.lp-key i{display:inline-block;width:1em;height:1em;border-radius:.2em;margin-right:.45em;vertical-align:-.12em}
.lp-row{display:grid;grid-template-columns:subgrid;align-items:center;padding:.4rem 0;
  border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
@container (max-width:420px){.lp-row{grid-template-columns:minmax(0,1fr)}}
.lp-word{font:600 clamp(1.1rem,2vw,1.6rem)/1.3 ui-monospace,monospace;overflow-wrap:anywhere;unicode-bidi:isolate}
.lp-won{font:600 .85rem 'Source Sans',sans-serif;border:1px solid currentColor;border-radius:1rem;padding:.05rem .55rem;
  white-space:nowrap}
.lp-from{font-family:'Source Sans',sans-serif;font-size:.9rem;font-weight:400;opacity:.8}
.lp-track{display:flex;align-items:center;gap:.6rem;height:1.7rem;padding:.275rem 6.5rem .275rem 0;
  box-sizing:border-box;background:color-mix(in srgb,currentColor 8%,transparent) content-box}
.lp-track span{font-variant-numeric:tabular-nums;white-space:nowrap;margin-right:-6.5rem;font-size:1.05rem}
.lp-fill{height:1.15rem;border-radius:.25rem}
.lp-line{margin-bottom:1rem}.lp-by{opacity:.8;font-size:1.05rem}
.lp-token{border-bottom:.12em solid;border-radius:.15em;box-decoration-break:clone}
</style>"""
