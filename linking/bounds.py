"""What a few trials promise: the lower end of an interval, so that three of three is no certainty."""

import math

__all__ = ["least_share"]

_Z = 1.96


def least_share(right: int, total: int) -> float:
    """The lower end of Wilson's 95% interval for a share: .44 for 3 of 3, .72 for 10 of 10, 0 without trials."""
    if total <= 0:
        return 0.0
    share, z2 = right / total, _Z**2
    spread = _Z * math.sqrt(share * (1 - share) / total + z2 / (4 * total**2))
    return max((share + z2 / (2 * total) - spread) / (1 + z2 / total), 0.0)
