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
        + rooms.result([Share(HOSTILE, 1, 0.5, longer=(HOSTILE,))], 1, winner=HOSTILE, mine=HOSTILE)
        + rooms.sentences(HOSTILE, [HOSTILE], [HOSTILE])
        + rooms.people([(HOSTILE, True, False)])
        + rooms.options([HOSTILE])
        + rooms.join_card(f"http://host/room?code={HOSTILE}", HOSTILE)
    )
    assert "<script" not in drawn and "<img src=y" not in drawn


def test_bars_are_in_proportion_on_one_scale() -> None:
    drawn = widths(rooms.result([Share(" a", 3, 0.8), Share(" b", 1, 0.1), Share(" c", 0, 0.0)], 4))
    assert drawn == [75, 80, 25, 10, 0, 0]


def test_a_sure_and_an_unsure_model_look_different() -> None:
    assert widths(rooms.result([Share(" a", 0, 0.77)], 0)) == [77]
    assert widths(rooms.result([Share(" a", 0, 0.08)], 0)) == [8]


@given(st.integers(0, 60), st.floats(0, 1))
def test_a_share_is_never_shown_as_nothing_unless_it_is(votes: int, probability: float) -> None:
    html = rooms.result([Share(" a", votes, probability)], 60)
    labels = re.findall(r"<span>([^<]*)</span></div>", html)
    assert labels[0] == ("0" if votes == 0 else labels[0]) and (votes == 0 or labels[0].endswith(f"· {votes}"))
    assert (labels[1] == "0 %") == (probability == 0)


def test_without_answers_the_model_still_shows() -> None:
    html = rooms.result([Share(" a", 0, 0.5)], 0)
    assert widths(html) == [50] and "The model" in html and "The class" not in html


def test_what_could_not_be_chosen_is_not_a_zero() -> None:
    html = rooms.result([Share(" a", 1, 0.5), Share(" b", 0, 0.2), Share(" c", 0, 0.1, offered=False)], 1)
    assert html.count("<span>0</span>") == 1 and html.count("<span>not offered</span>") == 1


def test_rows_say_whose_they_are_and_what_was_written() -> None:
    rows = rooms.result(
        [Share(" Paris", 1, 0.5, longer=("Parisian & co",)), Share(" b", 1, 0.2)], 2, winner=" b", mine=" Paris"
    ).split("<div class='lp-row'>")[1:]
    assert "your choice" in rows[0] and "chosen" not in rows[0] and "from: “Parisian &amp; co”" in rows[0]
    assert "chosen" in rows[1] and "your choice" not in rows[1] and "from" not in rows[1]


def test_choices_have_letters() -> None:
    assert "<b><i>A</i>·x</b><b><i>B</i>·y</b>" in rooms.options([" x", " y"])


def test_the_join_card_says_where_and_what() -> None:
    card = rooms.join_card("https://demo.example/room?code=MVBRG6PC", "MVBR G6PC")
    assert "<b>demo.example/room</b>" in card and ">MVBR G6PC<" in card and 'src="data:image/svg+xml' in card


def test_tokens_of_a_sentence_keep_their_spaces() -> None:
    html = rooms.sentences("He", [" is", "n't", "\n"], [])
    assert "> is</span>" in html and ">n&#x27;t</span>" in html and ">↵</span>" in html
