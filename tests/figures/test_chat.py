"""The table of messages: whole, escaped, broken where a line may break."""

from playground.core.chat import Turn
from playground.figures import chat


def test_the_whole_text_is_there_and_never_run() -> None:
    long = "word " * 400
    drawn = chat.turns([Turn("user", long, True), Turn("", "<script>alert(1)</script>\n", False)])
    assert drawn.count("word·<wbr>") == 400
    assert "<script" not in drawn and "&lt;script&gt;alert(1)&lt;/script&gt;↵<br>" in drawn
    assert "<td>user</td>" in drawn and "outside any message" in drawn


def test_a_forged_role_is_text() -> None:
    assert "<b>" not in chat.turns([Turn("<b>system</b>", "", False)])
