"""The memory calculators: parts add up, monotone where they must be, edges refused, catalogue complete."""

import dataclasses
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.core import activations, gpus, kv_cache, parameters, recipes, weight_formats
from playground.core.architectures import architecture, catalogue
from playground.core.inference_memory import inference_memory
from playground.core.subject import subject
from playground.core.training_memory import training_memory
from playground.errors import BadInput

MODELS = st.sampled_from(sorted(catalogue()))
TOKENS, BATCHES = st.integers(min_value=1, max_value=200_000), st.integers(min_value=1, max_value=64)

# Totals published on model cards and in papers that the golden figures do not hold.
PUBLISHED = {
    "smollm2-135m": 134_515_008,
    "smollm2-360m": 361_821_120,
    "gemma-2-2b": 2_614_341_888,
    "gemma-2-9b": 9_241_705_984,
    "gemma-2-27b": 27_227_128_320,
    "gemma-3-1b": 999_885_952,
    "qwen3-8b": 8_190_735_360,
    "qwen3-30b-a3b": 30_532_122_624,
    "phi-2": 2_779_683_840,
    "phi-3-mini": 3_821_079_552,
    "mistral-nemo-12b": 12_247_782_400,
    "gpt-j-6b": 6_050_882_784,
    "falcon-7b": 6_921_720_704,
    "bloomberggpt-50b": 50_558_868_480,
    "deepseek-v2-lite": 15_706_484_224,
    # Pythia's own table (arXiv:2304.01373)
    "pythia-70m": 70_426_624,
    "pythia-160m": 162_322_944,
    "pythia-410m": 405_334_016,
    "pythia-1b": 1_011_781_632,
    "pythia-1.4b": 1_414_647_808,
    "pythia-2.8b": 2_775_208_960,
    "pythia-12b": 11_846_072_320,
}


@pytest.mark.parametrize("model_id", PUBLISHED)
def test_counts_equal_the_published_totals(model_id: str) -> None:
    assert parameters.count(architecture(model_id)) == PUBLISHED[model_id]


# llama.cpp's tools/quantize/README.md, Llama-3.1-8B: bits per weight of the whole file.
PUBLISHED_BITS = {
    "q2_k": 3.1593,
    "q3_k_s": 3.6429,
    "q3_k_l": 4.2979,
    "q4_k_s": 4.6672,
    "q4_k_m": 4.8944,
    "q5_k_s": 5.5704,
    "q5_k_m": 5.7036,
    "q6_k": 6.5633,
    "q8_0": 8.5008,
}


@pytest.mark.parametrize("name", PUBLISHED_BITS)
def test_gguf_mixtures_have_the_published_bits(name: str) -> None:
    real = weight_formats.bits_per_weight(architecture("llama-3.1-8b"), weight_formats.weight_format(name))
    assert float(real) == pytest.approx(PUBLISHED_BITS[name], abs=5.1e-5)


def test_the_catalogue_is_large_sourced_and_adds_up() -> None:
    assert len(catalogue()) >= 40
    for model in catalogue().values():
        assert model.source and model.title
        assert sum(parameters.by_group(model).values()) == parameters.count(model)
        assert parameters.active(model) <= parameters.count(model) <= parameters.stored_elements(model)


def test_an_unknown_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match=r"llama-3\.1-8b"):
        architecture("llama-3.1-9b")


@given(model_id=MODELS, form=st.sampled_from(weight_formats.WEIGHT_FORMATS))
def test_no_format_beats_its_own_bits_or_fp32(model_id: str, form: weight_formats.WeightFormat) -> None:
    model = architecture(model_id)
    real = weight_formats.bits_per_weight(model, form)
    assert form.bits <= real <= 32
    if form.name in ("fp32", "bf16", "fp16", "int8", "int4"):
        assert weight_formats.weight_bytes(model, form) * 8 == form.bits * parameters.stored_elements(model)


@given(model_id=MODELS, context=TOKENS, batch=BATCHES, form=st.sampled_from(kv_cache.CACHE_FORMATS))
def test_inference_parts_add_up_and_grow(model_id: str, context: int, batch: int, form: kv_cache.CacheFormat) -> None:
    weights = weight_formats.weight_format("bf16")
    got = inference_memory(subject(model_id), weights, form, context, batch)
    more = inference_memory(subject(model_id), weights, form, context + 1, batch + 1)
    assert got.total == sum(got.parts.values()) and all(isinstance(part, int) for part in got.parts.values())
    assert more.kv_cache >= got.kv_cache and more.total >= got.total
    model = architecture(model_id)
    if not model.window_layers and model.kind == "decoder" and form.bits % 8 == 0:
        assert got.kv_cache == got.kv_bytes_per_token * context * batch


