"""Frames of the Gremlin protocol: a request out of bytes, responses into bytes. One codec per MIME type."""

import re
import struct
import uuid
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

import orjson

from api.gremlin_shapes import Starts, bytecode_shape
from bifrost.errors import QueryError
from graphstore.gremlin.graphbinary import GraphBinaryWriter, GraphBinaryWriterBefore38
from graphstore.gremlin.graphbinary_read import GraphBinaryReader
from graphstore.gremlin.graphson import GraphSON2, GraphSON3, UntypedGraphSON, read_graphson

__all__ = [
    "CODECS",
    "DEFAULT",
    "GRAPHBINARY",
    "Codec",
    "Content",
    "Message",
    "MessageError",
    "before_38",
    "codec_for",
    "is_before_38",
    "open_message",
]


@dataclass(slots=True)
class Content:
    """What a request says, without its id. ``op`` is eval, bytecode, authentication or close; ``args`` are decoded.

    Equal requests may share it; ``memo`` keeps what was found out about them.
    """

    op: str
    processor: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    memo: dict[str, Any] = field(default_factory=dict)


class Message:
    """A request: its id (16 bytes) and its content. ``starts``, where there are some, are the ids that the traversal
    starts from instead of those in the content; then the arguments are decoded only when somebody asks for them."""

    __slots__ = ("_decode", "content", "id", "starts")

    def __init__(
        self, id: bytes, content: Content, starts: Starts | None = None, decode: Callable[[], "Message"] | None = None
    ) -> None:
        self.id, self.content, self.starts, self._decode = id, content, starts, decode

    @property
    def op(self) -> str:
        return self.content.op

    @property
    def processor(self) -> str:
        return self.content.processor

    @property
    def args(self) -> Mapping[str, Any]:
        """The arguments. Raises MessageError where decoding had to wait and fails."""
        if self._decode is not None:
            self.content, self.starts, self._decode = self._decode().content, None, None
        return self.content.args

    @property
    def name(self) -> str:
        """The id as people write it."""
        return str(uuid.UUID(bytes=self.id))


class MessageError(QueryError):
    """A request that cannot be decoded; ``id`` is its id as far as it could be read."""

    def __init__(self, message: str, id: bytes) -> None:
        super().__init__(message, remedy="Check the client's serializer and version.")
        self.id = id


DEFAULT = "application/vnd.gremlin-v3.0+json"
GRAPHBINARY = "application/vnd.graphbinary-v1.0"
_REMEMBERED = 2_048
_BRACE = 0x7B
_VERSION = 0x81
_PLAIN_STATUS = struct.Struct(">iBiii").pack
"""Code, empty message, no attributes, no metadata."""
_LIST_HEAD = struct.Struct(">BBi")
"""Type, not null, number of elements."""
NO_ID = bytes(16)


