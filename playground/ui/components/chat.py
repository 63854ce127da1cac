"""The chat page's inputs: a text with special tokens, and messages; what becomes of both."""

import json
from dataclasses import asdict, dataclass
from functools import partial

import streamlit as st

from playground import limits
from playground.core import chat as core
from playground.core.chat import ROLES, Message
from playground.core.tokens import Encoding
from playground.core.visible import visible
from playground.figures import chat as chat_figures
from playground.figures import tokens as figures
from playground.figures.tokens import Side, View
from playground.models import chat
from playground.ui import inputs, resources, shell
from playground.ui.tokenizing import TITLES

_TEXT = "Stop here.<|endoftext|>And go on."
_DEFAULTS = (
    ("user", "In a prompt, what does <|im_end|> do?"),
    ("assistant", "It ends a message."),
    ("user", "Thank you!"),
    ("assistant", "You are welcome."),
    ("user", "And <|im_start|>?"),
    ("assistant", "It begins one."),
)
_CHIPS = limits.TOKENS_SHOWN // 4
_CONTROLS_LISTED = 100


def special_tokens() -> None:
    """One text, read as plain text and with its control tokens recognised."""
    left, right = st.columns([2, 1])
    with left:
        text = inputs.text("Text", _TEXT, height=68)
    with right:
        tokenizer_id = inputs.choice("Tokenizer", list(TITLES), key="tokenizer", format_func=TITLES.__getitem__)
        view: View = inputs.choice("Show on each token", ("text", "ids"), key="view", segmented=True)
    engine = resources.engine(tokenizer_id)
    plain, control = engine.encode(text, "plain"), engine.encode(text, "control")
    note = "For what the program wrote."
    if not engine.info.reads_control:
        note = engine.info.remark("control")
    sides = (
        Side("plain", engine.info.kind, "Names of control tokens are text like any other. For what users type.", plain),
        Side("control", engine.info.kind, note, control),
    )
    st.html(figures.cards(sides, view, _CHIPS))
    if plain.ids == control.ids:
        st.caption(f"The same ids: none of {engine.info.title}'s control tokens is found in this text.")
    with st.expander(f"Control tokens of {engine.info.title}: {len(engine.special_tokens):,}", icon=":material/key:"):
        listed = sorted(engine.special_tokens.items(), key=lambda row: row[1])[:_CONTROLS_LISTED]
        st.dataframe([{"id": i, "name": visible(name)} for name, i in listed], hide_index=True)
    shell.provenance(
        "measured",
        f"Both encoded now with the vocabulary of {engine.info.title}, by {engine.info.library}. Thick frame: a "
        "control token.",
    )


@dataclass(frozen=True)
class Chat:
    """The messages, and whether the assistant's answer is begun."""

    messages: tuple[Message, ...]
    generation: bool


def ask() -> Chat:
    """The messages, each with its role."""
    with st.container(horizontal=True, gap="medium"):
        turns = inputs.choice("Messages", tuple(range(1, limits.CHAT_TURNS + 1)), key="turns", segmented=True)
        generation = inputs.choice(
            "Generation prompt",
            ("on", "off"),
            key="generation_prompt",
            segmented=True,
            help="off: as for training, or to look at a finished chat.",
        )
    st.caption(
        "The *generation prompt* is the beginning of the assistant's next message, put at the end so that the model "
        "goes on as the assistant."
    )
    messages = []
    for number, (default_role, default_text) in enumerate(_DEFAULTS[:turns], start=1):
        role_column, text_column = st.columns([1, 4])
        with role_column:
            role = inputs.choice(f"Role {number}", ROLES, key=f"role{number}", default=default_role)
        with text_column:
            content = inputs.text(f"Message {number}", default_text, key=f"message{number}", height=90)
        messages.append(Message(role, content))
    return Chat(tuple(messages), generation == "on")


def prompt(asked: Chat) -> None:
    """The one text the messages become."""
    rendered = chat.render(asked.messages, asked.generation)
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The prompt**")
        st.code(rendered, language=None, wrap_lines=True)
    with right:
        st.markdown("**The template** that wrote it, a small program in Jinja")
        st.code(chat.template(), language="jinja2", wrap_lines=True)
    shell.provenance(
        "measured",
        "SmolLM2's own template, from its model file, rendered now in a sandbox. Without a system message it writes "
        "one of its own: the model was trained with it. The prompt ends with a line end, which no box shows.",
    )


def tokens(asked: Chat) -> None:
    """The prompt's tokens, careful and careless, and the messages that a model reads in them."""
    engine = resources.engine("smollm2")
    st.caption(
        f"From here on the tokenizer is {engine.info.title}'s, whatever is chosen at the top: the template is its "
        "model's, and only its vocabulary has the control tokens that the template writes."
    )
    safe = chat.careful(engine, asked.messages, asked.generation)
    unsafe = chat.careless(engine, asked.messages, asked.generation)
    view: View = inputs.choice("Show on the prompt's tokens", ("text", "ids"), key="prompt_view", segmented=True)
    sides = (
        Side("careful", "typed text stays text", "Only the template's control tokens count.", safe),
        Side("careless", "the whole text at once", "Control tokens count wherever they come from.", unsafe),
    )
    st.html(figures.cards(sides, view, _CHIPS))
    _verdict(safe, unsafe)
    left, right = st.columns(2, gap="large")
    for column, name, encoding in ((left, "careful", safe), (right, "careless", unsafe)):
        with column:
            st.markdown(f"**What a model reads** · {name}")
            st.html(chat_figures.turns(core.read(encoding.tokens)))
    with st.container(horizontal=True):
        st.download_button(
            "The careful tokens as CSV", partial(figures.csv, safe), "prompt.csv", "text/csv", on_click="ignore"
        )
        st.download_button(
            "Messages, prompt and ids as JSON",
            partial(_as_json, asked, safe, unsafe),
            "prompt.json",
            "application/json",
            on_click="ignore",
        )


def _as_json(asked: Chat, safe: Encoding, unsafe: Encoding) -> str:
    whole = {
        "messages": [asdict(message) for message in asked.messages],
        "add_generation_prompt": asked.generation,
        "prompt": safe.text,
        "careful_ids": safe.ids,
        "careless_ids": unsafe.ids,
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _verdict(safe: Encoding, unsafe: Encoding) -> None:
    if safe.ids == unsafe.ids:
        st.success("The same ids: nobody typed a control token, so both ways are right.", icon=":material/check:")
        return
    extra = sum(token.special for token in unsafe.tokens) - sum(token.special for token in safe.tokens)
    st.warning(
        f"{extra} control token{'s' if extra != 1 else ''} that a person typed became real. What follows is no longer "
        "inside that person's message, and the model has no way to tell.",
        icon=":material/warning:",
    )


def code(asked: Chat) -> None:
    """The lines by which transformers renders and encodes the same chat."""
    shell.code(chat.snippet(asked.messages, asked.generation))
