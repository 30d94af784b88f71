"""Lessons: people's answers about pairs as numbers, so that they teach the matching of other tables and projects.

A lesson holds no records and no values, only what the features of a pair were, what was thought of it and what a person said.
What was taught of one kind of records may mislead about another (an answer about products says little about people): a lesson
counts as far as the pairs in doubt look like those that it is about.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bifrost.links import PairLesson
from linking.records.prepared import MULTIPLE_FEATURES, Prepared

__all__ = ["MOST", "WEIGHT", "Carried", "carried_to", "lesson_of", "nearness"]

Float = NDArray[np.float32]
MOST = 500
"""Answers of one task that are kept; more say little new, and the file stays small."""
WEIGHT = 0.5
"""How much an answer about other records counts beside one about these."""
REACH = 0.3
"""How far pairs may lie apart, in standard deviations, until a lesson about one counts for a third (1/e) for the other.

Chosen on made-up tasks (benchmarks.linking_carried)."""
DOUBTFUL, IN_DOUBT, FEW = 200, 4.36, 20
"""So many pairs stand for those that people would be asked about, with log odds up to this where there are more than few."""
LEAST_NEAR = 0.02
"""Lessons that count less are left out."""


@dataclass(frozen=True, slots=True)
class Carried:
    """Answers of other tasks as rows: log odds before they were given, MULTIPLE_FEATURES, what was said, how much it counts."""

    odds: Float
    features: Float
    same: NDArray[np.bool_]
    weight: Float

    def __len__(self) -> int:
        return len(self.same)


def lesson_of(prepared: Prepared, base: Float, position: NDArray[np.int64], same: NDArray[np.bool_]) -> PairLesson:
    """What answers about the pairs at these positions teach; ``base`` are the log odds before them."""
    position, same = position[-MOST:], same[-MOST:]
    rows = np.round(prepared.multiple[position].astype(np.float64), 4)
    odds = np.round(np.clip(base[position].astype(np.float64), -30, 30), 3)
    return PairLesson(MULTIPLE_FEATURES, tuple(map(tuple, rows.tolist())), tuple(odds.tolist()), tuple(same.tolist()))


def carried_to(prepared: Prepared, base: Float, lessons: Sequence[PairLesson]) -> Carried:
    """The lessons as rows, each counting by its nearness to the pairs of the task that are in doubt."""
    found = []
    for lesson in lessons:
        features = _features(lesson, prepared.multiple)
        odds, same = np.asarray(lesson.odds, np.float32), np.asarray(lesson.same, bool)
        near = nearness(features[_in_doubt(odds)], prepared.multiple[_in_doubt(base)])
        if near >= LEAST_NEAR:
            found.append(Carried(odds, features, same, np.full(len(same), WEIGHT * near, np.float32)))
    if not found:
        none = np.zeros(0, np.float32)
        return Carried(none, np.zeros((0, len(MULTIPLE_FEATURES)), np.float32), none.astype(bool), none)
    return Carried(
        *(np.concatenate([getattr(c, name) for c in found]) for name in ("odds", "features", "same", "weight"))
    )


def nearness(features: Float, others: Float) -> float:
    """From 0 to 1 (the same on average in every feature): how alike two sets of pairs are."""
    if not len(features) or not len(others):
        return 0.0
    spread = np.sqrt((features.var(axis=0) + others.var(axis=0)) / 2) + 0.05
    apart = float(np.sqrt((((features.mean(axis=0) - others.mean(axis=0)) / spread) ** 2).mean()))
    return float(np.exp(-((apart / REACH) ** 4)))


def _in_doubt(base: Float) -> NDArray[np.int64]:
    """The most doubtful pairs: those that people would be asked about."""
    sureness = np.abs(base)
    order = np.argsort(sureness, kind="stable")[:DOUBTFUL]
    doubtful = order[sureness[order] < IN_DOUBT]
    return doubtful if len(doubtful) > FEW else order[: DOUBTFUL // 4]


def _features(lesson: PairLesson, population: Float) -> Float:
    """The lesson's rows by today's features; one that it does not know is as usual here, so that it says nothing."""
    rows = np.asarray(lesson.rows, np.float32).reshape(len(lesson.same), len(lesson.names))
    usual = population.mean(axis=0) if len(population) else np.zeros(len(MULTIPLE_FEATURES), np.float32)
    made = np.tile(usual.astype(np.float32), (len(rows), 1))
    for k, name in enumerate(MULTIPLE_FEATURES):
        if name in lesson.names:
            made[:, k] = rows[:, lesson.names.index(name)]
    return made
