"""The film follows the recording: what it shows as whole, cut or gathered has the bytes that were recorded."""

import pytest

from playground.core.recorded import recording
from playground.core.zero_film import FILMED, film, sentence


@pytest.mark.parametrize("name", FILMED)
def test_the_film_is_the_recording(name: str) -> None:
    measured = recording()[name]
    made = film(measured)
    assert [frame.event for frame in made.frames] == list(measured.events)
    beats = [frame.beat for frame in made.frames]
    assert beats == sorted(beats) and len(set(beats)) == len(beats)
    assert made.frames[-1].sent_bytes == measured.ring
    assert [sentence(frame.event) for frame in made.frames]


@pytest.mark.parametrize("name", FILMED)
def test_all_films_have_the_same_clock(name: str) -> None:
    computed = [
        (f.beat, f.event.op, f.event.label) for f in film(recording()[name]).frames if f.event.kind == "compute"
    ]
    plain = [(f.beat, f.event.op, f.event.label) for f in film(recording()["ddp"]).frames if f.event.kind == "compute"]
    assert [beat for beat, _, _ in computed] == [beat for beat, _, _ in plain] == list(range(len(plain)))
    assert [(op, label) for _, op, label in computed][:-1] == [(op, label) for _, op, label in plain][:-1]


@pytest.mark.parametrize("name", FILMED)
def test_states_agree_with_the_recorded_bytes(name: str) -> None:
    made = film(recording()[name])
    for frame in made.frames:
        cut = frame.event.parameters_bytes < 4 * made.measured.model.parameters
        gathered = cut and "whole" in frame.parameters.values()
        if cut and frame.event.kind == "compute" and frame.event.op != "update":
            assert gathered == (frame.event.unsharded_bytes > 0)
            assert frame.parameters[frame.event.label] == "whole"  # nothing is computed with a part of its weights
        if set(frame.gradients.values()) == {"none"}:
            assert frame.event.gradients_bytes == 0
    last = made.frames[-1]
    shares = {"ddp": "whole", "zero1_textbook": "local"}
    assert set(last.gradients.values()) == {shares.get(name, "share")}
    assert made.optimizer == ("whole" if name == "ddp" else "share")


def test_ddp_waits_for_the_last_bucket_of_a_unit() -> None:
    frames = film(recording()["ddp"]).frames
    first = next(f for f in frames if f.event.op == "all_reduce" and "block 5" in f.event.label)
    assert first.gradients["head"] == "whole" and first.gradients["block 5"] == "local"