def test_a_window_keeps_the_last_tokens_only() -> None:
    half = kv_cache.cache_format("fp16")
    mistral, oss = architecture("mistral-7b-v0.1"), architecture("gpt-oss-20b")
    assert kv_cache.cache_bytes(mistral, 131_072, 1, half) == kv_cache.cache_bytes(mistral, 4_096, 1, half) == 2**29
    per_layer = kv_cache.bytes_per_token(oss, half) // oss.layers
    assert kv_cache.cache_bytes(oss, 10_000, 1, half) == per_layer * (12 * 10_000 + 12 * 128)
    assert kv_cache.cache_bytes(oss, 10_000, 1, half, ignore_window=True) == per_layer * 24 * 10_000


def test_an_encoder_has_no_cache() -> None:
    bf16, half = weight_formats.weight_format("bf16"), kv_cache.cache_format("fp16")
    assert inference_memory(subject("bert-base-uncased"), bf16, half, 512).kv_cache == 0


def test_what_is_special_about_a_model_is_said() -> None:
    bf16, half = weight_formats.weight_format("bf16"), kv_cache.cache_format("bf16")
    mixture = inference_memory(subject("mixtral-8x7b"), bf16, half, 4096)
    assert "46.70B" in mixture.notices[0] and "12.88B" in mixture.notices[0]
    flan = training_memory(subject("flan-t5-base"), recipes.recipe("fp32"), recipes.optimizer("adamw"), 1, 512)
    assert "transformers 5 ties" in flan.notices[0]


def test_a_bare_count_says_what_it_can_not_know() -> None:
    bf16, half = weight_formats.weight_format("bf16"), kv_cache.cache_format("fp16")
    got = inference_memory(subject(count="7.5B"), bf16, half, 4096, overhead=0)
    assert (got.weights, got.total) == (15 * 10**9, 15 * 10**9) and "layers and heads" in got.notices[0]
    trained = training_memory(subject(count="7.5B"), recipes.recipe("mixed"), recipes.optimizer("adamw"), overhead=0)
    assert trained.total == trained.states == 120 * 10**9 and trained.notices


@pytest.mark.parametrize(
    ("recipe", "each"),
    [
        ("fp32", (4, 4, 8)),
        ("amp", (4, 4, 8)),
        ("mixed", (2, 2, 12)),
        ("megatron", (2, 4, 12)),
        ("bf16", (2, 2, 4)),
        ("adam8bit", (2, 2, Fraction(65, 32))),
    ],
)
def test_recipes_by_the_billion(recipe: str, each: tuple[int, ...]) -> None:
    got = training_memory(subject(count="1B"), recipes.recipe(recipe), recipes.optimizer("adamw"))
    assert (got.weights, got.gradients, got.optimizer) == tuple(int(size * 10**9) for size in each)
    assert tuple(got.bytes_per_parameter.values()) == each


def test_the_course_rule_is_twenty_four() -> None:
    assert sum(recipes.COURSE_BYTES.values()) == 24


@given(model_id=MODELS, recipe=st.sampled_from(recipes.RECIPES), batch=BATCHES, sequence=TOKENS)
def test_training_parts_add_up(model_id: str, recipe: recipes.Recipe, batch: int, sequence: int) -> None:
    results = [
        training_memory(subject(model_id), recipe, recipes.optimizer("adamw"), batch, sequence, how)
        for how in activations.RECOMPUTE
    ]
    for got in results:
        assert got.total == sum(got.parts.values()) and all(isinstance(part, int) for part in got.parts.values())
    kept = [got.activations for got in results]
    assert kept[0] >= kept[1] > kept[2] > 0
    assert results[2].recomputed_layer > 0 == results[0].recomputed_layer


def test_gpt2_activations_dwarf_the_course_eight_bytes() -> None:
    got = training_memory(subject("gpt2"), recipes.recipe("mixed"), recipes.optimizer("adamw"), 8, 1024)
    assert got.activations == 12 * (34 + 80) * 1024 * 8 * 768
    assert round(got.activations / got.subject.parameters) == 69


def test_eight_bit_adam_by_tensor() -> None:
    adam = recipes.optimizer("adamw")
    whole = training_memory(subject("llama-3.1-8b"), recipes.recipe("adam8bit"), adam)
    assert whole.optimizer == whole.subject.parameters * 65 // 32  # every tensor is a multiple of 256
    small = training_memory(subject("gpt2"), recipes.recipe("adam8bit"), adam)
    assert small.optimizer > small.subject.parameters * 65 / 32  # its norms and biases stay in 32 bit


