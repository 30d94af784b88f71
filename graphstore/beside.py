"""How exports name what they say of an element beside its properties: its label, and how sure an edge is.

Where a property has that name, ours gets one ``_`` more than any property of it has: ``score``, ``_score``, ``__score``. So
properties keep their names, and a reader knows that ours is the one with the most.
"""

from collections.abc import Iterable

__all__ = ["name_among", "name_beside"]


def name_beside(properties: Iterable[str], name: str) -> str:
    """What ``name`` is called beside properties of these names."""
    longest = name_among(properties, name)
    return name if longest is None else f"_{longest}"


def name_among(names: Iterable[str], name: str) -> str | None:
    """Which of the names stands for ``name`` in an export: the one with the most ``_`` before it."""
    return max((other for other in names if other.lstrip("_") == name), key=len, default=None)
