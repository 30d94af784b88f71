"""Reading the graph through the generic part of the schema."""

from typing import Any

import pytest
import sqlalchemy as sa

from api.graphql import explore
from tests.api.conftest import Client, Shop
from tests.api.shop import LETTER, ORDERS, TEXT, proposal, uid

pytestmark = pytest.mark.anyio


async def test_statistics_count_everything(admin: Client) -> None:
    data = await admin.graphql(
        "{ statistics { vertices edges sources documents vertexLabels { label count } edgeLabels { label count }"
        " patterns { tail label head count } } }"
    )
    found = data["statistics"]
    assert (found["vertices"], found["edges"], found["sources"], found["documents"]) == (30, 40, 2, 1)
    assert found["vertexLabels"][0] == {"label": "Order", "count": ORDERS}
    assert {"tail": "Order", "label": "placed_by", "head": "Customer", "count": ORDERS} in found["patterns"]


async def test_a_vertex_with_its_edges_and_where_it_came_from(admin: Client) -> None:
    data = await admin.graphql(
        """query($id: ID!) { vertex(id: $id) { id label name properties sources edgeCount
             origins { uid source dataset record type defaultEvidence { extractor confidence boxes } evidence seen }
             edges(labels: ["placed_by"], direction: "in", first: 2) {
               label score tail { label } head { id } origins { source record score linkType { id } } } } }""",
        id=uid("customers", 1),
    )
    vertex = data["vertex"]
    assert vertex["name"] == "Ann 1"
    assert vertex["properties"] == {
        "company_name": ["Ann 1"],
        "since": ["2020-01-02"],
        "credit": [1.5],
        "visits": [1],
        "active": [False],
    }
    assert vertex["sources"] == ["shop"]
    assert vertex["edgeCount"] == 4
    assert vertex["origins"][0]["record"] == "1"
    assert len(vertex["edges"]) == 2
    assert {edge["head"]["id"] for edge in vertex["edges"]} == {vertex["id"]}
    assert vertex["edges"][0]["origins"][0]["source"] == "shop"


async def test_what_does_not_exist_is_null(admin: Client) -> None:
    data = await admin.graphql(
        '{ vertex(id: "x") { id } edge(id: "x") { id } source(name: "x") { name } build(id: 99) { id } linkType(id: "x") { id }'
        ' documentPage(id: "x", number: 1) { text } path(from: "x", to: "y") { truncated } }'
    )
    assert set(data.values()) == {None}


