"""Relay connections of what edges lead to, and lists that lose nothing where many edges run between two vertices."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from api.app import build_app
from bifrost.values import DatasetInfo, DatasetKind, Fragment, LinkStatement, RecordFragments, make_uid
from tests.api.conftest import Client, Shop, connect
from tests.api.shop import uid

pytestmark = pytest.mark.anyio

HUB = make_uid("shop", "hubs", "h")


@pytest.fixture
def hub(shop: Shop) -> Iterator[Shop]:
    """A hub with 20 parallel links to each of 100 spokes, which differ in their property ``since``."""
    store = shop.service.store
    kinds = {"hubs": "Hub", "spokes": "Spoke"}
    store.catalog.save_datasets("shop", [DatasetInfo(name, DatasetKind.TABLE) for name in kinds], kinds)
    spokes = [make_uid("shop", "spokes", f"{i:03}") for i in range(100)]
    store.fragments.replace(
        "shop",
        "spokes",
        [
            RecordFragments(f"{i:03}", b"1", (Fragment(spoke, "Spoke", {"number": (i,)}),))
            for i, spoke in enumerate(spokes)
        ],
        1,
    )
    links = [
        LinkStatement(f"{spoke}#{n}", "serves", HUB, spoke, {"since": (2000 + n,), "first contact": (n == 0,)})
        for spoke in spokes
        for n in range(20)
    ]
    store.fragments.replace(
        "shop", "hubs", [RecordFragments("h", b"1", (Fragment(HUB, "Hub", {"name": ("Hub",)}),), tuple(links))], 1
    )
    app = build_app(shop.service, shop.accounts)
    yield Shop(shop.service, shop.accounts, app)
    app.close()


@pytest.fixture
async def visitor(hub: Shop) -> AsyncIterator[Client]:
    """Someone whose typed schema knows the hub."""
    async with connect(hub.app, "admin") as http:
        yield Client(http, "admin")


async def pages(client: Client, query: str, *path: str, first: int) -> list[dict[str, Any]]:
    """All entries of a connection, page by page; every page but the last is full and says that it goes on."""
    found: list[dict[str, Any]] = []
    after = None
    while True:
        data: Any = await client.graphql(query, first=first, after=after)
        for name in path:
            data = data[name]
        found += data["edges"]
        info = data["pageInfo"]
        assert info["hasPreviousPage"] is (after is not None)
        if data["edges"]:
            assert (info["startCursor"], info["endCursor"]) == (data["edges"][0]["cursor"], data["edges"][-1]["cursor"])
        if not info["hasNextPage"]:
            return found
        assert len(data["edges"]) == first
        after = info["endCursor"]


INFO = "pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"


async def test_no_neighbour_is_lost_where_many_edges_lead_to_it(visitor: Client) -> None:
    query = """query($id: ID!) { vertex(id: $id) { edgeCount neighbours(first: 1000) { id }
        neighboursConnection(first: 1000) { totalCount hasNextPage nodes { id } } } }"""
    vertex = (await visitor.graphql(query, id=HUB))["vertex"]
    assert vertex["edgeCount"] == 2000
    assert len({one["id"] for one in vertex["neighbours"]}) == 100
    connection = vertex["neighboursConnection"]
    assert (connection["totalCount"], connection["hasNextPage"], len(connection["nodes"])) == (100, False, 100)


async def test_neighbours_come_a_page_at_a_time(visitor: Client) -> None:
    query = f"""query($first: Int, $after: String) {{ vertex(id: "{HUB}") {{
        neighboursConnection(labels: ["serves"], direction: "out", first: $first, after: $after) {{
          totalCount {INFO} edges {{ cursor node {{ id }} }} }} }} }}"""
    found = await pages(visitor, query, "vertex", "neighboursConnection", first=30)
    assert [edge["node"]["id"] for edge in found] == [make_uid("shop", "spokes", f"{i:03}") for i in range(100)]
    wrong = await visitor.execute(query, after="garbage")
    assert wrong["errors"][0]["extensions"]["code"] == "bad_input"


async def test_typed_links_lose_none_either(visitor: Client) -> None:
    data = await visitor.graphql(
        "{ hubs { nodes { all: serves(first: 1000) { id } few: serves(first: 30) { number } } } }"
    )
    [node] = data["hubs"]["nodes"]
    assert len({one["id"] for one in node["all"]}) == 100
    assert [one["number"] for one in node["few"]] == list(range(30))


async def test_edges_of_a_vertex_and_of_the_graph_come_a_page_at_a_time(admin: Client) -> None:
    query = f"""query($first: Int, $after: String) {{ vertex(id: "{uid("customers", 1)}") {{
        edgesConnection(first: $first, after: $after) {{
          totalCount {INFO} nodes {{ id }} edges {{ cursor node {{ id tail {{ id }} }} }} }} }} }}"""
    found = await pages(admin, query, "vertex", "edgesConnection", first=3)
    assert [edge["node"]["tail"]["id"] for edge in found] == [uid("orders", i) for i in (1, 6, 11, 16)]
    everything = f"""query($first: Int, $after: String) {{
        edges(label: "contains", first: $first, after: $after) {{ totalCount {INFO} edges {{ cursor node {{ id }} }} }} }}"""
    found = await pages(admin, everything, "edges", first=15)
    assert len({edge["node"]["id"] for edge in found}) == 20
    assert (await admin.graphql("{ edges { totalCount } }"))["edges"]["totalCount"] == 40


async def test_pages_below_a_list_cost_the_same_statements_whatever_its_size(admin: Client, shop: Shop) -> None:
    query = """query($n: Int) { vertices(label: "Customer", first: $n) { nodes {
        neighboursConnection(first: 2) { totalCount edges { cursor node { id } } }
        edgesConnection(first: 2) { totalCount edges { cursor node { id head { id } } } } } } }"""
    counts = []
    await admin.graphql(query, n=1)
    for size in (1, 5):
        statements: list[str] = []
        listen = lambda *event, seen=statements: seen.append(event[2])  # noqa: E731
        sa.event.listen(shop.service.store.engine, "before_cursor_execute", listen)
        data = await admin.graphql(query, n=size)
        sa.event.remove(shop.service.store.engine, "before_cursor_execute", listen)
        counts.append(len(statements))
        assert data["vertices"]["nodes"][-1]["neighboursConnection"]["totalCount"] == 4
    assert counts[0] == counts[1]


async def test_who_sees_some_sources_pages_through_those_alone(hub: Shop) -> None:
    hub.accounts.set_sources("rob", ["shop"])
    query = f'{{ vertex(id: "{HUB}") {{ neighboursConnection {{ totalCount nodes {{ id }} }} }} }}'
    async with connect(hub.app, "rob") as http:
        seen = (await http.post("/graphql", json={"query": query})).json()["data"]
        assert seen["vertex"]["neighboursConnection"]["totalCount"] == 100
        assert len(seen["vertex"]["neighboursConnection"]["nodes"]) == 50
        hub.accounts.set_sources("rob", ["mail"])
    async with connect(hub.app, "rob") as http:
        assert (await http.post("/graphql", json={"query": query})).json()["data"] == {"vertex": None}


LINKS = f"""query($first: Int, $after: String) {{ hubs {{ nodes {{
    servesConnection(filter: {{number: {{lt: 3}}}}, orderBy: number, descending: true, first: $first, after: $after) {{
      totalCount {INFO} edges {{ cursor id score node {{ number }} properties {{ since firstContact }}
        _edge {{ label properties }} _provenance {{ field source record score values }} }} }} }} }} }}"""


async def test_a_typed_link_has_pages_with_what_each_link_says(visitor: Client) -> None:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        [hub] = (await visitor.graphql(LINKS, first=25, after=after))["hubs"]["nodes"]
        connection = hub["servesConnection"]
        assert connection["totalCount"] == 60
        assert connection["pageInfo"]["hasPreviousPage"] is (after is not None)
        found += connection["edges"]
        after = connection["pageInfo"]["endCursor"]
        if not connection["pageInfo"]["hasNextPage"]:
            break
    assert [(one["node"]["number"], one["properties"]["since"]) for one in found] == [
        (number, 2000 + n) for number in (2, 1, 0) for n in range(20)
    ]
    assert [one["properties"]["firstContact"] for one in found[:2]] == [True, False]
    assert len({one["id"] for one in found}) == 60
    assert found[1]["_edge"] == {"label": "serves", "properties": {"since": [2001], "first contact": [False]}}
    spoke = make_uid("shop", "spokes", "002")
    assert found[0]["_provenance"] == [
        {"field": "servesConnection", "source": "shop", "record": "h", "score": 1, "values": [spoke]}
    ]


async def test_nodes_of_a_connection_have_links_of_their_own(admin: Client) -> None:
    data = await admin.graphql(
        """{ customers(first: 2) { nodes { ordersConnection(first: 2) { totalCount hasNextPage endCursor
               nodes { number placedBy { companyName } containsConnection { nodes { title } totalCount } } } } } }"""
    )
    first, second = data["customers"]["nodes"]
    page = first["ordersConnection"]
    assert (page["totalCount"], page["hasNextPage"], bool(page["endCursor"])) == (4, True, True)
    assert page["nodes"] == [
        {
            "number": number,
            "placedBy": [{"companyName": "Ann 0"}],
            "containsConnection": {"nodes": [{"title": title}], "totalCount": 1},
        }
        for number, title in ((1000, "Thing 0"), (1005, "Thing 1"))
    ]
    assert [one["number"] for one in second["ordersConnection"]["nodes"]] == [1001, 1006]


async def test_a_foreign_cursor_of_a_link_is_refused(admin: Client) -> None:
    for arguments in ('after: "x"', 'after: "WzFd", orderBy: number', "first: -1"):
        answer = await admin.execute(
            f"{{ customers {{ nodes {{ ordersConnection({arguments}) {{ totalCount }} }} }} }}"
        )
        assert answer["errors"][0]["extensions"]["code"] == "bad_input"


PAGES = """query($n: Int) { customers(first: $n) { nodes {
    ordersConnection(first: 3, orderBy: number) { totalCount edges { cursor score _provenance { record }
      _edge { label origins { record } } node { number containsConnection(filter: {title: {exists: true}}) { totalCount
        nodes { title ordersConnection(first: 2) { totalCount edges { node { number } } } } } } } }
    late: ordersConnection(filter: {number: {gt: 1010}}) { totalCount nodes { number } } } } }"""


async def test_pages_of_typed_links_cost_the_same_statements_whatever_their_size(admin: Client, shop: Shop) -> None:
    counts = []
    await admin.graphql(PAGES, n=1)
    for size in (1, 5):
        statements: list[str] = []
        listen = lambda *event, seen=statements: seen.append(event[2])  # noqa: E731
        sa.event.listen(shop.service.store.engine, "before_cursor_execute", listen)
        data = await admin.graphql(PAGES, n=size)
        sa.event.remove(shop.service.store.engine, "before_cursor_execute", listen)
        counts.append(len(statements))
        assert data["customers"]["nodes"][-1]["ordersConnection"]["totalCount"] == 4
    assert counts[0] == counts[1]
    assert counts[0] < 45


async def test_connections_are_named_by_the_two_types_and_the_link(visitor: Client) -> None:
    data = await visitor.graphql(
        """{ hub: __type(name: "Hub") { fields { name type { ofType { name } } } }
             edge: __type(name: "SpokeByServesEdge") { fields { name } } properties: __type(name: "ServesProperties") {
               fields { name type { name } } } plain: __type(name: "OrderByPlacedByEdge") { fields { name } } }"""
    )
    fields = {field["name"]: field["type"]["ofType"] for field in data["hub"]["fields"]}
    assert fields["servesConnection"] == {"name": "SpokeByServesConnection"}
    assert {"cursor", "node", "properties", "score"} <= {field["name"] for field in data["edge"]["fields"]}
    assert data["properties"]["fields"] == [
        {"name": "firstContact", "type": {"name": "Boolean"}},
        {"name": "since", "type": {"name": "Long"}},
    ]
    assert "properties" not in {field["name"] for field in data["plain"]["fields"]}


CONNECTIONS = {
    "vertices": 'vertices(label: "Hub", {page}) {{ {asked} }}',
    "edges": 'edges(label: "serves", {page}) {{ {asked} }}',
    "neighboursConnection": 'vertex(id: "{hub}") {{ neighboursConnection({page}) {{ {asked} }} }}',
    "edgesConnection": 'vertex(id: "{hub}") {{ edgesConnection({page}) {{ {asked} }} }}',
    "hubs": "hubs({page}) {{ {asked} }}",
    "servesConnection": 'hub(id: "{hub}") {{ servesConnection({page}) {{ {asked} }} }}',
    "ordered": "hubs(orderBy: name, {page}) {{ {asked} }}",
}


@pytest.mark.parametrize("field", CONNECTIONS)
async def test_a_page_of_none_says_whether_there_is_more(visitor: Client, field: str) -> None:
    async def ask(page: str) -> dict[str, Any]:
        asked = "hasNextPage totalCount pageInfo { hasNextPage endCursor } edges { cursor }"
        text = CONNECTIONS[field].format(page=page, asked=asked, hub=HUB)
        data: Any = await visitor.graphql(f"{{ {text} }}")
        while "totalCount" not in data:
            data = next(iter(data.values())) if isinstance(data, dict) else data[0]
        found: dict[str, Any] = data
        assert found["hasNextPage"] is found["pageInfo"]["hasNextPage"]
        return found

    none = await ask("first: 0")
    assert none["totalCount"] > 0
    assert (none["edges"], none["hasNextPage"], none["pageInfo"]["endCursor"]) == ([], True, None)
    every = await ask("first: 1000")
    last = every["edges"][-1]["cursor"]
    assert (await ask(f'first: 0, after: "{last}"'))["hasNextPage"] is every["hasNextPage"]
