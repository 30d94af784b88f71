"""The value index of a bulk load: collected in arrays, written in the order of the index."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import chain, repeat
from typing import cast

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

    def add(self, vertices: Sequence[int], properties: Sequence[Mapping[str, Sequence[Value]]]) -> None:
        """The properties of each vertex."""
        for name, owners, cells in _columns(vertices, properties):
            values = list(chain.from_iterable(cells))
            if len(values) != len(owners) or not all(cells):
                owners = list(chain.from_iterable(map(repeat, owners, map(len, cells))))
            keys, hashes, column = self._columns
            keys.extend(repeat(self._known.get(name) or self._key(name), len(values)))
            hashes.extend(self._hashes_of(values))
            column.extend(owners)

    def _hashes_of(self, values: list[Value]) -> list[int]:
        kinds = set(map(type, values))
        kept = self._hashes.get(kinds.pop()) if len(kinds) == 1 else None
        if kept is None:
            return [self._hash(value, self._hashes.get(type(value))) for value in values]
        found = list(map(kept.get, values))
        if None in found:
            return [
                self._hash(value, kept) if known is None else known for value, known in zip(values, found, strict=True)
            ]
        return cast(list[int], found)

    def _hash(self, value: Value, kept: dict[Value, int] | None) -> int:
        if kept is None:
            return value_hash(value)
        found = kept.get(value)
        if found is None:
            if len(kept) >= _KEPT:
                kept.clear()
            found = kept[value] = value_hash(value)
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


def _columns(
    vertices: Sequence[int], properties: Sequence[Mapping[str, Sequence[Value]]]
) -> Iterator[tuple[str, Sequence[int], list[Sequence[Value]]]]:
    """Each property with the vertices that have it and their values: records of one table mostly have the same ones."""
    if len(set(map(tuple, properties))) == 1:
        for name in properties[0]:
            yield name, vertices, [one[name] for one in properties]
        return
    found: dict[str, tuple[list[int], list[Sequence[Value]]]] = {}
    for vertex, one in zip(vertices, properties, strict=True):
        for name, values in one.items():
            owners, cells = found.setdefault(name, ([], []))
            owners.append(vertex)
            cells.append(values)
    for name, (owners, cells) in found.items():
        yield name, owners, cells
