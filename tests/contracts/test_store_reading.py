"""How every system of record is read, logged and shared between threads, on each database it runs on."""

import base64
import math
import threading
from datetime import date, datetime
from decimal import Decimal

import orjson
import pyarrow as pa
import pytest

from bifrost.documents import Box
from bifrost.errors import InputError
from bifrost.graph import Direction, Page, PropertyFilter
from bifrost.values import Evidence, Fragment, LinkStatement, RecordFragments, Value
from graphstore.sql import SqlStore
from tests.contracts.stores import (
    SAME,
    confirmed_same,
    order,
    postgres_url,
    shared_postgres_url,
    shop,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.graphstore.worlds import beliefs, graph, record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "shop", "sqlite_template", "sqlite_url", "store"]


def made(*data: object) -> str:
    """A cursor that says this."""
    return base64.urlsafe_b64encode(orjson.dumps(data)).decode().rstrip("=")


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

    def test_a_page_of_none_tells_whether_there_is_more(self, shop: SqlStore) -> None:
        view = shop.view()
        (customer,) = view.vertices("Customer", limit=1).items
        for limit in (0, 1):
            assert view.vertices("Order", limit=limit).more
            assert view.vertices("Order", order_by="n", limit=limit).more
            assert view.edges(limit=limit).more
        for page in (view.vertices("Nothing", limit=0), view.vertices("Order", limit=6), view.edges(limit=10_000)):
            assert (page.more, page.cursor) == (False, None)
        assert view.links([customer.id], limit=0)[customer.id].more
        assert view.neighbours([customer.id], limit=0)[customer.id].more

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

    @pytest.mark.parametrize("name", ["plain", 'with "quotes"', "a.b", "ü[0]", "back\\slash", "$", "it's: 5%"])
    def test_properties_of_any_name_are_filtered_and_ordered(self, shop: SqlStore, name: str) -> None:
        said = [record_of("erp/order", str(i), {name: i % 3}) for i in range(5)]
        say(shop, "erp/order", *said, record_of("erp/order", "text", {name: "x"}), build=2)
        view = shop.view()
        page = view.vertices("Order", order_by=name, limit=4)
        found = [*page.items, *view.vertices("Order", order_by=name, after=page.cursor, limit=4).items]
        assert [vertex.id[-1] for vertex in found] == ["0", "3", "1", "4", "2", "t", "5"]
        assert view.count("Order", [PropertyFilter(name, "gt", 0)]) == 3
        assert view.count("Order", [PropertyFilter(name, "contains", "x")]) == 1
        assert view.count("Order", [PropertyFilter(name, "exists", False)]) == 1

    def test_infinite_numbers_are_compared(self, shop: SqlStore) -> None:
        numbers: tuple[Value, ...] = (math.inf, -math.inf, math.nan, 1.5, Decimal("2.5"))
        say(
            shop, "erp/order", *(record("erp/order", f"x{i}", size=number) for i, number in enumerate(numbers)), build=2
        )
        found = {
            (op, value): "".join(vertex.id[-1] for vertex in shop.view().vertices(filters=[wanted]).items)
            for op, value in (
                ("gt", 2),
                ("lt", 2),
                ("lte", math.inf),
                ("gte", math.inf),
                ("neq", 1.5),
                ("eq", math.inf),
            )
            if (wanted := PropertyFilter("size", op, value))
        }
        assert list(found.values()) == ["04", "13", "0134", "0", "014", "0"]

    def test_a_filter_nobody_knows_is_refused(self, shop: SqlStore) -> None:
        for wanted in (
            PropertyFilter("n", "like", "x"),
            PropertyFilter("n", "lt", None),
            PropertyFilter("n", "contains", 3),
        ):
            with pytest.raises(InputError):
                shop.view().count(filters=[wanted])

    def test_a_cursor_that_is_none_is_refused(self, shop: SqlStore) -> None:
        for cursor in ("x", "W10", "!!", "WyJhIl0", made(2**64 - 1), made(True), made(None), made([])):
            with pytest.raises(InputError):
                shop.view().vertices(after=cursor)
        hostile: list[tuple[object, ...]] = [
            (0, 1, "", 2**63), (5, 1, "", 1), (0, "a", "", 1), (0, [], "", 1), (1, 0, {}, 1), (1, 0, "\0", 1),
        ]  # fmt: skip
        for data in hostile:
            with pytest.raises(InputError):
                shop.view().vertices(order_by="n", after=made(*data))

    def test_edges_of_many_vertices_at_once(self, shop: SqlStore) -> None:
        view = shop.view()
        found = view.edges_of(["erp/customer/0", "erp/order/1", "nothing"], limit=1)
        assert {id: len(edges) for id, edges in found.items()} == {"erp/customer/0": 1, "erp/order/1": 1, "nothing": 0}
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


