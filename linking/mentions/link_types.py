"""Candidates of mentions become scored link types: one per text and table named."""

from collections import defaultdict
from collections.abc import Sequence, Set

from bifrost.links import Column, LinkKind, LinkType, PairExample, link_type_id
from bifrost.ports import LinkingData
from linking.candidates import Scorers, make_link_type
from linking.describe import link_name, percent, property_link_name
from linking.mentions.propose import MentionCandidate, agreement, mention_candidates
from linking.workspace import Workspace

__all__ = ["find_mentions"]

_MIN_PROBABILITY = 0.3
"""Below it a mention is not shown: of those that were given less, one in twelve was right (docs/linking.md)."""
_SAME_SPANS = 0.7
_AGREEING = 0.8
"""The share of the texts with mentions by both columns in which they name a common record."""


def find_mentions(
    data: LinkingData,
    workspace: Workspace,
    scorers: Scorers,
    references: Sequence[LinkType] = (),
    *,
    keep: frozenset[str] = frozenset(),
) -> list[LinkType]:
    """Mentions worth proposing: per tail and table named one type, by the column that identifies the records.

    Other columns of that table that name the same records in the same texts are looked up with it; columns of other
    tables that find the same places are named as rivals. Columns that ``references`` says name other records are not.
    """
    by_tail: dict[Column, list[tuple[float, MentionCandidate]]] = defaultdict(list)
    referring = frozenset(r.tail for r in references if r.probability >= 0.5)
    candidates = list(mention_candidates(data, workspace))
    probabilities = scorers[LinkKind.MENTION].probability([c.features for c in candidates])
    for probability, candidate in zip(probabilities.tolist(), candidates, strict=True):
        by_tail[candidate.tail].append((probability, candidate))
    found = []
    for ranked in by_tail.values():
        ranked.sort(key=lambda item: -item[0])
        likely = {id(c) for probability, c in ranked if probability >= 0.5}
        groups: list[list[MentionCandidate]] = []
        for probability, c in ranked:
            judged = link_type_id(LinkKind.MENTION, c.tail, c.head.column) in keep
            group = next((g for g in groups if any(_says_the_same(member, c) for member in g)), None)
            if judged or (probability >= _MIN_PROBABILITY and group is None):
                groups.append([c])
            elif group is not None:
                group.append(c)
        for group in groups:
            best = _identifying(group, likely)
            also = [
                c
                for c in group
                if c is not best
                and c.head.table == best.head.table
                and id(c) in likely
                and c.head.column not in referring
            ]
            rivals = [c for c in group if c.head.table != best.head.table]
            found.append(_mention(workspace, best, also, rivals, scorers))
    return found


def _identifying(group: Sequence[MentionCandidate], likely: Set[int]) -> MentionCandidate:
    """Of the likely columns of the surest one's table that name the same records, the one that holds its identifiers."""
    own = [c for c in group if c is group[0] or (c.head.table == group[0].head.table and id(c) in likely)]
    return max(own, key=lambda c: (c.features["id_name"], c is group[0]))


def _rival_reasons(rivals: Sequence[MentionCandidate]) -> list[str]:
    return [f"The same is named by {c.head.column} ({len(c.edges):,} links)." for c in rivals[:2]]


def _says_the_same(better: MentionCandidate, other: MentionCandidate) -> bool:
    """The same places in the text, or columns of one table that agree on the records wherever a text has both."""
    if len(better.spans & other.spans) >= _SAME_SPANS * len(other.spans):
        return True
    if better.head.table != other.head.table:
        return False
    share, both = agreement(better, other)
    return both >= min(3, len({text for text, _ in other.edges})) and share >= _AGREEING


def _mention(
    workspace: Workspace,
    candidate: MentionCandidate,
    also: Sequence[MentionCandidate],
    rivals: Sequence[MentionCandidate],
    scorers: Scorers,
) -> LinkType:
    c, f = candidate, candidate.features
    best = sorted(c.edges.items(), key=lambda item: (-item[1][0], item[0]))
    everything = c.edges.keys() | {edge for other in also for edge in other.edges}
    columns = ["+".join(other.head.column.columns) for other in also if "," not in "".join(other.head.column.columns)]
    step = max(len(best) // 4, 1)
    links = round(len(everything) * c.texts / max(c.documents, 1))
    looked_at = (
        f"{c.documents:,} texts" if c.documents == c.texts else f"{c.documents:,} texts looked at (of {c.texts:,})"
    )
    reasons = [
        f"{percent(f['document_share'])} of {looked_at} name records by {c.head.column}.",
        f"{percent(f['accepted_share'])} of the places found are sure enough.",
    ]
    if f["labelled_share"] >= 0.3:
        reasons.append(f"{percent(f['labelled_share'])} have a label before them that names the column.")
    if f["repaired_share"] > 0:
        reasons.append(f"{percent(f['repaired_share'])} were repaired after character recognition.")
    if columns:
        more = len(everything) - len(c.edges)
        reasons.append(f"The same records are also named by {', '.join(columns)} ({more:,} more links).")
    name = property_link_name(workspace, c.tail) or link_name(LinkKind.MENTION, c.tail, c.head.column)
    return make_link_type(
        LinkKind.MENTION, c.tail, c.head.column, f, scorers,
        name=name,
        transform={"also": ", ".join(columns)} if columns else {},
        estimated_edges=links,
        cardinality="many-to-one" if f["edges"] and len(everything) <= 1.05 * len({t for t, _ in everything}) else "many-to-many",
        reasons=(*reasons, *_rival_reasons(rivals)),
        examples=tuple(
            PairExample(t, h, m.quote(), m.hit.entry.value, round(score, 3)) for (t, h), (score, m) in best[::step][:4]
        )
        + tuple(
            PairExample(t, h, m.quote(), m.hit.entry.value, round(score, 3), "the least sure one", "borderline")
            for (t, h), (score, m) in best[-1:]
            if len(best) - 1 > 3 * step and score < best[0][1][0]
        ),
        counter_examples=tuple(
            PairExample(
                m.uid, m.hit.entry.uids[0], m.quote(), m.hit.entry.value, 0.3, "an ordinary word or not sure", "counter"
            )
            for m in c.refused[:3]
        ),
    )  # fmt: skip
