"""How the command line writes link types."""

from rich.markup import escape

from bifrost.links import Estimate, LinkType, PairExample

__all__ = ["arrow", "pair_text", "share"]


def share(estimate: Estimate) -> str:
    value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:.0f}% ({low:.0f}-{high:.0f})"


def arrow(link_type: LinkType) -> str:
    through = "" if link_type.through is None else f", through {link_type.through}"
    return escape(f"{link_type.tail} -[{link_type.name}]-> {link_type.head}{through}")


def pair_text(example: PairExample) -> str:
    return escape(f"{example.tail_text}  ~  {example.head_text}  ({example.score:.2f}) {example.note}")
