"""mergeV and mergeE: find by a map, else create, with option(onMatch) and option(onCreate)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import Edge, Element, Vertex
from graphstore.gremlin.ordering import equal
from graphstore.gremlin.plan import FlatMapStep, Pipeline, Step
from graphstore.gremlin.steps.edit import assign, check_key, check_label
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Cardinality, CardinalityValue, Direction, Instruction, Merge, T, Traversal

__all__ = ["MergeEdgeStep", "MergeStep", "MergeVertexStep"]

Wanted = dict[Any, Any]


class MergeStep(FlatMapStep):
    """``source`` is a map, a pipeline that gives one, or MISSING: then the traverser is the map."""

    mutates: ClassVar[bool] = True
    title = "mergeV"
    tokens: ClassVar[tuple[Any, ...]] = (T.id, T.label)

    def __init__(self, source: Any) -> None:
        self.source = source
        self.options: dict[Merge, tuple[Any, Cardinality | None]] = {}
        self.extra: Wanted = {}

    def set_merge_option(self, args: tuple[Any, ...], compiler: Compiler) -> None:
        which, value, *rest = args
        if not isinstance(which, Merge):
            raise QueryError(f"{self.title}() has no option {which}.", remedy="Use onCreate, onMatch, outV or inV.")
        made = compiler.child(value) if isinstance(value, Traversal) else value
        if isinstance(made, Mapping) and which in (Merge.onCreate, Merge.onMatch):
            self.checked(dict(made), match=which is Merge.onMatch)
        self.options[which] = (made, rest[0] if rest else None)

    def children(self) -> Iterable[Pipeline]:
        parts = [self.source, *(value for value, _ in self.options.values())]
        return [p for p in parts if isinstance(p, Pipeline)]

    def checked(self, given: Wanted, *, match: bool = False) -> Wanted:
        """Raises QueryError for keys and values that such a map must not have."""
        for key, value in given.items():
            if isinstance(key, str):
                check_key(key)
                continue
            if match or key not in self.tokens:
                raise QueryError(
                    f"option({'onMatch' if match else 'onCreate'}) expects keys in Map to be of String"
                    f"{'' if match else f' or one of {self.tokens}'} - check: {key}",
                    remedy="Only text keys may be changed on a match.",
                )
            if key is T.label:
                check_label(value)
            if key is T.id and value is None:
                raise QueryError(f"{self.title}() does not allow null for T.id.", remedy="Leave T.id out.")
        return given

    def _map(self, part: Any, t: Traverser, ctx: Context, *, match: bool = False) -> Wanted:
        value = part.first(t, ctx) if isinstance(part, Pipeline) else part
        if value is MISSING:
            value = t.obj
        if value is None or value is SKIP:
            return {}
        if not isinstance(value, Mapping):
            raise QueryError(
                f"{self.title}() needs a Map, not {type(value).__name__}: {value!r}",
                remedy="Give a map such as [(T.label): 'person', name: 'marko'].",
            )
        return self.checked(dict(value), match=match)

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        wanted = self.resolved(self._map(self.source, t, ctx), t, ctx)
        if isinstance(self.source, Mapping) and isinstance(self.options.get(Merge.onCreate, (None,))[0], Mapping):
            self._combined(wanted, t, ctx)
        found = list(self.search(wanted, ctx))
        if found:
            on_match = self.options.get(Merge.onMatch)
            for element in found:
                if on_match is not None:
                    self._update(element, on_match, t, ctx)
            return found
        return (self.create(self._combined(wanted, t, ctx), ctx),)

    def _update(self, element: Any, option: tuple[Any, Cardinality | None], t: Traverser, ctx: Context) -> None:
        at = Traverser(element, 1, t.path, t.sack, t.loops)
        for key, value in self._map(option[0], at, ctx, match=True).items():
            assign(element, key, value, _cardinality(element, option[1]), {}, ctx)

    def _combined(self, wanted: Wanted, t: Traverser, ctx: Context) -> Wanted:
        """What to create: the merge map and onCreate, which must not say otherwise."""
        option, cardinality = self.options.get(Merge.onCreate, (None, None))
        combined = dict(wanted)
        extra = self.resolved(self._map(option, t, ctx), t, ctx, creating=True)
        for key, value in extra.items():
            if key in combined and not equal(_plain(combined[key]), _plain(value)):
                raise QueryError(
                    f"option(onCreate) cannot override values from merge() argument: ({key}, {_plain(value)})",
                    remedy="Give each key once: to find by it in the merge map, else in onCreate.",
                )
            if cardinality is not None and isinstance(key, str) and not isinstance(value, CardinalityValue):
                value = CardinalityValue(cardinality, value)
            combined[key] = value
        return {**combined, **{k: v for k, v in self.extra.items() if k not in combined}}

    def resolved(self, wanted: Wanted, t: Traverser, ctx: Context, *, creating: bool = False) -> Wanted:
        return wanted

    def search(self, wanted: Wanted, ctx: Context) -> Iterator[Any]:
        return iter(())

    def create(self, wanted: Wanted, ctx: Context) -> Any:
        return None


MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING"})()


def _plain(value: Any) -> Any:
    value = value.value if isinstance(value, CardinalityValue) else value
    return value.id if isinstance(value, Element) else value


def _cardinality(element: Any, wanted: Cardinality | None) -> Cardinality | None:
    return wanted if isinstance(element, Vertex) else None


class MergeVertexStep(MergeStep):
    def search(self, wanted: Wanted, ctx: Context) -> Iterator[Any]:
        if T.id in wanted:
            found = ctx.graph.vertex(wanted[T.id])
            candidates: Iterable[Vertex] = () if found is None else (found,)
        else:
            labels = (wanted[T.label],) if T.label in wanted else None
            key = next((k for k in wanted if isinstance(k, str)), None)
            indexed = ctx.graph.vertices_where(labels, key, _plain(wanted[key]) if key is not None else None)
            candidates = ctx.graph.vertices() if indexed is None else indexed
        for vertex in candidates:
            ctx.tick()
            if _vertex_matches(vertex, wanted):
                yield vertex

    def create(self, wanted: Wanted, ctx: Context) -> Any:
        vertex = ctx.graph.add_vertex(check_label(wanted.get(T.label, "vertex")), wanted.get(T.id))
        for key, value in wanted.items():
            if isinstance(key, str):
                assign(vertex, key, value, None, {}, ctx)
        return vertex


def _vertex_matches(vertex: Vertex, wanted: Wanted) -> bool:
    for key, value in wanted.items():
        if key is T.label and vertex.label != value:
            return False
        if isinstance(key, str) and not any(equal(v, _plain(value)) for v in vertex.values(key)):
            return False
    return True


class MergeEdgeStep(MergeStep):
    title = "mergeE"
    tokens: ClassVar[tuple[Any, ...]] = (T.id, T.label, Direction.OUT, Direction.IN)

    def resolved(self, wanted: Wanted, t: Traverser, ctx: Context, *, creating: bool = False) -> Wanted:
        """Ends as vertices: given by id, by vertex, or left to option(outV) and option(inV)."""
        wanted = dict(wanted)
        for direction, option in ((Direction.OUT, Merge.outV), (Direction.IN, Merge.inV)):
            value = wanted.get(direction)
            if isinstance(value, Merge):
                value = self._option_vertex(value, t, ctx)
                if value is None and creating:
                    continue
            elif value is None and option in self.options and direction in wanted:
                value = self._option_vertex(option, t, ctx)
            if value is None:
                if direction in wanted and wanted[direction] is None:
                    raise QueryError(f"mergeE() does not allow null for {direction.value}.", remedy="Leave it out.")
                continue
            vertex = value if isinstance(value, Vertex) else None
            vertex = ctx.graph.vertex(value.id if isinstance(value, Element) else value) or vertex
            if vertex is None:
                raise QueryError(
                    f"Vertex id could not be resolved from mergeE: {value}",
                    remedy="Create the vertex first, e.g. mergeV().",
                )
            wanted[direction] = vertex
        return wanted

    def _option_vertex(self, which: Merge, t: Traverser, ctx: Context) -> Any:
        if which not in self.options:
            raise QueryError(
                f"option({which.value}) must be specified if it is used for Direction",
                remedy=f"Add option({which.value}, ...).",
            )
        part = self.options[which][0]
        value = part.first(t, ctx) if isinstance(part, Pipeline) else part
        if isinstance(value, Mapping):
            found = next(MergeVertexStep(None).search(dict(value), ctx), None)
            if found is None:
                raise QueryError(f"Vertex id could not be resolved from mergeE: {value}", remedy="Create it first.")
            return found
        return None if value is SKIP else value

    def search(self, wanted: Wanted, ctx: Context) -> Iterator[Any]:
        graph = ctx.graph
        labels = (wanted[T.label],) if T.label in wanted else ()
        candidates: Iterable[Edge]
        if T.id in wanted:
            found = graph.edge(wanted[T.id])
            candidates = () if found is None else (found,)
        elif Direction.OUT in wanted:
            candidates = graph.edges_of([wanted[Direction.OUT]], "OUT", labels)[0]
        elif Direction.IN in wanted:
            candidates = graph.edges_of([wanted[Direction.IN]], "IN", labels)[0]
        else:
            indexed = graph.edges_where(labels) if labels else None
            candidates = graph.edges() if indexed is None else indexed
        for edge in candidates:
            ctx.tick()
            if _edge_matches(edge, wanted):
                yield edge

    def create(self, wanted: Wanted, ctx: Context) -> Any:
        for direction, name in ((Direction.OUT, "Out"), (Direction.IN, "In")):
            if not isinstance(wanted.get(direction), Vertex):
                raise QueryError(
                    f"{name} Vertex not specified - edge cannot be created", remedy=f"Add Direction.{direction.value}."
                )
        label = check_label(wanted.get(T.label, "edge"))
        edge = ctx.graph.add_edge(label, wanted[Direction.OUT], wanted[Direction.IN], wanted.get(T.id))
        for key, value in wanted.items():
            if isinstance(key, str):
                assign(edge, key, value, None, {}, ctx)
        return edge


def _edge_matches(edge: Edge, wanted: Wanted) -> bool:
    for key, value in wanted.items():
        if key is T.label and edge.label != value:
            return False
        if key is Direction.OUT and edge.tail != value:
            return False
        if key is Direction.IN and edge.head != value:
            return False
        if isinstance(key, str) and not (key in edge.properties and equal(edge.properties[key], _plain(value))):
            return False
    return True


@step("mergeV", "mergeE")
def merge(instruction: Instruction, compiler: Compiler) -> Step:
    made: MergeStep = (MergeVertexStep if instruction.name == "mergeV" else MergeEdgeStep)(MISSING)
    if instruction.args:
        (arg,) = instruction.args
        made.source = compiler.child(arg) if isinstance(arg, Traversal) else arg
        if isinstance(arg, Mapping):
            made.checked(dict(arg))
    return made
