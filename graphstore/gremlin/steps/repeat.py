"""repeat() with times, until and emit, before (while) or after (do-while) it."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator
from graphstore.gremlin.plan import Pipeline, Step
from graphstore.gremlin.predicates import compile_predicate
from graphstore.gremlin.steps.filters import IsStep
from graphstore.gremlin.steps.order import merge_bulks
from graphstore.gremlin.traverser import Context, Traverser
from graphstore.gremlin.tree import Instruction, P

__all__ = ["RepeatStep"]


class RepeatStep(Step):
    """Goes round by round. A body with a barrier or a memory sees all traversers of a round at once (global children);
    else each start is followed to its end before the next one."""

    name = "repeat"

    def __init__(self) -> None:
        self.body: Pipeline | None = None
        self.loop_name: str | None = None
        self.until: Pipeline | None = None
        self.times: int | None = None
        self.until_first = False
        self.emit: Pipeline | bool = False
        self.emit_first = False

    def children(self) -> Iterable[Pipeline]:
        return [p for p in (self.body, self.until, self.emit) if isinstance(p, Pipeline)]

    def check(self) -> None:
        if self.body is None:
            raise QueryError(
                f"The repeat()-traversal was not defined: {self.text}",
                remedy="times(), until() and emit() need a repeat() beside them.",
            )

    def _done(self, t: Traverser, ctx: Context) -> bool:
        if self.times is not None:
            return bool(t.loops[0] >= self.times)
        return self.until is not None and self.until.passes(t, ctx)

    def _emits(self, t: Traverser, ctx: Context) -> bool:
        if isinstance(self.emit, bool):
            return self.emit
        return self.emit.passes(t, ctx)

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        body = self.body
        assert body is not None
        together = body.stateful or (self.times is not None and self.emit is False)
        groups: Iterable[list[Traverser]] = [list(source)] if together else ([t] for t in source)
        mergeable = ctx.merges and not ctx.track_path and not body.stateful and not body.mutates
        for group in groups:
            outer = group[0].loops if group else None
            pending = [self._entered(t) for t in group]
            rounds = ctx.scoped({})
            count = 0
            while pending:
                count += 1
                current = []
                for t in pending:
                    if self.until_first and self._done(t, ctx):
                        yield self._left(t)
                        continue
                    if self.emit_first and self._emits(t, ctx):
                        yield self._left(t.clone())
                    current.append(t)
                pending = []
                if mergeable and len(current) > 1:
                    current = merge_bulks(current, ctx)
                if not current:
                    break
                for found in body.run(iter(current), rounds):
                    ctx.hold()
                    t = found.clone()
                    # what a body that counts or folds makes of a round comes from no traverser
                    t.loops = (count, self.loop_name, outer if found.loops is None else found.loops[2])
                    if not self.until_first and self._done(t, ctx):
                        yield self._left(t)
                        continue
                    if not self.emit_first and self._emits(t, ctx):
                        yield self._left(t.clone())
                    pending.append(t)
                ctx.release(len(pending))

    def _entered(self, t: Traverser) -> Traverser:
        entered = t.clone()
        entered.loops = (0, self.loop_name, t.loops)
        return entered

    def _left(self, t: Traverser) -> Traverser:
        t.loops = t.loops[2]
        if self.labels:
            t.label(self.labels)
        return t


def _open(previous: Step) -> RepeatStep | None:
    """The repeat step before, if it still waits for its body."""
    return previous if isinstance(previous, RepeatStep) and previous.body is None else None


@modulator("repeat")
def repeat(previous: Step, instruction: Instruction, compiler: Compiler) -> Step:
    made = _open(previous) or RepeatStep()
    *name, traversal = instruction.args
    made.loop_name = str(name[0]) if name else None
    made.body = compiler.child(traversal, "repeat")
    return made


def _condition(arg: Any, compiler: Compiler) -> Pipeline:
    if isinstance(arg, P):
        compile_predicate(arg)
        return Pipeline([IsStep(arg)], str(arg))
    return compiler.child(arg)


def _modulated(previous: Step, given: Callable[[RepeatStep], bool]) -> RepeatStep:
    """The repeat step that a modulator belongs to: the one before, else, where that has such a modulator already, the
    next one."""
    return previous if isinstance(previous, RepeatStep) and not given(previous) else RepeatStep()


def _ends(step: RepeatStep) -> bool:
    return step.times is not None or step.until is not None


@modulator("times")
def times(previous: Step, instruction: Instruction, compiler: Compiler) -> Step:
    made = _modulated(previous, _ends)
    made.times, made.until_first = int(instruction.args[0]), made.body is None
    return made


@modulator("until")
def until(previous: Step, instruction: Instruction, compiler: Compiler) -> Step:
    made = _modulated(previous, _ends)
    made.until, made.until_first = _condition(instruction.args[0], compiler), made.body is None
    return made


@modulator("emit")
def emit(previous: Step, instruction: Instruction, compiler: Compiler) -> Step:
    made = _modulated(previous, lambda step: step.emit is not False)
    made.emit = _condition(instruction.args[0], compiler) if instruction.args else True
    made.emit_first = made.body is None
    return made
