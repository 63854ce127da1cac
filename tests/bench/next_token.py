"""The next token's logits, against a bare ``model(ids)``: ``python -m tests.bench.next_token``.

The same weights, format and threads, on the same thread, turn by turn. Each round has a text of its own, so that
nothing is remembered; then the same text once more.
"""

import itertools

import torch

from playground.models import device
from playground.models import lens as lenses
from tests.bench.ratios import alternately, ratio, record

TEXT, ROUNDS = "The capital of France is the city of Paris, and the capital of Italy is", 15


def main() -> None:
    """Print the table, and write it."""
    device.prepare()
    with lenses.open("smollm2-135m", owner="bench") as lens:
        ids, model = lens.encode(TEXT).ids, lens._loaded.model
        first = itertools.count(1_000)

        def bare(start: int) -> object:
            with torch.inference_mode():
                return model(torch.tensor([[start, *ids]], device=model.device), use_cache=False, logits_to_keep=1)

        def on_the_models_thread() -> object:  # each thread has helper threads of its own
            return lens._loaded.worker.submit(lambda: bare(next(first)), owner="bench").wait()

        taken = alternately(
            {
                "model(ids)": on_the_models_thread,
                "lens.next_logits": lambda: lens.next_logits([next(first), *ids]),
                "lens.next_logits, asked before": lambda: lens.next_logits([999, *ids]),
            },
            ROUNDS,
        )
        title = f"{lens.title}, {lens.dtype} on {lens.device}, {torch.get_num_threads()} threads, {len(ids) + 1} tokens"
    ratios = {"lens / bare (aim 1.05)": ratio(taken["lens.next_logits"], taken["model(ids)"])}
    record("next_token", title, taken, ratios)


if __name__ == "__main__":
    main()
