"""Side effects and sources of values: aggregate, cap, sideEffect, inject, sack, subgraph, tree, fail."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import BulkSet, Edge, HashableDict, SubGraph, Tree, freeze
from graphstore.gremlin.plan import (
    BarrierStep,
    By,
    FilterStep,
    IdentityBy,
    MapStep,
    Pipeline,
    Step,
    TakesBys,
    by_pipelines,
)
from graphstore.gremlin.steps.group import finished
from graphstore.gremlin.steps.reduce import operator, reduced
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, Scope

__all__ = ["START", "InjectStep"]

START: Any = type("Start", (), {"__repr__": lambda _: "START"})()
"""What the one traverser carries that starts a traversal: nothing yet."""


class AggregateStep(BarrierStep):
    """aggregate("x").by(): collects all that arrives, then lets it go on."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.by: By | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        if self.by is not None:
            raise QueryError("Aggregate step can only have one by modulator", remedy="Keep one by().")
        self.by = by

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines([self.by] if self.by else [])

    def declares(self) -> dict[str, Callable[[], Any]]:
        return {self.key: BulkSet}

    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        reducer = ctx.reducers.get(self.key)
        collected = ctx.side_effects.get(self.key)
        if collected is None and self.key not in ctx.side_effects:
            collected = BulkSet()
        values: list[Any] = []
        for t in traversers:
            value = t.obj if self.by is None else self.by.of(t, ctx)
            if value is not SKIP:
                values.extend([value] * t.bulk)
        ctx.side_effects[self.key] = self._merged(collected, values, reducer)
        return traversers

    def _merged(self, collected: Any, values: list[Any], reducer: Callable[[Any, Any], Any] | None) -> Any:
        if reducer is not None:
            if isinstance(collected, (list, set, dict)):
                return reducer(collected, values) if values else collected
            for value in values:
                collected = reducer(collected, value)
            return collected
        if isinstance(collected, (set, frozenset)):
            return set(collected) | set(map(freeze, values))
        if isinstance(collected, BulkSet):
            if any(value is collected for value in values):  # cap() gave it: it cannot hold itself, but what it held
                held = BulkSet(collected)
                values = [held if value is collected else value for value in values]
            collected.extend(values)
            return collected
        if isinstance(collected, list):
            return [*collected, *values]
        if isinstance(collected, dict):
            return HashableDict({**collected, **{k: v for value in values for k, v in value.items()}})
        return BulkSet(values)


@step("aggregate")
def aggregate(instruction: Instruction, compiler: Compiler) -> Step:
    *scope, key = instruction.args
    made = AggregateStep(str(key))
    if scope and scope[0] is Scope.local:
        raise QueryError(
            "aggregate(local, key) was removed in TinkerPop 3.8.", remedy="Write local(aggregate(key)) instead."
        )
    return made


@step("store")
def store(instruction: Instruction, compiler: Compiler) -> Step:
    raise QueryError("store(key) was removed in TinkerPop 3.8.", remedy="Write local(aggregate(key)) instead.")


class CapStep(Step):
    """cap("x"): runs everything before it, then gives the side effect; several keys give a map."""

    barrier: ClassVar[bool] = True

    def __init__(self, keys: tuple[str, ...]) -> None:
        self.keys = keys

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for _ in source:
            ctx.tick()
        for key in self.keys:
            if key not in ctx.side_effects:
                if key in ctx.expected:
                    ctx.side_effects[key] = ctx.expected[key]()
                else:
                    raise QueryError(
                        f"The side-effect key does not exist: {key}",
                        remedy="Collect it first, e.g. with aggregate() or group().",
                    )
        values = {key: finished(ctx.side_effects[key], ctx) for key in self.keys}
        found = values[self.keys[0]] if len(self.keys) == 1 else values
        yield reduced(ctx.grown(found), self.labels, ctx)


@step("cap")
def cap(instruction: Instruction, compiler: Compiler) -> Step:
    return CapStep(tuple(str(a) for a in instruction.args))


class SideEffectStep(FilterStep):
    """sideEffect(traversal): runs it, keeps the traverser as it was."""

    def __init__(self, inner: Pipeline) -> None:
        self.inner = inner

    def test(self, t: Traverser, ctx: Context) -> bool:
        for _ in self.inner.run(iter((t.clone(),)), ctx.plain):
            ctx.tick()
        return True

    def children(self) -> Iterable[Pipeline]:
        return (self.inner,)


@step("sideEffect")
def side_effect(instruction: Instruction, compiler: Compiler) -> Step:
    return SideEffectStep(compiler.child(instruction.args[0]))


