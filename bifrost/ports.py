"""The ports: what the kernel asks of connectors, readers, stores and linkers. Implementations never import each other.

Every implementation of a port runs the contract suite of that port in ``tests/contracts``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel

from bifrost.catalog import Build, BuildState, DatasetSummary, Progress, RecordFailure, Source
from bifrost.documents import Document, Mention
from bifrost.errors import RecordError
from bifrost.graph import (
    Change,
    Direction,
    Edge,
    EdgeOrigin,
    FragmentOrigin,
    Page,
    PropertyFilter,
    SearchHit,
    Vertex,
)
from bifrost.links import Correction, Judgement, LinkEdge, LinkState, LinkType, SamePair, Verdict
from bifrost.values import DatasetInfo, FileRecord, RecordFragments, RowBatch

__all__ = [
    "Catalog",
    "ChangeLog",
    "ConnectionReport",
    "Connector",
    "DocumentReading",
    "Encoder",
    "Extractor",
    "FragmentStore",
    "GraphView",
    "LinkStore",
    "Linker",
    "LinkingData",
    "ProgressSink",
    "Projection",
    "Reader",
    "ReplaceReport",
    "RowMapping",
    "RowMappings",
    "SearchIndex",
    "Store",
    "TeachRequest",
]

ProgressSink = Callable[[Progress], None]
"""Called often; must be cheap. Raises :class:`bifrost.errors.BifrostError` subclasses to cancel."""


# ---- where data lives ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConnectionReport:
    """What a connection test found: the server's own words and how many datasets it can see."""

    server: str
    datasets: int
    seconds: float
    warnings: tuple[str, ...] = ()


@runtime_checkable
class Connector(Protocol):
    """One kind of source. Constructed with its validated options; opens nothing before the first call.

    Raises :class:`~bifrost.errors.SourceError` subclasses when the source as a whole cannot be read, and *yields*
    :class:`~bifrost.errors.RecordError` for single records.
    """

    Options: ClassVar[type[BaseModel]]
    """Typed options with titles and descriptions (the console builds its form from them); secrets are SecretStr."""

    title: ClassVar[str]
    """What the console calls this kind of source."""

    def test(self) -> ConnectionReport:
        """Connects and looks; reads no data. Takes at most about 10 seconds."""

    def datasets(self) -> tuple[DatasetInfo, ...]:
        """The tables and document collections of this source, sorted by name."""

    def preview(self, dataset: DatasetInfo, limit: int = 50) -> pa.Table:
        """The first rows; for documents a table with the columns path, media_type, bytes."""

    def crawl(self, dataset: DatasetInfo) -> Iterator[RowBatch | FileRecord | RecordError]:
        """Streams all records in a stable order, with bounded memory."""

    def fetch(self, dataset: DatasetInfo, key: str) -> FileRecord:
        """One document again, as it is now. Raises NotFoundError when it is gone, InputError for a table."""

    def close(self) -> None:
        """Releases connections. Safe to call twice."""


# ---- what data says --------------------------------------------------------------------------------------------------


class Reader(Protocol):
    """Turns a file into a document. Raises RecordError for a file that is broken, encrypted or of another format."""

    media_types: ClassVar[frozenset[str]]

    def read(self, record: FileRecord) -> Document: ...


class Extractor(Protocol):
    """Finds mentions in a document's pages. Offsets refer to ``Page.text``."""

    name: str

    def extract(self, document: Document) -> Sequence[Mention]: ...


class RowMapping(Protocol):
    """Turns the rows of one dataset into what they say."""

    def map(self, batch: RowBatch) -> list[RecordFragments]: ...


class RowMappings(Protocol):
    """Makes the row mapping of a dataset, given all datasets of its source and their vertex types."""

    def __call__(
        self,
        source: str,
        dataset: DatasetInfo,
        vertex_type: str,
        catalog: Mapping[str, DatasetInfo],
        types: Mapping[str, str],
    ) -> RowMapping: ...


class DocumentReading(Protocol):
    """Reads files in parallel, in worker processes that a hostile file can kill without harm."""

    def digest(self, record: FileRecord) -> bytes:
        """Changes whenever reading the file again could give something else."""

    def read(self, source: str, dataset: str, records: Iterable[FileRecord]) -> Iterator[RecordFragments | RecordError]:
        """Streams; keeps only a few files in memory; the order may differ from that of ``records``."""


class Encoder(Protocol):
    """The one sentence encoder of a process, shared by extraction, linking and search."""

    name: str
    """Changes whenever vectors of an earlier version must not be compared with this one's."""
    dimension: int

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, float32 [len(texts), dimension]."""


# ---- where the graph lives -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplaceReport:
    """What a replace changed, in records."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "ReplaceReport") -> "ReplaceReport":
        return ReplaceReport(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
        )


