"""Branches: union, choose, branch with option(), coalesce, optional, local.

Children of union, choose and branch are global: where one of them needs all traversers (a barrier) or remembers
earlier ones, all traversers go through each child in turn; else each traverser goes through all children.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator, step
from graphstore.gremlin.ordering import equal
from graphstore.gremlin.plan import Pipeline, Step, TokenBy
from graphstore.gremlin.predicates import compile_predicate
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, P, Pick, T, Traversal

__all__ = ["BranchStep", "UnionStep"]


class UnionStep(Step):
    def __init__(self, options: list[Pipeline]) -> None:
        self.options = options

    def children(self) -> Iterable[Pipeline]:
        return self.options

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        labels = self.labels
        for t in self._branches(source, ctx):
            if labels:
                t.label(labels)
            yield t

    def _branches(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if any(option.stateful for option in self.options):
            arrived = []
            for t in source:
                ctx.hold()
                arrived.append(t)
            if arrived:
                for option in self.options:
                    yield from option.run((t.clone() for t in arrived), ctx)
            return
        for t in source:
            ctx.tick()
            for option in self.options:
                yield from option.run(iter((t.clone(),)), ctx)


@step("union")
def union(instruction: Instruction, compiler: Compiler) -> Step:
    return UnionStep([compiler.child(a) for a in instruction.args])


Selector = Callable[[Traverser, Context], Any]


class BranchStep(Step):
    """branch() and choose(): ``selector`` gives the value (or SKIP) that the options are compared with.

    ``first_only``: choose() takes the first option that fits, and lets through what fits none.
    """

    def __init__(self, selector: Selector, first_only: bool, inner: Iterable[Pipeline] = ()) -> None:
        self.selector, self.first_only = selector, first_only
        self.inner = list(inner)
        self.options: list[tuple[Any, Pipeline]] = []

    def add_option(self, pick: Any, pipeline: Pipeline) -> None:
        self.options.append((pick, pipeline))

    def children(self) -> Iterable[Pipeline]:
        picks = [pick for pick, _ in self.options if isinstance(pick, Pipeline)]
        return [*self.inner, *picks, *(pipeline for _, pipeline in self.options)]

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        labels = self.labels
        for t in self._branches(source, ctx):
            if labels:
                t.label(labels)
            yield t

    def _branches(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if not any(pipeline.stateful for _, pipeline in self.options):
            for t in source:
                ctx.tick()
                chosen = self._chosen(t, ctx)
                if not chosen and self.first_only:
                    yield t
                for index in chosen:
                    yield from self.options[index][1].run(iter((t.clone(),)), ctx)
            return
        buckets: dict[int, list[Traverser]] = {}
        through: list[Traverser] = []
        for t in source:
            ctx.hold()
            chosen = self._chosen(t, ctx)
            if not chosen and self.first_only:
                through.append(t)
            for index in chosen:
                buckets.setdefault(index, []).append(t.clone())
        for index, (_, pipeline) in enumerate(self.options):
            if index in buckets:
                yield from pipeline.run(iter(buckets[index]), ctx)
        yield from through

    def _chosen(self, t: Traverser, ctx: Context) -> list[int]:
        value = self.selector(t, ctx)
        if value is SKIP:
            return self._special(Pick.unproductive if self.first_only else Pick.none)
        found = [i for i, (pick, _) in enumerate(self.options) if self._fits(pick, value, t, ctx)]
        if self.first_only:
            found = found[:1]
        if not found:
            found = self._special(Pick.none)
        if not self.first_only:
            found += [i for i, (pick, _) in enumerate(self.options) if pick is Pick.any]
        return found

    def _special(self, wanted: Pick) -> list[int]:
        found = [i for i, (pick, _) in enumerate(self.options) if pick is wanted]
        return found[:1] if self.first_only else found

    def _fits(self, pick: Any, value: Any, t: Traverser, ctx: Context) -> bool:
        if isinstance(pick, Pick):
            return False
        if isinstance(pick, Pipeline):
            return pick.passes(Traverser(value, 1, t.path, t.sack, t.loops), ctx)
        if callable(pick):
            return bool(pick(value))
        return equal(value, pick)


def _selector(arg: Any, compiler: Compiler) -> tuple[Selector, list[Pipeline]]:
    if isinstance(arg, T):
        return TokenBy(arg).of, []
    if isinstance(arg, Traversal):
        inner = compiler.child(arg)
        return inner.first, [inner]
    raise TypeError("a traversal or a token expected")


@step("branch")
def branch(instruction: Instruction, compiler: Compiler) -> Step:
    selector, inner = _selector(instruction.args[0], compiler)
    return BranchStep(selector, False, inner)


@step("choose")
def choose(instruction: Instruction, compiler: Compiler) -> Step:
    args = instruction.args
    if len(args) == 1 and not isinstance(args[0], P):
        selector, inner = _selector(args[0], compiler)
        return BranchStep(selector, True, inner)
    if isinstance(args[0], P):
        test = compile_predicate(args[0])

        def holds(t: Traverser, ctx: Context) -> Any:
            return test(t.obj)

        made = BranchStep(holds, True)
    else:
        condition = compiler.child(args[0])
        made = BranchStep(condition.passes, True, [condition])
    for pick, arg in zip((True, False), args[1:], strict=False):
        made.add_option(pick, compiler.child(arg))
    return made


@modulator("option")
def option(previous: Step, instruction: Instruction, compiler: Compiler) -> None:
    args = instruction.args
    configure = getattr(previous, "set_merge_option", None)
    if configure is not None:
        configure(args, compiler)
        return
    if not isinstance(previous, BranchStep):
        raise QueryError(
            f"option() cannot follow {previous.name}().",
            remedy="option() goes with choose(), branch() and mergeV/mergeE().",
        )
    pick, traversal = args if len(args) == 2 else (Pick.any, args[0])
    if isinstance(pick, P):
        pick = compile_predicate(pick)
    elif isinstance(pick, Traversal):
        if previous.first_only:
            raise QueryError(
                "Traversal is not allowed as a Pick token for choose().",
                remedy="Use a value or a predicate, or branch().",
            )
        pick = compiler.child(pick)
    previous.add_option(pick, compiler.child(traversal))


class CoalesceStep(Step):
    """coalesce(): what the first productive child gives."""

    def __init__(self, options: list[Pipeline]) -> None:
        self.options = options

    def children(self) -> Iterable[Pipeline]:
        return self.options

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            ctx.tick()
            for pipeline in self.options:
                productive = False
                for found in pipeline.each(t, ctx):
                    productive = True
                    out = t.split(found.obj, self.labels)
                    out.bulk = t.bulk * found.bulk
                    yield out
                if productive:
                    break


@step("coalesce")
def coalesce(instruction: Instruction, compiler: Compiler) -> Step:
    return CoalesceStep([compiler.child(a) for a in instruction.args])


class LocalStep(Step):
    """local() runs its child for each traverser alone; optional() keeps the traverser where the child gives nothing."""

    def __init__(self, inner: Pipeline, keep: bool) -> None:
        self.inner, self.keep = inner, keep

    def children(self) -> Iterable[Pipeline]:
        return (self.inner,)

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        inner, labels = self.inner, self.labels
        alone = ctx.plain
        for t in source:
            ctx.tick()
            for start in self._starts(t):
                productive = False
                for found in inner.run(iter((start.clone(),)), alone):
                    productive = True
                    if labels:
                        found.label(labels)
                    yield found
                if not productive and self.keep:
                    if labels:
                        start.label(labels)
                    yield start

    def _starts(self, t: Traverser) -> Iterable[Traverser]:
        if t.bulk == 1 or self.keep:
            return (t,)
        return (t.single() for _ in range(t.bulk))


@step("local", "optional")
def local(instruction: Instruction, compiler: Compiler) -> Step:
    return LocalStep(compiler.child(instruction.args[0]), instruction.name == "optional")
