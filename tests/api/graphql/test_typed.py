"""The part of the schema that is made from the graph's own types."""

import asyncio
import datetime as dt
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from inspect import isawaitable
from typing import Any

import pytest
import sqlalchemy as sa
from graphql import GraphQLObjectType, build_schema, execute, parse, print_schema, validate_schema
from graphql.execution.executor import Executor
from graphql.execution.executor_throwing_on_incremental import ExecutorThrowingOnIncremental
from hypothesis import given, settings
from hypothesis import strategies as st

from api.app import build_app
from api.graphql.context import Context
from api.graphql.executor import VertexExecutor
from api.graphql.names import allocate, field_name, plural_name, singular_name, type_name
from api.graphql.schema import generic_schema
from api.graphql.shape import GraphShape
from api.graphql.typed import TypedSchema
from api.graphql.typed_types import typed_part
from api.permissions import Principal, Role
from bifrost.values import Value
from tests.api.conftest import Client, Shop, connect
from tests.api.shop import uid

pytestmark = pytest.mark.anyio


async def test_a_vertex_type_has_a_list_with_typed_fields_and_links(admin: Client) -> None:
    data = await admin.graphql(
        """{ customers(filter: {companyName: {startsWith: "Ann"}, visits: {gte: 2}}, orderBy: visits,
                       descending: true, first: 2) {
               totalCount hasNextPage endCursor pageInfo { startCursor }
               nodes { id label companyName since credit visits active
                       orders(first: 2) { number contains { title } placedBy { id } } } } }"""
    )
    page = data["customers"]
    assert (page["totalCount"], page["hasNextPage"]) == (3, True)
    first = page["nodes"][0]
    assert {name: first[name] for name in ("id", "label", "companyName", "since", "credit", "visits", "active")} == {
        "id": uid("customers", 4),
        "label": "Customer",
        "companyName": "Ann 4",
        "since": "2020-01-05",
        "credit": 6.0,
        "visits": 4,
        "active": True,
    }
    assert [order["number"] for order in first["orders"]] == [1004, 1009]
    assert first["orders"][0]["contains"] == [{"title": "Thing 0"}]
    assert first["orders"][0]["placedBy"] == [{"id": uid("customers", 4)}]


async def test_pages_follow_each_other_with_filters_and_order(admin: Client) -> None:
    query = """query($after: String) { customers(filter: {visits: {in: [0, 1, 2, 4]}}, orderBy: visits, first: 3, after: $after) {
        edges { cursor node { visits } } endCursor hasNextPage } }"""
    first = (await admin.graphql(query))["customers"]
    assert [edge["node"]["visits"] for edge in first["edges"]] == [0, 1, 2]
    rest = (await admin.graphql(query, after=first["endCursor"]))["customers"]
    assert ([edge["node"]["visits"] for edge in rest["edges"]], rest["hasNextPage"]) == ([4], False)
    middle = (await admin.graphql(query, after=first["edges"][0]["cursor"]))["customers"]
    assert [edge["node"]["visits"] for edge in middle["edges"]] == [1, 2, 4]


@pytest.mark.parametrize(
    ("filter_", "visits"),
    [
        ('{since: {lt: "2020-01-03"}}', [0, 1]),
        ('{since: {in: ["2020-01-03"]}}', [2]),
        ("{credit: {gt: 3.0}}", [3, 4]),
        ("{active: {eq: true}}", [0, 2, 4]),
        ('{companyName: {contains: "3"}}', [3]),
        ('{companyName: {exists: true, neq: "Ann 0"}, active: {eq: true}}', [2, 4]),
        ("{}", [0, 1, 2, 3, 4]),
    ],
)
async def test_filters_have_the_type_of_their_property(admin: Client, filter_: str, visits: list[int]) -> None:
    data = await admin.graphql(f"{{ customers(filter: {filter_}) {{ totalCount nodes {{ visits }} }} }}")
    assert [node["visits"] for node in data["customers"]["nodes"]] == visits
    assert data["customers"]["totalCount"] == len(visits)


