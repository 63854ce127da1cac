"""A hub model's ``config.json``, read into an architecture: any model of a known type, whatever its size.

Checked in tests: parsing transformers' own config and counting gives the parameters of the model it builds on the meta
device.
"""

import json

from playground import limits
from playground.core import architectures, parameters
from playground.core.architectures import Architecture
from playground.core.hub_families import READERS, TEXT_DEFAULTS, TEXT_OF, Config, Row
from playground.errors import BadInput

CHARACTERS = 20_000
TYPES = tuple(READERS)
_LAYERS_MAX = 10_000  # calculated layer by layer


def parse(text: str) -> Architecture:
    """The architecture a pasted ``config.json`` describes.

    >>> small = '{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, '
    >>> small += '"intermediate_size": 128, "vocab_size": 1000}'
    >>> parameters.count(parse(small))
    210240

    Raises BadInput, with what to do, for a text that is no JSON object, an unknown ``model_type``, a missing or
    impossible number, and heads that do not divide.
    """
    whole = _object(text)
    config = _text_part(whole)
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in READERS:
        known = ", ".join(READERS)
        raise BadInput(
            "This config.json has no model_type" if kind is None else f"{str(kind)[:40]!r} is not a type known here",
            f"Known are {known}.",
        )
    row = READERS[kind](config)
    row = {"title": f"Your {kind} config", "id": "config", "source": "a config.json of yours", **row}
    if not row["layers"] <= _LAYERS_MAX:
        raise BadInput(f"{row['layers']:,} layers are more than are counted here", f"At most {_LAYERS_MAX:,}.")
    if config is not whole:
        row["note"] = "Only the text part of this config is counted; what reads images or sound comes on top."
    _check_heads(row)
    model = architectures.of_family(row)
    if parameters.count(model) >= limits.PARAMETERS_MAX:
        raise BadInput("This config describes more than 10^15 parameters", "Check hidden_size and num_hidden_layers.")
    return model


def _text_part(config: Config) -> Config:
    """The language model inside a model that also sees or hears; the config itself where it is one.

    A text part may leave out what is its class's default (LLaVA's and Gemma 3's do).
    """
    kind, inner = config.get("model_type"), config.get("text_config")
    outer = TEXT_OF.get(kind) if isinstance(kind, str) else None
    if isinstance(inner, dict):
        of = inner.get("model_type", outer or kind)
        of = TEXT_OF.get(of, of) if isinstance(of, str) else of
        return {**TEXT_DEFAULTS.get(str(of), {}), **inner, "model_type": of}
    return {**config, "model_type": outer} if outer else config


def _object(text: str) -> Config:
    if len(text) > CHARACTERS:
        raise BadInput(f"{len(text):,} characters are no config.json", f"Paste at most {CHARACTERS:,}.")
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise BadInput(f"This is not JSON{where}", "Paste the whole config.json, from { to }.") from None
    if not isinstance(config, dict):
        raise BadInput("This JSON is not an object", "Paste the whole config.json, from { to }.")
    return config


def _check_heads(row: Row) -> None:
    heads, kv_heads = row["heads"], row.get("kv_heads") or row["heads"]
    if heads % kv_heads:
        raise BadInput(
            f"{kv_heads:,} key/value heads do not divide {heads:,} heads", "Each must serve as many queries."
        )
    if not row.get("head_dim") and row["hidden"] % heads:
        raise BadInput(f"{heads:,} heads do not divide {row['hidden']:,} hidden numbers", "Or give a head_dim.")
    if "experts" in row and row["experts"]["active"] > row["experts"]["total"]:
        raise BadInput("More experts are active than there are", "Check num_experts_per_tok.")
