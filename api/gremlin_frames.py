"""Frames of the Gremlin protocol: a request out of bytes, responses into bytes. One codec per MIME type."""

import struct
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from bifrost.errors import QueryError
from graphstore.gremlin.graphbinary import GraphBinaryWriter
from graphstore.gremlin.graphbinary_read import GraphBinaryReader
from graphstore.gremlin.graphson import GraphSON2, GraphSON3, UntypedGraphSON, read_graphson

__all__ = ["CODECS", "Codec", "Message", "MessageError", "codec_for", "open_envelope"]


@dataclass(frozen=True, slots=True)
class Message:
    """A request: ``op`` is eval, bytecode, authentication or close; ``args`` are decoded values."""

    id: uuid.UUID
    op: str
    processor: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)


class MessageError(QueryError):
    """A request that cannot be decoded; ``id`` is its id as far as it could be read."""

    def __init__(self, message: str, id: uuid.UUID) -> None:
        super().__init__(message, remedy="Check the client's serializer and version.")
        self.id = id


_REMEMBERED = 2_048
NO_ID = uuid.UUID(int=0)


class Codec(Protocol):
    """One serialization."""

    mime: str

    def read(self, data: bytes) -> Message:
        """Raises MessageError."""

    def respond(
        self,
        id: uuid.UUID,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        """A response frame; ``data`` are results or traversers."""


def open_envelope(data: bytes) -> tuple[str, bytes]:
    """The MIME type and the body of a binary WebSocket message. Raises MessageError."""
    length = data[0] if data else 0
    if length == 0 or len(data) < 1 + length:
        raise MessageError("The message does not start with a MIME type.", NO_ID)
    try:
        return data[1 : 1 + length].decode("ascii"), data[1 + length :]
    except UnicodeDecodeError:
        raise MessageError("The message does not start with a MIME type.", NO_ID) from None


class GraphBinaryCodec:
    """Remembers small requests it has read: clients repeat themselves, but for the request id."""

    mime = "application/vnd.graphbinary-v1.0"

    def __init__(self) -> None:
        self._known: dict[bytes, Message] = {}

    def read(self, data: bytes) -> Message:
        if len(data) > _REMEMBERED:
            return self._read(data)
        known = self._known.get(data[17:])
        if known is None:
            known = self._read(data)
            if len(self._known) >= 1_000:
                self._known.clear()
            self._known[data[17:]] = known
            return known
        return Message(uuid.UUID(bytes=data[1:17]), known.op, known.processor, known.args)

    def _read(self, data: bytes) -> Message:
        id = NO_ID
        try:
            reader = GraphBinaryReader(data)
            if reader.byte() != 0x81:
                raise QueryError("Only version 1 of GraphBinary is understood.")
            id = uuid.UUID(bytes=reader.take(16))
            op, processor = reader.text(), reader.text()
            args = {}
            for _ in range(reader.count()):
                key = reader.value()
                args[str(key)] = reader.value()
            return Message(id, op, processor, args)
        except QueryError as error:
            raise MessageError(error.message, id) from error

    def respond(
        self,
        id: uuid.UUID,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        writer = GraphBinaryWriter(properties)
        out = writer.out
        text = message.encode()
        out += b"\x81\x00" + id.bytes + struct.pack(">iBi", code, 0, len(text)) + text
        out += struct.pack(">i", len(attributes or {}))
        for key, value in (attributes or {}).items():
            writer.write(key)
            writer.write(value)
        out += b"\x00\x00\x00\x00"
        writer.sequence(0x09, data)
        return bytes(out)


class GraphSONCodec:
    """``kind`` makes the writer of values."""

    def __init__(self, mime: str, kind: type[GraphSON3]) -> None:
        self.mime = mime
        self._writers = {properties: kind(properties) for properties in (True, False)}

    def read(self, data: bytes) -> Message:
        id = NO_ID
        try:
            plain = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise MessageError(f"The request is no JSON: {error}", id) from error
        if not isinstance(plain, dict):
            raise MessageError("The request must be a JSON object.", id)
        try:
            raw_id = plain.get("requestId")
            id = uuid.UUID(str(raw_id["@value"] if isinstance(raw_id, dict) else raw_id)) if raw_id else uuid.uuid4()
            args = plain.get("args") or {}
            if isinstance(args, dict) and args.get("@type") == "g:Map":
                args = read_graphson(args)
            elif isinstance(args, dict):
                args = {key: read_graphson(value) for key, value in args.items()}
            else:
                raise MessageError("args must be an object.", id)
            return Message(id, str(plain.get("op", "")), str(plain.get("processor") or ""), args)
        except QueryError as error:
            raise MessageError(error.message, id) from error
        except (ValueError, KeyError, TypeError) as error:
            raise MessageError(f"The request cannot be read: {error}", id) from error

    def respond(
        self,
        id: uuid.UUID,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        writer = self._writers[properties]
        frame = {
            "requestId": str(id),
            "status": {"code": code, "message": message, "attributes": writer.write(dict(attributes or {}))},
            "result": {"data": writer.write(_as_list(data)), "meta": writer.write({})},
        }
        return orjson.dumps(frame, option=orjson.OPT_NON_STR_KEYS)


def _as_list(data: Iterable[Any]) -> list[Any]:
    return data if isinstance(data, list) else list(data)


CODECS: dict[str, Codec] = {
    "application/vnd.graphbinary-v1.0": GraphBinaryCodec(),
    "application/vnd.gremlin-v3.0+json": GraphSONCodec("application/vnd.gremlin-v3.0+json", GraphSON3),
    "application/vnd.gremlin-v2.0+json": GraphSONCodec("application/vnd.gremlin-v2.0+json", GraphSON2),
    "application/json": GraphSONCodec("application/json", GraphSON3),
}
_UNTYPED = GraphSONCodec("application/vnd.gremlin-v3.0+json;types=false", UntypedGraphSON)


def codec_for(mime: str) -> Codec | None:
    """The codec of a MIME type, ``;types=false`` included; None if there is none."""
    name, *parameters = (part.strip().lower() for part in mime.split(";"))
    codec = CODECS.get(name)
    if codec is not None and name.endswith("json") and "types=false" in parameters:
        return _UNTYPED
    if codec is None and name.endswith("+json") and "gremlin" in name:
        return _UNTYPED if "untyped" in name or "types=false" in parameters else None
    return codec