async def test_a_broken_number_is_no_whole_one(admin: Client) -> None:
    query = "query($n: Long) { customers(filter: {visits: {eq: $n}}) { totalCount } }"
    [error] = (await admin.execute(query, n=2.5))["errors"]
    assert "2.5" in error["message"]
    assert (await admin.graphql(query, n=2.0))["customers"]["totalCount"] >= 0


@pytest.mark.parametrize(
    "filter_",
    [
        '{visits: {eq: "many"}}',
        '{since: {eq: "yesterday"}}',
        "{active: {lt: true}}",
        "{nothing: {eq: 1}}",
        "{visits: {eq: null}}",
    ],
)
async def test_conditions_that_do_not_fit_are_refused(admin: Client, filter_: str) -> None:
    [error] = (await admin.execute(f"{{ customers(filter: {filter_}) {{ totalCount }} }}"))["errors"]
    assert error["extensions"]["code"] in ("query_invalid", "bad_input")


async def test_a_single_vertex_is_found_under_its_own_type_only(admin: Client) -> None:
    data = await admin.graphql(
        """query($id: ID!) { customer(id: $id) { companyName _vertex { name sources edgeCount } orders { number } }
             order(id: $id) { id } }""",
        id=uid("customers", 1),
    )
    assert data["customer"]["_vertex"] == {"name": "Ann 1", "sources": ["shop"], "edgeCount": 4}
    assert [order["number"] for order in data["customer"]["orders"]] == [1001, 1006, 1011, 1016]
    assert data["order"] is None


async def test_every_value_tells_where_it_comes_from_on_request(admin: Client) -> None:
    data = await admin.graphql(
        """query($id: ID!) { customer(id: $id) { all: _provenance { field } one: _provenance(field: "companyName") {
             property values source dataset record seen evidence { extractor confidence } } } }""",
        id=uid("customers", 1),
    )
    found = data["customer"]
    assert {one["field"] for one in found["all"]} == {"companyName", "since", "credit", "visits", "active"}
    [one] = found["one"]
    assert one["values"] == ["Ann 1"]
    assert (one["source"], one["dataset"], one["record"], one["property"]) == ("shop", "customers", "1", "company_name")
    assert one["evidence"] == {"extractor": "row", "confidence": 1.0}


DEEP = """query($n: Int) { customers(first: $n) {
  nodes { ...c } edges { node { ... on Customer { more: orders(first: 1) { number } } } } } }
fragment c on Customer { orders(first: 10) { number contains { title orders(first: 2) { placedBy { companyName } } } } }"""


@contextmanager
def reads_of_the_graph() -> Iterator[list[str]]:
    """The statements on vertices and edges that any store runs."""
    seen: list[str] = []

    def listen(*event: Any) -> None:
        if re.search(r"\b(vertex|edge|fragment)\b", event[2]):
            seen.append(event[2])

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", listen)


@pytest.mark.parametrize("sources", [None, ["shop"]])
async def test_a_level_costs_one_statement_however_many_vertices_it_has(shop: Shop, sources: list[str] | None) -> None:
    if sources:
        shop.accounts.set_sources("rob", sources)
    async with connect(shop.app, "rob" if sources else "admin") as http:
        for size in (1, 1, 5):  # the first one makes the reader's graph and its schema
            with reads_of_the_graph() as seen:
                answer = await http.post("/graphql", json={"query": DEEP, "variables": {"n": size}})
        assert len(seen) == 6, seen  # customers, orders, more, contains, orders, placedBy
        data = answer.json()["data"]
        assert len(data["customers"]["nodes"]) == 5
        assert data["customers"]["nodes"][0]["orders"][0]["contains"][0]["orders"][0]["placedBy"]


