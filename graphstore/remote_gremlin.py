"""Publishes the graph into a Gremlin engine and follows the change log: Amazon Neptune, JanusGraph, any Gremlin Server.

Elements keep their ids where the engine takes ids from its users (Neptune, TinkerGraph); elsewhere the id is the property
``bifrost_id``, on which the engine should have an index (JanusGraph: a composite one). Writing is idempotent: what is written
twice is there once, so that a publication that was cut off is continued from the last position.

Only steps of TinkerPop 3.4 are used, as bytecode. Values that not every engine has are written as what all have: integers are
64-bit (larger ones text), decimals are doubles, dates and times are ISO text, edges have one value per property
(several are one JSON text). A score below 1 is the edge property ``score``.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, time
from decimal import Decimal
from typing import Any, TypeVar
from uuid import uuid4

import orjson
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import Cardinality, P, T
from gremlin_python.statics import long

from bifrost.codec import encode_value
from bifrost.errors import BifrostError, InputError, StoreUnavailableError
from bifrost.graph import Edge, Vertex
from bifrost.values import Value
from graphstore.remote_batches import Batch, Comparison, Follower, read_vertices
from graphstore.sql import SqlStore

__all__ = ["RemoteGremlin"]

_ID = "bifrost_id"
_AT_ONCE = 40
"""Elements per request: engines limit the length of a traversal."""
_ASKED = 400
"""Ids per request."""
_LENGTH = 40_000
"""Bytes per request, about: Gremlin Server takes 65,536 unless it is told otherwise."""
_INT64 = 2**63
_Item = TypeVar("_Item", Vertex, Edge, str)
_Element = TypeVar("_Element", Vertex, Edge)


class RemoteGremlin:
    """One target. ``ids`` is native, property or auto, which tries. Connects when first used."""

    name = "gremlin"

    def __init__(
        self,
        store: SqlStore,
        url: str,
        *,
        traversal_source: str = "g",
        username: str = "",
        password: str = "",
        ids: str = "auto",
    ) -> None:
        if ids not in ("auto", "native", "property"):
            raise InputError(f"ids is auto, native or property, not {ids!r}.")
        if not url.startswith(("ws://", "wss://")):
            raise InputError(
                f"{url!r} is no address of a Gremlin Server.", remedy="Write ws://HOST:PORT/gremlin or wss://…"
            )
        self._store, self._url, self._source, self._ids = store, url, traversal_source, ids
        self._credentials = {"username": username, "password": password} if username else {}
        self._follower = Follower(store, f"gremlin {url} {traversal_source}")
        self._connection: Any = None
        self._g: Any = None

    # ---- publishing ----------------------------------------------------------------------------------------------------

    def position(self) -> int:
        """How far the target has followed the change log."""
        return self._follower.position()

    def catch_up(self) -> int:
        """Publishes what changed since the last time; returns how many changes. Raises StoreUnavailableError."""
        return self._follower.catch_up(lambda batch: self._asked(lambda: self._write(batch)))

    def rebuild(self) -> None:
        """Publishes everything again. What the target has too much stays: empty it before."""
        self._follower.reset()
        self.catch_up()

    def close(self) -> None:
        connection, self._connection, self._g = self._connection, None, None
        if connection is not None:
            connection.close()

    def _write(self, batch: Batch) -> None:
        for ids in _parts(batch.gone_edges):
            self._run(self._found(self.g.E, ids).drop())
        for ids in _parts(batch.gone_vertices):
            self._run(self._found(self.g.V, ids).drop())
        edges = {edge.id: edge for edge in batch.edges}
        vertices = {vertex.id: vertex for vertex in batch.vertices}
        # A later batch may hold the ends of these edges; they are written now.
        ends = {end for edge in batch.edges for end in (edge.tail, edge.head)} - vertices.keys()
        known = self._labels(sorted(ends))
        vertices |= {vertex.id: vertex for vertex in read_vertices(self._store, sorted(ends - known.keys()))}
        edges |= self._relabel(vertices)
        for some in _bites(vertices.values(), _vertex_length, _AT_ONCE):
            with self._named(some, _vertex_length):
                self._put(map(self._put_vertex, some))
        for edge_part in _bites(edges.values(), _edge_length, _AT_ONCE):
            self._run(self._found(self.g.E, [edge.id for edge in edge_part]).drop())
            with self._named(edge_part, _edge_length):
                self._put(map(self._put_edge, edge_part))

    def _relabel(self, vertices: Mapping[str, Vertex]) -> dict[str, Edge]:
        """Removes vertices whose label changed, because Gremlin cannot change one; returns their edges, to write again."""
        labels = self._labels([*vertices])
        changed = [id for id, label in labels.items() if label != vertices[id].label]
        for ids in _parts(changed):
            self._run(self._found(self.g.V, ids).drop())
        found: dict[str, Edge] = {}
        for at in _parts(changed):
            for edges in self._store.view().edges_of(at, limit=1_000_000).values():
                found |= {edge.id: edge for edge in edges}
        return found

    def _put(self, steps: Iterable[Any]) -> None:
        query = self.g.inject(0)
        for step in steps:
            query = query.side_effect(step)
        self._run(query)

    def _put_vertex(self, vertex: Vertex) -> Any:
        made = __.add_v(vertex.label)
        made = made.property(T.id, vertex.id) if self._native else made.property(Cardinality.single, _ID, vertex.id)
        query = self._found(__.V, [vertex.id]).fold().coalesce(__.unfold(), made)
        old = __.properties() if self._native else __.properties().has_label(P.neq(_ID))
        query = query.side_effect(old.drop())
        for name, values in _plain(vertex.properties).items():
            how = Cardinality.single if len(values) == 1 else Cardinality.set_
            for value in values:
                query = query.property(how, name, value)
        return query

    def _put_edge(self, edge: Edge) -> Any:
        tail, head = self._found(__.V, [edge.tail]), self._found(__.V, [edge.head])
        query = tail.as_("tail").flat_map(head).add_e(edge.label).from_("tail")
        query = query.property(T.id if self._native else _ID, edge.id)
        for name, value in _edge_properties(edge).items():
            query = query.property(name, value)
        return query

    # ---- proofs --------------------------------------------------------------------------------------------------------

    def verify(self) -> Comparison:
        """Compares the whole graph with its copy: counts per label, and every element by a digest."""
        result: Comparison = self._asked(self._compare)
        return result

    def _compare(self) -> Comparison:
        result = Comparison()
        digest = hashlib.sha256()
        counts: dict[str, Counter[str]] = {"vertex": Counter(), "edge": Counter()}
        for vertices, edges in self._follower.everything():
            for kind, elements, read in (
                ("vertex", {one.id: _vertex_facts(one) for one in vertices}, self._remote_vertices),
                ("edge", {one.id: _edge_facts(one) for one in edges}, self._remote_edges),
            ):
                counts[kind].update(facts[0] for facts in elements.values())
                found = {id: there for some in _parts([*elements]) for id, there in read(some).items()}
                for id, facts in elements.items():
                    digest.update(orjson.dumps([kind, id, facts], option=orjson.OPT_SORT_KEYS))
                    if found.get(id) != facts:
                        result.differs(f"{kind} {id}: {facts} here, {found.get(id)} there")
        for kind, remote in (("vertex", self.g.V()), ("edge", self.g.E())):
            there = Counter(next(iter(self._run(remote.group_count().by(T.label))), {}))
            for label in sorted(counts[kind].keys() | there.keys()):
                if counts[kind][label] != there[label]:
                    result.differs(f"{kind} label {label!r}: {counts[kind][label]} here, {there[label]} there")
        result.vertices, result.edges = counts["vertex"].total(), counts["edge"].total()
        result.checksum = digest.hexdigest()
        return result

    def _remote_vertices(self, ids: Sequence[str]) -> dict[str, Any]:
        key = T.id if self._native else _ID
        rows = self._run(
            self._found(self.g.V, ids).project("id", "label", "values").by(key).by(T.label).by(__.value_map())
        )
        found = {}
        for row in rows:
            row["values"].pop(_ID, None)
            found[row["id"]] = [row["label"], {name: _sorted(values) for name, values in row["values"].items()}]
        return found

    def _remote_edges(self, ids: Sequence[str]) -> dict[str, Any]:
        key = T.id if self._native else _ID
        query = self._found(self.g.E, ids).project("id", "label", "tail", "head", "values")
        rows = self._run(
            query.by(key).by(T.label).by(__.out_v().values(_ID) if not self._native else __.out_v().id_())
            .by(__.in_v().values(_ID) if not self._native else __.in_v().id_()).by(__.value_map())
        )  # fmt: skip
        found = {}
        for row in rows:
            row["values"].pop(_ID, None)
            found[row["id"]] = [row["label"], row["tail"], row["head"], dict(sorted(row["values"].items()))]
        return found

    # ---- asking --------------------------------------------------------------------------------------------------------

    @property
    def g(self) -> Any:
        if self._g is None:
            self._connection = DriverRemoteConnection(self._url, self._source, **self._credentials)
            self._g = traversal().with_(self._connection)
        return self._g

    @property
    def _native(self) -> bool:
        """Whether the engine takes ids from its users; found out by trying."""
        if self._ids == "auto":
            self._ids = "native" if self._takes_ids() else "property"
        return self._ids == "native"

    def _takes_ids(self) -> bool:
        # Where something was published already, the way is given by that.
        if self._run(self.g.V().has(_ID).limit(1).count())[0]:
            return False
        probe = f"bifrost/probe/{uuid4().hex}"
        try:
            (made,) = self._run(self.g.add_v("bifrost_probe").property(T.id, probe).id_())
        except Exception:  # noqa: BLE001 - every engine has its own error for this
            return False
        self._run(self.g.V(made).drop())
        return bool(made == probe)

    def _found(self, start: Callable[..., Any], ids: Sequence[str]) -> Any:
        """The elements with these ids, of which there is at least one. ``start`` is the step V or E."""
        return start(*ids) if self._native else start().has(_ID, P.within(list(ids)))

    def _labels(self, ids: Sequence[str]) -> dict[str, str]:
        key = T.id if self._native else _ID
        found: dict[str, str] = {}
        for some in _parts(ids):
            rows = self._run(self._found(self.g.V, some).project("id", "label").by(key).by(T.label))
            found |= {row["id"]: row["label"] for row in rows}
        return found

    @contextmanager
    def _named(self, some: Sequence[_Element], length: Callable[[_Element], int]) -> Iterator[None]:
        """Says which element is too long for one request, where one is: servers just close the connection."""
        try:
            yield
        except Exception as error:
            if len(some) > 1 or length(some[0]) <= _LENGTH:
                raise
            self.close()
            raise StoreUnavailableError(
                f"The Gremlin engine at {self._url} does not take {some[0].id}, which is about {length(some[0]):,} bytes "
                f"long: {_told(error)}",
                remedy="Raise what it takes in one message (Gremlin Server: maxContentLength in its settings), then "
                "publish again: it goes on where it stopped.",
            ) from error

    def _run(self, query: Any) -> list[Any]:
        found: list[Any] = query.to_list()
        return found

    def _asked(self, work: Callable[[], Any]) -> Any:
        """What the driver raises as an error of ours; the connection is made anew the next time."""
        try:
            return work()
        except BifrostError:
            raise
        except Exception as error:
            self.close()
            raise StoreUnavailableError(
                f"The Gremlin engine at {self._url} does not take this: {_told(error)}",
                remedy="Check the address, the credentials and the engine's log. Publishing goes on where it stopped.",
            ) from error


def _told(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:300] or type(error).__name__


def _bites(items: Iterable[_Item], length: Callable[[_Item], int], most: int) -> Iterator[list[_Item]]:
    """At most so many at once, and no longer together than a request may be; what is longer comes alone."""
    some: list[_Item] = []
    total = 0
    for item in items:
        long = length(item)
        if some and (len(some) == most or total + long > _LENGTH):
            yield some
            some, total = [], 0
        some.append(item)
        total += long
    if some:
        yield some


def _parts(ids: Iterable[str]) -> Iterator[list[str]]:
    return _bites(ids, lambda one: 10 + len(one.encode()), _ASKED)


def _vertex_length(vertex: Vertex) -> int:
    """About how many bytes the request has that writes it."""
    return 500 + 3 * len(vertex.id.encode()) + _length(_plain(vertex.properties))


def _edge_length(edge: Edge) -> int:
    ends = 2 * len(f"{edge.id}{edge.tail}{edge.head}".encode())
    return 500 + ends + _length({name: [value] for name, value in _edge_properties(edge).items()})


def _length(properties: Mapping[str, Sequence[Any]]) -> int:
    return sum(
        60 + len(name.encode()) + len(str(value).encode()) for name, values in properties.items() for value in values
    )


def _plain(properties: Mapping[str, Sequence[Value]]) -> dict[str, list[Any]]:
    """Values as every engine has them, without duplicates."""
    return {name: list(dict.fromkeys(map(_plain_value, values))) for name, values in properties.items() if values}


def _plain_value(value: Value) -> Any:
    match value:
        case bool() | str():
            return value
        case int():
            return long(value) if -_INT64 <= value < _INT64 else str(value)
        case Decimal():
            return float(value) if value.is_finite() else str(value)
        case float():
            return value if value - value == 0 else str(value)
        case date() | time():
            return value.isoformat()


def _edge_properties(edge: Edge) -> dict[str, Any]:
    plain = {name: values[0] for name, values in _plain(edge.properties).items() if len(values) == 1}
    for name, values in edge.properties.items():
        if name not in plain and values:
            plain[name] = orjson.dumps([encode_value(value) for value in values]).decode()
    return plain if edge.score == 1.0 else {"score": edge.score, **plain}


def _sorted(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (type(value).__name__, value))


def _vertex_facts(vertex: Vertex) -> list[Any]:
    return [vertex.label, {name: _sorted(values) for name, values in _plain(vertex.properties).items()}]


def _edge_facts(edge: Edge) -> list[Any]:
    return [edge.label, edge.tail, edge.head, dict(sorted(_edge_properties(edge).items()))]
