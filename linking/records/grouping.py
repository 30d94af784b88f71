"""Groups of one table that keep to what people answered: no chain of likely pairs joins what was said to be different."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from linking.records.adapt import Answers
from linking.records.blocking import Pairs, union
from linking.records.decide import cluster_records, components
from linking.records.prepared import Prepared

__all__ = ["groups_of", "with_groups"]

Float = NDArray[np.float32]
Ids = NDArray[np.int64]
FAR = -1e9
"""In place of a probability: one such pair between two groups keeps them apart, whatever speaks for joining them."""


def groups_of(
    pairs: Pairs,
    probability: Float,
    size: int,
    answers: Answers | None,
    *,
    threshold: float,
    largest: int,
    small_factor: float,
) -> Ids:
    """The group of each of ``size`` records: :func:`cluster_records`, bound to answers.

    What is one with a record is different from what that record is different from. Whole groups are joined by an answer
    that says so: groups are formed without it, or it would draw its record out of its group into the other. Of answers that
    contradict each other the one that joins counts.
    """
    form = partial(cluster_records, size=size, threshold=threshold, largest=largest, small_factor=small_factor)
    if answers is None:
        return form(pairs, probability)
    known = components(answers.pairs, answers.same, size)
    together, apart = answers.pairs.take(answers.same), _apart(answers.pairs.take(~answers.same), known)
    pairs, probability = _put(pairs, probability, together, threshold, size)
    pairs, probability = _put(pairs, probability, apart, FAR, size)
    return _joined(form(pairs, probability), together, apart, known)


def with_groups(prepared: Prepared, log_odds: Float, largest: int) -> Pairs:
    """The pairs of one table and all others inside the groups that likely pairs make, of up to ``largest`` records."""
    size = prepared.comparer.records.shape[0]
    label = components(prepared.pairs, log_odds > 0, size)
    order = np.argsort(label, kind="stable")
    counts = np.bincount(label)
    found = [(prepared.pairs.left, prepared.pairs.right)]
    bounds = np.cumsum(counts)
    for group in np.flatnonzero((counts > 2) & (counts <= largest)).tolist():
        members = order[bounds[group] - counts[group] : bounds[group]]
        a, b = np.triu_indices(len(members), 1)
        found.append((members[a], members[b]))
    return union(found, size, dirty=True)


def _apart(different: Pairs, known: Ids) -> Pairs:
    """All pairs of records that are different by the answers: ``known`` says which records are one."""
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for a, b in {(int(known[i]), int(known[j])) for i, j in zip(different.left, different.right, strict=True)}:
        if a != b:
            x, y = np.meshgrid(np.flatnonzero(known == a), np.flatnonzero(known == b))
            left.append(np.minimum(x, y).ravel())
            right.append(np.maximum(x, y).ravel())
    return Pairs(np.concatenate(left), np.concatenate(right))


def _put(pairs: Pairs, probability: Float, some: Pairs, value: float, size: int) -> tuple[Pairs, Float]:
    """Pairs and probabilities in which some pairs have another one."""
    code = np.concatenate([some.left * size + some.right, pairs.left * size + pairs.right])
    every = np.concatenate([np.full(len(some), value, np.float32), probability])
    code, first = np.unique(code, return_index=True)
    return Pairs(code // size, code % size), every[first]


def _joined(label: Ids, together: Pairs, apart: Pairs, known: Ids) -> Ids:
    label = label.copy()
    for i, j in zip(together.left.tolist(), together.right.tolist(), strict=True):
        a, b = label[i], label[j]
        if a == b:
            continue
        low, high = label[apart.left], label[apart.right]
        if ((low == a) & (high == b) | (low == b) & (high == a)).any():
            # One of the two groups is mixed: what people said is one thing becomes a group of its own.
            label[known == known[i]] = len(label) + i
        else:
            label[label == b] = a
    return label
