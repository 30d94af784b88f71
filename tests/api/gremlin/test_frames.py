"""Frames on the wire: what no client sends, and what a slow or hostile one might."""

import asyncio
import base64
import struct
import uuid
from typing import Any

import httpx
import orjson
import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st

from api.gremlin_frames import CODECS, MessageError, codec_for, open_message
from tests.api.gremlin.conftest import server, sign_in

JSON = b"application/vnd.gremlin-v3.0+json"
BINARY = b"application/vnd.graphbinary-v1.0"
ID = uuid.uuid4()


def envelope(mime: bytes, body: bytes) -> bytes:
    return bytes([len(mime)]) + mime + body


def request(op: str = "eval", id: Any = ID, **args: Any) -> bytes:
    body = {"requestId": {"@type": "g:UUID", "@value": str(id)}, "op": op, "processor": "", "args": args}
    return envelope(JSON, orjson.dumps(body))


def talk(url: str, *messages: bytes | str, driver: str = "") -> list[dict[str, Any]]:
    """The last frame that answers each message. ``driver``: what the client calls itself."""

    async def run() -> list[dict[str, Any]]:
        found = []
        async with websockets.connect(url, max_size=None, user_agent_header=driver or None) as socket:
            for message in messages:
                await socket.send(message)
                while True:
                    answer = orjson.loads(await socket.recv())
                    if answer["status"]["code"] != 206:
                        break
                found.append(answer)
        return found

    return asyncio.run(run())


def test_what_cannot_be_decoded_is_answered_with_its_id(url: str) -> None:
    bad_type = envelope(
        JSON, orjson.dumps({"requestId": str(ID), "op": "eval", "args": {"x": {"@type": "g:No", "@value": 1}}})
    )
    unknown_mime = envelope(b"application/x-gryo", request(gremlin="g.V()")[1 + len(JSON) :])
    answers = talk(
        url, bad_type, unknown_mime, envelope(JSON, b"no json"), b"", request("nonsense"), request(gremlin=5)
    )
    assert [a["status"]["code"] for a in answers] == [498, 498, 498, 498, 498, 499]
    assert [a["requestId"] for a in answers[:2]] == [str(ID), str(ID)]
    assert answers[4]["requestId"] == str(ID)


def test_text_messages_and_languages(url: str) -> None:
    text = request(gremlin="g.V().count()")[1 + len(JSON) :].decode()
    groovy, other = request(gremlin="g.V().count()", language="gremlin-groovy"), request(gremlin="1", language="python")
    answers = talk(url, text, groovy, other)
    assert [a["status"]["code"] for a in answers] == [200, 200, 499]
    assert answers[0]["result"]["data"]["@value"] == [{"@type": "g:Int64", "@value": 6}]


def test_bytecode_of_older_clients(url: str) -> None:
    def bytecode(*steps: list[Any]) -> bytes:
        gremlin = {"@type": "g:Bytecode", "@value": {"step": list(steps)}}
        body = {"requestId": str(ID), "op": "bytecode", "processor": "traversal", "args": {"gremlin": gremlin}}
        return envelope(JSON, orjson.dumps(body))

    answers = talk(url, bytecode(["V"], ["none"]), bytecode(["V"], ["discard"]), bytecode(["V"], ["out"], ["count"]))
    assert [a["status"]["code"] for a in answers] == [204, 204, 200]
    assert answers[2]["result"]["data"]["@value"][0]["@type"] == "g:Traverser"


@pytest.mark.parametrize(
    ("driver", "kind"),
    [
        ("NotAvailable Gremlin-Python.3.7.4 3.11.7 Linux.6.1 x86_64", "g:Date"),
        ("NotAvailable Gremlin-Python.3.8.0 3.11.7 Linux.6.1 x86_64", "gx:OffsetDateTime"),
        ("", "gx:OffsetDateTime"),
    ],
)
def test_drivers_before_3_8_get_dates_as_they_know_them(url: str, driver: str, kind: str) -> None:
    at, query = 1_709_209_815_123, "g.inject(datetime('2024-02-29T12:30:15.123Z'))"
    (typed,) = talk(url, request(gremlin=query), driver=driver)
    assert typed["result"]["data"]["@value"][0]["@type"] == kind
    if kind == "g:Date":
        assert typed["result"]["data"]["@value"][0]["@value"] == at

    async def run() -> bytes:
        async with websockets.connect(url, user_agent_header=driver or None) as socket:
            body = struct.pack(">B16si4si", 0x81, ID.bytes, 4, b"eval", 0) + struct.pack(">i", 1)
            body += b"".join(b"\x03\x00" + struct.pack(">i", len(text)) + text for text in (b"gremlin", query.encode()))
            await socket.send(envelope(BINARY, body))
            return bytes(await socket.recv(decode=False))

    answer = asyncio.run(run())
    assert (b"\x04\x00" + struct.pack(">q", at) in answer) == (kind == "g:Date")
    assert (b"\x88\x00" + struct.pack(">ibb", 2024, 2, 29) in answer) == (kind != "g:Date")


