"""The served graph as RDF: stable IRIs, one named graph per source, and statements about edges by reification.

IRIs under the base: ``v/`` vertices by uid, ``t/`` vertex types, ``p/`` properties, ``l/`` edge labels (predicates),
``e/`` edges as statements, ``s/`` a source's graph, ``links/`` the graph of a link type, ``o/`` our own terms.

* A vertex has ``rdf:type`` and ``rdfs:label`` in the graph of the source that names it, and each value in the graphs of
  the sources that say it.
* An edge is a plain triple, and an ``rdf:Statement`` ``e/<uid>`` with ``rdf:subject``, ``rdf:predicate``, ``rdf:object``,
  its own properties, ``o:score``, ``o:source``, ``o:record``, for what a link type gave ``o:linkType``, and where it is no
  certain statement of a row ``o:extractor`` and ``o:confidence``.
* Vertex types, properties, edge labels and link types are described in the graph ``ontology`` (graphstore/rdf_ontology.py),
  which is no part of the default graph: ``?thing a ?type`` lists data.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby
from typing import Any
from urllib.parse import quote

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties, decode_value
from bifrost.graph import Vertex
from bifrost.values import Value, quote_iri
from graphstore import schema as s
from graphstore.database import Database
from graphstore.encoding import evidence_from
from graphstore.merged import shown_properties
from graphstore.provenance import evidence_data
from graphstore.rdf_ontology import OWL, RDF, RDFS, ontology_triples

__all__ = ["OWL", "RDF", "RDFS", "RdfMapping", "literal"]

_XSD = "http://www.w3.org/2001/XMLSchema#"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_PLAIN = re.compile(r"[A-Za-z0-9/:@!$'()*,;=._~%-]*").fullmatch
"""Matches uids of which quote_iri changes nothing but the percent signs."""
_IRIS, _DOUBTS = 10_000, 1_000
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')


def literal(value: Value) -> str:
    """A value as an N-Quads literal with its XML Schema datatype."""
    match value:
        case str():
            return _string(value)
        case bool():
            return _typed("true" if value else "false", "boolean")
        case int():
            return _typed(str(value), "integer")
        case float():
            text = "NaN" if value != value else ("INF" if value > 0 else "-INF") if value - value != 0 else repr(value)
            return _typed(text, "double")
        case Decimal():
            return _typed(format(value, "f"), "decimal") if value.is_finite() else _string(str(value))
        case datetime():
            return _typed(value.isoformat(), "dateTime")
        case date():
            return _typed(value.isoformat(), "date")
        case time():
            return _typed(value.isoformat(), "time")
    raise TypeError(f"not a property value: {type(value).__name__}")


def _quoted(uid: str) -> str:
    """What :func:`quote_iri` gives, several times faster for nearly all uids."""
    return uid.replace("%", "%25") if _PLAIN(uid) else quote_iri(uid)


def _string(text: str) -> str:
    return '"' + _SPECIAL.sub(lambda m: _ESCAPES.get(m[0]) or f"\\u{ord(m[0]):04X}", text) + '"'


def _typed(text: str, datatype: str) -> str:
    return f'"{text}"^^<{_XSD}{datatype}>'


class RdfMapping:
    """Makes N-Quads lines of vertices and edges."""

    def __init__(self, database: Database, base: str) -> None:
        self._db = self.database = database
        self.base = base
        self._iris: dict[tuple[str, str], str] = {}

    # ---- names -------------------------------------------------------------------------------------------------------

    def iri(self, kind: str, name: str) -> str:
        """An IRI in angle brackets, for types, properties, labels, graphs."""
        found = self._iris.get((kind, name))
        if found is None:
            if len(self._iris) > _IRIS:
                self._iris.clear()
            found = self._iris[kind, name] = f"<{self.base}{kind}/{quote(name, safe='')}>"
        return found

    def vertex_iri(self, uid: str) -> str:
        return f"<{self.base}v/{_quoted(uid)}>"

    def edge_iri(self, uid: str) -> str:
        return f"<{self.base}e/{_quoted(uid)}>"

    def provenance_iri(self, uid: str) -> str:
        """The graph that tells where the values of a vertex came from."""
        return f"<{self.base}provenance/{quote_iri(uid)}>"

    def literal(self, value: Value) -> str:
        return literal(value)

    def source_graph(self, source: str) -> str:
        return self.iri("s", source)

    @property
    def ontology_graph(self) -> str:
        return f"<{self.base}ontology>"

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def vertices(self, connection: Connection, uids: Sequence[str]) -> Iterator[str]:
        """Lines of those of the vertices that exist."""
        f = s.fragment
        query = (
            sa.select(
                s.vertex.c.id.label("vertex"), s.vertex.c.uid, s.vertex.c.label, s.vertex.c.properties.label("served"),
                f.c.id, f.c.properties, f.c.evidence, s.source.c.name.label("source"),
            )
            .join(f, f.c.canonical == s.vertex.c.id)
            .join(s.dataset, s.dataset.c.id == f.c.dataset)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(self._db.within(s.vertex.c.uid, uids))
            .order_by(s.vertex.c.id, f.c.id)
        )  # fmt: skip
        names = self._db.label_names(connection)
        for _, group in groupby(connection.execute(query), key=lambda row: row.vertex):
            members = list(group)
            shown = shown_properties(members) or {}
            for row in members:
                subject, graph = self.vertex_iri(row.uid), self.source_graph(row.source)
                if row.id == row.vertex:
                    vertex = Vertex(row.uid, names[row.label], decode_properties(row.served))
                    yield f"{subject} <{RDF}type> {self.iri('t', vertex.label)} {graph} ."
                    yield f"{subject} <{RDFS}label> {literal(vertex.display_name())} {graph} ."
                yield from self._values(subject, shown.get(row.id, {}), graph)

    def _values(self, subject: str, properties: Mapping[str, Iterable[Any]], graph: str) -> Iterator[str]:
        for name, values in properties.items():
            predicate = self.iri("p", name)
            for value in values:
                yield f"{subject} {predicate} {literal(decode_value(value))} {graph} ."

    # ---- edges -------------------------------------------------------------------------------------------------------

    def edges(self, connection: Connection, uids: Sequence[str]) -> Iterator[str]:
        """Lines of those of the edges that exist."""
        names, base = self._db.label_names(connection), self.base
        kind, subject, predicate, object_ = (f"<{RDF}{name}>" for name in ("type", "subject", "predicate", "object"))
        sources: dict[str, tuple[str, str]] = {}
        doubts: dict[str, list[str]] = {}
        for row in connection.execute(self._edge_query().where(self._db.within(s.link.c.uid, uids))).all():
            if row.source not in sources:
                sources[row.source] = self.source_graph(row.source), literal(row.source)
            graph, source = sources[row.source]
            if row.link_type is not None:
                graph = self.iri("links", row.link_type)
            tail, head = self.vertex_iri(row.tail_uid), self.vertex_iri(row.head_uid)
            label, statement = self.iri("l", names[row.label]), self.edge_iri(row.uid)
            yield f"{tail} {label} {head} {graph} ."
            yield f"{statement} {kind} <{RDF}Statement> {graph} ."
            yield f"{statement} {subject} {tail} {graph} ."
            yield f"{statement} {predicate} {label} {graph} ."
            yield f"{statement} {object_} {head} {graph} ."
            yield f"{statement} <{base}o/score> {literal(float(row.score))} {graph} ."
            yield f"{statement} <{base}o/source> {source} {graph} ."
            yield f"{statement} <{base}o/record> {literal(f'{row.dataset}/{row.record}')} {graph} ."
            if row.link_type is not None:
                yield f"{statement} <{base}o/linkType> {graph} {graph} ."
            if row.evidence is not None:
                if row.evidence not in doubts:
                    if len(doubts) > _DOUBTS:
                        doubts.clear()
                    doubts[row.evidence] = self._doubts(connection, row.evidence)
                for said in doubts[row.evidence]:
                    yield f"{statement} {said} {graph} ."
            if row.properties != "{}":
                yield from self._values(statement, orjson.loads(row.properties), graph)

    def _doubts(self, connection: Connection, stored: str) -> list[str]:
        """How a link was found and how surely, where it is not what a row says: most links need no more triples."""
        evidence = evidence_from(evidence_data(connection, stored).get("default", {}))
        said = []
        if evidence.extractor != "row":
            said.append(f"<{self.base}o/extractor> {literal(evidence.extractor)}")
        if evidence.confidence != 1.0:
            said.append(f"<{self.base}o/confidence> {literal(float(evidence.confidence))}")
        return said

    def _edge_query(self) -> Any:
        tail, head = s.vertex.alias("tail_vertex"), s.vertex.alias("head_vertex")
        link, said = s.link, s.fragment.alias("said")
        return (
            sa.select(
                s.edge.c.uid, s.edge.c.label, s.edge.c.properties, s.edge.c.score, tail.c.uid.label("tail_uid"),
                head.c.uid.label("head_uid"), s.link_type.c.id.label("link_type"), s.record.c.key.label("record"), link.c.evidence,
                s.dataset.c.name.label("dataset"), s.source.c.name.label("source"),
            )
            .join(tail, tail.c.id == s.edge.c.tail)
            .join(head, head.c.id == s.edge.c.head)
            .join(link, link.c.id == s.edge.c.id)
            .join(said, said.c.id == link.c.tail)
            .join(s.record, s.record.c.id == sa.func.coalesce(link.c.record, said.c.record))
            .join(s.dataset, s.dataset.c.id == s.record.c.dataset)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .outerjoin(s.link_type, s.link_type.c.number == link.c.link_type)
        )  # fmt: skip

    # ---- the ontology ------------------------------------------------------------------------------------------------

    def ontology(self, connection: Connection, labels: Iterable[str], edge_labels: Iterable[str]) -> list[str]:
        """Lines of the graph that describes types, properties, edge labels and link types."""
        triples = ontology_triples(self, connection, list(labels), list(edge_labels))
        return sorted({f"{' '.join(triple)} {self.ontology_graph} ." for triple in triples})
