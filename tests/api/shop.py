"""A small shop in a real store, with a service over it that does what the wiring would, minus connectors and models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from api.asking import Asking
from api.carrying import Carrying
from api.kept_predictions import KeptPredictions
from api.ports import Export, JudgeOutcome, Moved, ProjectionState, ProjectionStatus, SourceKind
from api.rebuilding import Rebuilding
from api.review import Review
from api.review_book import ReviewBook
from api.review_log import ReviewLog
from bifrost.catalog import Build, BuildState, Source
from bifrost.documents import Document, Mention, Page
from bifrost.errors import InputError, NotFoundError, SourceAuthError
from bifrost.links import (
    Column,
    Correction,
    LinkKind,
    LinkState,
    LinkType,
    PairExample,
    Verdict,
    link_type_id,
)
from bifrost.ports import ConnectionReport
from bifrost.settings import Settings, load_settings
from bifrost.values import (
    ColumnInfo,
    DatasetInfo,
    DatasetKind,
    Evidence,
    FileRecord,
    Fragment,
    LinkStatement,
    RecordFragments,
    digest_of,
    make_uid,
)
from graphstore.edits import Edit, Edits
from graphstore.search import SearchProjection
from graphstore.source_edits import SourceEdits
from graphstore.sparql import SparqlProjection
from graphstore.sql import SqlStore
from linking.asking import Question
from linking.kept_knowledge import KeptKnowledge
from linking.linker import BifrostLinker

__all__ = ["CUSTOMERS", "LETTER", "ORDERS", "ShopService", "fill", "proposal"]

CUSTOMERS, ORDERS, PRODUCTS = 5, 20, 4
LETTER = make_uid("mail", "letters", "letter.pdf")
TEXT = "Dear Ann 1, your order 1004 has left."


def uid(dataset: str, number: int) -> str:
    return make_uid("shop", dataset, str(number))


def _record(
    dataset: str, type: str, number: int, properties: dict[str, Any], *links: tuple[str, str]
) -> RecordFragments:
    me = uid(dataset, number)
    return RecordFragments(
        str(number),
        digest_of((repr(properties).encode(),)),
        (Fragment(me, type, {name: (value,) for name, value in properties.items()}),),
        tuple(LinkStatement(f"{me}#{name}", name, me, head) for name, head in links),
    )


def fill(store: SqlStore, *, customers: int = CUSTOMERS, orders: int = ORDERS) -> Build:
    """Customers, products, orders that name both, and a letter that mentions a customer."""
    catalog = store.catalog
    catalog.add_source(Source("shop", "sql", {"host": "db.example", "port": 5432}))
    catalog.add_source(Source("mail", "files", rank=1))
    tables = ("customers", "products", "orders")
    infos = [DatasetInfo(name, DatasetKind.TABLE, (ColumnInfo("name"),), key=("id",)) for name in tables]
    catalog.save_datasets("shop", infos, {"customers": "Customer", "products": "Product", "orders": "Order"})
    catalog.save_datasets("mail", [DatasetInfo("letters", DatasetKind.DOCUMENTS)], {"letters": "Document"})
    build = catalog.add_build(())
    rows = {
        "customers": [
            _record(
                "customers",
                "Customer",
                i,
                {
                    "company_name": f"Ann {i}",
                    "since": date(2020, 1, 1 + i % 28),
                    "credit": Decimal("1.5") * i,
                    "visits": i,
                    "active": i % 2 == 0,
                },
            )
            for i in range(customers)
        ],
        "products": [_record("products", "Product", i, {"title": f"Thing {i}"}) for i in range(PRODUCTS)],
        "orders": [
            _record(
                "orders",
                "Order",
                i,
                {"number": 1000 + i},
                ("placed_by", uid("customers", i % customers)),
                ("contains", uid("products", i % PRODUCTS)),
            )
            for i in range(orders)
        ],
    }
    for dataset, records in rows.items():
        store.fragments.replace("shop", dataset, records, build.id)
    store.fragments.replace("mail", "letters", [_letter()], build.id)
    catalog.set_build(build.id, BuildState.DONE, counts={"records": customers + orders})
    return catalog.build(build.id)


def _letter() -> RecordFragments:
    mention = Mention(1, 5, 10, "Ann 1", "PERSON", "Ann 1", 0.9, "ner")
    document = Document("application/pdf", (Page(1, TEXT, 595.0, 842.0),), mentions=(mention,), reader="pdf")
    fragment = Fragment(LETTER, "Document", {"title": ("A letter",)}, Evidence("reader.pdf", page=1))
    return RecordFragments("letter.pdf", digest_of((b"letter",)), (fragment,), document=document)


def proposal(tail: str = "orders", probability: float = 0.8) -> LinkType:
    kind, left, right = LinkKind.REFERENCE, Column("shop", tail, ("number",)), Column("shop", "products", ("id",))
    example = PairExample(uid("orders", 1), uid("products", 1), "1001", "1", 0.9)
    return LinkType(
        link_type_id(kind, left, right),
        kind,
        left,
        right,
        "refers_to",
        probability=probability,
        reasons=("98% of the values are found.",),
        examples=(example,),
        features={"coverage": 0.98},
        estimated_edges=20,
    )


@dataclass
class ShopService:
    """Implements :class:`api.ports.Service`."""

    settings: Settings
    store: SqlStore
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.search = SearchProjection(self.store)
        self.rebuilding = Rebuilding([self.search])
        self.edits = Edits(self.store)
        self.source_edits = SourceEdits(self.store)
        log = ReviewLog(self.settings)
        self.review = Review(self.store.links, ReviewBook(self.settings), log=log)
        self.predictions = KeptPredictions(self.settings.data_dir / "predictions")
        knowledge = KeptKnowledge(self.settings.data_dir)
        linker = BifrostLinker(knowledge=knowledge)
        self.asking = Asking(self.store.links, log, self.review, linker, self.store.linking_data)
        self.carrying = Carrying(self.store.links, self.review, linker, knowledge)

    @cached_property
    def sparql(self) -> SparqlProjection:
        """Its process starts with the first query."""
        return SparqlProjection(self.store, self.settings.data_dir / "sparql", self.settings.base_iri)

    def close(self) -> None:
        self.rebuilding.close()
        if "sparql" in self.__dict__:
            self.sparql.close()
        self.review.close()
        self.asking.close()
        self.store.close()

    @classmethod
    def at(cls, folder: Path) -> "ShopService":
        settings = load_settings(data_dir=folder)
        store = SqlStore(settings.effective_store_url)
        store.migrate()
        return cls(settings, store)

    def projections(self) -> Sequence[ProjectionStatus]:
        share = self.rebuilding.share("search")
        state = ProjectionState.IN_STEP if share is None else ProjectionState.REBUILDING
        return [ProjectionStatus("search", self.store.log.position(), 0, 0.0, state, share)]

    def rebuild_projection(self, name: str) -> Sequence[ProjectionStatus]:
        self.rebuilding.start(name)
        return self.projections()

    def export(self, format: str) -> Export:
        if format != "graphml":
            raise InputError(f"There is no format {format!r}.")
        return Export("graph.graphml", "application/graphml+xml", iter((b"<graphml>", b"</graphml>")))

    def source_kinds(self) -> Sequence[SourceKind]:
        return [SourceKind("sql", "Database", {"type": "object"}, ("password",))]

    def test_source(
        self, name: str, kind: str, options: Mapping[str, Any], secrets: Mapping[str, str] | None
    ) -> tuple[ConnectionReport, Sequence[DatasetInfo]]:
        if secrets != {"password": "right"}:
            raise SourceAuthError("The database refused the password.")
        info = DatasetInfo("customers", DatasetKind.TABLE, (ColumnInfo("id", "integer", False),), ("id",))
        return ConnectionReport("PostgreSQL 15", 1, 0.1), [info]

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
        sealed = b"sealed" if secrets else None
        self.source_edits.add(Source(name, kind, dict(options), rank or 0), sealed, by=by)
        return self.store.catalog.source(name)

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
        self.source_edits.update(Source(name, kind, dict(options), rank or 0), None, by=by)
        return self.store.catalog.source(name)

    def remove_source(self, name: str, *, by: str = "", forget: bool = False) -> None:
        self.source_edits.remove(name, by=by, forget=forget)

    def undo_edit(self, id: int, by: str) -> Edit:
        edit = self.edits.edit(id)
        return (self.source_edits if edit.element == "source" else self.edits).undo(id, by=by)

    def preview(self, source: str, dataset: str, limit: int) -> pa.Table:
        self.store.catalog.source(source)
        return pa.table({"id": [1, 2], "born": [date(2000, 1, 2), None], "photo": [b"abc", None]}).slice(0, limit)

    def fetch_file(self, source: str, dataset: str, key: str) -> FileRecord:
        if key not in self.files:
            raise NotFoundError("The file is gone.")
        return FileRecord(key, "application/pdf", self.files[key])

    def start_build(self, sources: Sequence[str], allow_removal: bool) -> Build:
        return self.store.catalog.add_build(tuple(sources))

    def cancel_build(self, id: int) -> Build:
        self.store.catalog.set_build(id, BuildState.CANCELLED)
        return self.store.catalog.build(id)

    def queue(self, by: str = "") -> Sequence[Question]:
        return [Question(link_type) for link_type in self.store.links.link_types((LinkState.PROPOSED,))]

    def questions(self, by: str = "") -> Sequence[LinkType]:
        return [question.link_type for question in self.queue(by)]

    def pair_questions(self, link_type_id: str, count: int = 10) -> Sequence[Question]:
        return ()

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
        judgement = self.store.links.judge(link_type_id, verdict, by, correction=correction, note=note)
        return JudgeOutcome(judgement, self.store.links.link_type(link_type_id), (Moved("x", "other", 0.5, 0.7),), 3)

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
        judgement = self.store.links.judge(f"{link_type_id}|{tail}|{head}", verdict, by, note=note)
        return JudgeOutcome(judgement, self.store.links.link_type(link_type_id))

    def add_link_type(self, stated: LinkType, by: str, note: str = "") -> JudgeOutcome:
        return JudgeOutcome(self.store.links.state(stated, by, note=note), self.store.links.link_type(stated.id))

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome:
        judgement = self.store.links.undo(judgement_id, by)
        return JudgeOutcome(judgement, self.store.links.link_type(judgement.subject.partition("|")[0]))

    def teach(
        self, positives: Sequence[tuple[str, str]], negatives: Sequence[tuple[str, str]], name: str, by: str
    ) -> Sequence[LinkType]:
        return [proposal()]
