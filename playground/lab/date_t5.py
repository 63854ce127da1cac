"""date-t5: a tiny T5 that reads a date as people write it and writes it as ISO, trained here from a seed.

Characters in, characters out, three layers that read and two that write: small enough to look at every head, and its
cross-attention shows which characters gave which digit. T5 is Raffel et al. 2019 (arXiv:1910.10683); this one is made
of transformers' T5 with the gated feed-forward of T5 1.1 (Shazeer 2020, arXiv:2002.05202).
"""

import json
import random
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors

from playground.core import dates
from playground.core.dates import Dated
from playground.models import device

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"
SEED, TEST_SEED = 5, 1999
STEPS, BATCH, TOP_RATE = 1_200, 128, 2e-3
_BATCHES_SORTED = 16
_NOTED = 50  # steps between two losses in the record
TESTS = 2_000
RECORD = "training.json"
_ANSWER_TOKENS = 11  # 1999-05-03 and the end


class Progress(NamedTuple):
    """Where training is: ``loss`` is the last batch's mean cross-entropy a character, in nats."""

    step: int
    steps: int
    loss: float
    seconds: float


def tokenizer() -> Tokenizer:
    """A token a character; the end of a text is a token, too."""
    vocabulary = {token: i for i, token in enumerate((PAD, END, UNKNOWN, *dates.ALPHABET))}
    characters = Tokenizer(models.WordLevel(vocabulary, unk_token=UNKNOWN))
    characters.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    characters.decoder = decoders.Fuse()
    characters.add_special_tokens([PAD, END, UNKNOWN])
    characters.post_processor = processors.TemplateProcessing(f"$A {END}", special_tokens=[(END, vocabulary[END])])
    return characters


def new_model(seed: int = SEED) -> Any:
    """The untrained model: its weights come from the seed."""
    import transformers

    torch.manual_seed(seed)
    characters = tokenizer()
    config = transformers.T5Config(
        vocab_size=characters.get_vocab_size(),
        d_model=128,
        d_kv=32,
        d_ff=192,
        num_layers=3,
        num_decoder_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,  # no date is ever seen twice: there is nothing to overfit
        pad_token_id=characters.token_to_id(PAD),
        eos_token_id=characters.token_to_id(END),
    )
    config.decoder_start_token_id = config.pad_token_id
    return transformers.T5ForConditionalGeneration(config)


def train(model: Any, steps: int = STEPS, seed: int = SEED) -> Iterator[Progress]:
    """Train in place, a report each step; the same seed, steps and threads give the same weights.

    AdamW with a one-cycle learning rate (Smith 2018, arXiv:1803.09820), a new batch of dates each step.
    """
    characters, source = tokenizer(), _batches(seed)
    optimizer = torch.optim.AdamW(model.parameters(), lr=TOP_RATE, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, TOP_RATE, total_steps=steps, pct_start=0.15)
    model.train()
    started = time.perf_counter()
    for step in range(1, steps + 1):
        loss = model(**batch(characters, next(source), model.device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        yield Progress(step, steps, float(loss.detach()), time.perf_counter() - started)
    model.eval()


def _batches(seed: int) -> Iterator[list[Dated]]:
    """Batches of texts of about one length: little of a batch is filling, and training takes half the time."""
    source, chance = dates.examples(seed), random.Random(seed)
    while True:
        many = sorted(islice(source, BATCH * _BATCHES_SORTED), key=lambda each: len(each.text))
        starts = list(range(0, len(many), BATCH))
        chance.shuffle(starts)
        for start in starts:
            yield many[start : start + BATCH]


def batch(characters: Tokenizer, examples: Sequence[Dated], where: Any = "cpu") -> dict[str, torch.Tensor]:
    """Sources, their mask, and labels (−100 where a row is filled up)."""
    source, mask = _padded([characters.encode(each.text).ids for each in examples], 0)
    labels, _ = _padded([characters.encode(each.iso).ids for each in examples], -100)
    return {"input_ids": source.to(where), "attention_mask": mask.to(where), "labels": labels.to(where)}


def answers(model: Any, texts: Sequence[str], rows: int = 500) -> list[str]:
    """What the model writes for each text, greedily."""
    characters, found = tokenizer(), []
    for start in range(0, len(texts), rows):
        source, mask = _padded([characters.encode(text).ids for text in texts[start : start + rows]], 0)
        with torch.inference_mode():
            out = model.generate(
                input_ids=source.to(model.device),
                attention_mask=mask.to(model.device),
                max_new_tokens=_ANSWER_TOKENS,
                do_sample=False,
            )
        found += characters.decode_batch(out.tolist(), skip_special_tokens=True)
    return found


def accuracy(model: Any, examples: Sequence[Dated]) -> float:
    """The share of dates it gets right, every character of them."""
    given = answers(model, [each.text for each in examples])
    return sum(each.iso == text for each, text in zip(examples, given, strict=True)) / len(examples)


def tests(count: int = TESTS, seed: int = TEST_SEED) -> list[Dated]:
    """Different dates that no training ever sees."""
    return list(dict.fromkeys(islice(dates.examples(seed, tests=True), 2 * count)))[:count]


def made(folder: Path, steps: int = STEPS, seed: int = SEED) -> Iterator[Progress]:
    """Train, test and save into ``folder``, on the GPU where there is one; the last report comes before the test."""
    model = new_model(seed).to("cuda" if device.cuda_available() else "cpu")
    wall, cpu = time.perf_counter(), time.process_time()
    losses = []
    for progress in train(model, steps, seed):
        if progress.step % _NOTED == 0:
            losses.append([progress.step, round(progress.loss, 4)])
        yield progress
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    right = accuracy(model, tests())
    record = {
        "seed": seed,
        "steps": steps,
        "batch": BATCH,
        "parameters": model.num_parameters(),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "threads": torch.get_num_threads(),
        "device": device.describe(),
        "machine": device.cpu_kind(),
        "tests": TESTS,
        "test_seed": TEST_SEED,
        "accuracy": right,
        "losses": losses,
        "versions": {name: version(name) for name in ("torch", "transformers", "tokenizers")},
    }
    save(model, folder)
    (folder / RECORD).write_text(json.dumps(record) + "\n", encoding="utf-8")


def save(model: Any, folder: Path) -> None:
    """Weights, config, tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    model.cpu().save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)  # it says nothing that config.json does not
    tokenizer().save(str(folder / "tokenizer.json"), pretty=False)


def _padded(rows: Sequence[Sequence[int]], filling: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The rows as one tensor, and which of it is theirs."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*row, *[filling] * (longest - len(row))] for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
