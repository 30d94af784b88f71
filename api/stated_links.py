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
    """Whose links run from ``tail`` to ``head``. Raises InputError without a name, or for two sides that are one."""
    if not name.strip():
        raise InputError("A link type needs a name.")
    if tail == head:
        raise InputError("The two sides of a link type differ.")
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
