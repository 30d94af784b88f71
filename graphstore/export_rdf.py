"""RDF exports of what the SPARQL endpoint answers from (graphstore/rdf.py); Turtle has no named graphs, the others do."""

import re
from collections.abc import Iterator

import pyoxigraph as ox

from graphstore.export_rows import Snapshot
from graphstore.rdf import OWL, RDF, RDFS

__all__ = ["json_ld", "n_quads", "turtle"]


def n_quads(snapshot: Snapshot) -> Iterator[bytes]:
    for lines in _lines(snapshot):
        yield ("\n".join(lines) + "\n").encode()


def turtle(snapshot: Snapshot) -> Iterator[bytes]:
    base = snapshot.rdf.base
    prefixes = {
        "rdf": RDF, "rdfs": RDFS, "owl": OWL, "xsd": "http://www.w3.org/2001/XMLSchema#",
        **{kind: f"{base}{kind}/" for kind in ("v", "t", "p", "l", "e", "o")},
    }  # fmt: skip
    ends_in_a_dot = re.compile(f"<({'|'.join(map(re.escape, prefixes.values()))})[^<>]*\\.>")
    for lines in _lines(snapshot):
        text = "\n".join(lines)
        # rdflib cannot read p:No\. and takes the dot for the end of the statement: such names are written in full
        unfit = set(ends_in_a_dot.findall(text)) if ".>" in text else ()
        quads = ox.parse(text.encode(), ox.RdfFormat.N_QUADS, lenient=True)
        triples = dict.fromkeys(ox.Triple(quad.subject, quad.predicate, quad.object) for quad in quads)
        short = {name: iri for name, iri in prefixes.items() if iri not in unfit}
        yield ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=short) or b""


def json_ld(snapshot: Snapshot) -> Iterator[bytes]:
    """One array of node and graph objects, in expanded form."""
    start = b"["
    for lines in _lines(snapshot):
        quads = ox.parse("\n".join(lines).encode(), ox.RdfFormat.N_QUADS, lenient=True)
        array = ox.serialize(quads, format=ox.RdfFormat.JSON_LD) or b"[]"
        inner = array.strip()[1:-1]
        if inner:
            yield start + inner
            start = b",\n"
    yield b"[]" if start == b"[" else b"]"


def _lines(snapshot: Snapshot) -> Iterator[list[str]]:
    rdf, connection = snapshot.rdf, snapshot.connection
    vertex_labels, edge_labels = snapshot.labels()
    if vertex_labels:
        yield rdf.ontology(connection, vertex_labels, edge_labels)
    for vertices in snapshot.vertex_batches():
        yield list(rdf.vertices(connection, [vertex.id for vertex in vertices]))
    for edges in snapshot.edge_batches():
        yield list(rdf.edges(connection, [edge.id for edge in edges]))
