"""Readers who are there before the model is: an empty process, the model in the store, one load for all."""

import asyncio
import time

from tests.load.served import Case, Served
from tests.load.ws_client import Reader

READY_AFTER_LOAD_S = 2.0


async def arrive(port: int, failures: list[str]) -> float:
    """One reader of the sampling page; returns when it was complete."""
    try:
        async with Reader(port) as reader:
            await reader.open("sampling")
            boards = [b for b in reader.of_type("bidi_component") if b.component_name.endswith(".sampling")]
            if reader.title() != "Sampling" or not boards or reader.of_type("alert"):
                failures.append(f"“{reader.title()}”, {len(boards)} distributions, {reader.of_type('alert')}")
            return time.time()
    except Exception as error:
        failures.append(repr(error))
        return float("nan")


def cold_start(served: Served, sessions: int = 30) -> Case:
    """All at once on a server that has just answered its first health check."""

    async def everyone(failures: list[str]) -> list[float]:
        return list(await asyncio.gather(*(arrive(served.port, failures) for _ in range(sessions))))

    with Case("cold_start", f"{sessions} sessions on the sampling page of a process just started", served) as case:
        ready = asyncio.run(everyone(case.failures))
        case.figures["answers"] = sum(moment == moment for moment in ready)
    loads = served.events(what="load")
    loaded_at = max((load["at"] + load["s"] for load in loads), default=float("nan"))
    last = max(ready)
    case.figures |= {
        "healthy_after_s": round(served.server.started_s, 2),
        "loaded_after_s": round(loaded_at - served.healthy_at, 2),
        "load_s": [round(load["s"], 2) for load in loads],
        "all_ready_after_s": round(last - served.healthy_at, 2),
    }
    case.aim("pages missing or wrong", sessions - case.figures["answers"] + len(case.failures), 0)
    case.aim("loads of the model", len(loads), 1)
    case.aim("passes for the one prompt", case.figures["passes"], 1)
    case.aim("healthy after", served.server.started_s, 5, "s")
    case.aim("last page ready, after the load", last - loaded_at, READY_AFTER_LOAD_S, "s")
    return case