class Catalog(Protocol):
    """Sources, datasets, builds, record failures. Every method is one transaction."""

    def add_source(self, source: Source, secret: bytes | None = None) -> None:
        """Raises ConflictError when the name is taken. ``secret`` is already encrypted."""

    def update_source(self, source: Source, secret: bytes | None = None) -> None: ...
    def sources(self) -> list[Source]: ...
    def source(self, name: str) -> Source: ...
    def secret(self, name: str) -> bytes | None: ...

    def remove_source(self, name: str) -> None:
        """Removes the source and all that it alone said, links and proposals included (invariant 2)."""

    def save_datasets(self, source: str, datasets: Sequence[DatasetInfo], types: Mapping[str, str]) -> None:
        """Upserts. ``types`` maps dataset name to the vertex type of its records. Datasets that vanished are kept."""

    def datasets(self, source: str | None = None) -> list[DatasetSummary]: ...

    def add_build(self, sources: Sequence[str]) -> Build: ...
    def builds(self, limit: int = 50) -> list[Build]: ...
    def build(self, id: int) -> Build: ...
    def set_build(
        self,
        id: int,
        state: BuildState,
        *,
        error: Mapping[str, Any] | None = None,
        counts: Mapping[str, float] | None = None,
    ) -> None: ...
    def set_progress(self, id: int, progress: Sequence[Progress]) -> None: ...

    def add_failures(self, failures: Sequence[RecordFailure]) -> None: ...
    def failures(
        self, build: int | None = None, source: str | None = None, limit: int = 200
    ) -> list[RecordFailure]: ...


class FragmentStore(Protocol):
    """Fragments in, served graph out, in one transaction: fragments, links, vertices, edges and change log together."""

    def replace(self, source: str, dataset: str, records: Sequence[RecordFragments], build: int) -> ReplaceReport:
        """Makes each record say exactly this. Unchanged digests cost one look-up and change nothing but ``build``."""

    def finish(self, source: str, dataset: str, build: int, *, removal_limit: float) -> ReplaceReport:
        """Removes the records that this build did not see. Raises RemovalGuardError above the limit, removing nothing."""

    def remove_records(self, source: str, dataset: str, keys: Sequence[str]) -> ReplaceReport: ...

    def digests(self, source: str, dataset: str, keys: Sequence[str]) -> dict[str, bytes]:
        """The stored digests of those of ``keys`` that exist, so that unchanged files need not be read again."""

    def touch(self, source: str, dataset: str, keys: Sequence[str], build: int) -> None:
        """Marks unchanged records as seen by this build."""

    def document(self, uid: str) -> Document: ...


