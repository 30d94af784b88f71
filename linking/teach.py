"""Teaching by example pairs: finds what kind of link they are, the columns and the rule that explain them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bifrost.errors import InputError
from bifrost.links import TAUGHT, Column, LinkKind, LinkType, PairExample, link_type_id
from bifrost.ports import LinkingData, TeachRequest
from bifrost.values import DatasetKind, digest_of, make_uid
from linking.bounds import least_share
from linking.describe import describe_rows, link_name
from linking.describing import NOT_TAUGHT_PAIR, TAUGHT_PAIR, Evident, describe
from linking.mentions.apply import mention_edges
from linking.refining import refined
from linking.taught_rules import ENOUGH, FOUND, Pairs, references
from linking.taught_same import same_things
from linking.workspace import LoadedTable, Workspace

__all__ = ["explain_pairs"]

_SHOWN = 5


def explain_pairs(evident: Evident, request: TeachRequest) -> list[LinkType]:
    """Link types that explain the pairs, best first, or known ones that counter-examples alone refine.

    Raises InputError when there is none.
    """
    data, workspace = evident.data, evident.workspace
    if not request.positives:
        return refined(evident, request)
    pairs = _locate(workspace, request)
    if pairs is not None:
        found = same_things(evident, pairs, request.name, references(evident, pairs, request.name))
        found = found or _mentions(evident, request, _text_columns(pairs.tail), pairs.head)
    else:
        documents, head = _documents_and_head(data, workspace, request)
        found = _mentions(evident, request, [documents], head)
    if not found:
        raise InputError(
            "No column of these records explains the examples.",
            remedy="Give pairs whose records share a value, a code or a name, or correct a proposed link type instead.",
        )
    lesson = digest_of((repr((request.positives, request.negatives)).encode(),)).hex()[:8]
    shown = {} if pairs is None else _shown(workspace, pairs, request)
    return [replace(one, model=f"{TAUGHT}:{lesson}", **shown.get(one.kind, {})) for one in found[:FOUND]]  # type: ignore[arg-type]


def _shown(
    workspace: Workspace, pairs: Pairs, request: TeachRequest
) -> dict[LinkKind, dict[str, tuple[PairExample, ...]]]:
    """The pairs as examples for the review page."""
    tails = describe_rows(workspace, pairs.tail, [t for t, _ in (*pairs.positives, *pairs.negatives)])
    heads = describe_rows(workspace, pairs.head, [h for _, h in (*pairs.positives, *pairs.negatives)])

    def examples(
        uids: Sequence[tuple[str, str]], rows: Sequence[tuple[int, int]], note: str
    ) -> tuple[PairExample, ...]:
        if len(uids) != len(rows):
            return ()
        pairs_of = zip(uids, rows, strict=True)
        return tuple(
            PairExample(t, h, tails.get(a, ""), heads.get(b, ""), float(note == TAUGHT_PAIR), note)
            for (t, h), (a, b) in pairs_of
        )[:_SHOWN]

    taught = {
        "examples": examples(request.positives, pairs.positives, TAUGHT_PAIR),
        "counter_examples": examples(request.negatives, pairs.negatives, NOT_TAUGHT_PAIR),
    }
    return {
        kind: {side: shown for side, shown in taught.items() if shown}
        for kind in (LinkKind.REFERENCE, LinkKind.SAME_THING)
    }


# ---- where the examples lie ------------------------------------------------------------------------------------------


def _rows_of(workspace: Workspace, uids: Iterable[str]) -> dict[str, tuple[LoadedTable, int]]:
    wanted = list(dict.fromkeys(uids))
    found: dict[str, tuple[LoadedTable, int]] = {}
    for table in workspace.tables():
        rows = workspace.connection.execute(
            f"SELECT _uid, min(_row) FROM {table.name} WHERE list_contains(?, _uid) GROUP BY _uid", [wanted]
        ).fetchall()
        found.update({uid: (table, row) for uid, row in rows})
    return found


def _locate(workspace: Workspace, request: TeachRequest) -> Pairs | None:
    """The examples as rows of the two tables most of them are about; None when the tails are not rows of a table."""
    everything = [uid for pair in (*request.positives, *request.negatives) for uid in pair]
    rows = _rows_of(workspace, everything)
    if not any(tail in rows for tail, _ in request.positives):
        return None
    tables = Counter(
        (rows[tail][0].name, rows[head][0].name) for tail, head in request.positives if tail in rows and head in rows
    )
    if not tables:
        raise InputError("The examples name records that do not exist.", remedy="Use the ids that the console shows.")
    names = tables.most_common(1)[0][0]

    def of(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        both = [(rows[t], rows[h]) for t, h in pairs if t in rows and h in rows]
        return tuple((t[1], h[1]) for t, h in both if (t[0].name, h[0].name) == names)

    by_name = {table.name: table for table, _ in rows.values()}
    return Pairs(by_name[names[0]], by_name[names[1]], of(request.positives), of(request.negatives))


def _documents_and_head(
    data: LinkingData, workspace: Workspace, request: TeachRequest
) -> tuple[Column, LoadedTable | None]:
    tail = request.positives[0][0]
    rows = _rows_of(workspace, [head for _, head in request.positives])
    head = Counter(table.name for table, _ in rows.values()).most_common(1)
    table = next((t for t, _ in rows.values() if head and t.name == head[0][0]), None)
    for summary in data.datasets():
        prefix = make_uid(summary.source, summary.info.name) + "/"
        if summary.info.kind is DatasetKind.DOCUMENTS and tail.startswith(prefix):
            return Column(summary.source, summary.info.name), table
    raise InputError(f"There is no record {tail!r}.", remedy="Use the ids that the console shows.")


def _text_columns(table: LoadedTable) -> list[Column]:
    texts = [p for p in table.columns.values() if p.mean_words >= 3]
    return [Column(table.source, table.dataset, (p.name,)) for p in sorted(texts, key=lambda p: -p.mean_words)]


# ---- mentions --------------------------------------------------------------------------------------------------------


def _mentions(
    evident: Evident, request: TeachRequest, tails: Sequence[Column], head: LoadedTable | None
) -> list[LinkType]:
    """Texts that name the head records: the columns whose names or codes are found in the example texts."""
    if head is None:
        return []
    wanted, unwanted = set(request.positives), set(request.negatives)
    found = []
    for tail in tails[:4]:
        for profile in head.columns.values():
            if profile.kind in ("boolean", "number", "date", "text") or profile.uniqueness < 0.5:
                continue
            side = Column(head.source, head.dataset, (profile.name,))
            kind = LinkKind.MENTION
            draft = LinkType(
                link_type_id(kind, tail, side),
                kind,
                tail,
                side,
                request.name or link_name(kind, tail, side),
                model=TAUGHT,
            )
            edges = {(edge.tail, edge.head) for edge in mention_edges(evident.workspace, evident.data, draft)}
            right = len(edges & wanted)
            if right >= ENOUGH * len(wanted) and not edges & unwanted:
                reason = f"Explains {right} of {len(wanted)} examples."
                promised = round(least_share(right, len(wanted)), 4)
                found.append(replace(draft, probability=promised, reasons=(reason,), estimated_edges=len(edges)))
    found.sort(key=lambda t: (-t.probability, -t.estimated_edges, t.id))
    return [describe(evident, one) for one in found[:FOUND]]
