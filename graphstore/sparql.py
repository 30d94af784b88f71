"""SPARQL 1.1 over the served graph: a projection into an RDF store (pyoxigraph) of its own process.

pyoxigraph cannot be interrupted, so it runs in a child process that can: a query beyond its time or memory ends the
child, which is started again, and other queries go on after a moment. The RDF mapping is described in graphstore/rdf.py.
"""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from bifrost.errors import QueryError, QueryLimitError, QuerySyntaxError, StoreUnavailableError
from graphstore.rdf import RdfMapping
from graphstore.sparql_process import (
    ChildLimitError,
    ChildProcess,
    ChildQueryError,
    ChildTimeoutError,
    FolderInUseError,
)
from graphstore.sparql_text import media_types, refuse_unsafe
from graphstore.sql import SqlStore

__all__ = ["SparqlProjection"]

_BATCH, _FIRST_BATCH = 2_000, 20_000
_A_LITTLE = 10_000
"""Changes that a query waits for; about two seconds of following."""
_FORMAT = 2
"""Changes when the RDF mapping does, so that an older folder is made anew."""


class SparqlProjection:
    """Follows the log of a store into a folder, and answers queries over it. Default graph: all graphs
    but the ontology."""

    name = "sparql"

    def __init__(self, store: SqlStore, path: Path, base_iri: str) -> None:
        self._store = store
        self._rdf = RdfMapping(store.database, base_iri if base_iri.endswith(("/", "#")) else base_iri + "/")
        self._child = ChildProcess(Path(path), f"{_FORMAT} {store.database.identity()} {self._rdf.base}")
        self._following = threading.Lock()

    # ---- following ---------------------------------------------------------------------------------------------------

    def catch_up(self) -> int:
        """Does nothing where another process serves this folder: that one follows the log itself."""
        try:
            with self._following:
                applied = sum(self._steps())
                self._store.log.set_projection_position(self.name, self._child.call("position"))
                return applied
        except FolderInUseError:
            return 0

    def rebuild(self) -> None:
        with self._following:
            self._child.call("clear")
            sum(self._steps())
            self._store.log.set_projection_position(self.name, self._child.call("position"))

    def _steps(self) -> Iterator[int]:
        log, database = self._store.log, self._store.database
        if self._child.call("position") > log.position():
            self._child.call("clear")  # a backup of the store was restored
        moved, from_nothing = False, self._child.call("position") == 0
        while True:
            end, position = log.position(), self._child.call("position")
            changes = log.changes(position, _FIRST_BATCH if from_nothing else _BATCH)
            if not changes:
                break
            moved = True
            vertices = list(dict.fromkeys(change.id for change in changes if change.element == "vertex"))
            edges = list(dict.fromkeys(change.id for change in changes if change.element == "edge"))
            with database.read() as connection:
                lines = [*self._rdf.vertices(connection, vertices), *self._rdf.edges(connection, edges)]
            stale = {
                "vertices": [self._rdf.vertex_iri(uid)[1:-1] for uid in vertices],
                "edges": [self._rdf.edge_iri(uid)[1:-1] for uid in edges],
                "labels": f"{self._rdf.base}l/",
            }
            self._child.call("apply", stale, "\n".join(lines), changes[-1].seq, from_nothing)
            yield len(changes)
        if moved or position < end:
            self._publish_ontology(end)

    def _publish_ontology(self, position: int) -> None:
        vertex_labels, edge_labels = self._store.view().label_counts()
        with self._store.database.read() as connection:
            lines = self._rdf.ontology(connection, vertex_labels, edge_labels)
        self._child.call("replace_graph", self._rdf.ontology_graph[1:-1], "\n".join(lines), position)

    # ---- asking ------------------------------------------------------------------------------------------------------

    def query(
        self,
        text: str,
        accept: str = "*/*",
        timeout: float = 30.0,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
    ) -> tuple[str, bytes]:
        """Answers SELECT, ASK, CONSTRUCT or DESCRIBE as (media type, body), in the format that ``accept`` likes best.

        ``default_graphs`` and ``named_graphs`` replace the dataset that the query names. Where neither names one, the
        default graph is the union of all graphs but the ontology.
        Raises QuerySyntaxError, PermissionDeniedError for updates and SERVICE, QueryLimitError beyond ``timeout``
        seconds or the size and memory limits.
        """
        has_dataset = refuse_unsafe(text)
        dataset = (
            (tuple(default_graphs), tuple(named_graphs)) if default_graphs or named_graphs or has_dataset else None
        )
        try:
            self._follow_a_little()
            media_type, body = self._child.call(
                "query", text, media_types(accept), self._rdf.base, dataset, self.ontology, timeout=timeout
            )
        except ChildTimeoutError:
            raise QueryLimitError(f"The query took longer than {timeout:g} seconds.") from None
        except ChildLimitError as error:
            raise QueryLimitError(str(error)) from None
        except FolderInUseError:
            raise StoreUnavailableError(
                "Another process serves the RDF data.", remedy="Send SPARQL queries to the running service."
            ) from None
        except ChildQueryError as error:
            if error.line is None:
                raise QueryError(f"The query failed: {error}") from None
            raise QuerySyntaxError(_short(str(error)), line=error.line, column=error.column or 1) from None
        return media_type, body

    @property
    def base(self) -> str:
        """What all IRIs start with."""
        return self._rdf.base

    @property
    def ontology(self) -> str:
        """The graph that describes types and link types."""
        return self._rdf.ontology_graph[1:-1]

    def graphs(self) -> list[str]:
        """The names of all graphs. Raises StoreUnavailableError where another process serves the folder."""
        try:
            self._follow_a_little()
            found: list[str] = self._child.call("graphs")
        except FolderInUseError:
            raise StoreUnavailableError(
                "Another process serves the RDF data.", remedy="Send SPARQL queries to the running service."
            ) from None
        return found

    def _follow_a_little(self) -> None:
        """A reader sees what was just written; one that comes in the middle of a build does not wait for all of it,
        nor for the build's writer, as :meth:`catch_up` does when it notes how far it is."""
        behind = self._store.log.position() - self._child.call("position")
        if 0 < behind <= _A_LITTLE:
            with self._following:
                sum(self._steps())

    def close(self) -> None:
        self._child.close()


def _short(message: str) -> str:
    """The parser's message without its list of everything that could have stood there."""
    if ": expected one of " in message:
        return "The query cannot be parsed"
    return message.splitlines()[0][:300]
