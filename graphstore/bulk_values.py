"""The value index of a bulk load: collected in arrays, written in the order of the index."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime

import numpy as np

from bifrost.values import Value
from graphstore.values import value_hash

__all__ = ["ValueRows"]

_BATCH = 100_000
_KEPT = 100_000
"""Hashes of so many values of a type are kept: names come once, but cities, years and flags again and again."""


class ValueRows:
    """Rows of ``vertex_value``; ``new_key`` gives the id of a property key at first sight. 24 bytes per value."""

    def __init__(self, new_key: Callable[[str], int]) -> None:
        self._new_key = new_key
        self._known: dict[str, int] = {}
        # By type, because 1, 1.0 and true are equal to Python. Times are not here: those of two zones may be, too.
        self._hashes: dict[type, dict[Value, int]] = {type: {} for type in (str, int, float, bool, date, datetime)}
        self._columns = (array("q"), array("q"), array("q"))

    def add(self, vertex: int, properties: Mapping[str, Sequence[Value]]) -> None:
        keys, hashes, vertices = self._columns
        for name, values in properties.items():
            key = self._known.get(name) or self._key(name)
            for value in values:
                kept = self._hashes.get(value.__class__)
                found = None if kept is None else kept.get(value)
                keys.append(key)
                hashes.append(self._hash(value, kept) if found is None else found)
                vertices.append(vertex)

    def _hash(self, value: Value, kept: dict[Value, int] | None) -> int:
        found = value_hash(value)
        if kept is not None:
            if len(kept) >= _KEPT:
                kept.clear()
            kept[value] = found
        return found

    def _key(self, name: str) -> int:
        found = self._known[name] = self._new_key(name)
        return found

    def batches(self) -> Iterator[list[int]]:
        """Key, hash and vertex of each row once, in their order, which fills the index from left to right; flat."""
        columns = [np.frombuffer(column, np.int64) for column in self._columns]
        order = np.lexsort(columns[::-1])
        ordered = [column[order] for column in columns]
        again = np.all([column[1:] == column[:-1] for column in ordered], axis=0)
        for start in range(0, len(order), _BATCH):
            new = np.ones(min(_BATCH, len(order) - start), bool)
            new[int(start == 0) :] = ~again[max(start - 1, 0) : start - 1 + len(new)]
            yield np.stack([column[start : start + _BATCH][new] for column in ordered], axis=1).ravel().tolist()
