"""The served graph of a store as the engine's source: read from SQL or from arrays, written as undoable edits."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bifrost.errors import NotFoundError, QueryError
from bifrost.values import Value
from graphstore.edits import Edits
from graphstore.gremlin.arraygraph import ArrayGraph
from graphstore.gremlin.elements import Graph
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.follow import SnapshotKeeper
from graphstore.gremlin.open_sessions import OpenSessions
from graphstore.gremlin.pace import Check, unchecked
from graphstore.gremlin.plan import Step
from graphstore.gremlin.source import Moment, Session
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.gremlin.sqltexts import StatementRecorder
from graphstore.gremlin.sqlwrites import Notes
from graphstore.gremlin.warm import SnapshotWarmer
from graphstore.sql import SqlStore

__all__ = ["EditWriter", "ServedGraph", "gremlin_engine"]

_UNKNOWN: Any = object()


class EditWriter:
    """Writes as edits in somebody's name; ``made`` are the ids of the edits, to undo them with."""

    def __init__(self, edits: Edits, by: str) -> None:
        self._edits, self._by = edits, by
        self.made: list[int] = []

    def _note(self) -> None:
        self.made.extend(edit.id for edit in self._edits.history(limit=1))

    def add_vertex(self, label: str, properties: Mapping[str, Sequence[Any]], notes: Notes, id: Any = None) -> str:
        made = self._edits.add_vertex(label, _plain(properties), by=self._by, id=_id(id), notes=_notes(notes))
        self._note()
        return made.id

    def add_edge(
        self, label: str, tail: str, head: str, properties: Mapping[str, Sequence[Any]], id: Any = None
    ) -> str:
        made = self._edits.add_edge(label, tail, head, _plain(properties), by=self._by, id=_id(id))
        self._note()
        return made.id

    def set_vertex(self, uid: str, key: str, values: Sequence[Any], notes: Notes) -> None:
        plain = [_value(v) for v in values]
        self._edits.update_vertex(
            uid, {key: plain} if plain else {}, [] if plain else [key], by=self._by, notes=_notes(notes)
        )
        self._note()

    def note_vertex(self, uid: str, notes: Notes) -> None:
        self._edits.update_vertex(uid, {}, by=self._by, notes=_notes(notes))
        self._note()

    def set_edge(self, uid: str, key: str, values: Sequence[Any]) -> None:
        plain = [_value(v) for v in values]
        self._edits.update_edge(uid, {key: plain} if plain else {}, [] if plain else [key], by=self._by)
        self._note()

    def remove_vertex(self, uid: str) -> None:
        self._edits.delete_vertex(uid, by=self._by)
        self._note()

    def remove_edge(self, uid: str) -> None:
        try:
            self._edits.delete_edge(uid, by=self._by)
        except NotFoundError:
            return
        self._note()


def _id(id: Any) -> str | None:
    if id is None or isinstance(id, str):
        return None if id is None else str(id)
    raise QueryError(
        f"The id {id!r} is no text.", remedy=f"Ids of the served graph are text: property(T.id, '{id}'), g.V('{id}')."
    )


def _notes(notes: Notes) -> Notes:
    return {
        key: [(_value(value), {name: _value(one) for name, one in about.items()}) for value, about in pairs]
        for key, pairs in notes.items()
    }


def _plain(properties: Mapping[str, Sequence[Any]]) -> dict[str, list[Value]]:
    return {key: [_value(value) for value in values] for key, values in properties.items()}


def _value(value: Any) -> Value:
    """A value as the store keeps it: plain numbers, no collections."""
    if isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)
    if type(value).__name__ in ("Decimal", "date", "datetime", "time"):
        return value  # type: ignore[no-any-return]
    raise QueryError(
        f"A property of the served graph cannot hold {type(value).__name__}.",
        remedy="Store text, numbers, booleans, dates or times; several values with Cardinality.list.",
    )


class ServedGraph:
    """Implements :class:`graphstore.gremlin.source.GraphSource` over a store."""

    collects = False
    arrays = True

    def __init__(self, store: SqlStore, edits: Edits | None = None, *, keeper: SnapshotKeeper | None = None) -> None:
        self._store = store
        self._edits = edits or Edits(store)
        self._open = OpenSessions(store.database, self._edits)
        self._keeper = keeper
        self._warmer: SnapshotWarmer | None = None
        self._lock = threading.Lock()

    @property
    def keeper(self) -> SnapshotKeeper:
        """The snapshot in arrays; made on first use, when the schema exists."""
        found = self._keeper
        if found is None:
            with self._lock:
                found = self._keeper = self._keeper or SnapshotKeeper(self._store.database)
        return found

    def start(self) -> None:
        """Takes back what sessions of a process that died left open; makes the snapshot in the background, now and
        whenever the graph has changed."""
        self._open.recover()
        if self._warmer is None:
            self._warmer = SnapshotWarmer(self.keeper)
            self._warmer.start()

    def statements(self, step: Step) -> list[str]:
        """See :class:`~graphstore.gremlin.source.SendsStatements`."""
        return StatementRecorder(self._store.database).of(step)

    def close(self) -> None:
        """Ends the background work and releases the snapshot. Safe to call twice."""
        if self._warmer is not None:
            self._warmer.close()
            self._warmer = None
        with self._lock:
            if self._keeper is not None:
                self._keeper.close()
                self._keeper = None

    @contextmanager
    def reading(self, principal: Any, *, wide: bool = False, check: Check = unchecked) -> Iterator[Graph]:
        # Where nobody else makes the snapshot, a query has to, however long that takes.
        snapshot = self.keeper.current(wide=wide, check=unchecked if self._warmer is None else check)
        if snapshot is not None:
            yield ArrayGraph(self._store.database, snapshot)
            return
        with self._store.database.read() as connection:
            yield SqlGraph(self._store.database, connection)

    def ready(self, principal: Any, moment: Moment | None = None) -> Graph | None:
        found: Graph | None = _UNKNOWN if moment is None else moment.get(self, _UNKNOWN)
        if found is _UNKNOWN:
            snapshot = self.keeper.current(wide=False)
            found = None if snapshot is None else ArrayGraph(self._store.database, snapshot)
            if moment is not None:
                moment[self] = found
        return found

    @contextmanager
    def writing(self, principal: Any, session: Session | None) -> Iterator[Graph]:
        name = str(getattr(principal, "name", principal) or "gremlin")
        writer = EditWriter(self._edits, name)
        with self._store.database.write() as connection:
            yield SqlGraph(self._store.database, connection, writer)
            if session is not None:
                self._open.add(session.name, writer.made)
        if session is not None and writer.made:
            made, session_name = list(writer.made), session.name
            session.undo.append(lambda: self._open.roll_back(made, name))
            session.keep = lambda: self._open.commit(session_name)


def gremlin_engine(store: SqlStore, edits: Edits | None = None) -> GremlinEngine:
    """The engine over a store's served graph."""
    return GremlinEngine(ServedGraph(store, edits))
