"""The tree of continuations, where it is drawn, loops, and one step, against plain enumeration."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import limits
from playground.core import sampling
from playground.core.branch_rows import branch_rows
from playground.core.generation_tree import ROOT, Tree
from playground.core.repetition import LEAST_TIMES, LEAST_TOKENS, loop, repeated_share
from playground.core.sampling_settings import SamplingSettings
from playground.core.step import Step, drawn
from playground.core.step import given as given_token

TEXTS = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8).map(tuple), min_size=1, max_size=20)


def grown(texts: list[tuple[int, ...]]) -> Tree:
    tree = Tree()
    for text in texts:
        at = ROOT
        for token in text:
            at = tree.add(at, Step(token, 0.5, 0.5, 0))
    return tree


@given(texts=TEXTS)
def test_a_tree_holds_each_prefix_once(texts: list[tuple[int, ...]]) -> None:
    tree = grown(texts)
    prefixes = {text[:n] for text in texts for n in range(1, len(text) + 1)}
    assert len(tree) == len(prefixes)
    for prefix in prefixes:
        node = tree.find(prefix)
        assert node is not None and tree.tokens(node) == prefix and tree[node].depth == len(prefix)
    assert {tree.tokens(n) for n in tree.leaves()} == {
        p for p in prefixes if not any((*p, t) in prefixes for t in range(4))
    }
    assert tree.find((9,)) is None and tree.find(()) == ROOT


@given(texts=TEXTS, limit=st.integers(1, 30))
def test_pruning_keeps_the_way_to_the_reader(texts: list[tuple[int, ...]], limit: int) -> None:
    tree = grown(texts)
    here = tree.find(texts[-1])
    assert here is not None
    before = len(tree)
    gone = tree.prune(limit, here)
    assert before - gone == len(tree) <= max(limit, len(texts[-1]))
    assert tree.tokens(here) == texts[-1] and tree.find(texts[-1]) == here
    assert all(tree.tokens(leaf) for leaf in tree.leaves())  # no node lost its parent


@given(texts=TEXTS)
def test_branches_drawn_in_one_row_never_meet(texts: list[tuple[int, ...]]) -> None:
    tree = grown(texts)
    nodes = list(range(1, len(tree) + 1))
    children = {n: tree.children(n) for n in (ROOT, *nodes)}
    rows = branch_rows(children, {n: tree[n].depth for n in nodes}, ROOT)
    assert set(rows) == set(nodes)
    assert len({(rows[n], tree[n].depth) for n in nodes}) == len(nodes)  # no two in one place
    for node in nodes:
        first, *others = [*children[node], None]
        assert first is None or rows[first] == rows[node]  # a text goes on in its row
        assert all(other is None or rows[other] > rows[node] for other in others)  # a branch is below


def loops_by_brute_force(ids: list[int]) -> int:
    """The most tokens that any loop at the end covers: every start, period and number of times."""
    covered = 0
    for start in range(len(ids)):
        for period in range(1, len(ids)):
            run = ids[start : start + period]
            rest = ids[start:]
            times = len(rest) // period
            to_the_end = (run * (times + 1))[: len(rest)] == rest
            if to_the_end and times >= LEAST_TIMES and times * period >= LEAST_TOKENS:
                covered = max(covered, times * period)
    return covered


@given(ids=st.lists(st.integers(0, 2), max_size=24))
def test_the_longest_loop_at_the_end_is_found(ids: list[int]) -> None:
    found = loop(ids)
    assert (found.period * found.times if found else 0) == loops_by_brute_force(ids)
    if found:
        run = ids[found.start : found.start + found.period]
        assert ids[found.start : found.start + found.period * found.times] == run * found.times


@given(ids=st.lists(st.integers(0, 2), max_size=12), period=st.integers(1, 4), times=st.integers(3, 6))
def test_a_loop_that_was_left_is_none(ids: list[int], period: int, times: int) -> None:
    run = [*range(10, 10 + period)]
    found = loop([*ids, *run * times])
    assert (found is not None) == (period * times >= LEAST_TOKENS)
    assert found is None or (found.start, found.period, found.times) == (len(ids), period, times)
    assert loop([*ids, *run * times, 99]) is None  # the text went on


@given(ids=st.lists(st.integers(0, 3), max_size=20), n=st.integers(1, 4))
def test_the_share_of_repeated_ngrams(ids: list[int], n: int) -> None:
    seen: list[tuple[int, ...]] = []
    repeated = 0
    for start in range(len(ids) - n + 1):
        gram = tuple(ids[start : start + n])
        repeated += gram in seen
        seen.append(gram)
    assert repeated_share(ids, n) == pytest.approx(repeated / len(seen) if seen else 0.0)


@given(
    logits=st.lists(st.floats(-20, 20), min_size=2, max_size=40),
    seed=st.integers(0, 99),
    top_p=st.sampled_from([1.0, 0.5]),
    temperature=st.sampled_from([0.0, 0.7, 1.0]),
)
def test_a_step_is_the_draw_and_what_else_could_have_come(
    logits: list[float], seed: int, top_p: float, temperature: float
) -> None:
    chosen, before = SamplingSettings(temperature=temperature, top_p=top_p), [1, 0, 1]
    step = drawn(np.array(logits), chosen, before, seed)
    whole = sampling.adjust(np.array(logits), chosen, before)
    assert step.id == sampling.draw(whole, sampling.uniform(seed, 3)) and step.number == sampling.uniform(seed, 3)
    assert step.adjusted > 0  # a cut token is never drawn
    shares = [a.probability for a in step.alternatives]
    assert shares == sorted(whole.probability, reverse=True)[: limits.ALTERNATIVES]
    assert all(
        (a.probability, a.adjusted) == (whole.probability[a.id], whole.adjusted[a.id]) for a in step.alternatives
    )
    same = given_token(np.array(logits), chosen, before, step.id)
    assert (same.probability, same.rank, same.number) == (step.probability, step.rank, None)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), spread=st.floats(0.1, 6), ties=st.booleans(), u=st.floats(0, 1, exclude_max=True))
def test_a_draw_from_a_whole_vocabulary_is_the_one_of_a_full_sort(
    seed: int, spread: float, ties: bool, u: float
) -> None:
    logits = np.random.default_rng(seed).normal(0, spread, 49_152)
    whole = sampling.adjust(np.round(logits) if ties else logits)
    order = sampling.most_probable_first(whole.adjusted)
    cumulative = np.cumsum(whole.adjusted[order])
    under = int(np.searchsorted(cumulative, u * cumulative[-1], side="right"))
    near_an_edge = np.abs(cumulative - u * cumulative[-1]).min() < 1e-12  # where the sums' own rounding decides
    assert near_an_edge or sampling.draw(whole, u) == order[under]
