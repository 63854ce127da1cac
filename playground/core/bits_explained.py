"""Bits a weight, explained: what the scales add, what stays in 16 bit, and why the average is what it is."""

from playground.core.subject import Subject
from playground.core.units import format_count
from playground.core.weight_formats import (
    LEFT_IN_SIXTEEN,
    WeightFormat,
    bits_per_weight,
    grouped_bits,
    nf4_bits,
    quantized_elements,
)

_FLAT = {
    "int4": "4 bits flat, the course's half byte: no scales, so no real file is this small. One FP16 scale for every "
    f"64 weights makes {float(grouped_bits(64, zero_bits=0)):g} bits (page Quantization), bitsandbytes' NF4 "
    f"{float(nf4_bits()):g}, and embeddings usually stay in 16",
    "int8": "8 bits flat, the course's one byte: no scales. LLM.int8 adds an FP32 scale to every row and leaves "
    "embeddings in 16 bit",
    "fp8": "8 bits flat, no scales. MXFP8 adds 8 bits for every 32 weights",
}


def sentence(about: Subject, form: WeightFormat) -> str:
    """Where the average bits a weight come from, for this model in this format.

    >>> from playground.core.subject import subject
    >>> from playground.core.weight_formats import weight_format
    >>> sentence(subject("llama-3.1-8b"), weight_format("nf4"))
    '4.5 bits, scales included, for 6.98B weights of the layers + 16 bits for 1.05B of embeddings, head and norms = 6.005 on average'
    >>> sentence(subject("gpt2"), weight_format("bf16"))
    '16 bits for every weight, nothing else'
    """  # noqa: E501
    if form.name in _FLAT:
        return _FLAT[form.name]
    bits = f"{float(form.bits):.4g} bits"
    if about.model is None:
        if form.linear_only or form.mixture:
            return f"{bits} for the layers' weights; a bare count can't tell how many others are kept in more"
        return f"{bits} for every weight, nothing else"
    average = f"{float(bits_per_weight(about.model, form)):.4g} on average"
    if form.mixture:
        return f"{bits} in most tensors, more or fewer in some, FP32 norms = {average}"
    if not form.linear_only:
        return f"{bits} for every weight, nothing else"
    small = quantized_elements(about.model, form)
    which = "the experts" if form.name == "mxfp4" and about.model.experts else "the layers"
    scales = "and a scale a row" if form.row_scale else "scales included,"
    return (
        f"{bits}, {scales} for {format_count(small)} weights of {which} + 16 bits for "
        f"{format_count(about.parameters - small)} of {_the_rest(which)} = {average}"
    )


def details(form: WeightFormat) -> str:
    """What a file of this format is made of; empty where the bits say it all.

    >>> from playground.core.weight_formats import weight_format
    >>> details(weight_format("q4_k_m"))
    'a mixture of Q4_K and Q6_K. K: blocks of 256 weights; S, M, L: how many tensors get more'
    >>> details(weight_format("nf4"))
    'FP32 absmax per 64 weights'
    """
    if form.name in _FLAT:
        return ""
    if form.mixture.endswith(("_K_S", "_K_M", "_K_L")):
        return f"{form.note}. K: blocks of 256 weights; S, M, L: how many tensors get more"
    return form.note.removesuffix(LEFT_IN_SIXTEEN).removesuffix("; ")


def formula(about: Subject, form: WeightFormat) -> str:
    """The bytes of the weights as a formula with this model's numbers.

    >>> from playground.core.subject import subject
    >>> from playground.core.weight_formats import weight_format
    >>> formula(subject("llama-3.1-8b"), weight_format("nf4-dq"))
    '(6,979,321,856 × 4.12695 + 1,050,939,392 × 16) bits / 8'
    """
    if about.model is not None and form.linear_only:
        small = quantized_elements(about.model, form)
        rows = " + row scales" if form.row_scale else ""
        return f"({small:,} × {float(form.bits):.6g} + {about.parameters - small:,} × 16) bits / 8{rows}"
    bits = form.bits if about.model is None else bits_per_weight(about.model, form)
    return f"{about.parameters:,} × {float(bits):.5g} bits / 8"


def _the_rest(quantized: str) -> str:
    return "everything else" if quantized == "the experts" else "embeddings, head and norms"
