"""The SPARQL service description (https://www.w3.org/TR/sparql11-service-description/)."""

from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from graphstore.rdf_writing import written

__all__ = ["describe"]

_SD = "http://www.w3.org/ns/sparql-service-description#"
_FORMATS = "http://www.w3.org/ns/formats/"
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_RESULTS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV", "Turtle", "N-Triples",
    "RDF_XML", "N-Quads", "TriG", "N3", "JSON-LD",
)  # fmt: skip


def describe(url: str, graphs: Iterable[str], accept: str) -> tuple[str, bytes]:
    """(media type, body): the service at ``url``, its formats, its features and its graphs. Raises NotAcceptableError."""
    return written(_triples(ox.NamedNode(url), graphs), accept, {"sd": _SD, "formats": _FORMATS})


def _triples(service: ox.NamedNode, graphs: Iterable[str]) -> Iterator[ox.Triple]:
    def sd(name: str) -> ox.NamedNode:
        return ox.NamedNode(_SD + name)

    dataset, default = ox.BlankNode(), ox.BlankNode()
    yield ox.Triple(service, _TYPE, sd("Service"))
    yield ox.Triple(service, sd("endpoint"), service)
    yield ox.Triple(service, sd("supportedLanguage"), sd("SPARQL11Query"))
    for name in _RESULTS:
        yield ox.Triple(service, sd("resultFormat"), ox.NamedNode(_FORMATS + name))
    yield ox.Triple(service, sd("feature"), sd("UnionDefaultGraph"))
    yield ox.Triple(service, sd("defaultDataset"), dataset)
    yield ox.Triple(dataset, _TYPE, sd("Dataset"))
    yield ox.Triple(dataset, sd("defaultGraph"), default)
    yield ox.Triple(default, _TYPE, sd("Graph"))
    for iri in graphs:
        named, graph = ox.BlankNode(), ox.BlankNode()
        yield ox.Triple(dataset, sd("namedGraph"), named)
        yield ox.Triple(named, _TYPE, sd("NamedGraph"))
        yield ox.Triple(named, sd("name"), ox.NamedNode(iri))
        yield ox.Triple(named, sd("graph"), graph)
        yield ox.Triple(graph, _TYPE, sd("Graph"))