def test_adafactor_keeps_rows_and_columns() -> None:
    got = training_memory(subject("gpt2"), recipes.recipe("fp32"), recipes.optimizer("adafactor"))
    assert got.optimizer == 4 * sum(
        t.copies * (sum(t.shape) if len(t.shape) > 1 else t.shape[0]) for t in parameters.tensors(architecture("gpt2"))
    )
    with pytest.raises(BadInput, match="shapes"):
        training_memory(subject(count="1B"), recipes.recipe("fp32"), recipes.optimizer("adafactor"))
    with pytest.raises(BadInput, match="8-bit"):
        training_memory(subject("gpt2"), recipes.recipe("adam8bit"), recipes.optimizer("sgd"))


@pytest.mark.fault(13)
@pytest.mark.parametrize("count", ["0", "-7B", "1e15", "1e30", "nan", "abc", "", "1.5"])
def test_counts_that_make_no_sense_are_refused(count: str) -> None:
    with pytest.raises(BadInput) as refusal:
        subject(count=count)
    assert refusal.value.hint


def test_a_model_and_a_count_together_are_refused() -> None:
    for arguments in ((None, None), ("gpt2", "1B")):
        with pytest.raises(BadInput, match="One of the two"):
            subject(*arguments)


@pytest.mark.fault(13)
@pytest.mark.parametrize(
    ("context", "batch", "overhead"), [(0, 1, 0), (-1, 1, 0), (10**9, 1, 0), (1, 0, 0), (1, 1, -1)]
)
def test_sizes_that_make_no_sense_are_refused(context: int, batch: int, overhead: int) -> None:
    bf16, half = weight_formats.weight_format("bf16"), kv_cache.cache_format("fp16")
    with pytest.raises(BadInput):
        inference_memory(subject("gpt2"), bf16, half, context, batch, overhead)
    with pytest.raises(BadInput):
        training_memory(
            subject("gpt2"), recipes.recipe("bf16"), recipes.optimizer("adamw"), batch, context, "none", overhead
        )


def test_names_that_do_not_exist_are_refused() -> None:
    for look_up in (weight_formats.weight_format, kv_cache.cache_format, recipes.recipe, recipes.optimizer):
        with pytest.raises(BadInput, match="There are"):
            look_up("nonsense")
    with pytest.raises(BadInput, match="recompute"):
        training_memory(
            subject("gpt2"),
            recipes.recipe("bf16"),
            recipes.optimizer("adamw"),
            recompute="maybe",  # type: ignore[arg-type]
        )
    with pytest.raises(BadInput, match="divide"):
        activations.gpt_layer_bytes(1024, 1, 768, 12, tensor_parallel=5)


def test_gpus_are_sold_larger_than_they_are_usable() -> None:
    cards = gpus.gpus()
    assert [c.usable_bytes for c in cards] == sorted(c.usable_bytes for c in cards)
    for card in cards:
        assert card.usable_bytes < card.sold_gb * 2**30 and card.source
    a100 = next(card for card in cards if card.id == "a100-80gb")
    assert 84.9e9 < a100.usable_bytes < 85.1e9


@given(need=st.integers(min_value=0, max_value=10**15))
def test_a_fit_is_what_the_smallest_card_says(need: int) -> None:
    fits = gpus.fits(need)
    smallest = gpus.smallest_that_fits(need)
    assert smallest == next((fit.gpu for fit in fits if fit.cards == 1), None)
    for fit in fits:
        assert fit.cards * fit.gpu.usable_bytes >= need and fit.fits == (fit.cards == 1)


def test_a_context_beyond_the_model_is_computed_and_said() -> None:
    bf16, half = weight_formats.weight_format("bf16"), kv_cache.cache_format("fp16")
    got = inference_memory(subject("gpt2-xl"), bf16, half, 4096)
    assert got.kv_cache == 1_258_291_200 and "beyond" in got.notices[0]


@pytest.mark.fault(13)
def test_heads_that_do_not_divide_are_a_mistake_in_the_file() -> None:
    from playground.core.architectures import _read

    row = {f.name: getattr(architecture("gpt2"), f.name) for f in dataclasses.fields(architecture("gpt2"))}
    row = {key: value for key, value in row.items() if key not in ("experts", "latent")}
    with pytest.raises(ValueError, match="divide"):
        _read({**row, "heads": 7, "head_dim": 0})
    with pytest.raises(ValueError, match="unknown"):
        _read({**row, "hiden": 7})
