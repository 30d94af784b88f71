"""GraphBinary and GraphSON: what a client of TinkerPop's own reads and writes; hostile bytes are refused."""

import io
import uuid
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson
import pytest
from gremlin_python.process.graph_traversal import GraphTraversalSource, __
from gremlin_python.process.strategies import SeedStrategy, SubgraphStrategy
from gremlin_python.process.traversal import (
    Cardinality,
    CardinalityValue,
    Merge,
    Order,
    P,
    T,
    TextP,
    TraversalStrategies,
)
from gremlin_python.statics import bigdecimal, bigint, long
from gremlin_python.structure.graph import Graph
from gremlin_python.structure.io.graphbinaryV1 import GraphBinaryReader as ClientBinaryReader
from gremlin_python.structure.io.graphbinaryV1 import GraphBinaryWriter as ClientBinaryWriter
from gremlin_python.structure.io.graphsonV2d0 import GraphSONReader as ClientReader2
from gremlin_python.structure.io.graphsonV2d0 import GraphSONWriter as ClientWriter2
from gremlin_python.structure.io.graphsonV3d0 import GraphSONReader as ClientReader3
from gremlin_python.structure.io.graphsonV3d0 import GraphSONWriter as ClientWriter3
from hypothesis import given
from hypothesis import strategies as st

from bifrost.errors import QueryError
from graphstore.gremlin.elements import HashableSet
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.graphbinary import GraphBinaryWriter
from graphstore.gremlin.graphbinary_read import GraphBinaryReader
from graphstore.gremlin.graphson import GraphSON2, GraphSON3, UntypedGraphSON, read_graphson
from graphstore.gremlin.numbers import BigInteger, Byte, Char, Float, Long
from graphstore.gremlin.tree import Instruction, Traversal
from graphstore.gremlin.tree import P as Predicate
from graphstore.gremlin.tree import T as Token
from tests.graphstore.gremlin.graphs import MODERN, in_memory

g = GraphTraversalSource(Graph(), TraversalStrategies())

TRAVERSALS = [
    g.V().has("age", P.gt(30).and_(P.lt(40))).out("knows").values("name"),
    g.V(1, "2", uuid.UUID(int=5)).order().by("name", Order.desc).limit(long(3)),
    g.V().has("name", TextP.starting_with("m")).repeat(__.out()).times(2).emit().path().by(T.label),
    g.with_strategies(SubgraphStrategy(vertices=__.has_label("person")), SeedStrategy(seed=7)).V(),
    g.with_side_effect("x", [1, 2]).V().where(P.within("x")).group().by(T.label).by(__.count()),
    g.merge_v({T.label: "person", "name": "x"}).option(Merge.on_match, {"age": CardinalityValue.set_(3)}),
    g.add_v("a").property(Cardinality.list_, "k", 1.5, "m", True).property("d", datetime(2024, 2, 1, tzinfo=UTC)),
    g.inject(bigdecimal(Decimal("1.25")), bigint(2**70), None, timedelta(seconds=3)).fold(),
    g.V().choose(__.out()).option(1, __.identity()),
]


def through_binary(value: Any) -> Any:
    out = bytearray()
    ClientBinaryWriter().to_dict(value, out)
    return GraphBinaryReader(bytes(out)).value()


def through_json(value: Any, writer: Any) -> Any:
    return read_graphson(orjson.loads(orjson.dumps(writer.to_dict(value), option=orjson.OPT_NON_STR_KEYS)))


@pytest.mark.parametrize("traversal", TRAVERSALS, ids=lambda t: str(t.bytecode)[:40])
def test_bytecode_of_all_formats_becomes_the_same_tree(traversal: Any) -> None:
    binary = through_binary(traversal.bytecode)
    typed = through_json(traversal.bytecode, ClientWriter3())
    assert isinstance(binary, Traversal)
    assert str(binary) == str(typed)
    if "merge_v" not in str(traversal.bytecode) and "mergeV" not in str(traversal.bytecode):
        assert str(binary) == str(through_json(traversal.bytecode, ClientWriter2()))


VALUES = [
    1, Long(2**40), -5, 1.5, float("inf"), "text ü", True, None, Decimal("-12.345"), BigInteger(2**80), uuid.UUID(int=9),
    [1, ["a"]], {"a": 1, "b": [2]}, HashableSet([1, 2]), datetime(2024, 2, 1, 12, 30, tzinfo=UTC), {Token.id: "x"},
    timedelta(days=20, seconds=3, microseconds=5), timedelta(hours=-2), timedelta(minutes=3), timedelta(),
]  # fmt: skip


def readable(value: Any) -> Any:
    """What the client makes of a value, in plain terms."""
    if hasattr(value, "unscaled_value"):
        return value.value
    if isinstance(value, dict):
        return {getattr(k, "name", k): readable(v) for k, v in value.items()}
    if isinstance(value, (list, set)):
        return type(value)(map(readable, value))
    return value


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_clients_read_what_we_write(value: Any) -> None:
    expected = {"id": "x"} if value == {Token.id: "x"} else value
    writer = GraphBinaryWriter()
    writer.write(value)
    assert readable(ClientBinaryReader().to_object(io.BytesIO(bytes(writer.out)))) == expected
    assert readable(ClientReader3().to_object(orjson.loads(orjson.dumps(GraphSON3().write(value))))) == expected


