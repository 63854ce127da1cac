"""The languages page's inputs, the heatmap, what it costs, and the reader's own sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from playground.core import fertility
from playground.core.architectures import catalogue
from playground.core.fertility import Count
from playground.core.kv_cache import cache_format, formula
from playground.figures import fertility as figures
from playground.models.engines import snippets
from playground.ui import downloads, inputs, resources, shell, site
from playground.ui.tokenizing import TITLES

# Models whose own tokenizer is here (gpt-oss's o200k_harmony is o200k with other control tokens).
_TOKENIZER_OF = {
    "smollm2-135m": "smollm2",
    "smollm2-1.7b": "smollm2",
    "gpt2": "gpt2",
    "gpt2-xl": "gpt2",
    "gpt-3-175b": "gpt2",
    "mistral-7b-v0.1": "mistral",
    "mixtral-8x7b": "mistral",
    "gpt-oss-20b": "o200k",
    "gpt-oss-120b": "o200k",
}
_MEASURES = {
    "premium": "× English",
    "tokens": "tokens per sentence",
    "bytes": "bytes per token",
}
_OWN, _OWN_ENGLISH = "안녕하세요, 만나서 반갑습니다!", "Hello, nice to meet you!"
_LENGTHS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)


@dataclass(frozen=True)
class Counted:
    """The parallel set under the chosen tokenizers."""

    titles: Mapping[str, str]
    counts: Mapping[tuple[str, str], Count]  # by (language id, tokenizer id)


def ask() -> Counted:
    """The choice of tokenizers, and the counts."""
    chosen = inputs.choices("Tokenizers", list(TITLES), key="tokenizers", format_func=TITLES.__getitem__)
    return Counted({name: TITLES[name] for name in chosen}, _counts(chosen))


def _counts(tokenizer_ids: list[str]) -> dict[tuple[str, str], Count]:
    engines = {name: resources.engine(name) for name in tokenizer_ids}
    return {
        (language.id, name): fertility.count(map(engine.encode, language.sentences))
        for language in fertility.parallel()
        for name, engine in engines.items()
    }


def heatmap(counted: Counted) -> None:
    """Languages × tokenizers, in the chosen measure."""
    measure: Any = inputs.choice(
        "Measure", list(_MEASURES), key="measure", segmented=True, format_func=_MEASURES.__getitem__
    )
    languages = fertility.parallel()
    st.plotly_chart(
        figures.heatmap(languages, counted.titles, counted.counts, measure),
        width="stretch",
        config={"displayModeBar": False},
        key="languages.heatmap",
        alt=f"{_MEASURES[measure]}, by language and tokenizer",
    )
    shell.provenance(
        "measured",
        f"{len(languages[0].sentences)} sentences in {len(languages)} languages, encoded now. Tokens over those of the "
        "same sentences in English: the *premium* of [Petrov et al. 2023](https://arxiv.org/abs/2305.15425).",
    )
    st.caption(
        "**†**, in grey: the tokenizer read characters as [UNK] and threw them away. Few tokens there are a loss, "
        "not a compression. The sentences were written for this page; five short ones show the order of size, no more."
    )
    rows = figures.file_rows(languages, counted.titles, counted.counts)
    downloads.offer("languages", rows, key="languages.file")


def sentences() -> None:
    """The parallel set itself."""
    rows = [
        {"language": language.name, "script": language.script}
        | {f"sentence {number}": text for number, text in enumerate(language.sentences, start=1)}
        for language in fertility.parallel()
    ]
    with st.expander("The sentences", icon=":material/translate:"):
        st.dataframe(rows, hide_index=True, height=400)


def tax() -> None:
    """What the same content costs inside a model: tokens, KV cache, share of its context."""
    models = catalogue()
    left, right = st.columns([1, 1])
    with left:
        model_id = inputs.choice(
            "Model, with its own tokenizer",
            list(_TOKENIZER_OF),
            key="model",
            format_func=lambda name: f"{models[name].title} · {TITLES[_TOKENIZER_OF[name]]}",
        )
    with right:
        length = inputs.choice(
            "The text's tokens in English",
            _LENGTHS,
            key="length",
            default=1_000,
            slider=True,
            format_func=lambda n: f"{n:,}",
        )
    st.caption(
        "A model keeps a key and a value of every token it has read, its *KV cache*: each token takes memory until the "
        "answer is finished."
    )
    shell.link(site.BY_FILE["memory.py"], "How many bytes, and why", {"model": model_id}, ":material/memory:")
    model, tokenizer = models[model_id], _TOKENIZER_OF[model_id]
    counts = _counts([tokenizer])
    languages = fertility.parallel()
    english = counts[fertility.ENGLISH, tokenizer]
    found = [fertility.cost(model, length, counts[language.id, tokenizer], english) for language in languages]
    st.plotly_chart(
        figures.costs(languages, found),
        width="stretch",
        config={"displayModeBar": False},
        key="languages.costs",
        alt=f"KV cache of the same text in each language inside {model.title}",
    )
    shell.provenance(
        "computed",
        f"English: {formula(model, length, 1, cache_format('bf16'))}, in BF16; the others by their premium. The "
        f"context is {model.context:,} tokens. Paying by the token, the bars are the bill "
        "([Ahia et al. 2023](https://arxiv.org/abs/2305.13707)).",
    )


def own(counted: Counted) -> None:
    """The reader's own sentence beside its English, under the chosen tokenizers."""
    left, right = st.columns(2)
    with left:
        text = inputs.text("Your text", _OWN, height=80)
    with right:
        english = inputs.text("The same in English", _OWN_ENGLISH, key="english", height=80)
    rows = []
    for name, title in counted.titles.items():
        engine = resources.engine(name)
        mine, theirs = fertility.count([engine.encode(text)]), fertility.count([engine.encode(english)])
        rows.append(
            {
                "tokenizer": title,
                "your text": mine.tokens,
                "in English": theirs.tokens,
                "× English": fertility.premium(mine, theirs) if theirs.tokens else None,
                "bytes per token": mine.bytes_per_token,
                "lost": f"{mine.unknown} as [UNK]" if mine.unknown else "",
            }
        )
    ratio = st.column_config.NumberColumn(format="%.2f")
    st.dataframe(rows, hide_index=True, column_config={"× English": ratio, "bytes per token": ratio})
    shell.provenance("measured", "Both texts encoded now, as plain text.")
    first = next(iter(counted.titles))
    shell.code(snippets.snippet(first, text, "plain"))
