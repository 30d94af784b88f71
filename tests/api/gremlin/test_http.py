"""HTTP: what graph-explorer and curl send."""

import threading
import time
from typing import Any

import httpx
import pytest

from tests.api.gremlin.conftest import TOKEN

PAGE = (
    "g.V('1').as('start').both().dedup().range(0, 10).as('neighbor').project('vertex','edges').by()"
    ".by(__.select('start').bothE().where(otherV().where(eq('neighbor'))).dedup().fold())"
)
PATTERNS = (
    "g.E().hasLabel('knows').group().by(label()).by(limit(10000).project('sourceType','targetType')"
    ".by(outV().label()).by(inV().label()).dedup().fold())"
)
EXPLORER = [
    ("g.V().groupCount().by(label)", 1),
    ("g.V().limit(1).project('a','b').by(V().hasLabel('person').limit(1)).by(V().hasLabel('software').limit(1))", 1),
    ("g.V().hasLabel('person').or(has('name',containing('ar')),has(id,containing('ar'))).range(0,10)", 1),
    (PATTERNS, 1),
    (PAGE, 3),
]


def post(url: str, body: Any, **options: Any) -> httpx.Response:
    return httpx.post(url.replace("ws:", "http:"), json=body, **options)


@pytest.mark.parametrize(("query", "count"), EXPLORER)
def test_graph_explorer_in_direct_mode_and_behind_its_proxy(url: str, query: str, count: int) -> None:
    for body in ({"query": query}, {"gremlin": query, "queryId": "7"}):
        answer = post(url, body, headers={"Accept": "application/vnd.gremlin-v3.0+json"})
        assert answer.status_code == 200
        data = answer.json()["result"]["data"]
        assert data["@type"] == "g:List"
        assert len(data["@value"]) == count


def test_vertices_carry_their_properties_and_counts_are_longs(url: str) -> None:
    data = post(url, {"query": "g.V('1')"}).json()["result"]["data"]["@value"][0]
    assert data["@value"]["properties"]["name"][0]["@value"]["value"] == "marko"
    counts = post(url, {"query": "g.V().groupCount().by(label)"}).json()["result"]["data"]["@value"][0]
    assert counts == {"@type": "g:Map", "@value": ["person", _long(4), "software", _long(2)]}


def _long(value: int) -> dict[str, Any]:
    return {"@type": "g:Int64", "@value": value}


def test_untyped_json_and_get(url: str) -> None:
    accept = {"Accept": "application/vnd.gremlin-v3.0+json;types=false"}
    assert post(url, {"gremlin": "g.V('1').valueMap()"}, headers=accept).json()["result"]["data"] == [
        {"name": ["marko"], "age": [29]}
    ]
    answer = httpx.get(url.replace("ws:", "http:"), params={"gremlin": "g.V().count()"}, headers=accept)
    assert answer.json()["result"]["data"] == [6]


def test_bindings_and_graphbinary(url: str) -> None:
    found = post(url, {"gremlin": "g.V(x).out().count()", "bindings": {"x": "1"}}).json()
    assert found["result"]["data"]["@value"] == [_long(3)]
    binary = post(url, {"gremlin": "g.V().count()"}, headers={"Accept": "application/vnd.graphbinary-v1.0"})
    assert binary.content[0] == 0x81


@pytest.mark.parametrize(
    ("body", "status"),
    [({"gremlin": "g.V("}, 400), ({"gremlin": "g.V().nope()"}, 400), ({}, 400), ([1], 400), ({"gremlin": 5}, 400)],
)
def test_errors_have_the_common_shape(url: str, body: Any, status: int) -> None:
    answer = post(url, body)
    assert answer.status_code == status
    assert {"code", "message", "remedy", "retryable"} <= answer.json().keys()


def test_what_is_nested_too_deep_is_refused(url: str) -> None:
    query = "g.inject(1).aggregate('s').select('s').fold().aggregate('s').cap('s')"
    for format in ("graphson-v3.0+json", "graphson-v3.0+json;types=false", "graphbinary-v1.0"):
        answer = post(url, {"gremlin": query}, headers={"Accept": f"application/vnd.{format}"})
        assert answer.status_code == 504
        assert b"nested too deep" in answer.content


def test_half_a_character_is_refused_and_two_halves_are_one(url: str) -> None:
    target, headers = url.replace("ws:", "http:"), {"Content-Type": "application/json"}
    answer = httpx.post(target, content=rb'{"gremlin": "g.inject(x)", "bindings": {"x": "\ud800"}}', headers=headers)
    assert answer.status_code == 400
    assert answer.json()["remedy"]
    answer = post(url, {"gremlin": r"g.inject('\ud83d')"})
    assert (answer.status_code, answer.json()["code"]) == (400, "query_syntax")
    answer = post(url, {"gremlin": r"g.inject('\ud83d\ude00')"})
    assert answer.json()["result"]["data"]["@value"] == ["\U0001f600"]


def test_a_request_may_lower_the_objects_it_holds(url: str) -> None:
    for body in (
        {"gremlin": "g.V().fold()", "maxObjects": 3},
        {"gremlin": "g.V().order().by('name').limit(1)", "maxObjects": 3},
        {"gremlin": "g.with('maxObjects',3).V().fold()"},
        {"gremlin": "g.V()", "maxObjects": 3},
    ):
        answer = post(url, body)
        assert answer.status_code == 504, body
        assert "more than 3 objects" in answer.json()["message"]
        assert answer.json()["remedy"]
    assert post(url, {"gremlin": "g.V().count()", "maxObjects": 3}).status_code == 200
    assert post(url, {"gremlin": "g.V().fold()", "maxObjects": 10**12}).status_code == 200
    assert post(url, {"gremlin": "g.V('1').out().fold()", "maxObjects": 1}).status_code == 504
    assert post(url, {"gremlin": "g.V('1').out().fold()"}).status_code == 200


def test_summary(url: str) -> None:
    base = url.replace("ws:", "http:").removesuffix("/gremlin")
    summary = httpx.get(f"{base}/pg/statistics/summary?mode=basic").json()["payload"]["graphSummary"]
    assert (summary["numNodes"], summary["numEdges"]) == (6, 6)
    assert summary["nodeLabels"] == ["person", "software"]


def test_a_running_query_can_be_cancelled(url: str) -> None:
    answers: list[httpx.Response] = []
    slow = {"gremlin": "g.V().repeat(both().as('x')).times(99).select('x')", "queryId": "slow-one"}
    asking = threading.Thread(target=lambda: answers.append(post(url, slow, timeout=60)))
    asking.start()
    status = url.replace("ws:", "http:") + "/status"
    while {"queryId": "slow-one"} not in httpx.get(status).json()["queries"]:
        time.sleep(0.02)
    assert httpx.get(status, params={"cancelQuery": "", "queryId": "slow-one"}).status_code == 200
    asking.join()
    assert "cancelled" in answers[0].json()["message"]
    assert httpx.get(status, params={"cancelQuery": "", "queryId": "slow-one"}).status_code == 404


def test_sign_in(closed_url: str) -> None:
    ask = {"gremlin": "g.V().count()"}
    assert post(closed_url, ask).status_code == 401
    assert post(closed_url, ask, auth=("ann", "secret")).status_code == 200
    assert post(closed_url, ask, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert post(closed_url, {"gremlin": "g.addV()"}, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 403
    assert httpx.get(closed_url.replace("ws:", "http:") + "/status").status_code == 401
