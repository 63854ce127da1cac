"""The messages that a model reads in a row of tokens, as a table whose text is never cut off."""

from collections.abc import Sequence
from html import escape

from playground.core.chat import Turn
from playground.core.visible import visible


def turns(read: Sequence[Turn]) -> str:
    """A row a message: its role, its whole text with spaces and line ends visible, whether it was ended."""
    head = "".join(f"<th>{name}</th>" for name in ("role", "text", "ended"))
    return f"{_STYLE}<table class='lp-turns'><tr>{head}</tr>{''.join(map(_row, read))}</table>"


def _row(turn: Turn) -> str:
    role = escape(visible(turn.role)) if turn.role else "<i>outside any message</i>"
    # A visible space is a letter to the browser: it needs to be told that a line may end there.
    text = escape(visible(turn.text)).replace("·", "·<wbr>").replace("↵", "↵<br>")
    return f"<tr><td>{role}</td><td class='lp-said'>{text}</td><td>{'yes' if turn.ended else 'no'}</td></tr>"


_STYLE = """<style>
.lp-turns{width:100%;border-collapse:collapse}
.lp-turns th,.lp-turns td{text-align:left;vertical-align:top;padding:.35rem .6rem;
  border:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.lp-turns th{font-weight:400;opacity:.72}
.lp-turns .lp-said{width:100%;overflow-wrap:anywhere;unicode-bidi:isolate}
</style>"""
