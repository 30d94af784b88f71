"""Join tables: tables whose rows say little more than which records of two other tables belong together.

Where a source declares such a table's key, its rows are edges from the start. Without keys it looks like this: it refers to
exactly two tables, hardly any two rows name the same two records, nothing refers to it, and it says little else. Lines of
orders refer to two tables as well; what they measure makes them things of their own.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bifrost.errors import InputError
from bifrost.links import Column, LinkEdge, LinkKind, LinkState, LinkType, PairExample, link_type_id
from bifrost.values import Evidence
from linking.candidates import MIN_PROBABILITY, Scorers, make_link_type
from linking.conditions import condition_sql
from linking.describe import describe_rows, percent
from linking.joins import check_number, side_sql, text_sql
from linking.names import containment, is_id_name, table_words, words
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = [
    "JoinTable",
    "find_join_tables",
    "is_edge_already",
    "join_edges",
    "join_evidence",
    "join_features",
    "join_name",
    "join_tables",
    "proposal_of",
]

_SURE = 0.5
_MOST_OTHERS = 4
_DIFFERENT = 0.98
_BOTH = 0.8
_EXAMPLES = 5
_LIMIT = 6.0
_AMOUNTS = frozenset({
    "amount", "balance", "cost", "discount", "fee", "freight", "price", "quantity", "revenue", "salary", "tax", "total",
    "value", "weight",
})  # fmt: skip
"""Words for what one counts and pays: a row that has two of them is a thing of its own."""


@dataclass(frozen=True, slots=True)
class JoinTable:
    """A table and its two references, the tail's first; ``others`` are the columns that say something else."""

    table: LoadedTable
    tail: LinkType
    head: LinkType
    sure: float
    others: tuple[ColumnProfile, ...]
    own_key: bool

    @property
    def through(self) -> Column:
        return Column(self.table.source, self.table.dataset, (*self.tail.tail.columns, *self.head.tail.columns))

    @property
    def transform(self) -> dict[str, str]:
        """The rules of both references, as rules of the link type."""
        found = {}
        for side, reference in (("tail", self.tail), ("head", self.head)):
            for name in reference.tail.columns:
                found[f"through.{name}"] = _rule(reference, "tail", name)
            for name in reference.head.columns:
                found[f"{side}.{name}"] = _rule(reference, "head", name)
        return {key: rule for key, rule in found.items() if rule}


def _rule(reference: LinkType, side: str, column: str) -> str:
    return reference.transform.get(f"{side}.{column}", reference.transform.get(side, ""))


def join_tables(workspace: Workspace, references: Sequence[LinkType]) -> list[JoinTable]:
    """Tables with two likely references and little else. ``references`` are all that are known or likely, declared ones and
    those that people decided included."""
    likely = [r for r in references if _likely(r) >= _SURE]
    heads = {(r.head.source, r.head.dataset) for r in likely}
    by_table: dict[tuple[str, str], list[LinkType]] = defaultdict(list)
    for reference in likely:
        by_table[reference.tail.source, reference.tail.dataset].append(reference)
    found = []
    for key, mine in by_table.items():
        table = workspace.table(*key)
        ends = _two(mine) if key not in heads else None
        if table is not None and table.rows >= 4 and not table.of_documents and ends is not None:
            found += _join_table(workspace, table, ends)
    return found


def _likely(reference: LinkType) -> float:
    if reference.declared or reference.state is LinkState.CONFIRMED:
        return 1.0
    return reference.probability if reference.state is LinkState.PROPOSED else 0.0


def _two(references: Sequence[LinkType]) -> tuple[LinkType, LinkType] | None:
    """The table's references if they are by exactly two sets of columns that have nothing in common."""
    ranked = sorted(references, key=lambda r: (-len(r.tail.columns), -_likely(r), r.id))
    chosen: list[LinkType] = []
    for reference in ranked:
        if not any(set(reference.tail.columns) & set(other.tail.columns) for other in chosen):
            chosen.append(reference)
    return (chosen[0], chosen[1]) if len(chosen) == 2 else None


