"""Candidates of a matching task: nearest neighbours by 3-grams, or longer runs, and by words, and their update after a sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from linking.records.blocking import Pairs, affordable, best_of_each, union
from linking.records.compare import Comparer
from linking.records.neighbours import Neighbours, nearest_lists, row_lists, updated_lists
from linking.records.options import MatchOptions
from linking.records.space import Space

__all__ = ["Candidates", "Change", "block", "find_candidates", "update_candidates"]

Csr: TypeAlias = sparse.csr_matrix
Ids: TypeAlias = NDArray[np.int64]
LEAST_BUDGET = 5e7
BEST_KEPT = 3
"""Of many candidates so many of each record are compared in full: decoys look no further than the third."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a sync did: row k of a table was row ``left[k]`` (``right[k]``) before, negative where it is new or changed.

    The rows that stayed keep their order. ``before`` are the numbers of rows before.
    """

    left: Ids
    right: Ids
    before: tuple[int, int]

    def now(self, side: int) -> Ids:
        """The new row of each row before, -1 where it is gone."""
        old = (self.left, self.right)[side]
        made = np.full(self.before[side], -1)
        made[old[old >= 0]] = np.flatnonzero(old >= 0)
        return made


@dataclass(frozen=True, slots=True)
class Candidates:
    """``pairs`` are to be compared in full, of ``found`` with this ``likeness``.

    ``lists`` are the neighbours of left and of right rows in each space (in one table of its rows only); ``frequent`` the
    codes of the terms that each space does without; ``trimmed`` tells whether there were too many pairs.
    """

    pairs: Pairs
    found: Pairs
    likeness: NDArray[np.float32]
    lists: tuple[tuple[Neighbours, ...], ...]
    frequent: tuple[Ids, ...]
    trimmed: bool


def block(comparer: Comparer, options: MatchOptions, rows: Ids | None = None) -> Pairs:
    """The pairs to compare, of ``rows`` of the left table or of all."""
    return find_candidates(comparer, options, rows=rows).pairs


def find_candidates(
    comparer: Comparer, options: MatchOptions, *, rows: Ids | None = None, like: Candidates | None = None
) -> Candidates:
    """Candidates by both spaces; ``like`` gives the terms to do without and whether to trim."""
    frequent, lists = [], []
    for at, (space, k) in enumerate(_spaces(comparer, options)):
        dropped = like.frequent[at] if like else _frequent(space, _budget(comparer, options))
        left, right = _vectors(space, dropped, rows)
        frequent.append(dropped)
        lists.append((row_lists(left, right, k),) if comparer.records.dirty else nearest_lists(left, right, k))
    return _candidates(comparer, options, lists, frequent, rows=rows, like=like)


def update_candidates(previous: Candidates, comparer: Comparer, options: MatchOptions, change: Change) -> Candidates:
    """What :func:`find_candidates` with ``like=previous`` would find, by looking at what the change touches."""
    lists = []
    for (space, _), dropped, before in zip(_spaces(comparer, options), previous.frequent, previous.lists, strict=True):
        left, right = _vectors(space, dropped, None)
        made = [_updated(before[0], (change.left, change.right), change.now(1), left, right)]
        if not comparer.records.dirty:
            made.append(_updated(before[1], (change.right, change.left), change.now(0), right, left))
        lists.append(tuple(made))
    return _candidates(comparer, options, lists, previous.frequent, like=previous, change=change)


def _updated(lists: Neighbours, old: tuple[Ids, Ids], now: Ids, own: Csr, other: Csr) -> Neighbours:
    moved = lists.moved(old[0], now)
    stale = np.flatnonzero((moved.row < 0).all(axis=1))
    return updated_lists(moved, stale, np.flatnonzero(old[1] < 0), own, other)


def _candidates(
    comparer: Comparer,
    options: MatchOptions,
    lists: Sequence[tuple[Neighbours, ...]],
    frequent: Sequence[Ids],
    *,
    rows: Ids | None = None,
    like: Candidates | None = None,
    change: Change | None = None,
) -> Candidates:
    shape, dirty = comparer.records.shape, comparer.records.dirty
    ends = [e for x in lists for e in (x[0].pairs(), *(y.pairs()[::-1] for y in x[1:]))]
    if rows is not None:
        ends = [(rows[i], j) for i, j in ends]
    found = union(ends, shape[1], dirty=dirty)
    trimmed = like.trimmed if like else not dirty and len(found) > options.candidates_kept
    if not trimmed:
        return Candidates(found, found, np.zeros(0, np.float32), tuple(lists), tuple(frequent), False)
    # Frequent terms were left out to find candidates; with all terms the best of them are told apart cheaply.
    likeness = _likeness(comparer, found, like, change)
    pairs = found.take(best_of_each(found, likeness, shape, BEST_KEPT))
    return Candidates(pairs, found, likeness, tuple(lists), tuple(frequent), True)


def _likeness(
    comparer: Comparer, found: Pairs, before: Candidates | None, change: Change | None
) -> NDArray[np.float32]:
    if before is None or change is None:
        return comparer.likeness(found)
    place = before.found.positions(change.left[found.left], change.right[found.right])
    likeness = before.likeness[place]
    fresh = np.flatnonzero(place < 0)
    likeness[fresh] = comparer.likeness(found.take(fresh))
    return likeness


def _spaces(comparer: Comparer, options: MatchOptions) -> tuple[tuple[Space, int], ...]:
    return (comparer.fragments or comparer.grams, options.neighbours), (comparer.words, options.word_neighbours)


def _frequent(space: Space, budget: float) -> Ids:
    dear = ~affordable(space.left.counts, space.right.counts, budget)
    return np.asarray(space.codes[dear & _on_both_sides(space)])


def _budget(comparer: Comparer, options: MatchOptions) -> float:
    """Multiplications of one product."""
    each = options.large_budget_per_record if comparer.fragments else options.budget_per_record
    return min(max(LEAST_BUDGET, each * sum(comparer.records.shape)), options.largest_budget)


def _vectors(space: Space, dropped: Ids, rows: Ids | None) -> tuple[Csr, Csr]:
    keep = _on_both_sides(space)
    if len(dropped):
        place = np.minimum(np.searchsorted(dropped, space.codes), len(dropped) - 1)
        keep &= dropped[place] != space.codes
    left = space.vectors(keep, 0, rows)
    return left, left if space.right is space.left and rows is None else space.vectors(keep, 1)


def _on_both_sides(space: Space) -> NDArray[np.bool_]:
    """Marks the terms that can make a pair."""
    keep = np.ones(len(space.codes), bool)
    for side in (space.left, space.right):
        keep &= np.bincount(side.counts.indices, minlength=len(keep)) > 0
    return keep
