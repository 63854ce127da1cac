"""next, generate: the distribution of the next token, and a text drawn from it token by token."""

from collections.abc import Callable
from typing import Any

import click

from playground.cli import output
from playground.core.sampling_settings import SEED_MAX, SamplingSettings

DEFAULT_MODEL = "smollm2-135m"
_FLAGS = (
    click.option("--model", "model_id", default=DEFAULT_MODEL, show_default=True, metavar="ID"),
    click.option("--temperature", type=float, default=1.0, show_default=True, help="0 is greedy."),
    click.option("--top-k", type=int, default=0, show_default=True, help="0 is off."),
    click.option("--top-p", type=float, default=1.0, show_default=True, help="1 is off."),
    click.option("--min-p", type=float, default=0.0, show_default=True, help="0 is off."),
    click.option("--repetition-penalty", type=float, default=1.0, show_default=True, help="1 is off."),
)


def _sampling_flags(command: Callable[..., Any]) -> Callable[..., Any]:
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command


@click.command(name="next")
@click.argument("prompt")
@_sampling_flags
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="How many tokens to list.")
@output.as_json_option
def next_token(prompt: str, model_id: str, top: int, as_json: bool, **flags: Any) -> None:
    """What may come after PROMPT: the most probable tokens, before and after the settings."""
    settings = SamplingSettings(**flags)
    from playground.core import sampling
    from playground.core.visible import visible
    from playground.models import lens as lenses

    with lenses.open(model_id) as lens:
        encoding = lens.encode(output.read_text(prompt))
        ids, cut = lens.fit(encoding.ids)
        output.notices((*lens.notices, *encoding.notices, *cut))
        logits = lens.next_logits(ids)
        distribution = sampling.adjust(logits, settings, ids)
        order = sampling.most_probable_first(logits)
        shown, others = order[:top], order[top:]
        candidates: list[dict[str, Any]] = [
            {
                "id": i,
                "text": lens.token_text(i),
                "bytes": lens.token_bytes(i).hex(),
                "logit": float(logits[i]),
                "probability": float(distribution.probability[i]),
                "adjusted": float(distribution.adjusted[i]),
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
            "candidates": candidates,
            "other_probability": float(distribution.probability[others].sum()),
            "other_adjusted": float(distribution.adjusted[others].sum()),
        }
        title = f"{lens.title}, {lens.dtype} on {lens.device}: the next token after {len(ids):,} tokens"
    if as_json:
        return output.emit_json(report)
    rows: list[tuple[object, ...]] = []
    for rank, c in enumerate(candidates, start=1):
        shares = _shares(c["probability"], c["adjusted"], bool(distribution.kept[c["id"]]))
        shown_text = visible(c["text"], bytes.fromhex(c["bytes"]))
        rows.append((rank, shown_text, c["id"], f"{c['logit']:.3f}", *shares))
    if others.size:
        shares = _shares(report["other_probability"], report["other_adjusted"], bool(distribution.kept[others].any()))
        rows.append(("", f"{others.size:,} other tokens", "", "", *shares))
    output.emit_table(title, ("rank", "token", "id", "logit", "before", "after"), rows, right=(0, 2, 3, 4, 5))
    click.echo(
        f"{report['kept_tokens']:,} of {report['vocabulary_size']:,} tokens kept; entropy "
        f"{report['entropy_bits']:.3f} bits, {report['entropy_bits_before']:.3f} before."
    )
    return None


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
    """Go on after PROMPT, one token at a time; the same seed gives the same text."""
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
