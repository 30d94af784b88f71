"""call(): named services. Those of TinkerGraph are here; a name that is not registered is refused with the list."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.compiler import Compiler, step
from graphstore.gremlin.elements import Vertex
from graphstore.gremlin.numbers import Long
from graphstore.gremlin.plan import FlatMapStep, Pipeline, Step
from graphstore.gremlin.steps.values import elements_properties
from graphstore.gremlin.traverser import SKIP, Context, Traverser
from graphstore.gremlin.tree import Instruction, Traversal

__all__ = ["SERVICES"]

Service = Callable[[Traverser, dict[Any, Any], Context], Iterable[Any]]


def _listed(t: Traverser, parameters: dict[Any, Any], ctx: Context) -> Iterable[Any]:
    wanted = parameters.get("service")
    if parameters.get("verbose"):
        return [{"name": name} for name in SERVICES if name != "--list" and wanted in (None, name)]
    return [name for name in SERVICES if name != "--list" and wanted in (None, name)]


def _degree(t: Traverser, parameters: dict[Any, Any], ctx: Context) -> Iterable[Any]:
    """The number of edges at a vertex; ``direction`` is IN unless given."""
    direction = parameters.get("direction")
    if not isinstance(t.obj, Vertex):
        raise QueryError("tinker.degree.centrality goes with vertices.", remedy="Call it after V().")
    return (Long(len(ctx.graph.edges_of([t.obj], str(getattr(direction, "value", "IN")), ())[0])),)


def _search(t: Traverser, parameters: dict[Any, Any], ctx: Context) -> Iterator[Any]:
    """Properties whose text value contains ``search``; ``type`` is Vertex, Edge or VertexProperty."""
    text, kind = str(parameters.get("search", "")), parameters.get("type")
    kinds = {None: "VE", "Vertex": "V", "Edge": "E", "VertexProperty": "P"}.get(kind, "")
    for vertex in ctx.graph.vertices() if set(kinds) & set("VP") else ():
        for found in elements_properties(vertex, None):
            ctx.tick()
            if "V" in kinds and isinstance(found.value, str) and text in found.value:
                yield found
            if "P" in kinds:
                yield from (m for m in elements_properties(found, None) if isinstance(m.value, str) and text in m.value)
    for edge in ctx.graph.edges() if "E" in kinds else ():
        ctx.tick()
        yield from (p for p in elements_properties(edge, None) if isinstance(p.value, str) and text in p.value)


SERVICES: dict[str, Service] = {"--list": _listed, "tinker.search": _search, "tinker.degree.centrality": _degree}
"""Name -> service."""


class CallStep(FlatMapStep):
    def __init__(self, service: str, parameters: dict[Any, Any], more: Pipeline | None) -> None:
        self.service, self.parameters, self.more = SERVICES[service], dict(parameters), more

    def configure(self, key: str, value: Any) -> None:
        self.parameters[key] = value

    def children(self) -> Iterable[Pipeline]:
        given = [v for v in self.parameters.values() if isinstance(v, Pipeline)]
        return [*given, *([self.more] if self.more else [])]

    def flat_map(self, t: Traverser, ctx: Context) -> Iterable[Any]:
        parameters = {k: v.first(t, ctx) if isinstance(v, Pipeline) else v for k, v in self.parameters.items()}
        if self.more is not None:
            computed = self.more.first(t, ctx)
            if computed is not SKIP:
                parameters |= computed
        return self.service(t, parameters, ctx)


@step("call")
def call(instruction: Instruction, compiler: Compiler) -> Step:
    name, *rest = instruction.args or ("--list",)
    if name not in SERVICES:
        raise QueryError(f"Unrecognized service: {name}", remedy=f"Known services: {', '.join(SERVICES)}.")
    parameters = next((r for r in rest if isinstance(r, dict)), {})
    traversal = next((r for r in rest if isinstance(r, Traversal)), None)
    return CallStep(name, parameters, compiler.child(traversal) if traversal is not None else None)
