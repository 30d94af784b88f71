"""A bare WebSocket client for the Gremlin benchmark: it sends prepared frames and looks at nothing but the status, so
that what is measured is the server."""

import base64
import os
import selectors
import socket
import struct
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from gremlin_python.driver import request, serializer
from gremlin_python.process.graph_traversal import GraphTraversalSource
from gremlin_python.process.traversal import TraversalStrategies
from gremlin_python.structure.graph import Graph

__all__ = ["BareClient", "bytecode_frame", "g", "requests_per_second", "script_frame"]

g = GraphTraversalSource(Graph(), TraversalStrategies())
"""Spawns traversals that are only serialized."""

_SERIALIZER = serializer.GraphBinarySerializersV1()


def bytecode_frame(traversal: Any) -> bytes:
    """A request with the bytecode of a traversal, in GraphBinary."""
    args = {"gremlin": traversal.bytecode, "aliases": {"g": "g"}}
    message = request.RequestMessage("traversal", "bytecode", args)
    return bytes(_SERIALIZER.serialize_message(str(uuid.uuid4()), message))


def script_frame(text: str, timeout: int = 600_000) -> bytes:
    """A request with a Gremlin string, in GraphBinary."""
    message = request.RequestMessage("", "eval", {"gremlin": text, "aliases": {"g": "g"}, "evaluationTimeout": timeout})
    return bytes(_SERIALIZER.serialize_message(str(uuid.uuid4()), message))


def _masked(payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        head = struct.pack(">BB", 0x82, 0x80 | size)
    elif size < 65_536:
        head = struct.pack(">BBH", 0x82, 0xFE, size)
    else:
        head = struct.pack(">BBQ", 0x82, 0xFF, size)
    return head + b"\0\0\0\0" + payload


class BareClient:
    """One connection. ``ask`` sends a frame and waits for the last part of the answer; raises RuntimeError on errors."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 8182))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET {parts.path or '/gremlin'} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.buffer = bytearray()
        while b"\r\n\r\n" not in self.buffer:
            self.buffer += self.socket.recv(4096)
        if b" 101 " not in bytes(self.buffer[:20]):
            raise RuntimeError(f"{url} refuses WebSockets")
        del self.buffer[: self.buffer.index(b"\r\n\r\n") + 4]

    def send(self, frame: bytes) -> None:
        self.socket.sendall(_masked(frame))

    def message(self) -> bytes | None:
        """A whole message out of the buffer, None if more must be read."""
        parts: list[bytes] = []
        at = 0
        while True:
            if len(self.buffer) < at + 2:
                return None
            first, size = self.buffer[at], self.buffer[at + 1] & 0x7F
            at += 2
            for wanted, marker, shape in ((2, 126, ">H"), (8, 127, ">Q")):
                if size == marker:
                    if len(self.buffer) < at + wanted:
                        return None
                    size = struct.unpack(shape, self.buffer[at : at + wanted])[0]
                    at += wanted
                    break
            if len(self.buffer) < at + size:
                return None
            payload = bytes(self.buffer[at : at + size])
            at += size
            if first & 0x0F < 8:
                parts.append(payload)
            elif first & 0x0F == 9:
                self.socket.sendall(struct.pack(">BB", 0x8A, 0x80 | size) + b"\0\0\0\0" + payload)
                del self.buffer[:at]
                at = 0
            if first & 0x80 and first & 0x0F < 8:
                del self.buffer[:at]
                return b"".join(parts)

    def ask(self, frame: bytes) -> int:
        """How many bytes the answer had."""
        self.send(frame)
        received = 0
        while True:
            message = self.message()
            if message is None:
                piece = self.socket.recv(1 << 18)
                if not piece:
                    raise RuntimeError("the server closed the connection")
                self.buffer += piece
                continue
            received += len(message)
            if _finished(message):
                return received

    def try_ask(self, frame: bytes) -> int:
        """The same of a server that may give up: a time-out counts with the time it took."""
        try:
            return self.ask(frame)
        except RuntimeError as error:
            if "598" not in str(error):
                raise
            return 0

    def close(self) -> None:
        self.socket.close()


def _finished(message: bytes) -> bool:
    code = int.from_bytes(message[18:22], "big")
    if code not in (200, 204, 206):
        raise RuntimeError(f"status {code}: {message[23:400]!r}")
    return code != 206


def requests_per_second(url: str, frame: bytes, clients: int, seconds: float) -> float:
    """Throughput of many connections, each of which waits for its answer before it asks again."""
    selector = selectors.DefaultSelector()
    connections = [BareClient(url) for _ in range(clients)]
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(frame)
    answered, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(0.5):
            connection = key.data
            connection.buffer += connection.socket.recv(1 << 16)
            while (message := connection.message()) is not None:
                if _finished(message):
                    answered += 1
                    connection.send(frame)
    elapsed = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return answered / elapsed
