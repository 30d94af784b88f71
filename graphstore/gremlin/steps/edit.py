"""addV, addE, property and drop."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, modulator, step
from graphstore.gremlin.elements import Edge, Element, Property, Vertex, VertexProperty
from graphstore.gremlin.plan import FlatMapStep, MapStep, Pipeline, Step
from graphstore.gremlin.steps.project import scope_value
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Cardinality, CardinalityValue, Instruction, T, Traversal

__all__ = [
    "AddEdgeStep",
    "AddStep",
    "AddVertexStep",
    "Assignment",
    "PropertyStep",
    "assign",
    "check_key",
    "check_label",
]


def check_key(key: Any) -> str:
    """A property key. Raises QueryError for one that is no text, empty or hidden."""
    if not isinstance(key, str) or not key:
        raise QueryError(f"Property key can not be null or empty: {key!r}", remedy="Use a non-empty text as key.")
    if key.startswith("~"):
        raise QueryError(f"Property key can not be a hidden key: {key}", remedy="Use a key that does not start with ~.")
    return key


def check_label(label: Any) -> str:
    if not isinstance(label, str):
        raise QueryError(f"Label can not be null, it must be text: {label!r}", remedy="Give a label.")
    if not label:
        raise QueryError("Label can not be empty", remedy="Give a label.")
    if label.startswith("~"):
        raise QueryError(f"Label can not be a hidden key: {label}", remedy="Use a label that does not start with ~.")
    return label


@dataclass(slots=True)
class Assignment:
    """One property(...): key and value may be pipelines."""

    key: Any
    value: Any
    cardinality: Cardinality | None = None
    meta: tuple[tuple[Any, Any], ...] = ()

    def pipelines(self) -> list[Pipeline]:
        parts = [self.key, self.value, *(x for pair in self.meta for x in pair)]
        return [p for p in parts if isinstance(p, Pipeline)]

    def resolved(self, t: Traverser, ctx: Context) -> tuple[Any, Any, dict[str, Any]]:
        meta = {check_key(_value(k, t, ctx)): _value(v, t, ctx) for k, v in self.meta}
        return _value(self.key, t, ctx), _value(self.value, t, ctx), meta


def _value(part: Any, t: Traverser, ctx: Context) -> Any:
    if isinstance(part, Pipeline):
        value = part.first(t, ctx)
        if value is SKIP:
            raise QueryError(
                f"The provided traverser does not map to a value: {t.obj!r}->[{part}]",
                remedy="Give the nested traversal a default with coalesce(..., constant(...)).",
            )
        return value
    return part


def assign(
    element: Any, key: Any, value: Any, cardinality: Cardinality | None, meta: dict[str, Any], ctx: Context
) -> None:
    """Sets a property of an element. A null value removes what a single property had."""
    check_key(key)
    if isinstance(value, CardinalityValue):
        cardinality, value = value.cardinality, value.value
    if isinstance(element, Vertex):
        if value is None:
            for old in list(element.properties.get(key, ())) if cardinality in (None, Cardinality.single) else ():
                ctx.graph.remove(old)
            return
        ctx.graph.set_vertex_property(element, key, value, str(cardinality.value) if cardinality else None, meta)
        return
    if cardinality is not None and cardinality is not Cardinality.single:
        raise QueryError("Property cardinality can only be set for a Vertex", remedy="Leave the cardinality out.")
    if isinstance(element, (Edge, VertexProperty)):
        if value is None:
            found = element.properties if isinstance(element, Edge) else element.meta or {}
            if key in found:
                ctx.graph.remove(Property(key, found[key], element))
            return
        ctx.graph.set_property(element, key, value)
        return
    raise QueryError(f"{type(element).__name__} cannot have properties.", remedy="property() goes with graph elements.")


class AddStep(MapStep):
    """What addV and addE share: assignments made at creation."""

    mutates: ClassVar[bool] = True

    def __init__(self) -> None:
        self.assignments: list[Assignment] = []

    def tokens(self, t: Traverser, ctx: Context) -> tuple[Any, Any]:
        """(id, label) as given by property(T.id, ...) and property(T.label, ...), or None."""
        found: dict[T, Any] = {}
        for assignment in self.assignments:
            if isinstance(assignment.key, T):
                found[assignment.key] = _value(assignment.value, t, ctx)
        return found.get(T.id), found.get(T.label)

    def plain_values(self, t: Traverser, ctx: Context) -> list[tuple[str, Any, str | None, dict[str, Any]]]:
        """(key, value, cardinality, meta) of all assignments that are no tokens, for graphs that create in one go."""
        found = []
        for assignment in self.assignments:
            if not isinstance(assignment.key, T):
                key, value, meta = assignment.resolved(t, ctx)
                if value is not None:
                    cardinality = assignment.cardinality
                    found.append((check_key(key), value, None if cardinality is None else str(cardinality.value), meta))
        return found

    def fill(self, element: Any, t: Traverser, ctx: Context) -> None:
        for assignment in self.assignments:
            if not isinstance(assignment.key, T):
                key, value, meta = assignment.resolved(t, ctx)
                if isinstance(element, Vertex) or value is not None:
                    assign(element, key, value, assignment.cardinality, meta, ctx)

    def children(self) -> Iterable[Pipeline]:
        return [p for a in self.assignments for p in a.pipelines()]


class AddVertexStep(AddStep):
    def __init__(self, label: Any) -> None:
        super().__init__()
        self.label = label

    def children(self) -> Iterable[Pipeline]:
        return [*([self.label] if isinstance(self.label, Pipeline) else []), *super().children()]

    def map(self, t: Traverser, ctx: Context) -> Any:
        id, label = self.tokens(t, ctx)
        if label is None:
            label = _value(self.label, t, ctx)
        create = getattr(ctx.graph, "create_vertex", None)
        if create is not None:
            return create(check_label(label), self.plain_values(t, ctx), id)
        vertex = ctx.graph.add_vertex(check_label(label), id)
        self.fill(vertex, t, ctx)
        return vertex

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            for _ in range(t.bulk):
                ctx.tick()
                yield t.single().split(self.map(t, ctx), self.labels)


@step("addV")
def add_vertex(instruction: Instruction, compiler: Compiler) -> Step:
    arg = instruction.args[0] if instruction.args else "vertex"
    if instruction.args and arg is None:
        check_label(None)
    return AddVertexStep(compiler.child(arg) if isinstance(arg, Traversal) else check_label(arg))


class AddEdgeStep(AddStep):
    def __init__(self, label: Any) -> None:
        super().__init__()
        self.label = label
        self.start: Any = None
        self.end: Any = None

    def set_start(self, arg: Any) -> None:
        self.start = arg

    def set_end(self, arg: Any) -> None:
        self.end = arg

    def children(self) -> Iterable[Pipeline]:
        own = [p for p in (self.label, self.start, self.end) if isinstance(p, Pipeline)]
        return [*own, *super().children()]

    def _end(self, arg: Any, which: str, t: Traverser, ctx: Context) -> Vertex:
        value = t.obj
        if isinstance(arg, Pipeline):
            value = arg.first(t, ctx)
        elif isinstance(arg, str):
            value = scope_value(t, arg, ctx)
        elif arg is not None:
            value = arg
        if isinstance(value, Vertex):
            return value
        vertex = ctx.graph.vertex(value.id if isinstance(value, Element) else value) if value is not SKIP else None
        if vertex is None:
            raise QueryError(
                f"The value given to addE({self.label}).{which}() must resolve to a Vertex but {value!r} was specified "
                "instead",
                remedy="Give both ends with from() and to(), as step labels or traversals that find a vertex.",
            )
        return vertex

    def map(self, t: Traverser, ctx: Context) -> Any:
        id, label = self.tokens(t, ctx)
        if label is None:
            label = _value(self.label, t, ctx)
        tail = self._end(self.start, "from", t, ctx)
        head = self._end(self.end, "to", t, ctx)
        create = getattr(ctx.graph, "create_edge", None)
        if create is not None:
            return create(check_label(label), tail, head, self.plain_values(t, ctx), id)
        edge = ctx.graph.add_edge(check_label(label), tail, head, id)
        self.fill(edge, t, ctx)
        return edge

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            for _ in range(t.bulk):
                ctx.tick()
                yield t.single().split(self.map(t, ctx), self.labels)


@step("addE")
def add_edge(instruction: Instruction, compiler: Compiler) -> Step:
    (arg,) = instruction.args
    return AddEdgeStep(compiler.child(arg) if isinstance(arg, Traversal) else check_label(arg))


class PropertyStep(Step):
    """property(...) on elements that exist."""

    mutates: ClassVar[bool] = True

    def __init__(self, assignments: list[Assignment]) -> None:
        self.assignments = assignments

    def children(self) -> Iterable[Pipeline]:
        return [p for a in self.assignments for p in a.pipelines()]

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        for t in source:
            ctx.tick()
            for assignment in self.assignments:
                key, value, meta = assignment.resolved(t, ctx)
                if isinstance(key, T):
                    raise QueryError(
                        f"T.{key.value} cannot be changed once an element exists.",
                        remedy="Set it directly after addV() or addE().",
                    )
                assign(t.obj, key, value, assignment.cardinality, meta, ctx)
            if self.labels:
                t.label(self.labels)
            yield t


@modulator("property")
def property_(previous: Step, instruction: Instruction, compiler: Compiler) -> Step:
    made = _assignments(list(instruction.args), compiler)
    if isinstance(previous, AddStep):
        previous.assignments.extend(made)
        return previous
    changed = PropertyStep(made)
    changed.name = "property"
    return changed


def _assignments(args: list[Any], compiler: Compiler) -> list[Assignment]:
    cardinality = args.pop(0) if args and isinstance(args[0], Cardinality) else None
    if len(args) == 1:
        if args[0] is None:
            return []
        if not isinstance(args[0], dict):
            raise TypeError("a key and a value, or a map expected")
        made = []
        for key, value in args[0].items():
            one = cardinality
            if isinstance(value, CardinalityValue):
                one, value = value.cardinality, value.value
            made.append(Assignment(key, _part(value, compiler), one))
        return made
    key, value, *meta = args
    if isinstance(value, CardinalityValue):
        cardinality, value = value.cardinality, value.value
    if not isinstance(key, (T, Traversal)):
        check_key(key)
    pairs = tuple((_part(k, compiler), _part(v, compiler)) for k, v in zip(meta[::2], meta[1::2], strict=True))
    return [Assignment(_part(key, compiler), _part(value, compiler), cardinality, pairs)]


def _part(value: Any, compiler: Compiler) -> Any:
    return compiler.child(value) if isinstance(value, Traversal) else value


class DropStep(FlatMapStep):
    mutates: ClassVar[bool] = True

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        if not isinstance(t.obj, (Element, Property)):
            raise QueryError(
                f"drop() removes elements and properties, not {type(t.obj).__name__}.",
                remedy="Use properties() instead of values() before drop().",
            )
        ctx.tick()
        ctx.graph.remove(t.obj)
        return ()


@step("drop")
def drop(instruction: Instruction, compiler: Compiler) -> Step:
    return DropStep()
