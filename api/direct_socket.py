"""WebSockets on which small requests are answered where their bytes arrive.

uvicorn hands a message to the application through a queue and a task, and its answer passes several layers on the way
back; for a request that takes some microseconds this costs more than the answer. An application that finds
``DIRECT`` among the extensions of its scope may set :attr:`DirectWebSocket.answer`. It gets whole messages that came in
one piece while the application waits for one. Where it gives None, and for everything else (fragments, compression,
control frames, a client that reads too slowly), the message goes the usual way.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["DIRECT", "Answer", "DirectWebSocket"]

DIRECT = "bifrost.direct"

Answer = Callable[[bytes], tuple[bool, bytes] | None]
"""A message -> (whether the answer is text, the answer). Must not block."""

_TEXT, _BINARY = 0x81, 0x82
_MASKED = 0x80


class DirectWebSocket(WebSocketsSansIOProtocol):
    answer: Answer | None = None
    _between_frames = False

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[DIRECT] = self

    def data_received(self, data: bytes) -> None:
        if self.answer is not None:
            message = self._message(data)
            found = None if message is None else self.answer(message)
            if found is not None:
                text, payload = found
                self.transport.write(_header(_TEXT if text else _BINARY, len(payload)) + payload)
                return
        super().data_received(data)
        self._between_frames = _innermost(self.conn.parser) == "at_eof"

    def _message(self, data: bytes) -> bytes | None:
        """The payload of a single unfragmented data frame, if nothing else is under way."""
        if len(data) < 6 or data[0] not in (_TEXT, _BINARY) or not data[1] & _MASKED:
            return None
        size, start = data[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        if (
            len(data) != start + 4 + size
            or not self._between_frames
            or self.frames
            or self.conn.state is not State.OPEN
            or self.close_sent
            or not self.queue.empty()
            or not self.writable.is_set()
        ):
            return None
        return apply_mask(data[start + 4 :], data[start : start + 4])


def _innermost(parser: Any) -> str:
    """The generator function in which a parser waits for more."""
    while getattr(parser, "gi_yieldfrom", None) is not None:
        parser = parser.gi_yieldfrom
    return str(parser.__name__)


def _header(first: int, size: int) -> bytes:
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big")
    return bytes((first, 127)) + size.to_bytes(8, "big")
