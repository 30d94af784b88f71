"""Mention candidates: which column's names and codes a collection of documents or a text column speaks of."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from types import MappingProxyType
from urllib.parse import unquote

from bifrost.links import Column
from bifrost.ports import LinkingData
from linking.mentions.heads import mention_heads, mention_tails
from linking.mentions.scan import (
    Finder,
    FoundMention,
    Head,
    build_lexicon,
    confidence,
    number_of_texts,
    scan_column,
    scan_documents,
)
from linking.names import is_id_name
from linking.workspace import Workspace

__all__ = ["ACCEPT", "MentionCandidate", "agreement", "by_text", "labels_are_usual", "mention_candidates", "summarise"]

_TEXTS = 1_000
"""So many texts of a dataset are looked at before a person has confirmed anything."""
_TELLING = 2
ACCEPT = 0.5
"""The confidence from which a hit becomes an edge unless a person sets another threshold."""


@dataclass(slots=True, kw_only=True)
class MentionCandidate:
    """What the scan found for one tail and one head column. ``edges`` maps (record, head record) to its best mention.

    ``documents`` of ``texts`` texts were looked at.
    """

    tail: Column
    head: Head
    documents: int = 0
    texts: int = 0
    hits: int = 0
    edges: dict[tuple[str, str], tuple[float, FoundMention]] = field(default_factory=dict)
    refused: list[FoundMention] = field(default_factory=list)
    spans: set[tuple[str, int, int]] = field(default_factory=set)
    labelled: int = 0
    labels_usual: bool = False
    features: Mapping[str, float] = field(default_factory=dict)


def mention_candidates(
    data: LinkingData, workspace: Workspace, only: Column | None = None
) -> Iterator[MentionCandidate]:
    """Scans every tail (or only one) once for all heads. Candidates of one tail come together, in no particular order."""
    heads = mention_heads(workspace)
    if not heads:
        return
    finder = Finder(heads, build_lexicon(workspace, heads))
    for tail in mention_tails(data, workspace):
        if only not in (None, tail):
            continue
        found: dict[int, list[FoundMention]] = defaultdict(list)
        kinds: Counter[str] = Counter()
        texts = number_of_texts(workspace, tail)
        scan = (
            scan_column(workspace, tail, finder, limit=_TEXTS)
            if tail.columns
            else scan_documents(data, tail, finder, every=max(-(-texts // _TEXTS), 1))
        )
        for item in scan:
            if isinstance(item, str):
                kinds[_kind_of_text(item)] += 1
            elif item.uid not in item.hit.entry.uids:
                found[item.hit.entry.column].append(item)
        documents = kinds.total()
        candidates = [summarise(tail, heads[n], documents, mentions) for n, mentions in found.items()]
        kept = [c for c in candidates if len(c.edges) >= 2 or (c.edges and documents <= 3)]
        for candidate in kept:
            candidate.texts = max(texts, documents)
            candidate.features = _features(candidate, kept, kinds)
        yield from kept


def labels_are_usual(mentions: Sequence[FoundMention]) -> bool:
    """Whether texts that name records by a column mostly write its label before."""
    return len({m.uid for m in mentions if m.labelled}) >= 0.5 * len({m.uid for m in mentions})


def summarise(
    tail: Column,
    head: Head,
    documents: int,
    mentions: Sequence[FoundMention],
    settled: Mapping[int, Sequence[float]] = MappingProxyType({}),
) -> MentionCandidate:
    """Decides each hit and keeps the best one per edge. ``settled`` holds, by the ``id`` of mentions that fit several records,
    how sure each of them is by its context; the others share."""
    candidate = MentionCandidate(tail=tail, head=head, documents=documents, hits=len(mentions))
    candidate.labels_usual = labels_are_usual(mentions)
    for mention in mentions:
        score = confidence(mention, candidate.labels_usual)
        uids = mention.hit.entry.uids
        if score * len(uids) < ACCEPT:
            candidate.refused.append(mention)
            continue
        candidate.labelled += mention.labelled
        candidate.spans.add((mention.uid, mention.page, mention.hit.begin))
        for uid, sure in zip(uids, settled.get(id(mention)) or repeat(score), strict=False):
            if sure > candidate.edges.get((mention.uid, uid), (0.0, None))[0]:
                candidate.edges[mention.uid, uid] = sure, mention
    return candidate


def _kind_of_text(uid: str) -> str:
    """Folder and ending of a document: what lies together is of one kind. The same for all rows of a table."""
    path = unquote(uid.rsplit("/", 1)[-1])
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.rpartition('.')[2]}" if "." in name else folder


def by_text(candidate: MentionCandidate) -> dict[str, set[str]]:
    """The records that each text names."""
    records: dict[str, set[str]] = defaultdict(set)
    for text, record in candidate.edges:
        records[text].add(record)
    return records


def agreement(one: MentionCandidate, other: MentionCandidate) -> tuple[float, int]:
    """Of the texts in which both columns name records, the share with a common one, and their number."""
    named, also_named = by_text(one), by_text(other)
    both = named.keys() & also_named.keys()
    return sum(bool(named[text] & also_named[text]) for text in both) / max(len(both), 1), len(both)


def _support(c: MentionCandidate, rivals: Sequence[MentionCandidate]) -> float:
    """How often another column of the same table names the same record in the same text; -1 where none can tell."""
    shares = [
        share
        for r in rivals
        if r is not c and r.head.table == c.head.table and not c.spans & r.spans
        for share, both in [agreement(c, r)]
        if both >= _TELLING
    ]
    return max(shares, default=-1.0)


def _features(c: MentionCandidate, rivals: Sequence[MentionCandidate], kinds: Mapping[str, int]) -> dict[str, float]:
    best = [mention for _, mention in c.edges.values()]
    accepted = max(c.hits - len(c.refused), 1)
    named = Counter(head for _, head in c.edges)
    documents = {tail for tail, _ in c.edges}
    overlap = [len(c.spans & r.spans) / max(len(c.spans), 1) for r in rivals if r is not c]
    stronger = [
        len(c.spans & r.spans) / max(len(c.spans), 1) for r in rivals if r is not c and len(r.edges) > len(c.edges)
    ]
    return {
        "document_share": len(documents) / max(c.documents, 1),
        "kind_share": max(n / (kinds[kind] + 2) for kind, n in Counter(map(_kind_of_text, documents)).items()),
        "support": _support(c, rivals),
        "named_share": len(named) / max(min(len(documents), c.head.values), 1),
        "per_text": len(c.edges) / max(len(documents), 1),
        "weak_share": sum(bool(m.hit.entry.form) for m in best) / len(best),
        "one_word": sum(len(m.hit.entry.tokens) == 1 and not m.hit.entry.code for m in best) / len(best),
        "documents": math.log10(1 + c.documents),
        "edges": math.log10(1 + len(c.edges)),
        "named": math.log10(1 + len(named)),
        "top_share": max(named.values()) / max(len(documents), 1),
        "accepted_share": accepted / max(c.hits, 1),
        "labelled_share": c.labelled / accepted,
        "code_share": sum(m.hit.entry.code and not m.hit.entry.value.isdigit() for m in best) / len(best),
        "number_share": sum(m.hit.entry.value.isdigit() for m in best) / len(best),
        "several_words": sum(len(m.hit.entry.tokens) >= 2 for m in best) / len(best),
        "length": sum(len(m.hit.entry.value) for m in best) / len(best),
        "exact_case": sum(m.hit.exact_case for m in best) / len(best),
        "repaired_share": sum(m.hit.similarity < 1 for m in best) / len(best),
        "ambiguity": sum(len(m.hit.entry.uids) for m in best) / len(best),
        "id_name": float(any(is_id_name(n) for n in c.head.column.columns)),
        "text_column": float(bool(c.tail.columns)),
        "same_table": float((c.tail.source, c.tail.dataset) == (c.head.column.source, c.head.column.dataset)),
        "rival_overlap": max(overlap, default=0.0),
        "stronger_rival": max(stronger, default=0.0),
    }
