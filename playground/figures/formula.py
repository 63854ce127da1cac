"""A formula with its numbers filled in, as escaped HTML that wraps on a phone."""

from html import escape


def formula(text: str) -> str:
    """One formula in a tinted block.

    >>> "1 &lt; 2" in formula("1 < 2")
    True
    """
    return f"{_STYLE}<div class='lp-formula'>{escape(text)}</div>"


_STYLE = """<style>
.lp-formula{font-family:var(--st-code-font,ui-monospace,monospace);font-size:.95rem;line-height:1.6;padding:.6rem .9rem;
  border-radius:.5rem;background:color-mix(in srgb,currentColor 7%,transparent);overflow-wrap:anywhere}
</style>"""
