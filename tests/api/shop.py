"""A small shop in a real store, with a service over it that does what the wiring would, minus connectors and models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from api.ports import Export, JudgeOutcome, Moved, ProjectionStatus, SourceKind
from bifrost.catalog import Build, BuildState, Source
from bifrost.documents import Document, Mention, Page
from bifrost.errors import InputError, NotFoundError, QuerySyntaxError, SourceAuthError
from bifrost.graph import Edge, SearchHit, Vertex
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
    Value,
    digest_of,
    make_uid,
)
from graphstore.sql import SqlStore

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
class _Search:
    store: SqlStore

    def catch_up(self) -> int:
        return 0

    def rebuild(self) -> None:
        return

    def search(self, text: str, *, labels: Sequence[str] = (), limit: int = 20, offset: int = 0) -> list[SearchHit]:
        found = self.store.view().vertices(limit=1000).items
        hits = [
            SearchHit(vertex, 1.0, "<mark>x</mark>")
            for vertex in found
            if text.lower() in vertex.display_name().lower()
        ]
        return hits[offset : offset + limit]


class _Sparql:
    def query(self, text: str, accept: str, timeout: float) -> tuple[str, bytes]:
        import pyoxigraph

        store = pyoxigraph.Store()
        store.load(b"<urn:ann> <urn:knows> <urn:bob> .", pyoxigraph.RdfFormat.N_TRIPLES)
        try:
            result: Any = store.query(text, use_default_graph_as_union=True)
        except SyntaxError as error:
            raise QuerySyntaxError(str(error)) from None
        if isinstance(result, pyoxigraph.QueryTriples):
            return "text/turtle", result.serialize(format=pyoxigraph.RdfFormat.TURTLE) or b""
        xml = "xml" in accept and "json" not in accept
        format_ = pyoxigraph.QueryResultsFormat.XML if xml else pyoxigraph.QueryResultsFormat.JSON
        return format_.media_type, result.serialize(format=format_) or b""


@dataclass
class _Edits:
    """Edits as records of a source of their own."""

    store: SqlStore
    count: int = 0

    def _write(self, record: RecordFragments) -> None:
        catalog = self.store.catalog
        if "edits" not in [source.name for source in catalog.sources()]:
            catalog.add_source(Source("edits", "edits"))
            catalog.save_datasets("edits", [DatasetInfo("edits", DatasetKind.TABLE)], {})
        self.store.fragments.replace("edits", "edits", [record], catalog.add_build(()).id)

    def _key(self) -> str:
        self.count += 1
        return str(self.count)

    def add_vertex(self, label: str, properties: Mapping[str, Sequence[Value]], *, by: str) -> Vertex:
        key = self._key()
        id_ = make_uid("edits", "edits", key)
        values = {name: tuple(given) for name, given in properties.items()}
        self._write(RecordFragments(key, digest_of((key.encode(),)), (Fragment(id_, label, values),)))
        found = self.store.view().vertex(id_)
        assert found is not None
        return found

    def update_vertex(
        self, id: str, set: Mapping[str, Sequence[Value]], remove: Sequence[str] = (), *, by: str
    ) -> Vertex:
        raise NotFoundError(f"There is no vertex {id!r}.")

    def delete_vertex(self, id: str, *, by: str) -> None:
        self.store.fragments.remove_records("edits", "edits", [id.rpartition("/")[2]])

    def add_edge(self, label: str, tail: str, head: str, properties: Mapping[str, Sequence[Value]], *, by: str) -> Edge:
        if len(self.store.view().vertices_by_id([tail, head])) < 2:
            raise NotFoundError(f"There is no vertex {tail!r} or {head!r}.")
        key = self._key()
        id_ = make_uid("edits", "edits", key)
        self._write(RecordFragments(key, digest_of((key.encode(),)), (), (LinkStatement(id_, label, tail, head),)))
        found = self.store.view().edge(id_)
        assert found is not None
        return found

    def delete_edge(self, id: str, *, by: str) -> None:
        self.delete_vertex(id, by=by)


@dataclass
class ShopService:
    """Implements :class:`api.ports.Service`."""

    settings: Settings
    store: SqlStore
    files: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.search = _Search(self.store)
        self.edits = _Edits(self.store)
        self.sparql = _Sparql()

    @classmethod
    def at(cls, folder: Path) -> "ShopService":
        settings = load_settings(data_dir=folder)
        store = SqlStore(settings.effective_store_url)
        store.migrate()
        return cls(settings, store)

    def projections(self) -> Sequence[ProjectionStatus]:
        return [ProjectionStatus("search", self.store.log.position(), 0)]

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
    ) -> Source:
        self.store.catalog.add_source(Source(name, kind, dict(options), rank or 0), b"sealed" if secrets else None)
        return self.store.catalog.source(name)

    def update_source(
        self,
        name: str,
        kind: str,
        options: Mapping[str, Any],
        secrets: Mapping[str, str] | None,
        rank: int | None = None,
        removal_limit: float | None = None,
    ) -> Source:
        self.store.catalog.update_source(Source(name, kind, dict(options), rank or 0))
        return self.store.catalog.source(name)

    def remove_source(self, name: str) -> None:
        self.store.catalog.source(name)
        self.store.catalog.remove_source(name)

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

    def questions(self) -> Sequence[LinkType]:
        return self.store.links.link_types((LinkState.PROPOSED,))

    def judge(
        self, link_type_id: str, verdict: Verdict, by: str, correction: Correction | None = None, note: str = ""
    ) -> JudgeOutcome:
        judgement = self.store.links.judge(link_type_id, verdict, by, correction=correction, note=note)
        return JudgeOutcome(judgement, self.store.links.link_type(link_type_id), (Moved("x", "other", 0.5, 0.7),), 3)

    def judge_pair(
        self, link_type_id: str, tail: str, head: str, verdict: Verdict, by: str, note: str = ""
    ) -> JudgeOutcome:
        judgement = self.store.links.judge(f"{link_type_id}|{tail}|{head}", verdict, by, note=note)
        return JudgeOutcome(judgement, self.store.links.link_type(link_type_id))

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome:
        judgement = self.store.links.undo(judgement_id, by)
        return JudgeOutcome(judgement, self.store.links.link_type(judgement.subject.partition("|")[0]))

    def teach(
        self, positives: Sequence[tuple[str, str]], negatives: Sequence[tuple[str, str]], name: str, by: str
    ) -> Sequence[LinkType]:
        return [proposal()]
