"""Competition inside one table: whether the likely partners of a record rule each other out."""

import numpy as np
from numpy.typing import NDArray

from linking.records.adapt import PINNED
from linking.records.blocking import Pairs
from linking.records.prepared import Prepared

__all__ = ["clearly_beaten", "seldom_several"]

Float = NDArray[np.float32]
SELDOM = 0.25
"""If no larger share of the records of one table that have a likely partner has several, partners compete for a record."""
CLEARLY_BETTER = 1.0
"""By how many log odds a record's best partner is better than one that loses: equal copies of a record all stay."""


def seldom_several(prepared: Prepared, log_odds: Float) -> bool:
    """Whether hardly any record of one table has several likely partners. Then most of those that have are strangers that are
    alike (issues of a column, years of a report)."""
    if not prepared.comparer.records.dirty:
        return False
    likely = prepared.pairs.take(log_odds > 0)
    partners = np.unique(np.concatenate([likely.left, likely.right]), return_counts=True)[1]
    return bool(len(partners)) and float((partners > 1).mean()) <= SELDOM


def clearly_beaten(pairs: Pairs, log_odds: Float) -> NDArray[np.bool_]:
    """Pairs of which either record has a much likelier one. Answered pairs neither beat nor are beaten: where a record may have
    several partners an answer about one says nothing of the others."""
    unanswered = np.abs(log_odds) < PINNED / 2
    best = np.full(int(pairs.right.max(initial=-1)) + 1, -np.inf, np.float32)
    for end in (pairs.left, pairs.right):
        np.maximum.at(best, end[unanswered], log_odds[unanswered])
    return np.asarray(unanswered & (np.maximum(best[pairs.left], best[pairs.right]) - log_odds > CLEARLY_BETTER))
