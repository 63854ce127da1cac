"""Tokens per second of one reader's text, against transformers' ``generate``: ``python -m tests.bench.generating``.

The same model, format and threads, greedy, with the KV cache, turn by turn; the best of five each. Ours draws from the
whole vocabulary in float64 and remembers the alternatives of every token. The last lines compare with the limit set by
memory: each token reads all weights once, so tokens/s can't pass read bandwidth / bytes of weights.
"""

import time
from collections.abc import Callable

import torch

from playground.core.sampling_settings import SamplingSettings
from playground.models import device
from playground.models import lens as lenses

PROMPT, NEW_TOKENS, ROUNDS = "The best way to learn is", 32, 5
READ_BYTES = 1 << 29


def seconds(run: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    """Print a line for each way, and the ratios."""
    device.prepare()
    with lenses.open("smollm2-135m") as lens:
        ids = lens.encode(PROMPT).ids
        model = lens._loaded.model
        batch = torch.tensor([list(ids)], device=model.device)
        new = {"min_new_tokens": NEW_TOKENS, "max_new_tokens": NEW_TOKENS, "pad_token_id": 0}

        def theirs() -> object:
            with torch.inference_mode():
                return model.generate(batch, do_sample=False, **new)

        def on_the_models_thread() -> object:  # as ours does: each thread has helper threads of its own
            return lens._loaded.worker.submit(theirs, owner="bench").wait()

        ways: dict[str, Callable[[], object]] = {
            "transformers generate, greedy": on_the_models_thread,
            "here, greedy": lambda: list(lens.generate(ids, SamplingSettings(temperature=0.0), NEW_TOKENS)),
            "here, top-p 0.9": lambda: list(lens.generate(ids, SamplingSettings(top_p=0.9), NEW_TOKENS, 1)),
        }
        best = dict.fromkeys(ways, float("inf"))
        for run in ways.values():
            run()  # warm
        for _ in range(ROUNDS):
            for name, run in ways.items():
                best[name] = min(best[name], seconds(run))
        print(f"{lens.title}, {lens.dtype} on {lens.device}, {torch.get_num_threads()} threads, {NEW_TOKENS} tokens")
        speed = {name: NEW_TOKENS / took for name, took in best.items()}
        for name, tokens_per_second in speed.items():
            print(f"  {name:32}{tokens_per_second:8.1f} tokens/s")
        memory = torch.ones(READ_BYTES // 4, device=model.device)
        bandwidth = READ_BYTES / min(seconds(lambda: float(memory.sum())) for _ in range(5))
        limit = bandwidth / lens.weight_bytes
        bound = f"{bandwidth / 1e9:.1f} GB/s / {lens.weight_bytes:,} bytes"
        print(f"  {'read bandwidth / weights':32}{limit:8.1f} tokens/s ({bound})")
        ours, reference = speed["here, greedy"], speed["transformers generate, greedy"]
        print(f"here / transformers {ours / reference:.2f}; here / limit {ours / limit:.2f}")


if __name__ == "__main__":
    main()
