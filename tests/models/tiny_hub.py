"""Tiny random models as a hub would send them: a T5 with a Unigram vocabulary, a BERT with its masked-word head."""

from pathlib import Path

import safetensors.torch
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from playground import paths
from playground.models import store
from playground.models.catalogue import Entry, Hub, catalogue
from tests.models.loopback_hub import LoopbackHub, digest

CONTROL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def _unigram() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    made.train([str(paths.ASSETS / "texts" / "tides.txt")], trainer)
    made.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return made


def t5(folder: Path) -> None:
    """Tied nowhere, as FLAN-T5's head is not; the decoder is the deeper stack here."""
    config = transformers.T5Config(
        vocab_size=320,
        d_model=16,
        d_kv=8,
        d_ff=24,
        num_layers=2,
        num_decoder_layers=3,
        num_heads=2,
        tie_word_embeddings=False,
        feed_forward_proj="gated-gelu",
    )
    config.decoder_start_token_id = 0
    transformers.T5ForConditionalGeneration(config).save_pretrained(folder)
    _unigram().save(str(folder / "tokenizer.json"))


def bert(folder: Path) -> None:
    words = [*CONTROL, "the", "moon", "pulls", "sea", "##s", ",", "twice", "a", "day", "."]
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=24,
        max_position_embeddings=32,
    )
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    # As in the file of 2018: a layer norm's numbers have their old names, and there are weights this class has not.
    held = safetensors.torch.load_file(folder / "model.safetensors")
    old = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in held.items()
    }
    old["cls.seq_relationship.weight"] = torch.zeros(2, 16)
    safetensors.torch.save_file(old, folder / "model.safetensors", metadata={"format": "pt"})
    made = Tokenizer(models.WordPiece({word: i for i, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.add_special_tokens(CONTROL)
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    made.save(str(folder / "tokenizer.json"))


def fetched(monkeypatch, tmp_path_factory, name, kind, make, head="") -> Path:
    """The model's folder in a store of its own, after it came over the loopback hub."""
    torch.manual_seed(0)
    made = tmp_path_factory.mktemp(name)
    make(made)
    names = ("config.json", "model.safetensors", "tokenizer.json")
    files = {name: (made / name).read_bytes() for name in names}
    pinned = Hub(f"us/{name}", "c" * 40, sum(map(len, files.values())), {n: digest(d) for n, d in files.items()})
    entry = Entry(name, f"Tiny {name}", kind, "MIT", "us", vocabulary=name, context_tokens=96, head=head, hub=pinned)
    server = LoopbackHub(files)
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
    monkeypatch.setenv("LLM_PLAYGROUND_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setitem(catalogue().entries, name, entry)
    folder = store.ensure(name)
    server.shutdown()
    server.server_close()
    return folder
