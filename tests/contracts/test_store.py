"""What every system of record must do with sources, records and documents, on each database it runs on."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from bifrost.catalog import BuildState, Progress, RecordFailure, Source
from bifrost.documents import Box, Document, Mention, Page, Table, WordIndex
from bifrost.errors import ConflictError, NotFoundError, RemovalGuardError
from bifrost.ports import ReplaceReport
from bifrost.values import DatasetInfo, DatasetKind, Fragment, LinkStatement, RecordFragments, Value
from graphstore.sql import SqlStore
from tests.contracts.stores import (
    order,
    postgres_url,
    shared_postgres_url,
    shop,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.graphstore.worlds import graph, record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "shop", "sqlite_template", "sqlite_url", "store"]


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

    def test_records_that_say_the_same_are_seen(self, shop: SqlStore) -> None:
        said = {str(i): order(i).digest for i in range(5)} | {"5": b"other", "6": b"new"}
        assert shop.fragments.seen("erp", "order", said, 2) == {"0", "1", "2", "3", "4"}
        position = shop.log.position()
        assert shop.fragments.finish("erp", "order", 2, removal_limit=1).removed == 1
        assert shop.fragments.digests("erp", "order", ["4", "5"]) == {"4": order(4).digest}
        assert shop.log.position() > position

    def test_keys_that_are_stored_alike_are_seen_by_the_last_of_them(self, shop: SqlStore) -> None:
        say(shop, "erp/order", record("erp/order", "k\x00", n=1), build=2)
        digest = record("erp/order", "k\x00", n=1).digest
        (key,) = shop.fragments.digests("erp", "order", ["k\x00"])
        stored = next(k for k in ("k", "k\ufffd") if shop.fragments.digests("erp", "order", [k]))
        assert shop.fragments.seen("erp", "order", {key: b"else", stored: digest}, 3) == {key, stored}
        assert shop.fragments.seen("erp", "order", {stored: digest, key: b"else"}, 3) == set()

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
