"""How plans on arrays end: counts, group counts, values and what is computed of them."""

from collections.abc import Callable, Iterator
from itertools import repeat
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.arrays import Snapshot
from graphstore.gremlin.columns import Column
from graphstore.gremlin.elements import keyed
from graphstore.gremlin.frontier import Frontier, bincount, sides
from graphstore.gremlin.numbers import Long, counted
from graphstore.gremlin.pace import paced, pieces
from graphstore.gremlin.plan import By, KeyBy, Step, TokenBy, TraversalBy
from graphstore.gremlin.steps.graph import AdjacentStep
from graphstore.gremlin.steps.group import GroupCountStep, GroupStep
from graphstore.gremlin.steps.reduce import ReduceStep, reduced
from graphstore.gremlin.steps.values import PropertiesStep, TokenStep
from graphstore.gremlin.traverser import Context, Traverser
from graphstore.gremlin.tree import T

__all__ = ["Finish", "finish_of"]

_BATCH = 1_000

Finish = Callable[[Frontier, Snapshot, Context], Iterator[Traverser]]


def finish_of(steps: tuple[Step, ...], edges: bool) -> tuple[Finish, int] | None:
    """How some steps end a plan on arrays, and how many steps that uses."""
    step = steps[0]
    if isinstance(step, ReduceStep) and step.name == "count":
        return (lambda f, s, c: iter((reduced(Long(f.total()), step.labels, c),))), 1
    if isinstance(step, AdjacentStep) and not edges and step.edge_labels == () and len(steps) > 1 and not step.labels:
        after = steps[1]
        if isinstance(after, ReduceStep) and after.name == "count":
            return _degree_sum(step, after), 2
    if isinstance(step, TokenStep) and step.token in (T.id, T.label) and not step.labels:
        return _tokens(step.token), 1
    if isinstance(step, GroupCountStep) and step.key_name is None:
        return _grouped(step, edges)
    if isinstance(step, GroupStep) and step.key_name is None and _counts(step.value_by):
        return _grouped(step, edges)
    if isinstance(step, PropertiesStep) and step.values and step.keys is not None and len(step.keys) == 1 and not edges:
        if len(steps) > 1 and isinstance(steps[1], ReduceStep) and steps[1].name in ("sum", "mean", "min", "max"):
            return _folded(step.keys[0], steps[1]), 2
        if not step.labels:
            return _valued(step.keys[0]), 1
    return None


