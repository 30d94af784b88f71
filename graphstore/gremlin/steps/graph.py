"""V, E and the steps along edges."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, Hint, rewriting, step
from graphstore.gremlin.elements import Edge, Element, Vertex
from graphstore.gremlin.plan import FlatMapStep, MapStep, Step
from graphstore.gremlin.steps.filters import AllOf, HasStep
from graphstore.gremlin.steps.order import merge_bulks
from graphstore.gremlin.steps.project import scope_value
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Direction, Instruction, T

__all__ = ["AdjacentStep", "EdgeVertexStep", "ElementsStep", "IncidentStep", "OtherVertexStep"]


class ElementsStep(FlatMapStep, Hint):
    """V(ids) and E(ids), at the start or on the way. ``labels_hint`` and ``value_hint`` come from following has() steps."""

    def __init__(self, vertices: bool, ids: tuple[Any, ...]) -> None:
        self.vertices = vertices
        self.all_of_them = not ids
        self.ids = [i for arg in ids for i in (arg if isinstance(arg, (list, tuple, set, frozenset)) else (arg,))]
        self.labels_hint: tuple[str, ...] | None = None
        self.value_hint: tuple[str, Any] | None = None
        self._label_condition: Step | None = None

    @property
    def settled(self) -> Step | None:
        """The condition on the label that need not be tested again, where all elements of some labels are looked up."""
        return self._label_condition if self.all_of_them and self.value_hint is None else None

    def take(self, condition: Step) -> None:
        """See :class:`Hint`."""
        for part in condition.parts if isinstance(condition, AllOf) else (condition,):
            if not isinstance(part, HasStep) or part.predicate is None or not self.all_of_them:
                continue
            op, args = part.predicate.op, part.predicate.args
            if part.key is T.label and self.labels_hint is None and op in ("eq", "within"):
                labels = args[0] if op == "within" else args
                self.labels_hint = tuple(label for label in labels if isinstance(label, str))
                self._label_condition = part
            elif part.key is T.id and op in ("eq", "within"):
                given = args[0] if op == "within" else args
                self.ids, self.all_of_them = list(given), False
            elif isinstance(part.key, str) and self.value_hint is None and op == "eq" and _indexed(args[0]):
                self.value_hint = (part.key, args[0])

    def wanted(self, ctx: Context) -> Iterable[Any]:
        """The ids to find in an execution."""
        return ctx.starts[1] if ctx.starts is not None and ctx.starts[0] is self else self.ids

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        graph = ctx.graph
        if not self.all_of_them:
            find = graph.vertex if self.vertices else graph.edge
            seen = set()
            found = []
            for wanted in self.wanted(ctx):
                id = wanted.id if isinstance(wanted, Element) else wanted
                element = None if id is None else find(id)
                if element is not None and element.id not in seen:
                    seen.add(element.id)
                    found.append(element)
            return found
        if self.vertices:
            if self.labels_hint is not None or self.value_hint is not None:
                key, value = self.value_hint or (None, None)
                indexed = graph.vertices_where(self.labels_hint, key, value)
                if indexed is not None:
                    return indexed
            return graph.vertices()
        if self.labels_hint is not None:
            edges = graph.edges_where(self.labels_hint)
            if edges is not None:
                return edges
        return graph.edges()


def _indexed(value: Any) -> bool:
    return value is not None and not isinstance(value, (list, tuple, dict, set))


@step("V", "E")
def elements(instruction: Instruction, compiler: Compiler) -> Step:
    return ElementsStep(instruction.name == "V", instruction.args)


def _edge_labels(args: Iterable[Any]) -> tuple[str, ...] | None:
    """The labels asked for; None where only null was given, which no edge has."""
    given = list(args)
    labels = tuple(a for a in given if isinstance(a, str))
    if len(labels) != sum(a is not None for a in given):
        raise TypeError("edge labels are text")
    return None if given and not labels else labels


class AlongStep(Step):
    """From vertices along edges of some labels, many vertices at a time where the graph answers in batches, or where
    (``many``) what follows asks a database about the edges."""

    def __init__(self, direction: str, args: Sequence[Any]) -> None:
        self.direction = direction
        self.edge_labels = _edge_labels(args)
        self.merge_first = False
        self.many = False

    def found(self, vertices: list[Vertex], ctx: Context) -> Sequence[Sequence[Any]]:
        return []

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        if self.edge_labels is None:
            for _ in source:
                pass
            return
        if self.merge_first and not ctx.track_path:
            source = merged(source, ctx)
        labels = self.labels
        batch = 512 if self.many or getattr(ctx.graph, "batched", False) else 1
        size = 1
        while True:
            chunk = list(islice(source, size))
            if not chunk:
                return
            for t in chunk:
                if not isinstance(t.obj, Vertex):
                    raise QueryError(
                        f"{self.name}() goes from vertices, not from {_kind(t.obj)}.",
                        remedy="Use inV(), outV() or otherV() on edges, element() on properties.",
                    )
            for t, ends in zip(chunk, self.found([t.obj for t in chunk], ctx), strict=True):
                ctx.tick(len(ends) + 1)
                for end in ends:
                    yield t.split(end, labels)
            size = min(size * 2, batch)


LAZY_BARRIER = 2500


def merged(source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
    """Some traversers at a time, those at the same place as one with a larger bulk (LazyBarrierStrategy)."""
    if not ctx.merges:
        yield from source
        return
    while chunk := list(islice(source, LAZY_BARRIER)):
        yield from merge_bulks(chunk, ctx) if len(chunk) > 1 else chunk
        ctx.release(len(chunk))


class AdjacentStep(AlongStep):
    """out, in, both."""

    def found(self, vertices: list[Vertex], ctx: Context) -> Sequence[Sequence[Any]]:
        return ctx.graph.vertices_of(vertices, self.direction, self.edge_labels or ())


class IncidentStep(AlongStep):
    """outE, inE, bothE. ``towards`` names the vertex at the other end, where a condition asks for it."""

    towards: str | None = None

    def run(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        return super().run(source, ctx) if self.towards is None else self._between(source, ctx)

    def _between(self, source: Iterator[Traverser], ctx: Context) -> Iterator[Traverser]:
        assert self.towards is not None
        between = getattr(ctx.graph, "edges_between", None)
        for t in source:
            other = scope_value(t, self.towards, ctx)
            if not isinstance(other, Vertex) or not isinstance(t.obj, Vertex) or self.edge_labels is None:
                continue
            if between is not None:
                edges = between(t.obj, other, self.direction, self.edge_labels)
            else:
                found = ctx.graph.edges_of([t.obj], self.direction, self.edge_labels)[0]
                edges = [e for e in found if (e.head if e.tail == t.obj else e.tail) == other]
            ctx.tick(len(edges) + 1)
            for edge in edges:
                yield t.split(edge, self.labels)

    def found(self, vertices: list[Vertex], ctx: Context) -> Sequence[Sequence[Any]]:
        return ctx.graph.edges_of(vertices, self.direction, self.edge_labels or ())


@rewriting
def together(steps: list[Step]) -> None:
    """Finds edges of many vertices at a time where a later step reads what belongs to edges but is not kept with them."""
    hidden = [place for place, made in enumerate(steps) if "'~" in made.text]
    for made in steps[: hidden[-1]] if hidden else ():
        if isinstance(made, IncidentStep):
            made.many = True


_ADJACENT = {"out": "OUT", "in": "IN", "both": "BOTH"}


@step("out", "in", "both", "outE", "inE", "bothE")
def along(instruction: Instruction, compiler: Compiler) -> Step:
    edges = instruction.name.endswith("E")
    direction = _ADJACENT[instruction.name.removesuffix("E")]
    return (IncidentStep if edges else AdjacentStep)(direction, instruction.args)


@step("toE")
def along_direction(instruction: Instruction, compiler: Compiler) -> Step:
    direction, *labels = instruction.args
    if not isinstance(direction, Direction):
        raise TypeError("a direction expected")
    return (IncidentStep if instruction.name == "toE" else AdjacentStep)(str(direction.value), labels)


class EdgeVertexStep(FlatMapStep):
    """outV, inV, bothV."""

    def __init__(self, direction: str) -> None:
        self.direction = direction

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        edge = t.obj
        if not isinstance(edge, Edge):
            raise QueryError(
                f"{self.name}() goes from edges, not from {_kind(edge)}.", remedy="Use outE(), inE() or bothE() first."
            )
        if self.direction == "OUT":
            ends: tuple[Vertex, ...] = (edge.tail,)
        elif self.direction == "IN":
            ends = (edge.head,)
        else:
            ends = (edge.tail, edge.head)
        return ends if ctx.view is None else [v for v in ends if ctx.view.vertex_ok(v)]


@step("outV", "inV", "bothV")
def edge_vertex(instruction: Instruction, compiler: Compiler) -> Step:
    return EdgeVertexStep({"outV": "OUT", "inV": "IN", "bothV": "BOTH"}[instruction.name])


@step("toV")
def edge_vertex_direction(instruction: Instruction, compiler: Compiler) -> Step:
    (direction,) = instruction.args
    if not isinstance(direction, Direction):
        raise TypeError("a direction expected")
    return EdgeVertexStep(str(direction.value))


class OtherVertexStep(MapStep):
    """otherV: the end of the edge that the traverser did not come from."""

    def map(self, t: Traverser, ctx: Context) -> Any:
        edge = t.obj
        if not isinstance(edge, Edge):
            raise QueryError(f"otherV() goes from edges, not from {_kind(edge)}.", remedy="Use bothE() first.")
        node = t.path.parent if t.path is not None else None
        while node is not None:
            if isinstance(node.obj, Vertex):
                other = edge.head if node.obj == edge.tail else edge.tail
                return other if ctx.view is None or ctx.view.vertex_ok(other) else SKIP
            node = node.parent
        return SKIP


@step("otherV")
def other_vertex(instruction: Instruction, compiler: Compiler) -> Step:
    return OtherVertexStep()


def _kind(value: Any) -> str:
    for kind in (Vertex, Edge):
        if isinstance(value, kind):
            return kind.__name__.lower()
    return type(value).__name__
