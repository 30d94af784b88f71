"""The fixed names of gremlin-lang: predicates, enum members, constants, strategies, source steps."""

from typing import Any

from graphstore.gremlin.tree import ENUMS, Direction, Pick, T

__all__ = ["CONSTANTS", "MEMBERS", "PREDICATES", "SOURCE_STEPS", "STRATEGIES"]

SOURCE_STEPS = frozenset(
    {
        "withBulk",
        "withPath",
        "withSack",
        "withSideEffect",
        "withStrategies",
        "withoutStrategies",
        "with",
        "withComputer",
    }
)

PREDICATES = {
    name: name
    for name in [
        "eq",
        "neq",
        "gt",
        "gte",
        "lt",
        "lte",
        "inside",
        "outside",
        "between",
        "within",
        "without",
        "not",
        "typeOf",
        "containing",
        "notContaining",
        "startingWith",
        "notStartingWith",
        "endingWith",
        "notEndingWith",
        "regex",
        "notRegex",
    ]
}
"""Names that make a predicate where a value is expected. ``not(traversal)`` is told apart by its argument."""

_OPTIONS: dict[str, dict[str, Any]] = {
    "WithOptions": {
        "tokens": "~tinkerpop.valueMap.tokens",
        "none": 0,
        "ids": 1,
        "labels": 2,
        "keys": 4,
        "values": 8,
        "all": 15,
        "indexer": "~tinkerpop.index.indexer",
        "list": 0,
        "map": 1,
    },
    "IO": {
        "graphml": "graphml",
        "graphson": "graphson",
        "gryo": "gryo",
        "reader": "~tinkerpop.io.reader",
        "writer": "~tinkerpop.io.writer",
        "registry": "~tinkerpop.io.registry",
    },
    "PageRank": {
        "edges": "~tinkerpop.pageRank.edges",
        "propertyName": "~tinkerpop.pageRank.propertyName",
        "times": "~tinkerpop.pageRank.times",
    },
    "PeerPressure": {
        "edges": "~tinkerpop.peerPressure.edges",
        "propertyName": "~tinkerpop.peerPressure.propertyName",
        "times": "~tinkerpop.peerPressure.times",
    },
    "ConnectedComponent": {
        "component": "gremlin.connectedComponentVertexProgram.component",
        "edges": "~tinkerpop.connectedComponent.edges",
        "propertyName": "~tinkerpop.connectedComponent.propertyName",
    },
    "ShortestPath": {
        "distance": "~tinkerpop.shortestPath.distance",
        "edges": "~tinkerpop.shortestPath.edges",
        "includeEdges": "~tinkerpop.shortestPath.includeEdges",
        "maxDistance": "~tinkerpop.shortestPath.maxDistance",
        "target": "~tinkerpop.shortestPath.target",
    },
}

MEMBERS: dict[str, dict[str, Any]] = {
    name: {str(member.value): member for member in cls} for name, cls in ENUMS.items()
} | _OPTIONS
MEMBERS["Direction"] |= {"from": Direction.OUT, "to": Direction.IN}
MEMBERS["Scope"] |= {"global_": MEMBERS["Scope"]["global"]}
MEMBERS["VertexProperty"] = {"Cardinality": None}
MEMBERS["Order"] |= {"incr": MEMBERS["Order"]["asc"], "decr": MEMBERS["Order"]["desc"]}


def _constants() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for cls in ENUMS.values():
        for member in cls:
            names.setdefault(str(member.value), member)
    names |= {"any": Pick.any, "none": Pick.none, "value": T.value_}
    names |= {"from": Direction.OUT, "to": Direction.IN}
    names |= {"true": True, "false": False, "null": None, "NaN": float("nan"), "Infinity": float("inf")}
    return names


CONSTANTS = _constants()
"""Bare names. ``list`` and ``set`` are cardinalities, ``local`` and ``global`` scopes, ``sum`` an operator."""

STRATEGIES = frozenset(
    [
        "AdjacentToIncidentStrategy",
        "ByModulatorOptimizationStrategy",
        "ComputerFinalizationStrategy",
        "ComputerVerificationStrategy",
        "ConnectiveStrategy",
        "CountStrategy",
        "CountMatchAlgorithm",
        "EarlyLimitStrategy",
        "EdgeLabelVerificationStrategy",
        "ElementIdStrategy",
        "EventStrategy",
        "FilterRankingStrategy",
        "GraphFilterStrategy",
        "HaltedTraverserStrategy",
        "IdentityRemovalStrategy",
        "IncidentToAdjacentStrategy",
        "InlineFilterStrategy",
        "LambdaRestrictionStrategy",
        "LazyBarrierStrategy",
        "MatchAlgorithmStrategy",
        "MatchPredicateStrategy",
        "MessagePassingReductionStrategy",
        "OptionsStrategy",
        "OrderLimitStrategy",
        "PartitionStrategy",
        "PathProcessorStrategy",
        "PathRetractionStrategy",
        "ProductiveByStrategy",
        "ProfileStrategy",
        "ReadOnlyStrategy",
        "ReferenceElementStrategy",
        "RemoteStrategy",
        "RepeatUnrollStrategy",
        "ReservedKeysVerificationStrategy",
        "SeedStrategy",
        "StandardVerificationStrategy",
        "SubgraphStrategy",
        "VertexProgramRestrictionStrategy",
        "VertexProgramStrategy",
    ]
)
