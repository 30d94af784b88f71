"""Reducing steps: count, sum, mean, min, max, fold; each over the stream, or over the members of one object (local)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import BulkSet, HashableDict, Path
from graphstore.gremlin.numbers import Long, add, common, counted, divide, is_number, multiply, subtract
from graphstore.gremlin.ordering import Incomparable, compare
from graphstore.gremlin.plan import MapStep, Step
from graphstore.gremlin.steps.values import CountLocalStep
from graphstore.gremlin.traverser import ROOT, SKIP, Context, PathNode, Traverser
from graphstore.gremlin.tree import Instruction, Operator, Scope

__all__ = ["ReduceStep", "operator"]


class ReduceStep(Step):
    """All traversers into one. ``finish`` may give SKIP, then nothing goes on."""

    barrier: ClassVar[bool] = True

    def __init__(self, start: Callable[[], Any], fold: Callable[[Any, Any, int], Any], finish: Callable[[Any], Any]):
        self.start, self.fold, self.finish = start, fold, finish

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        total, fold = self.start(), self.fold
        count = ctx.hold if isinstance(total, list) else ctx.tick
        for t in source:
            count(t.bulk)
            total = fold(total, t.obj, t.bulk)
        result = self.finish(total)
        if result is not SKIP:
            yield reduced(ctx.grown(result), self.labels, ctx)


def reduced(value: Any, labels: tuple[str, ...], ctx: Context) -> Traverser:
    """What a barrier that reduces gives: a traverser whose path starts here."""
    return Traverser(value, 1, PathNode(ROOT, value, labels) if ctx.track_path else None, ctx.initial_sack())


def _count(total: int, _: Any, bulk: int) -> int:
    return total + bulk


def _fold(total: list[Any], value: Any, bulk: int) -> list[Any]:
    if bulk == 1:
        total.append(value)
    else:
        total.extend([value] * bulk)
    return total


def _sum(total: Any, value: Any, bulk: int) -> Any:
    if value is None:
        return None if total is SKIP else total
    if not is_number(value):
        raise QueryError(
            f"sum() goes with numbers, not {type(value).__name__}: {value!r} cannot be cast to Number",
            remedy="Convert with asNumber() first.",
        )
    if bulk != 1:
        value = multiply(value, bulk)
    return value if total is SKIP or total is None else add(total, value)


def _mean(total: Any, value: Any, bulk: int) -> Any:
    if value is None:
        return (None, 0) if total is SKIP else total
    if not is_number(value):
        raise QueryError(f"mean() goes with numbers, not {type(value).__name__}: {value!r} cannot be cast to Number")
    if total is SKIP or total[1] == 0:
        return (multiply(value, bulk) if bulk != 1 else value, bulk)
    return (add(total[0], multiply(value, bulk) if bulk != 1 else value), total[1] + bulk)


def _mean_of(total: Any) -> Any:
    if total is SKIP:
        return SKIP
    return None if total[1] == 0 else divide(total[0], total[1], floating=True)


def _extreme(sign: int) -> Callable[[Any, Any, int], Any]:
    def fold(best: Any, value: Any, _: int) -> Any:
        if best is SKIP or best is None:
            return value
        if value is None:
            return best
        if isinstance(best, float) and best != best:
            return value
        if isinstance(value, float) and value != value:
            return best
        try:
            chosen = value if compare(value, best) * sign > 0 else best
            return chosen if type(value) is type(best) else common(chosen, value, best)
        except Incomparable:
            raise QueryError(
                f"{value!r} and {best!r} cannot be compared: {type(value).__name__} cannot be cast to "
                f"{type(best).__name__}",
                remedy="Bring all values to one type first.",
            ) from None

    return fold


_GLOBAL: dict[str, Callable[[], ReduceStep]] = {
    "count": lambda: ReduceStep(lambda: 0, _count, counted),
    "fold": lambda: ReduceStep(list, _fold, lambda x: x),
    "sum": lambda: ReduceStep(lambda: SKIP, _sum, lambda x: x),
    "mean": lambda: ReduceStep(lambda: SKIP, _mean, _mean_of),
    "min": lambda: ReduceStep(lambda: SKIP, _extreme(-1), lambda x: x),
    "max": lambda: ReduceStep(lambda: SKIP, _extreme(1), lambda x: x),
}


class LocalReduceStep(MapStep):
    """The same over the members of a list, set or path; a plain value stands for itself."""

    def __init__(self, kind: str) -> None:
        self.template = _GLOBAL[kind]()

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if isinstance(value, Mapping):
            members: Iterable[Any] = value.values()
        elif isinstance(value, (list, tuple, set, frozenset, Path, BulkSet)):
            members = value
        else:
            members = (value,)
        total = self.template.start()
        for member in members:
            total = self.template.fold(total, member, 1)
        return self.template.finish(total)


@step("count", "sum", "mean", "min", "max", "fold")
def reduce_(instruction: Instruction, compiler: Compiler) -> Step:
    name, args = instruction.name, instruction.args
    if args and args[0] is Scope.local:
        return CountLocalStep() if name == "count" else LocalReduceStep(name)
    if name == "fold" and len(args) == 2:
        return seeded_fold(args[0], operator(args[1]))
    return _GLOBAL[name]()


def seeded_fold(seed: Any, combine: Callable[[Any, Any], Any]) -> Step:
    """fold(seed, operator)"""

    def fold(total: Any, value: Any, bulk: int) -> Any:
        for _ in range(bulk):
            total = combine(total, value)
        return total

    def fresh() -> Any:
        return type(seed)(seed) if isinstance(seed, (list, dict, set)) else seed

    return ReduceStep(fresh, fold, lambda x: x)


def operator(wanted: Any) -> Callable[[Any, Any], Any]:
    """An Operator as a function of (collected so far, new value)."""
    functions: dict[Operator, Callable[[Any, Any], Any]] = {
        Operator.sum: add,
        Operator.sumLong: lambda a, b: Long(int(a) + int(b)),
        Operator.minus: subtract,
        Operator.mult: multiply,
        Operator.div: divide,
        Operator.min: lambda a, b: _extreme(-1)(a, b, 1),
        Operator.max: lambda a, b: _extreme(1)(a, b, 1),
        Operator.assign: lambda a, b: b,
        Operator.and_: lambda a, b: bool(a) and bool(b),
        Operator.or_: lambda a, b: bool(a) or bool(b),
        Operator.addAll: _add_all,
    }
    if not isinstance(wanted, Operator):
        raise TypeError("an operator expected")
    return functions[wanted]


def _add_all(collected: Any, values: Any) -> Any:
    if isinstance(collected, dict):
        return HashableDict({**collected, **values})
    if collected is None:
        return values
    members = list(values) if isinstance(values, (list, tuple, set, frozenset)) else [values]
    if isinstance(collected, (set, frozenset)):
        return set(collected) | set(members)
    kind = type(collected) if isinstance(collected, BulkSet) else list
    return kind([*collected, *members])
