"""The RDF files of a source as datasets: one per class, with a record per instance.

All RDF files of a source are one graph, because an IRI means the same in all of them. A record is the whole of what they
say about one subject, as JSON (see :func:`said_json`); extraction/rdf_rows.py makes a vertex and its edges of it.
"""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
import pyarrow as pa
import pyoxigraph as ox

from bifrost.codec import encode_value
from bifrost.errors import RecordError
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, RowBatch
from connectors._rdf_load import RdfFile, RdfGraph, load
from connectors._rdf_subjects import Said, Subjects
from connectors._rdf_terms import TYPE, Vocabulary

__all__ = ["RDF", "rdf_batches", "rdf_datasets", "rdf_preview"]

RDF = "rdf"
"""``options["format"]`` of these datasets."""

_ROWS = 1000
_MOST_COLUMNS = 500
_XSD = "http://www.w3.org/2001/XMLSchema#"
_TYPES = {
    "integer": "integer", "int": "integer", "long": "integer", "decimal": "number", "double": "number",
    "float": "number", "boolean": "boolean", "date": "date", "dateTime": "datetime", "time": "time",
}  # fmt: skip
_COLUMNS = """SELECT ?p (SAMPLE(DATATYPE(?o)) AS ?d) (COUNT(DISTINCT DATATYPE(?o)) AS ?n) WHERE {
    GRAPH ?g { ?s a %s } GRAPH ?h { ?s ?p ?o } FILTER(ISLITERAL(?o)) } GROUP BY ?p"""
_PREDICATES = """SELECT DISTINCT ?p WHERE {
    GRAPH ?g { ?s a %s } GRAPH ?h { ?s ?p ?o } FILTER(!ISLITERAL(?o)) } ORDER BY ?p"""
_UNTYPED = """SELECT DISTINCT ?s WHERE { GRAPH ?g { ?s ?p ?o } FILTER NOT EXISTS { GRAPH ?h { ?s a ?t } } }"""


class _Instances:
    """The instances of one graph, by class."""

    def __init__(self, graph: RdfGraph) -> None:
        self.graph = graph
        self.vocabulary = Vocabulary(graph.store)
        self.subjects = Subjects(graph.store, self.vocabulary)
        self._untyped: dict[str, list[Any]] = {}
        for row in graph.store.query(_UNTYPED):
            found = self.vocabulary.class_of(row["s"])
            if found is not None:
                self._untyped.setdefault(found, []).append(row["s"])
        self.counts: Counter[str] = Counter({iri: len(nodes) for iri, nodes in self._untyped.items()})
        for node, iri in self._typed(None):
            if self.vocabulary.class_of(node) == iri:
                self.counts[iri] += 1

    def of(self, iri: str) -> Iterator[Any]:
        """Every instance once, in the same order at every reading of the same files."""
        for node, _ in self._typed(iri):
            if self.vocabulary.class_of(node) == iri:
                yield node
        yield from sorted(self._untyped.get(iri, ()), key=str)

    def _typed(self, iri: str | None) -> Iterator[tuple[Any, str]]:
        store = self.graph.store
        for quad in store.quads_for_pattern(None, TYPE, None if iri is None else ox.NamedNode(iri), None):
            if not isinstance(quad.object, ox.NamedNode):
                continue
            # A subject may be of the same class in several files; it counts in the first.
            same = store.quads_for_pattern(quad.subject, TYPE, quad.object, None)
            if quad.graph_name == min((one.graph_name for one in same), key=str):
                yield quad.subject, quad.object.value


@lru_cache(maxsize=2)
def _instances(files: tuple[RdfFile, ...]) -> _Instances:
    return _Instances(load(files))


