"""Link types that people state themselves, between columns that they name."""

from collections.abc import Mapping

from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkType, link_type_id

__all__ = ["stated_link_type"]


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
    if not name.strip():
        raise InputError("A link type needs a name.")
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