class Codec(Protocol):
    """One serialization."""

    mime: str
    text: bool
    """Whether frames are text."""

    def read(self, data: bytes) -> Message:
        """Raises MessageError."""

    def respond(
        self,
        id: bytes,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        """A response frame; ``data`` are results or traversers."""

    counted: bool
    """Whether a frame says before its results how many there are."""

    def head(self, id: bytes, count: int = 0) -> bytes:
        """What a frame of so many results has before them; :meth:`results` and :meth:`tail` follow."""

    def results(self, data: Sequence[Any], properties: bool) -> bytes:
        """Some results. A comma comes between them and others where frames are text."""

    def tail(self, code: int, message: str, attributes: Mapping[str, Any]) -> bytes:
        """What a frame has after its results."""


def open_message(data: bytes) -> tuple["Codec", bytes]:
    """The codec and the body of a WebSocket message: JSON, or a MIME type with what it says. Raises MessageError."""
    length = data[0] if data else 0
    if length == _BRACE:
        return CODECS[DEFAULT], data
    known = _ENVELOPES.get(data[: 1 + length])
    if known is not None:
        return known, data[1 + length :]
    if length == 0 or len(data) < 1 + length:
        raise MessageError("The message does not start with a MIME type.", NO_ID)
    body = data[1 + length :]
    try:
        mime = data[1 : 1 + length].decode("ascii")
    except UnicodeDecodeError:
        raise MessageError("The message does not start with a MIME type.", NO_ID) from None
    codec = codec_for(mime)
    if codec is None:
        raise MessageError(f"The MIME type {mime!r} is not supported.", _id_in(body))
    if len(_ENVELOPES) < 100:
        _ENVELOPES[data[: 1 + length]] = codec
    return codec, body


def _id_in(body: bytes) -> bytes:
    """The request id of a body in an unknown format, if it looks like GraphSON or GraphBinary."""
    codec = CODECS[DEFAULT if body[:1] == b"{" else GRAPHBINARY]
    try:
        return codec.read(body).id
    except MessageError as error:
        return error.id


class GraphBinaryCodec:
    """Remembers small requests it has read, or their shapes: clients repeat themselves, but for the request id and the
    ids they start from."""

    mime = GRAPHBINARY
    text = False
    counted = True

    def __init__(self, writer: type[GraphBinaryWriter] = GraphBinaryWriter) -> None:
        self._writer = writer
        self._known: dict[Hashable, Content] = {}

    def read(self, data: bytes) -> Message:
        body = data[17:]
        known = self._known.get(body)
        if known is not None and data[0] == _VERSION:
            return Message(data[1:17], known)
        if len(body) > _REMEMBERED:
            return self._read(data)
        known_as: Hashable = body
        shape = bytecode_shape(body)
        if shape is not None and data[0] == _VERSION:
            starts, known_as = shape
            known = self._known.get(known_as)
            if known is not None:
                return Message(data[1:17], known, starts, partial(self._read, data))
        message = self._read(data)
        if len(self._known) >= 1_000:
            self._known.clear()
        self._known[known_as] = message.content
        return message

    def _read(self, data: bytes) -> Message:
        id = NO_ID
        try:
            reader = GraphBinaryReader(data)
            if reader.byte() != _VERSION:
                raise QueryError("Only version 1 of GraphBinary is understood.")
            id = reader.take(16)
            op, processor = reader.text(), reader.text()
            args = {}
            for _ in range(reader.count()):
                key = reader.value()
                args[str(key)] = reader.value()
            return Message(id, Content(op, processor, args))
        except QueryError as error:
            raise MessageError(error.message, id) from error

    def respond(
        self,
        id: bytes,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        writer = self._writer(properties)
        if message or attributes:
            text = message.encode()
            writer.raw(b"\x81\x00" + id + struct.pack(">iBi", code, 0, len(text)) + text)
            writer.raw(struct.pack(">i", len(attributes or {})))
            for key, value in (attributes or {}).items():
                writer.write(key)
                writer.write(value)
            writer.raw(b"\x00\x00\x00\x00")
        else:
            writer.raw(b"\x81\x00" + id + _PLAIN_STATUS(code, 0, 0, 0, 0))
        writer.sequence(0x09, data)
        return bytes(writer.out)

    def head(self, id: bytes, count: int = 0) -> bytes:
        return b"\x81\x00" + id + _PLAIN_STATUS(200, 0, 0, 0, 0) + _LIST_HEAD.pack(0x09, 0, count)

    def results(self, data: Sequence[Any], properties: bool) -> bytes:
        writer = self._writer(properties)
        writer.sequence(0x09, data)
        return bytes(writer.out[_LIST_HEAD.size :])

    def tail(self, code: int, message: str, attributes: Mapping[str, Any]) -> bytes:
        """Nothing: the status stands in the head."""
        return b""


class GraphSONCodec:
    """``kind`` makes the writer of values, by whether elements have properties."""

    text = True
    counted = False

    def __init__(self, mime: str, kind: Callable[[bool], GraphSON3]) -> None:
        self.mime = mime
        self._writers = {properties: kind(properties) for properties in (True, False)}
        before, _, after = orjson.dumps(self._writers[True].write([None])).partition(b"null")
        self._around = before, after

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
            given = str(raw_id["@value"] if isinstance(raw_id, dict) else raw_id)
            id = (uuid.UUID(given) if raw_id else uuid.uuid4()).bytes
            args = plain.get("args") or {}
            if isinstance(args, dict) and args.get("@type") == "g:Map":
                args = read_graphson(args)
            elif isinstance(args, dict):
                args = {key: read_graphson(value) for key, value in args.items()}
            else:
                raise MessageError("args must be an object.", id)
            return Message(id, Content(str(plain.get("op", "")), str(plain.get("processor") or ""), args))
        except QueryError as error:
            raise MessageError(error.message, id) from error
        except (ValueError, KeyError, TypeError) as error:
            raise MessageError(f"The request cannot be read: {error}", id) from error

    def respond(
        self,
        id: bytes,
        code: int,
        data: Sequence[Any] = (),
        message: str = "",
        attributes: Mapping[str, Any] | None = None,
        properties: bool = True,
    ) -> bytes:
        writer = self._writers[properties]
        frame = {
            "requestId": str(uuid.UUID(bytes=id)),
            "status": {"code": code, "message": message, "attributes": writer.write(dict(attributes or {}))},
            "result": {"data": writer.write(_as_list(data)), "meta": writer.write({})},
        }
        return orjson.dumps(frame, option=orjson.OPT_NON_STR_KEYS)

    def head(self, id: bytes, count: int = 0) -> bytes:
        return b'{"requestId":"%b","result":{"data":%b' % (str(uuid.UUID(bytes=id)).encode(), self._around[0])

    def results(self, data: Sequence[Any], properties: bool) -> bytes:
        write = self._writers[properties].write
        return orjson.dumps([write(value) for value in data], option=orjson.OPT_NON_STR_KEYS)[1:-1]

    def tail(self, code: int, message: str, attributes: Mapping[str, Any]) -> bytes:
        write = self._writers[True].write
        status = {"code": code, "message": message, "attributes": write(dict(attributes))}
        meta, said = orjson.dumps(write({})), orjson.dumps(status, option=orjson.OPT_NON_STR_KEYS)
        return b'%b,"meta":%b},"status":%b}' % (self._around[1], meta, said)


def _as_list(data: Iterable[Any]) -> list[Any]:
    return data if isinstance(data, list) else list(data)


CODECS: dict[str, Codec] = {
    GRAPHBINARY: GraphBinaryCodec(),
    "application/vnd.gremlin-v3.0+json": GraphSONCodec("application/vnd.gremlin-v3.0+json", GraphSON3),
    "application/vnd.gremlin-v2.0+json": GraphSONCodec("application/vnd.gremlin-v2.0+json", GraphSON2),
    "application/json": GraphSONCodec("application/json", GraphSON3),
}
_ENVELOPES: dict[bytes, Codec] = {}
"""The first bytes of messages, length and MIME type, that were seen before."""
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


# ---- older drivers ---------------------------------------------------------------------------------------------------

_OLD_DRIVER = re.compile(r"\bGremlin-[\w.]+?\.3\.[0-7]\.")
_BEFORE_38: dict[str, Codec] = {
    GRAPHBINARY: GraphBinaryCodec(GraphBinaryWriterBefore38),
    **{
        mime: GraphSONCodec(mime, partial(kind, dates_as_before=True))
        for mime, kind in (
            ("application/vnd.gremlin-v3.0+json", GraphSON3),
            ("application/vnd.gremlin-v2.0+json", GraphSON2),
            ("application/json", GraphSON3),
        )
    },
}


def is_before_38(user_agent: str) -> bool:
    """Whether this is what a driver of TinkerPop before 3.8 calls itself: ``NotAvailable Gremlin-Python.3.7.4 3.11 ...``."""
    return _OLD_DRIVER.search(user_agent) is not None


def before_38(codec: Codec) -> Codec:
    """The codec with dates and times as drivers before 3.8 read them."""
    return _BEFORE_38.get(codec.mime, codec)
