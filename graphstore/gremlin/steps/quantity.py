"""How many: range, limit, skip, tail, sample; over the stream or inside one object."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import Path, keyed
from graphstore.gremlin.numbers import is_number
from graphstore.gremlin.plan import BarrierStep, By, MapStep, Pipeline, Step, by_pipelines
from graphstore.gremlin.randomness import SeededRandom
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, Scope

__all__ = ["RangeStep"]


class RangeStep(Step):
    """range(low, high), limit(n), skip(n); ``high`` -1 means no end. Splits bulks."""

    stateful: ClassVar[bool] = True

    def __init__(self, low: int, high: int) -> None:
        if low != -1 and high != -1 and low > high:
            raise QueryError(f"Not a legal range: [{low}, {high}]", remedy="The first number must not be larger.")
        self.low, self.high = max(low, 0), high

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        low, high, seen, labels = self.low, self.high, 0, self.labels
        if high == 0:
            return
        for t in source:
            ctx.tick()
            first, seen = seen, seen + t.bulk
            if seen <= low:
                continue
            bulk = min(seen, high if high >= 0 else seen) - max(first, low)
            if bulk > 0:
                if bulk != t.bulk:
                    t = t.clone()
                    t.bulk = bulk
                if labels:
                    t.label(labels)
                yield t
            if 0 <= high <= seen:
                return


class RangeLocalStep(MapStep):
    def __init__(self, low: int, high: int) -> None:
        if low != -1 and high != -1 and low > high:
            raise QueryError(f"Not a legal range: [{low}, {high}]", remedy="The first number must not be larger.")
        self.low, self.high = max(low, 0), high

    def map(self, t: Traverser, ctx: Context) -> Any:
        stop = None if self.high < 0 else self.high
        return _slice(t.obj, slice(self.low, stop))


def _slice(value: Any, part: slice) -> Any:
    if isinstance(value, Mapping):
        return keyed(list(value.items())[part])
    if isinstance(value, Path):
        return Path(value.labels[part], value.objects[part])
    if isinstance(value, (set, frozenset)):
        return set(list(value)[part])
    if isinstance(value, (list, tuple)):
        return list(value)[part]
    return value


@step("range", "limit", "skip")
def range_(instruction: Instruction, compiler: Compiler) -> Step:
    args = instruction.args
    local = bool(args) and args[0] is Scope.local
    if args and isinstance(args[0], Scope):
        args = args[1:]
    numbers = [int(a) for a in args if is_number(a)]
    if len(numbers) != len(args):
        raise TypeError("numbers expected")
    low, high = {"range": numbers, "limit": [0, *numbers], "skip": [*numbers, -1]}[instruction.name]
    return RangeLocalStep(low, high) if local else RangeStep(low, high)


class TailStep(BarrierStep):
    def __init__(self, count: int) -> None:
        self.count = count

    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        kept: list[Traverser] = []
        left = self.count
        for t in reversed(traversers):
            if left <= 0:
                break
            if t.bulk > left:
                t = t.clone()
                t.bulk = left
            left -= t.bulk
            kept.append(t)
        return reversed(kept)


class TailLocalStep(MapStep):
    def __init__(self, count: int) -> None:
        self.count = count

    def map(self, t: Traverser, ctx: Context) -> Any:
        return _slice(t.obj, slice(-self.count, None) if self.count else slice(0, 0))


@step("tail")
def tail(instruction: Instruction, compiler: Compiler) -> Step:
    args = list(instruction.args)
    local = bool(args) and args[0] is Scope.local
    if args and isinstance(args[0], Scope):
        args.pop(0)
    count = int(args[0]) if args else 1
    return TailLocalStep(count) if local else TailStep(count)


class SampleStep(BarrierStep):
    """sample(n), weighted by by(), without replacement: passes over what is there until enough is drawn."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.weight: By | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        if self.weight is not None:
            raise QueryError("Sample step can only have one by modulator", remedy="Keep one by(): the weight.")
        self.weight = by

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines([self.weight] if self.weight else [])

    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        weighed: list[tuple[float, Traverser]] = []
        for t in traversers:
            value = 1.0 if self.weight is None else self.weight.of(t, ctx)
            if value is not SKIP and value is not None:
                weighed.append((float(value), t))
        if sum(t.bulk for _, t in weighed) <= self.count:
            return [t for _, t in weighed]
        drawn = draw([(weight, t.bulk) for weight, t in weighed], self.count, ctx.random(self), ctx)
        return [weighed[index][1].single() for index in drawn]


def draw(weights: list[tuple[float, int]], count: int, random: SeededRandom, ctx: Context) -> list[int]:
    """Positions of ``count`` items out of (weight, how many) pairs, in order of being drawn (TinkerPop's sample)."""
    left = [many for _, many in weights]
    total = sum(weight * many for weight, many in weights)
    drawn: list[int] = []
    while len(drawn) < count:
        running = 0.0
        for index, (weight, _) in enumerate(weights):
            ctx.tick()
            if _drawn(index, weight, left, running, total, random):
                drawn.append(index)
                left[index] -= 1
                total -= weight
                break
            running += weight * left[index]
    return drawn


def _drawn(index: int, weight: float, left: list[int], running: float, total: float, random: SeededRandom) -> bool:
    for _ in range(left[index]):
        running += weight
        if total <= 0 or random.random() <= running / total:
            return True
    return False


class SampleLocalStep(MapStep):
    def __init__(self, count: int) -> None:
        self.count = count

    def map(self, t: Traverser, ctx: Context) -> Any:
        value = t.obj
        if not isinstance(value, (list, tuple, set, frozenset, Path, Mapping)) or len(value) <= self.count:
            return value
        members = list(value)
        drawn = draw([(1.0, 1)] * len(members), self.count, ctx.random(self), ctx)
        if isinstance(value, Mapping):
            return keyed((members[index], value[members[index]]) for index in drawn)
        return [members[index] for index in drawn]


@step("sample")
def sample(instruction: Instruction, compiler: Compiler) -> Step:
    args = list(instruction.args)
    if args and args[0] is Scope.local:
        return SampleLocalStep(int(args[1]))
    return SampleStep(int(args[-1]))
