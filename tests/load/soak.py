"""Thousands of reruns without a pause: does the process grow, do its threads go?"""

import asyncio
import random
import time

from tests.load.reruns import GPUS, expected
from tests.load.served import Case, Served
from tests.load.ws_client import Reader

WARM_SHARE = 0.1  # of the reruns: caches of bounded size fill up
OTHER_EVERY = 10  # reruns, then another page
OTHERS = {"memory": "Memory", "formats": "Number formats", "scaling": "Scaling laws", "fits": "What fits my card"}
THREADS_WITHIN = 3
ENDS_S = 900.0  # whatever is left then counts as missing


class Soak:
    """The reruns still to be done, over all sessions, and what was seen on the way."""

    def __init__(self, served: Served, reruns: int) -> None:
        self.served, self.reruns, self.done = served, reruns, 0
        self.ends = time.monotonic() + ENDS_S
        self.warm_bytes, self.waits, self.failures = 0, list[float](), list[str]()

    def next(self) -> int:
        """The number of a rerun that is still to be done; -1 when there is none."""
        if self.done >= self.reruns or time.monotonic() > self.ends:
            return -1
        self.done += 1
        if self.done == max(1, int(WARM_SHARE * self.reruns)):
            self.warm_bytes = self.served.resident_bytes()
        return self.done

    async def session(self, number: int) -> None:
        """One reader without a pause: ZeRO with other models, now and then another calculator."""
        dice = random.Random(number)
        try:
            async with Reader(self.served.port) as reader:
                await reader.open("zero", gpus=str(GPUS), stage="1")
                while (rerun := self.next()) > 0:
                    if rerun % OTHER_EVERY == 0:
                        page, title = dice.choice(list(OTHERS.items()))
                        self.waits.append(await reader.open(page))
                        if reader.title() != title or reader.of_type("alert"):
                            self.failures.append(f"rerun {rerun}: “{reader.title()}”, not “{title}”")
                        await reader.open("zero", gpus=str(GPUS), stage="1")
                        continue
                    parameters = (1_000 + rerun) * 1_000_000
                    self.waits.append(await reader.change("params", string_value=str(parameters)))
                    answer = reader.metric("On each GPU")
                    if answer != expected(parameters):
                        self.failures.append(f"rerun {rerun}: {answer}, not {expected(parameters)}")
        except Exception as error:
            self.failures.append(f"session {number}: {error!r}")


def soak(served: Served, reruns: int = 5_000, sessions: int = 10) -> Case:
    """So many reruns by sessions that stay."""
    served.quiet()
    threads = served.process.num_threads()
    run = Soak(served, reruns)

    async def everyone() -> None:
        await asyncio.gather(*(run.session(number) for number in range(sessions)))

    with Case("soak", f"{reruns:,} reruns by {sessions} sessions without a pause", served) as case:
        asyncio.run(everyone())
        grown = served.resident_bytes() - run.warm_bytes
        case.figures["answers"] = len(run.waits)
        case.failures += run.failures
    served.quiet()
    case.waited("answer", run.waits)
    case.figures |= {"threads_before": threads, "threads_after": served.process.num_threads()}
    case.figures |= {"warm_mb": round(run.warm_bytes / 1e6), "grown_mb": round(grown / 1e6, 1)}
    case.aim("answers missing or wrong", reruns - len(run.waits) + len(case.failures), 0)
    case.aim("memory grown", grown / 1e6, 50, "MB")
    case.aim("threads more than before", served.process.num_threads() - threads, THREADS_WITHIN)
    return case
