"""next, generate: the distribution of the next token, and a text drawn from it token by token."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from playground.cli import output
from playground.core.sampling_settings import ORDERS, SEED_MAX, SamplingSettings

if TYPE_CHECKING:
    import numpy as np

    from playground.core.sampling import Distribution

DEFAULT_MODEL = "smollm2-135m"
_FLAGS = (
    click.option("--model", "model_id", default=DEFAULT_MODEL, show_default=True, metavar="ID"),
    click.option("--temperature", type=float, default=1.0, show_default=True, help="0 is greedy."),
    click.option("--top-k", type=int, default=0, show_default=True, help="0 is off."),
    click.option("--top-p", type=float, default=1.0, show_default=True, help="1 is off."),
    click.option("--min-p", type=float, default=0.0, show_default=True, help="0 is off."),
    click.option("--typical-p", type=float, default=1.0, show_default=True, help="1 is off."),
    click.option("--repetition-penalty", type=float, default=1.0, show_default=True, help="1 is off."),
    click.option("--order", default="transformers", show_default=True, metavar="|".join(ORDERS), help="Of the steps."),
)


def _sampling_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


@click.command(name="next")
@click.argument("prompt")
@_sampling_flags
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="How many tokens to list.")
@click.option("--draws", type=click.IntRange(0, 1_000_000), default=0, show_default=True, help="Draw so many tokens.")
@click.option("--seed", type=click.IntRange(0, SEED_MAX), default=0, show_default=True, help="Of the draws.")
@click.option("--mistake", is_flag=True, help="What softmax over the top 50 only would say, a popular mistake.")
@output.as_json_option
def next_token(
    prompt: str, model_id: str, top: int, draws: int, seed: int, mistake: bool, as_json: bool, **flags: Any
) -> None:
    """What may come after PROMPT: the most probable tokens, before and after the settings.

    Of an encoder–decoder, such as date-t5: what its answer to PROMPT may begin with.
    """
    settings = SamplingSettings(**flags)
    from playground.core import sampling
    from playground.core.sampling_compared import mistaken
    from playground.core.sampling_draws import counts, uniforms
    from playground.core.visible import visible
    from playground.models import lens as lenses

    with lenses.open(model_id) as lens:
        encoding = lens.encode(output.read_text(prompt))
        ids, cut = lens.fit(encoding.ids)
        output.notices((*lens.notices, *encoding.notices, *cut))
        logits, before = lens.next_logits(ids), lens.before(ids)
        distribution = sampling.adjust(logits, settings, before)
        order = sampling.most_probable_first(logits)
        shown, others = order[:top], order[top:]
        more: dict[str, np.ndarray] = {}  # further columns, by id
        if mistake:
            more["mistaken"] = mistaken(logits, settings, before).distribution.adjusted
        if draws:
            more["drawn"] = counts(distribution, uniforms(seed, len(before), draws))
        candidates: list[dict[str, Any]] = [
            {
                "id": i,
                "text": lens.token_text(i),
                "bytes": lens.token_bytes(i).hex(),
                "logit": float(logits[i]),
                "probability": float(distribution.probability[i]),
                "adjusted": float(distribution.adjusted[i]),
                **{name: column[i].item() for name, column in more.items()},
            }
            for i in shown.tolist()
        ]
        report: dict[str, Any] = {
            "model": lens.model_id,
            "device": lens.device,
            "dtype": lens.dtype,
            "prompt_ids": list(ids),
            "vocabulary_size": int(logits.size),
            "entropy_bits": distribution.entropy_bits,
            "entropy_bits_before": sampling.entropy_bits(distribution.probability),
            "kept_tokens": distribution.kept_tokens,
            "kept_mass": distribution.kept_mass,
            "candidates": candidates,
            "other_probability": float(distribution.probability[others].sum()),
            "other_adjusted": float(distribution.adjusted[others].sum()),
            **{f"other_{name}": column[others].sum().item() for name, column in more.items()},
            **_compared(logits, settings, before, distribution, more),
        }
        what = "the answer's first token to" if lens.kind == "encoder-decoder" else "the next token after"
        title = f"{lens.title}, {lens.dtype} on {lens.device}: {what} {len(ids):,} tokens"
    if as_json:
        return output.emit_json(report)
    rows: list[tuple[object, ...]] = []
    for rank, c in enumerate(candidates, start=1):
        shares = _shares(c["probability"], c["adjusted"], bool(distribution.kept[c["id"]]))
        shown_text = visible(c["text"], bytes.fromhex(c["bytes"]))
        rows.append((rank, shown_text, c["id"], f"{c['logit']:.3f}", *shares, *(_cell(c[name]) for name in more)))
    if others.size:
        shares = _shares(report["other_probability"], report["other_adjusted"], bool(distribution.kept[others].any()))
        rest = (_cell(report[f"other_{name}"]) for name in more)
        rows.append(("", f"{others.size:,} other tokens", "", "", *shares, *rest))
    columns = ("rank", "token", "id", "logit", "before", "after", *more)
    output.emit_table(title, columns, rows, right=(0, *range(2, len(columns))))
    for line in _lines(report):
        click.echo(line)
    return None


def _compared(
    logits: "np.ndarray",
    settings: SamplingSettings,
    ids: Sequence[int],
    distribution: "Distribution",
    more: "dict[str, np.ndarray]",
) -> dict[str, Any]:
    """The chain step by step, the other order, both readings of top-p, the fit of draws: what the page shows."""
    from playground.core.sampling_compared import other_order
    from playground.core.sampling_draws import fit

    other = other_order(logits, settings, ids)
    found: dict[str, Any] = {
        "order": settings.order,
        "stages": [vars(stage) for stage in distribution.stages],
        "other_order": {
            "order": other.name,
            "kept_tokens": other.distribution.kept_tokens,
            "total_variation": other.total_variation,
        },
    }
    if distribution.nucleus:
        found["top_p_readings"] = distribution.nucleus._asdict()
    if "drawn" in more:
        found["fit"] = fit(distribution.adjusted, more["drawn"])._asdict()
    return found


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """What there is to say under the table."""
    yield (
        f"{report['kept_tokens']:,} of {report['vocabulary_size']:,} tokens kept; entropy "
        f"{report['entropy_bits']:.3f} bits, {report['entropy_bits_before']:.3f} before."
    )
    for stage in report["stages"]:
        did = f"cuts {stage['removed_tokens']:,} tokens, {stage['removed_mass']:.2%}"
        if stage["name"] in ("temperature", "repetition_penalty"):
            did = f"moves {stage['moved_mass']:.2%} of the mass"
        yield f"  {stage['name'].replace('_', '-')} {did}"
    other = report["other_order"]
    if other["total_variation"] > 1e-12:
        yield (
            f"In {other['order']}'s order {other['kept_tokens']:,} would be kept; "
            f"at least {other['total_variation']:.2%} of all draws would differ (total variation)."
        )
    if readings := report.get("top_p_readings"):
        yield (
            f"Top-p is the smallest set that reaches p: {readings['reaching']:,} tokens; the largest set within p "
            f"would be {readings['within']:,}."
        )
    if fit := report.get("fit"):
        yield f"Chi-square {fit['chi_square']:.2f}, {fit['degrees']} degrees of freedom, p-value {fit['p_value']:.3f}."


def _cell(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.4%}"


def _shares(probability: float, adjusted: float, kept: bool) -> tuple[str, str]:
    return f"{probability:.4%}", f"{adjusted:.4%}" if kept else "cut"


@click.command()
@click.argument("prompt")
@_sampling_flags
@click.option("--max-new-tokens", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--greedy", is_flag=True, help="Always the most probable token: temperature 0.")
@click.option("--seed", type=click.IntRange(0, SEED_MAX), default=0, show_default=True)
@output.as_json_option
def generate(
    prompt: str, model_id: str, max_new_tokens: int, greedy: bool, seed: int, as_json: bool, **flags: Any
) -> None:
    """Go on after PROMPT, or answer it (an encoder–decoder), token by token; the same seed gives the same text."""
    settings = SamplingSettings(**(flags | {"temperature": 0.0} if greedy else flags))
    from playground import limits
    from playground.core.visible import visible
    from playground.models import lens as lenses

    with lenses.open(model_id) as lens:
        encoding = lens.encode(output.read_text(prompt))
        ids, cut = lens.fit(encoding.ids)
        longest = limits.current().new_tokens
        capped = (f"Stopping after {longest:,} tokens, the most allowed here.",) if max_new_tokens > longest else ()
        output.notices((*lens.notices, *encoding.notices, *cut, *capped))
        steps = list(lens.generate(ids, settings, max_new_tokens, seed))
        tokens = [
            {
                "id": step.id,
                "text": lens.token_text(step.id),
                "probability": step.probability,
                "adjusted": step.adjusted,
                "rank": step.rank,
            }
            for step in steps
        ]
        shown = [visible(lens.token_text(step.id), lens.token_bytes(step.id)) for step in steps]
        new_ids = [step.id for step in steps]
        text = lens.decode(new_ids)
        report = {
            "model": lens.model_id,
            "prompt_ids": list(ids),
            "new_ids": new_ids,
            "text": text,
            "finish_reason": steps[-1].finish_reason,
            "seed": seed,
            "tokens": tokens,
        }
        title = f"{lens.title}: {len(new_ids)} tokens, seed {seed}, ended by {steps[-1].finish_reason}"
    if as_json:
        return output.emit_json(report)
    click.echo("".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text))  # no escape codes
    rows = [
        (n, s, t["id"], f"{t['probability']:.2%}", f"{t['adjusted']:.2%}", t["rank"] + 1)
        for n, (s, t) in enumerate(zip(shown, tokens, strict=True), start=1)
    ]
    output.emit_table(title, ("", "token", "id", "before", "after", "rank"), rows, right=(0, 2, 3, 4, 5))
    return None


COMMANDS: tuple[click.Command, ...] = (next_token, generate)
