"""The shape of a graph: which vertex types, properties and links it has. The typed schema is made from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from bifrost.ports import Store
from bifrost.values import EMPTY

__all__ = ["EMPTY_SHAPE", "GraphShape", "read_shape"]

_MOST_LABELS = 500
_MOST_PROPERTIES = 500


@dataclass(frozen=True)
class GraphShape:
    """``properties`` maps label -> property -> type (as the graph view names types); ``comments`` (label, property) ->
    what the source says about the column; ``patterns`` (tail label, edge label, head label) -> how many heads a tail
    and how many tails a head has on average, rounded up to a power of two, so that small changes change no shape.
    ``edge_properties`` maps edge label -> property -> type. ``type_comments`` and ``link_comments`` are what sources say
    about a vertex type (an ontology's class, a table) and about (tail label, edge label)."""

    properties: Mapping[str, Mapping[str, str]]
    patterns: Mapping[tuple[str, str, str], tuple[int, int]]
    comments: Mapping[tuple[str, str], str]
    edge_properties: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: EMPTY)
    type_comments: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    link_comments: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def shared_types(self) -> Mapping[str, str]:
        """Types of the properties that have the same type at all labels."""
        found: dict[str, set[str]] = {}
        for types in self.properties.values():
            for name, type_ in types.items():
                found.setdefault(name, set()).add(type_)
        return {name: next(iter(types)) for name, types in found.items() if len(types) == 1}


EMPTY_SHAPE = GraphShape({}, {}, {})


def read_shape(store: Store) -> GraphShape:
    """Reads the whole graph's shape; on a large graph that takes seconds. The most frequent labels come first."""
    view = store.view()
    counts, _ = view.label_counts()
    labels = sorted(counts, key=lambda label: (-counts[label], label))[:_MOST_LABELS]
    properties = {label: dict(list(view.property_types(label).items())[:_MOST_PROPERTIES]) for label in sorted(labels)}
    patterns = {
        (tail, label, head): (_usual(count, counts[tail]), _usual(count, counts[head]))
        for tail, label, head, count in view.edge_patterns()
        if tail in properties and head in properties
    }
    edge_properties = {
        label: dict(list(types.items())[:_MOST_PROPERTIES]) for label, types in view.edge_property_types().items()
    }
    datasets = store.catalog.datasets()
    comments = {
        (summary.type, column.name): column.comment
        for summary in datasets
        for column in summary.info.columns
        if column.comment
    }
    type_comments = {summary.type: summary.info.comment for summary in datasets if summary.info.comment}
    link_comments = {
        (summary.type, label): comment
        for summary in datasets
        for label, comment in (summary.info.options.get("links") or {}).items()
    }
    return GraphShape(properties, patterns, comments, edge_properties, type_comments, link_comments)


def _usual(edges: int, vertices: int) -> int:
    average = -(-edges // max(vertices, 1))
    return 1 << max(average - 1, 0).bit_length()
