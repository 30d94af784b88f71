"""Link types that people state themselves, between columns that they name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkType, link_type_id

__all__ = ["check_name", "described_link_type", "stated_link_type"]

_LONGEST_NAME = 200
_RULES = ("strip_zeros", "alnum", "digits", "digits | strip_zeros")
"""Tried where two columns have no value in common as they are written, the least that is changed first."""
_ONE_EACH = 1.05
"""So many records may a value name on average by a rule that nobody asked for."""


def check_name(name: str) -> None:
    """Raises InputError for what cannot be the name of a link type."""
    if not name.strip():
        raise InputError("A link type needs a name.")
    if len(name) > _LONGEST_NAME:
        raise InputError(f"A name has at most {_LONGEST_NAME} characters, and this one has {len(name):,}.")


def stated_link_type(
    name: str,
    tail: Column,
    head: Column,
    kind: LinkKind = LinkKind.REFERENCE,
    *,
    transform: Mapping[str, str] | None = None,
    condition: str = "",
    threshold: float | None = None,
) -> LinkType:
    """Whose links run from ``tail`` to ``head``. Records of one table may be the same thing, else the sides differ.

    Raises InputError for sides that may not be equal, or without a name.
    """
    check_name(name)
    if tail == head and kind is not LinkKind.SAME_THING:
        raise InputError(
            "Both sides are the same columns.",
            remedy="Choose other columns on one side, or the kind same_thing to find duplicates in one table.",
        )
    return LinkType(
        link_type_id(kind, tail, head),
        kind,
        tail,
        head,
        name.strip(),
        transform=transform or {},
        condition=condition,
        threshold=threshold,
    )


def described_link_type(stated: LinkType, describe: Callable[[LinkType], LinkType], rows: int) -> LinkType:
    """A stated link type with its evidence; of a reference whose values name nothing as they are, by the first rule by which they
    do. ``rows`` are those of the tail. Raises InputError where it would link nothing."""
    described = describe(stated)
    if described.estimated_edges or stated.kind in (LinkKind.SAME_THING, LinkKind.SAME_CONCEPT):
        return described
    if stated.kind is LinkKind.REFERENCE and not stated.transform and len(stated.tail.columns) == 1:
        for rule in _RULES:
            found = describe(replace(stated, transform={"tail": rule, "head": rule}))
            if 0 < found.estimated_edges <= _ONE_EACH * rows:
                return found
    raise InputError(
        f"{stated.tail} names no record by {stated.head}: {' '.join(described.reasons)}",
        remedy="Check the columns and the condition, or say by which rule values are compared (--transform, transform). "
        "Nothing was changed.",
    )
