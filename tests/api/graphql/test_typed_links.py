"""Filters by linked vertices, ordered and filtered links, aggregates, provenance: in the typed and the generic part."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.api.conftest import Client, Shop, connect

pytestmark = pytest.mark.anyio


async def ids(client: Client, filter: Any) -> list[str]:
    query = "query($f: CustomerFilter) { customers(filter: $f) { totalCount nodes { id } } }"
    page = (await client.graphql(query, f=filter))["customers"]
    assert page["totalCount"] == len(page["nodes"])
    return [node["id"].rpartition("/")[2] for node in page["nodes"]]


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ({"orders": {"some": {"number": {"gte": 1018}}}}, "34"),
        ({"orders": {"none": {"number": {"gte": 1018}}}}, "012"),
        ({"orders": {"some": {}, "none": {"number": {"lt": 1001}}}}, "1234"),
        ({"orders": {"none": {}}}, ""),
        ({"orders": {"some": {"contains": {"some": {"title": {"eq": "Thing 2"}}}, "number": {"lt": 1010}}}}, "12"),
        ({"_or": [{"visits": {"eq": 0}}, {"orders": {"some": {"number": {"eq": 1019}}}}]}, "04"),
        ({"_not": {"visits": {"in": [1, 2]}, "active": {"eq": True}}}, "0134"),
        ({"_and": [{"visits": {"gt": 0}}, {"visits": {"lt": 3}}], "active": {"eq": True}}, "2"),
        ({"_or": []}, ""),
        ({"_and": [], "orders": None}, "01234"),
    ],
)
async def test_vertices_are_found_by_what_their_links_lead_to(admin: Client, filter: Any, found: str) -> None:
    assert await ids(admin, filter) == list(found)


async def test_filters_cannot_be_nested_without_end(admin: Client) -> None:
    deep: dict[str, Any] = {"visits": {"eq": 1}}
    for _ in range(12):
        deep = {"_not": deep}
    answer = await admin.execute("query($f: CustomerFilter) { customers(filter: $f) { totalCount } }", f=deep)
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"


async def test_links_of_links_are_followed_or_refused_as_too_deep(admin: Client) -> None:
    links = ("orders", "placedBy")
    for levels in range(1, 10):
        deep: dict[str, Any] = {}
        for level in reversed(range(levels)):
            deep = {links[level % 2]: {"some": deep}}
        answer = await admin.execute("query($f: CustomerFilter) { customers(filter: $f) { totalCount } }", f=deep)
        if "errors" in answer and levels > 3:  # a parser of SQLite has its limits
            assert answer["errors"][0]["extensions"]["code"] == "query_limit"
        else:
            assert answer["data"] == {"customers": {"totalCount": 5}}


async def test_links_are_filtered_ordered_and_cut(admin: Client) -> None:
    data = await admin.graphql(
        """{ customers(first: 2) { nodes {
               last: orders(orderBy: number, descending: true, first: 2) { number }
               early: orders(filter: {number: {lt: 1006}}) { number contains(filter: {title: {eq: "Thing 1"}}) { title } }
               none: orders(filter: {number: {lt: 0}}) { number } } } }"""
    )
    first, second = data["customers"]["nodes"]
    assert [one["number"] for one in first["last"]] == [1015, 1010]
    assert first["early"] == [{"number": 1000, "contains": []}, {"number": 1005, "contains": [{"title": "Thing 1"}]}]
    assert [one["number"] for one in second["last"]] == [1016, 1011]
    assert first["none"] == second["none"] == []


async def test_a_type_is_counted_and_measured(admin: Client) -> None:
    data = await admin.graphql(
        """{ customersAggregate(filter: {visits: {gt: 0}}) { count
               sum { visits credit } avg { visits } min { since companyName } max { since active } countDistinct { active } }
             ordersAggregate { count sum { number } } }"""
    )
    assert data["customersAggregate"] == {
        "count": 4,
        "sum": {"visits": 10, "credit": 15},
        "avg": {"visits": 2.5},
        "min": {"since": "2020-01-02", "companyName": "Ann 1"},
        "max": {"since": "2020-01-05", "active": True},
        "countDistinct": {"active": 2},
    }
    assert data["ordersAggregate"] == {"count": 20, "sum": {"number": 20190}}


async def test_nothing_amounts_to_nothing(admin: Client) -> None:
    data = await admin.graphql(
        """{ customersAggregate(filter: {visits: {lt: 0}}) { count sum { visits } avg { visits } min { since }
               countDistinct { since } } }"""
    )
    assert data["customersAggregate"] == {
        "count": 0,
        "sum": {"visits": None},
        "avg": {"visits": None},
        "min": {"since": None},
        "countDistinct": {"since": 0},
    }


async def test_a_type_is_grouped_by_values_the_largest_group_first(admin: Client, shop: Shop) -> None:
    shop.service.edits.add_vertex("Customer", {"visits": (7,)}, by="ann")
    query = "{ customersGroups(by: [active]) { key { active } count sum { visits } countDistinct { since } } }"
    assert (await admin.graphql(query))["customersGroups"] == [
        {"key": {"active": True}, "count": 3, "sum": {"visits": 6}, "countDistinct": {"since": 3}},
        {"key": {"active": False}, "count": 2, "sum": {"visits": 4}, "countDistinct": {"since": 2}},
        {"key": {"active": None}, "count": 1, "sum": {"visits": 7}, "countDistinct": {"since": 0}},
    ]
    few = "{ customersGroups(by: [active, since], first: 2, filter: {visits: {lt: 3}}) { key { active since } count } }"
    assert len((await admin.graphql(few))["customersGroups"]) == 2


async def test_what_a_link_leads_to_is_counted_and_measured(admin: Client) -> None:
    data = await admin.graphql(
        """{ customers(first: 2) { nodes { all: ordersAggregate { count max { number } countDistinct { number } }
               late: ordersAggregate(filter: {number: {gt: 1015}}) { count sum { number } } } } }"""
    )
    first, second = data["customers"]["nodes"]
    assert first == {
        "all": {"count": 4, "max": {"number": 1015}, "countDistinct": {"number": 4}},
        "late": {"count": 0, "sum": {"number": None}},
    }
    assert second["late"] == {"count": 1, "sum": {"number": 1016}}


async def test_the_generic_part_filters_by_links_counts_and_measures(admin: Client) -> None:
    data = await admin.graphql(
        """{ vertices(label: "Customer", linked: [{label: "placed_by", direction: "in", other: "Order",
                filters: [{name: "number", op: "gte", value: 1018}]}]) { nodes { id } }
             without: vertices(label: "Product", linked: [{label: "contains", direction: "in", none: true}]) { totalCount }
             aggregate(label: "Customer", by: ["active"], properties: ["visits"]) {
               key count properties { property count countDistinct sum avg min max } }
             vertex(id: "shop/customers/1") { neighbours(labels: ["placed_by"], direction: "in", first: 2) { id } } }"""
    )
    assert [one["id"] for one in data["vertices"]["nodes"]] == ["shop/customers/3", "shop/customers/4"]
    assert data["without"] == {"totalCount": 0}
    assert data["aggregate"][1] == {
        "key": {"active": False},
        "count": 2,
        "properties": [{"property": "visits", "count": 2, "countDistinct": 2, "sum": 4, "avg": 2, "min": 1, "max": 3}],
    }
    assert [one["id"] for one in data["vertex"]["neighbours"]] == ["shop/orders/1", "shop/orders/6"]


async def test_values_and_links_tell_where_they_come_from(admin: Client, shop: Shop) -> None:
    shop.service.edits.update_vertex("shop/customers/1", {"visits": (9,)}, by="ann")
    data = await admin.graphql(
        """{ customer(id: "shop/customers/1") { _provenance(fields: ["visits", "orders"]) {
               field property values source record score evidence { extractor } } } }"""
    )
    found = data["customer"]["_provenance"]
    assert [(one["values"], one["source"]) for one in found if one["field"] == "visits"] == [
        ([1], "shop"),
        ([9], "edits"),
    ]
    orders = [one for one in found if one["field"] == "orders"]
    assert {one["values"][0] for one in orders} == {f"shop/orders/{number}" for number in (1, 6, 11, 16)}
    assert {(one["property"], one["source"], one["score"]) for one in orders} == {("placed_by", "shop", 1)}
    answer = await admin.execute('{ customer(id: "shop/customers/1") { _provenance(field: "nothing") { field } } }')
    assert answer["errors"][0]["extensions"]["code"] == "bad_input"


EVERYTHING = """query($n: Int!) { customers(first: $n, filter: {orders: {some: {}}}) { nodes {
  companyName _provenance(fields: ["companyName", "orders"]) { values source }
  ordersAggregate(filter: {number: {gt: 0}}) { count sum { number } countDistinct { number } }
  _vertex { sources edgeCount edges(first: 3) { origins { record } tail { id } } neighbours(first: 3) { id origins { uid } } }
  orders(filter: {number: {gt: 0}}, orderBy: number, first: 3) {
    number _provenance(field: "number") { record } contains(orderBy: title) { title ordersAggregate { count } } } } } }"""


async def test_a_level_costs_the_same_statements_whatever_its_size(admin: Client, shop: Shop) -> None:
    counts = []
    await admin.graphql(EVERYTHING, n=1)
    for size in (1, 5):
        statements: list[str] = []
        listen = lambda *event, seen=statements: seen.append(event[2])  # noqa: E731
        sa.event.listen(shop.service.store.engine, "before_cursor_execute", listen)
        data = await admin.graphql(EVERYTHING, n=size)
        sa.event.remove(shop.service.store.engine, "before_cursor_execute", listen)
        counts.append(len(statements))
        assert len(data["customers"]["nodes"]) == size
        assert data["customers"]["nodes"][-1]["orders"][0]["contains"][0]["ordersAggregate"]["count"] == 5
    assert counts[0] == counts[1]
    assert counts[0] < 60


async def test_who_sees_some_sources_counts_those_alone(shop: Shop) -> None:
    shop.accounts.set_sources("rob", ["mail"])
    async with connect(shop.app, "rob") as http:
        query = '{ aggregate(label: "Document", properties: ["title"]) { count properties { max } } all: aggregate { count } }'
        data = (await http.post("/graphql", json={"query": query})).json()["data"]
    assert data == {"aggregate": [{"count": 1, "properties": [{"max": "A letter"}]}], "all": [{"count": 1}]}
