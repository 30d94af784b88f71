"""Active learning: which pairs to ask people about next."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bifrost.links import PairQuestion
from linking.records.adapt import Answers
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
    """Positions among the candidate pairs, and their values.

    Uncertainty first (entropy of the decision), weakened for pairs that look like one already chosen, and never two
    questions about the same record in one round: the second answer would follow from the first.
    """
    pairs, p = matching.pairs, matching.probability.astype(np.float64)
    value = 4 * p * (1 - p)
    if matching.unique:
        # A pair that loses against a surer rival is settled with it.
        value = np.where(_is_best(matching), value, 0.1 * value)
    if answers is not None and len(answers.same):
        position, _ = answers.locate(pairs, matching.records.shape[1])
        value[position] = -1.0
    pool = np.argsort(-value, kind="stable")[:POOL]
    pool = pool[value[pool] > 0]
    place = _space(matching, pool)
    chosen: list[int] = []
    current = value[pool].copy()
    busy: set[tuple[int, int]] = set()
    while len(chosen) < min(count, len(pool)) and current.max(initial=-1.0) > 0:
        best = int(np.argmax(current))
        k = int(pool[best])
        current[best] = -1.0
        ends = {(0, int(pairs.left[k])), (int(not matching.records.dirty), int(pairs.right[k]))}
        if ends & busy:
            continue
        busy |= ends
        chosen.append(best)
        likeness = np.exp(-((place - place[best]) ** 2).sum(axis=1) / place.shape[1])
        current = np.where(current > 0, current * (1 - 0.5 * likeness), current)
    index = pool[np.array(chosen, np.int64)]
    return index, value[index].astype(np.float32)


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
