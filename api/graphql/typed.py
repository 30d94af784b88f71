"""The schema of the moment: generic part plus what the graph's own types give, made anew when these change."""

import threading
import time
from collections.abc import Mapping

import structlog
from graphql import GraphQLSchema

from api.graphql.schema import generic_schema
from api.graphql.shape import GraphShape, read_shape
from api.graphql.typed_types import TypedPart, typed_part
from bifrost.errors import BifrostError
from bifrost.ports import Store

__all__ = ["TypedSchema"]

_log = structlog.get_logger()
_SECONDS = 2.0
_PATIENCE = 20.0


class TypedSchema:
    """Looks at the change log when asked, at most every two seconds, and reads the shape of a changed graph in a
    thread of its own, at most a twentieth of the time. Until then the schema before serves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._position = store.log.position()
        self._shape, self._part = self._make(None)
        self._next_look = time.monotonic() + _SECONDS
        self._reading: threading.Thread | None = None

    def current(self) -> GraphQLSchema:
        if time.monotonic() >= self._next_look:
            self._look()
        return self._part.schema

    def part(self) -> TypedPart:
        return self._part

    def property_types(self, label: str) -> Mapping[str, str]:
        return self._shape.properties.get(label, {})

    def refresh(self) -> None:
        """Reads the graph's shape now."""
        self._position = self._store.log.position()
        started = time.monotonic()
        self._shape, self._part = self._make(self._shape)
        self._next_look = time.monotonic() + max(_SECONDS, _PATIENCE * (time.monotonic() - started))

    def close(self) -> None:
        thread = self._reading
        if thread is not None:
            thread.join()

    def _make(self, known: GraphShape | None) -> tuple[GraphShape, TypedPart]:
        shape = read_shape(self._store)
        if shape == known:
            return known, self._part
        return shape, typed_part(generic_schema(), shape)

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() < self._next_look or (self._reading is not None and self._reading.is_alive()):
                return
            self._next_look = time.monotonic() + _SECONDS
            if self._store.log.position() != self._position:
                self._reading = threading.Thread(target=self._read, name="graphql-schema", daemon=True)
                self._reading.start()

    def _read(self) -> None:
        try:
            self.refresh()
        except BifrostError as error:
            _log.warning("graphql_schema_not_read", error=error.message)
