"""Triples in the RDF format that a client accepts."""

from collections.abc import Iterable, Iterator, Mapping

import pyoxigraph as ox

from bifrost.errors import NotAcceptableError
from graphstore.sparql_text import chosen, media_types

__all__ = ["FORMATS", "parsed", "written"]

FORMATS = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/rdf+xml": ox.RdfFormat.RDF_XML,
    "application/ld+json": ox.RdfFormat.JSON_LD,
}


def written(triples: Iterable[ox.Triple], accept: str, prefixes: Mapping[str, str] | None = None) -> tuple[str, bytes]:
    """(media type, body). Raises NotAcceptableError."""
    media_type = chosen(media_types(accept), FORMATS, "text/turtle")
    if media_type is None:
        raise NotAcceptableError(f"There is nothing in the accepted formats. There are: {', '.join(FORMATS)}.")
    known = dict(prefixes) if prefixes and media_type == "text/turtle" else None
    return media_type, ox.serialize(triples, format=FORMATS[media_type], prefixes=known) or b""


def parsed(lines: Iterable[str]) -> Iterator[ox.Triple]:
    """N-Triples lines as triples."""
    return (quad.triple for quad in ox.parse("\n".join(lines).encode(), ox.RdfFormat.N_TRIPLES, lenient=True))
