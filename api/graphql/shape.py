"""The shape of a graph: which vertex types, properties and links it has. The typed schema is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass

from bifrost.ports import Store

__all__ = ["EMPTY_SHAPE", "GraphShape", "read_shape"]

_MOST_LABELS = 500
_MOST_PROPERTIES = 500


@dataclass(frozen=True)
class GraphShape:
    """``properties`` maps label -> property -> type (as the graph view names types); ``comments`` (label, property) ->
    what the source says about the column; ``patterns`` are (tail label, edge label, head label)."""

    properties: Mapping[str, Mapping[str, str]]
    patterns: frozenset[tuple[str, str, str]]
    comments: Mapping[tuple[str, str], str]


EMPTY_SHAPE = GraphShape({}, frozenset(), {})


def read_shape(store: Store) -> GraphShape:
    """Reads the whole graph's shape; on a large graph that takes seconds. The most frequent labels come first."""
    view = store.view()
    counts, _ = view.label_counts()
    labels = sorted(counts, key=lambda label: (-counts[label], label))[:_MOST_LABELS]
    properties = {label: dict(list(view.property_types(label).items())[:_MOST_PROPERTIES]) for label in sorted(labels)}
    patterns = frozenset(
        (tail, label, head)
        for tail, label, head, _ in view.edge_patterns()
        if tail in properties and head in properties
    )
    comments = {
        (summary.type, column.name): column.comment
        for summary in store.catalog.datasets()
        for column in summary.info.columns
        if column.comment
    }
    return GraphShape(properties, patterns, comments)