def _degree_sum(step: AdjacentStep, count: ReduceStep) -> Finish:
    def finish(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
        if len(f.indices) == 1 and f.counts is None:
            index, total = f.indices[0], 0
            for rows in sides(step.direction, s):
                total += int(rows.starts[index + 1] - rows.starts[index])
        elif len(f.indices) * 4 > s.size:
            degrees = s.degrees(step.direction, ())
            if f.indices is not s.everything:
                degrees = degrees[f.indices]
            total = int(degrees.sum()) if f.counts is None else _product(degrees, f.counts, f.dense)
        else:
            total = 0
            for rows in sides(step.direction, s):
                degrees = rows.starts[f.indices + 1] - rows.starts[f.indices]
                total += int(degrees.sum()) if f.counts is None else _product(degrees, f.counts)
        yield reduced(counted(total), count.labels, c)

    return finish


def _product(degrees: NDArray[Any], counts: NDArray[Any], are_degrees: bool = False) -> int:
    """The sum of the products, exactly. ``are_degrees``: the counts are numbers of edges, whose squares 64 bits hold."""
    if not are_degrees and len(counts) and float(counts.max()) * float(degrees.max()) * len(counts) >= 2**63:
        return sum(map(mul, degrees.tolist(), counts.tolist()))
    return int(np.dot(degrees, counts))


def _tokens(token: T) -> Finish:
    """The ids or labels of what the frontier holds, without making the elements."""

    def finish(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
        f = f.sparse()
        uids, labels = (s.edge_uids, s.edge_labels) if f.edges else (s.uids, s.labels)
        for start in range(0, len(f.indices), _BATCH):
            indices = f.indices[start : start + _BATCH]
            counts = repeat(1) if f.counts is None else iter(f.counts[start : start + _BATCH].tolist())
            values = uids.many(indices) if token is T.id else [s.names[n] for n in labels[indices].tolist()]
            if c.sack_initial is None:
                yield from map(Traverser, values, counts)
            else:
                for value, many in zip(values, counts, strict=False):
                    yield Traverser(value, many, None, c.initial_sack())

    return finish


def _counts(by: By | None) -> bool:
    """Whether a by() is by(count())."""
    inner = by.inner.steps if isinstance(by, TraversalBy) else ()
    return len(inner) == 1 and isinstance(inner[0], ReduceStep) and inner[0].name == "count"


def _grouped(step: GroupCountStep | GroupStep, edges: bool) -> tuple[Finish, int] | None:
    by = step.key_by
    if isinstance(by, TokenBy) and by.token is T.label:

        def by_label(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
            f = f.sparse()
            labels = s.edge_labels if f.edges else s.labels
            if f.indices is not s.everything:
                labels = labels[f.indices]
            counts = bincount(labels, f.counts, 0 if len(labels) else 1)
            found = keyed((s.names[i], Long(counts[i])) for i in np.flatnonzero(counts).tolist())
            yield reduced(found, step.labels, c)

        return by_label, 1
    if isinstance(by, KeyBy) and not edges:
        key = by.key

        def by_key(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
            f = f.sparse()
            check = c.meter.check
            column, where = s.part(key, f.indices, check)
            codes = column.codes[where]
            present = codes >= 0
            complete = bool(present.all())
            counts = bincount(
                codes if complete else codes[present],
                f.counts if complete or f.counts is None else f.counts[present],
                0,
            )
            there = paced(np.flatnonzero(counts).tolist(), check)
            found = keyed((column.values[i], Long(counts[i])) for i in there)
            missing = int((~present).sum() if f.counts is None else f.counts[~present].sum())
            if c.productive_by and missing:
                found[None] = Long(missing)
            yield reduced(found, step.labels, c)

        return by_key, 1
    return None


def _valued(key: str) -> Finish:
    def finish(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
        f = f.sparse()
        column, where = s.part(key, f.indices, c.meter.check)
        for piece in pieces(len(where), c.meter.check):
            codes = column.codes[where[piece]].tolist()
            counts = [1] * len(codes) if f.counts is None else f.counts[piece].tolist()
            for index, code, many in zip(where[piece].tolist(), codes, counts, strict=True):
                if code >= 0:
                    for value in column.more.get(index) or (column.values[code],):
                        yield Traverser(value, many, None, c.initial_sack())

    return finish


def _folded(key: str, step: ReduceStep) -> Finish:
    """values(key) and a sum, mean, minimum or maximum: on doubles where that is exact, else on the distinct values with
    how often each is there."""

    def finish(f: Frontier, s: Snapshot, c: Context) -> Iterator[Traverser]:
        f = f.sparse()
        column, where = s.part(key, f.indices, c.meter.check)
        if column.more:
            yield from step.run(_valued(key)(f, s, c), c)
            return
        codes = column.codes[where]
        present = codes >= 0
        counts = f.counts
        if not present.all():
            codes, counts = codes[present], None if counts is None else counts[present]
        quick = _numeric(column, codes, counts, step.name)
        if quick is not None:
            yield reduced(quick, step.labels, c)
            return
        often = bincount(codes, counts, len(column.values))
        there = np.flatnonzero(often)
        pairs = paced(zip(there.tolist(), often[there].tolist(), strict=True), c.meter.check)
        yield from step.run((Traverser(column.values[i], many) for i, many in pairs), c)

    return finish


def _numeric(column: Column, codes: NDArray[Any], counts: NDArray[Any] | None, name: str) -> Any:
    """The result where all values are plain integers of moderate size, or all are doubles; else None."""
    if column.numbers is None or not len(codes):
        return None
    numbers = column.numbers[codes]
    if name in ("min", "max"):
        return column.values[int(codes[numbers.argmin() if name == "min" else numbers.argmax()])]
    # No matrix product of doubles: its threads cost more than they save.
    total = float(numbers.sum() if counts is None else (numbers * counts).sum())
    many = len(codes) if counts is None else int(counts.sum())
    kind = type(column.values[0])
    if kind is int and column.largest * many >= 2**52:
        return None
    if name == "mean":
        return total / many
    return total if kind is float else int(total)
