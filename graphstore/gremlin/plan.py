"""The pieces a plan is made of: steps, pipelines of steps, and the mappings that by() gives to steps.

A step consumes and yields traversers lazily. Its class says how: one value per traverser (:class:`MapStep`), many
(:class:`FlatMapStep`), a test (:class:`FilterStep`), or everything at once (:class:`BarrierStep`).
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.elements import Edge, Element, Entry, HashableSet, Property, Vertex, VertexProperty
from graphstore.gremlin.traverser import COLLECTIONS, SKIP, Context, Traverser
from graphstore.gremlin.tree import Column, T

__all__ = [
    "BarrierStep",
    "By",
    "ColumnBy",
    "FilterStep",
    "FlatMapStep",
    "IdentityBy",
    "KeyBy",
    "MapStep",
    "Pipeline",
    "Step",
    "TakesBys",
    "TokenBy",
    "TraversalBy",
]


class Step:
    """One step of a plan. ``labels`` are its as() labels.

    ``barrier``: it needs all traversers before it can go on; ``stateful``: it remembers earlier traversers.
    """

    name: str = ""
    labels: tuple[str, ...] = ()
    barrier: ClassVar[bool] = False
    stateful: ClassVar[bool] = False
    mutates: ClassVar[bool] = False
    text: str = ""
    first_in_child: bool = False

    def check(self) -> None:
        """Raises QueryError if it was not given all it needs. Called once its modulators are known."""

    @abstractmethod
    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        """The traversers that come out for those that go in."""

    def children(self) -> "Iterable[Pipeline]":
        """Nested pipelines, for analysis and explain()."""
        return ()

    def declares(self) -> dict[str, Callable[[], Any]]:
        """The side effects it fills, each with a maker of the empty one."""
        return {}

    def add_by(self, by: "By", order: Any = None) -> None:
        raise QueryError(
            f"The by() modulator cannot follow {self.name}().",
            remedy="by() goes with steps such as order, group, project, select, path or dedup.",
        )

    def configure(self, key: str, value: Any) -> None:
        """with(key, value). Steps that know no options ignore them, as TinkerPop does."""


class MapStep(Step):
    @abstractmethod
    def map(self, t: Traverser, ctx: Context) -> Any:
        """The value, or SKIP."""

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        labels, compute = self.labels, self.map
        for t in source:
            value = compute(t, ctx)
            if value is not SKIP:
                if type(value) in COLLECTIONS:
                    ctx.grown(value)
                yield t.split(value, labels)


class FlatMapStep(Step):
    @abstractmethod
    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        """The values."""

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        labels, compute = self.labels, self.flat_map
        for t in source:
            for value in compute(t, ctx):
                ctx.tick()
                yield t.split(value, labels)


class FilterStep(Step):
    @abstractmethod
    def test(self, t: Traverser, ctx: Context) -> bool:
        """Whether the traverser passes."""

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        labels, test = self.labels, self.test
        for t in source:
            if test(t, ctx):
                if labels:
                    t.label(labels)
                yield t


class BarrierStep(Step):
    barrier: ClassVar[bool] = True

    @abstractmethod
    def all(self, traversers: list[Traverser], ctx: Context) -> Iterable[Traverser]:
        """What goes on once all have arrived."""

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        arrived: list[Traverser] = []
        for t in source:
            ctx.hold()
            arrived.append(t)
        labels = self.labels
        for t in self.all(arrived, ctx):
            if labels:
                t.label(labels)
            yield t


class Pipeline:
    """Steps in a row: a traversal as it runs."""

    __slots__ = ("direct", "mutates", "stateful", "steps", "text")

    def __init__(self, steps: Iterable[Step], text: str = "") -> None:
        self.steps = tuple(steps)
        self.text = text
        self.direct = all(type(s).run in (MapStep.run, FilterStep.run) for s in self.steps)
        self.stateful = any(s.stateful or s.barrier for s in self.steps)
        self.mutates: bool = any(s.mutates or any(c.mutates for c in s.children()) for s in self.steps)

    def walk(self) -> Iterator[Step]:
        for step in self.steps:
            yield step
            for child in step.children():
                yield from child.walk()

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for step in self.steps:
            source = step.run(source, ctx)
        return source

    def each(self, t: Traverser, ctx: Context) -> Iterator[Traverser]:
        """What comes out for one traverser, as a run of its own."""
        return self.run(iter((t.single(),)), ctx.plain)

    def _end(self, t: Traverser, ctx: Context) -> Traverser | None:
        """Where one traverser ends up in a pipeline of mappings and tests; None if nowhere."""
        t, ctx = t.single(), ctx.plain
        for step in self.steps:
            if isinstance(step, FilterStep):
                if not step.test(t, ctx):
                    return None
                if step.labels:
                    t.label(step.labels)
            elif isinstance(step, MapStep):
                value = step.map(t, ctx)
                if value is SKIP:
                    return None
                if type(value) in COLLECTIONS:
                    ctx.grown(value)
                t = t.split(value, step.labels)
        return t

    def first(self, t: Traverser, ctx: Context) -> Any:
        """The first result for one traverser, or SKIP."""
        if self.direct:
            end = self._end(t, ctx)
            return SKIP if end is None else end.obj
        for found in self.each(t, ctx):
            return found.obj
        return SKIP

    def passes(self, t: Traverser, ctx: Context) -> bool:
        """Whether anything comes out for one traverser."""
        if self.direct:
            return self._end(t, ctx) is not None
        for _ in self.each(t, ctx):
            return True
        return False

    def __str__(self) -> str:
        return self.text


class By:
    """What a by() computes from a traverser: a value, or SKIP where it is not productive."""

    text = "by()"

    @abstractmethod
    def of(self, t: Traverser, ctx: Context) -> Any: ...

    def of_object(self, obj: Any, t: Traverser, ctx: Context) -> Any:
        """The same for another object than the traverser's own."""
        return self.of(Traverser(obj, 1, t.path, t.sack, t.loops), ctx)

    def pipeline(self) -> Pipeline | None:
        return None


