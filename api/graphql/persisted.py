"""Persisted operations: a client sends a document once and then only its hash.

Two ways are understood: ``extensions.persistedQuery`` with ``sha256Hash`` (automatic persisted queries, as Apollo clients
send them) and ``documentId: "sha256:<hash>"`` (the draft of GraphQL over HTTP). Both share one memory, on both transports.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from bifrost.errors import InputError

__all__ = ["PersistedOperations", "UnknownOperationError"]

_MOST = 1000
_PREFIX = "sha256:"


class UnknownOperationError(InputError):
    """A persisted operation that is not known here (any more)."""

    code = "PERSISTED_QUERY_NOT_FOUND"
    default_remedy = "Send the query together with its hash once."
    retryable = True


class PersistedOperations:
    """The documents that clients registered last. Thread-safe."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def complete(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters with their query. Raises UnknownOperationError, InputError for a query with another hash."""
        wanted = _hash_of(parameters)
        if wanted is None:
            return parameters
        query = parameters.get("query")
        with self._lock:
            if isinstance(query, str) and query:
                if hashlib.sha256(query.encode(errors="replace")).hexdigest() != wanted:
                    raise InputError("The query does not have the hash that was sent with it.")
                self._documents[wanted] = query
                while len(self._documents) > _MOST:
                    self._documents.popitem(last=False)
                return parameters
            if wanted not in self._documents:
                raise UnknownOperationError("PersistedQueryNotFound")
            self._documents.move_to_end(wanted)
            return {**parameters, "query": self._documents[wanted]}


def _hash_of(parameters: Mapping[str, Any]) -> str | None:
    extensions, id = parameters.get("extensions"), parameters.get("documentId")
    if isinstance(id, str) and id:
        if not id.startswith(_PREFIX):
            raise UnknownOperationError("Documents are known by their hash.", remedy="Send documentId as sha256:HASH.")
        return id.removeprefix(_PREFIX).lower()
    wanted = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    hashed = wanted.get("sha256Hash") if isinstance(wanted, dict) else None
    return hashed if isinstance(hashed, str) else None
