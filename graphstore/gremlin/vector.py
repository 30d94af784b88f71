"""Plans on arrays: the longest prefix of a plan that runs on whole frontiers (arrays of indices with how often each is
there) instead of one traverser at a time. What follows gets ordinary traversers.

A prefix starts at V(), E() or V(ids) and goes on with has(), hops along edges, dedup(), repeat().times(), limit();
count(), groupCount(), values() with sum/mean/min/max and order().by(key) finish on arrays too.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from typing import Any

import numpy as np

from graphstore.gremlin.arraygraph import ArrayGraph
from graphstore.gremlin.elements import Element
from graphstore.gremlin.frontier import Frontier, TooManyError
from graphstore.gremlin.plan import Pipeline, Step
from graphstore.gremlin.steps.collect import START
from graphstore.gremlin.steps.filters import AllOf, HasStep, IdentityStep
from graphstore.gremlin.steps.graph import ElementsStep
from graphstore.gremlin.traverser import ROOT, Context, PathNode, Traverser
from graphstore.gremlin.vector_finish import Finish, finish_of
from graphstore.gremlin.vector_moves import Move, move_of, moved

__all__ = ["VectorPlan"]

_BATCH = 1_000


class VectorPlan:
    """What of a plan runs on arrays; ``taken`` steps of it do."""

    def __init__(self, plan: Pipeline, track_path: bool) -> None:
        steps = plan.steps
        self.start: ElementsStep | None = None
        self.moves: list[Move] = []
        self.finish: Finish | None = None
        self.taken = 0
        self.rest = self.slow = plan
        if not steps or not isinstance(steps[0], ElementsStep) or steps[0].labels:
            return
        self.start = steps[0]
        self._take(steps, track_path)
        self.rest, self.slow = Pipeline(steps[self.taken :]), Pipeline(steps[: self.taken])

    def _take(self, steps: tuple[Step, ...], track_path: bool) -> None:
        start = steps[0]
        assert isinstance(start, ElementsStep)
        edges = not start.vertices
        self.taken = 1
        while self.taken < len(steps):
            here = steps[self.taken]
            finish = None if track_path else finish_of(steps[self.taken :], edges)
            if finish is not None:
                self.finish, used = finish
                self.taken += used
                return
            if here.labels:
                return
            if track_path and not isinstance(here, (HasStep, AllOf, IdentityStep)):
                return
            made = move_of(here, edges, steps[self.taken + 1 :], start.settled)
            if made is None:
                return
            move, edges = made
            self.moves.append(move)
            self.taken += 1

    def run(self, graph: ArrayGraph, ctx: Context) -> Iterator[Traverser]:
        """The traversers of the whole plan."""
        return self.rest.run(self.prefix(graph, ctx), ctx)

    def prefix(self, graph: ArrayGraph, ctx: Context) -> Iterator[Traverser]:
        """The traversers that leave the part on arrays. Where there are too many to count them there, the interpreter finds
        them."""
        assert self.start is not None
        frontier = _started(self.start, graph, ctx)
        snapshot = graph.snapshot
        try:
            for move in self.moves:
                frontier = moved(move, frontier.sparse(), snapshot, ctx)
        except TooManyError:
            start = Traverser(START, 1, ROOT if ctx.track_path else None, ctx.initial_sack())
            yield from self.slow.run(iter((start,)), ctx)
            return
        found = (
            self.finish(frontier, snapshot, ctx)
            if self.finish is not None
            else _traversers(frontier.sparse(), graph, ctx)
        )
        yield from found if ctx.merges else _apart(found, ctx)


def _apart(found: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
    """Each traverser by itself."""
    for t in found:
        for _ in range(t.bulk):
            ctx.tick()
            yield Traverser(t.obj, 1, t.path, ctx.initial_sack())


def _traversers(frontier: Frontier, graph: ArrayGraph, ctx: Context) -> Iterator[Traverser]:
    many: Callable[[Any], Sequence[Any]] = graph.edges_at if frontier.edges else graph.vertices_at
    sack = ctx.sack_initial
    for start in range(0, len(frontier.indices), _BATCH):
        indices = frontier.indices[start : start + _BATCH]
        counts = repeat(1) if frontier.counts is None else iter(frontier.counts[start : start + _BATCH].tolist())
        for obj, count in zip(many(indices), counts, strict=False):
            path = PathNode(ROOT, obj, ()) if ctx.track_path else None
            yield Traverser(obj, count, path, sack() if sack is not None else None)


def _started(step: ElementsStep, graph: ArrayGraph, ctx: Context) -> Frontier:
    snapshot = graph.snapshot
    if not step.all_of_them and step.vertices:
        indices = [graph.index(id.id if isinstance(id, Element) else id) for id in step.wanted(ctx)]
        if len(indices) > 1 or indices == [None]:
            indices = [index for index in dict.fromkeys(indices) if index is not None]
        return Frontier(False, np.array(indices, np.int64))
    if step.all_of_them and step.vertices and step.value_hint is not None:
        key, value = step.value_hint
        if snapshot.has_column(key):
            return Frontier(False, snapshot.column(key, ctx.meter.check).having(value, ctx.meter.check))
    if not step.all_of_them or step.value_hint is not None:
        elements = [element.index for element in step.flat_map(Traverser(None), ctx)]
        return Frontier(not step.vertices, np.array(elements, np.int64))
    labels = snapshot.labels if step.vertices else snapshot.edge_labels
    if step.labels_hint is None:
        return Frontier(not step.vertices, snapshot.everything if step.vertices else np.arange(len(labels)))
    wanted = snapshot.label_numbers(step.labels_hint)
    mask = labels == wanted[0] if len(wanted) == 1 else np.isin(labels, wanted)
    return Frontier(not step.vertices, np.flatnonzero(mask))
