"""order, dedup and barrier; over the stream or inside one object."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import Entry, Path, keyed
from graphstore.gremlin.numbers import is_number
from graphstore.gremlin.ordering import dedup_key, order_key
from graphstore.gremlin.plan import BarrierStep, By, IdentityBy, MapStep, Pipeline, Step, by_pipelines
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Barrier, Instruction, Order, Scope

__all__ = ["DedupStep", "OrderStep", "merge_bulks", "sort_key"]


def sort_key(values: Iterable[Any]) -> Callable[[Any], Any] | None:
    """A key function for sorting; None where the values sort as they are."""
    kinds = {type(v) for v in values}
    if kinds <= {str} or (kinds <= {int, float} and not any(v != v for v in values)):
        return None
    return order_key


def _itself(value: Any) -> Any:
    return value


def _first(key: Callable[[Any], Any], pair: tuple[Any, Any]) -> Any:
    return key(pair[0])


class _Ordered:
    """Shared by order() and order(local): pairs of a mapping and a direction."""

    def __init__(self) -> None:
        self.comparisons: list[tuple[By, Order]] = []

    def add_by(self, by: By, order: Any = None) -> None:
        if order is not None and not isinstance(order, Order):
            raise TypeError("an order expected")
        self.comparisons.append((by, order or Order.asc))

    def sort(self, items: list[Any], value_of: Callable[[By, Any], Any], ctx: Context) -> list[Any]:
        """Stable: later comparisons are sorted first. Items whose mapping is not productive fall out."""
        comparisons = self.comparisons or [(IdentityBy(), Order.asc)]
        if not self.comparisons and len(items) < 2:
            return items
        for by, direction in reversed(comparisons):
            keyed = [(value, item) for item in items if (value := value_of(by, item)) is not SKIP]
            if direction is Order.shuffle:
                ctx.random(self).shuffle(keyed)
            else:
                key = sort_key([value for value, _ in keyed]) or _itself
                keyed.sort(key=partial(_first, key), reverse=direction is Order.desc)
            ctx.meter.check()
            items = [item for _, item in keyed]
        return items


class OrderStep(BarrierStep, _Ordered):
    def __init__(self) -> None:
        _Ordered.__init__(self)
        self.top: int | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        _Ordered.add_by(self, by, order)

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(by for by, _ in self.comparisons)

    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        return self.sort(traversers, lambda by, t: by.of(t, ctx), ctx)


class OrderLocalStep(MapStep, _Ordered):
    def __init__(self) -> None:
        _Ordered.__init__(self)

    def add_by(self, by: By, order: Any = None) -> None:
        _Ordered.add_by(self, by, order)

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(by for by, _ in self.comparisons)

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, Mapping):
            entries = self.sort([Entry(k, v) for k, v in value.items()], lambda by, e: by.of_object(e, t, ctx), ctx)
            return keyed((e.key, e.value) for e in entries)
        if isinstance(value, (list, tuple, set, frozenset, Path)):
            return self.sort(list(value), lambda by, v: by.of_object(v, t, ctx), ctx)
        return value


@step("order")
def order(instruction: Instruction, compiler: Compiler) -> Step:
    return OrderLocalStep() if instruction.args and instruction.args[0] is Scope.local else OrderStep()


class DedupStep(Step):
    """dedup(), dedup(labels), with by(): the first of each value passes. In a repeat() it remembers all rounds."""

    stateful: ClassVar[bool] = True

    def __init__(self, scope_labels: tuple[str, ...]) -> None:
        self.scope_labels = scope_labels
        self.bys: list[By] = []

    def add_by(self, by: By, order: Any = None) -> None:
        if self.bys and not self.scope_labels:
            raise QueryError(
                "Dedup step can only have one by modulator", remedy="Use one by(), or dedup labels with several."
            )
        self.bys.append(by)

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(self.bys)

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        seen: set[Any] = set() if ctx.scope is None else ctx.scope.setdefault(id(self), set())
        labels = self.labels
        for t in source:
            ctx.tick()
            key = self._key(t, ctx)
            if key is SKIP or key in seen:
                continue
            seen.add(key)
            ctx.hold()
            if t.bulk != 1:
                t = t.single()
            if labels:
                t.label(labels)
            yield t

    def _key(self, t: Traverser, ctx: Context) -> Any:
        if not self.scope_labels:
            value = self.bys[0].of(t, ctx) if self.bys else t.obj
            return value if value is SKIP else dedup_key(value)
        return labelled_key(self.scope_labels, self.bys, t, ctx)


def labelled_key(labels: tuple[str, ...], bys: list[By], t: Traverser, ctx: Context) -> Any:
    values = []
    for index, label in enumerate(labels):
        found = t.path.find(label) if t.path is not None else []
        if not found and isinstance(t.obj, Mapping) and label in t.obj:
            found = [t.obj[label]]
        if not found:
            return SKIP
        value = bys[index % len(bys)].of_object(found[0], t, ctx) if bys else found[0]
        if value is SKIP:
            return SKIP
        values.append(dedup_key(value))
    return tuple(values)


class DedupLocalStep(MapStep):
    """dedup(local): a set of the members. With labels, the members are maps."""

    def __init__(self, scope_labels: tuple[str, ...]) -> None:
        self.scope_labels = scope_labels

    def map(self, t: Traverser, ctx: Context) -> Any:
        if not isinstance(t.obj, (list, tuple, set, frozenset, Path)):
            return t.obj
        unique: dict[Any, Any] = {}
        for member in t.obj:
            if self.scope_labels:
                key: Any = tuple(dedup_key(member.get(label)) for label in self.scope_labels)
            else:
                key = dedup_key(member)
            unique.setdefault(key, member)
        return list(unique.values())


@step("dedup")
def dedup(instruction: Instruction, compiler: Compiler) -> Step:
    args = list(instruction.args)
    local = bool(args) and args[0] is Scope.local
    if args and isinstance(args[0], Scope):
        args.pop(0)
    labels = tuple(str(a) for a in args)
    return DedupLocalStep(labels) if local else DedupStep(labels)


def merge_bulks(traversers: Iterable[Traverser], ctx: Context) -> list[Traverser]:
    """Traversers at the same place become one with a larger bulk; with paths nothing is the same place."""
    merged: dict[Any, Traverser] = {}
    rest: list[Traverser] = []
    for t in traversers:
        if t.path is not None:
            rest.append(t)
            continue
        try:
            key = (dedup_key(t.obj), type(t.obj), t.loops, t.sack if ctx.sack_merge is None else None)
            known = merged.get(key)
        except TypeError:
            rest.append(t)
            continue
        if known is None:
            merged[key] = t.clone()
            ctx.hold()
        elif ctx.sack_merge is not None:
            known.sack = ctx.sack_merge(known.sack, t.sack)
            known.bulk += t.bulk if ctx.bulk else 0
        else:
            known.bulk += t.bulk if ctx.bulk else 0
    return list(chain(merged.values(), rest))


class BarrierMergeStep(BarrierStep):
    """barrier(), barrier(n): everything before it runs first. barrier(normSack) makes the sacks sum up to one."""

    def __init__(self, normalize: bool, size: int | None = None) -> None:
        self.normalize, self.size = normalize, size

    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        if self.normalize:
            for t in traversers:
                if not is_number(t.sack):
                    raise QueryError(
                        "normSack goes with sacks that are numbers.", remedy="Begin with g.withSack(1.0d)."
                    )
            total = sum(float(t.sack) * t.bulk for t in traversers)
            for t in traversers:
                t.sack = float(t.sack) / total if total else t.sack
        if ctx.sack_merge is not None and ctx.track_path:
            return traversers
        return merge_bulks(traversers, ctx)


@step("barrier")
def barrier(instruction: Instruction, compiler: Compiler) -> Step:
    arg = instruction.args[0] if instruction.args else None
    if arg is not None and not isinstance(arg, (Barrier, int)):
        raise TypeError("a size or normSack expected")
    return BarrierMergeStep(arg is Barrier.normSack)
