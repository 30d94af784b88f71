"""Applies a confirmed mention link type: one edge per text and record named, with the place as evidence."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bifrost.documents import Box
from bifrost.links import LinkEdge, LinkType
from bifrost.ports import LinkingData
from bifrost.values import Evidence
from linking.conditions import condition_sql
from linking.joins import text_sql
from linking.mentions.heads import also_of, head_of
from linking.mentions.kept import KeptScans
from linking.mentions.propose import ACCEPT, summarise
from linking.mentions.scan import Finder, FoundMention, Head, build_lexicon, scan_column, scan_documents
from linking.mentions.settle import Settled, settle
from linking.workspace import Workspace

__all__ = ["ScannedTexts", "mention_edges", "scan_texts"]


def mention_edges(
    workspace: Workspace,
    data: LinkingData,
    link_type: LinkType,
    references: Sequence[LinkType] = (),
    kept: KeptScans | None = None,
) -> list[LinkEdge]:
    """All edges, ordered as the texts are. Empty when a side does not exist any more.

    ``references`` are confirmed link types: what records are linked to helps where a name fits several. What was found in texts
    that stayed is taken from ``kept``.
    """
    scanned = scan_texts(workspace, data, link_type, kept)
    if scanned is None:
        return []
    settled = settle(workspace, link_type, scanned.heads, scanned.mentions, references)
    best: dict[tuple[str, str], tuple[float, FoundMention]] = {}
    for head in scanned.heads:
        found = summarise(link_type.tail, head, len(scanned.place), scanned.mentions[head.number], settled.scores)
        for edge, said in found.edges.items():
            if said[0] > best.get(edge, (0.0, None))[0]:
                best[edge] = said
    ordered = sorted(best.items(), key=lambda item: scanned.place.get(item[0][0], 0))
    return list(_edges(data, link_type, ordered, settled))


@dataclass(slots=True)
class ScannedTexts:
    """What a mention type's heads find in its texts: ``mentions`` by head, ``place`` the order of the texts."""

    heads: list[Head]
    mentions: dict[int, list[FoundMention]]
    place: dict[str, int]


def scan_texts(
    workspace: Workspace, data: LinkingData, link_type: LinkType, kept: KeptScans | None = None
) -> ScannedTexts | None:
    """Looks all names and codes of a mention type up in its texts. None when a side does not exist any more."""
    table = workspace.table(link_type.head.source, link_type.head.dataset)
    columns = workspace.profiles_of(link_type.head)
    if table is None or not columns:
        return None
    heads = [head_of(0, table, columns), *also_of(workspace, link_type)]
    kept = kept or KeptScans()
    finder = kept.remember(link_type.id, Finder(heads, build_lexicon(workspace, heads)))
    allowed = _allowed(workspace, link_type)
    scan = (
        scan_column(workspace, link_type.tail, finder)
        if link_type.tail.columns
        else scan_documents(data, link_type.tail, finder)
    )
    scanned = ScannedTexts(heads, {head.number: [] for head in heads}, {})
    for item in scan:
        if isinstance(item, str):
            scanned.place.setdefault(item, len(scanned.place))
        elif item.uid not in item.hit.entry.uids and (allowed is None or item.uid in allowed):
            scanned.mentions[item.hit.entry.column].append(item)
    kept.keep(link_type.id, finder)
    return scanned


def _allowed(workspace: Workspace, link_type: LinkType) -> set[str] | None:
    """The records that the condition lets through; None without a condition or for documents."""
    table = workspace.table(link_type.tail.source, link_type.tail.dataset)
    if table is None or not link_type.condition.strip():
        return None
    condition = condition_sql(link_type.condition, {name: text_sql(p) for name, p in table.stored.items()})
    rows = workspace.connection.execute(f"SELECT _uid FROM {table.name} WHERE {condition}").fetchall()
    return {uid for (uid,) in rows}


def _edges(
    data: LinkingData,
    link_type: LinkType,
    found: Iterable[tuple[tuple[str, str], tuple[float, FoundMention]]],
    settled: Settled,
) -> Iterator[LinkEdge]:
    for (tail, head), (score, mention) in found:
        if score >= (ACCEPT if link_type.threshold is None else link_type.threshold):
            reason = settled.reasons.get((id(mention), head), "")
            yield LinkEdge(tail, head, round(score, 4), _evidence(data, link_type, mention, score, reason))


def _evidence(data: LinkingData, link_type: LinkType, mention: FoundMention, score: float, reason: str) -> Evidence:
    hit = mention.hit
    quote = " ".join(mention.text[hit.begin : hit.end].split())
    extractor = f"link.{link_type.id}"
    if link_type.tail.columns:
        return Evidence(extractor, round(score, 4), column=link_type.tail.columns[0], quote=quote, reason=reason)
    boxes = tuple(Box(*box) for box in data.boxes(mention.uid, mention.page, hit.begin, hit.end))
    return Evidence(extractor, round(score, 4), page=mention.page, boxes=boxes, quote=quote, reason=reason)