class LinkingData(Protocol):
    """What linking reads: all datasets as Arrow batches, streamed."""

    def datasets(self) -> list[DatasetSummary]: ...

    def rows(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """Column ``_uid`` (string: the fragment, or for join-table rows the link statement) and one column per
        property that occurs: string (values as text, ISO dates), or list<string> where a record has several values."""

    def pages(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """Of a documents dataset: ``_uid``, ``page`` (int32, from 1), ``text``, ``from_ocr`` (bool)."""

    def mentions(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """``_uid``, ``page``, ``begin``, ``end``, ``text``, ``type``, ``normal``, ``confidence``."""

    def boxes(self, uid: str, page: int, begin: int, end: int) -> tuple[tuple[float, float, float, float], ...]:
        """Where a span of a document's page lies, one box per line; empty without a layout."""


class LinkStore(Protocol):
    """Link types, judgements and the links that follow from them."""

    def save_link_types(self, proposals: Sequence[LinkType]) -> None:
        """Upserts proposals by id. Never touches what a judgement decided (state, name, corrected fields);
        a proposal nobody judged and that is not proposed again is removed, with its edges."""

    def link_types(self, states: Sequence[LinkState] = ()) -> list[LinkType]:
        """Most probable first. No states means all."""

    def link_type(self, id: str) -> LinkType: ...

    def judge(
        self, subject: str, verdict: Verdict, by: str, *, correction: Correction | None = None, note: str = ""
    ) -> Judgement:
        """Stores the answer and applies it to the link type's state and fields. Deleting removes its edges at once."""

    def undo(self, judgement_id: int, by: str) -> Judgement:
        """Takes an answer back and restores the state before it. Raises ConflictError if already undone."""

    def judgements(self, *, subject_prefix: str = "", include_undone: bool = False) -> list[Judgement]: ...

    def write_links(self, link_type: LinkType, edges: Iterable[LinkEdge]) -> ReplaceReport:
        """Makes the edges of a link type exactly these, by diff. Pair judgements win over scores."""

    def write_same(self, link_type: LinkType, pairs: Iterable[SamePair]) -> ReplaceReport:
        """Makes the merges of a same-thing link type exactly these; the canonical id of a cluster is the smallest uid
        of its source of lowest rank. Exactly reversible."""

    def pairs(self, link_type_id: str, *, limit: int = 100, least_sure_first: bool = False) -> list[SamePair]: ...


class ChangeLog(Protocol):
    """The log that projections follow."""

    def position(self) -> int:
        """The sequence number of the newest change, 0 for an empty log."""

    def changes(self, after: int, limit: int = 10_000) -> list[Change]: ...
    def projection_position(self, name: str) -> int: ...
    def set_projection_position(self, name: str, position: int) -> None: ...


class GraphView(Protocol):
    """Reads of the served graph. Lists are ordered by vertex or edge id, and paged by an opaque cursor."""

    def vertex(self, id: str) -> Vertex | None:
        """By canonical id, or by the uid of any fragment merged into it."""

    def vertices_by_id(self, ids: Sequence[str]) -> list[Vertex]: ...
    def vertices(
        self,
        label: str | None = None,
        filters: Sequence[PropertyFilter] = (),
        *,
        order_by: str | None = None,
        descending: bool = False,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[Vertex]: ...
    def count(self, label: str | None = None, filters: Sequence[PropertyFilter] = ()) -> int: ...
    def edge(self, id: str) -> Edge | None: ...
    def edges(self, label: str | None = None, *, after: str | None = None, limit: int = 100) -> Page[Edge]: ...
    def edges_of(
        self, ids: Sequence[str], direction: Direction = Direction.BOTH, labels: Sequence[str] = (), *, limit: int = 100
    ) -> dict[str, list[Edge]]:
        """Edges of many vertices at once, at most ``limit`` per vertex: one statement per level, no N+1."""

    def degrees(self, ids: Sequence[str]) -> dict[str, int]:
        """Number of edges, in both directions, of those of ``ids`` that have any; one statement."""

    def label_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Vertices and edges per label."""

    def edge_patterns(self) -> list[tuple[str, str, str, int]]:
        """(tail label, edge label, head label, count)."""

    def property_types(self, label: str) -> dict[str, str]:
        """Property name -> text, integer, number, boolean, date, datetime, or text where values differ."""

    def vertex_origins(self, id: str) -> list[FragmentOrigin]: ...
    def edge_origins(self, id: str) -> list[EdgeOrigin]: ...


class SearchIndex(Protocol):
    """Keyword search, a projection."""

    def catch_up(self) -> int:
        """Follows the change log; returns how many changes were applied."""

    def rebuild(self) -> None: ...
    def search(self, text: str, *, labels: Sequence[str] = (), limit: int = 20, offset: int = 0) -> list[SearchHit]:
        """Words are and-ed, the last one matches as a prefix, quotes make phrases. Any input is safe."""


class Projection(Protocol):
    """Something derived from the store that follows its change log."""

    name: str

    def catch_up(self) -> int:
        """Applies the changes since the last call and returns how many; idempotent."""

    def rebuild(self) -> None: ...


class Store(Protocol):
    """A system of record. Implementations: graphstore/sql.py."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def fragments(self) -> FragmentStore: ...
    @property
    def links(self) -> LinkStore: ...
    @property
    def log(self) -> ChangeLog: ...
    def view(self) -> GraphView: ...
    def linking_data(self) -> LinkingData: ...
    def migrate(self) -> None:
        """Creates or upgrades the schema. Safe to call at every start, from several processes."""

    def batch(self) -> AbstractContextManager[None]:
        """Groups calls of this thread into one transaction."""

    def close(self) -> None: ...


# ---- what belongs together -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TeachRequest:
    """Example pairs of fragment uids that a person gave, to find the link type behind them."""

    positives: tuple[tuple[str, str], ...]
    negatives: tuple[tuple[str, str], ...] = ()
    name: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


class Linker(Protocol):
    """Finds link types and applies them. Keeps no state but caches: judgements and link types come in, proposals go out."""

    def propose(
        self, data: LinkingData, judgements: Sequence[Judgement], known: Sequence[LinkType], progress: ProgressSink
    ) -> list[LinkType]:
        """All link types worth a person's time, most probable first; a judged one keeps its id."""

    def rescore(self, known: Sequence[LinkType], judgements: Sequence[Judgement]) -> list[LinkType]:
        """After an answer: the open proposals with new probabilities, from their stored features. Under 2 seconds."""

    def teach(self, data: LinkingData, request: TeachRequest) -> list[LinkType]:
        """Link types (columns and rule) that explain the examples, best first. Raises InputError if none does."""

    def links(
        self, link_type: LinkType, data: LinkingData, judgements: Sequence[Judgement], progress: ProgressSink
    ) -> Iterator[LinkEdge]:
        """The edges of a reference or mention link type."""

    def same(
        self, link_type: LinkType, data: LinkingData, judgements: Sequence[Judgement], progress: ProgressSink
    ) -> Iterator[SamePair]:
        """The scored pairs of a same-thing link type; those at or above its threshold are merged by the store."""
