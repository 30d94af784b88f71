"""Requests that differ in the ids they start from share a plan, and get their own answers."""

import struct
import uuid
from typing import Any

import pytest
from gremlin_python.driver import request, serializer
from gremlin_python.process.graph_traversal import GraphTraversalSource, __
from gremlin_python.process.traversal import TraversalStrategies
from gremlin_python.structure.graph import Graph
from hypothesis import given
from hypothesis import strategies as st

from api.gremlin_frames import CODECS, GRAPHBINARY, Message, open_message
from api.gremlin_service import GremlinService
from api.gremlin_shapes import bytecode_shape, text_shape
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.traverser import Limits
from tests.fixtures.searching import examples

g = GraphTraversalSource(Graph(), TraversalStrategies())
_SERIALIZER = serializer.GraphBinarySerializersV1()


def sent(traversal: Any) -> Message:
    """A request as the driver sends it, as the server reads it."""
    args = {"gremlin": traversal.bytecode, "aliases": {"g": "g"}}
    message = request.RequestMessage("traversal", "bytecode", args)
    codec, body = open_message(bytes(_SERIALIZER.serialize_message(str(uuid.uuid4()), message)))
    return codec.read(body)


def text(query: str) -> Message:
    message = request.RequestMessage("", "eval", {"gremlin": query, "aliases": {"g": "g"}})
    codec, body = open_message(bytes(_SERIALIZER.serialize_message(str(uuid.uuid4()), message)))
    return codec.read(body)


@pytest.fixture
def service(engine: GremlinEngine, monkeypatch: pytest.MonkeyPatch) -> GremlinService:
    """With time enough for a busy machine."""
    monkeypatch.setattr("api.gremlin_service._QUICK", Limits(10, 20_000))
    return GremlinService(engine)


@pytest.mark.parametrize(
    "query",
    [
        lambda *ids: g.V(*ids).out().id_().order(),
        lambda *ids: g.V(*ids).values("name").order(),
        lambda *ids: g.V(*ids).as_("a").out().where(__.in_().where(__.id_().is_("1"))).count(),
        lambda *ids: g.V(*ids).count(),
        lambda *ids: g.E(*ids).count(),
    ],
)
def test_every_request_gets_its_own_answer(service: GremlinService, query: Any) -> None:
    for ids in (("1",), ("2",), ("4",), ("nobody",), ("1", "4"), ("4", "1"), (3,), ("1", 2)):
        for _ in range(2):
            message = sent(query(*ids))
            quick = service.quick(message, None)
            full = [t for reply in service.answer(message, None) for t in reply.data]
            assert quick is not None
            assert [(t.obj, t.bulk) for t in quick.data] == [(t.obj, t.bulk) for t in full], ids


def test_texts_too(service: GremlinService) -> None:
    for id in ("1", "2", "nobody", "4"):
        for query in (f"g.V('{id}').out().count()", f'g.V("{id}").out().count()', f"g.V('{id}').id();g.V('1').id()"):
            message = text(query)
            quick = service.quick(message, None)
            full = [found for reply in service.answer(message, None) for found in reply.data]
            assert quick is not None
            assert quick.data == full


def test_what_is_no_start_has_no_shape() -> None:
    assert text_shape("g.V('1').out()") == (("1",), ("g.V(", ".out()"))
    for query in ("g.V()", "g.V('a\\'b')", "g.V('1'); g.V('2')", "g.V('1', '2')", "x = g.V('1')", "g.V($x)"):
        assert text_shape(query) is None
    for traversal in (g.V(), g.V(["1"]), g.V(True), g.V(1.5), g.add_v("x"), g.inject(1)):
        assert sent(traversal).starts is None


@examples(200)
@given(st.binary(max_size=80), st.integers(0, 60))
def test_any_bytes_have_a_shape_or_none(noise: bytes, at: int) -> None:
    head = struct.pack(">i8si9s", 8, b"bytecode", 9, b"traversal") + struct.pack(">i", 1)
    body = head + b"\x03\x00\x00\x00\x00\x07gremlin\x15\x00" + noise
    for bytes_ in (noise, body, body[:at] + noise + body[at:]):
        found = bytecode_shape(bytes_)
        if found is not None:
            starts, _ = found
            assert starts
    assert CODECS[GRAPHBINARY].mime == GRAPHBINARY
