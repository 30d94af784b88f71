"""Whether a thing may be in one of two tables several times: then its record in the other table has several partners."""

import numpy as np
from numpy.typing import NDArray

from linking.records.adapt import Answers
from linking.records.prepared import Prepared
from linking.records.prior import Prior
from linking.records.ranking import best_first

__all__ = ["at_most_once", "unless_confirmed"]

Float = NDArray[np.float32]
Ids = NDArray[np.int64]
LIKELY, SURE = 1.0, 3.0
"""Log odds above which records are partners if other partners resemble them, and whatever other partners are like."""
REPEATED = 0.1
"""Things recur if certainly a larger share of the records that have a partner has several."""
ERRORS = 1.64
"""Standard errors of a bound that one in twenty lies beyond."""
SLIPS = 1
"""So many records with several confirmed partners do not say yet that others have several, too."""
AS_ALIKE = 0.05
"""Copies of one thing are as alike to each other as to a third one, up to this much."""
CONFLICT = 0.5
"""The share of their codes or numbers that copies of one thing may differ in."""
IDENTICAL, IDENTICAL_ODDS = 0.999, 2.0
"""Records that say exactly the same may be namesakes as well as copies: they speak for copies from higher log odds."""


def at_most_once(
    prepared: Prepared,
    prior: Prior,
    said: tuple[bool, bool] | None = None,
    links: Float | float = 0.0,
) -> tuple[bool, bool]:
    """Whether a left record, and a right record, has at most one partner: as ``said``, or else as the data says.

    The prior does not presume so; ``links`` are added to its log odds. Partners that are not sure speak for several only if they
    could be one thing themselves: variants, volumes and seasons resemble a record of which a part is missing, but not each other.
    """
    if prepared.comparer.records.dirty:
        return False, False
    if said is not None:
        return said
    pairs, log_odds = prepared.pairs, prior.log_odds(prepared) + links
    ends = ((pairs.left, pairs.right, 1), (pairs.right, pairs.left, 0))
    left, right = (
        _partners_once(end[log_odds > SURE]) and _without_copies(prepared, log_odds, end, other, side)
        for end, other, side in ends
    )
    return left, right


def unless_confirmed(once: tuple[bool, bool], answers: Answers | None) -> tuple[bool, bool]:
    """The same, unless people confirmed several partners of more than a few records."""
    if answers is None:
        return once
    confirmed = answers.pairs.take(answers.same)
    left, right = (_partners_once(end, SLIPS) for end in (confirmed.left, confirmed.right))
    return once[0] and left, once[1] and right


def _partners_once(partners: Ids, slips: int = 0) -> bool:
    """Whether partners, each given by the record at one end, leave nearly all records one at most. ``slips`` are forgiven."""
    count = np.unique(partners, return_counts=True)[1]
    return _least_share(max(int((count > 1).sum()) - slips, 0), len(count)) <= REPEATED


def _without_copies(prepared: Prepared, log_odds: Float, end: Ids, other: Ids, side: int) -> bool:
    """Whether nearly no record at one end has several likely partners, of the table ``side``, that resemble each other."""
    likely = np.flatnonzero(log_odds > LIKELY)
    ordered = likely[best_first(end[likely], log_odds[likely])]
    _, first, partners = np.unique(end[ordered], return_index=True, return_counts=True)
    best, second = (ordered[first[partners > 1] + k] for k in (0, 1))
    comparer, alike = prepared.comparer, prepared.table.overall["grams"]
    between = comparer.grams.within(side, other[best], other[second])
    copies = between >= np.maximum(alike[best], alike[second]) - AS_ALIKE
    identical = np.minimum(between, np.minimum(alike[best], alike[second])) > IDENTICAL
    copies &= ~identical | (log_odds[second] > IDENTICAL_ODDS)
    copies &= comparer.conflicts(side, other[best], other[second]) <= CONFLICT
    return _least_share(int(copies.sum()), len(first)) <= REPEATED


def _least_share(hits: int, count: int) -> float:
    """The lower bound of a share of which a sample is known (Wilson 1927)."""
    if not count:
        return 0.0
    share, square = hits / count, ERRORS**2 / count
    half = ERRORS * np.sqrt(share * (1 - share) / count + square / (4 * count))
    return float((share + square / 2 - half) / (1 + square))
