"""The served graph as files, streamed: GraphML, GraphSON, RDF, CSV for Neptune and openCypher, Parquet.

All elements of an export are of one moment: it reads one snapshot, however long that takes.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from bifrost.errors import InputError
from graphstore.export_rdf import json_ld, n_quads, turtle
from graphstore.export_rows import Snapshot, open_snapshot
from graphstore.export_tables import csv_archive, parquet_archive
from graphstore.export_text import graphml, graphson
from graphstore.sql import SqlStore

__all__ = ["FORMATS", "ExportedGraph", "Exporter"]


class ExportedGraph(NamedTuple):
    """A file made on the fly. ``chunks`` is read once, from any threads, one at a time."""

    filename: str
    media_type: str
    chunks: Iterator[bytes]


class _Format(NamedTuple):
    filename: str
    media_type: str
    write: Callable[[Snapshot], Iterator[bytes]]


FORMATS: dict[str, _Format] = {
    "graphml": _Format("graph.graphml", "application/graphml+xml", graphml),
    "graphson": _Format("graph.json", "application/vnd.gremlin-v3.0+json", graphson),
    "nquads": _Format("graph.nq", "application/n-quads", n_quads),
    "turtle": _Format("graph.ttl", "text/turtle", turtle),
    "jsonld": _Format("graph.jsonld", "application/ld+json", json_ld),
    "neptune-csv": _Format("graph-neptune.zip", "application/zip", csv_archive("neptune")),
    "opencypher-csv": _Format("graph-opencypher.zip", "application/zip", csv_archive("opencypher")),
    "parquet": _Format("graph-parquet.zip", "application/zip", parquet_archive),
}


class Exporter:
    """Exports of one store by format name."""

    def __init__(self, store: SqlStore, base_iri: str) -> None:
        self._store = store
        self._base = base_iri if base_iri.endswith(("/", "#")) else base_iri + "/"

    def __call__(self, format: str) -> ExportedGraph:
        """Raises InputError for a format there is not. Nothing is read before the first chunk is asked for."""
        found = FORMATS.get(format)
        if found is None:
            raise InputError(f"There is no export format {format!r}.", remedy=f"Choose one of: {', '.join(FORMATS)}.")
        return ExportedGraph(found.filename, found.media_type, self._chunks(found))

    def _chunks(self, format: _Format) -> Iterator[bytes]:
        with open_snapshot(self._store.database, self._base) as snapshot:
            yield from format.write(snapshot)