def test_a_message_that_is_too_large_closes_the_connection() -> None:
    with server(max_message=2_000) as running, pytest.raises(websockets.ConnectionClosed):
        talk(f"ws://127.0.0.1:{running.port}/gremlin", request(gremlin="g.V()" + " " * 3_000))


def test_sasl_plain_answers_the_request_that_waited() -> None:
    def plain(username: str, secret: str) -> str:
        return base64.b64encode(f"\0{username}\0{secret}".encode()).decode()

    first, second = uuid.uuid4(), uuid.uuid4()
    with server(sign_in) as running:
        url = f"ws://127.0.0.1:{running.port}/gremlin"
        answers = talk(
            url,
            request(gremlin="g.V().count()", id=first),
            request("authentication", sasl=plain("ann", "no"), id=first),
            request(gremlin="g.V().count()", id=second),
            request("authentication", sasl=plain("ann", "secret"), id=second),
            request(gremlin="g.E().count()"),
        )
        broken = talk(url, request(gremlin="g.V()"), request("authentication", sasl="###"), request("authentication"))
    assert [a["status"]["code"] for a in answers] == [407, 401, 407, 200, 200]
    code, remedy = answers[1]["status"]["attributes"]["@value"][1:4:2]
    assert code == "unauthenticated" and "token" in remedy
    assert answers[3]["requestId"] == str(second)
    assert [a["status"]["code"] for a in broken] == [407, 401, 401]


def test_sessions_are_the_owners_own(url: str) -> None:
    def inside(gremlin: str, session: str) -> bytes:
        body = {
            "requestId": str(ID),
            "op": "eval",
            "processor": "session",
            "args": {"gremlin": gremlin, "session": session},
        }
        return envelope(JSON, orjson.dumps(body))

    close = envelope(
        JSON, orjson.dumps({"requestId": str(ID), "op": "close", "processor": "session", "args": {"session": "a"}})
    )
    answers = talk(
        url, inside("g.addV('x').count()", "a"), inside("g.V().count()", "a"), close, inside("g.V().count()", "b")
    )
    assert [a["status"]["code"] for a in answers] == [200, 200, 204, 200]
    assert [a["result"]["data"]["@value"][0]["@value"] for a in (answers[1], answers[3])] == [7, 6]


def test_a_client_that_goes_away_stops_its_query(url: str) -> None:
    endless = request(gremlin="g.V().repeat(both().as('x')).times(99).select('x')")

    async def leave() -> list[Any]:
        async with websockets.connect(url) as socket, httpx.AsyncClient() as http:
            status = url.replace("ws:", "http:") + "/status"
            await socket.send(endless)
            await socket.send(request(gremlin="g.V().count()"))
            while not (await http.get(status)).json()["queries"]:
                await asyncio.sleep(0.02)
            await socket.close()
            for _ in range(200):
                left: list[Any] = (await http.get(status)).json()["queries"]
                if not left:
                    break
                await asyncio.sleep(0.02)
            return left

    assert asyncio.run(leave()) == []


def test_requests_on_one_connection_are_answered_in_order(url: str) -> None:
    async def run() -> list[str]:
        ids = [str(uuid.uuid4()) for _ in range(30)]
        async with websockets.connect(url) as socket:
            for position, id in enumerate(ids):
                text = "g.V().both().both().count()" if position % 2 else "g.V('1')"
                await socket.send(request(gremlin=text, id=id))
            answered = [orjson.loads(await socket.recv())["requestId"] for _ in ids]
        assert answered == ids
        return answered

    assert len(asyncio.run(run())) == 30


@given(st.binary(max_size=120), st.sampled_from([JSON, BINARY]))
def test_any_body_is_read_or_refused(body: bytes, mime: bytes) -> None:
    try:
        codec, rest = open_message(envelope(mime, body))
        codec.read(rest)
    except MessageError as error:
        assert len(error.id) == 16


def test_mime_types() -> None:
    assert codec_for("application/json") is CODECS["application/json"]
    untyped = codec_for("application/vnd.gremlin-v3.0+json;types=false")
    assert untyped is not None
    assert b'"@type"' not in untyped.respond(ID.bytes, 200, [1, {"a": 2}])
    assert codec_for("text/html") is None
