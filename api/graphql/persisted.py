"""Persisted operations: a client sends a document once and then only its hash.

Two ways are understood: ``extensions.persistedQuery`` with ``sha256Hash`` (automatic persisted queries, as Apollo clients
send them) and ``documentId: "sha256:<hash>"`` (the draft of GraphQL over HTTP). Both share one memory, on both transports,
and what is stored (:mod:`api.graphql.operations`) is there after a restart and in other processes.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync

from api.graphql.operations import OperationStore, hash_of
from bifrost.errors import InputError

__all__ = ["PersistedOperations", "UnknownOperationError"]

_MOST = 1000
_PREFIX = "sha256:"
_TOUCH_SECONDS = 60.0
_REGISTERED_SECONDS = 5.0
"""So long another process may go on running an operation that was taken from the list."""


class UnknownOperationError(InputError):
    """A persisted operation that is not known here (any more)."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    default_remedy = "Send the query together with its hash once."
    retryable = True


class PersistedOperations:
    """Documents by their hash. ``store`` None: remembered by this process only. ``listed_only``: those that administrators
    registered are the only ones that clients may run. Thread-safe."""

    def __init__(self, store: OperationStore | None = None, *, listed_only: bool = False) -> None:
        self.store, self.listed_only = store, listed_only
        self._documents: OrderedDict[str, str] = OrderedDict()
        self._touched: dict[str, float] = {}
        self._listed: dict[str, tuple[bool, float]] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        if self.store is not None:
            self.store.close()

    async def completed(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """:meth:`complete`; reads and writes of the store do not hold up the event loop."""
        if _hash_in(parameters) is None:
            return parameters
        return await run_sync(self.complete, parameters)

    def complete(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters with their query. Raises UnknownOperationError, InputError for a query with another hash."""
        wanted = _hash_in(parameters)
        if wanted is None:
            return parameters
        query = parameters.get("query")
        if isinstance(query, str) and query:
            if hash_of(query) != wanted:
                raise InputError("The query does not have the hash that was sent with it.")
            if not self.listed_only:
                self._remember(wanted, query)
            return parameters
        return {**parameters, "query": self._find(wanted)}

    def is_listed(self, query: str) -> bool:
        """Whether an administrator registered this document."""
        if self.store is None:
            return False
        wanted, now = hash_of(query), time.monotonic()
        with self._lock:
            listed, checked = self._listed.get(wanted, (False, -_REGISTERED_SECONDS))
        if now - checked >= _REGISTERED_SECONDS:
            found = self.store.find(wanted)
            listed = found is not None and found[1]
            with self._lock:
                if len(self._listed) >= _MOST:
                    self._listed.clear()
                self._listed[wanted] = listed, now
            if listed:
                self._touch(wanted)
        return listed

    def forget_listed(self) -> None:
        """To be called when the list was changed, so that this process follows at once."""
        with self._lock:
            self._listed.clear()
            self._documents.clear()

    # ------------------------------------------------------------------------------------------------------------------

    def _remember(self, wanted: str, query: str) -> None:
        with self._lock:
            known = wanted in self._documents
            self._keep(wanted, query)
        if self.store is not None and not known:
            self.store.remember(query)

    def _find(self, wanted: str) -> str:
        with self._lock:
            query = self._documents.get(wanted)
        if query is None and self.store is not None:
            found = self.store.find(wanted)
            query = None if found is None else found[0]
        if query is None:
            raise UnknownOperationError("PersistedQueryNotFound")
        with self._lock:
            self._keep(wanted, query)
        self._touch(wanted)
        return query

    def _keep(self, wanted: str, query: str) -> None:
        self._documents[wanted] = query
        self._documents.move_to_end(wanted)
        while len(self._documents) > _MOST:
            self._touched.pop(self._documents.popitem(last=False)[0], None)

    def _touch(self, wanted: str) -> None:
        """Notes in the store that it was used, at most once a minute."""
        now = time.monotonic()
        if self.store is None or now - self._touched.get(wanted, -_TOUCH_SECONDS) < _TOUCH_SECONDS:
            return
        self._touched[wanted] = now
        self.store.touch(wanted)


def _hash_in(parameters: Mapping[str, Any]) -> str | None:
    extensions, id = parameters.get("extensions"), parameters.get("documentId")
    if isinstance(id, str) and id:
        if not id.startswith(_PREFIX):
            raise UnknownOperationError("Documents are known by their hash.", remedy="Send documentId as sha256:HASH.")
        return id.removeprefix(_PREFIX).lower()
    wanted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    hashed = wanted.get("sha256Hash") if isinstance(wanted, dict) else None
    return hashed.lower() if isinstance(hashed, str) else None
