"""The pre-training page's three exercises on one text: hidden tokens, the next token, whole spans."""

from collections.abc import Mapping, Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from playground import limits
from playground.core import heads, masked_modelling, objectives, span_corruption, units
from playground.core.heads import percent
from playground.core.tokens import Token
from playground.core.visible import visible
from playground.figures import objectives as figures
from playground.figures.attention import labels
from playground.models import fill_mask, objectives_code, store, token_losses
from playground.models.catalogue import catalogue
from playground.models.engines import TOKENIZERS, Engine
from playground.ui import downloads, inputs, resources, shell

BERT, GPT, T5 = "bert", "smollm2", "mistral"  # vocabularies of these kinds that are here
DRAWS = 99
RATES, MEANS = (0.1, 0.15, 0.25, 0.5), (2, 3, 5, 10)  # those the T5 paper compares, section 3.3.4


def overview(text: str) -> DeltaGenerator:
    """How much one reading of the text teaches under each objective; returns the place of the spans' count."""
    template = resources.engine(BERT).encode(text, "template").tokens
    hidden = masked_modelling.count(len(template), sum(not token.special for token in template))
    asked = max(0, len(resources.engine(GPT).encode(text).ids) - 1)
    length = len(resources.engine(T5).encode(text).ids)
    columns = st.columns(3)
    columns[0].metric("Hidden tokens (BERT) asks for", f"{hidden} of {len(template)} tokens")
    columns[1].metric("The next token (GPT) asks for", f"{asked} of {asked + 1} tokens")
    place = columns[2].empty()
    _spans_ask(place, length, *span_corruption.counts(length))
    st.caption(
        f"One text, three totals: each kind has its own tokenizer, here {_name(BERT)} (with [CLS] and [SEP]), "
        f"{_name(GPT)} and {_name(T5)}."
    )
    return place


def _spans_ask(place: DeltaGenerator, length: int, cut: int, spans: int) -> None:
    told = f"In {spans} span{'s' if spans != 1 else ''}{', each' if spans != 1 else ''} with a sentinel in its place."
    place.metric("Spans (T5) ask for", f"{cut} of {length} tokens", help=told)


def _name(tokenizer_id: str) -> str:
    return TOKENIZERS[tokenizer_id].title


def _draw(told: str) -> int:
    return inputs.choice("Draw", range(DRAWS + 1), key="draw", slider=True, help=told)


def masked(text: str, asks: DeltaGenerator) -> str:
    """BERT's exercise; returns the code that gives the same."""
    engine = resources.engine(BERT)
    draw = _draw("Each draw chooses other tokens.")
    encoding = engine.encode(text, "template")
    tokens, notices = heads.first_tokens(encoding.tokens, limits.OBJECTIVE_TOKENS)
    shell.notices((*encoding.notices, *notices))
    ids, maskable = [token.id for token in tokens], [not token.special for token in tokens]
    mask_id = engine.special_tokens["[MASK]"]
    one = masked_modelling.exercise(ids, maskable, mask_id=mask_id, vocabulary_size=engine.vocabulary_size, seed=draw)
    label = _labeller(engine, tokens)
    guesses = _guesses(one)
    said = {at: [(label(token), p) for token, p in guess.options] for at, guess in guesses.items()}
    st.html(figures.masked(one, label, said))
    if guesses:
        shell.provenance("measured", _told(guesses))
    shares = masked_modelling.shares(ids, maskable, limits.OBJECTIVE_DRAWS, draw)
    st.markdown(
        f"**{len(one.asked)} of {len(ids)}** tokens carry a loss; the others are only read, from both sides. Why are "
        "some not hidden? [MASK] is never there when the model is used. So now and then a chosen token is swapped or "
        "kept: the model can't tell which words it will be asked for, and must understand them all."
    )
    shell.provenance(
        "computed",
        "[BERT](https://arxiv.org/abs/1810.04805), §3.1 and A.1: 15 % of the tokens, of these 80 % hidden, 10 % "
        f"replaced at random, 10 % kept. Over {limits.OBJECTIVE_DRAWS} draws of this text: "
        f"{percent(shares['masked'])}, {percent(shares['random'])}, {percent(shares['kept'])}.",
    )
    if not guesses:
        _how_to_get_one()
    return objectives_code.masked(encoding.text, draw, limits.OBJECTIVE_TOKENS)


def _guesses(one: masked_modelling.Exercise) -> dict[int, masked_modelling.Guess]:
    """What a model with a masked-language-modelling head says at the asked positions, if one is in the store."""
    ready = [model_id for model_id in fill_mask.usable() if store.present(model_id)]
    if not ready:
        return {}
    lens = resources.lens(ready[0])
    return {
        at: masked_modelling.guess(fill_mask.masked_logits(lens, one.read, at), one.targets[at] or 0)
        for at in one.asked[: limits.MASKS_GUESSED]
    }


def _told(guesses: Mapping[int, masked_modelling.Guess]) -> str:
    mean = sum(guess.nats for guess in guesses.values()) / len(guesses)
    return f"below each: what BERT says there, now. Mean loss of these {len(guesses)} positions {mean:.2f} nats."


def _how_to_get_one() -> None:
    names = [entry for entry in catalogue().models if entry.head == "mlm"]
    fetch = "; ".join(f"`llm-playground fetch {e.id}` ({units.format_gb(e.download_bytes)})" for e in names)
    st.info(
        f"MiniLM comes without the head that says words. With a BERT that has one, its guesses stand here: {fetch}, "
        "from the model hub, on the machine that serves this page; then reload. All else works without.",
        title="What would a model answer?",
        icon=":material/download:",
    )