class IdentityBy(By):
    def of(self, t: Traverser, ctx: Context) -> Any:
        return t.obj

    def of_object(self, obj: Any, t: Traverser, ctx: Context) -> Any:
        return obj


class KeyBy(By):
    """by("name"): the first value of a property, or the entry of a map. ``single``: it was by(values("name"))."""

    def __init__(self, key: str, single: bool = False) -> None:
        self.key, self.single = key, single
        self.text = f"by({key!r})"

    def of(self, t: Traverser, ctx: Context) -> Any:
        return self.of_object(t.obj, t, ctx)

    def of_object(self, obj: Any, t: Traverser, ctx: Context) -> Any:
        value = property_of(obj, self.key)
        return None if value is SKIP and ctx.productive_by else value


def property_of(obj: Any, key: str) -> Any:
    """The first value of a property of an element, an entry of a map; SKIP if there is none."""
    if isinstance(obj, Vertex):
        values = obj.values(key)
        return values[0] if values else SKIP
    if isinstance(obj, Edge):
        return obj.holding(key).get(key, SKIP)
    if isinstance(obj, dict):
        return obj.get(key, SKIP)
    if isinstance(obj, VertexProperty):
        return (obj.meta or {}).get(key, SKIP)
    if obj is None:
        return SKIP
    raise QueryError(
        f'The by("{key}") modulator can only be applied to a traverser that is an Element or a Map - it is being '
        f"applied to [{obj}] a {type(obj).__name__} class instead",
        remedy='Use by() for plain values, or apply by("key") before the step that turned elements into values.',
    )


class TokenBy(By):
    """by(T.id) and so on."""

    def __init__(self, token: T) -> None:
        self.token = token
        self.text = f"by(T.{token.value})"

    def of(self, t: Traverser, ctx: Context) -> Any:
        return token_of(t.obj, self.token)

    def of_object(self, obj: Any, t: Traverser, ctx: Context) -> Any:
        return token_of(obj, self.token)


def token_of(obj: Any, token: T) -> Any:
    """T.id, T.label, T.key or T.value of an object."""
    if token is T.id and isinstance(obj, Element):
        return obj.id
    if token is T.label and isinstance(obj, Element):
        return obj.label
    if isinstance(obj, (VertexProperty, Property)):
        if token is T.key or token is T.label:
            return obj.key
        if token is T.value_:
            return obj.value
    if isinstance(obj, (Entry,)) and token in (T.key, T.value_):
        return obj.key if token is T.key else obj.value
    if isinstance(obj, dict) and token in obj:
        return obj[token]
    raise QueryError(
        f"T.{token.value} cannot be read from {obj!r}.",
        remedy="T.id and T.label go with elements, T.key and T.value with properties.",
    )


class ColumnBy(By):
    """by(keys), by(values)."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self.text = f"by({column.value})"

    def of(self, t: Traverser, ctx: Context) -> Any:
        return column_of(t.obj, self.column)


def column_of(obj: Any, column: Column) -> Any:
    """The keys or values of a map, an entry or a path."""
    from_keys = column is Column.keys
    if isinstance(obj, dict):
        return HashableSet(obj.keys()) if from_keys else list(obj.values())
    if isinstance(obj, Entry):
        return obj.key if from_keys else obj.value
    if hasattr(obj, "objects"):
        return [set(labels) for labels in obj.labels] if from_keys else list(obj.objects)
    raise QueryError(
        f"The provided object does not have accessible {column.value}: {type(obj).__name__}",
        remedy="select(keys) and select(values) go with maps, entries and paths.",
    )


class TraversalBy(By):
    """by(traversal): its first result."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.inner = pipeline
        self.text = f"by({pipeline})"

    def of(self, t: Traverser, ctx: Context) -> Any:
        value = self.inner.first(t, ctx)
        return None if value is SKIP and ctx.productive_by else value

    def pipeline(self) -> Pipeline | None:
        return self.inner


class TakesBys(Step):
    """A step that any number of by() may follow."""

    def __init__(self) -> None:
        self.bys: list[By] = []

    def add_by(self, by: By, order: Any = None) -> None:
        self.bys.append(by)

    def children(self) -> Iterable[Pipeline]:
        return by_pipelines(self.bys)


def by_pipelines(bys: Iterable[By]) -> list[Pipeline]:
    """The nested pipelines of some by() modulators."""
    return [p for by in bys if (p := by.pipeline()) is not None]