def _join_table(workspace: Workspace, table: LoadedTable, ends: tuple[LinkType, LinkType]) -> list[JoinTable]:
    own = [workspace.profiles_of(Column(r.tail.source, r.tail.dataset, r.tail.columns)) for r in ends]
    if any(not profiles or any(p.multivalued for p in profiles) for profiles in own):
        return []
    if any(len(p) == 1 and p[0].uniqueness >= 0.999 for p in own if p):  # one-to-one: no table between two others
        return []
    if table.source not in {r.head.source for r in ends}:
        return []  # a link type belongs to the sources of its ends: who may not see this one must not see its links
    first, second = sorted(ends, key=lambda r: min(table.columns[name].position for name in r.tail.columns))
    naming = {name for r in ends for name in r.tail.columns}
    rest = [p for name, p in table.columns.items() if name not in naming and p.nonnull]
    keys = [p for p in rest if p.key_like and p.kind in ("integer", "code") and (p.position == 0 or is_id_name(p.said))]
    others = tuple(p for p in rest if p not in keys)
    if len(others) > _MOST_OTHERS or _amounts(others) >= 2 or any(p.kind == "text" for p in others):
        return []
    return [JoinTable(table, first, second, min(_likely(r) for r in ends), others, bool(keys))]


def _amounts(columns: Sequence[ColumnProfile]) -> int:
    return sum(bool(words(p.said)) and words(p.said)[-1] in _AMOUNTS for p in columns)


# ---- joining ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Joined:
    """Tail, head and join table, and a query ``_row, tail_row, head_row`` for what the rows link."""

    tail: LoadedTable
    head: LoadedTable
    between: LoadedTable
    sql: str


def _joined(workspace: Workspace, link_type: LinkType) -> _Joined | None:
    """None where a table or column is gone. Raises InputError for more links than one type may make."""
    through = link_type.through
    if through is None:
        return None
    sides = (link_type.tail, link_type.head, through)
    tables = [workspace.table(side.source, side.dataset) for side in sides]
    stored = [workspace.stored_of(side) for side in sides]
    if any(t is None for t in tables) or any(not s for s in stored):
        return None
    tail, head, between = tables
    tail_columns, head_columns, columns = stored
    assert tail is not None
    assert head is not None
    assert between is not None
    assert tail_columns
    assert head_columns
    assert columns
    if len(columns) != len(tail_columns) + len(head_columns):
        raise InputError("A join table names each end by as many columns as its key has.")
    queries = (
        side_sql(between, columns[: len(tail_columns)], link_type.transform, "through"),
        side_sql(tail, tail_columns, link_type.transform, "tail"),
        side_sql(between, columns[len(tail_columns) :], link_type.transform, "through"),
        side_sql(head, head_columns, link_type.transform, "head"),
    )
    condition = condition_sql(link_type.condition, {name: text_sql(p) for name, p in between.stored.items()})
    rows = f"SELECT _row FROM {between.name} WHERE {condition}"
    check_number(str(through), _number(workspace, rows, queries))
    sql = (
        "SELECT a._row AS _row, b._row AS tail_row, d._row AS head_row "
        "FROM ({}) a JOIN ({}) b USING (value) JOIN ({}) c ON c._row = a._row JOIN ({}) d ON d.value = c.value"
    ).format(*queries)
    if condition != "TRUE":
        sql = f"SELECT e.* FROM ({sql}) e JOIN ({rows}) USING (_row)"
    return _Joined(tail, head, between, sql)


def _number(workspace: Workspace, rows: str, queries: tuple[str, str, str, str]) -> int:
    """How many links the rows make, counted without making them: columns that are no keys would make very many."""
    named = (
        "(SELECT v._row, sum(e.n) AS n FROM ({}) v JOIN (SELECT value, count(*) AS n FROM ({}) GROUP BY value) e USING (value) "
        "GROUP BY v._row)"
    )
    tails, heads = named.format(*queries[:2]), named.format(*queries[2:])
    ((links,),) = workspace.connection.execute(
        f"SELECT coalesce(sum(t.n * h.n), 0) FROM {tails} t JOIN {heads} h USING (_row) JOIN ({rows}) USING (_row)"
    ).fetchall()
    return int(links)


