"""Property columns of a snapshot: dictionary-encoded, with what is computed from the distinct values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphstore.gremlin.ordering import dedup_key, equal, order_key
from graphstore.gremlin.pace import Check, paced, sort_order, sorted_places, unchecked

__all__ = ["Column", "ColumnBuilder"]


@dataclass(slots=True)
class Column:
    """One property of all vertices: ``codes`` index ``values`` (first value of each vertex), -1 where it has none.

    ``more`` holds all values of the vertices that have several. ``numbers`` are the values where all are plain integers
    or all are doubles, ``largest`` the greatest magnitude among them.
    """

    codes: NDArray[np.int32]
    values: list[Any]
    more: dict[int, list[Any]]
    numbers: NDArray[np.float64] | None
    known: dict[Any, int] = field(default_factory=dict)
    largest: float = 0.0
    _ranks: NDArray[np.int64] | None = None
    _order: NDArray[np.int64] | None = None
    _starts: NDArray[np.int64] | None = None

    def passing(
        self, test: Callable[[Any], bool], indices: NDArray[Any], check: Check = unchecked
    ) -> NDArray[np.bool_]:
        """Which of some vertices have a value that passes. Each distinct value is tested once."""
        codes = self.codes[indices]
        if len(codes) <= 256:
            values = self.values
            result = np.array([code >= 0 and test(values[code]) for code in codes.tolist()], np.bool_)
        elif len(codes) * 2 < len(self.values):
            values = self.values
            fitting = [code for code in paced(np.unique(codes).tolist(), check) if code >= 0 and test(values[code])]
            result = np.isin(codes, fitting)
        else:
            fits = np.fromiter((test(value) for value in paced(self.values, check)), np.bool_, len(self.values))
            result = np.append(fits, False)[codes]
        for index, values in self.more.items():
            result[indices == index] = any(test(value) for value in values)
        return result

    def having(self, value: Any, check: Check = unchecked) -> NDArray[np.int64]:
        """The vertices with a value."""
        code = self.known.get(_key(value))
        found = np.zeros(0, np.int64)
        if code is not None:
            if self._order is None:
                self._order = sort_order(self.codes, check)
                self._starts = np.searchsorted(self.codes[self._order], np.arange(len(self.values) + 1))
            assert self._starts is not None
            found = self._order[self._starts[code] : self._starts[code + 1]]
        others = [i for i, values in paced(self.more.items(), check) if any(equal(v, value) for v in values)]
        return np.unique(np.concatenate((found, np.array(others, np.int64)))) if others else found

    def places(self, codes: NDArray[Any], check: Check = unchecked) -> NDArray[np.int64]:
        """The places of some codes in Gremlin's order, -1 for -1."""
        if self._ranks is None and len(codes) * 4 < len(self.values):
            distinct = np.unique(codes)
            values = [None if code < 0 else self.values[code] for code in distinct.tolist()]
            first = 1 if len(distinct) and distinct[0] < 0 else 0
            order = sorted_places(values[first:], order_key, check)
            ranks = np.full(len(values), -1, np.int64)
            ranks[np.array(order, np.int64) + first] = np.arange(len(order))
            codes = np.searchsorted(distinct, codes)
        else:
            ranks = np.append(self.ranks(check), -1)
        found: NDArray[np.int64] = ranks[codes]
        return found

    def ranks(self, check: Check = unchecked) -> NDArray[np.int64]:
        """For each code its place in Gremlin's order."""
        if self._ranks is not None:
            return self._ranks
        kinds = {type(v) for v in self.values}
        plain = kinds <= {str} or (kinds <= {int, float} and not any(v != v for v in self.values))
        ranks = np.empty(len(self.values), np.int64)
        ranks[sorted_places(self.values, _itself if plain else order_key, check)] = np.arange(len(self.values))
        self._ranks = ranks
        return ranks


class ColumnBuilder:
    """Collects a column vertex by vertex."""

    def __init__(self, size: int) -> None:
        self.codes = np.full(size, -1, np.int32)
        self.known: dict[Any, int] = {}
        self.values: list[Any] = []
        self.more: dict[int, list[Any]] = {}

    def add(self, index: int, values: list[Any]) -> None:
        if not values:
            return
        value = values[0]
        key = _key(value)
        code = self.known.get(key)
        if code is None:
            code = self.known[key] = len(self.values)
            self.values.append(value)
        self.codes[index] = code
        if len(values) > 1:
            self.more[index] = values

    def column(self) -> Column:
        kinds = {type(v) for v in self.values}
        numbers = np.array(self.values, np.float64) if len(kinds) == 1 and kinds <= {int, float} else None
        largest = float(np.abs(numbers).max()) if numbers is not None and len(numbers) else 0.0
        return Column(self.codes, self.values, self.more, numbers, self.known, largest)


def _itself(value: Any) -> Any:
    return value


def _key(value: Any) -> Any:
    """What tells values of a column apart: 1 and 1.0 are one value, True and 1 are not."""
    return value if type(value) is str else dedup_key(value)
