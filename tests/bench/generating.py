"""One reader's text, against transformers' ``generate``: ``python -m tests.bench.generating [TOKENS] [ROUNDS]``.

The same model, format and threads, greedy, with the KV cache, turn by turn over several prompts. Ours draws from the
whole vocabulary in float64 and remembers the alternatives of every token. ``without guesses`` does not look ahead
(``playground.core.lookup``). The last line is the limit set by memory: each token reads all weights once.

With the extra ``llama`` installed, llama.cpp writes too, from the file that the model's weights were made of: 4 bits a
weight, of which it reads a third of the bytes. Its texts may differ, as its sums are of rounded numbers.
"""

import importlib.util
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from statistics import median

import torch
import transformers

from playground.core.sampling_settings import SamplingSettings
from playground.models import device, forward, store
from playground.models import lens as lenses
from tests.bench.ratios import alternately, ratio, record, seconds

PROMPTS = (
    "The best way to learn is", "The capital of France is", "Once upon a time there was a king", "def fibonacci(n):",
    "Dear Sir or Madam,\nI am writing to", "In 1969, the first man", "Water boils at", "My favourite book is",
    "The three laws of motion are", "To make a good soup, you", "A neural network", "She opened the door and",
    "The stock market", "Photosynthesis is", "Here is a list of fruits:", "The meaning of life",
    "When I was a child, my father", "SELECT name FROM", "The history of the Roman Empire", "If it rains tomorrow",
)  # fmt: skip
READ_BYTES = 1 << 29
LLAMA_CPP = "llama.cpp, 4 bits"


def llama_cpp(file: Path, tokens: int) -> Callable[[tuple[int, ...]], list[int]]:
    """Greedy in llama.cpp, with as many threads as torch has.

    Without its kernels for weights laid out anew: those for AMX end the process on some virtual machines.
    """
    import llama_cpp

    defaults = llama_cpp.llama_model_default_params()
    defaults.use_extra_bufts = False
    llama_cpp.llama_cpp.llama_model_default_params = lambda: defaults
    model = llama_cpp.Llama(str(file), n_ctx=1024, n_threads=torch.get_num_threads(), seed=0, verbose=False)

    def write(ids: tuple[int, ...]) -> list[int]:
        model.reset()
        return list(islice(model.generate(ids, top_k=1, temp=0.0), tokens))

    return write


def main() -> None:
    """Print a line for each way, and the ratios."""
    tokens, rounds = map(int, sys.argv[1:3]) if len(sys.argv) > 2 else (60, len(PROMPTS))
    device.prepare()
    transformers.logging.set_verbosity_error()  # it warns of every text that may not end
    with lenses.open("smollm2-135m", owner="bench") as lens:
        worker, model = lens._loaded.worker, lens._loaded.model
        prompts = [lens.encode(text).ids for text in PROMPTS]
        texts: dict[str, dict[int, list[int]]] = {"transformers": {}, "here": {}, "here, without guesses": {}}
        if importlib.util.find_spec("llama_cpp"):
            texts[LLAMA_CPP] = {}
            theirs_in_c = llama_cpp(store.ensure("smollm2-135m") / "model.gguf", tokens)
        turn = dict.fromkeys(texts, -1)

        def transformers_own(ids: tuple[int, ...]) -> list[int]:
            with torch.inference_mode():
                out = model.generate(
                    torch.tensor([list(ids)], device=model.device),
                    do_sample=False, max_new_tokens=tokens, pad_token_id=0, eos_token_id=-1,
                )  # fmt: skip
            found: list[int] = out[0, len(ids) :].tolist()
            return found

        def ours(ids: tuple[int, ...], guesses: int) -> list[int]:
            row = forward.Generation(
                list(ids), SamplingSettings(temperature=0.0), tokens, 0, frozenset(), guesses=guesses
            )
            return [step.id for step in worker.start_row(row, owner="bench").items()]

        def write(way: str) -> None:
            turn[way] += 1
            which = turn[way] % len(prompts)
            ids = prompts[which]
            if way == "transformers":  # on the model's thread, as ours: each thread has helper threads of its own
                texts[way][which] = worker.submit(lambda: transformers_own(ids), owner="bench").wait()
            elif way == LLAMA_CPP:
                texts[way][which] = theirs_in_c(ids)
            else:
                texts[way][which] = ours(ids, 7 if way == "here" else 0)

        taken = alternately({way: lambda way=way: write(way) for way in texts}, rounds)
        memory = torch.ones(READ_BYTES // 4, device=model.device)
        bandwidth = READ_BYTES / min(seconds(lambda: float(memory.sum())) for _ in range(5))
        title = f"{lens.title}, {lens.dtype} on {lens.device}, {torch.get_num_threads()} threads, {tokens} tokens"
        limit = f"{bandwidth / 1e9:.1f} GB/s / {lens.weight_bytes:,} bytes = {bandwidth / lens.weight_bytes:.0f}"
    theirs = texts["transformers"]
    here = [way for way in texts if way != "transformers"]
    ratios = {f"transformers / {way}": ratio(taken["transformers"], taken[way]) for way in here}
    speeds = {f"tokens/s, {way}": f"{tokens / median(times):.1f}" for way, times in taken.items()}
    equal = {
        f"greedy texts equal, {way}": f"{sum(texts[way][n] == theirs[n] for n in theirs)} of {len(theirs)}"
        for way in here
    }
    record("generating", title, taken, ratios, **speeds, **equal, **{"tokens/s that memory allows": limit})


if __name__ == "__main__":
    main()
