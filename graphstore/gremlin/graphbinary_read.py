"""GraphBinary 1: a reader of requests. Every length is checked against what is there before memory is taken."""

import struct
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from bifrost.errors import QueryError
from graphstore.gremlin.bytecode import Binding, ClassName, make_enum, make_p, make_strategy, make_traversal
from graphstore.gremlin.elements import Path, Property, freeze
from graphstore.gremlin.graphson import MAX_DEPTH, property_reference
from graphstore.gremlin.numbers import MOST_BITS, BigInteger, Byte, Char, Float, Long, Short
from graphstore.gremlin.references import EdgeReference, VertexReference
from graphstore.gremlin.tree import Lambda

__all__ = ["GraphBinaryReader"]


class GraphBinaryReader:
    """Reads values from a buffer. Raises QueryError for anything that is not GraphBinary 1."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at
        self.depth = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise QueryError("The GraphBinary message ends too early.", remedy="Check the client's serializer.")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def _unpack(self, shape: struct.Struct) -> Any:
        return shape.unpack(self.take(shape.size))[0]

    def byte(self) -> int:
        return self.take(1)[0]

    def integer(self) -> int:
        return int(self._unpack(_I))

    def count(self) -> int:
        """The number of elements that follow; each takes at least one byte."""
        count = self.integer()
        if count < 0 or count > len(self.data) - self.at:
            raise QueryError("The GraphBinary message ends too early.", remedy="Check the client's serializer.")
        return count

    def text(self) -> str:
        try:
            return self.take(self.integer()).decode()
        except UnicodeDecodeError as error:
            raise QueryError(f"The GraphBinary message holds text that is no UTF-8: {error}") from error

    def value(self) -> Any:
        """A value with its type."""
        code = self.byte()
        flag = self.byte()
        if code == 0xFE or flag & 1:
            return None
        reader = _READERS.get(code)
        if reader is None:
            raise QueryError(f"The GraphBinary type 0x{code:02x} is not supported.", remedy="Send a simpler value.")
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise QueryError(f"The request is nested more than {MAX_DEPTH} deep.")
        try:
            return reader(self)
        except (ValueError, OverflowError, TypeError) as error:
            raise QueryError(f"A value of GraphBinary type 0x{code:02x} cannot be read: {error}") from error
        finally:
            self.depth -= 1

    def sequence(self) -> list[Any]:
        return [self.value() for _ in range(self.count())]

    def mapping(self) -> dict[Any, Any]:
        return {freeze(self.value()): self.value() for _ in range(self.count())}

    def _instructions(self) -> list[list[Any]]:
        found = []
        for _ in range(self.count()):
            name = self.text()
            found.append([name, *(self.value() for _ in range(self.count()))])
        return found

    def bytecode(self) -> Any:
        steps = self._instructions()
        return make_traversal(self._instructions(), steps)

    def moment(self) -> datetime:
        year, month, day, nanos, offset = struct.unpack(">ibbqi", self.take(18))
        zone = UTC if offset == 0 else timezone(timedelta(seconds=offset))
        return datetime(year, month, day, tzinfo=zone) + timedelta(microseconds=nanos // 1000)

    def big(self) -> BigInteger:
        size = self.integer()
        if size > MOST_BITS // 8:
            raise QueryError(f"A BigInteger of more than {MOST_BITS:,} bits.", remedy="Send a Double.")
        return BigInteger(int.from_bytes(self.take(size), "big", signed=True))

    def decimal(self) -> Decimal:
        scale = self.integer()
        unscaled = self.big()
        if abs(scale) > 10_000:
            raise QueryError("A BigDecimal with a scale beyond 10000.")
        return Decimal(int(unscaled)).scaleb(-scale)

    def char(self) -> Char:
        first = self.byte()
        more = 0 if first < 0x80 else 1 if first < 0xE0 else 2 if first < 0xF0 else 3
        return Char((bytes((first,)) + self.take(more)).decode())

    def vertex(self) -> Any:
        id, label = self.value(), self.text()
        self.value()
        return VertexReference(id, label)

    def edge(self) -> Any:
        id, label = self.value(), self.text()
        for _ in range(2):
            self.value()
            self.text()
        self.value()
        self.value()
        return EdgeReference(id, label)

    def vertex_property(self) -> Any:
        found = property_reference(self.value(), self.text(), self.value())
        self.value()
        self.value()
        return found

    def property(self) -> Any:
        key, value = self.text(), self.value()
        self.value()
        return Property(key, value, EdgeReference(None))

    def path(self) -> Path:
        labels, objects = self.value(), self.value()
        return Path([tuple(names) for names in labels], objects)

    def strategy(self) -> Any:
        name = self.text()
        return make_strategy(name, self.mapping())

    def p(self) -> Any:
        op = self.text()
        return make_p(op, self.sequence())

    def script(self) -> Lambda:
        language, text = self.text(), self.text()
        self.integer()
        return Lambda(text, language)

    def bulk_set(self) -> list[Any]:
        found: list[Any] = []
        for _ in range(self.count()):
            value, bulk = self.value(), self._unpack(_Q)
            if bulk < 0 or len(found) + bulk > 1_000_000:
                raise QueryError("A BulkSet of more than a million values.")
            found.extend([value] * bulk)
        return found

    def binding(self) -> Binding:
        return Binding(self.text(), self.value())

    def traverser(self) -> Any:
        self._unpack(_Q)
        return self.value()

    def duration(self) -> timedelta:
        seconds, nanos = struct.unpack(">qi", self.take(12))
        return timedelta(seconds=seconds, microseconds=nanos / 1000)

    def milliseconds(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=self._unpack(_Q))


_I, _Q, _H = struct.Struct(">i"), struct.Struct(">q"), struct.Struct(">h")
_B, _F, _D = struct.Struct(">b"), struct.Struct(">f"), struct.Struct(">d")


def _float(reader: GraphBinaryReader) -> Float:
    value = reader._unpack(_F)
    return Float(f"{value:.9g}") if value - value == 0 else Float(value)


def _enum(kind: str) -> Callable[[GraphBinaryReader], Any]:
    return lambda r: make_enum(kind, str(r.value()))


_READERS: dict[int, Callable[[GraphBinaryReader], Any]] = {
    0x01: GraphBinaryReader.integer,
    0x02: lambda r: Long(r._unpack(_Q)),
    0x03: GraphBinaryReader.text,
    0x04: GraphBinaryReader.milliseconds,
    0x05: GraphBinaryReader.milliseconds,
    0x06: lambda r: ClassName(r.text()),
    0x07: lambda r: float(r._unpack(_D)),
    0x08: _float,
    0x09: GraphBinaryReader.sequence,
    0x0A: GraphBinaryReader.mapping,
    0x0B: lambda r: {freeze(v) for v in r.sequence()},
    0x0C: lambda r: uuid.UUID(bytes=r.take(16)),
    0x0D: GraphBinaryReader.edge,
    0x0E: GraphBinaryReader.path,
    0x0F: GraphBinaryReader.property,
    0x11: GraphBinaryReader.vertex,
    0x12: GraphBinaryReader.vertex_property,
    0x13: _enum("Barrier"),
    0x14: GraphBinaryReader.binding,
    0x15: GraphBinaryReader.bytecode,
    0x16: _enum("Cardinality"),
    0x17: _enum("Column"),
    0x18: _enum("Direction"),
    0x19: _enum("Operator"),
    0x1A: _enum("Order"),
    0x1B: _enum("Pick"),
    0x1C: _enum("Pop"),
    0x1D: GraphBinaryReader.script,
    0x1E: GraphBinaryReader.p,
    0x1F: _enum("Scope"),
    0x20: _enum("T"),
    0x21: GraphBinaryReader.traverser,
    0x22: GraphBinaryReader.decimal,
    0x23: GraphBinaryReader.big,
    0x24: lambda r: Byte(r._unpack(_B)),
    0x25: lambda r: r.take(r.integer()),
    0x26: lambda r: Short(r._unpack(_H)),
    0x27: lambda r: r.byte() != 0,
    0x28: GraphBinaryReader.p,
    0x29: GraphBinaryReader.strategy,
    0x2A: GraphBinaryReader.bulk_set,
    0x2E: _enum("Merge"),
    0x2F: _enum("DT"),
    0x30: _enum("GType"),
    0x80: GraphBinaryReader.char,
    0x81: GraphBinaryReader.duration,
    0x88: GraphBinaryReader.moment,
}
