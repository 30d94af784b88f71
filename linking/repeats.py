"""Questions that answers have settled already, as far as anybody can tell without asking."""

from collections.abc import Iterable

from bifrost.links import Column, LinkState, LinkType

__all__ = ["what_is_left"]

_SAYS_THE_SAME = 0.1
_LIKE_IT = 0.5


def what_is_left(link_type: LinkType, answered: Iterable[LinkType]) -> float:
    """Which share of a question's worth is left after the answers about other link types, in (0, 1].

    A confirmed link type leaves little of one between the same columns the other way round, or from the same columns to the
    same table by another key, and half of others from the same columns or between the same tables. A rejected one leaves
    half of its reverse.
    """
    left = 1.0
    for other in answered:
        if other.id == link_type.id or other.state not in (LinkState.CONFIRMED, LinkState.REJECTED):
            continue
        turned = (other.tail, other.head) == (link_type.head, link_type.tail)
        if other.state is LinkState.REJECTED:
            left = min(left, _LIKE_IT if turned else 1.0)
        elif turned or (other.tail == link_type.tail and _dataset(other.head) == _dataset(link_type.head)):
            return _SAYS_THE_SAME
        elif other.tail == link_type.tail or (other.kind, _datasets(other)) == (link_type.kind, _datasets(link_type)):
            left = min(left, _LIKE_IT)
    return left


def _dataset(side: Column) -> tuple[str, str]:
    return side.source, side.dataset


def _datasets(link_type: LinkType) -> frozenset[tuple[str, str]]:
    return frozenset((_dataset(link_type.tail), _dataset(link_type.head)))