AROUND = """query($ids: [ID!]!) { vertices_: vertices(label: "Customer") { nodes {
  edges(first: 3) { label } edgeCount edgesConnection(first: 2) { totalCount edges { node { id } } }
  neighbours(first: 2) { id neighbours(first: 2) { id edgeCount } }
  neighboursConnection(first: 2) { totalCount nodes { id } } } }
  one: vertex(id: "shop/customers/1") { id } no: vertex(id: "no") { id } none: vertex(id: "none") { id }
  neighbourhood(ids: $ids, depth: 1) { vertices { id } } }"""


async def test_the_generic_part_costs_one_statement_a_level_too(admin: Client) -> None:
    ids = [uid("customers", number) for number in range(5)]
    await admin.graphql(AROUND, ids=ids)
    with reads_of_the_graph() as seen:
        data = await admin.graphql(AROUND, ids=ids)
    # The list; its edges, degrees, pages and counts of edges, neighbours, their neighbours with degrees, pages and counts
    # of neighbours; three vertices by id; the starts of the neighbourhood, its edges and vertices.
    assert len(seen) == 13, seen
    assert (data["one"], data["no"], data["none"]) == ({"id": "shop/customers/1"}, None, None)
    assert all(node["neighbours"][0]["neighbours"] for node in data["vertices_"]["nodes"])


async def test_links_are_followed_the_same_way_with_other_arguments_and_names(admin: Client) -> None:
    data = await admin.graphql(
        """query($few: Int!) { customer(id: "shop/customers/0") { few: orders(first: $few) { number } all: orders { number }
             none: orders(first: 0) { number } } }""",
        few=1,
    )
    assert [len(data["customer"][name]) for name in ("few", "all", "none")] == [1, 4, 0]
    assert (await admin.execute("{ customers { nodes { orders(first: -1) { number } } } }"))["errors"]


async def test_typed_lists_count_towards_the_cost(admin: Client) -> None:
    loop = "orders { contains { " * 7 + "title" + " } }" * 7
    query = f"{{ customers(first: 1000) {{ nodes {{ {loop} }} }} }}"
    assert (await admin.execute(query))["errors"][0]["extensions"]["code"] == "query_limit"


async def test_readers_may_use_typed_fields(shop: Shop) -> None:
    async with connect(shop.app, "rob") as http:
        answer = (await http.post("/graphql", json={"query": "{ products { nodes { title } } }"})).json()
    assert len(answer["data"]["products"]["nodes"]) == 4


async def test_the_schema_follows_the_graph(shop: Shop) -> None:
    schemas = TypedSchema(shop.service.store)
    before = schemas.current()
    assert schemas.current() is before
    shop.service.edits.add_vertex("Star Sign", {"name": ("Leo",), "id": (5,)}, by="ann")
    deadline = time.monotonic() + 20
    while schemas.current() is before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert schemas.part().lists["starSigns"] == "Star Sign"
    schemas.close()
    app = build_app(shop.service, shop.accounts)
    async with connect(app, "admin") as http:
        query = "{ starSigns { nodes { id idValue name } } vertexTypes { label list single type count } }"
        data = (await http.post("/graphql", json={"query": query})).json()["data"]
    app.close()
    assert data["starSigns"]["nodes"][0]["idValue"] == 5
    assert {"label": "Star Sign", "list": "starSigns", "single": "starSign", "type": "StarSign", "count": 1} in data[
        "vertexTypes"
    ]


async def test_a_graph_that_did_not_change_its_shape_keeps_its_schema(shop: Shop) -> None:
    schemas = TypedSchema(shop.service.store)
    before = schemas.current()
    shop.service.edits.add_vertex("Customer", {"company_name": ("New",)}, by="ann")
    schemas.refresh()
    assert schemas.current() is before
    schemas.close()


