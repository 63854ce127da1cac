"""Which token comes next? A question to the class, its answers, and how they are counted.

``predict``: the class answers, then sees the model's probabilities. ``vote``: the class is the model, and the winner is
appended to its sentence. Nothing here knows a model: whoever asks brings the candidates, and the two functions that
turn an answer into a token and a token into its probability.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from playground import limits
from playground.core import text as core_text
from playground.errors import BadInput

Kind = Literal["predict", "vote"]
BARS = 8  # tokens in the picture


class Token(NamedTuple):
    """A token of the model, as text."""

    id: int
    text: str


class Answer(NamedTuple):
    """What one person said: the number of an option, or (−1) a word of their own; once counted, as which token."""

    option: int
    text: str
    changes: int = 0
    token: str = ""


class Bar(NamedTuple):
    """One token in the result: how many chose it, and the model's probability."""

    text: str
    votes: int
    probability: float


@dataclass(frozen=True)
class Question:
    """One question, open until it is counted."""

    number: int
    kind: Kind
    prompt: str
    model: str = ""  # that will be asked
    options: tuple[Token, ...] = ()  # to choose from
    may_write: bool = True
    answers: dict[str, Answer] = field(default_factory=dict)  # by seat
    bars: tuple[Bar, ...] = ()  # once counted, the most votes first
    winner: Token | None = None
    vocabulary: int = 0  # once counted: how many tokens the model chose among

    @property
    def open(self) -> bool:
        """Whether answers are still taken."""
        return not self.bars

    def votes(self, token: str) -> int:
        """How many answers were counted as this token."""
        return sum(answer.token == token for answer in self.answers.values())

    def offered(self, token: str) -> bool:
        """Whether it could be answered at all."""
        return self.may_write or token in {option.text for option in self.options}

    def longer(self, token: str) -> tuple[str, ...]:
        """The written answers that go on after this token, which stands for them; each once."""
        written = (a.text for a in self.answers.values() if a.option < 0 and a.token == token)
        return tuple(dict.fromkeys(text for text in written if as_continuation(text, self.prompt) != token))


def answered(question: Question, seat: str, option: int, written: str) -> Question:
    """The question with this person's answer, in place of an earlier one.

    Raises BadInput when it is closed, the option does not exist, the word is empty or too long, or they changed it too
    often.
    """
    if not question.open:
        raise BadInput("This question is closed", "The result is on the page.")
    earlier = question.answers.get(seat)
    changes = earlier.changes + 1 if earlier else 0
    if changes > limits.ANSWER_CHANGES:
        raise BadInput("You have changed your answer often enough", "Your last one counts.")
    if option >= 0:
        if option >= len(question.options):
            raise BadInput("This is not one of the choices", "Choose one that is shown.")
        answer = Answer(option, "", changes)
    else:
        word = cleaned(written)
        if not question.may_write:
            raise BadInput("Only the words shown can be chosen", "Choose one of them.")
        if not word:
            raise BadInput("Your answer is empty", "Type the next word.")
        if len(word) > limits.ANSWER_CHARACTERS:
            raise BadInput(
                "Your answer is too long", f"At most {limits.ANSWER_CHARACTERS} characters: one word is enough."
            )
        answer = Answer(-1, word, changes)
    return replace(question, answers=question.answers | {seat: answer})


def cleaned(written: str) -> str:
    r"""A written answer as it is kept: one line, without control characters.

    >>> cleaned("  Paris,\n or\tso ")
    'Paris, or so'
    """
    text = core_text.clean(written[: 20 * limits.ANSWER_CHARACTERS], 20 * limits.ANSWER_CHARACTERS).text
    words = "".join(c if c.isprintable() else " " for c in text).split()
    return " ".join(words)


def as_continuation(word: str, prompt: str) -> str:
    """The text whose first token a written answer stands for: with the space that begins a word, unless there is one.

    >>> as_continuation("Paris", "The capital is"), as_continuation(".", "He left"), as_continuation("b", "a ")
    (' Paris', '.', 'b')
    """
    begins_a_word = word[:1].isalnum() and prompt[-1:] != "" and not prompt[-1:].isspace()
    return f" {word}" if begins_a_word else word


def counted(
    question: Question,
    token_of: Callable[[str], Token],
    probability_of: Callable[[int], float],
    likeliest: Sequence[Token],
    vocabulary: int = 0,
) -> Question:
    """The question closed: its bars, and the winner of a vote.

    The bars are the tokens the class chose, the most votes first, then the model's likeliest, at most ``BARS``.
    **The rule for ties**: of the tokens with equally many votes, the one the model finds more probable wins; if these
    are equal too, the one with the smaller id. Without an answer nobody wins.
    """
    chosen = {
        seat: question.options[a.option] if a.option >= 0 else token_of(as_continuation(a.text, question.prompt))
        for seat, a in question.answers.items()
    }
    texts = {token.id: token.text for token in (*likeliest, *chosen.values())}
    votes = Counter(token.id for token in chosen.values())
    ranked = sorted(votes, key=lambda i: (-votes[i], -probability_of(i), i))
    others = [token.id for token in likeliest if token.id not in votes]
    kept = max(BARS // 2, BARS - len(others))
    shown = (ranked[:kept] + others)[:BARS]
    return replace(
        question,
        answers={seat: a._replace(token=chosen[seat].text) for seat, a in question.answers.items()},
        vocabulary=vocabulary,
        bars=tuple(Bar(texts[i], votes[i], probability_of(i)) for i in shown),
        winner=Token(ranked[0], texts[ranked[0]]) if ranked and question.kind == "vote" else None,
    )
