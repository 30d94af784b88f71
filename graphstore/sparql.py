"""SPARQL 1.1 over the served graph: a projection into an RDF store (pyoxigraph) of its own process.

pyoxigraph cannot be interrupted, so it runs in a child process that can: a query beyond its time or memory ends the
child, which is started again, and other queries go on after a moment. The RDF mapping is described in graphstore/rdf.py.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bifrost.errors import NotFoundError, QueryError, QueryLimitError, QuerySyntaxError, StoreUnavailableError
from bifrost.ports import Lag
from graphstore import schema as s
from graphstore.following import A_LITTLE, Following, warn
from graphstore.rdf import RdfMapping
from graphstore.rdf_provenance import provenance_lines
from graphstore.rdf_writing import parsed, written
from graphstore.sparql_process import (
    ChildLimitError,
    ChildProcess,
    ChildQueryError,
    ChildTimeoutError,
    FolderInUseError,
)
from graphstore.sparql_text import dataset_of, media_types, refuse_unsafe
from graphstore.sql import SqlStore
from graphstore.statistics import labels_in_use

__all__ = ["SparqlProjection"]

_BATCH, _LARGE_BATCH = 2_000, 20_000
_FORMAT = 4
"""Changes when the RDF mapping does, so that an older folder is made anew."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """A number of changes up to a position: what they made stale, and what is now."""

    changes: int
    position: int
    stale: dict[str, Any]
    lines: str
    ontology: list[str]
    in_bulk: bool


class SparqlProjection:
    """Follows the log of a store into a folder, and answers queries over it. Default graph: what
    all graphs but the ontology say, each triple once."""

    name = "sparql"

    def __init__(self, store: SqlStore, path: Path, base_iri: str) -> None:
        self._store = store
        self._rdf = RdfMapping(store.database, base_iri if base_iri.endswith(("/", "#")) else base_iri + "/")
        self._child = ChildProcess(Path(path), f"{_FORMAT} {store.database.identity()} {self._rdf.base}")
        self._following = Following(store.log, self._child.position, self._steps)
        self._published: list[str] = []

    # ---- following ---------------------------------------------------------------------------------------------------

    def position(self) -> int:
        return self._child.position()

    def lag(self) -> Lag:
        return self._following.lag()

    def follow(self, seconds: float) -> Lag:
        """Raises StoreUnavailableError where there is something to follow and another process serves the folder."""
        with _errors_mapped():
            return self._following.follow(seconds)

    def catch_up(self) -> int:
        """Does nothing where another process serves this folder: that one follows the log itself."""
        try:
            return self._following.finish()
        except FolderInUseError:
            return 0

    def rebuild(self, progress: Callable[[float], object] = lambda share: None) -> None:
        """Raises StoreUnavailableError where another process serves the folder."""
        log = self._store.log
        with _errors_mapped(), self._following.lock:
            self._clear()
            for _ in self._steps():
                progress(self._child.position() / max(log.position(), 1))
            progress(1.0)

    def _clear(self) -> None:
        self._child.call("clear")
        self._published = []

    def _steps(self) -> Generator[int, None, None]:
        """The child loads a batch while the next one is made. Where nobody asks for that, only the first is loaded."""
        if self._child.position() > self._store.log.position():
            self._clear()  # a backup of the store was restored
        position, bulk_until = self._child.position(), 0
        loading: Future[None] | None = None
        with ThreadPoolExecutor(1, "sparql-load") as pool:
            try:
                while True:
                    end = self._store.log.position()
                    if end - position > A_LITTLE:
                        bulk_until = end
                    batch = self._batch(position, end, in_bulk=position < bulk_until)
                    before, loading = loading, None
                    if before is not None:
                        before.result()
                    if batch is None:
                        return
                    loading, position = pool.submit(self._load, batch), batch.position
                    yield batch.changes
            finally:
                if loading is not None:
                    loading.result()

    def _batch(self, position: int, end: int, *, in_bulk: bool) -> "_Batch | None":
        """What changed after a position; None where nothing did."""
        changes = self._store.log.changes(position, _LARGE_BATCH if in_bulk else _BATCH)
        if not changes and position == end:
            return None
        vertices = list(dict.fromkeys(change.id for change in changes if change.element == "vertex"))
        edges = list(dict.fromkeys(change.id for change in changes if change.element == "edge"))
        with self._store.database.read() as connection:
            lines = [*self._rdf.vertices(connection, vertices), *self._rdf.edges(connection, edges)]
            ontology = self._rdf.ontology(connection, *labels_in_use(connection))
        stale = {
            "vertices": [self._rdf.vertex_iri(uid)[1:-1] for uid in vertices],
            "edges": [self._rdf.edge_iri(uid)[1:-1] for uid in edges],
            "labels": f"{self._rdf.base}l/",
        }
        reached = changes[-1].seq if changes else end
        return _Batch(len(changes), reached, stale, "\n".join(lines), ontology, in_bulk)

    def _load(self, batch: "_Batch") -> None:
        if batch.ontology != self._published:
            self._child.call("replace_graph", self.ontology, "\n".join(batch.ontology))
            self._published = batch.ontology
        self._child.call("apply", batch.stale, batch.lines, batch.position, batch.in_bulk)

    # ---- asking ------------------------------------------------------------------------------------------------------

    def query(
        self,
        text: str,
        accept: str = "*/*",
        timeout: float = 30.0,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        behind: Callable[[Lag], object] | None = None,
    ) -> tuple[str, bytes]:
        """Answers SELECT, ASK, CONSTRUCT or DESCRIBE as (media type, body), in the format that ``accept`` likes best.

        ``default_graphs`` and ``named_graphs`` replace the dataset that the query names. Where neither names one, the
        default graph is what all graphs but the ontology say. It has each triple once. ``behind`` is called where the answer
        leaves changes out, because there are more than a query waits for; else such an answer is logged.
        Raises NotAcceptableError where ``accept`` fits no format, QuerySyntaxError, PermissionDeniedError for updates
        and SERVICE, QueryLimitError beyond ``timeout`` seconds or the size and memory limits.
        """
        dataset: tuple[Sequence[str], Sequence[str]] | None = None
        if refuse_unsafe(text):
            said = dataset_of(text, self._rdf.base)
            dataset = said if len(said[0]) > 1 else ((), ())
        if default_graphs or named_graphs:
            dataset = tuple(default_graphs), tuple(named_graphs)
        try:
            with _errors_mapped():
                lag = self._following.for_a_query()
                if dataset is not None and len(dataset[0]) > 1:
                    self._prepare(dataset, timeout)
                media_type, body = self._child.call(
                    "query", text, media_types(accept), self._rdf.base, dataset, self.ontology, timeout=timeout
                )
        except ChildTimeoutError:
            raise QueryLimitError(f"The query took longer than {timeout:g} seconds.") from None
        except ChildLimitError as error:
            raise QueryLimitError(str(error)) from None
        except ChildQueryError as error:
            if error.line is None:
                raise QueryError(f"The query failed: {error}") from None
            raise QuerySyntaxError(_short(str(error)), line=error.line, column=error.column or 1) from None
        if lag.changes:
            behind(lag) if behind else warn(self.name, lag)
        return media_type, body

    def _prepare(self, dataset: tuple[Sequence[str], Sequence[str]], seconds: float) -> None:
        if not self._child.call("prepare", dataset, self.ontology, seconds):
            raise QueryLimitError(
                f"The graphs after FROM are being put together, which takes longer than {seconds:g} seconds.",
                remedy="Ask again in a while, or ask about one graph or about all.",
            )

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
        with _errors_mapped():
            self._following.for_a_query()
            found: list[str] = self._child.call("graphs")
        return found

    def provenance(self, uid: str, accept: str = "*/*") -> tuple[str, bytes]:
        """Where the values of a vertex came from, as (media type, body): read from the store now. ``uid`` may be that of
        any fragment. Raises NotFoundError, and NotAcceptableError where ``accept`` fits no format."""
        with self._store.database.read() as connection:
            found = self._store.view().vertex(uid)
            query = sa.select(s.vertex.c.id).where(s.vertex.c.uid == ("" if found is None else found.id))
            key = connection.execute(query).scalar()
            if found is None or key is None:
                raise NotFoundError(f"There is no vertex {uid!r}.", remedy="Look for it with a query.")
            lines = list(provenance_lines(self._rdf, connection, found, key))
        return written(parsed(lines), accept)

    def close(self) -> None:
        self._child.close()


@contextmanager
def _errors_mapped() -> Iterator[None]:
    try:
        yield
    except FolderInUseError:
        raise StoreUnavailableError(
            "Another process serves the RDF data.", remedy="Send SPARQL queries to the running service."
        ) from None


def _short(message: str) -> str:
    """The parser's message without its list of everything that could have stood there."""
    if ": expected one of " in message:
        return "The query cannot be parsed"
    return message.splitlines()[0][:300]