class TestNames:
    @pytest.mark.parametrize(
        ("label", "type_", "list_", "single"),
        [
            ("Customer", "Customer", "customers", "customer"),
            ("order_details", "OrderDetails", "orderDetails", "orderDetail"),
            ("HTTPServer", "HttpServer", "httpServers", "httpServer"),
            ("Größe", "GroUdfE", "groUdfEs", "groUdfE"),
            ("客户", "U5ba2U6237", "u5ba2U6237s", "u5ba2U6237"),
            ("3D model", "n3DModel", "n3DModels", "n3DModel"),
            ("__", "Unnamed", "unnameds", "unnamed"),
        ],
    )
    def test_names_follow_rules(self, label: str, type_: str, list_: str, single: str) -> None:
        assert (type_name(label), plural_name(label), singular_name(label)) == (type_, list_, single)

    def test_clashes_are_settled_the_same_way_every_time(self) -> None:
        labels = ["Order Details", "order_details", "OrderDetails", "User"]
        names = allocate(labels, type_name, "Vertex", lambda name: name != "User")
        assert names == {
            "OrderDetails": "OrderDetails",
            "Order Details": "OrderDetails_2",
            "order_details": "OrderDetails_3",
            "User": "UserVertex",
        }
        assert allocate(labels[::-1], type_name, "Vertex", lambda name: name != "User") == names

    @given(st.text())
    def test_any_text_gives_a_graphql_name(self, text: str) -> None:
        for name in (type_name(text), field_name(text), plural_name(text), singular_name(text)):
            assert name.isascii()
            assert name.replace("_", "a").isalnum()
            assert not name[0].isdigit()
            assert not name.startswith("__")


LABELS = st.sampled_from(
    ["Customer", "customer", "User", "Query", "Vertex", "String", "Source", "Customers", "é", "a b", "A_B", "News"]
)
EDGES = st.sampled_from(["knows", "KNOWS", "id", "customers", "placed by", "Customer", "edge"])
PROPERTIES = st.dictionaries(
    st.sampled_from(["id", "label", "name", "Name", "_vertex", "customers", "knows", "KNOWS", "1", "é", ""]),
    st.sampled_from(["text", "integer", "number", "boolean", "date", "datetime", "time"]),
)


@settings(max_examples=20)
@given(
    st.dictionaries(LABELS, PROPERTIES, max_size=6),
    st.frozensets(st.tuples(LABELS, EDGES, LABELS)),
    st.dictionaries(EDGES, PROPERTIES),
)
def test_any_graph_gives_a_valid_schema(
    properties: dict[str, dict[str, str]], patterns: frozenset[Any], edge_properties: dict[str, dict[str, str]]
) -> None:
    known = {pattern: (1, 4) for pattern in patterns if pattern[0] in properties and pattern[2] in properties}
    part = typed_part(generic_schema(), GraphShape(properties, known, {}, edge_properties))
    assert validate_schema(part.schema) == []
    assert build_schema(print_schema(part.schema)).query_type
    assert set(part.lists.values()) == set(part.singles.values()) == set(properties)
    for label, type_ in part.types.items():
        made = part.schema.type_map[type_]
        assert isinstance(made, GraphQLObjectType)
        assert len(properties[label]) + 2 <= len(made.fields)


