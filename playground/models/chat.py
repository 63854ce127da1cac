"""The default model's chat template, from the file the model came in: messages → one text → ids, two ways.

*Careless*: the whole text is encoded with control tokens recognised, wherever they come from. That is what
``apply_chat_template(tokenize=True)`` does. *Careful*: only the control tokens that the template wrote are control
tokens; what a person typed stays text. Where nobody types one, both give the same ids.
"""

import functools
import mmap
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from playground.core.chat import Message, check
from playground.core.tokens import Encoding, Token
from playground.errors import BadInput, ModelUnavailable
from playground.models import store
from playground.models.engines import Engine

MODEL = "smollm2-135m"
_KEY = b"tokenizer.chat_template"
_STRING = 8  # GGUF's type number
_MARK = "\ue000{}\ue001"  # stands for a message's text while the template is filled in
_MARKED = "\ue000[0-9]+\ue001"


@functools.cache
def template() -> str:
    """The model's Jinja template as its GGUF file has it (its header is searched: reading it all takes seconds).

    Raises ModelUnavailable where the weights came without a GGUF file (from the hub).
    """
    file = store.ensure(MODEL) / "model.gguf"
    if file.is_file():
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            at = content.find(struct.pack("<Q", len(_KEY)) + _KEY)
            if at >= 0:
                at += 8 + len(_KEY)
                kind, length = struct.unpack_from("<IQ", content, at)
                if kind == _STRING:
                    return content[at + 12 : at + 12 + length].decode()
    raise ModelUnavailable(
        "The chat template is not in the store", f"Run `llm-playground fetch {MODEL} --force`: it is in the GGUF file."
    )


def render(messages: Sequence[Message], add_generation_prompt: bool) -> str:
    """The one text the messages become, as transformers' ``apply_chat_template(tokenize=False)`` writes it.

    ``add_generation_prompt`` appends the beginning of the assistant's answer. Raises BadInput (``core.chat.check``).
    """
    check(messages)
    try:
        # The settings of transformers.utils.chat_template_utils; sandboxed, for a template is a program.
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        return environment.from_string(template()).render(
            messages=[asdict(message) for message in messages], add_generation_prompt=add_generation_prompt
        )
    except TemplateError as error:
        raise BadInput("The template refused these messages", str(error)[:200]) from error


def careless(engine: Engine, messages: Sequence[Message], add_generation_prompt: bool) -> Encoding:
    """Every control token in the text is recognised, also one that a person typed."""
    return engine.encode(render(messages, add_generation_prompt), "control")


def careful(engine: Engine, messages: Sequence[Message], add_generation_prompt: bool) -> Encoding:
    """Only the template's own control tokens are recognised; between two of them everything is plain text."""
    tokens: list[Token] = []
    text = ""
    for piece, control in _pieces(engine, messages, add_generation_prompt):
        start, byte_start = len(text), len(text.encode())
        text += piece
        if control:
            raw = piece.encode()
            spans = (start, len(text), byte_start, byte_start + len(raw))
            tokens.append(Token(engine.special_tokens[piece], piece, raw, *spans, special=True))
            continue
        tokens += [
            token._replace(
                start=token.start + start,
                end=token.end + start,
                byte_start=token.byte_start + byte_start,
                byte_end=token.byte_end + byte_start,
            )
            for token in engine.encode(piece, "plain").tokens
        ]
    return Encoding(engine.info.id, text, tokens, engine.decode([token.id for token in tokens]))


def _pieces(engine: Engine, messages: Sequence[Message], add_generation_prompt: bool) -> Iterator[tuple[str, bool]]:
    """The rendered text cut at the template's control tokens: (piece, whether it is one)."""
    check(messages)
    blank = [Message(message.role, _MARK.format(index)) for index, message in enumerate(messages)]
    controls = map(re.escape, sorted(engine.special_tokens, key=len, reverse=True))
    plain = ""
    # Marks and control tokens are looked for in the template's own words only: no typed text is in there yet.
    for part in re.split(f"({'|'.join((*controls, _MARKED))})", render(blank, add_generation_prompt)):
        if part in engine.special_tokens:
            if plain:
                yield plain, False
            yield part, True
            plain = ""
        else:
            plain += messages[int(part[1:-1])].content if re.fullmatch(_MARKED, part) else part
    if plain:
        yield plain, False


_CODE = """
from transformers import PreTrainedTokenizerFast
from playground.models import chat, store  # only to find the files

tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(store.ensure("{model}") / "tokenizer.json"))
tokenizer.chat_template = chat.template()  # from the model's GGUF file; the hub has the same
messages = [
{messages}
]
text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt={generation})
ids = tokenizer(text, add_special_tokens=False).input_ids  # careless: a control token that was typed counts
print(text)
print(ids)
"""


def snippet(messages: Sequence[Message], add_generation_prompt: bool) -> str:
    """Python by which transformers renders and (carelessly) encodes the messages."""
    lines = "\n".join(f"    {asdict(message)!r}," for message in messages)
    return _CODE.format(model=MODEL, messages=lines, generation=add_generation_prompt)
