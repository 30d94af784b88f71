"""What the ontology graph says of types, properties, labels and link types: OWL and RDFS with what sources declare.

It is read from the catalog and from indexes, never from the values, because it is made anew with every change that is
followed. So domains and ranges are those that sources declare for their columns; a property that no column declares has none.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.values import DatasetInfo
from graphstore import schema as s
from graphstore.database import PROPERTY
from graphstore.encoding import dataset_info_from

if TYPE_CHECKING:
    from graphstore.rdf import RdfMapping

__all__ = ["ontology_triples"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
_SCHEMA = "https://schema.org/"
_XSD = "http://www.w3.org/2001/XMLSchema#"
_RANGES = {
    "text": "string", "integer": "integer", "boolean": "boolean", "date": "date", "datetime": "dateTime", "time": "time",
}  # fmt: skip
"""Numbers are decimals or doubles, lists may hold anything: they have no range."""
TERMS = {
    "score": "How probable a link is; 1 for what a source states.",
    "source": "The source that states something.",
    "record": "The dataset and record that state something.",
    "linkType": "The link type that gave a link.",
    "extractor": "What found it in its record; without one, it is a value of a row.",
    "confidence": "How sure the extractor was; without one, it was certain.",
    "time": "When the record last changed.",
    "page": "The page of the document where it was found.",
    "column": "The column of the row where it was found.",
}
"""Our own terms about statements."""

Triple = tuple[str, str, str]


def ontology_triples(
    rdf: "RdfMapping", connection: Connection, labels: Sequence[str], edge_labels: Sequence[str]
) -> Iterator[Triple]:
    """(subject, predicate, object) as N-Triples writes them, some of them more than once."""
    datasets = _datasets(connection)
    yield rdf.ontology_graph, f"<{RDF}type>", f"<{OWL}Ontology>"
    for name in labels:
        yield from _named(rdf, rdf.iri("t", name), name, f"{RDFS}Class", f"{OWL}Class")
    for _, _, type_, info in datasets:
        if type_ in labels and info.comment:
            yield rdf.iri("t", type_), f"<{RDFS}comment>", rdf.literal(info.comment)
    yield from _properties(rdf, connection, set(labels), datasets)
    for name in edge_labels:
        yield from _named(rdf, rdf.iri("l", name), name, f"{OWL}ObjectProperty")
    yield from _link_types(rdf, connection, set(labels), {(source, name): type_ for source, name, type_, _ in datasets})
    for name, comment in TERMS.items():
        term = f"<{rdf.base}o/{name}>"
        yield term, f"<{RDF}type>", f"<{OWL}AnnotationProperty>"
        yield term, f"<{RDFS}comment>", rdf.literal(comment)


def _datasets(connection: Connection) -> list[tuple[str, str, str, DatasetInfo]]:
    """(source, dataset, type, what the source declares)."""
    query = (
        sa.select(s.source.c.name.label("source"), s.dataset.c.name, s.dataset.c.type, s.dataset.c.info)
        .join(s.source, s.source.c.id == s.dataset.c.source)
        .order_by(s.dataset.c.id)
    )
    return [(row.source, row.name, row.type, dataset_info_from(row.info)) for row in connection.execute(query)]


def _named(rdf: "RdfMapping", subject: str, name: str, *kinds: str) -> Iterator[Triple]:
    for kind in kinds:
        yield subject, f"<{RDF}type>", f"<{kind}>"
    yield subject, f"<{RDFS}label>", rdf.literal(name)


def _properties(
    rdf: "RdfMapping", connection: Connection, labels: set[str], datasets: Sequence[tuple[str, str, str, DatasetInfo]]
) -> Iterator[Triple]:
    declared: dict[str, list[tuple[str, Any]]] = {}
    for _, _, type_, info in datasets:
        for column in info.columns if type_ in labels else ():
            declared.setdefault(column.name, []).append((type_, column))
    used = sa.exists().where(s.vertex_value.c.key == s.label.c.id)
    query = sa.select(s.label.c.name).where(s.label.c.element == PROPERTY, used)
    for name in connection.execute(query).scalars():
        subject = rdf.iri("p", name)
        yield from _named(rdf, subject, name, f"{OWL}DatatypeProperty")
        columns = declared.get(name, [])
        # Several domains would say that a thing is of all these types.
        domains = {type_ for type_, _ in columns}
        predicate = f"<{RDFS}domain>" if len(domains) == 1 else f"<{_SCHEMA}domainIncludes>"
        for type_ in domains:
            yield subject, predicate, rdf.iri("t", type_)
        ranges = {_RANGES.get(column.type) for _, column in columns}
        range_ = ranges.pop() if len(ranges) == 1 else None
        if range_ is not None:
            yield subject, f"<{RDFS}range>", f"<{_XSD}{range_}>"
        for _, column in columns:
            if column.comment:
                yield subject, f"<{RDFS}comment>", rdf.literal(column.comment)


def _link_types(
    rdf: "RdfMapping", connection: Connection, labels: set[str], types: dict[tuple[str, str], str]
) -> Iterator[Triple]:
    t = s.link_type
    for row in connection.execute(sa.select(t.c.id, t.c.data).where(t.c.state == "confirmed")):
        data, subject = orjson.loads(row.data), rdf.iri("links", row.id)
        yield from _named(rdf, subject, data["name"], f"{OWL}ObjectProperty")
        yield subject, f"<{RDFS}subPropertyOf>", rdf.iri("l", data["name"])
        for reason in data["reasons"]:
            yield subject, f"<{RDFS}comment>", rdf.literal(reason)
        for end, predicate in (("tail", "domain"), ("head", "range")):
            type_ = types.get((data[end]["source"], data[end]["dataset"]))
            if type_ in labels and type_ is not None:
                yield subject, f"<{RDFS}{predicate}>", rdf.iri("t", type_)
