"""Golden vocabularies that the playground does not offer: SentencePiece's botchan pair, and XLM-R's Unigram.

They travel in source packages. pip asks a source package for its metadata by running its build backend; here pip
finds a backend of ours instead, which copies the PKG-INFO that is in the package, so nothing in it is ever run.
"""

import hashlib
import os
import struct
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from sentencepiece.sentencepiece_model_pb2 import ModelProto, TrainerSpec

from playground import paths
from playground.models.engines import Engine, TokenizerInfo
from playground.models.engines.sentence_piece import SentencePieceEngine
from playground.models.sources import sha256_of

_BACKEND = """
from email.parser import HeaderParser
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    told = Path("PKG-INFO").read_text(encoding="utf-8")
    said = HeaderParser().parsestr(told)
    metadata = Path(folder) / f"{said['Name'].replace('-', '_')}-{said['Version']}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(told, encoding="utf-8")
    return metadata.name
"""


@dataclass(frozen=True)
class Source:
    """A vocabulary in a source package: its kind, where it is, and the sha256 of the file there."""

    kind: str
    package: str
    backend: str  # the module its pyproject.toml names
    member: str
    sha256: str


_SENTENCEPIECE, _LLAMA = "sentencepiece==0.2.3", "llama-cpp-python==0.3.36"
SOURCES = {
    "botchan-unigram": Source(
        "SentencePiece Unigram",
        _SENTENCEPIECE,
        "setuptools.build_meta",
        "sentencepiece-0.2.3/test/botchan_en_unigram_1000.model",
        "f8c7e5e0fa9e948783d20ea9dccf0e2611f567bc1a4e468a658becd5015f458e",
    ),
    "botchan-bpe": Source(
        "SentencePiece BPE",
        _SENTENCEPIECE,
        "setuptools.build_meta",
        "sentencepiece-0.2.3/test/botchan_en_bpe_1000.model",
        "c8636a43e913dad9d5eb5d2eee2077706a55589fd2d6caf1e7ee4a7d03e4360a",
    ),
    "xlm-r": Source(
        "SentencePiece Unigram",
        _LLAMA,
        "scikit_build_core.build",
        "llama_cpp_python-0.3.36/vendor/llama.cpp/models/ggml-vocab-nomic-bert-moe.gguf",
        "90a6746926454784a98389ad36a36d89bc9cfc81db9cb0f33c941bcc959fe5f9",
    ),
}


@cache
def load(name: str) -> Engine:
    """The engine on one of ``SOURCES``. Skips the test where the package index does not serve its package."""
    source = SOURCES[name]
    folder = paths.home() / "tests" / source.sha256[:12]
    file = folder / Path(source.member).name
    if not file.is_file() or sha256_of(file) != source.sha256:
        _fetch(source, file)
    if file.suffix == ".gguf":
        (folder / "tokenizer.model").write_bytes(_sentencepiece_model(file))
    elif not (folder / "tokenizer.model").is_file():
        (folder / "tokenizer.model").symlink_to(file)
    return SentencePieceEngine(TokenizerInfo(name, source.kind, "sentencepiece", "", reads_control=False), folder)


def _fetch(source: Source, file: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        module = Path(work, *source.backend.split(".")).with_suffix(".py")
        module.parent.mkdir()
        module.with_name("__init__.py").touch()
        module.write_text(_BACKEND, encoding="utf-8")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
        pip += ["--no-deps", "--no-binary=:all:", "--no-build-isolation", "--dest", work, source.package]
        done = subprocess.run(pip, env=os.environ | {"PYTHONPATH": work}, capture_output=True, text=True, check=False)
        archive = next(Path(work).glob("*.tar.gz"), None)
        if archive is None:
            pytest.skip(f"{source.package} can't be had as a source package here: {done.stderr.strip()[-200:]}")
        with tarfile.open(archive) as bundle:
            member = bundle.extractfile(source.member)
            assert member is not None
            content = member.read()
    assert hashlib.sha256(content).hexdigest() == source.sha256, f"{source.member} is not the file that was pinned"
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_bytes(content)
    part.replace(file)


def _sentencepiece_model(gguf: Path) -> bytes:
    """The vocabulary of a GGUF file as a SentencePiece model: pieces, scores, types and the normaliser's table."""
    told = _metadata(gguf)
    pieces = zip(*(told[f"tokenizer.ggml.{name}"] for name in ("tokens", "scores", "token_type")), strict=True)
    model = ModelProto(pieces=[ModelProto.SentencePiece(piece=p, score=s, type=t) for p, s, t in pieces])
    model.trainer_spec.model_type = TrainerSpec.UNIGRAM
    for ours, theirs in {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}.items():
        setattr(model.trainer_spec, f"{ours}_id", told[f"tokenizer.ggml.{theirs}_token_id"])
    normalizer = model.normalizer_spec
    normalizer.precompiled_charsmap = bytes(told["tokenizer.ggml.precompiled_charsmap"])
    normalizer.add_dummy_prefix = told["tokenizer.ggml.add_space_prefix"]
    normalizer.remove_extra_whitespaces = told["tokenizer.ggml.remove_extra_whitespaces"]
    return model.SerializeToString()


_NUMBERS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9


def _metadata(gguf: Path) -> dict[str, Any]:
    """The key-value pairs of a GGUF file (ggml-org/ggml, docs/gguf.md)."""
    with gguf.open("rb") as file:
        magic, _, _, pairs = struct.unpack("<4sIQQ", file.read(24))
        assert magic == b"GGUF"
        return {_string(file): _value(file, *struct.unpack("<I", file.read(4))) for _ in range(pairs)}


def _value(file: BinaryIO, kind: int) -> Any:
    if kind == _STRING:
        return _string(file)
    if kind == _ARRAY:
        of, count = struct.unpack("<IQ", file.read(12))
        return [_string(file) for _ in range(count)] if of == _STRING else _numbers(file, of, count)
    return _numbers(file, kind, 1)[0]


def _numbers(file: BinaryIO, kind: int, count: int) -> tuple[Any, ...]:
    layout = f"<{count}{_NUMBERS[kind]}"
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _string(file: BinaryIO) -> str:
    return file.read(*struct.unpack("<Q", file.read(8))).decode()
