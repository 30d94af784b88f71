"""A prepared matching task: candidates, comparisons and features, all that does not depend on people's answers."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from linking.records.agreement import Agreement
from linking.records.blocking import Pairs
from linking.records.candidates import Candidates, Change, find_candidates, update_candidates
from linking.records.compare import Comparer
from linking.records.features import (
    PAIR_FEATURES,
    RIVAL_FEATURES,
    Known,
    PairTable,
    compare_pairs,
    pair_features,
    rival_features,
    updated_rivals,
)
from linking.records.fields import Records
from linking.records.options import MatchOptions

__all__ = ["MULTIPLE_FEATURES", "Prepared", "changed", "known_pairs", "prepare", "with_pairs"]

Float = NDArray[np.float32]
MULTIPLE_FEATURES = (*PAIR_FEATURES, *RIVAL_FEATURES)
"""What is known of a pair, whatever the task."""


@dataclass(frozen=True)
class Prepared:
    """``multiple`` is float32 [pairs, MULTIPLE_FEATURES]."""

    comparer: Comparer
    candidates: Candidates
    table: PairTable
    multiple: Float

    @property
    def pairs(self) -> Pairs:
        return self.table.pairs

    @property
    def margin(self) -> Float:
        """How much more alike a pair is than the best rival of either record; negative where a rival is better."""
        return np.asarray(self.multiple[:, MULTIPLE_FEATURES.index("mix_margin_low")])


def prepare(
    records: Records, options: MatchOptions, rows: NDArray[np.int64] | None = None, *, like: Prepared | None = None
) -> Prepared:
    """Blocks, compares and describes the pairs (of ``rows`` of the left table, or all).

    What is estimated from the data as a whole is taken from ``like`` where given.
    """
    large = sum(records.shape) > options.large
    comparer = Comparer(records, like.comparer.statistics if like else None, fragments=large)
    candidates = find_candidates(comparer, options, rows=rows, like=like.candidates if like else None)
    return _described(comparer, candidates, options, like.table.agreement if like else None, None)


def changed(previous: Prepared, records: Records, options: MatchOptions, change: Change) -> Prepared:
    """What :func:`prepare` with ``like=previous`` would give, by comparing only what the change touches."""
    comparer = previous.comparer.changed(records, (change.left, change.right))
    candidates = update_candidates(previous.candidates, comparer, options, change)
    known = known_pairs(previous, candidates.pairs, records.shape, change)
    return _described(comparer, candidates, options, previous.table.agreement, known)


def known_pairs(previous: Prepared, pairs: Pairs, shape: tuple[int, int], change: Change | None = None) -> Known | None:
    """Which of the pairs were compared before ``change``; None if there were no pairs. ``shape`` is that of today."""
    before = previous.pairs
    if not len(before):
        return None
    left, right = pairs.left, pairs.right
    if change is not None:
        left, right = change.left[left], change.right[right]
    place = before.positions(left, right)
    gone = np.ones(len(before), bool)
    gone[place[place >= 0]] = False
    lost = before.take(gone)
    ends = (lost.left, lost.right) if change is None else (change.now(0)[lost.left], change.now(1)[lost.right])
    touched = [np.zeros(n, bool) for n in shape]
    if previous.comparer.records.dirty:
        touched[1] = touched[0]
    fresh = pairs.take(place < 0)
    for mark, old, new in zip(touched, ends, (fresh.left, fresh.right), strict=True):
        mark[old[old >= 0]] = True
        mark[new] = True
    return Known(previous.table, previous.multiple[:, len(PAIR_FEATURES) :], place, (touched[0], touched[1]))


def _described(
    comparer: Comparer, candidates: Candidates, options: MatchOptions, agreement: Agreement | None, known: Known | None
) -> Prepared:
    table = compare_pairs(comparer, candidates.pairs, agreement=agreement, known=known, seed=options.seed)
    return Prepared(comparer, candidates, table, _features(comparer, table, known))


def with_pairs(
    prepared: Prepared, pairs: Pairs, *, agreement: Agreement | None = None, known: Known | None = None
) -> Prepared:
    """The same task with other pairs; those that it has are not compared again, nor those of ``known``.

    Without ``agreement`` what agreement is worth is estimated anew.
    """
    if len(pairs) == len(prepared.pairs):
        return prepared
    comparer = prepared.comparer
    known = known or known_pairs(prepared, pairs, comparer.records.shape)
    table = compare_pairs(comparer, pairs, agreement=agreement, known=known)
    return replace(prepared, table=table, multiple=_features(comparer, table, known))


def _features(comparer: Comparer, table: PairTable, known: Known | None) -> Float:
    own = pair_features(comparer, table)
    if known is None or known.table.agreement is not table.agreement:
        return np.hstack([own, rival_features(comparer, table.pairs, own)])
    return np.hstack([own, updated_rivals(comparer, table.pairs, own, known)])
