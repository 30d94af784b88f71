"""Where the graph lives: the system of record and its projections."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bifrost.catalog import Build, BuildState, DatasetSummary, Progress, RecordFailure, Source
from bifrost.documents import Document
from bifrost.graph import (
    Change,
    SearchHit,
)
from bifrost.links import Correction, Judgement, LinkEdge, LinkState, LinkType, SamePair, Verdict
from bifrost.ports.view import GraphView
from bifrost.values import DatasetInfo, RecordFragments

__all__ = [
    "Catalog",
    "ChangeLog",
    "FragmentStore",
    "Lag",
    "LinkStore",
    "LinkingData",
    "PairScores",
    "Projection",
    "Reading",
    "ReplaceReport",
    "SearchIndex",
    "Store",
]


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


@dataclass(frozen=True, slots=True)
class Lag:
    """How far something is behind the change log: the number of changes, and the age of the oldest of them in seconds."""

    changes: int
    seconds: float


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

    def seen(self, source: str, dataset: str, digests: Mapping[str, bytes], build: int) -> set[str]:
        """Of records given by their digests those that are stored as such, which are marked as seen by this build."""

    def touch(self, source: str, dataset: str, keys: Sequence[str], build: int) -> None:
        """Marks unchanged records as seen by this build."""

    def document(self, uid: str) -> Document: ...

    def version(self) -> int:
        """A number that grows with every change of records."""

    def changed_since(self, version: int, datasets: Collection[tuple[str, str]]) -> bool:
        """Whether a record of one of these (source, dataset) came, changed or went after ``version``. True where one is gone."""

    def changes_since(self, version: int) -> Mapping[tuple[str, str], int]:
        """How many records of each (source, dataset) came, changed or went after ``version``; those without are left out."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a dataset, or only those of ``records``: what changed since an earlier reading.

    ``rows`` are batches as :meth:`LinkingData.rows` gives them, each with two int64 arrays: the record of each row, and its
    place among all rows of the dataset. The place of a row that is a fragment is the id of that fragment.
    """

    version: tuple[int, int]
    """Which state of which store was read, for the next reading."""
    rows: Iterator[tuple[pa.RecordBatch, NDArray[np.int64], NDArray[np.int64]]]
    records: frozenset[int] | None = None
    """The records that came or changed since; None: ``rows`` are all rows."""
    present: NDArray[np.int64] | None = None
    """All records that the dataset has; None where none went since."""


class LinkingData(Protocol):
    """What linking reads: all datasets as Arrow batches, streamed."""

    def datasets(self) -> list[DatasetSummary]: ...

    def reading(self, source: str, dataset: str, since: tuple[int, int] | None = None) -> Reading | None:
        """All rows, or where few of them changed those that did ``since`` the version of an earlier reading. None where
        changes are not followed: :meth:`rows` gives all."""

    def rows(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """Column ``_uid`` (string: the fragment, or for join-table rows the link statement) and one column per
        property that occurs: string (values as text, ISO dates), or list<string> where a record has several values."""

    def pages(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """Of a documents dataset: ``_uid``, ``page`` (int32, from 1), ``text``, ``from_ocr`` (bool)."""

    def mentions(self, source: str, dataset: str) -> Iterator[pa.RecordBatch]:
        """``_uid``, ``page``, ``begin``, ``end``, ``text``, ``type``, ``normal``, ``confidence``."""

    def boxes(self, uid: str, page: int, begin: int, end: int) -> tuple[tuple[float, float, float, float], ...]:
        """Where a span of a document's page lies, one box per line; empty without a layout."""


class PairScores(NamedTuple):
    """``key`` int64, ascending, numbers each pair as long as its records are stored; ``score`` float32."""

    key: NDArray[np.int64]
    score: NDArray[np.float32]


