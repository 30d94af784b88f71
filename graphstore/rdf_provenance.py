"""Where each value of a vertex came from, as RDF made when it is asked for: nothing of it is kept in the RDF store.

A value is an ``rdf:Statement`` like those of edges (RDF 1.1, so that every library reads it), one for each record that says
it, with ``o:source``, ``o:record``, ``o:time``, ``o:extractor``, ``o:confidence``, ``o:page`` and ``o:column``.
"""

from collections.abc import Iterator

from sqlalchemy.engine import Connection

from bifrost.graph import FragmentOrigin, Vertex
from bifrost.values import Evidence, Value
from graphstore.provenance import vertex_origins
from graphstore.rdf import RDF, RdfMapping
from graphstore.values import value_key

__all__ = ["provenance_lines"]


def provenance_lines(rdf: RdfMapping, connection: Connection, vertex: Vertex, key: int) -> Iterator[str]:
    """N-Triples lines of the values of a vertex; ``key`` is its row id."""
    origins = vertex_origins(rdf.database, connection, [key], rdf.database.label_names(connection))[key]
    shown = {name: {value_key(value) for value in values} for name, values in vertex.properties.items()}
    number = 0
    for origin in origins:
        for name, values in origin.properties.items():
            for value in values:
                if value_key(value) in shown.get(name, ()):
                    number += 1
                    yield from _statement(rdf, vertex.id, number, name, value, origin)


def _statement(
    rdf: RdfMapping, uid: str, number: int, name: str, value: Value, origin: FragmentOrigin
) -> Iterator[str]:
    subject = f"{rdf.provenance_iri(uid)[:-1]}#{number}>"
    evidence: Evidence = origin.evidence.get(name, origin.default_evidence)
    said: dict[str, Value | None] = {
        "source": origin.source,
        "record": f"{origin.dataset}/{origin.record}",
        "time": origin.seen,
        "extractor": evidence.extractor,
        "confidence": float(evidence.confidence),
        "page": evidence.page,
        "column": evidence.column or None,
    }
    yield f"{subject} <{RDF}type> <{RDF}Statement> ."
    yield f"{subject} <{RDF}subject> {rdf.vertex_iri(uid)} ."
    yield f"{subject} <{RDF}predicate> {rdf.iri('p', name)} ."
    yield f"{subject} <{RDF}object> {rdf.literal(value)} ."
    for term, what in said.items():
        if what is not None:
            yield f"{subject} <{rdf.base}o/{term}> {rdf.literal(what)} ."
