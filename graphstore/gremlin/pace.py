"""Long work in pieces, between which somebody looks at the clock."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Check", "distinct", "paced", "pieces", "sort_order", "sorted_places", "unchecked"]

V = TypeVar("V")

Check = Callable[[], None]
"""Raises when the time is over."""

_PIECE = 1 << 18
"""Elements of an array that numpy may work on without a look at the clock: some milliseconds."""
_OBJECTS, _RUN = 4_096, 1 << 15
_SORTED = 1 << 20


def unchecked() -> None:
    """For work that nobody has to interrupt."""


def paced(values: Iterable[V], check: Check) -> Iterator[V]:
    """The values, with a look at the clock now and then."""
    iterator = iter(values)
    while piece := tuple(islice(iterator, _OBJECTS)):
        check()
        yield from piece


def pieces(size: int, check: Check) -> Iterator[slice]:
    """The pieces of an array, with a look at the clock before each; one, maybe empty, of a small array."""
    for start in range(0, max(size, 1), _PIECE):
        check()
        yield slice(start, min(start + _PIECE, size))


def sort_order(keys: NDArray[Any], check: Check) -> NDArray[np.int64]:
    """The stable order of integers of which the range is not much larger than their number."""
    check()
    if len(keys) <= _SORTED:
        return np.argsort(keys, kind="stable")
    low = int(keys.min())
    ends = np.cumsum(np.bincount(keys - low))
    cuts = np.searchsorted(ends, np.arange(_SORTED, len(keys), _SORTED)) + low
    found: list[NDArray[np.int64]] = []
    for first, last in zip([low, *(cuts + 1).tolist()], [*cuts.tolist(), int(keys.max())], strict=True):
        check()
        among = np.flatnonzero((keys >= first) & (keys <= last))
        found.append(among[np.argsort(keys[among], kind="stable")])
    return np.concatenate(found)


def sorted_places(values: list[Any], key: Callable[[Any], Any], check: Check) -> list[int]:
    """The places of some values in their order: sorted in runs, which the last sort only merges."""
    places: list[int] = []
    for start in range(0, len(values), _RUN):
        check()
        places += sorted(range(start, min(start + _RUN, len(values))), key=lambda place: key(values[place]))
    check()
    return places if len(values) <= _RUN else sorted(places, key=lambda place: key(values[place]))


def distinct(indices: NDArray[Any], size: int) -> NDArray[Any]:
    """The different ones of some indices below ``size``, in order."""
    if len(indices) * 16 < size:
        return np.unique(indices)
    there = np.zeros(size, np.bool_)
    there[indices] = True
    return np.flatnonzero(there)
