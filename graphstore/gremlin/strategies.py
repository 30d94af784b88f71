"""Traversal strategies: those that change what a traversal sees or may do. Mere optimisations are accepted and ignored,
because the planner decides by itself."""

from collections.abc import Callable
from typing import Any

from bifrost.errors import QueryError, UnsupportedStepError
from graphstore.gremlin.compiler import Compiler
from graphstore.gremlin.elements import Edge, Vertex, VertexProperty
from graphstore.gremlin.names import STRATEGIES
from graphstore.gremlin.ordering import dedup_key
from graphstore.gremlin.plan import Pipeline, Step
from graphstore.gremlin.restrict import Condition, RestrictedGraph
from graphstore.gremlin.steps.edit import AddStep, PropertyStep
from graphstore.gremlin.steps.graph import AlongStep
from graphstore.gremlin.traverser import Context
from graphstore.gremlin.tree import Instruction, Strategy, T, Traversal

__all__ = ["READ_ONLY_MESSAGE", "answers_references", "apply_strategies", "refuse_strategies", "verify"]

READ_ONLY_MESSAGE = "The provided traversal has a mutating step and thus is not read only"


def apply_strategies(strategies: dict[str, Strategy], ctx: Context) -> None:
    """Changes the context of an execution: the graph it sees, its random numbers, how by() treats missing values."""
    for name, strategy in strategies.items():
        if name not in STRATEGIES:
            raise QueryError(f"The strategy {name} is not known.", remedy=f"Known: {', '.join(sorted(STRATEGIES))}.")
        change = _CONTEXT.get(name)
        if change is not None:
            change(strategy.configuration, ctx)


def answers_references(strategies: dict[str, Strategy]) -> bool:
    """Whether elements are to be answered without their properties."""
    halted = strategies.get("HaltedTraverserStrategy")
    return "ReferenceElementStrategy" in strategies or (halted is not None and _factory(halted) == "ReferenceFactory")


def _factory(strategy: Strategy) -> str:
    return str(strategy.configuration.get("haltedTraverserFactory", "DetachedFactory")).rpartition(".")[2]


def refuse_strategies(tree: Traversal, strategies: dict[str, Strategy]) -> None:
    """Raises UnsupportedStepError for strategies that would change the answers of a traversal and are not there."""
    if "EventStrategy" in strategies:
        raise UnsupportedStepError(
            "EventStrategy calls listeners in the client's own process, which a server cannot.",
            remedy="Follow changes with a GraphQL subscription, or read the change log.",
        )
    if "ElementIdStrategy" in strategies and any(map(_about_ids, tree.walk())):
        raise UnsupportedStepError(
            "ElementIdStrategy, which keeps ids in a property, is not available.",
            remedy="Ids of your own need no strategy: addV(label).property(T.id, 'my-id'), g.V('my-id').",
        )
    if "GraphFilterStrategy" in strategies and strategies["GraphFilterStrategy"].configuration:
        raise UnsupportedStepError(
            "GraphFilterStrategy loads a part of the graph into a graph computer, which is not available.",
            remedy="Use SubgraphStrategy(vertices: ..., edges: ...) to see a part of the graph.",
        )
    halted = strategies.get("HaltedTraverserStrategy")
    if halted is not None and _factory(halted) not in ("DetachedFactory", "ReferenceFactory"):
        raise UnsupportedStepError(
            f"HaltedTraverserStrategy has no factory {_factory(halted)!r}.",
            remedy="Use DetachedFactory, or ReferenceFactory to leave out properties.",
        )


_ABOUT_IDS = frozenset({"hasId", "id", "addV", "addE", "mergeV", "mergeE"})


def _about_ids(instruction: Instruction) -> bool:
    name, args = instruction.name, instruction.args
    return name in _ABOUT_IDS or T.id in args or (name in ("V", "E") and bool(args))


def verify(pipeline: Pipeline, strategies: dict[str, Strategy]) -> None:
    """Raises QueryError where a verification strategy forbids a plan."""
    if "VertexProgramStrategy" in strategies:
        if "VertexProgramRestrictionStrategy" in strategies:
            raise QueryError("The TraversalSource does not allow the use of a GraphComputer")
        raise UnsupportedStepError(
            "A graph computer (withComputer, VertexProgramStrategy) is not available.",
            remedy="Run the traversal without it; wide traversals run on arrays by themselves.",
        )
    for name, check in _CHECKS.items():
        if name in strategies:
            for step in pipeline.walk():
                check(step, strategies[name].configuration)