PAGE = """query($after: String, $first: Int, $filters: [PropertyFilterInput!], $orderBy: String, $descending: Boolean) {
  vertices(label: "Customer", after: $after, first: $first, filters: $filters, orderBy: $orderBy, descending: $descending) {
    totalCount hasNextPage endCursor nodes { id name } edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_pages_follow_each_other_without_gaps(admin: Client) -> None:
    names, after = [], None
    while True:
        page = (await admin.graphql(PAGE, first=2, after=after))["vertices"]
        assert page["totalCount"] == 5
        names += [node["name"] for node in page["nodes"]]
        after = page["endCursor"]
        if not page["hasNextPage"]:
            break
    assert names == [f"Ann {number}" for number in range(5)]


async def test_relay_cursors_continue_after_any_item(admin: Client) -> None:
    first = (await admin.graphql(PAGE, first=3))["vertices"]
    assert first["pageInfo"]["hasPreviousPage"] is False
    second = (await admin.graphql(PAGE, first=3, after=first["edges"][0]["cursor"]))["vertices"]
    assert [node["name"] for node in second["nodes"]] == ["Ann 1", "Ann 2", "Ann 3"]
    third = (await admin.graphql(PAGE, first=9, after=second["edges"][1]["cursor"]))["vertices"]
    assert [node["name"] for node in third["nodes"]] == ["Ann 3", "Ann 4"]
    assert third["pageInfo"]["hasNextPage"] is False


@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ({"name": "company_name", "value": "Ann 3"}, ["Ann 3"]),
        ({"name": "company_name", "op": "neq", "value": "Ann 3"}, ["Ann 0", "Ann 1", "Ann 2", "Ann 4"]),
        ({"name": "company_name", "op": "contains", "value": "3"}, ["Ann 3"]),
        ({"name": "company_name", "op": "starts_with", "value": "Ann"}, ["Ann 0", "Ann 1", "Ann 2", "Ann 3", "Ann 4"]),
        ({"name": "visits", "op": "gte", "value": 3}, ["Ann 3", "Ann 4"]),
        ({"name": "visits", "op": "in", "value": [1, 2, 9]}, ["Ann 1", "Ann 2"]),
        ({"name": "since", "op": "lt", "value": "2020-01-02"}, ["Ann 0"]),
        ({"name": "credit", "op": "gt", "value": 4.5}, ["Ann 4"]),
        ({"name": "active", "value": True}, ["Ann 0", "Ann 2", "Ann 4"]),
        ({"name": "nickname", "op": "exists", "value": False}, ["Ann 0", "Ann 1", "Ann 2", "Ann 3", "Ann 4"]),
        ({"name": "nickname", "op": "exists"}, []),
    ],
)
async def test_filters_compare_by_the_type_of_the_property(
    admin: Client, filter_: dict[str, Any], names: list[str]
) -> None:
    page = (await admin.graphql(PAGE, filters=[filter_]))["vertices"]
    assert [node["name"] for node in page["nodes"]] == names
    assert page["totalCount"] == len(names)


async def test_order_by_a_property(admin: Client) -> None:
    page = (await admin.graphql(PAGE, orderBy="visits", descending=True, first=2))["vertices"]
    assert [node["name"] for node in page["nodes"]] == ["Ann 4", "Ann 3"]
    page = (await admin.graphql(PAGE, orderBy="visits", descending=True, first=2, after=page["endCursor"]))["vertices"]
    assert [node["name"] for node in page["nodes"]] == ["Ann 2", "Ann 1"]


@pytest.mark.parametrize(
    "variables",
    [
        {"after": "garbage"},
        {"after": "OTk5OTk5OTk5OTo"},
        {"first": -1},
        {"filters": [{"name": "visits", "op": "like", "value": 1}]},
        {"filters": [{"name": "visits", "op": "in", "value": 1}]},
        {"filters": [{"name": "since", "op": "lt", "value": "yesterday"}]},
        {"filters": [{"name": "visits", "op": "eq", "value": {"x": 1}}]},
        {"filters": [{"name": "visits", "op": "eq"}]},
        {"filters": [{"name": "x", "value": 1}] * 51},
    ],
)
async def test_wrong_arguments_are_explained(admin: Client, variables: dict[str, Any]) -> None:
    [error] = (await admin.execute(PAGE, **variables))["errors"]
    assert error["extensions"]["code"] == "bad_input"
    assert error["extensions"]["remedy"]
    assert error["path"] == ["vertices"]


async def test_a_level_costs_one_statement_however_many_vertices_it_has(admin: Client, shop: Shop) -> None:
    query = """query($n: Int) { vertices(label: "Order", first: $n) {
        nodes { name edgeCount edges(first: 5) { tail { name } head { name } } } } }"""
    counts = []
    for size in (2, 20):
        statements: list[str] = []
        listen = lambda *event, seen=statements: seen.append(event[2])  # noqa: E731
        sa.event.listen(shop.service.store.engine, "before_cursor_execute", listen)
        await admin.graphql(query, n=size)
        sa.event.remove(shop.service.store.engine, "before_cursor_execute", listen)
        counts.append(len([one for one in statements if one.startswith("SELECT")]))
    assert counts[0] == counts[1]


async def test_neighbourhoods_grow_by_depth_and_stop_at_the_limit(admin: Client) -> None:
    query = """query($depth: Int, $limit: Int, $labels: [String!]) { neighbourhood(ids: ["shop/customers/1", "x"],
        depth: $depth, limit: $limit, labels: $labels) { truncated vertices { id label } edges { tail { id } head { id } } } }"""
    zero = (await admin.graphql(query, depth=0))["neighbourhood"]
    assert ([v["id"] for v in zero["vertices"]], zero["edges"], zero["truncated"]) == ([uid("customers", 1)], [], False)
    one = (await admin.graphql(query, depth=1))["neighbourhood"]
    assert [v["label"] for v in one["vertices"]] == ["Customer", *["Order"] * 4]
    two = (await admin.graphql(query, depth=2))["neighbourhood"]
    assert len(two["vertices"]) == 5 + 4
    ids = {v["id"] for v in two["vertices"]}
    assert all(edge[side]["id"] in ids for edge in two["edges"] for side in ("tail", "head"))
    few = (await admin.graphql(query, depth=3, limit=3))["neighbourhood"]
    assert (len(few["vertices"]), few["truncated"]) == (3, True)
    none = (await admin.graphql(query, labels=["contains"]))["neighbourhood"]
    assert len(none["vertices"]) == 1


async def test_the_shortest_path_ignores_directions(admin: Client) -> None:
    query = (
        "query($a: ID!, $b: ID!, $d: Int) { path(from: $a, to: $b, maxDepth: $d) { vertices { id } edges { label } } }"
    )
    found = (await admin.graphql(query, a=uid("customers", 0), b=uid("customers", 1)))["path"]
    assert [edge["label"] for edge in found["edges"]] == ["placed_by", "contains", "contains", "placed_by"]
    assert found["vertices"][0]["id"] == uid("customers", 0)
    assert found["vertices"][-1]["id"] == uid("customers", 1)
    assert (await admin.graphql(query, a=uid("customers", 0), b=uid("customers", 1), d=3))["path"] is None
    same = (await admin.graphql(query, a=uid("orders", 1), b=uid("orders", 1), d=0))["path"]
    assert (len(same["vertices"]), same["edges"]) == (1, [])


async def test_a_path_that_may_be_missed_is_no_answer(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "_PATH_FANOUT", 1)
    query = "query($a: ID!, $b: ID!) { path(from: $a, to: $b) { truncated } }"
    answer = await admin.execute(query, a=uid("customers", 0), b=uid("customers", 1))
    assert answer["errors"][0]["extensions"]["code"] == "query_limit"


async def test_edges_are_listed_by_label(admin: Client) -> None:
    query = """query($after: String) { edges(label: "contains", first: 15, after: $after) {
        nodes { id label } endCursor hasNextPage } }"""
    first = (await admin.graphql(query))["edges"]
    second = (await admin.graphql(query, after=first["endCursor"]))["edges"]
    assert len({edge["id"] for edge in first["nodes"] + second["nodes"]}) == ORDERS
    assert (first["hasNextPage"], second["hasNextPage"]) == (True, False)


async def test_search_gives_vertices(admin: Client) -> None:
    data = await admin.graphql('{ search(text: "ann", first: 3) { score snippet vertex { name } } }')
    assert [hit["vertex"]["name"] for hit in data["search"]] == ["Ann 0", "Ann 1", "Ann 2"]


async def test_a_document_page_shows_its_mentions_and_what_they_were_linked_to(admin: Client) -> None:
    query = """query($id: ID!) { documentPage(id: $id, number: 1) { number pages text imageUrl fromOcr width
        mentions { begin end text type boxes linked { id } } } }"""
    page = (await admin.graphql(query, id=LETTER))["documentPage"]
    assert (page["text"], page["number"], page["pages"], page["fromOcr"]) == (TEXT, 1, 1, False)
    [mention] = page["mentions"]
    assert page["text"][mention["begin"] : mention["end"]] == mention["text"] == "Ann 1"
    assert page["imageUrl"].startswith("/api/documents/page?id=mail%2Fletters")


async def test_link_types_with_their_evidence(admin: Client, shop: Shop) -> None:
    shop.service.store.links.save_link_types([proposal()])
    data = await admin.graphql(
        """{ linkTypes(states: [PROPOSED], kinds: [REFERENCE]) { id kind state probability reasons features edges
               tail { dataset columns } examples { tailText tailProperties headProperties } judgements { id } }
             mentions: linkTypes(kinds: [MENTION]) { id } reviewSummary { proposed answers } }"""
    )
    [found] = data["linkTypes"]
    assert (found["kind"], found["state"], found["tail"]["columns"]) == ("REFERENCE", "PROPOSED", ["number"])
    assert found["examples"][0]["tailProperties"] == {"number": [1001]}
    assert data["mentions"] == []
    assert data["reviewSummary"] == {"proposed": 1, "answers": 0}


async def test_sources_builds_and_previews(admin: Client) -> None:
    data = await admin.graphql(
        """{ sources { name kind options rank records failures lastBuild { id state }
               datasets { name kind type records columns { name } key } }
             builds { id state sources progress { stage } counts failures } sourceKinds { kind schema secrets }
             previewDataset(source: "shop", dataset: "customers") { columns rows } projections { name behind } }"""
    )
    shop = data["sources"][0]
    assert (shop["records"], shop["datasets"][0]["type"], shop["lastBuild"]["state"]) == (29, "Customer", "DONE")
    assert data["previewDataset"] == {
        "columns": ["id", "born", "photo"],
        "rows": [[1, "2000-01-02", "3 bytes"], [2, None, None]],
    }
