"""Readers who all press Play within two seconds: how soon each sees something, and that each gets their own text."""

import asyncio
import random
import re
import time
from typing import Any

from tests.load.served import Case, Served, percentile
from tests.load.ws_client import Reader

TOKENS = 40  # what the page writes unless told otherwise
WITHIN_S = 2.0
TOPICS = ("bread", "rivers", "the moon", "old maps", "glass", "bicycles", "rain", "paper", "whales", "clocks")
BEGINNINGS = ("The first thing to know about {} is", "A short story about {}:", "Most people think that {}")
FEEDBACK = ("g-token", "Waiting for the model", "The model is computing")


def prompt_of(number: int) -> str:
    """A prompt of one's own, for up to thirty readers."""
    return BEGINNINGS[number % len(BEGINNINGS)].format(TOPICS[number // len(BEGINNINGS) % len(TOPICS)])


class Told:
    """When a reader first saw a token, and when anything of the kind."""

    def __init__(self) -> None:
        self.pressed, self.feedback, self.token, self.done = 0.0, 0.0, 0.0, 0.0
        self.ids: list[int] = []
        self.refused = ""

    def element(self, element: Any) -> None:
        """One that came in the middle of the run."""
        kind = element.WhichOneof("type")
        words = {"html": element.html.body, "alert": element.alert.body}.get(kind, "")
        if not self.feedback and any(part in words for part in FEEDBACK):
            self.feedback = time.perf_counter()
        if not self.token and kind == "html" and "class='g-token" in words:
            self.token = time.perf_counter()


async def write(port: int, number: int, everyone_there: asyncio.Barrier, failures: list[str]) -> Told:
    """One reader: opens the page at the prompt, waits for the others, presses Play."""
    told = Told()
    try:
        async with Reader(port) as reader:
            await reader.open("generation", text=prompt_of(number), branch=".", t="0")
            await everyone_there.wait()
            await asyncio.sleep(random.Random(number).uniform(0, WITHIN_S))
            reader.on_element, told.pressed = told.element, time.perf_counter()
            await reader.click("generation.play")
            told.done = time.perf_counter()
            branch = re.search(r"branch=([.~\d]*)", reader.query)
            told.ids = [int(i) for i in re.findall(r"\d+", branch[1])] if branch else []
            alerts = [alert.title for alert in reader.of_type("alert")]
            told.refused = next((alert for alert in alerts if "waiting for this model" in alert), "")
            ended = [title for title in alerts if title.startswith("Finish reason")]
            full = len(told.ids) == TOKENS or "Finish reason: stop" in ended
            if not told.refused and not (ended and full):
                failures.append(f"reader {number}: {len(told.ids)} tokens, {alerts}")
    except Exception as error:
        failures.append(f"reader {number}: {error!r}")
        await everyone_there.abort()
    return told


def generations(served: Served, sessions: int = 30) -> tuple[Case, dict[str, list[int]]]:
    """Greedy texts on the generation page; also each prompt's tokens, to be compared with those written alone."""

    async def everyone(failures: list[str]) -> list[Told]:
        there = asyncio.Barrier(sessions)
        return list(await asyncio.gather(*(write(served.port, n, there, failures) for n in range(sessions))))

    title = f"{sessions} sessions write {TOKENS} tokens each, all within {WITHIN_S:g} s"
    with Case("generations", title, served) as case:
        told = asyncio.run(everyone(case.failures))
        done = [t for t in told if t.done]
        tokens = sum(len(t.ids) for t in told)
        case.figures |= {"answers": tokens, "done": len(done), "refused": sum(bool(t.refused) for t in told)}
    feedback = [t.feedback - t.pressed for t in done if t.feedback]
    case.waited("feedback", feedback)
    case.waited("first_token", [t.token - t.pressed for t in done if t.token])
    case.waited("whole_text", [t.done - t.pressed for t in done])
    spread = max((t.done for t in done), default=0.0) - min((t.pressed for t in done), default=0.0)
    case.figures["tokens_per_s_in_all"] = round(tokens / spread, 1) if spread else 0.0
    case.aim("neither done nor politely refused", sessions - len(done) + len(case.failures), 0)
    case.aim("without any feedback", len(done) - len(feedback), 0)
    case.aim("first feedback, p95", 1e3 * percentile(feedback, 95), 1_000, "ms")
    case.aim("passes of the model at once", case.figures["passes_at_once"], 1)
    return case, {prompt_of(n): t.ids for n, t in enumerate(told) if t.done and not t.refused}


def written_otherwise(texts: dict[str, list[int]]) -> tuple[list[str], float]:
    """The prompts whose text differs from what the model writes for one reader alone, in this process; and the
    processor milliseconds that a token alone takes.
    """
    from playground.core.sampling_settings import SamplingSettings
    from playground.models import device
    from playground.models import lens as lenses

    device.prepare()
    with lenses.open("smollm2-135m", owner="load") as lens:
        greedy = SamplingSettings(temperature=0.0)
        lens.next_logits(lens.encode("Warm").ids)
        begin = time.process_time()
        alone = {text: [step.id for step in lens.generate(lens.encode(text).ids, greedy, TOKENS)] for text in texts}
        cpu_s = time.process_time() - begin
    otherwise = [f"“{text}” goes on otherwise than alone" for text, ids in texts.items() if ids != alone[text]]
    return otherwise, 1e3 * cpu_s / max(1, sum(map(len, alone.values())))
