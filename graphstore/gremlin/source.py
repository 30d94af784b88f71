"""Where the engine gets a graph from for one execution, and what happens to its changes afterwards."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

from graphstore.gremlin.elements import Graph
from graphstore.gremlin.memory import MemoryGraph
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.plan import Step

__all__ = ["GraphSource", "MemorySource", "Moment", "SendsStatements", "Session", "WorksInBackground"]

Moment = dict[Any, Any]
"""What was found out at one moment, for all who ask about that moment; a place to keep it."""


class Session:
    """What a session has changed since it last committed: how to take each change back, the oldest first, and where its
    graph has to be told, how to ``keep`` them.

    Changes of a session are visible to others at once (read uncommitted); a rollback takes them back.
    """

    def __init__(self) -> None:
        self.name = uuid4().hex
        self.undo: list[Callable[[], Any]] = []
        self.keep: Callable[[], Any] | None = None

    def commit(self) -> None:
        """Raises ConflictError where the changes have been taken back, because the session seemed to have ended."""
        keep, self.keep, self.undo = self.keep, None, []
        if keep is not None:
            keep()

    def rollback(self) -> None:
        while self.undo:
            self.undo.pop()()
        self.keep = None


class GraphSource(Protocol):
    """Gives graphs. ``collects``: results are read to the end before they are handed out, so that no lock waits for
    a client. ``arrays``: its graphs may be snapshots in arrays."""

    collects: bool
    arrays: bool

    def reading(self, principal: Any, *, wide: bool, check: Check = unchecked) -> AbstractContextManager[Graph]:
        """The graph as a principal sees it, unchanged while the context is open; ``wide`` plans visit all of it.
        ``check`` may end what it takes to get there."""

    def ready(self, principal: Any, moment: Moment | None = None) -> Graph | None:
        """A graph in memory that shows the newest state and needs neither a lock nor a connection; None if there is
        none at hand. Calls with the same ``moment`` may share what the first of them found."""

    def writing(self, principal: Any, session: Session | None) -> AbstractContextManager[Graph]:
        """A graph whose changes are kept when the context ends well, and taken back when an error leaves it."""


@runtime_checkable
class SendsStatements(Protocol):
    """A source whose graphs ask a database."""

    def statements(self, step: Step) -> list[str]:
        """What a step would send to it."""


@runtime_checkable
class WorksInBackground(Protocol):
    """A source that prepares what queries need in a thread of its own, from ``start`` until ``close``."""

    def start(self) -> None: ...
    def close(self) -> None: ...


class MemorySource:
    """A :class:`MemoryGraph` for everybody, one execution at a time."""

    collects = True
    arrays = False

    def __init__(self, graph: MemoryGraph | None = None) -> None:
        self.graph = graph if graph is not None else MemoryGraph()
        self._lock = threading.RLock()

    @contextmanager
    def reading(self, principal: Any, *, wide: bool = False, check: Check = unchecked) -> Iterator[Graph]:
        with self._lock:
            yield self.graph

    def ready(self, principal: Any, moment: Moment | None = None) -> Graph | None:
        return None

    @contextmanager
    def writing(self, principal: Any, session: Session | None) -> Iterator[Graph]:
        with self._lock:
            with self.graph.transaction() as log:
                yield self.graph
            if session is not None:
                session.undo.append(lambda: self._take_back(log))

    def _take_back(self, log: list[Callable[[], Any]]) -> None:
        with self._lock:
            self.graph.take_back(log)
