"""Mention candidates: which column's names and codes a collection of documents or a text column speaks of."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from bifrost.links import Column, LinkType
from bifrost.ports import LinkingData
from bifrost.values import DatasetKind
from linking.mentions.scan import (
    FoundMention,
    Head,
    build_lexicon,
    confidence,
    scan_column,
    scan_documents,
)
from linking.names import ID_WORDS, is_id_name, table_words, words
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = ["MentionCandidate", "agreement", "also_of", "head_of", "mention_candidates", "mention_tails"]

_DOCUMENT_LIMIT = 1_000
_ROW_LIMIT = 1_000
_TELLING = 2
ACCEPT = 0.5
"""The confidence from which a hit becomes an edge unless a person sets another threshold."""


@dataclass(slots=True)
class MentionCandidate:
    """What the scan found for one tail and one head column. ``edges`` maps (record, head record) to its best mention."""

    tail: Column
    head: Head
    documents: int = 0
    hits: int = 0
    edges: dict[tuple[str, str], tuple[float, FoundMention]] = field(default_factory=dict)
    refused: list[FoundMention] = field(default_factory=list)
    spans: set[tuple[str, int, int]] = field(default_factory=set)
    labelled: int = 0
    labels_usual: bool = False
    features: Mapping[str, float] = field(default_factory=dict)


def mention_tails(data: LinkingData, workspace: Workspace) -> list[Column]:
    """All document datasets, all columns of running text, and what documents say of people and organisations."""
    documents = [Column(s.source, s.info.name) for s in data.datasets() if s.info.kind is DatasetKind.DOCUMENTS]
    properties = [
        Column(p.source, p.dataset, (p.name,))
        for p in workspace.property_columns()
        if p.kind == "name" and p.distinct >= 2 and "address" not in p.forms
    ]
    texts = [
        Column(p.source, p.dataset, (p.name,))
        for p in workspace.columns()
        if p.kind == "text" and p.mean_words >= 8 and p.distinct >= 5
    ]
    return documents + texts + properties


def mention_heads(workspace: Workspace) -> list[Head]:
    """The columns that name records in words or codes, and first and last names taken together."""
    heads: list[Head] = []
    for table in workspace.tables():
        usable = [p for p in table.columns.values() if _nameable(p)]
        for p in usable:
            heads.append(head_of(len(heads), table, (p,)))
        first, last = _person_name(table)
        if first and last:
            heads.append(head_of(len(heads), table, (first, last)))
    return heads


def head_of(number: int, table: LoadedTable, columns: Sequence[ColumnProfile]) -> Head:
    """A head over one column, or over several whose values are joined by a space."""
    names = [w for p in columns for w in words(p.name)]
    plain = [w for w in (*names, *table_words(table.dataset)) if w not in ("name", "first", "last")]
    return Head(
        number,
        Column(table.source, table.dataset, tuple(p.name for p in columns)),
        table.name,
        tuple(f"unnest({p.sql})" if p.is_list else p.sql for p in columns),
        frozenset(w for w in plain if w not in ID_WORDS) or frozenset(names),
        columns[0].prefix if len(columns) == 1 else "",
        max(p.distinct for p in columns),
    )


def also_of(workspace: Workspace, link_type: LinkType) -> list[Head]:
    """The further heads of a mention type: columns of the same table that name its records too (``transform["also"]``).

    Columns are separated by commas, those that make a name together joined by ``+``. Those that are gone are left out.
    """
    table = workspace.table(link_type.head.source, link_type.head.dataset)
    heads: list[Head] = []
    for text in link_type.transform.get("also", "").split(","):
        names = tuple(name.strip() for name in text.split("+"))
        if table is not None and all(name in table.columns for name in names) and names != link_type.head.columns:
            heads.append(head_of(len(heads) + 1, table, [table.columns[name] for name in names]))
    return heads


def _nameable(p: ColumnProfile) -> bool:
    if p.kind == "integer":
        return p.key_like and p.low >= 1000 and is_id_name(p.name)
    wordy = p.kind == "name" and p.uniqueness >= 0.9 and p.mean_words <= 6 and p.letter_share >= 0.5
    return p.distinct >= 2 and not p.multivalued and (wordy or (p.kind == "code" and p.key_like))


def _person_name(table: LoadedTable) -> tuple[ColumnProfile | None, ColumnProfile | None]:
    def pick(*options: tuple[str, ...]) -> ColumnProfile | None:
        return next(
            (p for p in table.columns.values() if words(p.name) in options and p.kind in ("name", "code")), None
        )

    first = pick(("first", "name"), ("first",), ("given", "name"), ("forename",), ("firstname",))
    last = pick(("last", "name"), ("last",), ("family", "name"), ("surname",), ("lastname",))
    return first, last


def mention_candidates(
    data: LinkingData, workspace: Workspace, only: Column | None = None
) -> Iterator[MentionCandidate]:
    """Scans every tail (or only one) once for all heads. Candidates of one tail come together, in no particular order."""
    heads = mention_heads(workspace)
    if not heads:
        return
    lexicon = build_lexicon(workspace, heads)
    for tail in mention_tails(data, workspace):
        if only not in (None, tail):
            continue
        found: dict[int, list[FoundMention]] = defaultdict(list)
        kinds: Counter[str] = Counter()
        scan = (
            scan_column(workspace, tail, heads, lexicon, limit=_ROW_LIMIT)
            if tail.columns
            else scan_documents(data, tail, heads, lexicon, limit=_DOCUMENT_LIMIT)
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
            candidate.features = _features(candidate, kept, kinds)
        yield from kept


def summarise(tail: Column, head: Head, documents: int, mentions: Sequence[FoundMention]) -> MentionCandidate:
    """Decides each hit and keeps the best one per edge."""
    candidate = MentionCandidate(tail, head, documents, len(mentions))
    labelled_documents = {m.uid for m in mentions if m.labelled}
    candidate.labels_usual = len(labelled_documents) >= 0.5 * len({m.uid for m in mentions})
    for mention in mentions:
        score = confidence(mention, candidate.labels_usual)
        if score * len(mention.hit.entry.uids) < ACCEPT:
            candidate.refused.append(mention)
            continue
        candidate.labelled += mention.labelled
        candidate.spans.add((mention.uid, mention.page, mention.hit.begin))
        for uid in mention.hit.entry.uids:
            if score > candidate.edges.get((mention.uid, uid), (0.0, None))[0]:
                candidate.edges[mention.uid, uid] = score, mention
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
