"""gremlinpython, bytecode and strings, in all serializations."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from gremlin_python.driver import serializer
from gremlin_python.driver.client import Client
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.driver.protocol import GremlinServerError
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import P

from tests.api.gremlin.conftest import TOKEN

logging.getLogger("gremlinpython").setLevel(logging.CRITICAL)

FORMATS = {
    "graphbinary": serializer.GraphBinarySerializersV1,
    "graphson3": serializer.GraphSONSerializersV3d0,
    "graphson2": serializer.GraphSONSerializersV2d0,
}


@pytest.fixture(params=FORMATS)
def client(request: pytest.FixtureRequest, url: str) -> Iterator[Client]:
    made = Client(url, "g", message_serializer=FORMATS[request.param](), pool_size=1)
    yield made
    made.close()


@pytest.fixture(params=FORMATS)
def g(request: pytest.FixtureRequest, url: str) -> Iterator[Any]:
    connection = DriverRemoteConnection(url, "g", message_serializer=FORMATS[request.param](), pool_size=1)
    yield traversal().with_(connection)
    connection.close()


def test_bytecode(g: Any) -> None:
    assert g.V().has("name", "marko").out("knows").values("name").to_set() == {"vadas", "josh"}
    assert g.V().count().next() == 6
    assert g.V().has("age", P.gt(30)).order().by("age").values("age").to_list() == [32, 35]
    assert {v.label for v in g.V().to_list()} == {"person", "software"}
    assert g.V("1").out_e("created").next().inV.label == "software"
    assert g.V("1").out().path().by("name").next().objects[0] == "marko"
    assert g.V("nobody").to_list() == []


def test_writing_and_iterate(g: Any) -> None:
    g.add_v("city").property("name", "Rome").as_("c").V("1").add_e("visits").to("c").iterate()
    assert g.V("1").out("visits").values("name").to_list() == ["Rome"]
    assert g.V().where(__.in_("visits")).count().next() == 1


CYCLE = "g.inject(1).aggregate('s').select('s').fold().aggregate('s').cap('s')"
"""A collection that holds one that holds it."""


def test_what_is_nested_too_deep_is_refused_and_the_connection_stays(client: Client) -> None:
    for query in (CYCLE, f"{CYCLE}.dedup()", "g.inject(1).repeat(local(fold())).times(3000)"):
        with pytest.raises(GremlinServerError, match="nested too deep") as caught:
            client.submit(query).all().result()
        assert caught.value.status_code == 598
        assert client.submit("g.V().count()").all().result() == [6]


def test_a_side_effect_may_collect_what_it_held(client: Client) -> None:
    query = "g.inject(1).aggregate('s').cap('s').aggregate('s').cap('s').aggregate('s').cap('s')"
    assert client.submit(query).all().result() == [[1, [1], [1, [1]]]]


def test_transactions(url: str) -> None:
    connection = DriverRemoteConnection(url, "g", pool_size=1)
    g = traversal().with_(connection)
    for finish, left in (("rollback", 6), ("commit", 7)):
        tx = g.tx()
        inside = tx.begin()
        inside.add_v("new").iterate()
        assert inside.V().count().next() == 7
        getattr(tx, finish)()
        assert g.V().count().next() == left
    connection.close()


def test_strings_with_bindings(client: Client) -> None:
    def ask(text: str, **bindings: Any) -> list[Any]:
        found: list[Any] = client.submit(text, bindings or None).all().result()
        return found

    assert ask("g.V().has('name', n).values('age')", n="marko") == [29]
    assert ask("g.V().hasId(ids).count()", ids=["1", "2"]) == [2]
    assert ask("g.V().hasLabel('nothing')") == []
    assert len(ask("g.V().explain()")) == 1


def test_long_answers_come_in_parts(client: Client) -> None:
    answers = client.submit("g.V().both().both().both().values('name')", None, {"batchSize": 7})
    parts = list(answers)
    assert max(map(len, parts)) == 7
    assert [sum(map(len, parts))] == client.submit("g.V().both().both().both().count()").all().result()


def test_errors_have_a_code_a_message_and_a_remedy(client: Client) -> None:
    for text, code in (
        ("g.V(", 597),
        ("g.V().nope()", 597),
        ("g.V().repeat(both().as('x')).times(99).select('x')", 598),
    ):
        with pytest.raises(GremlinServerError) as caught:
            client.submit(text, None, {"evaluationTimeout": 300}).all().result()
        assert caught.value.status_code == code
        assert caught.value.status_message
        assert caught.value.status_attributes["remedy"]
    assert client.submit("g.V().count()").all().result() == [6]


def test_sign_in_with_password_or_token(closed_url: str) -> None:
    for username, secret, may_write in (("ann", "secret", True), ("anyone", TOKEN, False)):
        client = Client(closed_url, "g", username=username, password=secret, pool_size=1)
        assert client.submit("g.V().count()").all().result() == [6]
        if may_write:
            assert len(client.submit("g.addV('a')").all().result()) == 1
            client.submit("g.V().hasLabel('a').drop()").all().result()
        else:
            with pytest.raises(GremlinServerError, match="403"):
                client.submit("g.addV('a')").all().result()
        client.close()


def test_a_wrong_password_is_refused(closed_url: str) -> None:
    client = Client(closed_url, "g", username="ann", password="wrong", pool_size=1)
    with pytest.raises(GremlinServerError, match="401"):
        client.submit("g.V().count()").all().result()
    client.close()


def test_properties_can_be_left_out(url: str) -> None:
    client = Client(url, "g", pool_size=1)
    full = client.submit("g.V('1')").all().result()[0]
    bare = client.submit("g.V('1')", None, {"materializeProperties": "tokens"}).all().result()[0]
    assert [len(full.properties), len(bare.properties)] == [2, 0]
    client.close()