def hub(store: SqlStore, spokes: int, parallel: int) -> None:
    """A hub with parallel edges to each of its spokes, one edge back from each, and one to itself."""
    register(store, "a/hub", "a/spoke")
    ends = [f"a/spoke/{i:03}" for i in range(spokes)]
    links = [LinkStatement(f"out{n}>{end}", "TO", "a/hub/h", end, {"n": (n,)}) for n in range(parallel) for end in ends]
    links += [LinkStatement(f"back>{end}", "BACK", end, "a/hub/h") for end in ends]
    links += [LinkStatement("self", "SELF", "a/hub/h", "a/hub/h")]
    say(store, "a/spoke", *(record("a/spoke", f"{i:03}", n=i) for i in range(spokes)))
    fragment = Fragment("a/hub/h", "Hub", {"n": (1,)})
    say(store, "a/hub", RecordFragments("h", b"1", (fragment,), tuple(links)))


class TestWhatEdgesLeadTo:
    def test_every_neighbour_is_listed_however_many_edges_lead_to_it(self, store: SqlStore) -> None:
        hub(store, spokes=100, parallel=20)
        view = store.view()
        page = view.neighbours(["a/hub/h"], Direction.OUT, ["TO"], limit=1000)["a/hub/h"]
        assert [v.id for v in page.items] == [f"a/spoke/{i:03}" for i in range(100)]
        assert page.cursor is None
        assert view.neighbour_counts(["a/hub/h"], Direction.OUT, ["TO"]) == {"a/hub/h": 100}
        assert view.neighbour_counts(["a/hub/h", "a/spoke/001", "no"]) == {"a/hub/h": 101, "a/spoke/001": 1}
        assert view.neighbour_counts(["a/hub/h"], Direction.IN) == {"a/hub/h": 101}
        assert view.neighbour_counts(["a/hub/h"], Direction.IN, ["NOTHING"]) == {}

    def test_what_types_properties_of_edges_have(self, store: SqlStore) -> None:
        hub(store, spokes=2, parallel=2)
        link = LinkStatement("x", "BACK", "a/spoke/000", "a/hub/h", {"day": (date(2024, 1, 2),), "n": ("text", 1)})
        say(store, "a/spoke", RecordFragments("x", b"1", (), (link,)))
        found = store.view().edge_property_types()
        assert found == {"BACK": {"day": "date", "n": "text"}, "TO": {"n": "integer"}}

    @pytest.mark.parametrize("direction", list(Direction))
    @pytest.mark.parametrize("labels", [(), ("TO", "BACK", "SELF"), ("SELF",)])
    def test_pages_of_neighbours_and_links_leave_no_gaps(
        self, store: SqlStore, direction: Direction, labels: tuple[str, ...]
    ) -> None:
        hub(store, spokes=7, parallel=3)
        view = store.view()
        ends: list[str] = []
        edges: list[str] = []
        after = None
        while True:
            page = view.neighbours(["a/hub/h", "a/spoke/001"], direction, labels, after=after, limit=3)["a/hub/h"]
            ends += [vertex.id for vertex in page.items]
            assert page.cursor is None or page.cursor == page.cursors[-1]
            if (after := page.cursor) is None:
                break
        while True:
            links = view.links(["a/hub/h"], direction, labels, after=after, limit=4)["a/hub/h"]
            edges += [link.edge.id for link in links.items]
            if (after := links.cursor) is None:
                break
        expected = view.edges_of(["a/hub/h"], direction, labels, limit=100)["a/hub/h"]
        assert edges == [edge.id for edge in expected]
        assert sorted(ends) == sorted({e.head if e.tail == "a/hub/h" else e.tail for e in expected})
        assert view.neighbour_counts(["a/hub/h"], direction, labels) == {"a/hub/h": len(ends)}
        assert view.link_counts(["a/hub/h"], direction, labels) == {"a/hub/h": len(edges)}

    @pytest.mark.parametrize("direction", [Direction.OUT, Direction.IN])
    @pytest.mark.parametrize("limit", [1, 4, 100])
    def test_what_a_label_leads_to_is_found_with_and_without_its_type(
        self, store: SqlStore, direction: Direction, limit: int
    ) -> None:
        hub(store, spokes=7, parallel=3)
        view = store.view()
        ids = ["a/hub/h", "a/spoke/001", "a/spoke/002", "a/nothing/0"]
        for label in ("TO", "BACK", "SELF", "NONE"):
            found = view.linked(ids, direction, label, limit=limit)
            typed = [view.linked(ids, direction, label, other, limit=limit) for other in ("Hub", "Spoke")]
            both = {id_: typed[0].get(id_, []) + typed[1].get(id_, []) for id_ in found}
            assert {id_: vertices[:limit] for id_, vertices in both.items()} == found
            expected = view.edges_of(ids, direction, [label], limit=1000)
            ends = {
                id_: list(dict.fromkeys(e.head if direction is Direction.OUT else e.tail for e in edges))
                for id_, edges in expected.items()
            }
            assert {id_: [vertex.id for vertex in vertices] for id_, vertices in found.items()} == {
                id_: ends[id_][:limit] for id_ in found
            }

    @pytest.mark.parametrize("descending", [False, True])
    def test_links_are_filtered_and_ordered_by_what_they_lead_to(self, store: SqlStore, descending: bool) -> None:
        hub(store, spokes=7, parallel=2)
        view, few = store.view(), [PropertyFilter("n", "gte", 2)]
        seen: list[tuple[str, object]] = []
        after = None
        while True:
            page = view.links(
                ["a/hub/h"],
                Direction.OUT,
                ["TO"],
                "Spoke",
                few,
                order_by="n",
                descending=descending,
                after=after,
                limit=3,
            )["a/hub/h"]
            seen += [(link.vertex.id, link.edge.properties["n"][0]) for link in page.items]
            assert all(link.edge.tail == "a/hub/h" and link.edge.head == link.vertex.id for link in page.items)
            if (after := page.cursor) is None:
                break
        spokes = sorted((f"a/spoke/{i:03}" for i in range(2, 7)), reverse=descending)
        assert seen == [(spoke, n) for spoke in spokes for n in range(2)]
        assert view.link_counts(["a/hub/h"], Direction.OUT, ["TO"], "Spoke", few) == {"a/hub/h": 10}
        assert view.link_counts(["a/hub/h"], Direction.OUT, ["TO"], "Hub") == {}
        assert view.links(["no", "a/hub/h"], Direction.OUT, ["TO"], "Hub") == {"no": Page(()), "a/hub/h": Page(())}

    def test_a_foreign_cursor_is_refused(self, shop: SqlStore) -> None:
        for cursor in ("x", "W10", "!!"):
            with pytest.raises(InputError):
                shop.view().neighbours(["erp/customer/0"], after=cursor)
            with pytest.raises(InputError):
                shop.view().links(["erp/customer/0"], after=cursor)
            with pytest.raises(InputError):
                shop.view().links(["erp/customer/0"], after=cursor, order_by="n")


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
