"""match(): finds all ways to bind names so that every pattern holds; patterns run in the order in which they become
runnable, those that only check going first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import HashableDict
from graphstore.gremlin.ordering import equal
from graphstore.gremlin.plan import Pipeline, Step
from graphstore.gremlin.traverser import ROOT, Context, PathNode, Traverser
from graphstore.gremlin.tree import Instruction, P, Traversal

__all__ = ["MatchStep"]

Bindings = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pattern:
    """``kind`` is step (from start through body to end), where (compares the values of ``compared``), and, or, not."""

    kind: str
    start: str = ""
    end: str | None = None
    body: Pipeline | None = None
    inner: tuple["Pattern", ...] = ()
    compared: frozenset[str] = frozenset()

    def names(self) -> Iterator[tuple[str, str | None]]:
        """All (start, end) pairs in it."""
        if self.kind == "step":
            yield self.start, self.end
        for pattern in self.inner:
            yield from pattern.names()

    def compares(self) -> Iterator[str]:
        """All names whose values are compared in it."""
        yield from self.compared
        for pattern in self.inner:
            yield from pattern.compares()

    def needs(self) -> set[str]:
        """The names that must be bound before it can run, if the patterns bind them at all."""
        if self.kind == "step":
            return {self.start}
        if self.kind == "and":
            ends = {end for _, end in self.names() if end}
            starts = [start for start, _ in self.names()]
            return ({*starts} - ends or {*starts[:1]}) | ({*self.compares()} - ends)
        if self.kind == "or":
            return set().union(*(pattern.needs() for pattern in self.inner))
        return {name for pair in self.names() for name in pair if name} | {*self.compares()}

    def pipelines(self) -> Iterator[Pipeline]:
        if self.body is not None:
            yield self.body
        for pattern in self.inner:
            yield from pattern.pipelines()


class MatchStep(Step):
    def __init__(self, patterns: tuple[Pattern, ...]) -> None:
        self.patterns = patterns
        pairs = [pair for pattern in patterns for pair in pattern.names()]
        self.starts = list(dict.fromkeys(start for start, _ in pairs))
        self.names = list(dict.fromkeys(name for pair in pairs for name in pair if name))
        self.bound = frozenset(self.names)
        if not self.starts:
            raise _no_start()
        ends = {end for _, end in pairs if end}
        self.first = next((s for s in self.starts if s not in ends), self.starts[0])

    def children(self) -> Iterable[Pipeline]:
        return [p for pattern in self.patterns for p in pattern.pipelines()]

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            bindings: Bindings = {}
            for name in self.names:
                found = t.path.find(name) if t.path is not None else []
                if found:
                    bindings[name] = found[0]
                elif isinstance(t.obj, dict) and name in t.obj:
                    bindings[name] = t.obj[name]
            if not any(name in bindings for name in self.starts):
                bindings[self.first] = t.obj
            for solution in self._solve(list(self.patterns), bindings, t, ctx):
                yield self._out(t, solution)

    def _out(self, t: Traverser, solution: Bindings) -> Traverser:
        value = HashableDict((name, solution[name]) for name in self.names if name in solution)
        path = t.path
        if path is not None:
            for name, obj in value.items():
                if name not in path.labels or path.obj is not obj:
                    path = PathNode(path, obj, (name,))
            path = PathNode(path, value, self.labels)
        return Traverser(value, t.bulk, path, t.sack, t.loops)

    def _solve(self, patterns: list[Pattern], bindings: Bindings, t: Traverser, ctx: Context) -> Iterator[Bindings]:
        ctx.tick()
        if not patterns:
            yield bindings
            return
        runnable = [p for p in patterns if p.needs() & self.bound <= bindings.keys()]
        if not runnable:
            raise QueryError(
                "The provided match pattern is unsolvable",
                remedy="Every pattern must start at a name that another pattern binds.",
            )
        chosen = min(runnable, key=lambda p: _cost(p, bindings))
        rest = [p for p in patterns if p is not chosen]
        for extended in self._apply(chosen, bindings, t, ctx):
            yield from self._solve(rest, extended, t, ctx)

    def _apply(self, pattern: Pattern, bindings: Bindings, t: Traverser, ctx: Context) -> Iterator[Bindings]:
        if pattern.kind == "and":
            yield from self._solve(list(pattern.inner), bindings, t, ctx)
        elif pattern.kind == "or":
            for alternative in pattern.inner:
                yield from self._apply(alternative, bindings, t, ctx)
        elif pattern.kind == "not":
            if not any(True for _ in self._solve(list(pattern.inner), bindings, t, ctx)):
                yield bindings
        else:
            yield from self._step(pattern, bindings, t, ctx)

    def _step(self, pattern: Pattern, bindings: Bindings, t: Traverser, ctx: Context) -> Iterator[Bindings]:
        node: PathNode = t.path or ROOT
        for name, obj in bindings.items():
            node = PathNode(node, obj, (name,))
        start = bindings[pattern.start] if pattern.start else t.obj
        runner = Traverser(start, 1, PathNode(node, start, ()), t.sack, t.loops)
        if pattern.body is None:
            return
        for found in pattern.body.each(runner, ctx):
            if pattern.end is None:
                yield bindings
                return
            if pattern.end in bindings:
                if equal(bindings[pattern.end], found.obj):
                    yield from (bindings for _ in range(found.bulk))
            else:
                yield from ({**bindings, pattern.end: found.obj} for _ in range(found.bulk))


def _cost(pattern: Pattern, bindings: Bindings) -> int:
    if pattern.kind in ("not", "where"):
        return 0
    if pattern.kind != "step":
        return 3
    return 1 if pattern.end is None or pattern.end in bindings else 2


def _pattern(traversal: Traversal, compiler: Compiler) -> Pattern:
    steps = list(compiler.connected(traversal.steps))
    if len(steps) == 1 and steps[0].name in ("and", "or"):
        return Pattern(steps[0].name, inner=tuple(_pattern(a, compiler) for a in steps[0].args))
    if len(steps) == 1 and steps[0].name == "not":
        return Pattern("not", inner=(_pattern(steps[0].args[0], compiler),))
    if len(steps) == 1 and steps[0].name == "where" and isinstance(steps[0].args[0], Traversal):
        inner = _pattern(steps[0].args[0], compiler)
        if inner.kind == "step":
            return Pattern("not", inner=(Pattern("not", inner=(inner,)),))
        return inner
    if steps and steps[0].name == "where" and len(steps[0].args) == 2:
        return _comparison(steps, compiler)
    if not steps or steps[0].name != "as":
        raise _no_start()
    start = str(steps.pop(0).args[0])
    end = str(steps.pop().args[0]) if steps and steps[-1].name == "as" else None
    return Pattern("step", start, end, compiler.child(Traversal((), tuple(steps))))


def _comparison(steps: list[Instruction], compiler: Compiler) -> Pattern:
    """where('a', neq('b')), also with by(): binds nothing."""
    if any(instruction.name != "by" for instruction in steps[1:]):
        raise QueryError(
            "where('a', P) as a pattern of match() takes by() alone after it.",
            remedy="Put further steps into a pattern that starts with __.as('name').",
        )
    key, predicate = steps[0].args
    compared = frozenset([str(key), *_named_in(predicate)])
    return Pattern("where", body=compiler.child(Traversal((), tuple(steps))), compared=compared)


def _named_in(predicate: Any) -> Iterator[str]:
    """The names that the values of a predicate are."""
    if isinstance(predicate, (P, list, tuple, set, frozenset)):
        for arg in predicate.args if isinstance(predicate, P) else predicate:
            yield from _named_in(arg)
    elif isinstance(predicate, str):
        yield predicate


def _no_start() -> QueryError:
    return QueryError(
        "All match()-traversals must have a single start label (i.e. variable)",
        remedy="Start each pattern with __.as('name').",
    )


@step("match")
def match(instruction: Instruction, compiler: Compiler) -> Step:
    if not instruction.args:
        raise TypeError("at least one pattern expected")
    return MatchStep(tuple(_pattern(a, compiler) for a in instruction.args))
