"""Hub models as the catalogue has them, from a loopback hub: a tiny T5 with a Unigram vocabulary, a tiny BERT with its
masked-word head. Fetched, verified, loaded and asked like FLAN-T5 and bert-base-uncased would be.
"""

import numpy as np
import pytest
import torch
import transformers

from playground.core.sampling_settings import SamplingSettings
from playground.errors import BadInput, ModelUnavailable
from playground.lab import shots
from playground.models import fill_mask, lens, seq2seq, store
from playground.models.catalogue import catalogue
from tests.models import tiny_hub

TEXT = "The moon pulls the sea, twice a day."


@pytest.fixture(scope="module")
def patched():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def t5(patched, tmp_path_factory):
    folder = tiny_hub.fetched(patched, tmp_path_factory, "tiny-flan", "encoder-decoder", tiny_hub.t5)
    with lens.open("tiny-flan", "test") as opened:
        yield opened, transformers.T5ForConditionalGeneration.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def bert(patched, tmp_path_factory):
    folder = tiny_hub.fetched(patched, tmp_path_factory, "tiny-bert", "encoder", tiny_hub.bert, head="mlm")
    with lens.open("tiny-bert", "test") as opened:
        yield opened, transformers.BertForMaskedLM.from_pretrained(folder).eval()


def greedy(model, source, count: int) -> list[int]:
    """Each token by one whole pass. (transformers 5.23's own generate fails where the decoder is the deeper stack.)"""
    target = [0]
    while len(target) <= count and target[-1] != 1:
        with torch.inference_mode():
            logits = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([target])).logits[0, -1]
        target.append(int(logits.argmax()))
    return target


def test_a_t5_reads_its_own_vocabulary(t5):
    asked, _ = t5
    encoding = seq2seq.encode_source(asked, TEXT)
    theirs = transformers.PreTrainedTokenizerFast(tokenizer_file=str(store.ensure("tiny-flan") / "tokenizer.json"))
    assert list(encoding.ids) == theirs(TEXT).input_ids and encoding.ids[-1] == 1
    assert encoding.round_trip and asked.decode(encoding.ids) == TEXT
    assert "".join(token.text for token in encoding.tokens[:-1]) == " " + TEXT
    assert (asked.layers, asked.decoder_layers, asked.heads) == (2, 3, 2)
    assert seq2seq.encode_source(asked, "漢").tokens[-2].unknown


def test_a_t5_of_the_hub_is_asked_like_the_bundled_one(t5):
    asked, bare = t5
    source = seq2seq.encode_source(asked, TEXT).ids
    theirs = greedy(bare, source, 8)
    steps = list(asked.generate(asked.encode(TEXT).ids, SamplingSettings(temperature=0), 8))
    assert [0, *(step.id for step in steps)] == theirs
    maps = seq2seq.maps(asked, source, theirs[:4])
    assert maps.cross_LHTS.shape == (3, 2, 4, len(source)) and np.abs(maps.cross_LHTS.sum(-1) - 1).max() < 1e-5


@pytest.mark.parametrize("shot", [0, 1, 2])
def test_labels_are_scored_as_whole_answers(t5, shot):
    """Zero, one and few shots: the sum of the decoder's log-probabilities, end included, one pair at a time."""
    _, bare = t5
    prompt = "\n\n".join(
        [*("Text: the sea\nAnswer: sea", "Text: a day\nAnswer: day")[:shot], "Text: the moon\nAnswer:"]
    )
    with shots.prompter("tiny-flan", "test") as asked:
        source = asked.encode(prompt, False).ids
        labels, with_end = asked.label_ids(("moon", "the moon"), False)
        found = shots.score(asked, "tiny-flan", source, ("moon", "the moon"), False).nats
        assert not with_end and all(ids[-1] == 1 for ids in labels) and source[-1] == 1
        with pytest.raises(BadInput, match="no chat template"):
            asked.encode(prompt, True)
        with pytest.raises(BadInput, match="this app reads 96"):
            asked.check([5] * 97)
    for ids, nats in zip(labels, found, strict=True):
        with torch.inference_mode():
            loss = bare(input_ids=torch.tensor([source]), labels=torch.tensor([ids])).loss
        assert float(nats) == pytest.approx(-float(loss) * len(ids), abs=1e-3)


def test_its_written_answer_is_transformers_own(t5):
    _, bare = t5
    with shots.prompter("tiny-flan", "test") as asked:
        source = asked.encode("the moon", False).ids
        *_, (text,) = asked.write([source], one_line=False)
        assert text == asked.text([i for i in greedy(bare, source, 48)[1:] if i != 1]).strip()


def test_a_hidden_word_gets_the_heads_logits(bert):
    asked, bare = bert
    ids = list(asked.encode("The moon pulls the seas, twice a day.", "template").ids)
    place = 3
    ids[place] = fill_mask.mask_id(asked)
    with torch.inference_mode():
        theirs = bare(torch.tensor([ids])).logits[0, place].numpy()
    assert np.allclose(fill_mask.masked_logits(asked, ids, place), theirs, atol=1e-5)
    with pytest.raises(BadInput, match="no token 99"):
        fill_mask.masked_logits(asked, ids, 99)


def test_an_encoder_with_its_head_is_an_encoder_still(bert):
    asked, bare = bert
    ids = asked.encode("the moon", "template").ids
    with torch.inference_mode():
        bare.set_attn_implementation("eager")
        out = bare(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
    assert np.allclose(asked.attentions(ids), torch.cat(out.attentions).numpy(), atol=1e-6)
    assert np.allclose(asked.hidden_states(ids), torch.cat(out.hidden_states).numpy(), atol=1e-5)
    assert asked.position_rows().shape == (32, 16)
    with pytest.raises(BadInput, match="It is an encoder"):
        asked.next_logits(ids)


def test_a_model_without_the_head_says_what_to_fetch(t5):
    asked, _ = t5
    with pytest.raises(ModelUnavailable, match="llm-playground fetch bert-base-uncased"):
        fill_mask.masked_logits(asked, [5, 6], 0)
    with pytest.raises(BadInput, match="has no mask"):
        fill_mask.mask_id(asked)


def test_what_is_pinned_is_pinned_whole():
    """A commit and, wherever it could be checked, the weights' sha256; no file but weights and JSON."""
    for name in ("flan-t5-small", "flan-t5-base", "bert-base-uncased", "qwen2.5-0.5b", "qwen2.5-0.5b-instruct"):
        hub = catalogue()[name].hub
        assert (
            hub and len(hub.revision) == 40 and set(hub.files) <= {"config.json", "model.safetensors", "tokenizer.json"}
        )
        assert len(hub.files["model.safetensors"]) == (64 if name != "flan-t5-base" else 0)
    assert "bert-base-uncased" in fill_mask.usable()
