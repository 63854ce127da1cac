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
STAGED_CHARACTERS = 2_000  # of a text shown stage by stage
TRACED_BYTES = 64  # of a pre-token shown merge by merge
FIGURES_KEPT = 256  # calculators' figures made last, for all sessions; 10 to 100 kB each
ENCODINGS_KEPT = 12  # of texts seen last, for all sessions; 20 MB for 100,000 emoji, a few kB for a sentence
N_BEST = 8  # ways to cut a word that are listed

# The vocabulary explorer, and training a tokenizer.
QUERY_CHARACTERS = 200
REGEX_SECONDS = 2.0  # a search that would take longer is given up; 250,000 tokens take 0.6 to 1.2 s
REGEX_TOKEN_SECONDS = 0.2  # and so is one that needs longer for a single token, as those do that try every way
ENTRIES_SHOWN = 100  # rows a page
TRAINING_CHARACTERS_MIN, TRAINING_CHARACTERS = 20, 50_000
TRAINING_SECONDS = 10.0  # the training process is ended after that
TRAINING_AT_ONCE = 2  # training processes over all sessions
VOCABULARY_MIN, VOCABULARY_MAX = 257, 8_000  # byte-level alphabets have 256 letters
CHAT_TURNS = 6

# bertviz draws H·S² lines a layer; beyond these the page falls back to a heatmap.
HEAD_VIEW_TOKENS = 64
MODEL_VIEW_TOKENS = 24
HEATMAP_TOKENS = 128
REPEATED_WORDS_MIN, REPEATED_WORDS, REPEATED_WORDS_DEFAULT = 8, 60, 40  # random words said twice, to score heads
NEURON_VIEW_TOKENS = 32
WEIGHED_TOKENS = 32  # a text whose single attention weights are shown number by number
ABLATED_TOKENS = 64  # a text run once for every head
LOGIT_LENS_TOKENS = 48

# Generation.
ALTERNATIVES = 8  # tokens that could have come instead, listed a position
GENERATED_TOKENS = 200  # of one continuation on the page, at most the profile's; a link tells of as many
FIRST_TOKENS = 12  # written at first sight
TREE_NODES = 400  # tokens of all branches together; the oldest branches go first
BEAMS = 5
BEAM_STEPS_DRAWN = 40
TEXTS_KEPT = 64  # finished generations remembered, for all sessions

# Embeddings and positions.
WORDS_COMPARED = 30  # a heatmap's side, and the points of a projection
WORDS_ADDED = 6  # terms of a sum of words
WORD_CHARACTERS = 60
SENTENCE_CHARACTERS = 400
NEIGHBOURS = 50
POSITIONS_DRAWN = 512  # rows of a heatmap of positions

# Pre-training exercises: BERT and T5 learned from texts of 512 tokens.
OBJECTIVE_TOKENS = 512
ARCHITECTURE_TOKENS = 48  # of a text that three models read side by side
TARGET_TOKENS = 64  # that an encoder–decoder writes
OBJECTIVE_DRAWS = 200  # exercises of one text whose shares are counted
MASKS_GUESSED = 12  # hidden tokens that a model is asked for, a pass each
LOSS_BARS = 160  # tokens whose losses are drawn as bars

# Calculators.
PARAMETERS_MAX = 10**15
GPUS_MAX = 4_096
GPUS_DRAWN = 16

# A real training step on the first layers of the default model: 28 million weights of embedding, 3.5 million a layer.
MEASURED_STEP_LAYERS = (1, 2, 4, 8)
MEASURED_STEP_LAYERS_HOSTED = 2
MEASURED_STEP_TOKENS = (32, 64, 128, 256)

# The prompt lab.
SHOTS = 6  # examples in a prompt
LABELS = 8  # that are compared
ANSWER_TOKENS = 48  # of an answer
SHOTS_WAIT_S = 300.0  # for another reader's measurement to end
SHOTS_KEPT = 1_000  # measurements remembered in the store, one for each number of shots

# Lessons, read at start.
LESSONS = 100  # files of a folder
LESSON_STEPS = 30  # of a lesson; also assertions of a step
LESSON_BYTES, LESSON_TEXT = 100_000, 4_000  # of a file; characters of one text in it

