"""WebSockets on which small requests are answered where their bytes arrive.

uvicorn hands a message to the application through a queue and a task, and its answer passes several layers on the way
back; for a request that takes some microseconds this costs more than the answer. An application that finds
``DIRECT`` among the extensions of its scope may set :attr:`DirectWebSocket.answer`. It gets whole messages in frames of
their own, one or several at once, while it waits for one. Where it gives None, and for everything else (fragments,
compression, control frames, a client that reads too slowly), the message goes the usual way.
"""

from collections.abc import Callable
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from api.turns import Turns

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

__all__ = ["DIRECT", "Answer", "DirectWebSocket"]

DIRECT = "bifrost.direct"

Answer = Callable[[bytes, dict[Any, Any]], tuple[bool, bytes] | None]
"""A message and its moment (:meth:`api.turns.Turns.moment`) -> (whether the answer is text, the answer). Must not block."""

_TEXT, _BINARY = 0x81, 0x82
_MASKED = 0x80
_AT_ONCE = 32
"""Messages of one connection that are answered in a row; what follows waits until others had their turn."""


class DirectWebSocket(WebSocketsSansIOProtocol):
    answer: Answer | None = None
    _between_frames = False
    _moment: dict[Any, Any] | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._turns = Turns.of(self.loop)

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[DIRECT] = self

    def data_received(self, data: bytes) -> None:
        if self.answer is not None and self._idle():
            end = self._answered(data, self.answer)
            if end == len(data):
                return
            data = data[end:]
        self._turns.flush()
        super().data_received(data)
        self._between_frames = _innermost(self.conn.parser) == "at_eof"

    def _idle(self) -> bool:
        """Whether nothing is under way on this connection."""
        return (
            self._between_frames
            and not self.frames
            and self.queue.empty()
            and self.writable.is_set()
            and self.conn.state is State.OPEN
            and not self.close_sent
        )

    def _answered(self, data: bytes, answer: Answer) -> int:
        """Answers the whole messages at the start of the data, as far as they can be; returns where they end."""
        at = 0
        answers: list[bytes] = []
        while len(answers) < _AT_ONCE:
            start, end = _payload(data, at)
            if end > len(data):
                break
            moment = self._moment = self._turns.moment(self._moment)
            found = answer(apply_mask(data[start:end], data[start - 4 : start]), moment)
            if found is None:
                break
            text, payload = found
            answers.append(_header(_TEXT if text else _BINARY, len(payload)) + payload)
            at = end
            if at == len(data):
                break
        if answers:
            self._turns.write(self.transport, answers[0] if len(answers) == 1 else b"".join(answers))
        return at


def _payload(data: bytes, at: int) -> tuple[int, int]:
    """Where the payload of the masked, unfragmented data frame at a position starts and ends; an end beyond the data
    where there is no such frame."""
    left = len(data) - at
    if left < 6 or data[at] not in (_TEXT, _BINARY) or not data[at + 1] & _MASKED:
        return 0, len(data) + 1
    size, start = data[at + 1] & 0x7F, at + 6
    if size == 126:
        size, start = data[at + 2] << 8 | data[at + 3], at + 8
    elif size == 127:
        if left < 14:
            return 0, len(data) + 1
        size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 14
    return start, start + size


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
