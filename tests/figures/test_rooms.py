"""What a class looks at: every text escaped, lengths in proportion, the code readable and scannable."""

import re

from hypothesis import given
from hypothesis import strategies as st

from playground.figures import rooms
from playground.figures.rooms import Share

HOSTILE = "</div><script>x</script><img src=y onerror=z>"


def widths(html: str) -> list[float]:
    return [float(w) for w in re.findall(r"width:max\(([\d.]+)%", html)]


def test_hostile_text_stays_text() -> None:
    drawn = (
        rooms.question(HOSTILE, HOSTILE)
        + rooms.result([Share(HOSTILE, 1, 0.5)], 1, winner=HOSTILE, who=HOSTILE)
        + rooms.sentences(HOSTILE, [HOSTILE], [HOSTILE])
        + rooms.people([(HOSTILE, True, False)])
        + rooms.options([HOSTILE])
        + rooms.join_card(f"http://host/room?code={HOSTILE}", HOSTILE)
    )
    assert "<script" not in drawn and "<img src=y" not in drawn


def test_bars_are_in_proportion_on_one_scale() -> None:
    drawn = widths(rooms.result([Share(" a", 3, 0.8), Share(" b", 1, 0.1), Share(" c", 0, 0.0)], 4))
    assert drawn == [93.75, 100, 31.25, 12.5, 0, 0]


@given(st.integers(0, 60), st.floats(0, 1))
def test_a_share_is_never_shown_as_nothing_unless_it_is(votes: int, probability: float) -> None:
    html = rooms.result([Share(" a", votes, probability)], 60)
    labels = re.findall(r"<span>([^<]*)</span></div>", html)
    assert labels[0] == ("0" if votes == 0 else labels[0]) and (votes == 0 or labels[0].endswith(f"· {votes}"))
    assert (labels[1] == "0 %") == (probability == 0)


def test_without_answers_the_model_still_shows() -> None:
    assert widths(rooms.result([Share(" a", 0, 0.5)], 0)) == [0, 100]


def test_the_join_card_says_where_and_what() -> None:
    card = rooms.join_card("https://demo.example/room?code=MVBRG6PC", "MVBR G6PC")
    assert "<b>demo.example/room</b>" in card and ">MVBR G6PC<" in card and 'src="data:image/svg+xml' in card


def test_tokens_of_a_sentence_keep_their_spaces() -> None:
    html = rooms.sentences("He", [" is", "n't", "\n"], [])
    assert "> is</span>" in html and ">n&#x27;t</span>" in html and ">↵</span>" in html
