"""Encoder–decoder models: a tiny random T5 through the lens, against transformers used directly on the same weights."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import transformers

from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput
from playground.lab import date_t5
from playground.models import seq2seq
from playground.models.catalogue import Entry
from playground.models.engines.base import TokenizerInfo
from playground.models.engines.own import OwnEngine
from playground.models.lens import Lens
from playground.models.loading import LoadedModel
from playground.models.results import Results

GREEDY = SamplingSettings(temperature=0.0)
TEXT = "the 3rd of May '99"
READS, WRITES, HEADS = 3, 2, 4


@pytest.fixture(scope="module")
def bare():
    """Random weights, larger than T5 starts with, so that the maps are not flat; the stacks differ in depth."""
    torch.manual_seed(0)
    config = transformers.T5Config(
        vocab_size=90, d_model=32, d_kv=8, d_ff=48, num_layers=READS, num_decoder_layers=WRITES, num_heads=HEADS
    )
    config.decoder_start_token_id = 0
    model = transformers.T5ForConditionalGeneration(config).eval()
    for parameter in model.parameters():
        parameter.data *= 2
    return model


@pytest.fixture(scope="module")
def lens(bare, tmp_path_factory):
    folder = tmp_path_factory.mktemp("t5")
    date_t5.tokenizer().save(str(folder / "tokenizer.json"))
    entry = Entry("tiny-t5", "Tiny T5", "encoder-decoder", "MIT", "us", vocabulary="tiny-t5", context_tokens=64)
    engine = OwnEngine(TokenizerInfo("tiny-t5", "one token a character", "tokenizers", ""), folder)
    count = sum(p.numel() for p in bare.parameters())
    loaded = LoadedModel(entry, bare, engine, "cpu", "fp32", count, 4 * count)
    yield Lens(loaded, "test", Results(1 << 24))
    loaded.worker.close()


@pytest.fixture(scope="module")
def source(lens):
    return seq2seq.encode_source(lens, TEXT).ids


def test_a_source_is_its_characters_and_the_end(lens, source):
    tokens = seq2seq.encode_source(lens, TEXT).tokens
    assert [t.text for t in tokens] == [*TEXT, "</s>"]
    assert tokens[-1].added and lens.encode(TEXT).decoded == TEXT
    assert seq2seq.ended(lens, lens.encode(TEXT).ids) == source == seq2seq.ended(lens, source)


def test_the_maps_are_transformers_own(lens, bare, source):
    target = (*seq2seq.start_ids(lens), 20, 30, 40)
    maps = seq2seq.maps(lens, source, target)
    bare.set_attn_implementation("eager")
    with torch.inference_mode():
        out = bare(torch.tensor([source]), decoder_input_ids=torch.tensor([target]), output_attentions=True)
    bare.set_attn_implementation("sdpa")
    s, t = len(source), len(target)
    shapes = [(READS, HEADS, s, s), (WRITES, HEADS, t, t), (WRITES, HEADS, t, s)]
    for found, theirs, shape in zip(
        maps, (out.encoder_attentions, out.decoder_attentions, out.cross_attentions), shapes, strict=True
    ):
        assert found.shape == shape and found.dtype == np.float32
        assert np.array_equal(found, torch.cat(theirs).numpy())
        assert np.abs(found.sum(-1) - 1).max() < 1e-5
    assert np.triu(maps.decoder_LHTT, 1).max() == 0 < np.triu(maps.encoder_LHSS, 1).max()
    assert np.array_equal(lens.attentions(source), maps.encoder_LHSS)


def test_the_depths_are_told_apart(lens):
    assert (lens.layers, lens.decoder_layers, lens.heads) == (READS, WRITES, HEADS)


def test_greedy_generation_is_transformers_own(lens, bare, source):
    theirs = bare.generate(torch.tensor([source]), do_sample=False, max_new_tokens=12)[0].tolist()
    steps = list(seq2seq.generate(lens, source, GREEDY, 12))
    assert [*seq2seq.start_ids(lens), *(step.id for step in steps)] == theirs
    assert steps[-1].finish_reason == ("stop" if theirs[-1] == 1 else "length")
    assert [s.id for s in lens.generate(lens.encode(TEXT).ids, GREEDY, 12)] == theirs[1:]


def test_the_encoder_reads_once_and_the_decoder_one_token_a_step(lens, bare, source):
    read, written = [], []
    hooks = [
        bare.encoder.register_forward_hook(lambda *_: read.append(1)),
        bare.decoder.register_forward_pre_hook(
            lambda _m, _a, given: written.append(given["input_ids"].shape[1]), with_kwargs=True
        ),
    ]
    steps = list(seq2seq.generate(lens, source, SamplingSettings(temperature=3.0), 6, seed=1))
    for hook in hooks:
        hook.remove()
    assert read == [1] and written == [1] * len(steps) and len(steps) > 1


def test_a_step_tells_the_probability_that_one_pass_over_all_gives(lens, source):
    steps = list(seq2seq.generate(lens, source, SamplingSettings(temperature=2.0), 6, seed=3))
    target = [*seq2seq.start_ids(lens), *(step.id for step in steps)]
    logits = torch.tensor(seq2seq.last_logits(lens, source, target[:-1], len(steps)))
    expected = logits.softmax(-1)[range(len(steps)), target[1:]].tolist()
    assert [step.probability for step in steps] == pytest.approx(expected, abs=1e-5)
    assert np.allclose(seq2seq.next_logits(lens, source), logits[0], atol=1e-5)
    assert np.array_equal(lens.next_logits(lens.encode(TEXT).ids), seq2seq.next_logits(lens, source))


def test_the_same_seed_gives_the_same_target(lens, source):
    hot = SamplingSettings(temperature=4.0)
    runs = [[step.id for step in seq2seq.generate(lens, source, hot, 8, seed)] for seed in (5, 5, 6)]
    assert runs[0] == runs[1] != runs[2]


def test_a_target_ends_with_its_end(lens, source):
    settings = SamplingSettings(temperature=4.0)
    ends = [list(seq2seq.generate(lens, source, settings, 40, seed))[-1] for seed in range(12)]
    stopped = [step for step in ends if step.finish_reason == "stop"]
    assert all((step.id == 1) == (step.finish_reason == "stop") for step in ends) and stopped


def test_what_an_encoder_decoder_can_not_do_is_said(lens, source):
    with pytest.raises(BadInput, match="does not go on with a text"):
        next(lens.beam_search(source, 2, 4))
    with pytest.raises(BadInput, match="choose a decoder"):
        lens.follow(source, [3], GREEDY)
    with pytest.raises(BadInput, match="by distance"):
        _ = lens.rotary
    with pytest.raises(BadInput, match="by distance"):
        lens.position_rows()
    with pytest.raises(BadInput, match="no layer 3"):
        lens.attentions(source, [READS])
    with pytest.raises(BadInput, match="more than the 64"):
        seq2seq.maps(lens, [5] * 65, [0])
    with pytest.raises(BadInput, match="outside the vocabulary"):
        seq2seq.maps(lens, source, [90])
    with pytest.raises(BadInput, match="Type something"):
        next(seq2seq.generate(lens, [], GREEDY, 4))


def test_a_single_stack_is_refused(lens, source):
    entry = replace(lens._loaded.entry, kind="decoder", title="One stack")
    alone = Lens(replace(lens._loaded, entry=entry), "test", Results(1 << 20))
    for ask in (
        lambda: seq2seq.encode_source(alone, TEXT),
        lambda: seq2seq.start_ids(alone),
        lambda: seq2seq.maps(alone, source, [0]),
    ):
        with pytest.raises(BadInput, match="One stack does not read a source"):
            ask()
    alone._loaded.worker.close()


def test_hidden_states_are_the_encoders(lens, bare, source):
    states = lens.hidden_states(source)
    assert states.shape == (READS + 1, len(source), 32)
    assert np.array_equal(states[0], bare.shared.weight[list(source)].detach().numpy())
