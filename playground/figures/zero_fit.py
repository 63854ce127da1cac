"""Will it fit, drawn: every way with its fewest cards, and the largest model by stage."""

from playground.core.units import format_bytes, format_count, format_gb
from playground.core.zero_fit import Way
from playground.figures import palette
from playground.figures.plain import Figure
from playground.figures.zero import STAGE_COLOURS, STAGE_NAMES


def ways(found: tuple[Way, ...], reserved: int, count: int, titles: dict[str, str]) -> list[dict[str, object]]:
    """A row a way: the fewest cards, the bytes on each, and in the host's memory; or why none is enough."""
    rows: list[dict[str, object]] = []
    for way in found:
        row: dict[str, object] = {
            "stage": f"{way.stage} · {STAGE_NAMES[way.stage]}",
            "offloads": titles[way.offload],
            "fewest cards": f"{way.gpus:,}" if way.gpus else "none is enough",
            "fits here": "✓" if way.gpus is not None and way.gpus <= count else "✗",
        }
        if way.smallest is None:
            short = int(way.kept_bytes) + reserved
            row["on each of these"] = f"{format_gb(short)} stay whole"
            row["in host memory, for each"] = ""
        else:
            row["on each of these"] = format_bytes(int(way.smallest.total) + reserved)
            row["in host memory, for each"] = format_gb(int(way.smallest.host_total)) if way.smallest.host_total else ""
        rows.append(row)
    return rows


def largest(sizes: dict[int, int]) -> Figure:
    """The most parameters by stage, as bars with their numbers."""
    figure = Figure()
    figure.add_bar(
        y=list(range(len(sizes))),
        x=list(sizes.values()),
        orientation="h",
        marker={"color": [STAGE_COLOURS.get(stage, palette.GREY) for stage in sizes]},
        text=[f"<b>{format_count(size)}</b>" for size in sizes.values()],
        textposition="outside",
        cliponaxis=False,
        hovertemplate=[f"{STAGE_NAMES[stage]}: {size:,} parameters<extra></extra>" for stage, size in sizes.items()],
    )
    figure.update_layout(
        height=240,
        bargap=0.35,
        margin={"l": 4, "r": 60, "t": 8, "b": 4},
        xaxis={"title": {"text": "parameters"}, "nticks": 6, "range": [0, max(*sizes.values(), 1) * 1.12]},
        yaxis={
            "tickvals": list(range(len(sizes))),
            "ticktext": [f"stage {stage}" for stage in sizes],
            "range": [len(sizes) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    return figure