QUERIES = [
    "{ customers { nodes { id label companyName since } totalCount } }",
    "{ customers { nodes { b: visits __typename a: companyName b2: visits orders { __typename number contains { title } } } } }",
    "{ customers(first: 2) { nodes { id _vertex { edgeCount sources } orders(first: 2) { _vertex { edges { label } } } } } }",
    "{ a: customers(first: 1) { ...n } b: customers(first: 2) { ...n } } fragment n on CustomerConnection { nodes { id } }",
    '{ customer(id: "shop/customers/1") { ... on Customer @include(if: true) { visits } companyName @skip(if: true) } }',
    "{ customers(first: 2) { nodes { visits orders(first: -1) { number } } } version }",
    "{ customers { nodes { a: ordersConnection(first: 2) { edges { cursor score node { number } _edge { id } } totalCount } } } }",
    "{ customers { nodes { ordersConnection(first: 1) { pageInfo { hasNextPage } nodes { _vertex { edgeCount } } } } } }",
    '{ none: customer(id: "x") { orders { number } } orders(first: 3) { edges { cursor node { placedBy { credit } } } } }',
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_short_way_gives_what_the_usual_way_gives(shop: Shop, query: str) -> None:
    schemas = TypedSchema(shop.service.store)
    principal = Principal.of("ann", Role.ADMIN, via="session")

    async def ask(executor: type[Executor[None]]) -> Any:
        context = Context(shop.service, None, principal, schemas)
        result = execute(schemas.current(), parse(query), context_value=context, executor_class=executor)
        found = await result if isawaitable(result) else result
        return found.data, [(error.path, error.message) for error in found.errors or ()]

    assert asyncio.run(ask(VertexExecutor)) == asyncio.run(ask(ExecutorThrowingOnIncremental))


def test_descriptions_tell_what_sources_say_about_types_and_links(shop: Shop) -> None:
    shape = GraphShape(
        {"Person": {"name": "text"}, "Company": {}},
        {("Person", "works for", "Company"): (1, 4)},
        {("Person", "name"): "What somebody is called"},
        type_comments={"Person": "Somebody who lives"},
        link_comments={("Person", "works for"): "Is employed by"},
    )
    types = typed_part(generic_schema(), shape).schema.type_map
    person, company = types["Person"], types["Company"]
    assert isinstance(person, GraphQLObjectType)
    assert isinstance(company, GraphQLObjectType)
    assert (person.description, company.description) == ("Somebody who lives", "Vertices of the type 'Company'.")
    assert person.fields["worksFor"].description == "Is employed by (Person -works for-> Company)"
    assert company.fields["people"].description == "Is employed by (Person -works for-> Company)"
    assert person.fields["name"].description == "What somebody is called"


@pytest.mark.parametrize(
    ("condition", "found"),
    [('gte: "08:30"', [8, 17]), ('lt: "08:30:00"', [6]), ('gt: "06:00", lte: "17:45"', [8, 17]), ('eq: "17:45"', [17])],
)
async def test_times_of_day_are_compared(shop: Shop, condition: str, found: list[int]) -> None:
    for hour, minute in ((6, 0), (8, 30), (17, 45)):
        shop.service.edits.add_vertex("Shift", {"hour": (hour,), "starts": (dt.time(hour, minute),)}, by="ann")
    query = f"{{ shifts(filter: {{starts: {{{condition}}}}}, orderBy: hour) {{ nodes {{ hour }} }} }}"
    assert await asked_anew(shop, query) == {"shifts": {"nodes": [{"hour": hour} for hour in found]}}


async def asked_anew(shop: Shop, query: str) -> Any:
    """The answer of a service whose schema is made from the graph as it is now."""
    app = build_app(shop.service, shop.accounts)
    async with connect(app, "admin") as http:
        answer = (await http.post("/graphql", json={"query": query})).json()
    app.close()
    return answer["data"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ('eq: "1"', [0, 1]),
        ('in: ["1", "1.5", "one"]', [0, 1, 2, 3]),
        ('eq: "True"', [4]),
        ('eq: "2024-01-02"', [5]),
        ('eq: "2"', []),
    ],
)
async def test_what_is_shown_of_a_property_of_several_types_is_found(
    shop: Shop, condition: str, found: list[int]
) -> None:
    values: list[Value] = [1, "1", 1.5, "one", True, dt.date(2024, 1, 2)]
    for place, value in enumerate(values):
        shop.service.edits.add_vertex("Medley", {"place": (place,), "tune": (value,)}, by="ann")
    query = f"{{ medleys(filter: {{tune: {{{condition}}}}}, orderBy: place) {{ nodes {{ place }} }} }}"
    assert await asked_anew(shop, query) == {"medleys": {"nodes": [{"place": place} for place in found]}}