def join_edges(workspace: Workspace, link_type: LinkType) -> Iterator[LinkEdge]:
    """One edge per two records that a row names, with what the row says besides; of rows that say the same, the first."""
    found = _joined(workspace, link_type)
    if found is None or link_type.through is None:
        return iter(())
    tail, head, between = found.tail, found.head, found.between
    connection = workspace.connection
    others = [p for p in between.columns.values() if p.name not in link_type.through.columns and p.nonnull]
    connection.execute(f"CREATE OR REPLACE TEMP TABLE joined AS {found.sql}")
    columns = "".join(f", t.{p.sql} AS p{i}" for i, p in enumerate(others))
    table = connection.sql(
        f"""SELECT a._uid AS tail, b._uid AS head, t._uid AS through{columns}
        FROM (SELECT tail_row, head_row, min(_row) AS _row FROM joined GROUP BY tail_row, head_row) p
        JOIN {tail.name} a ON a._row = p.tail_row JOIN {head.name} b ON b._row = p.head_row
        JOIN {between.name} t ON t._row = p._row WHERE a._uid <> b._uid ORDER BY p._row, p.tail_row, p.head_row"""
    ).to_arrow_table()
    connection.execute("DROP TABLE joined")
    evidence = Evidence(f"link.{link_type.id}", 1.0, column="+".join(link_type.through.columns))
    return _edges(table, [p.name for p in others], evidence)


def _edges(table: Any, names: Sequence[str], evidence: Evidence) -> Iterator[LinkEdge]:
    for batch in table.to_batches(max_chunksize=10_000):
        rows = zip(*(batch.column(i).to_pylist() for i in range(batch.num_columns)), strict=True)
        for tail, head, through, *values in rows:
            said = {name: value for name, value in zip(names, values, strict=True) if value not in (None, [])}
            yield LinkEdge(tail, head, 1.0, evidence, said, through)


# ---- what a person is shown ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Counts:
    rows: int
    both: int
    pairs: int
    tails: int
    heads: int


def _counts(workspace: Workspace, found: _Joined) -> _Counts:
    (row,) = workspace.connection.execute(
        f"""SELECT {found.between.rows}, count(DISTINCT _row), count(DISTINCT (tail_row, head_row)),
        count(DISTINCT tail_row), count(DISTINCT head_row) FROM ({found.sql})"""
    ).fetchall()
    return _Counts(*(int(value) for value in row))


def join_features(workspace: Workspace, found: JoinTable, link_type: LinkType) -> dict[str, float] | None:
    """What tells a join table from a thing that refers to two others; None where too few rows name both ends, or where they
    would make too many links."""
    try:
        joined = _joined(workspace, link_type)
    except InputError:
        return None
    counts = None if joined is None else _counts(workspace, joined)
    if counts is None or not counts.both or counts.both < _BOTH * counts.rows:
        return None
    if counts.pairs < _DIFFERENT * counts.both or max(counts.tails, counts.heads) > 0.999 * counts.both:
        return None
    sure = min(max(found.sure, 1e-3), 1 - 1e-3)
    by_chance = counts.both**2 / (2 * counts.tails * counts.heads)
    own = set(table_words(found.table.dataset))
    ends = [set(table_words(side.dataset)) for side in (link_type.tail, link_type.head)]
    of_ends = own and all(any(containment((w,), tuple(end)) >= 0.8 for end in ends) for w in own)
    return {
        "reference_odds": min(math.log(sure / (1 - sure)), _LIMIT),
        "both_ends": counts.both / max(counts.rows, 1),
        "repeats_expected": math.log10(1 + by_chance),
        "others": float(len(found.others)),
        "amounts": float(_amounts(found.others)),
        "dates": float(sum(p.kind == "date" for p in found.others)),
        "own_key": float(found.own_key),
        "named_by_ends": float(bool(of_ends)),
        "declared_key": float(set(found.table.summary.info.key) == set(found.through.columns)),
        "same_ends": float(ends[0] == ends[1]),
    }


def join_name(found: JoinTable) -> str:
    """The join table's name, unless it only puts its ends' names together; then what it leads to."""
    own, head = table_words(found.table.dataset), table_words(found.head.head.dataset)
    tail = table_words(found.tail.head.dataset)
    said = [w for w in own if containment((w,), (*tail, *head)) < 0.8]
    return "_".join(own) if said else "_".join(head) or "record"


