"""group and groupCount, as steps of their own and as side effects."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import HashableDict, freeze, keyed, told_apart
from graphstore.gremlin.numbers import counted
from graphstore.gremlin.ordering import dedup_key
from graphstore.gremlin.plan import By, IdentityBy, KeyBy, Pipeline, Step, TraversalBy, by_pipelines
from graphstore.gremlin.steps.order import merge_bulks
from graphstore.gremlin.steps.reduce import reduced
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction

__all__ = ["GroupState", "finished"]


class GroupState:
    """What a group() side effect has collected so far: per key its traversers."""

    def __init__(self, value_by: By | None, start: Any = None) -> None:
        self.value_by = value_by
        self.keys: dict[Any, Any] = {}
        self.members: dict[Any, list[Traverser]] = {}
        self.start = start if isinstance(start, dict) else {}

    def add(self, key: Any, t: Traverser) -> None:
        hashed = dedup_key(key)
        self.keys.setdefault(hashed, key)
        self.members.setdefault(hashed, []).append(t)

    def result(self, ctx: Context) -> dict[Any, Any]:
        found = {told_apart(key): value for key, value in self.start.items()}
        for hashed, key in self.keys.items():
            value = self._value(self.members[hashed], ctx)
            if value is not SKIP:
                found[told_apart(freeze(key))] = value
        return keyed(found.items())

    def _value(self, members: list[Traverser], ctx: Context) -> Any:
        by = self.value_by
        if isinstance(by, TraversalBy):
            source = (
                (t.clone() for t in members) if ctx.track_path or not ctx.merges else iter(merge_bulks(members, ctx))
            )
            for t in by.inner.run(source, ctx.plain):
                return t.obj
            return SKIP
        values: list[Any] = []
        for t in members:
            value = t.obj if by is None else by.of(t, ctx)
            if value is not SKIP:
                if isinstance(by, KeyBy) and by.single:
                    return value
                values.extend([value] * t.bulk)
        return SKIP if isinstance(by, KeyBy) and by.single else values


class GroupStep(Step):
    """group().by(key).by(value); ``key_name`` makes it a side effect that lets all traversers go on."""

    barrier: ClassVar[bool] = True

    def __init__(self, key_name: str | None) -> None:
        self.key_name = key_name
        self.key_by: By | None = None
        self.value_by: By | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        if self.key_by is None:
            self.key_by = by
        elif self.value_by is None:
            self.value_by = by
        else:
            raise QueryError(
                "The key and value traversals for group()-step have already been set",
                remedy="group() takes two by() modulators: the key, then the value.",
            )

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(by for by in (self.key_by, self.value_by) if by is not None)

    def declares(self) -> dict[str, Callable[[], Any]]:
        return {} if self.key_name is None else {self.key_name: HashableDict}

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if self.key_name is None:
            state = GroupState(self.value_by)
            self._collect(source, state, ctx)
            yield reduced(ctx.grown(state.result(ctx)), self.labels, ctx)
            return
        known = ctx.side_effects.get(self.key_name)
        state = known if isinstance(known, GroupState) else GroupState(self.value_by, known)
        ctx.side_effects[self.key_name] = state
        arrived = self._collect(source, state, ctx)
        for t in arrived:
            if self.labels:
                t.label(self.labels)
            yield t

    def _collect(self, source: Iterator[Traverser], state: GroupState, ctx: Context) -> list[Traverser]:
        key_by = self.key_by or IdentityBy()
        arrived = []
        for t in source:
            ctx.hold()
            key = key_by.of(t, ctx)
            if key is not SKIP:
                state.add(key, t)
            if self.key_name is not None:
                arrived.append(t.clone())
        return arrived


@step("group")
def group(instruction: Instruction, compiler: Compiler) -> Step:
    return GroupStep(str(instruction.args[0]) if instruction.args else None)


class GroupCountStep(Step):
    barrier: ClassVar[bool] = True

    def __init__(self, key_name: str | None) -> None:
        self.key_name = key_name
        self.key_by: By | None = None

    def add_by(self, by: By, order: Any = None) -> None:
        if self.key_by is not None:
            raise QueryError(
                "GroupCount step can only have one by modulator", remedy="groupCount() takes one by(): the key."
            )
        self.key_by = by

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines([self.key_by] if self.key_by is not None else [])

    def declares(self) -> dict[str, Callable[[], Any]]:
        return {} if self.key_name is None else {self.key_name: HashableDict}

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if self.key_name is None:
            counts: dict[Any, Any] = {}
            self._count(source, counts, None, ctx)
            yield reduced(ctx.grown(_longs(counts)), self.labels, ctx)
            return
        before = ctx.side_effects.setdefault(self.key_name, HashableDict())
        counts = {told_apart(key): count for key, count in before.items()}
        arrived: list[Traverser] = []
        self._count(source, counts, arrived, ctx)
        ctx.side_effects[self.key_name] = _longs(counts)
        for t in arrived:
            if self.labels:
                t.label(self.labels)
            yield t

    def _count(
        self, source: Iterator[Traverser], counts: dict[Any, Any], arrived: list[Traverser] | None, ctx: Context
    ) -> None:
        by = self.key_by
        for t in source:
            ctx.tick()
            key = t.obj if by is None else by.of(t, ctx)
            if key is not SKIP:
                if type(key) is not str:
                    key = told_apart(freeze(key))
                counts[key] = counts.get(key, 0) + t.bulk
            if arrived is not None:
                ctx.hold()
                arrived.append(t)


def _longs(counts: dict[Any, Any]) -> dict[Any, Any]:
    return keyed((key, counted(count)) for key, count in counts.items())


@step("groupCount")
def group_count(instruction: Instruction, compiler: Compiler) -> Step:
    return GroupCountStep(str(instruction.args[0]) if instruction.args else None)


def finished(value: Any, ctx: Context) -> Any:
    """A side effect as it is seen by cap(), select() and the result."""
    return value.result(ctx) if isinstance(value, GroupState) else value