def causal(text: str, asks: DeltaGenerator) -> str:
    """GPT's exercise, with the running model's loss; returns the code that gives the same."""
    lens = resources.lens(resources.model_choice(kinds=("decoder",)))
    encoding = lens.encode(text, "template")
    limit = lens.max_tokens
    tokens, notices = heads.first_tokens(encoding.tokens, limit)
    shell.notices((*encoding.notices, *notices))
    pairs = objectives.causal_pairs([token.id for token in tokens])
    told = token_losses.of(lens, [token.id for token in tokens])
    names = labels(tokens)
    costs = [
        figures.Cost(
            names[i + 1],
            float(nats) / objectives.NATS_PER_BIT,
            float(nats),
            int(rank),
            lens.token_label(int(best)),
            float(p),
        )
        for i, (nats, rank, best, p) in enumerate(zip(*told, strict=True))
    ]
    together = objectives.together(told.nats, sum(len(token.raw) for token in tokens[1:]))
    st.html(figures.costs(names[0], costs))
    st.caption("Below each token its loss in nats: −ln of the probability that the model gave it.")
    row = st.container(horizontal=True)
    row.metric("Mean loss", f"{together.nats:.2f} nats", help="−ln of the probability of the right token.")
    row.metric("The same in bits", f"{together.bits:.2f}")
    row.metric("Perplexity", f"{together.perplexity:,.1f}", help="As unsure as between so many equal choices.")
    row.metric("Bits per byte", f"{together.bits_per_byte:.2f}" if together.bits_per_byte else "–")
    shown = costs[: limits.LOSS_BARS]
    st.plotly_chart(
        figures.bars(shown, objectives.blind_nats(lens.vocabulary_size), together.nats),
        width="stretch",
        config={"displayModeBar": False},
        key="losses",
        alt="Loss of each token in nats",
    )
    drawn = f" The first {len(shown):,} are drawn." if len(shown) < len(costs) else ""
    shell.provenance(
        "measured",
        f"{lens.title}, {lens.dtype} on {lens.device}: {len(pairs):,} questions in one pass, each asked with only "
        f"what stands before it. The mean is what training makes smaller; a blind guess among {lens.vocabulary_size:,} "
        f"tokens costs ln {lens.vocabulary_size:,}.{drawn}",
    )
    rows = [
        {
            "position": i + 1,
            "token": cost.label,
            "nats": round(cost.nats, 6),
            "bits": round(cost.bits, 6),
            "rank": cost.rank + 1,
        }
        for i, cost in enumerate(costs)
    ]
    downloads.offer("losses", rows, key="losses.file")
    return objectives_code.causal(lens.model_id, lens.dtype, encoding.text, limit)


def spans(text: str, asks: DeltaGenerator) -> str:
    """T5's exercise, counted in ``asks`` too; returns the code that gives the same."""
    columns = st.columns(4)
    with columns[0]:
        tokenizer = inputs.choice(
            "Tokenizer", tuple(TOKENIZERS), key="tokenizer", default=T5, format_func=lambda n: TOKENIZERS[n].title
        )
    with columns[1]:
        rate = inputs.choice("Cut out", RATES, key="rate", default=0.15, format_func=percent, slider=True)
    with columns[2]:
        mean = inputs.choice(
            "Mean span", MEANS, key="span", default=3, format_func=lambda n: f"{n} tokens", slider=True
        )
    with columns[3]:
        draw = _draw("Each draw cuts elsewhere, where the text is long enough for two spans or more.")
    engine = resources.engine(tokenizer)
    encoding = engine.encode(text)
    tokens, notices = heads.first_tokens(encoding.tokens, limits.OBJECTIVE_TOKENS)
    shell.notices((*encoding.notices, *notices))
    ids = [token.id for token in tokens]
    noise = span_corruption.noise(len(ids), seed=draw, rate=rate, mean_span=mean)
    made = span_corruption.corrupt(ids, noise)
    _spans_ask(asks, len(ids), int(noise.sum()), made.spans)
    st.html(figures.spans(ids, noise, made, _labeller(engine, tokens)))
    again = span_corruption.restore(*made) == tuple(ids)
    st.markdown(
        f"{':material/check: Put back where their sentinels stand, the spans give the text again.' if again else ''} "
        f"The encoder reads **{len(made.read)}** tokens, the decoder writes **{len(made.target)}** where the whole "
        f"text has {len(ids)}; each span costs a sentinel, and one more ends the target."
    )
    shell.provenance(
        "computed",
        "[T5](https://arxiv.org/abs/1910.10683), §3.1.4 (sentinels) and §3.3.4 (spans); 15 % in spans of 3 is what the "
        "final T5 learned from. Drawn as T5's own code does, which starts with a kept stretch and ends with a cut one. "
        "No T5 vocabulary comes with the playground, so another real tokenizer cuts the text; the sentinels are T5's.",
    )
    return objectives_code.spans(ids, draw, rate, mean)


def _labeller(engine: Engine, tokens: Sequence[Token]) -> figures.Label:
    own = {token.id: visible(token.text, token.raw) for token in tokens}

    def label(token_id: int) -> str:
        if token_id in own:
            return own[token_id]
        return visible(engine.token_text(token_id), engine.token_bytes(token_id))

    return label
