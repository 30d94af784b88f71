"""Whether example pairs say that records of two tables are the same things, rather than that one names the other."""

from collections.abc import Sequence

from bifrost.links import TAUGHT, Column, LinkKind, LinkType, link_type_id
from linking.bounds import least_share
from linking.describe import link_name
from linking.describing import Evident, describe
from linking.profiles import ColumnProfile
from linking.same_things import record_likeness
from linking.taught_rules import ENOUGH, Pairs, Rule, agreeing_rules

__all__ = ["same_things"]

_ALIKE = 0.6
"""3-gram containment of the records of a pair from which on they look like the same thing."""
_TELLING = 0.3
"""The share of different values from which on a column says something of the thing itself."""
_IDENTIFYING = 0.6


def same_things(evident: Evident, pairs: Pairs, name: str, references: Sequence[LinkType]) -> list[LinkType]:
    """``references``, with a same-thing type before them where the pairs look like that, after them where they may be that.

    Pairs of same things have one partner each, and agree in several columns that tell records apart.
    """
    tails, heads = ([ends[side] for ends in pairs.positives] for side in (0, 1))
    if len(set(tails)) < len(tails) or len(set(heads)) < len(heads):
        return list(references)
    agreeing = _telling(agreeing_rules(evident.workspace, pairs))
    identifying = [rule for rule in agreeing if _uniqueness(rule) >= _IDENTIFYING]
    alike = _alike(evident, pairs)
    several = len(agreeing) >= 2 and bool(identifying)
    if not several and (references or alike < ENOUGH * len(pairs.positives)):
        return list(references)
    link_type = _link_type(evident, pairs, name, max(alike, max((len(r.right) for r in agreeing), default=0)))
    within = pairs.tail.name == pairs.head.name
    return [*references, link_type] if within else [link_type, *references]


def _telling(rules: Sequence[Rule]) -> list[Rule]:
    """Rules about different columns of either table that tell records apart, the most telling first."""
    chosen: list[Rule] = []
    used: set[int] = set()
    for rule in sorted(rules, key=lambda r: (-len(r.right), -_uniqueness(r))):
        ends = {rule.tail[0].id, rule.head[0].id}
        if _uniqueness(rule) >= _TELLING and not ends & used and not rule.wrong:
            chosen.append(rule)
            used |= ends
    return chosen


def _uniqueness(rule: Rule) -> float:
    def of(p: ColumnProfile) -> float:
        return p.uniqueness * (1 - p.null_share)

    return min(of(rule.tail[0]), of(rule.head[0]))


def _alike(evident: Evident, pairs: Pairs) -> int:
    """How many of the pairs look like the same thing."""
    likeness = record_likeness(evident.workspace, pairs.tail, pairs.head, pairs.positives)
    return sum(value >= _ALIKE for value in likeness)


def _link_type(evident: Evident, pairs: Pairs, name: str, right: int) -> LinkType:
    ends = [Column(table.source, table.dataset) for table in (pairs.tail, pairs.head)]
    # Without a direction: the greater name first, as proposals have it.
    tail, head = (ends[1], ends[0]) if ends[0] < ends[1] else (ends[0], ends[1])
    kind, total = LinkKind.SAME_THING, len(pairs.positives)
    link_type = LinkType(
        link_type_id(kind, tail, head), kind, tail, head, name or link_name(kind, tail, head),
        probability=round(least_share(right, total), 4), cardinality="one-to-one", threshold=0.5,
        reasons=(f"Explains {right} of {total} examples.",), model=TAUGHT,
    )  # fmt: skip
    return describe(evident, link_type)
