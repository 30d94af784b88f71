"""Random numbers: the linear congruential generator that java.util.Random documents, so that a seed gives the same
draws as elsewhere in the TinkerPop world."""

from typing import Any

__all__ = ["SeededRandom"]

_MASK = (1 << 48) - 1


class SeededRandom:
    """java.util.Random for the draws that traversals make."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ 0x5DEECE66D) & _MASK

    def _next(self, bits: int) -> int:
        self._state = (self._state * 0x5DEECE66D + 0xB) & _MASK
        value = self._state >> (48 - bits)
        return value - (1 << bits) if value >= 1 << (bits - 1) else value

    def random(self) -> float:
        """A double in [0, 1)."""
        high = self._next(26) & ((1 << 26) - 1)
        low = self._next(27) & ((1 << 27) - 1)
        return ((high << 27) + low) * (1.0 / (1 << 53))

    def below(self, bound: int) -> int:
        """An integer in [0, bound)."""
        bits = self._next(31) & ((1 << 31) - 1)
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        value = bits % bound
        while bits - value + (bound - 1) >= 1 << 31:
            bits = self._next(31) & ((1 << 31) - 1)
            value = bits % bound
        return value

    def shuffle(self, items: list[Any]) -> None:
        """In place, as java.util.Collections.shuffle."""
        for size in range(len(items), 1, -1):
            other = self.below(size)
            items[size - 1], items[other] = items[other], items[size - 1]
