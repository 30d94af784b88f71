"""Conditions on whole frontiers: which of some vertices or edges pass a has()."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.arrays import Snapshot
from graphstore.gremlin.columns import Column
from graphstore.gremlin.frontier import Frontier
from graphstore.gremlin.pace import Check, paced
from graphstore.gremlin.sqlelements import SCORE, decoded
from graphstore.gremlin.steps.filters import HasStep
from graphstore.gremlin.tree import P, T

__all__ = ["Mask", "mask_of"]

Mask = Callable[[Frontier, Snapshot, Check], NDArray[np.bool_]]
Comparison = Callable[[NDArray[np.float64]], NDArray[np.bool_]]

_EXACT = 2**53
"""Integers below this are exact as doubles."""


def mask_of(step: HasStep, edges: bool) -> Mask | None:
    """How a condition is tested on arrays; None if it cannot be."""
    if step.key is T.label:
        return _by_label(step)
    if isinstance(step.key, str) and not edges:
        return _by_value(step, step.key)
    return _by_score(step) if step.key == SCORE else None


def _by_label(step: HasStep) -> Mask:
    predicate = step.predicate
    if predicate is not None and predicate.op == "eq" and isinstance(predicate.args[0], str):
        wanted = (predicate.args[0],)

        def by_name(f: Frontier, s: Snapshot, check: Check) -> NDArray[np.bool_]:
            numbers = s.label_numbers(wanted)
            labels = (s.edge_labels if f.edges else s.labels)[f.indices]
            return labels == numbers[0] if len(numbers) == 1 else np.isin(labels, numbers)

        return by_name

    def by_label(f: Frontier, s: Snapshot, check: Check) -> NDArray[np.bool_]:
        labels = (s.edge_labels if f.edges else s.labels)[f.indices]
        passing = [number for number in np.flatnonzero(np.bincount(labels)).tolist() if step.passes(s.names[number])]
        return labels == passing[0] if len(passing) == 1 else np.isin(labels, passing)

    return by_label


def _by_value(step: HasStep, key: str) -> Mask:
    comparison = None if step.predicate is None else _comparison(step.predicate)

    def by_value(f: Frontier, s: Snapshot, check: Check) -> NDArray[np.bool_]:
        column, where = s.part(key, f.indices, check)
        if comparison is not None and _comparable(column):
            assert column.numbers is not None
            codes = column.codes[where]
            passing: NDArray[np.bool_] = comparison(column.numbers[codes]) & (codes >= 0)
            return passing
        return column.passing(step.passes, where, check)

    return by_value


def _by_score(step: HasStep) -> Mask:
    """By how sure edges are; an edge with a property of that name is tested by its own."""

    def by_score(f: Frontier, s: Snapshot, check: Check) -> NDArray[np.bool_]:
        scores, codes = np.unique(s.edge_scores[f.indices], return_inverse=True)
        check()
        passing: NDArray[np.bool_] = np.array([step.passes(score) for score in scores.tolist()], np.bool_)[codes]
        if s.own_scores:
            for place, index in enumerate(paced(f.indices.tolist(), check)):
                own = decoded(s.edge_texts.raw(index)).get(SCORE)
                if own:
                    passing[place] = step.passes(own[0])
        return passing

    return by_score


def _comparable(column: Column) -> bool:
    """Whether its values compare as doubles do: one number a vertex, none of them rounded."""
    return column.numbers is not None and len(column.numbers) > 0 and not column.more and column.largest < _EXACT


def _comparison(predicate: P) -> Comparison | None:
    """A comparison with plain numbers, on doubles; None for any other predicate."""
    args = predicate.args
    if not args or not all(isinstance(a, (int, float)) and not isinstance(a, bool) and abs(a) < _EXACT for a in args):
        return None
    low, high = float(args[0]), float(args[-1])
    known: dict[tuple[str, int], Comparison] = {
        ("eq", 1): lambda x: x == low,
        ("neq", 1): lambda x: x != low,
        ("gt", 1): lambda x: x > low,
        ("gte", 1): lambda x: x >= low,
        ("lt", 1): lambda x: x < low,
        ("lte", 1): lambda x: x <= low,
        ("between", 2): lambda x: (x >= low) & (x < high),
        ("inside", 2): lambda x: (x > low) & (x < high),
        ("outside", 2): lambda x: (x < low) | (x > high),
    }
    return known.get((predicate.op, len(args)))
