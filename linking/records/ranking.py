"""Order of scored entries: each end's best first."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_first"]

Ids: TypeAlias = NDArray[np.int64]
Float: TypeAlias = NDArray[np.float32]


def best_first(end: Ids, score: Float, then: Ids | None = None) -> Ids:
    """Positions of the entries by end, an end's highest score first, equals by ``then`` (by position without).

    The order of ``np.lexsort((then, -score, end))``. Ends lie between 0 and 2**31, scores are no NaN.
    """
    # Bits of floats, those of negative ones turned, are ordered as the floats are; one key is sorted several times faster than
    # columns are. Adding 0 makes one zero of two.
    bits = (np.asarray(score, np.float32) + np.float32(0)).view(np.int32)
    key = end.astype(np.int64) << 32 | (0x7FFFFFFF - (bits ^ (bits >> 31 & 0x7FFFFFFF)).astype(np.int64))
    order = np.argsort(key)
    key = key[order]
    equal = np.flatnonzero(key[1:] == key[:-1])
    if len(equal):
        tied = np.zeros(len(key), bool)
        tied[equal] = tied[equal + 1] = True
        some = order[tied]
        order[tied] = some[np.lexsort((some if then is None else then[some], key[tied]))]
    return order