def rdf_datasets(files: tuple[RdfFile, ...]) -> list[DatasetInfo]:
    """One dataset per class that has instances, named after it."""
    if not files:
        return []
    instances = _instances(files)
    vocabulary = instances.vocabulary
    found: list[DatasetInfo] = []
    used: Counter[str] = Counter()
    for iri in sorted(instances.counts, key=lambda iri: (vocabulary.name(iri), iri)):
        name = vocabulary.name(iri)
        used[name] += 1
        numbered = name if used[name] == 1 else f"{name} {used[name]}"
        found.append(
            DatasetInfo(
                f"{RDF}#{numbered}",
                DatasetKind.TABLE,
                columns=_columns(instances, iri),
                comment=vocabulary.comment(iri),
                estimated_records=instances.counts[iri],
                options={
                    "format": RDF,
                    "class": iri,
                    "vertex_type": name,
                    "first": not found,
                    "links": _links(instances, iri),
                },
            )
        )
    return found


def _columns(instances: _Instances, iri: str) -> tuple[ColumnInfo, ...]:
    columns = {"iri": ColumnInfo("iri", nullable=False)}
    if iri.startswith("http"):
        for row in instances.graph.store.query(_COLUMNS % ox.NamedNode(iri)):
            predicate, datatype = row["p"].value, row["d"].value if row["d"] is not None else ""
            name = instances.vocabulary.name(predicate)
            same = row["n"].value == "1" and datatype.startswith(_XSD)
            kind = _TYPES.get(datatype.removeprefix(_XSD), "text") if same else "text"
            columns.setdefault(name, ColumnInfo(name, kind, comment=instances.vocabulary.comment(predicate)))
    return tuple(columns[name] for name in sorted(columns))[:_MOST_COLUMNS]


def _links(instances: _Instances, iri: str) -> dict[str, str]:
    """What the ontology says about the links that instances of a class have, by their labels."""
    found: dict[str, str] = {}
    if iri.startswith("http"):
        for row in instances.graph.store.query(_PREDICATES % ox.NamedNode(iri)):
            comment = instances.vocabulary.comment(row["p"].value)
            if comment and len(found) < _MOST_COLUMNS:
                found.setdefault(instances.vocabulary.name(row["p"].value), comment)
    return dict(sorted(found.items()))


def rdf_batches(files: tuple[RdfFile, ...], dataset: DatasetInfo) -> Iterator[RowBatch | RecordError]:
    instances = _instances(files)
    if dataset.options.get("first"):
        yield from instances.graph.problems
    keys: list[str] = []
    said: list[bytes] = []
    for node in instances.of(dataset.options["class"]):
        keys.append(instances.subjects.key(node))
        said.append(said_json(instances.subjects.read(node)))
        if len(keys) == _ROWS:
            yield _batch(keys, said)
            keys, said = [], []
    if keys:
        yield _batch(keys, said)


def _batch(keys: list[str], said: list[bytes]) -> RowBatch:
    # Two blank nodes that say the same of the same things are one.
    rows = dict(zip(keys, said, strict=True))
    return RowBatch(pa.table({"said": pa.array([row.decode() for row in rows.values()], pa.string())}), tuple(rows))


def rdf_preview(files: tuple[RdfFile, ...], dataset: DatasetInfo, limit: int) -> pa.Table:
    """The first instances with their values as texts."""
    instances = _instances(files)
    rows: list[dict[str, str]] = []
    for node in instances.of(dataset.options["class"]):
        if len(rows) == limit:
            break
        said = instances.subjects.read(node)
        shown = {name: ", ".join(map(str, values)) for name, values in said.properties.items()}
        for link in said.links:
            shown[link.label] = ", ".join(filter(None, (shown.get(link.label), link.key)))
        rows.append(shown)
    names = sorted({name for row in rows for name in row} | {"iri"}, key=lambda name: (name != "iri", name))
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names[:_MOST_COLUMNS]})


def said_json(said: Said) -> bytes:
    """``{"properties": {name: values}, "predicates": {name: IRI}, "links": [{"predicate", "label", "key", "properties"}]}``,
    values as :func:`bifrost.codec.encode_value` writes them."""

    def encoded(properties: dict[str, Any]) -> dict[str, Any]:
        return {name: [encode_value(value) for value in values] for name, values in properties.items()}

    links = [
        {"predicate": one.predicate, "label": one.label, "key": one.key, "properties": encoded(one.properties)}
        for one in said.links
    ]
    return orjson.dumps({"properties": encoded(said.properties), "predicates": said.predicates, "links": links})