def test_elements_carry_their_properties_when_wanted() -> None:
    graph = in_memory(MODERN)
    vertex, edge = graph.vertex("1"), graph.edge("9")
    for properties in (True, False):
        writer = GraphBinaryWriter(properties)
        writer.write([vertex, edge])
        plain = orjson.loads(orjson.dumps(GraphSON3(properties).write([vertex, edge])))
        for found in (ClientBinaryReader().to_object(io.BytesIO(bytes(writer.out))), ClientReader3().to_object(plain)):
            assert [found[0].id, found[0].label, found[1].outV.id, found[1].inV.label] == [
                "1",
                "person",
                "1",
                "software",
            ]
            assert {p.key: p.value for p in found[0].properties} == ({"name": "marko", "age": 29} if properties else {})
            assert [p.value for p in found[1].properties] == ([0.4] if properties else [])


def test_graphson_2_and_untyped() -> None:
    value = {"a": [1, {2}], Token.label: "x"}
    assert GraphSON2().write(value) == {
        "a": [{"@type": "g:Int32", "@value": 1}, [{"@type": "g:Int32", "@value": 2}]],
        "label": "x",
    }
    assert UntypedGraphSON().write(value) == {"a": [1, [2]], "label": "x"}
    vertex = UntypedGraphSON().write(in_memory(MODERN).vertex("3"))
    assert vertex["properties"]["name"][0]["value"] == "lop"
    assert ClientReader2().to_object(GraphSON2().write([1, 2.5])) == [1, 2.5]


def test_clients_read_metrics() -> None:
    metrics = GremlinEngine(in_memory(MODERN)).run("g.V().out().profile()")[0].obj
    writer = GraphBinaryWriter()
    writer.write(metrics)
    binary = ClientBinaryReader().to_object(io.BytesIO(bytes(writer.out)))
    assert binary["dur"] == pytest.approx(metrics["dur"] * 1_000_000, rel=1e-3)  # nanoseconds there
    typed = ClientReader3().to_object(orjson.loads(orjson.dumps(GraphSON3().write(metrics))))
    older = ClientReader2().to_object(orjson.loads(orjson.dumps(GraphSON2().write(metrics))))
    assert typed["dur"] == older["dur"] == metrics["dur"]
    for found in (binary, typed, older):
        first = found["metrics"][0]
        assert (first["id"], first["name"]) == ("0.0.0()", "V()")
        assert first["counts"] == {"traverserCount": 6, "elementCount": 6}
        assert first["annotations"]["where"] == "interpreter"
    assert UntypedGraphSON().write(metrics)["metrics"][0]["counts"]["elementCount"] == 6


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    try:
        GraphBinaryReader(data).value()
    except QueryError as error:
        assert error.message


@given(st.integers(0, len(TRAVERSALS) - 1), st.integers(0, 400), st.integers(0, 255))
def test_damaged_bytecode_is_refused_or_read(index: int, place: int, byte: int) -> None:
    out = bytearray()
    ClientBinaryWriter().to_dict(TRAVERSALS[index].bytecode, out)
    out[place % len(out)] = byte
    try:
        GraphBinaryReader(bytes(out)).value()
    except QueryError:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.fixed_dictionaries(
            {"@type": st.sampled_from(["g:Int32", "g:Map", "g:P", "g:Bytecode", "g:Vertex", "g:T", "gx:Duration", "g:X"]),
             "@value": inner}
        )
    ),
)  # fmt: skip


@given(JSON)
def test_any_json_is_refused_or_read(data: Any) -> None:
    try:
        read_graphson(data)
    except QueryError as error:
        assert error.message


def test_numbers_that_take_minutes_to_write_out_are_refused() -> None:
    large = b"\x00" + (20_000).to_bytes(4, "big") + b"\x7f" * 20_000
    for message in (b"\x23" + large, b"\x22\x00" + bytes(4) + large[1:]):
        with pytest.raises(QueryError, match="BigInteger of more than 100,000 bits"):
            GraphBinaryReader(message).value()
    with pytest.raises(QueryError, match="more than 10,000 places"):
        read_graphson({"@type": "gx:BigDecimal", "@value": "1E+99999999"})


def test_lengths_are_checked_before_memory_is_taken() -> None:
    for code in (0x03, 0x09, 0x0A, 0x15, 0x25, 0x23):
        with pytest.raises(QueryError):
            GraphBinaryReader(bytes([code, 0]) + b"\x7f\xff\xff\xff" + b"x").value()
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(QueryError, match="nested"):
        read_graphson(deep)
    with pytest.raises(QueryError, match="nested"):
        GraphBinaryReader(b"\x09\x00\x00\x00\x00\x01" * 200 + b"\xfe\x01").value()


# ---- values that are equal and not the same --------------------------------------------------------------------------


def test_a_traversal_with_equal_values_of_other_types_is_another_one() -> None:
    """Plans are remembered by what traversals say: ``1`` must not be answered like ``true``."""
    engine = GremlinEngine(in_memory(MODERN))
    summer = timezone(timedelta(hours=2))
    equal: list[tuple[Any, ...]] = [
        (True, 1, 1.0, Long(1), Byte(1), Decimal(1), Float(1.0)),
        (0.0, -0.0),
        (Decimal("1.10"), Decimal("1.1")),
        ("a", Char("a")),
        (datetime(2024, 1, 1, 12, tzinfo=UTC), datetime(2024, 1, 1, 14, tzinfo=summer)),
    ]
    for values in equal:
        for value in (*values, *values):
            (found,) = engine.run(Traversal((), (Instruction("inject", (value,)),)))
            assert (type(found.obj), repr(found.obj)) == (type(value), repr(value))
            nested = Traversal((), (Instruction("is", (Predicate("eq", (value,)),)), Instruction("constant", (value,))))
            (found,) = engine.run(Traversal((), (Instruction("inject", (value,)), Instruction("map", (nested,)))))
            assert (type(found.obj), repr(found.obj)) == (type(value), repr(value))
