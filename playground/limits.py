"""Every cap as a named constant, and the two profiles.

``local`` is one person's machine; ``hosted`` is a demo shared by a study group. ``current()`` reads the
profile from ``LLM_PLAYGROUND_PROFILE`` (the command line sets it).
"""

import os
from dataclasses import dataclass

KIB, MIB, GIB = 1024, 1024**2, 1024**3

# What a person may type.
TEXT_CHARACTERS = 100_000  # tokenization page: cut before any engine sees the text
PROMPT_CHARACTERS = 8_000  # pages that run a model
TOKENS_SHOWN = 2_000  # chips drawn on a page
TOKENS_ALIGNED = 200  # tokens drawn over their characters and bytes

# bertviz draws H·S² lines a layer; beyond these the page falls back to a heatmap.
HEAD_VIEW_TOKENS = 64
MODEL_VIEW_TOKENS = 24
HEATMAP_TOKENS = 128

# Calculators.
PARAMETERS_MAX = 10**15
GPUS_MAX = 4_096
GPUS_DRAWN = 16

# Waiting.
QUEUE_LENGTH = 64  # requests waiting for one model, over all sessions
QUEUE_DEADLINE_S = 60.0
LOAD_DEADLINE_S = 300.0
FAILURE_REMEMBERED_S = 30.0
DOWNLOAD_STALL_S = 30.0
DOWNLOAD_DEADLINE_S = 900.0
HUB_ANSWER_S = 10.0


@dataclass(frozen=True)
class Profile:
    """The caps that differ between a person's own machine and a shared demo."""

    name: str
    model_tokens: int  # longest prompt a model sees
    attention_tokens: int  # longest text whose maps are kept
    new_tokens: int  # longest generation
    model_cache_bytes: int  # weights of all loaded models
    result_cache_bytes: int  # shared results (logits, maps)
    hub_models: bool  # may a session make this machine download from the hub?


LOCAL = Profile("local", 2_048, 512, 512, 6 * GIB, 512 * MIB, True)
HOSTED = Profile("hosted", 512, 128, 128, 3 * GIB, 256 * MIB, False)
PROFILES = {p.name: p for p in (LOCAL, HOSTED)}


def current() -> Profile:
    """The profile this process runs under; an unknown name is the stricter one.

    >>> current().name in PROFILES
    True
    """
    return PROFILES.get(os.environ.get("LLM_PLAYGROUND_PROFILE", "local"), HOSTED)
