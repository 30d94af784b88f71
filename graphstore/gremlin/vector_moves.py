"""How steps move a frontier: conditions, hops, dedup(), limits, order().by(key), repeat().times()."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from graphstore.gremlin.arrays import Rows, Snapshot
from graphstore.gremlin.frontier import SMALL, Frontier, Indices, countable, sides
from graphstore.gremlin.pace import distinct, pieces, sort_order
from graphstore.gremlin.plan import KeyBy, Step
from graphstore.gremlin.steps.filters import AllOf, HasStep, IdentityStep, IsStep, TraversalFilterStep
from graphstore.gremlin.steps.graph import AlongStep, EdgeVertexStep, IncidentStep
from graphstore.gremlin.steps.order import DedupStep, OrderStep
from graphstore.gremlin.steps.quantity import RangeStep
from graphstore.gremlin.steps.reduce import ReduceStep
from graphstore.gremlin.steps.repeat import RepeatStep
from graphstore.gremlin.traverser import Context
from graphstore.gremlin.tree import Order
from graphstore.gremlin.vector_masks import Mask, mask_of

__all__ = ["Move", "move_of", "moved"]

Move = Callable[[Frontier, Snapshot, Context], Frontier]


def moved(move: Move, f: Frontier, s: Snapshot, c: Context) -> Frontier:
    """Where a move leads. Raises TooManyError where so many get there that the next one could not be counted."""
    c.meter.check()
    after = move(f, s, c)
    if f.counts is not None and after.counts is not None:
        countable(after.counts)
    return after


def move_of(
    step: Step, edges: bool, after: Sequence[Step] = (), settled: Step | None = None
) -> tuple[Move, bool] | None:
    """How a step moves a frontier, and whether edges stand there afterwards; None if it cannot. ``settled`` is a
    condition that all of the frontier passes already."""
    if isinstance(step, IdentityStep):
        return (lambda f, s, c: f), edges
    if isinstance(step, (HasStep, AllOf)):
        parts = [p for p in (step.parts if isinstance(step, AllOf) else (step,)) if p is not settled]
        masks = [mask_of(part, edges) for part in parts]
        if any(mask is None for mask in masks):
            return None
        return _filtered([mask for mask in masks if mask is not None]), edges
    if isinstance(step, AlongStep) and not edges and step.edge_labels is not None:
        return _along(step), isinstance(step, IncidentStep)
    if isinstance(step, EdgeVertexStep) and edges:
        return _ends(step.direction), False
    if isinstance(step, DedupStep) and not step.bys and not step.scope_labels:
        return (lambda f, s, c: Frontier(f.edges, distinct(f.indices, s.edge_size if f.edges else s.size))), edges
    if isinstance(step, RangeStep):
        return _ranged(step), edges
    if isinstance(step, RepeatStep):
        return _repeated(step, edges)
    if isinstance(step, OrderStep) and not edges:
        follows = after[0] if after else None
        return _ordered(step, follows.high if isinstance(follows, RangeStep) and follows.high >= 0 else None)
    if isinstance(step, TraversalFilterStep) and not edges:
        return _by_degree(step)
    return None


def _by_degree(step: TraversalFilterStep) -> tuple[Move, bool] | None:
    """where(out("x")), where(out("x").count().is(P)) and their negations: by the degrees of the vertices."""
    inner = step.inner.steps
    along = inner[0] if inner else None
    if not isinstance(along, AlongStep) or along.edge_labels is None or any(s.labels for s in inner):
        return None
    labels, direction = along.edge_labels, along.direction
    if len(inner) == 1:
        test: Callable[[Any], bool] = bool
    elif (
        len(inner) == 3
        and inner[1].name == "count"
        and isinstance(inner[1], ReduceStep)
        and isinstance(inner[2], IsStep)
    ):
        test = inner[2].passes
    else:
        return None

    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        degrees = s.degrees(direction, labels)[f.indices]
        c.meter.check()
        passing = [d for d in np.flatnonzero(np.bincount(degrees)).tolist() if test(d) is not step.negate]
        return f.kept(np.isin(degrees, passing))

    return move, False


def _filtered(masks: list[Mask]) -> Move:
    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        for mask in masks:
            c.meter.check()
            f = f.kept(mask(f, s, c.meter.check))
        return f

    return move


def _positions(rows: Rows, indices: Indices) -> tuple[Indices | slice, Indices]:
    """Where the edges of some vertices stand in the rows, and how many each vertex has."""
    starts = rows.starts[indices]
    lengths = rows.starts[indices + 1] - starts
    if len(indices) == 1:
        return slice(int(starts[0]), int(starts[0] + lengths[0])), lengths
    offsets = np.cumsum(lengths)
    shift = np.repeat(starts - np.concatenate(([0], offsets[:-1])), lengths)
    return shift + np.arange(len(shift)), lengths


def _along(step: AlongStep) -> Move:
    incident = isinstance(step, IncidentStep)

    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        found: list[Indices] = []
        counts: list[Indices] = []
        if not len(f.indices):
            return Frontier(incident, f.indices)
        if not incident and f.counts is None and f.indices is s.everything and s.size > SMALL:
            # From every vertex once: as many arrive at a vertex as it has edges the other way.
            opposite = {"OUT": "IN", "IN": "OUT", "BOTH": "BOTH"}[step.direction]
            return Frontier(False, s.everything, s.degrees(opposite, step.edge_labels or ()), dense=True)
        wanted = s.label_numbers(step.edge_labels) if step.edge_labels else None
        for rows in sides(step.direction, s):
            for piece in pieces(len(f.indices), c.meter.check):
                ends, many = _stepped(f, piece, rows, incident, wanted, c)
                found.append(ends)
                if many is not None:
                    counts.append(many)
        c.release(sum(map(len, found)))
        indices = found[0] if len(found) == 1 else np.concatenate(found)
        total = None if not counts else counts[0] if len(counts) == 1 else np.concatenate(counts)
        after = Frontier(incident, indices.astype(np.int64), total)
        return after if incident or len(indices) <= SMALL else after.merged(s.size)

    return move


def _stepped(
    f: Frontier, piece: slice, rows: Rows, incident: bool, wanted: Indices | None, c: Context
) -> tuple[Indices, Indices | None]:
    """Where a piece of a frontier gets along its edges of the wanted labels, and how many get there."""
    positions, lengths = _positions(rows, f.indices[piece])
    c.hold(int(lengths.sum()))
    ends = (rows.edges if incident else rows.ends)[positions]
    many = None if f.counts is None else np.repeat(f.counts[piece], lengths)
    if wanted is not None:
        labels = rows.labels[positions]
        mask = labels == wanted[0] if len(wanted) == 1 else np.isin(labels, wanted)
        ends = ends[mask]
        many = None if many is None else many[mask]
    return ends, many


def _ends(direction: str) -> Move:
    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        sides = {"OUT": [s.tails], "IN": [s.heads], "BOTH": [s.tails, s.heads]}[direction]
        indices = np.concatenate([side[f.indices] for side in sides]).astype(np.int64)
        counts = None if f.counts is None else np.concatenate([f.counts] * len(sides))
        c.meter.check()
        after = Frontier(False, indices, counts)
        return after if len(indices) <= SMALL else after.merged(s.size)

    return move


def _ranged(step: RangeStep) -> Move:
    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        high = step.high if step.high >= 0 else None
        if f.counts is None:
            return Frontier(f.edges, f.indices[step.low : high])
        after = np.cumsum(f.counts)
        before = after - f.counts
        top = int(after[-1]) if high is None and len(after) else high or 0
        counts = np.minimum(after, top) - np.maximum(before, step.low)
        return Frontier(f.edges, f.indices[counts > 0], counts[counts > 0])

    return move


def _ordered(step: OrderStep, top: int | None = None) -> tuple[Move, bool] | None:
    """order().by(key): by the places of the distinct values. What has no value falls out, or comes first as null."""
    comparisons = [(by, direction is Order.desc) for by, direction in step.comparisons if isinstance(by, KeyBy)]
    if not comparisons or len(comparisons) != len(step.comparisons):
        return None
    if any(direction is Order.shuffle for _, direction in step.comparisons):
        return None

    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        for by, descending in reversed(comparisons):
            check = c.meter.check
            column, where = s.part(by.key, f.indices, check)
            places = column.places(column.codes[where], check)
            if not c.productive_by:
                f, places = f.kept(places >= 0), places[places >= 0]
            wanted = -places if descending else places
            if top is not None and len(comparisons) == 1 and f.counts is None and top < len(wanted) // 8:
                near = np.flatnonzero(wanted <= np.partition(wanted, top)[top])
                f, wanted = Frontier(f.edges, f.indices[near]), wanted[near]
            order = sort_order(wanted, check)
            f = Frontier(f.edges, f.indices[order], None if f.counts is None else f.counts[order])
        return f

    return move, False


def _repeated(step: RepeatStep, edges: bool) -> tuple[Move, bool] | None:
    """repeat(body).times(n), where all of the body moves frontiers and nothing is emitted on the way."""
    if step.times is None or step.emit is not False or step.body is None or (step.times == 0 and not step.until_first):
        return None
    moves: list[Move] = []
    kind = edges
    for inner in step.body.steps:
        made = None if inner.labels or isinstance(inner, DedupStep) else move_of(inner, kind)
        if made is None:
            return None
        moves.append(made[0])
        kind = made[1]
    if kind is not edges:
        return None

    def move(f: Frontier, s: Snapshot, c: Context) -> Frontier:
        for _ in range(step.times or 0):
            for one in moves:
                f = moved(one, f, s, c)
            if not len(f.indices):
                break
        return f

    return move, edges
