"""ROUGE: how many words of a reference summary a model's summary has, and in which order.

Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries" (ACL W04-1013), sections 2 and 3, for one sentence:
F1 of words in common (ROUGE-1) and of the longest common subsequence of words (ROUGE-L). Words are runs of letters and
digits in lower case; no stemming, no stop words.
"""

import re
from collections import Counter
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """The words ROUGE counts.

    >>> words("Dad's tent, again!")
    ['dad', 's', 'tent', 'again']
    """
    return re.findall(r"[^\W_]+", text.lower())


def rouge_1(candidate: str, reference: str) -> float:
    """F1 of the words in common, each counted as often as it is in both; 0 where one text has no word.

    >>> rouge_1("the cat sat", "the cat is here")  # 2 of 3 and 2 of 4
    0.5714285714285714
    """
    said, wanted = words(candidate), words(reference)
    return _f1((Counter(said) & Counter(wanted)).total(), len(said), len(wanted))


def rouge_l(candidate: str, reference: str) -> float:
    """F1 of the longest common subsequence: words in the same order, with gaps allowed.

    >>> rouge_l("sat the cat", "the cat sat") == 2 / 3
    True
    """
    said, wanted = words(candidate), words(reference)
    return _f1(_longest_common(said, wanted), len(said), len(wanted))


def _longest_common(left: Sequence[str], right: Sequence[str]) -> int:
    row = [0] * (len(right) + 1)
    for word in left:
        before = row
        row = [0]
        for place, other in enumerate(right, start=1):
            row.append(before[place - 1] + 1 if word == other else max(before[place], row[place - 1]))
    return row[-1]


def _f1(common: int, said: int, wanted: int) -> float:
    return 2 * common / (said + wanted) if common else 0.0
