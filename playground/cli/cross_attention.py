"""``attention`` on an encoder–decoder: where its decoder looks in the source while it writes each token."""

from typing import TYPE_CHECKING

from playground.cli import output

if TYPE_CHECKING:
    from playground.models.lens import Lens


def show(lens: "Lens", text: str, layer: int | None, head: int | None, as_json: bool) -> None:
    """One head's map while the model answers ``text`` greedily; rows: the tokens written, columns: the source's.

    By default the head whose look depends most on what is being written.
    """
    from playground import limits
    from playground.core import attention as core
    from playground.core import cross_attention, heads
    from playground.core.sampling_settings import SamplingSettings
    from playground.errors import BadInput
    from playground.models import seq2seq

    encoding = seq2seq.encode_source(lens, text)
    source, cut = lens.fit(encoding.ids, limits.current().attention_tokens)
    output.notices((*lens.notices, *encoding.notices, *cut))
    longest = min(limits.current().attention_tokens, lens.max_tokens) - 1
    steps = list(seq2seq.generate(lens, source, SamplingSettings(temperature=0.0), longest))
    written = [step.id for step in steps]
    maps = seq2seq.maps(lens, source, (*seq2seq.start_ids(lens), *written[:-1]))
    cross_LHTS = core.checked(maps.cross_LHTS)
    best = cross_attention.most_selective(cross_LHTS)
    layer, head = best.layer if layer is None else layer, best.head if head is None else head
    for name, value, count in (("layer", layer, lens.decoder_layers), ("head", head, lens.heads)):
        if not 0 <= value < count:
            raise BadInput(f"There is no {name} {value}", f"The decoder's {name}s run from 0 to {count - 1}.")
    selectivity, entropy = cross_attention.selectivity_bits(cross_LHTS), core.entropy_bits(cross_LHTS)
    if as_json:
        output.emit_json(
            {
                "model": lens.model_id,
                "kind": "cross",
                "tokens": [lens.token_text(i) for i in source],
                "written": [lens.token_text(i) for i in written],
                "text": lens.decode(written),
                "layers": lens.decoder_layers,
                "heads": lens.heads,
                "layer": layer,
                "head": head,
                "matrix": cross_LHTS[layer, head].tolist(),
                "entropy_bits": entropy.tolist(),
                "selectivity_bits": selectivity.tolist(),
            }
        )
        return
    names, matrix_TS = [lens.token_label(i) for i in source], cross_LHTS[layer, head]
    looks = [[f"{names[s]} ({s}) {row[s]:.2f}" for s in row.argsort()[::-1][:3]] for row in matrix_TS]
    rows = [[lens.token_label(i), *found] for i, found in zip(written, looks, strict=True)]
    print("".join(c if c.isprintable() else "\ufffd" for c in lens.decode(written)))  # no escape codes
    title = f"{lens.model_id}: the decoder's layer {layer}, head {head} (counted from 0) looks at the source"
    output.emit_table(title, ["writes", "looks most at", "then at", "then at"], rows)
    print(
        f"Entropy {entropy[layer, head]:.2f} bits; its look says {selectivity[layer, head]:.2f} bits about what is "
        f"being written, {heads.percent(float(selectivity[layer, head] / max(selectivity.max(), 1e-9)))} of the most "
        "telling head's."
    )