class InjectStep(Step):
    """inject(values): puts values before what arrives; as the first step of a child, behind it."""

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.values = values

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if self.first_in_child:
            yield from self._arriving(source)
        for value in self.values:
            t = ctx.start(value)
            t.sack = ctx.initial_sack()
            if self.labels:
                t.label(self.labels)
            yield t
        if not self.first_in_child:
            yield from self._arriving(source)

    def _arriving(self, source: Iterator[Traverser]) -> Iterator[Traverser]:
        for t in source:
            if t.obj is not START:
                if self.labels:
                    t.label(self.labels)
                yield t


@step("profile", "explain")
def analysis(instruction: Instruction, compiler: Compiler) -> Step:
    raise QueryError(
        f"{instruction.name}() must be the last step of a query, or profile(key) be followed by cap(key) alone.",
        remedy="Move it to the end.",
    )


@step("inject")
def inject(instruction: Instruction, compiler: Compiler) -> Step:
    if compiler.parents[-1:] == ["repeat"]:
        raise QueryError(
            "The parent of inject()-step can not be repeat()-step", remedy="Inject before the repeat() instead."
        )
    return InjectStep(instruction.args)


class SackStep(MapStep):
    """sack(): the sack itself."""

    def map(self, t: Traverser, ctx: Context) -> Any:
        return t.sack


class SackValueStep(Step):
    """sack(operator).by(): changes the sack."""

    def __init__(self, combine: Callable[[Any, Any], Any]) -> None:
        self.combine = combine
        self.by: By = IdentityBy()
        self.seen = 0

    def add_by(self, by: By, order: Any = None) -> None:
        self.seen += 1
        if self.seen > 1:
            raise QueryError("Sack step can only have one by modulator", remedy="Keep one by().")
        self.by = by

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines([self.by])

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            value = self.by.of(t, ctx)
            if value is SKIP:
                continue
            changed = t.clone()
            changed.sack = ctx.grown(self.combine(t.sack, value))
            if self.labels:
                changed.label(self.labels)
            yield changed


@step("sack")
def sack(instruction: Instruction, compiler: Compiler) -> Step:
    return SackValueStep(operator(instruction.args[0])) if instruction.args else SackStep()


class SubGraphStep(FilterStep):
    """subgraph("x"): collects edges and their vertices."""

    def __init__(self, key: str) -> None:
        self.key = key

    def declares(self) -> dict[str, Callable[[], Any]]:
        return {self.key: SubGraph}

    def test(self, t: Traverser, ctx: Context) -> bool:
        if not isinstance(t.obj, Edge):
            raise QueryError("subgraph() collects edges only.", remedy="Use it after outE(), inE() or bothE().")
        graph = ctx.side_effects.setdefault(self.key, SubGraph())
        ctx.hold()
        graph.add(t.obj)
        return True


@step("subgraph")
def subgraph(instruction: Instruction, compiler: Compiler) -> Step:
    return SubGraphStep(str(instruction.args[0]))


class TreeStep(TakesBys):
    """tree(), tree("x").by(): the paths as a tree."""

    barrier: ClassVar[bool] = True

    def __init__(self, key: str | None) -> None:
        self.key = key
        super().__init__()

    def declares(self) -> dict[str, Callable[[], Any]]:
        return {} if self.key is None else {self.key: Tree}

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        tree = Tree() if self.key is None else ctx.side_effects.setdefault(self.key, Tree())
        arrived = []
        for t in source:
            ctx.hold()
            self._add(tree, t, ctx)
            arrived.append(t)
        if self.key is None:
            yield reduced(ctx.grown(tree), self.labels, ctx)
            return
        for t in arrived:
            if self.labels:
                t.label(self.labels)
            yield t

    def _add(self, tree: Tree, t: Traverser, ctx: Context) -> None:
        for index, node in enumerate(t.path.nodes() if t.path is not None else []):
            value = self.bys[index % len(self.bys)].of_object(node.obj, t, ctx) if self.bys else node.obj
            if value is SKIP:
                return
            tree = tree.setdefault(freeze(value), Tree())


@step("tree")
def tree(instruction: Instruction, compiler: Compiler) -> Step:
    return TreeStep(str(instruction.args[0]) if instruction.args else None)


class FailStep(FilterStep):
    def __init__(self, message: str) -> None:
        self.message = message

    def test(self, t: Traverser, ctx: Context) -> bool:
        raise QueryError(self.message, remedy="The query itself asked to fail here.")


@step("fail")
def fail(instruction: Instruction, compiler: Compiler) -> Step:
    return FailStep(str(instruction.args[0]) if instruction.args else "fail() step triggered")
