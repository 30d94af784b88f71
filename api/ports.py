"""What the service's surfaces (GraphQL, REST, SPARQL, metrics) ask of the application behind them.

:class:`Service` is everything that is more than a read of the store. All calls block; surfaces run them in threads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from api.auditing import LinkAudit
from api.kept_predictions import KeptPredictions
from api.review_book import RuleChange
from api.review_log import Asked
from bifrost.catalog import Build, Source
from bifrost.graph import Edge, Vertex
from bifrost.links import Correction, Judgement, LinkKind, LinkType, Matched, Verdict
from bifrost.ports import ConnectionReport, Lag, PairScores, SearchIndex, Store
from bifrost.settings import Settings
from bifrost.values import DatasetInfo, FileRecord, Value
from linking.accepting import AcceptRule, AuditResult
from linking.asking import Question
from linking.estimates import Estimate
from linking.kept_knowledge import Imported
from linking.replaying import Replayed
from linking.reviewers import Agreement, Reviewer

__all__ = [
    "Edit",
    "Edits",
    "Export",
    "JudgeOutcome",
    "Learnt",
    "Moved",
    "Opinion",
    "PairsMoved",
    "ProjectionState",
    "ProjectionStatus",
    "Service",
    "SourceKind",
    "SparqlService",
    "pairs_moved",
]


_SURE, _MOVED = np.float32(0.9), np.float32(0.02)


class SourceKind(NamedTuple):
    """A connector as the registration form needs it. ``schema`` is the JSON schema of its options; ``secrets`` names
    those of its fields that are kept encrypted and never shown."""

    kind: str
    title: str
    schema: Mapping[str, Any]
    secrets: tuple[str, ...]


class Moved(NamedTuple):
    """A proposal whose probability an answer changed by more than 0.02."""

    id: str
    name: str
    before: float
    after: float


class PairsMoved(NamedTuple):
    """How many other pairs an answer about one of them moved: above 0.9, below 0.1, or otherwise by more than 0.02."""

    above: int = 0
    below: int = 0
    likelier: int = 0
    less_likely: int = 0


class Opinion(NamedTuple):
    """Whether a second opinion agrees with ``first``. If not, that one stays in force until somebody settles the dispute."""

    agrees: bool
    first: Judgement


@dataclass(frozen=True, slots=True)
class JudgeOutcome:
    """What an answer, or its undo, did. ``opinion`` is there if it was asked as a second one.

    ``edges_changed``: of the link type and of what it was corrected to; of same things, how many pairs more or fewer are merged.
    ``merged``: how many vertices fewer there are, negative where some came apart. ``proposed`` takes the place of what was
    rejected.
    """

    judgement: Judgement
    link_type: LinkType | None
    moved: Sequence[Moved] = field(default_factory=tuple)
    edges_changed: int = 0
    merged: int = 0
    pairs_moved: PairsMoved = field(default_factory=PairsMoved)
    opinion: Opinion | None = None
    proposed: Sequence[LinkType] = ()


class Learnt(NamedTuple):
    """A file of knowledge that was taken over or taken back, and the proposals that this moved."""

    imported: Imported
    moved: Sequence[Moved]


def pairs_moved(before: PairScores, after: PairScores) -> PairsMoved:
    """Compares scores by pair; what is missing was unlikely."""
    keys = np.union1d(before.key, after.key)
    old, new = np.zeros(len(keys), np.float32), np.zeros(len(keys), np.float32)
    old[np.searchsorted(keys, before.key)] = before.score
    new[np.searchsorted(keys, after.key)] = after.score
    above = (old <= _SURE) & (new > _SURE)
    below = ~above & (new < 1 - _SURE) & (old >= 1 - _SURE)
    moved = ~above & ~below & (np.abs(new - old) > _MOVED)
    counts = above.sum(), below.sum(), (moved & (new > old)).sum(), (moved & (new < old)).sum()
    return PairsMoved(*map(int, counts))


class ProjectionState(StrEnum):
    IN_STEP = "in_step"
    FOLLOWING = "following"
    REBUILDING = "rebuilding"
    FAILED = "failed"


class ProjectionStatus(NamedTuple):
    """How far a projection has followed the change log; ``behind`` counts the changes still to apply, ``seconds`` is the
    age of the oldest of them. ``progress`` is the share of a rebuild that is done, ``problem`` why it failed or does not
    follow."""

    name: str
    position: int
    behind: int
    seconds: float
    state: ProjectionState = ProjectionState.IN_STEP
    progress: float | None = None
    problem: str = ""


class Export(NamedTuple):
    """A file made on the fly. ``chunks`` is read once, in a thread."""

    filename: str
    media_type: str
    chunks: Iterable[bytes]


class SparqlService(Protocol):
    def query(
        self,
        text: str,
        accept: str,
        timeout: float,
        *,
        default_graphs: Sequence[str] = (),
        named_graphs: Sequence[str] = (),
        behind: Callable[[Lag], object] | None = None,
    ) -> tuple[str, bytes]:
        """Answers a SPARQL 1.1 query as (media type, body). Raises QuerySyntaxError, QueryLimitError, QueryError.

        ``behind`` is called where the answer leaves changes out, because there are more than a query waits for.
        """

    def lag(self) -> Lag:
        """How far the RDF data is behind the change log."""

    def follow(self, seconds: float) -> Lag:
        """Follows the change log for so many seconds at most; returns what is left to apply."""

    @property
    def base(self) -> str:
        """What all IRIs start with."""

    def graphs(self) -> Sequence[str]:
        """The names of all graphs."""

    def provenance(self, uid: str, accept: str = "*/*") -> tuple[str, bytes]:
        """Where the values of a vertex came from, as (media type, body). Raises NotFoundError, NotAcceptableError."""


class Edit(Protocol):
    """One change by one person. ``element`` is vertex, edge or source, ``action`` add, update or delete."""

    @property
    def id(self) -> int: ...
    @property
    def element(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def by(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def undone_by(self) -> str | None: ...


class Edits(Protocol):
    """Changes that people make to the graph: fragments of the built-in source ``edits``, undoable."""

    def add_vertex(self, label: str, properties: Mapping[str, Sequence[Value]], *, by: str) -> Vertex: ...
    def update_vertex(
        self, id: str, set: Mapping[str, Sequence[Value]], remove: Sequence[str] = (), *, by: str
    ) -> Vertex: ...
    def delete_vertex(self, id: str, *, by: str) -> None: ...
    def add_edge(
        self, label: str, tail: str, head: str, properties: Mapping[str, Sequence[Value]], *, by: str
    ) -> Edge: ...
    def update_edge(
        self, id: str, set: Mapping[str, Sequence[Value]], remove: Sequence[str] = (), *, by: str
    ) -> Edge: ...
    def delete_edge(self, id: str, *, by: str) -> None: ...
    def history(self, subject: str | None = None, limit: int = 100) -> Sequence[Edit]:
        """Newest first."""

    def edit(self, id: int) -> Edit:
        """Raises NotFoundError."""

    def undo(self, id: int, *, by: str) -> Edit:
        """Of a vertex or edge. Raises NotFoundError, ConflictError if it was already undone."""


class Reviewed(NamedTuple):
    """Who answered, and how far people agree."""

    reviewers: Sequence[Reviewer]
    agreements: Sequence[Agreement]


class Review(Protocol):
    """Review beyond single answers; see :class:`api.review.Review`."""

    def rules(self) -> Sequence[AcceptRule]: ...
    def set_rule(
        self, kind: LinkKind | None, probability: float | None, audit: float, by: str, link_type: str = ""
    ) -> Sequence[LinkType]: ...
    def link_audits(self) -> Sequence[LinkAudit]: ...
    def rule_changes(self, limit: int = 100) -> Sequence[RuleChange]: ...
    def undo_rule(self, id: int, by: str) -> Sequence[LinkType]: ...
    def audits(self) -> Sequence[LinkType]: ...
    def audited(self) -> Sequence[AuditResult]: ...
    def reviewed(self) -> Reviewed: ...
    def precision(self, link_type: LinkType) -> Estimate: ...
    def recall(self, link_type: LinkType) -> Estimate | None: ...
    def matched(self, link_type: LinkType) -> Matched | None: ...


class Replay(NamedTuple):
    """Ways to ask, compared on the logged answers. ``own`` answers were to other questions than the one that was asked
    first, and ``undone`` ones were taken back: neither tells anything about a way to ask. ``policy`` is in use."""

    policies: Sequence[Replayed]
    own: int
    undone: int
    policy: str


class Asking(Protocol):
    """What came of the questions; see :class:`api.asking.Asking`."""

    def replayed(self) -> Replay: ...
    def use_policy(self, name: str, *, force: bool = False) -> Replay: ...
    def asked(self) -> Mapping[int, Asked]: ...


class Carrying(Protocol):
    """Knowledge carried between projects; see :class:`api.carrying.Carrying`."""

    def export(self) -> bytes: ...
    def imports(self) -> Sequence[Imported]: ...
    def add(self, content: bytes, by: str, name: str = "") -> Learnt: ...
    def remove(self, id: str) -> Learnt: ...


class Service(Protocol):
    """The application. Built by ``api/compose.py``; the surfaces know nothing of how."""

    @property
    def settings(self) -> Settings: ...
    @property
    def store(self) -> Store: ...
    @property
    def search(self) -> SearchIndex: ...
    @property
    def edits(self) -> Edits: ...
    @property
    def sparql(self) -> SparqlService: ...

    def projections(self) -> Sequence[ProjectionStatus]: ...
    def rebuild_projection(self, name: str) -> Sequence[ProjectionStatus]:
        """Begins to build a projection from zero; returns how far all are. Raises NotFoundError, and ConflictError where
        that goes on already."""

    def export(self, format: str) -> Export:
        """Raises InputError for a format there is not."""

    def source_kinds(self) -> Sequence[SourceKind]: ...
    def test_source(
        self, name: str, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str] | None
    ) -> tuple[ConnectionReport, Sequence[DatasetInfo]]:
        """Secrets that are left out are taken from the registered source of that name, if there is one."""

    def add_source(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
        rank: int | None = None,
        removal_limit: float | None = None,
        *,
        by: str = "",
    ) -> Source: ...
    def update_source(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
        rank: int | None = None,
        removal_limit: float | None = None,
        *,
        by: str = "",
    ) -> Source:
        """Secrets that are left out keep their value."""

    def remove_source(self, name: str, *, by: str = "", forget: bool = False) -> None:
        """``forget``: so that nothing is kept to bring it back from."""

    def undo_edit(self, id: int, by: str) -> Edit:
        """Takes back an edit of a vertex or edge, or the addition, change or removal of a source. Raises NotFoundError,
        ConflictError where that cannot be done (any more)."""

    def preview(self, source: str, dataset: str, limit: int) -> pa.Table: ...
    def fetch_file(self, source: str, dataset: str, key: str) -> FileRecord:
        """A file again, through its connector. Raises NotFoundError, SourceError."""

    def start_build(self, sources: Sequence[str], allow_removal: bool) -> Build: ...
    def cancel_build(self, id: int) -> Build: ...

    @property
    def review(self) -> Review: ...

    def queue(self, by: str = "") -> Sequence[Question]:
        """What to ask somebody next: audits, then proposals and pairs, the most worthwhile question first."""

    def questions(self, by: str = "") -> Sequence[LinkType]:
        """The link types of the queue."""

    def pair_questions(self, link_type_id: str, count: int = 10) -> Sequence[Question]:
        """The pairs of a same-thing link type whose answers would help most, the most helpful first."""

    @property
    def asking(self) -> Asking: ...
    @property
    def carrying(self) -> Carrying: ...
    @property
    def predictions(self) -> KeptPredictions: ...
    def judge(
        self,
        link_type_id: str,
        verdict: Verdict,
        by: str,
        correction: Correction | None = None,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome: ...
    def judge_pair(
        self,
        link_type_id: str,
        tail: str,
        head: str,
        verdict: Verdict,
        by: str,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome: ...
    def add_link_type(self, stated: LinkType, by: str, note: str = "") -> JudgeOutcome:
        """Makes a link type between columns that a person names, confirmed by that person. Raises InputError."""

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome: ...
    def teach(
        self, positives: Sequence[tuple[str, str]], negatives: Sequence[tuple[str, str]], name: str, by: str
    ) -> Sequence[LinkType]: ...
