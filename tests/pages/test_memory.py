"""The Memory page: both tasks on their examples, links, and inputs that make no sense."""

from functools import partial

import pytest

from playground.core.architectures import catalogue
from tests.pages.opened import html, run

page = partial(run, "memory.py")


def test_the_example_is_llama_answering() -> None:
    app = page()
    assert not app.exception and not app.error
    assert app.title[0].value == "Memory"
    assert app.metric[0].value == "18.45 GB = 17.19 GiB" and app.metric[1].value == "A10"
    assert "2 × 32 layers × 8 KV heads × 128 × 2 B × 8,192 tokens" in html(app)
    captions = [block.value for block in app.caption]
    assert any("rule of thumb]" in text for text in captions) and any("computed]" in text for text in captions)


def test_four_bits_are_not_four() -> None:
    app = page(weights="q4_k_m")
    assert "4.91 GB = 4.58 GiB" in html(app) and "4.8944 bits" in html(app)


def test_training_shows_the_courses_rule_first() -> None:
    app = page(task="training", model="gpt2", batch="8")
    assert not app.exception and not app.error
    spec = app.get("plotly_chart")[0].proto.spec
    assert spec.index("Rule of thumb, 24 bytes a parameter") < spec.index("Computed")
    assert "2.99 GB" in spec and "13.32 GB" in spec
    assert "12 layers × 8 × 1,024 tokens × (34·768 + 5·12·1,024) B" in html(app)


def test_a_bare_count() -> None:
    app = page(params="7.5B", task="training", recipe="fp32", overhead="0.0")
    assert not app.exception and app.text_input(key="params").value == "7.5B"
    assert app.metric[0].value == "120.00 GB = 111.76 GiB"
    assert any("does not tell" in caption.value for caption in app.caption)


def test_moving_an_input_moves_the_answer() -> None:
    app = page()
    before = app.metric[0].value
    app.select_slider(key="context").set_value(131072).run()
    assert app.metric[0].value != before and not app.exception
    app.segmented_control(key="task").set_value("training").run()
    assert not app.exception and app.selectbox(key="recipe").value == "mixed"


@pytest.mark.parametrize(
    "model", ["mixtral-8x7b", "deepseek-v3", "t5-11b", "bert-base-uncased", "gpt-oss-120b", "gpt-3-175b"]
)
@pytest.mark.parametrize("task", ["inference", "training"])
def test_every_kind_of_model(model: str, task: str) -> None:
    app = page(model=model, task=task, recompute="full")
    assert not app.exception and not app.error
    assert app.selectbox(key="model").value == model and model in catalogue()


@pytest.mark.fault(13)
@pytest.mark.parametrize("count", ["0", "-7B", "1e15", "nan", "<b>", "7.5", ""])
def test_counts_that_make_no_sense_are_explained(count: str) -> None:
    app = page(params=count) if count else page(model="params", params=" ")
    assert not app.exception and app.error[0].value


def test_choices_that_do_not_go_together_are_explained() -> None:
    app = page(task="training", recipe="adam8bit", optimizer="sgd")
    assert not app.exception and "recipe bf16" in app.error[0].value.replace("\\", "")


def test_nonsense_in_a_link_falls_back() -> None:
    app = page(model="no-such-model", context="7", weights="fp7", task="sleep", overhead="99")
    assert not app.exception and not app.error
    assert app.selectbox(key="model").value == "llama-3.1-8b"


def test_a_config_of_ones_own() -> None:
    app = page(model="config")
    assert not app.exception and not app.error
    assert any("1,235,814,400 parameters" in caption.value.replace("\\", "") for caption in app.caption)
    changed = app.text_area(key="config").value.replace('"num_hidden_layers": 16', '"num_hidden_layers": 32')
    app.text_area(key="config").set_value(changed).run()
    assert not app.error and not any("1,235,814,400" in c.value.replace("\\", "") for c in app.caption)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ("hello", "not JSON"),
        ("{}", "no model"),
        ('{"model_type": "llama"}', "no hidden"),
        ('{"model_type": "mamba"}', "not a type known"),
        ("[1]", "not an object"),
        ('{"model_type": "llama", "hidden_size": "4096"}', "without quotes"),
        ("<img src=x>", "not JSON"),
    ],
)
def test_a_config_that_is_none_is_explained(config: str, says: str) -> None:
    app = page(model="config", config=config)
    assert not app.exception and says in (app.error[0].proto.body + str(app.error[0].proto)).replace("\\", "")


NO_CONTEXT = (
    '{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, '
    '"intermediate_size": 128, "vocab_size": 1000}'
)


@pytest.mark.parametrize("task", ["inference", "training"])
def test_a_context_that_the_config_does_not_tell_is_not_made_up(task: str) -> None:
    app = page(model="config", config=NO_CONTEXT, task=task, context="1048576", sequence="1048576")
    assert not app.exception and not app.error
    assert not any("beyond" in caption.value or "2,048" in caption.value for caption in app.caption)


@pytest.mark.fault(13)
def test_heads_that_do_not_divide_are_refused() -> None:
    config = '{"model_type":"llama","hidden_size":4096,"num_hidden_layers":2,"num_attention_heads":30,'
    app = page(model="config", config=config + '"intermediate_size":8,"vocab_size":10}')
    assert not app.exception and "do not divide" in str(app.error[0].proto)


def test_the_courses_24_bytes_are_a_recipe() -> None:
    app = page(task="training", recipe="course", params="1B")
    assert not app.exception and not app.error and app.metric[0].value == "24.00 GB = 22.35 GiB"


def test_how_the_bits_come_about_is_said_where_they_are_shown() -> None:
    captions = " ".join(caption.value for caption in page(weights="nf4").caption)
    assert captions.count("16 bits for 1.05B of embeddings, head and norms = 6.005 on average") == 2
    captions = " ".join(caption.value for caption in page(weights="int4").caption)
    assert "no real file is this small" in captions and "4.25 bits" in captions


def test_the_courses_rule_is_not_drawn_beside_adapters() -> None:
    app = page(task="training", recipe="qlora")
    assert "Rule of thumb" not in app.get("plotly_chart")[0].proto.spec
    captions = " ".join(caption.value for caption in app.caption)
    assert "are for training every weight" in captions and "4.127 bits" in captions


@pytest.mark.parametrize("recipe", ["lora", "qlora"])
def test_adapters(recipe: str) -> None:
    app = page(task="training", recipe=recipe, model="llama-2-7b", rank="64", targets="attention")
    assert not app.exception and not app.error
    assert "33,554,432 × 4 B" in html(app)
    bare = page(task="training", recipe=recipe, params="7B")
    assert not bare.exception and bare.error


def test_formats_and_recomputation_are_explained_in_view() -> None:
    app = page(weights="q4_k_m")
    assert any("blocks of 256 weights" in caption.value for caption in app.caption)
    app = page(task="training", recompute="selective")
    assert any("s × s scores" in caption.value for caption in app.caption)
