"""Many readers at once, against one after another: ``python -m tests.bench.readers [READERS] [TOKENS] [ROUNDS]``.

Every reader has a prompt of their own and draws with a seed of their own, half of them greedily, through the same
worker. ``transformers`` is its ``generate`` on the same weights, greedy, one reader after another. The texts written
together are compared, token by token, with those written alone.
"""

import itertools
import sys
import threading

import torch
import transformers

from playground.core.sampling_settings import SamplingSettings
from playground.models import device, forward
from playground.models import lens as lenses
from tests.bench.ratios import alternately, ratio, record

SUBJECTS = ("A good teacher", "The old lighthouse", "My first computer", "Water", "In the year 1969 she", "def area(")
ENDS = (" is", " was", " can", " has never", ", they say,")


def main() -> None:
    """Print the table, and write it."""
    readers, tokens, rounds = map(int, sys.argv[1:4]) if len(sys.argv) > 3 else (30, 40, 5)
    device.prepare()
    transformers.logging.set_verbosity_error()  # it warns of every text that may not end
    with lenses.open("smollm2-135m", owner="bench") as lens:
        model = lens._loaded.model
        prompts = [lens.encode(a + b).ids for a, b in itertools.product(SUBJECTS, ENDS)]
        asked = [(prompts[n % len(prompts)], SamplingSettings(temperature=0.8 * (n % 2)), n) for n in range(readers)]
        texts: dict[str, list[list[int]]] = {}

        def write(which: int, guesses: int) -> list[int]:
            ids, settings, seed = asked[which]
            row = forward.Generation(list(ids), settings, tokens, seed, frozenset(), guesses=guesses)
            return [step.id for step in lens._loaded.worker.start_row(row, owner=str(which)).items()]

        def serially(guesses: int) -> None:
            texts[f"serial {guesses}"] = [write(n, guesses) for n in range(readers)]

        def together() -> None:
            found: list[list[int]] = [[] for _ in range(readers)]

            def read(n: int) -> None:
                found[n] = write(n, 7)

            threads = [threading.Thread(target=read, args=(n,)) for n in range(readers)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            texts["together"] = found

        def transformers_own() -> None:
            def generate(n: int) -> object:
                with torch.inference_mode():
                    return model.generate(
                        torch.tensor([list(asked[n][0])], device=model.device),
                        do_sample=False, max_new_tokens=tokens, pad_token_id=0, eos_token_id=-1,
                    )  # fmt: skip

            for n in range(readers):
                lens._loaded.worker.submit(lambda n=n: generate(n), owner="bench").wait()

        ways = {"one after another": lambda: serially(7), "together": together, "transformers": transformers_own}
        taken = alternately(ways, rounds)
        serially(0)
        equal = sum(a == b for a, b in zip(texts["together"], texts["serial 7"], strict=True))
        plain = sum(a == b for a, b in zip(texts["together"], texts["serial 0"], strict=True))
        title = f"{lens.title}, {lens.dtype} on {lens.device}: {readers} readers, {tokens} tokens each"
    ratios = {
        "one after another / together (aim 8)": ratio(taken["one after another"], taken["together"]),
        "transformers, one after another / together": ratio(taken["transformers"], taken["together"]),
    }
    same = {"texts equal to those written alone": equal, "and to those without guesses": plain}
    record("readers", title, taken, ratios, **same)


if __name__ == "__main__":
    main()
