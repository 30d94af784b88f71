"""Facts that are read for many elements in one statement, although steps ask for them one element at a time."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Ahead", "Groups", "groups"]

Groups = deque[Any]
"""Elements that were found together, the latest groups last."""

Fact = TypeVar("Fact")
_GROUPS = 600
_MOST = 1_000
_KEPT = 20_000


def groups() -> Groups:
    """A place to note groups in; noting costs next to nothing."""
    return deque(maxlen=_GROUPS)


class Ahead(Generic[Fact]):
    """Elements that were found together are noted in groups. When a fact about one of them is asked for, those of the
    ones behind it are read along: one at first, then twice as many each time, up to a thousand.

    ``numbers`` gives the ids behind what was noted, ``read`` the facts of some ids; what has none gets ``missing``.
    """

    def __init__(
        self,
        noted: Groups,
        numbers: Callable[[Any], NDArray[np.int64]],
        read: Callable[[Sequence[int]], Mapping[int, Fact]],
        missing: Callable[[], Fact],
    ) -> None:
        self._numbers, self._read, self._missing = numbers, read, missing
        self._groups = noted
        self._known: dict[int, Fact] = {}
        self._size = 1

    def of(self, number: int) -> Fact:
        """The fact about an element."""
        if number not in self._known:
            wanted = self._behind(number)
            found = self._read(wanted)
            for one in wanted:
                self._known[one] = found[one] if one in found else self._missing()
            while len(self._known) > _KEPT:
                del self._known[next(iter(self._known))]
            self._size = min(self._size * 2, _MOST)
        return self._known[number]

    def forget(self, number: int) -> None:
        self._known.pop(number, None)

    def _behind(self, number: int) -> list[int]:
        """The element, and those behind it that are not known yet."""
        if self._size == 1:
            return [number]
        groups = list(self._groups)
        for place in range(len(groups) - 1, -1, -1):
            numbers = self._numbers(groups[place])
            at = np.flatnonzero(numbers == number)
            if len(at):
                wanted = dict.fromkeys(numbers[int(at[0]) : int(at[0]) + self._size].tolist())
                for later in groups[place + 1 :]:
                    if len(wanted) >= self._size:
                        break
                    wanted.update(dict.fromkeys(self._numbers(later)[: self._size].tolist()))
                return [n for n in wanted if n == number or n not in self._known][: self._size]
        return [number]
