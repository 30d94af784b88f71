"""Entity spans as BIO tags and back (Ramshaw and Marcus 1995), and the best legal tag sequence (Viterbi 1967)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["OUTSIDE", "TAGS", "TYPES", "TaggedSpan", "decode", "tag_of", "viterbi"]

TYPES = ("PERSON", "ORG", "LOC", "MISC", "DATE", "NUM")
TAGS = ("O", *(f"{part}-{type_}" for type_ in TYPES for part in "BI"))
OUTSIDE = 0


def tag_of(type_: str, inside: bool) -> int:
    """The index of B-type or I-type in TAGS."""
    return 1 + 2 * TYPES.index(type_) + inside


@dataclass(frozen=True, slots=True)
class TaggedSpan:
    """Words [first, last) are an entity of ``type``; ``confidence`` is the mean probability of their tags."""

    first: int
    last: int
    type: str
    confidence: float


def _legal() -> NDArray[np.float32]:
    """Transition scores [from, to]: 0, or minus infinity for an I- tag that continues nothing of its type."""
    scores = np.zeros((len(TAGS), len(TAGS)), np.float32)
    for index in range(len(TYPES)):
        begin, inside = 1 + 2 * index, 2 + 2 * index
        scores[:, inside] = -np.inf
        scores[[begin, inside], inside] = 0
    return scores


_TRANSITIONS = _legal()
_START = np.where([tag.startswith("I-") for tag in TAGS], -np.inf, 0).astype(np.float32)


def viterbi(log_probabilities: NDArray[np.float32]) -> NDArray[np.intp]:
    """The most probable legal tag sequence of log probabilities [n, tags]; [n] tag indices."""
    count = len(log_probabilities)
    if not count:
        return np.zeros(0, np.intp)
    greedy: NDArray[np.intp] = log_probabilities.argmax(1).astype(np.intp)
    if np.isfinite(_START[greedy[0]]) and np.isfinite(_TRANSITIONS[greedy[:-1], greedy[1:]]).all():
        return greedy
    back = np.empty((count, len(TAGS)), np.intp)
    score = _START + log_probabilities[0]
    for step in range(1, count):
        total = score[:, None] + _TRANSITIONS
        back[step] = total.argmax(0)
        score = total.max(0) + log_probabilities[step]
    path = np.empty(count, np.intp)
    path[-1] = score.argmax()
    for step in range(count - 1, 0, -1):
        path[step - 1] = back[step, path[step]]
    return path


def decode(log_probabilities: NDArray[np.float32]) -> list[TaggedSpan]:
    """The entities of a sentence, in order, without overlaps."""
    path = viterbi(log_probabilities)
    chosen = np.exp(log_probabilities[np.arange(len(path)), path])
    spans: list[TaggedSpan] = []
    for first, last in _runs(path.tolist()):
        type_ = TYPES[(path[first] - 1) // 2]
        spans.append(TaggedSpan(first, last, type_, float(chosen[first:last].mean())))
    return spans


def _runs(path: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, tag in enumerate(path):
        if tag and tag % 2 == 1:
            runs.append((index, index + 1))
        elif tag:
            runs[-1] = (runs[-1][0], index + 1)
    return runs
