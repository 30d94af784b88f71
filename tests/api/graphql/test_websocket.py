"""The protocol graphql-transport-ws, with the gql client and by hand."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from gql import Client as GqlClient
from gql import gql
from gql.transport.websockets import WebsocketsTransport
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.permissions import Principal, Role
from bifrost.catalog import BuildState, Progress
from tests.api.conftest import Server, Shop

pytestmark = pytest.mark.anyio

PROTOCOL: Any = "graphql-transport-ws"


@pytest.fixture
def token(shop: Shop) -> str:
    return shop.accounts.create_token(Principal.of("admin", Role.ADMIN, via="session"), "t", ["read"]).secret


@pytest.fixture
def socket(server: Server, token: str) -> Iterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {token}"}
    with connect(
        f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[PROTOCOL], additional_headers=headers
    ) as opened:
        yield opened


def send(socket: ClientConnection, **message: Any) -> None:
    socket.send(json.dumps(message))


def receive(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return message


def start(socket: ClientConnection) -> None:
    send(socket, type="connection_init")
    assert receive(socket) == {"type": "connection_ack"}


def closed_with(socket: ClientConnection) -> int | None:
    try:
        while True:
            socket.recv(timeout=15)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None


async def test_the_gql_client_follows_a_build_to_its_end(server: Server, shop: Shop, token: str) -> None:
    catalog = shop.service.store.catalog
    build = catalog.add_build(("shop",))
    transport = WebsocketsTransport(
        f"ws://127.0.0.1:{server.port}/graphql", init_payload={"authorization": f"Bearer {token}"}
    )
    seen = []
    async with GqlClient(transport=transport) as session:
        query = f"subscription {{ build(id: {build.id}) {{ state progress {{ stage done total }} failures }} }}"
        async for event in session.subscribe(gql(query)):
            seen.append(event["build"]["state"])
            if len(seen) == 1:
                catalog.set_build(build.id, BuildState.RUNNING)
                catalog.set_progress(build.id, [Progress("crawl", "shop/orders", 5, 20)])
            elif event["build"]["progress"]:
                assert event["build"]["progress"][0] == {"stage": "crawl", "done": 5, "total": 20}
                catalog.set_build(build.id, BuildState.DONE)
    assert seen[0] == "QUEUED"
    assert seen[-1] == "DONE"


def test_all_builds_are_followed_with_their_progress(socket: ClientConnection, shop: Shop) -> None:
    catalog = shop.service.store.catalog
    waiting = catalog.add_build(("shop",))
    start(socket)
    query = "subscription { builds { id state sources progress { stage done total } } }"
    send(socket, type="subscribe", id="b", payload={"query": query})

    def told() -> dict[str, Any]:
        message = receive(socket)
        assert message["type"] == "next", message
        build: dict[str, Any] = message["payload"]["data"]["builds"]
        return build

    assert told() == {"id": waiting.id, "state": "QUEUED", "sources": ["shop"], "progress": []}
    catalog.set_build(waiting.id, BuildState.RUNNING)
    assert told()["state"] == "RUNNING"
    catalog.set_progress(waiting.id, [Progress("crawl", "shop/orders", 3, 10)])
    assert told()["progress"] == [{"stage": "crawl", "done": 3, "total": 10}]
    later = catalog.add_build(())
    assert (told()["id"], later.id) == (later.id, later.id)
    catalog.set_build(waiting.id, BuildState.DONE)
    assert told() | {"progress": 0} == {"id": waiting.id, "state": "DONE", "sources": ["shop"], "progress": 0}
    send(socket, type="complete", id="b")


def test_queries_run_over_the_socket_too(socket: ClientConnection) -> None:
    start(socket)
    send(
        socket,
        type="subscribe",
        id="1",
        payload={"query": "query($n: Int) { builds(limit: $n) { id } }", "variables": {"n": 1}},
    )
    assert receive(socket) == {"id": "1", "type": "next", "payload": {"data": {"builds": [{"id": 1}]}}}
    assert receive(socket) == {"id": "1", "type": "complete"}


def test_links_that_the_graph_lacks_come_after_what_is_done_for_them(socket: ClientConnection, shop: Shop) -> None:
    edits = shop.service.edits
    towns = [edits.add_vertex("Town", {"name": (f"Town {i}",)}, by="ann").id for i in range(4)]
    people = [edits.add_vertex("Person", {"name": (f"Person {i}",)}, by="ann").id for i in range(24)]
    for i, person in enumerate(people):
        edits.add_edge("BORN_IN", person, towns[i % 4], {}, by="ann")
        if i:
            edits.add_edge("LIVES_IN", person, towns[i % 4], {}, by="ann")
    start(socket)
    fields = "predictLinks(label: $label, seconds: 4) { message result { asked links { tail head headName paths } } }"
    query = f"subscription($label: String!) {{ {fields} }}"
    send(socket, type="subscribe", id="p", payload={"query": query, "variables": {"label": "LIVES_IN"}})
    events: list[dict[str, Any]] = []
    while not events or events[-1]["result"] is None:
        message = receive(socket)
        assert message["type"] == "next", message
        events.append(message["payload"]["data"]["predictLinks"])
    assert [event["message"] for event in events][-1] == "done"
    assert len(events) > 1
    found = events[-1]["result"]
    assert found["asked"] == 1
    assert {link["tail"] for link in found["links"]} == {people[0]}
    best = found["links"][0]
    assert (best["head"], best["headName"]) == (towns[0], "Town Town 0")
    assert best["paths"] == ["Person Person 0 -[BORN_IN]-> Town Town 0"]
    assert receive(socket) == {"id": "p", "type": "complete"}
    send(socket, type="subscribe", id="q", payload={"query": query, "variables": {"label": "MARRIED"}})
    while (refused := receive(socket))["type"] == "next":
        pass
    assert refused["payload"][0]["extensions"]["code"] == "not_found"


def test_changes_of_the_graph_are_told_until_the_client_has_enough(socket: ClientConnection, shop: Shop) -> None:
    start(socket)
    send(socket, type="subscribe", id="x", payload={"query": "subscription { graphChanged }"})
    first = receive(socket)["payload"]["data"]["graphChanged"]
    shop.service.edits.add_vertex("City", {"name": ("Rome",)}, by="ann")
    assert receive(socket)["payload"]["data"]["graphChanged"] > first
    send(socket, type="complete", id="x")
    send(socket, type="ping")
    assert receive(socket) == {"type": "pong"}


def test_a_query_is_answered_again_when_its_answer_changes(socket: ClientConnection, shop: Shop) -> None:
    start(socket)
    query = """subscription($n: Int!) { now: live { ...c version } }
        fragment c on Query { customers(first: $n, filter: {visits: {gt: 3}}) { totalCount nodes { visits } } }"""
    send(socket, type="subscribe", id="q", payload={"query": query, "variables": {"n": 9}})
    first = receive(socket)["payload"]["data"]["now"]
    assert first["customers"] == {"totalCount": 1, "nodes": [{"visits": 4}]}
    edits = shop.service.edits
    edits.add_vertex("City", {"name": ("Rome",)}, by="ann")  # changes the graph, not the answer
    for visits in (7, 8):  # several changes are one new answer, or two
        edits.add_vertex("Customer", {"visits": (visits,)}, by="ann")
    while len(first["customers"]["nodes"]) < 3:
        message = receive(socket)
        assert message["payload"]["data"]["now"] != first
        first = message["payload"]["data"]["now"]
    assert sorted(node["visits"] for node in first["customers"]["nodes"]) == [4, 7, 8]
    send(socket, type="complete", id="q")


def test_persisted_operations_are_known_over_the_socket_too(socket: ClientConnection) -> None:
    query = "{ __typename }"
    hashed = f"sha256:{sha256(query.encode()).hexdigest()}"
    start(socket)
    send(socket, type="subscribe", id="1", payload={"documentId": hashed})
    assert receive(socket)["payload"][0]["extensions"]["code"] == "PERSISTED_QUERY_NOT_FOUND"
    other = {"query": "{ version }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": hashed[7:]}}}
    send(socket, type="subscribe", id="2", payload=other)
    answer = receive(socket)
    assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", "bad_input")
    for number, payload in enumerate(({"documentId": hashed, "query": query}, {"documentId": hashed})):
        send(socket, type="subscribe", id=f"p{number}", payload=payload)
        assert receive(socket)["payload"] == {"data": {"__typename": "Query"}}
        assert receive(socket)["type"] == "complete"


def test_what_is_followed_must_be_allowed_and_affordable(socket: ClientConnection) -> None:
    start(socket)
    loop = "orders { contains { " * 7 + "title" + " } }" * 7
    for number, (query, code) in enumerate(
        (
            ("{ live { users { name } } }", "forbidden"),
            ("{ live { ...x } } fragment x on Query { auditLog { action } }", "forbidden"),
            (f"{{ live {{ customers(first: 1000) {{ nodes {{ {loop} }} }} }} }}", "query_limit"),
            ("{ live { nothing } }", "query_invalid"),
        )
    ):
        send(socket, type="subscribe", id=str(number), payload={"query": f"subscription {query}"})
        answer = receive(socket)
        assert (answer["type"], answer["payload"][0]["extensions"]["code"]) == ("error", code)


def test_what_is_not_valid_or_not_allowed_is_answered_with_errors(socket: ClientConnection) -> None:
    start(socket)
    for number, (query, code) in enumerate((("{ nothing }", "query_invalid"), ("{ users { name } }", "forbidden"))):
        send(socket, type="subscribe", id=str(number), payload={"query": query})
        answer = receive(socket)
        assert (answer["id"], answer["type"]) == (str(number), "error")
        assert answer["payload"][0]["extensions"]["code"] == code
    send(socket, type="subscribe", id="b", payload={"query": "subscription { build(id: 999) { id } }"})
    answer = receive(socket)
    assert "not_found" in str(answer)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["nonsense"], 4400),
        (['{"type": "unknown"}'], 4400),
        ([b'{"type": "ping"}'], 4400),
        (['{"type": "subscribe", "id": "1", "payload": {"query": "{ version }"}}'], 4401),
        (['{"type": "connection_init"}'] * 2, 4429),
        (
            [
                '{"type": "connection_init"}',
                *['{"type": "subscribe", "id": "1", "payload": {"query": "subscription { graphChanged }"}}'] * 2,
            ],
            4409,
        ),
        (['{"type": "connection_init"}', '{"type": "subscribe", "id": "1", "payload": {"query": 5}}'], 4400),
    ],
)
def test_clients_that_break_the_protocol_are_disconnected(
    socket: ClientConnection, messages: list[str | bytes], code: int
) -> None:
    for message in messages:
        socket.send(message)
    assert closed_with(socket) == code


def test_too_many_operations_at_once_are_refused(socket: ClientConnection) -> None:
    """Those that run go on, and when one has ended there is room for another one."""
    start(socket)
    for number in range(51):
        send(socket, type="subscribe", id=str(number), payload={"query": "subscription { graphChanged }"})
    answers = [receive(socket) for _ in range(51)]
    (refused,) = (answer for answer in answers if answer["type"] != "next")
    assert (refused["id"], refused["type"]) == ("50", "error")
    assert refused["payload"][0]["extensions"]["code"] == "query_limit"
    send(socket, type="complete", id="0")
    while refused["type"] == "error":
        send(socket, type="subscribe", id="again", payload={"query": "subscription { graphChanged }"})
        refused = receive(socket)
    assert (refused["id"], refused["type"]) == ("again", "next")


@pytest.mark.parametrize("payload", [None, {"authorization": "Bearer wrong"}, {"authorization": 5}, []])
def test_nobody_gets_in_without_signing_in(server: Server, payload: Any) -> None:
    with connect(f"ws://127.0.0.1:{server.port}/graphql", subprotocols=[PROTOCOL]) as socket:
        send(socket, type="connection_init", payload=payload)
        assert closed_with(socket) == 4403


def test_another_site_cannot_use_a_session(server: Server, shop: Shop) -> None:
    assert shop.app.authenticator is not None
    headers = {"Cookie": f"bifrost_session={shop.app.authenticator.sessions.start('admin')}"}

    def opened(origin: str) -> ClientConnection:
        address = f"ws://127.0.0.1:{server.port}/graphql"
        return connect(address, subprotocols=[PROTOCOL], additional_headers={**headers, "Origin": origin})

    with opened(f"http://127.0.0.1:{server.port}") as socket:
        start(socket)
    with pytest.raises(InvalidStatus), opened("http://evil.test"):
        pass


def test_other_protocols_are_refused(server: Server) -> None:
    with pytest.raises(InvalidStatus), connect(f"ws://127.0.0.1:{server.port}/graphql"):
        pass