def _read_only(step: Step, _: dict[str, Any]) -> None:
    if step.mutates:
        raise QueryError(f"{READ_ONLY_MESSAGE}: {step.text}", remedy="Leave the writing step out.")


def _edge_labels(step: Step, configuration: dict[str, Any]) -> None:
    if isinstance(step, AlongStep) and step.edge_labels == () and configuration.get("throwException"):
        raise QueryError(
            f"The provided traversal contains a vertex step without any specified edge label: {step.text}",
            remedy="Always specify edge labels, e.g. out('knows').",
        )


def _reserved_keys(step: Step, configuration: dict[str, Any]) -> None:
    reserved = set(configuration.get("keys") or ("id", "label"))
    if isinstance(step, (AddStep, PropertyStep)) and configuration.get("throwException"):
        for assignment in step.assignments:
            if isinstance(assignment.key, str) and assignment.key in reserved:
                raise QueryError(
                    f"The provided traversal contains an {step.name}() that is setting a property key to a reserved word: "
                    f"{assignment.key}",
                    remedy="Use another key.",
                )


_CHECKS: dict[str, Callable[[Step, dict[str, Any]], None]] = {
    "ReadOnlyStrategy": _read_only,
    "EdgeLabelVerificationStrategy": _edge_labels,
    "ReservedKeysVerificationStrategy": _reserved_keys,
}


def _condition(traversal: Any, ctx: Context) -> Condition | None:
    """The test that a nested traversal stands for, on the graph as it was before."""
    if traversal is None:
        return None
    if not isinstance(traversal, Traversal):
        raise TypeError("SubgraphStrategy takes traversals")
    pipeline = Compiler().pipeline(traversal, "strategy")
    plain = Context(ctx.graph, ctx.meter, track_path=True)
    known: dict[Any, bool] = {}

    def test(element: Any) -> bool:
        key = (type(element), element.id)
        answer = known.get(key)
        if answer is None:
            answer = known[key] = pipeline.passes(plain.start(element), plain)
        return answer

    return test


def _subgraph(configuration: dict[str, Any], ctx: Context) -> None:
    ctx.graph = ctx.view = RestrictedGraph(
        ctx.graph,
        vertices=_condition(configuration.get("vertices"), ctx),
        edges=_condition(configuration.get("edges"), ctx),
        properties=_condition(configuration.get("vertexProperties"), ctx),
        check_ends=configuration.get("checkAdjacentVertices", True) is not False,
    )


def _partition(configuration: dict[str, Any], ctx: Context) -> None:
    key = configuration.get("partitionKey")
    if not isinstance(key, str):
        raise QueryError("The partitionKey cannot be null", remedy="Give PartitionStrategy a partitionKey.")
    read = {dedup_key(v) for v in configuration.get("readPartitions") or ()}
    write = configuration.get("writePartition")

    def inside(element: Vertex | Edge) -> bool:
        if isinstance(element, Vertex):
            return any(dedup_key(v) in read for v in element.values(key))
        return dedup_key(element.properties.get(key)) in read

    def property_inside(found: VertexProperty) -> bool:
        return found.key == key or dedup_key((found.meta or {}).get(key)) in read

    with_properties = bool(configuration.get("includeMetaProperties"))
    ctx.graph = ctx.view = RestrictedGraph(
        ctx.graph,
        vertices=inside,
        edges=inside,
        properties=property_inside if with_properties else None,
        check_ends=False,
        mark=None if write is None else (key, write),
        mark_properties=with_properties,
    )


def _seed(configuration: dict[str, Any], ctx: Context) -> None:
    ctx.seed = int(configuration.get("seed", 0))


def _productive(_: dict[str, Any], ctx: Context) -> None:
    ctx.productive_by = True


_CONTEXT: dict[str, Callable[[dict[str, Any], Context], None]] = {
    "SubgraphStrategy": _subgraph,
    "PartitionStrategy": _partition,
    "SeedStrategy": _seed,
    "ProductiveByStrategy": _productive,
}
