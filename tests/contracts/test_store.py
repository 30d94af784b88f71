"""What every system of record must do, on each database it runs on."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from bifrost.catalog import BuildState, Progress, RecordFailure, Source
from bifrost.documents import Box, Document, Mention, Page, Table, WordIndex
from bifrost.errors import ConflictError, InputError, NotFoundError, RemovalGuardError
from bifrost.graph import Direction, PropertyFilter
from bifrost.links import Column, Correction, LinkEdge, LinkKind, LinkState, SamePair, Verdict
from bifrost.ports import ReplaceReport, Store
from bifrost.values import DatasetInfo, DatasetKind, Evidence, Fragment, LinkStatement, RecordFragments, Value
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import Said, beliefs, graph, link_type, record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def shop(store: SqlStore) -> SqlStore:
    """Customers with orders in one source, clients of another."""
    register(store, "erp/customer", "erp/order", "crm/client", rank={"crm": 1})
    say(store, "erp/order", *(order(i) for i in range(6)))
    say(store, "erp/customer", *(record("erp/customer", str(i), name=f"Customer {i}") for i in range(3)))
    say(store, "crm/client", *(record("crm/client", str(i), name=f"customer {i}", phone=f"+{i}") for i in range(3)))
    return store


def as_port(store: SqlStore) -> Store:
    """Type checking this is the proof that the store has all that the port asks for."""
    return store


def order(i: int, **extra: int) -> RecordFragments:
    links = [("PLACED_BY", f"erp/customer/{i % 3}")]
    said: dict[str, Said] = {"amount": Decimal(f"{i}.50"), "day": date(2024, 1, i % 28 + 1), "n": i}
    return record_of("erp/order", str(i), {**said, **extra}, links)


SAME = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name", "same")
REFERS = link_type(LinkKind.REFERENCE, "crm/client.id", "erp/order.id", "ORDERED")
PAIRS = [SamePair(f"crm/client/{i}", f"erp/customer/{i}", 0.6 + i / 10) for i in range(3)]


def confirmed_same(store: SqlStore) -> int:
    store.links.save_link_types([SAME, REFERS])
    judgement = store.links.judge(SAME.id, Verdict.CONFIRM, "ann")
    store.links.write_same(SAME, PAIRS)
    return judgement.id


class TestCatalog:
    def test_a_source_keeps_what_it_was_registered_with(self, store: SqlStore) -> None:
        source = Source("a", "sql", {"host": "db", "tables": ["x"]}, rank=3, removal_limit=0.5)
        store.catalog.add_source(source, b"sealed")
        found = store.catalog.source("a")
        assert (found.options, found.rank, found.removal_limit) == (source.options, 3, 0.5)
        assert found.created is not None
        assert store.catalog.secret("a") == b"sealed"

    def test_updating_a_source_keeps_its_secret_unless_another_is_given(self, store: SqlStore) -> None:
        store.catalog.add_source(Source("a", "sql"), b"old")
        store.catalog.update_source(Source("a", "sql", rank=2))
        assert (store.catalog.source("a").rank, store.catalog.secret("a")) == (2, b"old")
        store.catalog.update_source(Source("a", "sql"), b"new")
        assert store.catalog.secret("a") == b"new"

    def test_a_taken_name_is_a_conflict_and_an_unknown_one_is_not_found(self, store: SqlStore) -> None:
        store.catalog.add_source(Source("a", "sql"))
        with pytest.raises(ConflictError):
            store.catalog.add_source(Source("a", "folder"))
        with pytest.raises(ConflictError):
            store.catalog.add_source(Source("edits", "folder"))
        for ask in (store.catalog.source, store.catalog.secret, store.catalog.remove_source):
            with pytest.raises(NotFoundError):
                ask("nobody")

    def test_datasets_are_upserted_and_counted(self, shop: SqlStore) -> None:
        shop.catalog.save_datasets("erp", [DatasetInfo("order", DatasetKind.TABLE, key=("id",))], {"order": "Purchase"})
        found = {summary.info.name: summary for summary in shop.catalog.datasets("erp")}
        assert found["order"].type == "Purchase"
        assert found["order"].info.key == ("id",)
        assert (found["order"].records, found["customer"].records) == (6, 3)

    def test_a_build_goes_from_queued_to_done(self, store: SqlStore) -> None:
        build = store.catalog.add_build(["a"])
        assert build.state is BuildState.QUEUED
        store.catalog.set_build(build.id, BuildState.RUNNING)
        store.catalog.set_progress(build.id, [Progress("crawl", "a/x", 3, 10, "going")])
        running = store.catalog.build(build.id)
        assert running.progress == (Progress("crawl", "a/x", 3, 10, "going"),)
        assert running.started is not None
        store.catalog.set_build(build.id, BuildState.DONE, counts={"vertices": 3})
        done = store.catalog.builds()[0]
        assert (done.state, done.started, done.counts) == (BuildState.DONE, running.started, {"vertices": 3})
        assert done.finished is not None
        with pytest.raises(NotFoundError):
            store.catalog.set_progress(99, [])

    def test_record_failures_are_counted_once_per_build(self, shop: SqlStore) -> None:
        failure = RecordFailure("erp", "order", "7", "record", "broken", "mend it", 1)
        shop.catalog.add_failures([failure])
        shop.catalog.add_failures([failure])
        shop.fragments.finish("erp", "order", 1, removal_limit=1)
        assert shop.catalog.failures(source="erp") == [failure]
        assert {d.info.name: d.failures for d in shop.catalog.datasets("erp")}["order"] == 1


class TestReplacing:
    def test_what_records_say_is_served_at_once(self, shop: SqlStore) -> None:
        view = shop.view()
        assert view.label_counts() == ({"Client": 3, "Customer": 3, "Order": 6}, {"PLACED_BY": 6})
        found = view.vertex("erp/order/2")
        assert found is not None
        assert found.properties == {"amount": (Decimal("2.50"),), "day": (date(2024, 1, 3),), "n": (2,)}

    def test_ingesting_the_same_twice_changes_nothing(self, shop: SqlStore) -> None:
        position, before = shop.log.position(), graph(shop)
        assert say(shop, "erp/order", *(order(i) for i in range(6)), build=2) == ReplaceReport(unchanged=6)
        assert shop.log.position() == position
        assert graph(shop) == before

    def test_a_changed_record_changes_only_what_it_says(self, shop: SqlStore) -> None:
        position = shop.log.position()
        assert say(shop, "erp/order", order(1, extra=5), build=2) == ReplaceReport(changed=1)
        assert [(c.op, c.element, c.id) for c in shop.log.changes(position)] == [("put", "vertex", "erp/order/1")]
        found = shop.view().vertex("erp/order/1")
        assert found is not None
        assert found.properties["extra"] == (5,)
        assert shop.view().label_counts()[1] == {"PLACED_BY": 6}

    def test_an_edge_waits_for_both_ends(self, store: SqlStore) -> None:
        register(store, "a/x", "b/y")
        say(store, "a/x", record("a/x", "1", [("TO", "b/y/1")]))
        assert store.view().label_counts()[1] == {}
        say(store, "b/y", record("b/y", "1"))
        assert store.view().label_counts()[1] == {"TO": 1}
        store.fragments.remove_records("b", "y", ["1"])
        assert store.view().label_counts() == ({"X": 1}, {})
        say(store, "b/y", record("b/y", "1"))
        assert store.view().label_counts()[1] == {"TO": 1}

    def test_a_link_that_names_another_end_moves(self, shop: SqlStore) -> None:
        say(shop, "erp/order", record("erp/order", "0", [("PLACED_BY", "erp/customer/2")]), build=2)
        (edge,) = shop.view().edges_of(["erp/order/0"])["erp/order/0"]
        assert edge.head == "erp/customer/2"

    def test_records_that_name_the_same_thing_share_a_vertex(self, store: SqlStore) -> None:
        register(store, "a/x")
        shared = [
            RecordFragments(key, key.encode(), (Fragment("a/x/shared", "Thing", {"seen": (key,)}),)) for key in "pq"
        ]
        say(store, "a/x", *shared)
        found = store.view().vertex("a/x/shared")
        assert found is not None
        assert sorted(found.properties["seen"]) == ["p", "q"]
        store.fragments.remove_records("a", "x", ["p"])
        left = store.view().vertex("a/x/shared")
        assert left is not None
        assert left.properties == {"seen": ("q",)}
        store.fragments.remove_records("a", "x", ["q"])
        assert store.view().vertex("a/x/shared") is None

    def test_a_uid_may_move_to_another_record(self, store: SqlStore) -> None:
        register(store, "a/x")
        thing = Fragment("a/x/thing", "Thing", {"v": (1,)})
        say(store, "a/x", RecordFragments("old", b"1", (thing,)), record("a/x", "2", [("TO", "a/x/thing")]))
        say(store, "a/x", RecordFragments("old", b"2"), RecordFragments("new", b"3", (thing,)), build=2)
        assert store.view().label_counts() == ({"Thing": 1, "X": 1}, {"TO": 1})

    def test_two_records_may_state_a_link_by_the_same_uid(self, store: SqlStore) -> None:
        register(store, "a/x")
        say(store, "a/x", record("a/x", "1"), record("a/x", "2"))
        link = LinkStatement("a/link", "TO", "a/x/1", "a/x/2")
        for _ in range(2):
            say(store, "a/x", *(RecordFragments(key, b"1", links=(link,)) for key in ("p", "q")))
        assert store.view().label_counts()[1] == {"TO": 2}

    def test_every_type_of_value_comes_back_as_it_went_in(self, store: SqlStore) -> None:
        register(store, "a/x")
        values: dict[str, tuple[Value, ...]] = {
            "s": ("text 'quoted' \"twice\" \\ 𝄞", ""), "i": (1, -(2**70)), "f": (0.1, float("inf")), "b": (True, False),
            "d": (Decimal("1.10"),), "day": (date(2024, 2, 29),), "t": (time(12, 30),),
            "at": (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 1)),
        }  # fmt: skip
        say(store, "a/x", record_of("a/x", "1", values))
        found = store.view().vertex("a/x/1")
        assert found is not None
        assert found.properties == values

    def test_text_that_no_database_holds_is_mended_not_refused(self, store: SqlStore) -> None:
        register(store, "a/x")
        say(store, "a/x", record("a/x", "k\x00\ud800", v="a\x00b\udfffc"))
        found = store.view().vertex("a/x/k\x00\ud800")
        assert found is not None
        assert found.properties["v"] == ("a\ufffdb\ufffdc",)
        assert store.fragments.digests("a", "x", ["k\x00\ud800"])

    def test_a_dataset_that_is_not_there_is_an_error(self, store: SqlStore) -> None:
        with pytest.raises(NotFoundError):
            store.fragments.replace("a", "x", [], 1)


class TestFinishing:
    def test_records_that_a_build_did_not_see_are_removed(self, shop: SqlStore) -> None:
        say(shop, "erp/order", *(order(i) for i in range(5)), build=2)
        assert shop.fragments.finish("erp", "order", 2, removal_limit=0.3) == ReplaceReport(removed=1)
        assert shop.view().label_counts()[0]["Order"] == 5

    def test_losing_too_many_stops_and_removes_nothing(self, shop: SqlStore) -> None:
        with pytest.raises(RemovalGuardError) as caught:
            shop.fragments.finish("erp", "order", 2, removal_limit=0.3)
        assert (caught.value.would_remove, caught.value.had) == (6, 6)
        assert shop.view().label_counts()[0]["Order"] == 6
        assert shop.fragments.finish("erp", "order", 2, removal_limit=1).removed == 6

    def test_new_records_do_not_soften_the_guard(self, shop: SqlStore) -> None:
        say(shop, "erp/order", *(record("erp/order", f"new{i}") for i in range(100)), build=2)
        with pytest.raises(RemovalGuardError):
            shop.fragments.finish("erp", "order", 2, removal_limit=0.3)

    def test_touched_records_count_as_seen(self, shop: SqlStore) -> None:
        shop.fragments.touch("erp", "order", [str(i) for i in range(6)], 2)
        assert shop.fragments.finish("erp", "order", 2, removal_limit=0).removed == 0

    def test_digests_tell_what_is_stored(self, shop: SqlStore) -> None:
        assert shop.fragments.digests("erp", "order", ["0", "nothing"]) == {"0": order(0).digest}


class TestDocuments:
    def document(self) -> Document:
        words = WordIndex(
            np.array([[0, 5], [6, 11]], np.int32), np.array([[1, 2, 3, 4], [4, 2, 6, 4]], np.float32),
            np.array([1, 0.5], np.float32),
        )  # fmt: skip
        table = Table((("a", "b"), ("1", "2")), True, Box(0, 0, 10, 10))
        page = Page(1, "Hello World", 595, 842, words, (table,), True)
        mention = Mention(1, 0, 5, "Hello", "MISC", "hello", 0.5, "ner")
        return Document("application/pdf", (page, Page(2, "more")), {"title": ("T",)}, (mention,), "pdf")

    def test_a_document_comes_back_whole(self, store: SqlStore) -> None:
        register(store, "files/docs")
        document = self.document()
        fragment = Fragment("files/docs/a.pdf", "Document", {"title": ("T",)})
        say(store, "files/docs", RecordFragments("a.pdf", b"1", (fragment,), (), document))
        found = store.fragments.document("files/docs/a.pdf")
        assert found.text == "Hello World\fmore"
        assert found.pages[0].tables == document.pages[0].tables
        assert found.mentions == document.mentions
        assert found.properties == document.properties
        assert np.array_equal(found.pages[0].words.spans, document.pages[0].words.spans)
        assert np.array_equal(found.pages[0].words.boxes, document.pages[0].words.boxes)
        assert store.linking_data().boxes("files/docs/a.pdf", 1, 0, 11) == ((1, 2, 6, 4),)
        pages = pa.Table.from_batches(store.linking_data().pages("files", "docs")).to_pylist()
        assert [(row["_uid"], row["page"], row["from_ocr"]) for row in pages] == [
            ("files/docs/a.pdf", 1, True),
            ("files/docs/a.pdf", 2, False),
        ]
        mentions = pa.Table.from_batches(store.linking_data().mentions("files", "docs")).to_pylist()
        assert mentions[0] | {"confidence": 0.5} == {
            "_uid": "files/docs/a.pdf", "page": 1, "begin": 0, "end": 5, "text": "Hello", "type": "MISC",
            "normal": "hello", "confidence": 0.5,
        }  # fmt: skip

    def test_a_changed_document_replaces_the_old_one(self, store: SqlStore) -> None:
        register(store, "files/docs")
        fragment = Fragment("files/docs/a.pdf", "Document", {})
        say(store, "files/docs", RecordFragments("a.pdf", b"1", (fragment,), (), self.document()))
        say(
            store,
            "files/docs",
            RecordFragments("a.pdf", b"2", (fragment,), (), Document("text/plain", (Page(1, "x"),))),
        )
        assert store.fragments.document("files/docs/a.pdf").text == "x"
        store.catalog.remove_source("files")
        with pytest.raises(NotFoundError):
            store.fragments.document("files/docs/a.pdf")


class TestMerging:
    def test_same_things_become_one_vertex_with_both_values(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        found = shop.view().vertex("crm/client/1")
        assert found is not None
        assert found.id == "erp/customer/1", "the source of lowest rank names the vertex"
        assert found.properties == {"name": ("Customer 1", "customer 1"), "phone": ("+1",)}
        assert shop.view().label_counts()[0] == {"Customer": 3, "Order": 6}
        origins = shop.view().vertex_origins("erp/customer/1")
        assert [(o.uid, o.same_as) for o in origins] == [
            ("erp/customer/1", None),
            ("crm/client/1", "erp/customer/1"),
        ]

    def test_unmerging_gives_back_exactly_what_was_there(self, shop: SqlStore) -> None:
        before = graph(shop)
        judgement = confirmed_same(shop)
        shop.links.undo(judgement, "bob")
        assert graph(shop) == before

    def test_pairs_below_the_threshold_stay_apart(self, shop: SqlStore) -> None:
        shop.links.save_link_types([SAME])
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann", correction=Correction(threshold=0.75))
        shop.links.write_same(SAME, PAIRS)
        assert shop.view().label_counts()[0] == {"Client": 2, "Customer": 3, "Order": 6}

    def test_chains_merge_into_one_and_split_again(self, store: SqlStore) -> None:
        register(store, "a/x", "b/y")
        say(store, "a/x", *(record("a/x", str(i)) for i in range(4)))
        within = link_type(LinkKind.SAME_THING, "a/x.n", "a/x.n")
        store.links.save_link_types([within])
        store.links.judge(within.id, Verdict.CONFIRM, "ann")
        chain = [SamePair(f"a/x/{i}", f"a/x/{i + 1}", 1.0) for i in range(3)]
        store.links.write_same(within, chain)
        assert store.view().label_counts()[0] == {"X": 1}
        store.links.write_same(within, [chain[0], chain[2]])
        assert [v.id for v in store.view().vertices().items] == ["a/x/0", "a/x/2"]

    def test_changing_ranks_changes_the_name_and_the_shown_value(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.catalog.update_source(Source("crm", "table", rank=-1))
        found = shop.view().vertex("erp/customer/1")
        assert found is not None
        assert found.id == "crm/client/1"
        assert found.properties["name"] == ("customer 1", "Customer 1")
        edges = shop.view().edges_of(["erp/customer/1"])["erp/customer/1"]
        assert {edge.head for edge in edges} == {"crm/client/1"}

    def test_within_a_rank_the_surer_and_then_the_newer_value_is_shown(self, store: SqlStore) -> None:
        register(store, "a/x", "b/y", "c/z")
        say(store, "a/x", record_of("a/x", "1", {"v": "guessed"}, evidence=Evidence(confidence=0.4)), build=3)
        say(store, "b/y", record("b/y", "1", v="old"), build=1)
        say(store, "c/z", record("c/z", "1", v="new"), build=2)
        both = [link_type(LinkKind.SAME_THING, "a/x.v", other) for other in ("b/y.v", "c/z.v")]
        store.links.save_link_types(both)
        for known, uid in zip(both, ("b/y/1", "c/z/1"), strict=True):
            store.links.judge(known.id, Verdict.CONFIRM, "ann")
            store.links.write_same(known, [SamePair("a/x/1", uid, 1.0)])
        (found,) = store.view().vertices().items
        assert found.properties["v"] == ("new", "old", "guessed")

    def test_edges_follow_their_ends_through_merges(self, shop: SqlStore) -> None:
        shop.links.save_link_types([REFERS])
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 0.9)])
        shop.links.save_link_types([REFERS, SAME])
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann")
        shop.links.write_same(SAME, PAIRS)
        (edge,) = shop.view().edges_of(["crm/client/0"], Direction.OUT)["crm/client/0"]
        assert (edge.tail, edge.head, edge.score) == ("erp/customer/0", "erp/order/0", 0.9)

    def test_pairs_for_review_come_least_sure_first(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        assert [p.score for p in shop.links.pairs(SAME.id)] == [0.8, 0.7, 0.6]
        shop.links.judge(f"{SAME.id}|crm/client/0|erp/customer/0", Verdict.CONFIRM, "ann")
        assert [p.score for p in shop.links.pairs(SAME.id, least_sure_first=True, limit=1)] == [0.7]


class TestJudging:
    def write(self, store: SqlStore) -> None:
        store.links.save_link_types([REFERS])
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        store.links.write_links(store.links.link_type(REFERS.id), edges)

    def edges(self, store: SqlStore) -> int:
        return sum(n for name, n in store.view().label_counts()[1].items() if name != "PLACED_BY")

    def test_links_are_served_only_while_their_type_is_confirmed(self, shop: SqlStore) -> None:
        self.write(shop)
        assert self.edges(shop) == 0
        confirm = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        assert self.edges(shop) == 3
        delete = shop.links.judge(REFERS.id, Verdict.DELETE, "ann")
        assert self.edges(shop) == 0
        assert shop.links.link_type(REFERS.id).state is LinkState.DELETED
        before = shop.links.undo(delete.id, "bob")
        assert (before.undone_by, self.edges(shop)) == ("bob", 3)
        shop.links.undo(confirm.id, "bob")
        assert (self.edges(shop), shop.links.link_type(REFERS.id).state) == (0, LinkState.PROPOSED)

    def test_an_answer_is_undone_once(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.REJECT, "ann", note="no")
        assert shop.links.judgements()[0].note == "no"
        shop.links.undo(judgement.id, "ann")
        with pytest.raises(ConflictError):
            shop.links.undo(judgement.id, "ann")
        assert shop.links.judgements() == []
        assert len(shop.links.judgements(include_undone=True)) == 1

    def test_naming_renames_the_edges(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        assert shop.view().label_counts()[1]["BOUGHT"] == 3
        shop.links.undo(judgement.id, "ann")
        assert shop.links.link_type(REFERS.id).name == "ORDERED"

    def test_a_threshold_takes_the_weaker_edges_away(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(threshold=0.6))
        assert self.edges(shop) == 2

    def test_other_columns_make_another_link_type(self, shop: SqlStore) -> None:
        self.write(shop)
        correction = Correction(tail=Column("crm", "client", ("order_no",)), name="BOUGHT")
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=correction)
        made = link_type(LinkKind.REFERENCE, "crm/client.order_no", "erp/order.id")
        assert shop.links.link_type(REFERS.id).state is LinkState.REJECTED
        found = shop.links.link_type(made.id)
        assert (found.state, found.name, found.tail.columns) == (LinkState.CONFIRMED, "BOUGHT", ("order_no",))
        shop.links.undo(judgement.id, "ann")
        assert [known.id for known in shop.links.link_types()] == [REFERS.id]
        assert shop.links.link_type(REFERS.id).state is LinkState.PROPOSED

    def test_flipping_turns_the_ends(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(flip=True))
        (found,) = shop.links.link_types((LinkState.CONFIRMED,))
        assert (str(found.tail), str(found.head)) == ("erp/order.id", "crm/client.id")

    def test_new_proposals_never_override_an_answer(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        again = link_type(LinkKind.REFERENCE, "crm/client.id", "erp/order.id", "OTHER", probability=0.9)
        shop.links.save_link_types([again])
        found = shop.links.link_type(REFERS.id)
        assert (found.state, found.name, found.probability) == (LinkState.CONFIRMED, "BOUGHT", 0.9)
        shop.links.save_link_types([])
        assert shop.links.link_type(REFERS.id).state is LinkState.CONFIRMED

    def test_a_judged_type_handed_back_can_still_be_undone(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        shop.links.save_link_types(shop.links.link_types())
        shop.links.undo(judgement.id, "ann")
        found = shop.links.link_type(REFERS.id)
        assert (found.state, found.name) == (LinkState.PROPOSED, "ORDERED")

    def test_a_proposal_that_is_not_proposed_again_goes(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.save_link_types([SAME])
        assert [known.id for known in shop.links.link_types()] == [SAME.id]

    def test_a_pair_answer_pins_or_forbids_one_edge(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        before = graph(shop)
        no = shop.links.judge(f"{REFERS.id}|crm/client/0|erp/order/0", Verdict.REJECT, "ann")
        yes = shop.links.judge(f"{REFERS.id}|crm/client/0|erp/order/5", Verdict.CONFIRM, "ann")
        ends = {(e.tail, e.head) for e in shop.view().edges("ORDERED").items}
        assert ends == {
            ("crm/client/1", "erp/order/1"), ("crm/client/2", "erp/order/2"), ("crm/client/0", "erp/order/5")
        }  # fmt: skip
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 1.0)])
        assert {(e.tail, e.head) for e in shop.view().edges("ORDERED").items} == {("crm/client/0", "erp/order/5")}
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        shop.links.write_links(REFERS, edges)
        shop.links.undo(no.id, "ann")
        shop.links.undo(yes.id, "ann")
        after = graph(shop)
        assert after == before

    def test_pair_answers_survive_a_recrawl(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.links.judge(f"{SAME.id}|crm/client/1|erp/customer/1", Verdict.REJECT, "ann")
        kept = [record("crm/client", str(i), name=f"customer {i}", phone=f"+{i}") for i in range(3)]
        shop.fragments.remove_records("crm", "client", ["0", "1", "2"])
        say(shop, "crm/client", *kept, build=2)
        shop.links.write_same(SAME, PAIRS)
        assert shop.view().label_counts()[0]["Client"] == 1

    def test_pairs_whose_uids_hold_bars_are_understood(self, store: SqlStore) -> None:
        register(store, "a/x")
        say(store, "a/x", record("a/x", "1|2"), record("a/x", "3|4"))
        within = link_type(LinkKind.SAME_THING, "a/x.n", "a/x.n")
        store.links.save_link_types([within])
        store.links.judge(within.id, Verdict.CONFIRM, "ann")
        store.links.judge(f"{within.id}|a/x/1|2|a/x/3|4", Verdict.CONFIRM, "ann")
        assert store.view().label_counts()[0] == {"X": 1}

    def test_writing_links_again_reports_the_difference(self, shop: SqlStore) -> None:
        self.write(shop)
        position = shop.log.position()
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        assert shop.links.write_links(REFERS, edges) == ReplaceReport(unchanged=3)
        changed = [LinkEdge("crm/client/0", "erp/order/0", 0.9), LinkEdge("crm/client/1", "erp/order/5", 0.9)]
        assert shop.links.write_links(REFERS, changed) == ReplaceReport(added=1, changed=1, removed=2)
        assert shop.log.position() == position, "nothing of it is served"

    def test_provenance_of_a_found_edge_names_its_link_type(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        (edge,) = shop.view().edges_of(["crm/client/1"])["crm/client/1"]
        (origin,) = shop.view().edge_origins(edge.id)
        assert (origin.link_type, origin.source, origin.record, origin.score) == (REFERS.id, "crm", "1", 0.6)


class TestRemovingASource:
    def test_all_that_it_alone_said_goes(self, shop: SqlStore) -> None:
        alone = graph(shop)
        register(shop, "web/shop")
        say(shop, "web/shop", record("web/shop", "1", [("SOLD", "erp/order/1")], name="x"))
        known = link_type(LinkKind.SAME_THING, "web/shop.name", "erp/customer.name")
        shop.links.save_link_types([known])
        shop.links.judge(known.id, Verdict.CONFIRM, "ann")
        shop.links.write_same(known, [SamePair("web/shop/1", "erp/customer/0", 1.0)])
        shop.catalog.remove_source("web")
        assert graph(shop) == alone
        assert shop.links.link_types() == []
        assert shop.links.judgements() == []

    def test_answers_wake_up_when_the_source_comes_back(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.catalog.remove_source("crm")
        assert shop.links.judgements() == []
        register(shop, "crm/client")
        shop.links.save_link_types([SAME])
        assert shop.links.link_type(SAME.id).state is LinkState.CONFIRMED
        assert len(shop.links.judgements()) == 1

    def test_a_correction_towards_a_removed_source_sleeps(self, shop: SqlStore) -> None:
        shop.links.save_link_types([SAME])
        register(shop, "web/shop")
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann", correction=Correction(tail=Column("web", "shop", ("name",))))
        assert shop.links.link_type(SAME.id).state is LinkState.REJECTED
        shop.catalog.remove_source("web")
        assert shop.links.link_type(SAME.id).state is LinkState.PROPOSED


class TestReading:
    def test_pages_follow_each_other_without_gaps(self, shop: SqlStore) -> None:
        seen: list[str] = []
        cursor = None
        while True:
            page = shop.view().vertices("Order", after=cursor, limit=4)
            seen += [v.id for v in page.items]
            if (cursor := page.cursor) is None:
                break
        assert seen == [f"erp/order/{i}" for i in range(6)]

    @pytest.mark.parametrize("descending", [False, True])
    def test_ordered_pages_follow_each_other_and_the_missing_come_last(self, shop: SqlStore, descending: bool) -> None:
        say(shop, "erp/order", record("erp/order", "none"), record("erp/order", "text", n="x"), build=2)
        seen: list[str] = []
        cursor = None
        while True:
            page = shop.view().vertices("Order", order_by="n", descending=descending, after=cursor, limit=3)
            seen += [v.id.rsplit("/", 1)[1] for v in page.items]
            if (cursor := page.cursor) is None:
                break
        numbers = [str(i) for i in range(6)]
        assert seen == ([*reversed([*numbers, "text"]), "none"] if descending else [*numbers, "text", "none"])

    @pytest.mark.parametrize(
        ("name", "op", "value", "expected"),
        [
            ("n", "eq", 2, 1), ("n", "eq", 2.0, 1), ("n", "eq", "2", 0), ("n", "neq", 2, 5), ("n", "lt", 2, 2), ("n", "lte", 2, 3),
            ("n", "gt", 2, 3), ("n", "gte", 2, 4), ("n", "in", (1, 2, 99), 2), ("n", "exists", True, 6),
            ("n", "exists", False, 6), ("amount", "gte", Decimal("4.5"), 2), ("amount", "eq", 4.5, 1),
            ("day", "lt", date(2024, 1, 3), 2), ("day", "eq", date(2024, 1, 3), 1), ("name", "contains", "tomer", 6),
            ("name", "starts_with", "Cust", 3), ("name", "eq", "Customer 1", 1), ("name", "contains", "%", 0),
            ("no such", "eq", 1, 0),
        ],
    )  # fmt: skip
    def test_filters(self, shop: SqlStore, name: str, op: str, value: object, expected: int) -> None:
        wanted = PropertyFilter(name, op, value)  # type: ignore[arg-type]
        assert shop.view().count(filters=[wanted]) == expected
        assert len(shop.view().vertices(filters=[wanted], limit=50).items) == expected

    def test_a_filter_nobody_knows_is_refused(self, shop: SqlStore) -> None:
        for wanted in (
            PropertyFilter("n", "like", "x"),
            PropertyFilter("n", "lt", None),
            PropertyFilter("n", "contains", 3),
        ):
            with pytest.raises(InputError):
                shop.view().count(filters=[wanted])

    def test_a_cursor_that_is_none_is_refused(self, shop: SqlStore) -> None:
        for cursor in ("x", "W10", "!!", "WyJhIl0"):
            with pytest.raises(InputError):
                shop.view().vertices(after=cursor)

    def test_edges_of_many_vertices_at_once(self, shop: SqlStore) -> None:
        view = shop.view()
        found = view.edges_of(["erp/customer/0", "erp/order/1", "nothing"], limit=1)
        assert {id: len(edges) for id, edges in found.items()} == {"erp/customer/0": 1, "erp/order/1": 1}
        assert view.edges_of(["erp/customer/0"], Direction.OUT) == {"erp/customer/0": []}
        assert len(view.edges_of(["erp/customer/0"], Direction.IN, ["PLACED_BY"])["erp/customer/0"]) == 2
        assert view.edges_of(["erp/customer/0"], labels=["OTHER"]) == {"erp/customer/0": []}

    def test_what_types_properties_have(self, shop: SqlStore) -> None:
        assert shop.view().property_types("Order") == {"amount": "number", "day": "date", "n": "integer"}
        say(shop, "erp/order", record("erp/order", "x", n="text", day=datetime(2024, 1, 1), amount=1), build=2)
        assert shop.view().property_types("Order") == {"amount": "number", "day": "text", "n": "text"}

    def test_patterns_of_edges(self, shop: SqlStore) -> None:
        assert shop.view().edge_patterns() == [("Order", "PLACED_BY", "Customer", 6)]

    def test_origins_name_source_record_and_evidence(self, store: SqlStore) -> None:
        register(store, "files/docs")
        where = Evidence("reader.pdf", 0.9, page=2, boxes=(Box(1, 2, 3, 4),), quote="Total 5")
        fragment = Fragment("files/docs/a", "Doc", {"total": (5,), "kind": ("x",)}, Evidence("row"), {"total": where})
        say(store, "files/docs", RecordFragments("a.pdf", b"1", (fragment,)))
        (origin,) = store.view().vertex_origins("files/docs/a")
        assert (origin.source, origin.dataset, origin.record, origin.type) == ("files", "docs", "a.pdf", "Doc")
        assert origin.evidence == {"total": where}
        assert origin.default_evidence == Evidence("row")
        assert origin.seen is not None

    def test_rows_for_linking(self, shop: SqlStore) -> None:
        say(shop, "erp/customer", record("erp/customer", "9", name=("A", "B"), since=date(2020, 1, 1)), build=2)
        table = pa.Table.from_batches(shop.linking_data().rows("erp", "customer"))
        assert table.schema.names == ["_uid", "name", "since"]
        assert table.to_pylist()[-1] == {"_uid": "erp/customer/9", "name": ["A", "B"], "since": "2020-01-01"}

    def test_rows_of_a_join_table_are_its_links(self, store: SqlStore) -> None:
        register(store, "a/x", "a/pairs")
        link = LinkStatement("a/pairs/1|2", "WITH", "a/x/1", "a/x/2", {"since": (2001,), "ok": (True,)})
        say(store, "a/pairs", RecordFragments("1|2", b"1", links=(link,)))
        table = pa.Table.from_batches(store.linking_data().rows("a", "pairs"))
        assert table.to_pylist() == [{"_uid": "a/pairs/1|2", "since": "2001", "ok": "true"}]


class TestTheLog:
    def test_positions_grow_and_projections_remember_theirs(self, shop: SqlStore) -> None:
        changes = shop.log.changes(0)
        assert [c.seq for c in changes] == sorted({c.seq for c in changes})
        assert changes[-1].seq == shop.log.position()
        shop.log.set_projection_position("search", 5)
        shop.log.set_projection_position("search", 6)
        assert (shop.log.projection_position("search"), shop.log.projection_position("other")) == (6, 0)
        assert [c.seq for c in shop.log.changes(3, limit=2)] == [4, 5]

    def test_edges_come_after_their_ends_and_go_before_them(self, shop: SqlStore) -> None:
        position = shop.log.position()
        shop.fragments.remove_records("erp", "order", ["0"])
        assert [(c.op, c.element) for c in shop.log.changes(position)] == [("remove", "edge"), ("remove", "vertex")]

    def test_replaying_the_log_gives_the_graph(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.fragments.remove_records("erp", "order", ["0", "1"])
        alive: dict[str, set[str]] = {"vertex": set(), "edge": set()}
        for change in shop.log.changes(0):
            (alive[change.element].add if change.op == "put" else alive[change.element].discard)(change.id)
        served = graph(shop)
        assert alive["vertex"] == {row[0] for row in served["vertices"]}
        assert alive["edge"] == {row[0] for row in served["edges"]}


class TestTransactions:
    def test_a_batch_is_all_or_nothing(self, shop: SqlStore) -> None:
        before, known = graph(shop), beliefs(shop)
        with pytest.raises(RuntimeError), shop.batch():
            say(shop, "erp/customer", record_of("erp/customer", "9", {"other": "x"}, type="New"), build=2)
            shop.links.save_link_types([SAME])
            assert shop.view().vertex("erp/customer/9") is not None, "a batch sees its own writes"
            raise RuntimeError
        assert (graph(shop), beliefs(shop)) == (before, known)
        say(shop, "erp/customer", record_of("erp/customer", "9", {}, type="Newer"), build=2)
        assert shop.view().label_counts()[0]["Newer"] == 1

    def test_readers_go_on_beside_a_writer(self, shop: SqlStore) -> None:
        stop, seen, errors = threading.Event(), [], []

        def read() -> None:
            while not stop.is_set():
                try:
                    vertices, edges = shop.view().label_counts()
                    seen.append((vertices.get("Order", 0), edges.get("PLACED_BY", 0)))
                except Exception as error:  # noqa: BLE001 - any error fails the test
                    errors.append(error)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for build in range(2, 22):
            say(shop, "erp/order", *(order(i, b=build) for i in range(6 + build)), build=build)
        stop.set()
        for reader in readers:
            reader.join()
        assert errors == []
        assert all(orders == edges for orders, edges in seen), "a reader never sees half a write"

    def test_writers_in_several_threads_take_turns(self, store: SqlStore) -> None:
        register(store, "a/x")

        def write(part: int) -> None:
            for i in range(10):
                say(store, "a/x", record("a/x", f"{part}-{i}"))

        writers = [threading.Thread(target=write, args=(part,)) for part in range(4)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert store.view().label_counts()[0] == {"X": 40}
        assert len(store.log.changes(0)) == store.log.position() == 40
