"""What a Gremlin request does: runs it, session or not, turns errors into status codes, streams the answer."""

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from api.gremlin_frames import Codec, Message
from api.gremlin_sessions import GremlinSessions
from api.gremlin_shapes import Starts, text_shape
from bifrost.errors import BifrostError, PermissionDeniedError, QueryError, QueryLimitError, QuerySyntaxError
from graphstore.gremlin.engine import Compiled, GremlinEngine, Request
from graphstore.gremlin.settings import lowered
from graphstore.gremlin.source import Moment, Session
from graphstore.gremlin.traverser import Limits, Meter
from graphstore.gremlin.tree import Traversal

__all__ = ["GremlinService", "GremlinSettings", "Reply", "error_attributes", "nested_too_deep"]

_LANGUAGES = (None, "", "gremlin-lang", "gremlin-groovy")
_LONG_TEXT = 10_000
_SIZES = ("batchSize", "maxObjects")
"""Options that a read on the event loop does not look at."""
_QUICK = Limits(0.004, 20_000)
"""What a read may use on the event loop before it is handed to a thread."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GremlinSettings:
    """Limits of the endpoint. ``batch`` results go into one frame unless the client asks for another size; ``threads``
    queries run at once, beside small reads, which need none; a client may take ``send_seconds`` for each piece of an answer.
    One account may have ``sessions_each`` of all ``sessions``."""

    max_message: int = 16 * 1024 * 1024
    batch: int = 256
    seconds: float = 30.0
    send_seconds: float = 60.0
    traversers: int = 5_000_000
    session_seconds: float = 600.0
    sessions: int = 200
    sessions_each: int = 50
    threads: int = 16


@dataclass(slots=True)
class Reply:
    """One frame of an answer: status ``code``, results (or traversers), and what goes with an error."""

    code: int
    data: list[Any] = field(default_factory=list)
    message: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    properties: bool = True

    def frame(self, codec: Codec, id: bytes) -> bytes:
        try:
            return codec.respond(id, self.code, self.data, self.message, self.attributes, self.properties)
        except (TypeError, ValueError, OverflowError) as error:
            return codec.respond(id, 599, [], f"The result cannot be serialized: {error}", {})
        except RecursionError:
            failed = nested_too_deep()
            return codec.respond(id, failed.code, [], failed.message, failed.attributes)


def nested_too_deep() -> Reply:
    """What is answered where collections are so deep in each other that they cannot be compared, written or sent."""
    error = QueryLimitError(
        "The query or its result is nested too deep.",
        remedy="unfold() collections before others collect them; none can hold itself.",
    )
    return _failed(error, "eval")


@dataclass(frozen=True, slots=True)
class _Quick:
    """A small read, planned. ``movable``: it starts from given ids, for which others may stand."""

    compiled: Compiled
    starts: Starts | None
    movable: bool
    traversers: bool
    properties: bool


_UNKNOWN: Any = object()


class GremlinService:
    """Shared by WebSocket and HTTP. ``may_write`` says who may change the graph."""

    def __init__(
        self,
        engine: GremlinEngine,
        settings: GremlinSettings | None = None,
        may_write: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        self.engine = engine
        self.settings = settings or GremlinSettings()
        self.may_write = may_write
        limits = self.settings
        self.sessions = GremlinSessions(engine.session, limits.session_seconds, limits.sessions, limits.sessions_each)
        self._running: dict[str, tuple[threading.Event, Any]] = {}
        self._shapes: dict[Any, Compiled | None] = {}
        self._lock = threading.Lock()

    # ---- one request -------------------------------------------------------------------------------------------------

    def answer(self, message: Message, principal: Any) -> Generator[Reply]:
        """The frames that answer a request: 206 while more follows, then 200, 204 or an error. Never raises."""
        try:
            yield from self._answer(message, principal)
        except BifrostError as error:
            yield _failed(error, message.op)
        except RecursionError:
            yield nested_too_deep()
        except Exception as error:  # noqa: BLE001 - a frame with the request id must go out whatever happened
            _log.exception("gremlin.failed", query_id=message.name)
            yield Reply(500, message=f"Internal error: {type(error).__name__}: {error}")

    def _answer(self, message: Message, principal: Any) -> Iterator[Reply]:
        if message.op == "close":
            self.sessions.close(_owner(principal), str(message.args.get("session")))
            yield Reply(204)
            return
        if message.op not in ("eval", "bytecode"):
            yield Reply(498, message=f"The operation {message.op!r} is not known; use eval or bytecode.")
            return
        gremlin = message.args.get("gremlin")
        if not isinstance(gremlin, str if message.op == "eval" else Traversal):
            yield Reply(499, message=f"A message with op {message.op!r} needs 'gremlin'.")
            return
        language = message.args.get("language")
        if language not in _LANGUAGES:
            yield Reply(499, message=f"The language {language!r} is not supported; use gremlin-lang.")
            return
        name = message.args.get("session")
        alone = message.processor != "session" and name is None
        if not alone and not name:
            raise QueryError("A session request needs the argument 'session'.", remedy="Send a session id.")
        with self._cancellable(message, principal) as stop:
            request = Request(
                bindings=_bindings(message.args),
                limits=lowered(Limits(self.settings.seconds, self.settings.traversers), message.args),
                read_only=not self.may_write(principal),
                source=_source(message.args),
                cancelled=stop.is_set,
                principal=principal,
            )
            if alone:
                yield from self._run(message, gremlin, request, None)
                return
            waiting = Meter(request.limits, stop.is_set)
            with self.sessions.using(_owner(principal), str(name), waiting.check) as session:
                yield from self._run(message, gremlin, request, session)

    @contextmanager
    def _cancellable(self, message: Message, principal: Any) -> Iterator[threading.Event]:
        """What is set when the request is cancelled, by one of its names."""
        stop, asked = threading.Event(), message.args.get("queryId")
        keys = [message.name, *([str(asked)] if asked else [])]
        with self._lock:
            for key in keys:
                self._running[key] = (stop, principal)
        try:
            yield stop
        finally:
            with self._lock:
                for key in keys:
                    self._running.pop(key, None)

    def _run(
        self, message: Message, gremlin: str | Traversal, request: Request, session: Session | None
    ) -> Iterator[Reply]:
        properties = message.args.get("materializeProperties") != "tokens"
        batch = message.args.get("batchSize")
        size = batch if isinstance(batch, int) and 0 < batch <= 100_000 else self.settings.batch
        yield from self._frames(gremlin, request, session, size, properties, traversers=message.op == "bytecode")

    def _frames(
        self,
        gremlin: str | Traversal,
        request: Request,
        session: Session | None,
        size: int,
        properties: bool,
        *,
        traversers: bool,
    ) -> Iterator[Reply]:
        waiting: list[Any] | None = None
        for chunk in self.engine.stream(gremlin, request, session, size=size, traversers=traversers):
            if waiting is not None:
                yield Reply(206, waiting, properties=properties)
            waiting = chunk
        yield Reply(200, waiting, properties=properties) if waiting else Reply(204)

    def quick(self, message: Message, principal: Any, moment: Moment | None = None) -> Reply | None:
        """The answer to a small read, without blocking for long; None where :meth:`answer` has to do it. Requests of one
        ``moment`` share their look at the change log."""
        memo = message.content.memo
        prepared: _Quick | None = memo.get("quick", _UNKNOWN)
        if prepared is _UNKNOWN:
            prepared = memo["quick"] = self._prepared(message)
        if prepared is None:
            return None
        starts = message.starts or prepared.starts
        if starts is not None and not prepared.movable:
            return None
        try:
            graph = self.engine.source.ready(principal, moment)
            if graph is None:
                return None
            found = self.engine.quick(prepared.compiled, graph, _QUICK, starts, traversers=prepared.traversers)
        except BifrostError as error:
            return _failed(error, message.op)
        except RecursionError:
            return nested_too_deep()
        if found is None or len(found) > self.settings.batch:
            return None
        return Reply(200 if found else 204, found, properties=prepared.properties)

    def _prepared(self, message: Message) -> "_Quick | None":
        """What is needed to answer equal requests quickly; None where it cannot be done, or where an error is due."""
        args = message.args
        gremlin = args.get("gremlin")
        expected: type[str] | type[Traversal] | None = {"eval": str, "bytecode": Traversal}.get(message.op)
        if expected is None or not isinstance(gremlin, expected) or message.processor == "session" or "session" in args:
            return None
        if args.get("language") not in _LANGUAGES or any(args.get(name) is not None for name in _SIZES):
            return None
        if isinstance(gremlin, str) and len(gremlin) > _LONG_TEXT:
            return None
        try:
            bindings = _bindings(args)
            starts, compiled = self._planned(gremlin, Request(bindings=bindings, source=_source(args)))
        except BifrostError:
            return None
        if compiled is None:
            return None
        properties = args.get("materializeProperties") != "tokens"
        return _Quick(compiled, starts, compiled.starts is not None, message.op == "bytecode", properties)

    def _planned(self, gremlin: str | Traversal, request: Request) -> tuple[Starts | None, Compiled | None]:
        """The plan of a small read; texts of one shape share it."""
        shape = text_shape(gremlin) if isinstance(gremlin, str) and not request.bindings else None
        if shape is None:
            return None, self.engine.for_quick(gremlin, request)
        starts, key = shape
        known = self._shapes.get((key, request.source), _UNKNOWN)
        if known is _UNKNOWN:
            known = self.engine.for_quick(gremlin, request)
            if known is not None and known.starts != starts:
                return None, known
            if len(self._shapes) >= 1_000:
                self._shapes.clear()
            self._shapes[key, request.source] = known
        return starts, known

    # ---- cancel ------------------------------------------------------------------------------------------------------

    def cancel(self, query_id: str, principal: Any) -> bool:
        """Stops a running query of the same principal; False if there is none."""
        with self._lock:
            found = self._running.get(query_id)
        if found is None or found[1] != principal:
            return False
        found[0].set()
        return True

    def running(self, principal: Any) -> list[str]:
        """The ids of the queries that a principal has running."""
        with self._lock:
            return [key for key, (_, owner) in self._running.items() if owner == principal]

    def close(self) -> None:
        """Stops what is running and rolls open sessions back."""
        with self._lock:
            running = [stop for stop, _ in self._running.values()]
        for stop in running:
            stop.set()
        self.sessions.close_all()


def _owner(principal: Any) -> Any:
    return getattr(principal, "name", None) or str(principal)


def _bindings(args: Mapping[str, Any]) -> Mapping[str, Any]:
    bindings = args.get("bindings") or {}
    if not isinstance(bindings, Mapping):
        raise QueryError("bindings must be a map.", remedy="Send names and their values.")
    return {str(key): value for key, value in bindings.items()}


def _source(args: Mapping[str, Any]) -> str:
    """The name of the traversal source in strings: the alias that the client gave, g unless renamed."""
    aliases = args.get("aliases")
    if isinstance(aliases, Mapping) and aliases and "g" not in aliases:
        return str(next(iter(aliases)))
    return "g"


def _failed(error: BifrostError, op: str) -> Reply:
    return Reply(
        _status(error, op),
        message=error.message if not isinstance(error, QuerySyntaxError) else str(error),
        attributes=error_attributes(error),
    )


def error_attributes(error: BifrostError) -> dict[str, Any]:
    """What goes with the code and the message of an error in its frame."""
    return {"code": error.code, "remedy": error.remedy, "retryable": error.retryable}


def _status(error: BifrostError, op: str) -> int:
    if isinstance(error, PermissionDeniedError):
        return 403
    if isinstance(error, QueryLimitError):
        return 598
    if isinstance(error, QuerySyntaxError) or op == "eval":
        return 597
    return 500
