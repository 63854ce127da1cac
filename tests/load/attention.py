"""Readers of the attention page, each with texts of their own, and every answer checked against its text."""

import asyncio
import base64
import html
import json
import random
from typing import NamedTuple

import numpy as np
from streamlit.proto.Common_pb2 import StringArray

from tests.load.served import Case, Served
from tests.load.ws_client import Reader

TOKENS = 64
WORDS = """
    the old river runs past a quiet town and under three stone bridges before it meets the sea where boats wait for
    wind and people sell bread fish salt apples books maps rope lamps and stories of storms long ago when nobody
    could read the stars or name the islands that rise from the fog each morning like slow grey whales asleep in a row
""".split()  # noqa: SIM905
ROW_SUM_WITHIN = 0.02  # a row's weights are rounded to four places


def text_for(number: int, step: int) -> str:
    """A text nobody else asks about, at most ``TOKENS`` tokens long: common words are a token each."""
    dice = random.Random(1_000 * number + step)
    return " ".join(dice.choices(WORDS, k=dice.randrange(24, 48)))


def shown(spec: str) -> tuple[str, np.ndarray]:
    """The text whose tokens the page's heatmap has as rows, and the weights."""
    trace = json.loads(spec)["data"][0]
    labels = [html.unescape(row[0]).rpartition(" → ")[0] for row in trace["text"]]
    coded = trace["z"]
    if isinstance(coded, dict):  # plotly's base64, else plain lists
        coded = np.frombuffer(base64.b64decode(coded["bdata"]), np.dtype(coded["dtype"]))
    return "".join(labels).replace("·", " ").strip(), np.asarray(coded, float).reshape(len(labels), len(labels))


def wrong(reader: Reader, text: str, layer: int) -> str:
    """What the page shows instead of this text's map; empty if nothing is wrong."""
    charts = reader.of_type("plotly_chart")
    if not charts:
        return f"no picture: {[alert.title for alert in reader.of_type('alert')]}"
    found, weights_TS = shown(charts[0].spec)
    sums = np.nansum(weights_TS, 1)
    if found != text:
        return f"the map of “{found[:60]}”, not of “{text[:60]}”"
    if len(weights_TS) > TOKENS or np.abs(sums - 1).max() > ROW_SUM_WITHIN:
        return f"{len(weights_TS)} rows whose sums are {sums.min():.3f} to {sums.max():.3f}"
    named = f"Layer {layer}, head"
    return "" if any(named in m.body for m in reader.of_type("markdown")) else f"not the map of layer {layer}"


class Looked(NamedTuple):
    """What the readers found: seconds by what was changed, bytes of each answer, what was wrong."""

    waits: dict[str, list[float]]
    sent: list[int]
    failures: list[str]


async def look(port: int, number: int, changes: int, think_s: float, seen: Looked) -> None:
    """One reader: turn by turn another text (the model runs) and another layer of it (it does not)."""
    waits, sent, failures = seen
    dice = random.Random(number)
    await asyncio.sleep(dice.uniform(0, think_s))
    try:
        async with Reader(port) as reader:
            text, layer = text_for(number, 0), number % 30
            await reader.open("attention", text=text, layer=str(layer))
            for step in range(1, changes + 1):
                await asyncio.sleep(dice.uniform(0.5, 1.5) * think_s)
                before = reader.received_bytes
                if step % 2:
                    text = text_for(number, step)
                    waits["text"].append(await reader.change("text", string_value=text))
                else:
                    layer = (layer + 7) % 30
                    value = StringArray(data=[str(layer)])
                    waits["layer"].append(await reader.change("layer", string_array_value=value))
                sent.append(reader.received_bytes - before)
                problem = wrong(reader, text, layer)
                if problem:
                    failures.append(f"reader {number}, step {step}: {problem}")
    except Exception as error:
        failures.append(f"reader {number}: {error!r}")


def attention(served: Served, sessions: int = 30, changes: int = 8, think_s: float = 10.0) -> Case:
    """The attention page with the default model."""
    waits: dict[str, list[float]] = {"text": [], "layer": []}
    sent: list[int] = []

    async def everyone(seen: Looked) -> None:
        await asyncio.gather(*(look(served.port, n, changes, think_s, seen) for n in range(sessions)))

    with Case("attention", f"{sessions} sessions on the attention page, think time {think_s:g} s", served) as case:
        asyncio.run(everyone(Looked(waits, sent, case.failures)))
        every = waits["text"] + waits["layer"]
        case.figures |= {"answers": len(every), "expected_answers": sessions * changes}
        case.figures["kilobytes_an_answer"] = round(max(sent, default=0) / 1e3)
    for name, taken in (("answer", every), ("new_text", waits["text"]), ("new_layer", waits["layer"])):
        case.waited(name, taken)
    case.aim("answers missing or wrong", sessions * changes - len(every) + len(case.failures), 0)
    case.aim("answer, p95", case.figures["answer_p95_ms"], 1_500, "ms")
    case.aim("largest answer", case.figures["kilobytes_an_answer"], 500, "kB")
    case.aim("passes of the model at once", case.figures["passes_at_once"], 1)
    return case