# Waiting.
QUEUE_LENGTH = 64  # requests waiting for one model, over all sessions
QUEUE_DEADLINE_S = 60.0
TOKENS_TOGETHER = 256  # of prompts that share a pass; more of them would only make each other wait
GUESSED_TOKENS = 7  # checked in one pass with the next token: eight rows cost hardly more than one
LOAD_DEADLINE_S = 300.0
FAILURE_REMEMBERED_S = 30.0
DOWNLOAD_STALL_S = 30.0
DOWNLOAD_DEADLINE_S = 900.0
HUB_ANSWER_S = 10.0

# Training really sharded: processes of this machine, one job at a time for all sessions.
SHARDING_QUEUE = 16  # jobs waiting
SHARDING_DEADLINE_S = 180.0  # a whole job
SHARDING_COLLECTIVE_S = 30.0  # a rank that waits longer for the others gives up
SHARDING_GRACE_S = 0.5  # once a rank has given up, the others get this long to say what they saw
SHARDING_START_BYTES, SHARDING_RANK_BYTES = 400 * MIB, 130 * MIB  # torch once; what a forked rank has of its own
SHARDING_ABANDONED_S = 20.0  # nobody has asked for the job's progress: the reader has left

# Measuring a quantized model: one extra copy of the weights on the whole server, in fp32.
QUANTIZED_TEXT_TOKENS = 512  # of the text whose perplexity is measured; also at most what attention pages take
QUANTIZED_NEW_TOKENS = 32  # of the greedy continuation
QUANTIZED_PROMPT_TOKENS = 128
QUANTIZED_PARAMETERS = 600_000_000  # a larger model would need too long, and its copy too much memory
QUANTIZED_WAIT_S = 300.0  # for another reader's measurement to end
QUANTIZED_KEPT = 500  # measurements remembered in the store


# The classroom: rooms live on the server, and end by themselves.
ROOMS = 50  # open at once, for all instructors
ROOM_STUDENTS = 60
ROOM_LISTENERS = 1_000  # pages that hear of news at once; the others ask
ROOM_IDLE_S, ROOM_LIFE_S = 2 * 3600.0, 12 * 3600.0  # nobody in it; whatever happens
ROOM_AWAY_S = 15.0  # not heard of for so long: not here now (an open page is heard of every ROOM_SEEN_S)
ROOM_SEEN_S = 5.0
ROOM_SEAT_LOST_S = 600.0  # a full room gives away the seat of somebody away for so long
ROOM_GUESSES, ROOM_GUESSES_IN_ALL = 20, 300  # wrong codes a minute, of one address and of all
ROOMS_OPENED = 12  # an hour, by one address
ROOM_PLACE_CHARACTERS = 12_000  # of a page's state that is followed
ROOM_LATE_S, ROOM_PASSED = 10.0, 6  # a student's browser may come to one of these places so long after the instructor
ROOM_QUESTIONS = 500
ANSWER_CHARACTERS = 40
ANSWER_CHANGES = 20  # of one person, of one question
CLASS_WORDS = 40  # tokens the class appends to its sentence


@dataclass(frozen=True)
class Profile:
    """The caps that differ between a person's own machine and a shared demo."""

    name: str
    text_characters: int  # of any text typed into a page
    model_tokens: int  # longest prompt a model sees
    attention_tokens: int  # longest text whose maps are kept
    new_tokens: int  # longest generation
    model_cache_bytes: int  # weights of all loaded models
    result_cache_bytes: int  # shared results (logits, maps)
    hub_models: bool  # may a session make this machine download from the hub?
    measured_gpus: int  # processes one sharding job may start
    measured_parameters: int  # largest model it may train


LOCAL = Profile("local", TEXT_CHARACTERS, 2_048, 512, 512, 6 * GIB, 512 * MIB, True, 8, 6_000_000)
HOSTED = Profile("hosted", 20_000, 512, 128, 128, 3 * GIB, 256 * MIB, False, 2, 500_000)
PROFILES = {p.name: p for p in (LOCAL, HOSTED)}


def current() -> Profile:
    """The profile this process runs under; an unknown name is the stricter one.

    >>> current().name in PROFILES
    True
    """
    return PROFILES.get(os.environ.get("LLM_PLAYGROUND_PROFILE", "local"), HOSTED)