class LinkStore(Protocol):
    """Link types, judgements and the links that follow from them."""

    def save_link_types(self, proposals: Sequence[LinkType]) -> None:
        """Upserts proposals by id. Never touches what a judgement decided (state, name, corrected fields);
        a proposal nobody judged and that is not proposed again is removed, with its edges."""

    def link_types(self, states: Sequence[LinkState] = ()) -> list[LinkType]:
        """Most probable first. No states means all."""

    def link_type(self, id: str) -> LinkType: ...

    def judge(
        self,
        subject: str,
        verdict: Verdict,
        by: str,
        *,
        correction: Correction | None = None,
        note: str = "",
        second_opinion: bool = False,
    ) -> Judgement:
        """Stores the answer and applies it to the link type's state and fields. Deleting removes its edges at once.

        A second opinion that contradicts the answer that stands is disputed: that one stays in force."""

    def state(self, link_type: LinkType, by: str, *, note: str = "") -> Judgement:
        """Stores a link type that a person states, as confirmed by that person. Raises ConflictError if it is known."""

    def undo(self, judgement_id: int, by: str) -> Judgement:
        """Takes an answer back and restores the state before it. Raises ConflictError if already undone."""

    def judgements(self, *, subject_prefix: str = "", include_undone: bool = False) -> list[Judgement]:
        """The answers that are in force; with ``include_undone`` all that were ever given, disputed ones among them."""

    def write_links(self, link_type: LinkType, edges: Iterable[LinkEdge]) -> ReplaceReport:
        """Makes the edges of a link type exactly these, by diff. Pair judgements win over scores."""

    def write_same(self, link_type: LinkType, pairs: Iterable[SamePair]) -> ReplaceReport:
        """Makes the merges of a same-thing link type exactly these; the canonical id of a cluster is the smallest uid
        of its source of lowest rank. Exactly reversible."""

    def pairs(self, link_type_id: str, *, limit: int = 100, least_sure_first: bool = False) -> list[SamePair]: ...
    def pair_scores(self, link_type_id: str, *, without: str = "") -> PairScores:
        """The scores of all pairs of a same-thing link type, but for the one that the subject ``without`` names."""

    def served(self, link_type_ids: Collection[str]) -> Mapping[str, int]:
        """How many links and merged pairs each of these link types gives as things are; unknown ones give none."""

    def sample_links(self, link_type_id: str, count: int, seed: str) -> tuple[int, list[SamePair]]:
        """How many links (or merged pairs) of a link type are served that nobody judged, and ``count`` of them drawn by lot."""


class ChangeLog(Protocol):
    """The log that projections follow."""

    def position(self) -> int:
        """The sequence number of the newest change, 0 for an empty log."""

    def changes(self, after: int, limit: int = 10_000) -> list[Change]: ...
    def age(self, after: int) -> float:
        """Seconds since the oldest change after a position was made, 0 where there is none. A quarter of a second more at
        most; of changes older than a week at least that week."""

    def compact(self) -> int:
        """Forgets changes that later ones overtook when the log has grown long; returns how many."""

    def projection_position(self, name: str) -> int:
        """A position noted for what keeps none of its own; a :class:`Projection` tells its own."""

    def set_projection_position(self, name: str, position: int) -> None: ...


class Projection(Protocol):
    """Something derived from the store that follows its change log."""

    name: str

    def position(self) -> int:
        """The newest change that it shows."""

    def lag(self) -> Lag:
        """How far it is behind the change log."""

    def follow(self, seconds: float) -> Lag:
        """Follows the change log for so many seconds at most; returns what is left to apply."""

    def catch_up(self) -> int:
        """Follows the change log to its end and returns how many changes were applied; idempotent."""

    def rebuild(self, progress: Callable[[float], object] = lambda share: None) -> None:
        """Forgets everything and builds it from the graph anew. ``progress`` is called with the share that is done, in
        [0, 1]; what it raises ends the rebuild, and what is left is followed later."""

    def close(self) -> None:
        """Ends what it runs. Safe to call twice."""


class SearchIndex(Projection, Protocol):
    """Keyword search, a projection."""

    def search(
        self,
        text: str,
        *,
        labels: Sequence[str] = (),
        limit: int = 20,
        offset: int = 0,
        behind: Callable[[Lag], object] | None = None,
    ) -> list[SearchHit]:
        """Words are and-ed, the last one matches as a prefix, quotes make phrases. Any input is safe. Where nothing has all
        words, what has some of them is found, the rarer and the more the better; each hit says which it does not have.

        ``behind`` is called where the answer leaves changes out, because there are more than a query waits for; else
        such an answer is logged.
        """


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
