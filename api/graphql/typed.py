"""The schema of the moment: generic part plus what the graph's own types give, made anew when these change."""

import threading
import time
from collections.abc import Mapping

import structlog
from graphql import GraphQLSchema

from api.graphql.schema import generic_schema
from api.graphql.shape import EMPTY_SHAPE, read_shape
from api.graphql.typed_types import TypedPart, typed_part
from bifrost.errors import BifrostError
from bifrost.ports import Store

__all__ = ["TypedSchema"]

_log = structlog.get_logger()
_SECONDS = 2.0
_PATIENCE = 20.0
_FIRST_SECONDS = 3.0


class TypedSchema:
    """Looks at the change log when asked, at most every two seconds, and reads the shape of a changed graph in a
    thread of its own, at most a twentieth of the time. Until then the schema before serves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._position = -1
        self._shape, self._part = EMPTY_SHAPE, typed_part(generic_schema(), EMPTY_SHAPE)
        self._next_look = 0.0
        self._reading: threading.Thread | None = None
        thread = self._look()
        if thread is not None:
            # A large graph does not keep the service from starting: its typed part comes a little later.
            thread.join(_FIRST_SECONDS)

    def current(self) -> GraphQLSchema:
        if time.monotonic() >= self._next_look:
            self._look()
        return self._part.schema

    def part(self) -> TypedPart:
        return self._part

    def property_types(self, label: str | None) -> Mapping[str, str]:
        """Of a vertex type; for None those on which all vertex types agree."""
        return self._shape.shared_types if label is None else self._shape.properties.get(label, {})

    def refresh(self) -> None:
        """Reads the graph's shape now."""
        self._position = self._store.log.position()
        started = time.monotonic()
        shape = read_shape(self._store)
        if shape != self._shape:
            self._part, self._shape = typed_part(generic_schema(), shape), shape
        self._next_look = time.monotonic() + max(_SECONDS, _PATIENCE * (time.monotonic() - started))

    def close(self) -> None:
        thread = self._reading
        if thread is not None:
            thread.join(5.0)

    def _look(self) -> threading.Thread | None:
        """The thread that reads the shape, if there is anything to read."""
        with self._lock:
            if time.monotonic() < self._next_look or (self._reading is not None and self._reading.is_alive()):
                return self._reading
            self._next_look = time.monotonic() + _SECONDS
            if self._store.log.position() != self._position:
                self._reading = threading.Thread(target=self._read, name="graphql-schema", daemon=True)
                self._reading.start()
            return self._reading

    def _read(self) -> None:
        try:
            self.refresh()
        except BifrostError as error:
            _log.warning("graphql_schema_not_read", error=error.message)
