"""where: against names (where("a", eq("b"))), or by a traversal that starts and ends at names."""

from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, rewriting, step
from graphstore.gremlin.elements import BulkSet
from graphstore.gremlin.ordering import equal
from graphstore.gremlin.plan import FilterStep, MapStep, Pipeline, Step, TakesBys
from graphstore.gremlin.predicates import compile_predicate
from graphstore.gremlin.steps.filters import ConnectiveStep, TraversalFilterStep
from graphstore.gremlin.steps.graph import IncidentStep, OtherVertexStep
from graphstore.gremlin.steps.project import scope_value
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, P, Traversal

__all__ = ["bound_traversal"]


class WherePredicateStep(TakesBys, FilterStep):
    """where(P("a")) and where("a", P("b")): values of names are compared, each after its by()."""

    def __init__(self, key: str | None, predicate: P) -> None:
        self.key, self.predicate = key, predicate
        only = predicate.args[0] if len(predicate.args) == 1 else None
        self.simple = only if isinstance(only, str) and predicate.op in ("eq", "neq") else None
        self.wanted = predicate.op == "eq"
        super().__init__()

    def test(self, t: Traverser, ctx: Context) -> bool:
        left = t.obj if self.key is None else self._value(self.key, t, ctx)
        if left is SKIP:
            return False
        position = 0
        if self.bys:
            left = self.bys[0].of_object(left, t, ctx)
            position = 1
            if left is SKIP:
                return False
        if self.simple is not None and not self.bys:
            right = scope_value(t, self.simple, ctx)
            return right is not SKIP and equal(left, right) is self.wanted
        resolved = self._resolve(self.predicate, t, ctx, [position])
        return resolved is not None and compile_predicate(resolved)(left)

    def _value(self, key: str, t: Traverser, ctx: Context) -> Any:
        return scope_value(t, key, ctx)

    def _resolve(self, predicate: P, t: Traverser, ctx: Context, position: list[int]) -> P | None:
        """The predicate with names replaced by what they stand for; None if one stands for nothing."""
        args: list[Any] = []
        for arg in predicate.args:
            if isinstance(arg, P):
                inner = self._resolve(arg, t, ctx, position)
                if inner is None:
                    return None
                args.append(inner)
                continue
            names = arg if isinstance(arg, (list, tuple)) else [arg]
            values: list[Any] = []
            for name in names:
                value = self._value(str(name), t, ctx)
                if value is SKIP:
                    if predicate.op in ("without", "within") and isinstance(arg, (list, tuple)):
                        continue
                    return None
                if self.bys:
                    value = self.bys[position[0] % len(self.bys)].of_object(value, t, ctx)
                    position[0] += 1
                    if value is SKIP:
                        return None
                if isinstance(arg, (list, tuple)) and isinstance(value, (list, set, frozenset, tuple, BulkSet)):
                    values.extend(value)
                else:
                    values.append(value)
            args.append(values if isinstance(arg, (list, tuple)) else values[0])
        return P(predicate.op, tuple(args))


class StartAt(MapStep):
    """The object that a name stands for."""

    def __init__(self, key: str) -> None:
        self.key = key

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = scope_value(t, self.key, ctx)
        if value is SKIP:
            raise QueryError(
                f"Neither the map, sideEffects, nor path has a {self.key}-key: {t.obj!r}",
                remedy="Name a step with as() before it is used.",
            )
        return value


class EndAt(FilterStep):
    """Only what equals the object that a name stands for."""

    def __init__(self, key: str) -> None:
        self.key = key

    def test(self, t: Traverser, ctx: Context) -> bool:
        value = scope_value(t, self.key, ctx)
        return value is not SKIP and equal(t.obj, value)


def bound_traversal(traversal: Traversal, compiler: Compiler) -> Pipeline:
    """A traversal whose leading and trailing as() are names to start from and to end at."""
    steps = list(compiler.connected(traversal.steps))
    if steps and steps[0].name in ("and", "or") and steps[0].args:
        inner = [bound_traversal(a, compiler) for a in steps[0].args]
        rest = compiler.child(Traversal((), tuple(steps[1:])))
        return Pipeline([_named(ConnectiveStep(inner, steps[0].name == "and"), steps[0]), *rest.steps], str(traversal))
    if steps and steps[0].name == "not" and steps[0].args:
        inner_not = bound_traversal(steps[0].args[0], compiler)
        rest = compiler.child(Traversal((), tuple(steps[1:])))
        return Pipeline([_named(TraversalFilterStep(inner_not, negate=True), steps[0]), *rest.steps], str(traversal))
    start = str(steps.pop(0).args[0]) if steps and steps[0].name == "as" else None
    end = str(steps.pop().args[0]) if steps and steps[-1].name == "as" else None
    made: list[Step] = [_named(StartAt(start), Instruction("as", (start,)))] if start is not None else []
    made.extend(compiler.child(Traversal((), tuple(steps))).steps if steps else ())
    if end is not None:
        made.append(_named(EndAt(end), Instruction("as", (end,))))
    return Pipeline(made, str(traversal))


def _named(made: Step, instruction: Instruction) -> Step:
    made.name, made.text = instruction.name, str(instruction)
    return made


def _is_bound(traversal: Traversal) -> bool:
    if not traversal.steps:
        return False
    first, last = traversal.steps[0], traversal.steps[-1]
    if first.name == "as" or last.name == "as":
        return True
    return any(
        i.name in ("and", "or", "not") and (not i.args or any(_is_bound(a) for a in i.args if isinstance(a, Traversal)))
        for i in traversal.steps
    ) and any(i.name == "as" for i in traversal.walk())


@rewriting
def edges_to_a_named_vertex(steps: list[Step]) -> None:
    """bothE().where(otherV().where(eq("x"))) looks for the edges to x instead of testing all."""
    for index in range(len(steps) - 1, 0, -1):
        before, test = steps[index - 1], steps[index]
        if not isinstance(before, IncidentStep) or not isinstance(test, TraversalFilterStep) or test.negate:
            continue
        inner = test.inner.steps
        if before.labels or len(inner) != 2 or not isinstance(inner[0], OtherVertexStep) or inner[0].labels:
            continue
        condition = inner[1]
        if (
            isinstance(condition, WherePredicateStep)
            and condition.key is None
            and condition.simple is not None
            and condition.wanted
            and not condition.bys
        ):
            before.towards, before.labels = condition.simple, test.labels
            before.text += f".{test.text}"
            del steps[index]


@step("where")
def where(instruction: Instruction, compiler: Compiler) -> Step:
    args = instruction.args
    if len(args) == 2:
        return WherePredicateStep(str(args[0]), args[1])
    (arg,) = args
    if isinstance(arg, P):
        return WherePredicateStep(None, arg)
    if isinstance(arg, Traversal) and _is_bound(arg):
        return TraversalFilterStep(bound_traversal(arg, compiler))
    return TraversalFilterStep(compiler.child(arg))
