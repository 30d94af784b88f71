"""Active learning: which pairs to ask people about next."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bifrost.links import PairQuestion
from linking.records.adapt import Answers
from linking.records.group_questions import group_questions
from linking.records.matching import Matching
from linking.records.prepared import MULTIPLE_FEATURES

__all__ = ["choose", "choose_rows"]

Float = NDArray[np.float32]
POOL = 2_000


def choose(matching: Matching, count: int, judged: Mapping[tuple[str, str], bool]) -> list[PairQuestion]:
    """The most helpful pairs that nobody judged yet, the most helpful first."""
    answers = Answers.of(matching.records, judged)
    rows, value = choose_rows(matching, count, answers)
    left, right = matching.records.left_uids, matching.records.right_uids
    return [
        PairQuestion(
            left[int(matching.pairs.left[k])].as_py(),
            right[int(matching.pairs.right[k])].as_py(),
            float(matching.probability[k]),
            float(v),
            matching.evidence(k),
        )
        for k, v in zip(rows.tolist(), value.tolist(), strict=True)
    ]


def choose_rows(matching: Matching, count: int, answers: Answers | None) -> tuple[NDArray[np.int64], Float]:
    """Positions among the candidate pairs, and their values in [0, 1].

    Between two tables uncertainty first (entropy of the decision); in one table what an answer settles, because it joins or
    parts whole groups (:func:`group_questions`). Weakened for pairs that look like one already chosen, and never two questions
    about the same record or group in one round: the second answer would follow from the first.
    """
    pairs = matching.pairs
    if matching.records.dirty:
        grouped = group_questions(matching, answers)
        value, ends = grouped.value, grouped.groups
    else:
        value, ends = _undecided(matching), (pairs.left, pairs.right + matching.records.shape[0])
    if answers is not None and len(answers.same):
        position, _ = answers.locate(pairs, matching.records.shape[1])
        value[position] = -1.0
    pool = np.argsort(-value, kind="stable")[:POOL]
    pool = pool[value[pool] > 0]
    place = _space(matching, pool)
    chosen: list[int] = []
    current = value[pool].copy()
    busy: set[int] = set()
    while len(chosen) < min(count, len(pool)) and current.max(initial=-1.0) > 0:
        best = int(np.argmax(current))
        k = int(pool[best])
        current[best] = -1.0
        mine = {int(ends[0][k]), int(ends[1][k])}
        if mine & busy:
            continue
        busy |= mine
        chosen.append(best)
        likeness = np.exp(-((place - place[best]) ** 2).sum(axis=1) / place.shape[1])
        current = np.where(current > 0, current * (1 - 0.5 * likeness), current)
    index = pool[np.array(chosen, np.int64)]
    return index, (_bounded(value[index]) if matching.records.dirty else value[index]).astype(np.float32)


def _bounded(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values in the same order, those above a half drawn together below 1."""
    return np.where(value > 0.5, 1 - 0.25 / np.maximum(value, 0.5), value)


def _undecided(matching: Matching) -> NDArray[np.float64]:
    p = matching.probability.astype(np.float64)
    value = 4 * p * (1 - p)
    # A pair that loses against a surer rival is settled with it.
    return np.where(_is_best(matching), value, 0.1 * value) if matching.unique else value


def _is_best(matching: Matching) -> NDArray[np.bool_]:
    pairs, score = matching.pairs, matching.log_odds
    shape = matching.records.shape
    best_left = np.full(shape[0], -np.inf, np.float32)
    best_right = np.full(shape[1], -np.inf, np.float32)
    np.maximum.at(best_left, pairs.left, score)
    np.maximum.at(best_right, pairs.right, score)
    return np.asarray((score >= best_left[pairs.left]) & (score >= best_right[pairs.right]))


def _space(matching: Matching, pool: NDArray[np.int64]) -> NDArray[np.float64]:
    names = ("mix", "agreement", "mean", "codes_conflict", "mix_margin_low", "agreement_margin_low")
    columns = matching.prepared.multiple[:, [MULTIPLE_FEATURES.index(n) for n in names]][pool].astype(np.float64)
    if not len(columns):
        return columns
    return np.asarray((columns - columns.mean(axis=0)) / np.maximum(columns.std(axis=0), 1e-6))
