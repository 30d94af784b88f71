"""The service as somebody sees it who may see some sources only: what a graph built without the others would show.

The store keeps a graph per set of sources (:meth:`graphstore.sql.SqlStore.scoped`); here every surface is put on it:
GraphQL with its typed schema, search, SPARQL, Gremlin, exports, page images. Who sees all sources pays nothing.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pyarrow as pa

from api.graphql.context import SchemaSource
from api.graphql.typed import TypedSchema
from api.kept_predictions import KeptPredictions
from api.permissions import Principal
from api.ports import Edit, Export, JudgeOutcome, Learnt, ProjectionStatus, Replay, Service, SourceKind
from api.review import Review
from api.review_log import Asked
from bifrost.catalog import Build, Source
from bifrost.errors import NotFoundError, PermissionDeniedError
from bifrost.links import Correction, LinkState, LinkType, Verdict
from bifrost.ports import ConnectionReport, LinkStore
from bifrost.settings import Settings
from bifrost.values import DatasetInfo, FileRecord
from graphstore.edits import Edits
from graphstore.export import Exporter
from graphstore.gremlin.elements import Graph
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.served import ServedGraph
from graphstore.gremlin.source import GraphSource, Moment, Session
from graphstore.scopes import SPARQL
from graphstore.search import SearchProjection
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from linking.asking import Question
from linking.choosing import DEFAULT_POLICY
from linking.kept_knowledge import Imported
from linking.knowledge import export_knowledge

__all__ = ["Readers", "ScopedGraphs", "ScopedService"]


class ScopedService:
    """Implements :class:`api.ports.Service` for readers of some sources. Whatever changes something is refused; the
    rules keep such calls away already, because only readers can be restricted."""

    def __init__(self, service: Service, store: SqlStore) -> None:
        self._service, self._store = service, store
        base_iri = service.settings.base_iri
        self._search = SearchProjection(store)
        self._sparql = SparqlProjection(store, _beside(store), base_iri)
        store.on_forgetting(self._forget)
        self._exporter = Exporter(store, base_iri)
        self._edits = Edits(store)
        self._review = Review(store.links, matched=service.review.matched)
        self.predictions = KeptPredictions()
        self.graph = ServedGraph(store)
        self.schemas = TypedSchema(store)

    def close(self) -> None:
        self.schemas.close()
        self._sparql.close()

    def _forget(self) -> None:
        """A removed source goes from the indexes at once, not when a reader comes back."""
        if self._search.is_made():
            self._search.catch_up()
        if _beside(self._store).exists():
            self._sparql.catch_up()

    @property
    def settings(self) -> Settings:
        return self._service.settings

    @property
    def store(self) -> SqlStore:
        return self._store

    @property
    def search(self) -> SearchProjection:
        return self._search

    @property
    def edits(self) -> Edits:
        return self._edits

    @property
    def sparql(self) -> SparqlProjection:
        return self._sparql

    def projections(self) -> Sequence[ProjectionStatus]:
        """None of its own: they follow when they are asked."""
        return ()

    def rebuild_projection(self, name: str) -> Sequence[ProjectionStatus]:
        _refuse()

    def export(self, format: str) -> Export:
        made = self._exporter(format)
        return Export(made.filename, made.media_type, made.chunks)

    def source_kinds(self) -> Sequence[SourceKind]:
        return self._service.source_kinds()

    def fetch_file(self, source: str, dataset: str, key: str) -> FileRecord:
        if source not in {one.name for one in self._store.catalog.sources()}:
            raise NotFoundError(f"There is no source {source!r}.")
        return self._service.fetch_file(source, dataset, key)

    @property
    def review(self) -> Review:
        return self._review

    @property
    def asking(self) -> "_NothingAsked":
        return _NothingAsked()

    @property
    def carrying(self) -> "_NothingCarried":
        return _NothingCarried(self._store.links)

    def queue(self, by: str = "") -> Sequence[Question]:
        return [Question(link_type) for link_type in self._store.links.link_types((LinkState.PROPOSED,))]

    def questions(self, by: str = "") -> Sequence[LinkType]:
        return [question.link_type for question in self.queue(by)]

    def pair_questions(self, link_type_id: str, count: int = 10) -> Sequence[Question]:
        matched = self._review.matched(link_type := self._store.links.link_type(link_type_id))
        return [] if matched is None else [Question(link_type, pair) for pair in matched.questions[:count]]

    # ---- what only people with all sources may do

    def test_source(
        self, name: str, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str] | None
    ) -> tuple[ConnectionReport, Sequence[DatasetInfo]]:
        _refuse()

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
    ) -> Source:
        _refuse()

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
        _refuse()

    def remove_source(self, name: str, *, by: str = "", forget: bool = False) -> None:
        _refuse()

    def undo_edit(self, id: int, by: str) -> Edit:
        _refuse()

    def preview(self, source: str, dataset: str, limit: int) -> pa.Table:
        _refuse()

    def start_build(self, sources: Sequence[str], allow_removal: bool) -> Build:
        _refuse()

    def cancel_build(self, id: int) -> Build:
        _refuse()

    def judge(
        self,
        link_type_id: str,
        verdict: Verdict,
        by: str,
        correction: Correction | None = None,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        _refuse()

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
    ) -> JudgeOutcome:
        _refuse()

    def add_link_type(self, stated: LinkType, by: str, note: str = "") -> JudgeOutcome:
        _refuse()

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome:
        _refuse()

    def teach(
        self, positives: Sequence[tuple[str, str]], negatives: Sequence[tuple[str, str]], name: str, by: str
    ) -> Sequence[LinkType]:
        _refuse()


@dataclass(frozen=True, slots=True)
class _NothingCarried:
    """Readers may know what was taught about the sources that they see; pairs were judged with all of them in sight."""

    links: LinkStore

    def export(self) -> bytes:
        return export_knowledge(self.links.link_types(), self.links.judgements())

    def imports(self) -> Sequence[Imported]:
        return ()

    def add(self, content: bytes, by: str, name: str = "") -> Learnt:
        _refuse()

    def remove(self, id: str) -> Learnt:
        _refuse()


class _NothingAsked:
    """Readers are asked nothing, and how others answered is not theirs to see."""

    def replayed(self) -> Replay:
        return Replay((), 0, 0, DEFAULT_POLICY)

    def use_policy(self, name: str, *, force: bool = False) -> Replay:
        _refuse()

    def asked(self) -> Mapping[int, Asked]:
        return {}


def _refuse() -> NoReturn:
    raise PermissionDeniedError("Who may see some sources only cannot change anything.")


def _beside(store: SqlStore) -> Path:
    file = Path(str(store.database.url.database))
    return file.with_name(f"{file.stem}{SPARQL}")


class Readers:
    """Finds the service and the schema that a principal sees. Blocking: a scoped graph first catches up."""

    def __init__(self, service: Service, schemas: SchemaSource) -> None:
        self._service, self._schemas = service, schemas
        self._scopes: dict[int, ScopedService] = {}
        self._lock = threading.Lock()

    def service(self, principal: Principal | None) -> Service:
        return self._scoped(principal) or self._service

    def schemas(self, principal: Principal | None) -> SchemaSource:
        scoped = self._scoped(principal)
        return self._schemas if scoped is None else scoped.schemas

    def graph(self, principal: Principal | None) -> ServedGraph | None:
        """The scoped graph for Gremlin; None for who sees all."""
        scoped = self._scoped(principal)
        return None if scoped is None else scoped.graph

    def close(self) -> None:
        for scoped in self._scopes.values():
            scoped.close()

    def _scoped(self, principal: Principal | None) -> ScopedService | None:
        sources = None if principal is None else principal.sources
        if sources is None:
            return None
        store = self._service.store
        if not isinstance(store, SqlStore):
            raise PermissionDeniedError("This store cannot show some sources only.")
        found = store.scoped(sources)
        if found is store:
            return None
        with self._lock:
            scoped = self._scopes.get(id(found))
            if scoped is None:
                scoped = self._scopes[id(found)] = ScopedService(self._service, found)
        return scoped


class ScopedGraphs:
    """Implements :class:`graphstore.gremlin.source.GraphSource`: everybody's own graph."""

    def __init__(self, everything: GraphSource, readers: Readers) -> None:
        self._everything, self._readers = everything, readers
        self.collects, self.arrays = everything.collects, everything.arrays

    def reading(self, principal: Any, *, wide: bool = False, check: Check = unchecked) -> AbstractContextManager[Graph]:
        return (self._readers.graph(principal) or self._everything).reading(principal, wide=wide, check=check)

    def ready(self, principal: Any, moment: Moment | None = None) -> Graph | None:
        # A scoped graph may have to catch up first, which takes a connection.
        restricted = principal is not None and principal.sources is not None
        return None if restricted else self._everything.ready(principal, moment)

    def writing(self, principal: Any, session: Session | None) -> AbstractContextManager[Graph]:
        if principal is not None and principal.sources is not None:
            _refuse()
        return self._everything.writing(principal, session)