def join_evidence(workspace: Workspace, link_type: LinkType) -> dict[str, Any]:
    """The fields of a link type through a join table that its data give. Raises InputError for more links than one may make."""
    found = _joined(workspace, link_type)
    if found is None or link_type.through is None:
        return {}
    tail, head, between, sql = found.tail, found.head, found.between, found.sql
    counts = _counts(workspace, found)
    others = [p.name for p in between.columns.values() if p.name not in link_type.through.columns and p.nonnull]
    share = percent(counts.both / max(counts.rows, 1))
    ends = f"{counts.tails:,} records of {tail.dataset} with {counts.heads:,} of {head.dataset}"
    both = (
        f"a record of {tail.dataset} and one of {head.dataset}"
        if tail is not head
        else f"two records of {tail.dataset}"
    )
    reasons = [
        f"{share} of the {counts.rows:,} rows of {between.dataset} name {both}.",
        f"They link {ends} in {counts.pairs:,} different pairs.",
        f"What else a row says goes with its link: {', '.join(others)}." if others else "The rows say nothing else.",
        "No other table refers to it.",
    ]
    pairs = workspace.connection.execute(
        f"""SELECT a._uid, b._uid, p.tail_row, p.head_row, p._row FROM
        (SELECT * FROM ({sql}) ORDER BY hash(_row), tail_row, head_row LIMIT {_EXAMPLES}) p
        JOIN {tail.name} a ON a._row = p.tail_row JOIN {head.name} b ON b._row = p.head_row ORDER BY p._row"""
    ).fetchall()
    missing = workspace.connection.execute(
        f"SELECT _uid, _row FROM {between.name} WHERE _row NOT IN (SELECT _row FROM ({sql})) ORDER BY _row LIMIT 3"
    ).fetchall()
    tails, heads = (
        describe_rows(workspace, tail, [p[2] for p in pairs]),
        describe_rows(workspace, head, [p[3] for p in pairs]),
    )
    rows = _said(workspace, between, [p[4] for p in pairs] + [row for _, row in missing])
    return {
        "estimated_edges": counts.pairs,
        "cardinality": "many-to-many",
        "reasons": tuple(reasons),
        "examples": tuple(
            PairExample(t, h, tails.get(tr, t), heads.get(hr, h), 1.0, rows.get(row, "")) for t, h, tr, hr, row in pairs
        ),
        "counter_examples": tuple(
            PairExample(uid, "", rows.get(row, uid), "", 0.0, "names no two records") for uid, row in missing
        ),
    }


def _said(workspace: Workspace, table: LoadedTable, rows: Sequence[int]) -> dict[int, str]:
    """Rows of a join table as text, all columns."""
    parts = ", ".join(f"'{p.name.replace(chr(39), '')}: ' || left({text_sql(p)}, 40)" for p in table.columns.values())
    query = f"SELECT _row, concat_ws(', ', {parts}) FROM {table.name} WHERE list_contains(?, _row)"
    return dict(workspace.connection.execute(query, [list(rows)]).fetchall())


def proposal_of(found: JoinTable) -> LinkType:
    """The link type that a join table stands for, without evidence."""
    tail, head, kind = found.tail.head, found.head.head, LinkKind.JOIN_TABLE
    id = link_type_id(kind, tail, head, found.through)
    return LinkType(id, kind, tail, head, join_name(found), transform=found.transform, through=found.through)


def find_join_tables(
    workspace: Workspace, references: Sequence[LinkType], scorers: Scorers, keep: frozenset[str] = frozenset()
) -> list[LinkType]:
    """The links through join tables worth proposing. Those whose ids are in ``keep`` stay whatever their probability."""
    proposals = []
    for found in join_tables(workspace, references):
        draft = proposal_of(found)
        features = None if is_edge_already(found) else join_features(workspace, found, draft)
        if features is None:
            continue
        link_type = make_link_type(
            draft.kind, draft.tail, draft.head, features, scorers, through=draft.through, name=draft.name,
            transform=draft.transform,
        )  # fmt: skip
        if link_type.probability >= MIN_PROBABILITY or link_type.id in keep:
            proposals.append(replace(link_type, **join_evidence(workspace, link_type)))
    return proposals


def is_edge_already(found: JoinTable) -> bool:
    """Whether the source declares key and references, so that the rows are edges without any answer."""
    key: Mapping[str, None] = dict.fromkeys(found.table.summary.info.key)
    return found.tail.declared and found.head.declared and set(key) == set(found.through.columns)
