"""Reference link types as joins: the edges, their number, examples and counter-examples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bifrost.errors import InputError
from bifrost.link_columns import LinkColumns
from bifrost.links import LinkType
from bifrost.values import Evidence
from linking.conditions import condition_sql
from linking.forms import check_transform, has_split
from linking.loading import Stored
from linking.profiles import ColumnProfile
from linking.profiling import values_sql
from linking.workspace import LoadedTable, Workspace

__all__ = [
    "Examples",
    "agreement",
    "are_unique",
    "check_number",
    "count_edges",
    "examples",
    "reference_edges",
    "row_pairs_sql",
    "side_sql",
    "text_sql",
]

MOST_EDGES = 20_000_000
"""Links that one link type may make; more say that its columns name nothing in particular."""


def check_number(what: str, edges: int) -> None:
    """Raises InputError for more links than one link type may make."""
    if edges > MOST_EDGES:
        raise InputError(
            f"{what} would make {edges:,} links, more than {MOST_EDGES:,}.",
            remedy="Correct it with a condition or with columns that name fewer records.",
        )


def side_sql(
    table: LoadedTable, columns: Sequence[Stored | ColumnProfile], transform: Mapping[str, str], side: str
) -> str:
    """A query ``_row, value``: the normal form of a side's columns, one row per element of a multi-valued column.

    ``transform[side]`` applies to all columns, ``transform["tail.Name"]`` to one. Several columns are joined by a
    character that does not occur in values; such rows count only where all are filled.
    """
    default = transform.get(side, "")
    chains = [transform.get(f"{side}.{column.name}", default) for column in columns]
    for chain in chains:
        check_transform(chain)
    queries = [values_sql(table.name, c.sql, chain, c.is_list) for c, chain in zip(columns, chains, strict=True)]
    if len(queries) == 1:
        return queries[0]
    if any(c.is_list or has_split(chain) for c, chain in zip(columns, chains, strict=True)):
        raise InputError("A key of several columns cannot contain lists.", remedy="Choose single-valued columns.")
    joined = " JOIN ".join(f"({q}) q{i}" + (f" ON q{i}._row = q0._row" if i else "") for i, q in enumerate(queries))
    values = " || chr(31) || ".join(f"q{i}.value" for i in range(len(queries)))
    return f"SELECT q0._row AS _row, {values} AS value FROM {joined}"


def _sides(workspace: Workspace, link_type: LinkType) -> tuple[LoadedTable, LoadedTable, str, str] | None:
    """Both tables and their queries; None where a dataset or column is gone."""
    tail, head = workspace.stored_of(link_type.tail), workspace.stored_of(link_type.head)
    tail_table = workspace.table(link_type.tail.source, link_type.tail.dataset)
    head_table = workspace.table(link_type.head.source, link_type.head.dataset)
    if not tail or not head or tail_table is None or head_table is None:
        return None
    condition = condition_sql(link_type.condition, {name: text_sql(p) for name, p in tail_table.stored.items()})
    tail_sql = side_sql(tail_table, tail, link_type.transform, "tail")
    if condition != "TRUE":
        tail_sql = f"SELECT v._row, v.value FROM ({tail_sql}) v JOIN {tail_table.name} t USING (_row) WHERE {condition}"
    return tail_table, head_table, tail_sql, side_sql(head_table, head, link_type.transform, "head")


def row_pairs_sql(workspace: Workspace, link_type: LinkType) -> str | None:
    """A query ``tail_row, head_row``: the rows that a reference links, but for values that several head records share."""
    sides = _sides(workspace, link_type)
    if sides is None:
        return None
    _, _, tail, head = sides
    own = f"SELECT value, min(_row) AS _row FROM ({head}) GROUP BY value HAVING count(DISTINCT _row) = 1"
    return f"SELECT DISTINCT t._row AS tail_row, h._row AS head_row FROM ({tail}) t JOIN ({own}) h USING (value)"


def text_sql(column: Stored | ColumnProfile) -> str:
    """A workspace column as one text, lists too."""
    return f"array_to_string({column.sql}, '; ')" if column.is_list else column.sql


_JOIN = """
    WITH h AS (SELECT value, _row, count(*) OVER (PARTITION BY value) AS n FROM ({head}))
    SELECT t._row AS tail_row, h._row AS head_row, min(h.n) AS n FROM ({tail}) t JOIN h USING (value) GROUP BY t._row, h._row
"""
_MET = """
    WITH h AS (SELECT value, min(_row) AS head_row, count(*) AS n FROM ({head}) GROUP BY value)
    SELECT t.value, t.tail_row, t.rows, h.head_row, coalesce(h.n, 0) AS n
    FROM (SELECT value, min(_row) AS tail_row, count(*) AS rows FROM ({tail}) GROUP BY value) t LEFT JOIN h USING (value)
"""
"""Per value of the tail its first row and record, made without joining all records of a value with all: there may be very
many of both."""


def reference_edges(workspace: Workspace, link_type: LinkType) -> LinkColumns | None:
    """One edge per row and record it names (with one of its elements); a value shared by n head records gives each the score 1/n.

    None where a dataset or column is gone.
    """
    sides = _sides(workspace, link_type)
    if sides is None:
        return None
    tail, head, tail_sql, head_sql = sides
    edges, _, _ = count_edges(workspace, link_type)
    check_number(f"{link_type.tail} to {link_type.head}", edges)
    # A table of its own: the planner guesses the size of the join wrong and would join everything with everything.
    connection = workspace.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE named AS {_JOIN.format(tail=tail_sql, head=head_sql)}")
    table = connection.sql(
        f"""SELECT a._uid AS tail, b._uid AS head, 1.0::DOUBLE / p.n AS score,
        coalesce(a._place, -1) AS tail_place, coalesce(b._place, -1) AS head_place
        FROM named p JOIN {tail.name} a ON a._row = p.tail_row JOIN {head.name} b ON b._row = p.head_row
        WHERE a._uid <> b._uid ORDER BY p.tail_row, p.head_row"""
    ).to_arrow_table()
    connection.execute("DROP TABLE named")
    places = [table.column(name).to_numpy() for name in ("tail_place", "head_place")]
    return LinkColumns(
        table.column("tail"),
        table.column("head"),
        table.column("score").to_numpy(),
        np.stack(places, axis=1),
        Evidence(f"link.{link_type.id}", 1.0, column="+".join(link_type.tail.columns)),
    )


def count_edges(workspace: Workspace, link_type: LinkType) -> tuple[int, int, int]:
    """(edges, tail values, tail values that name nothing)."""
    sides = _sides(workspace, link_type)
    if sides is None:
        return 0, 0, 0
    _, _, tail_sql, head_sql = sides
    ((edges, matched, total),) = workspace.connection.execute(
        f"""WITH h AS (SELECT value, count(*) AS n FROM ({head_sql}) GROUP BY value)
        SELECT coalesce(sum(h.n), 0), count(h.n), count(*) FROM ({tail_sql}) t LEFT JOIN h USING (value)"""
    ).fetchall()
    return int(edges), int(total), int(total - matched)


def are_unique(workspace: Workspace, link_type: LinkType) -> tuple[bool, bool]:
    """Whether no two rows of the tail (of the head) have the same value."""
    sides = _sides(workspace, link_type)
    if sides is None:
        return False, False
    tail_different, head_different = (f"(SELECT count(*) = count(DISTINCT value) FROM ({sql}))" for sql in sides[2:])
    ((tail, head),) = workspace.connection.execute(f"SELECT {tail_different}, {head_different}").fetchall()
    return bool(tail), bool(head)


@dataclass(frozen=True, slots=True)
class Examples:
    """Of a reference: pairs (tail uid, head uid, value, tail row, head row) drawn by lot, such pairs at the edge of what is
    linked with their score and why, and values that name nothing (uid, value, row), the most frequent ones.

    ``edges``, ``values`` (of the tail) and ``missing`` (of these) as :func:`count_edges` gives them.
    """

    pairs: list[tuple[str, str, str, int, int]]
    borderline: list[tuple[str, str, str, int, int, float, str]]
    unmatched: list[tuple[str, str, int]]
    edges: int = 0
    values: int = 0
    missing: int = 0


def examples(workspace: Workspace, link_type: LinkType, limit: int) -> Examples:
    """``limit`` pairs with different values, up to two of them borderline, and three values that name nothing."""
    sides = _sides(workspace, link_type)
    if sides is None:
        return Examples([], [], [])
    tail, head, tail_sql, head_sql = sides
    connection = workspace.connection
    connection.execute(f"CREATE OR REPLACE TEMP TABLE met AS {_MET.format(tail=tail_sql, head=head_sql)}")
    ((edges, values, missing),) = connection.execute(
        "SELECT coalesce(sum(rows * n), 0), coalesce(sum(rows), 0), coalesce(sum(rows) FILTER (n = 0), 0) FROM met"
    ).fetchall()
    pairs = connection.execute(
        f"""SELECT a._uid, b._uid, p.value, p.tail_row, p.head_row
        FROM (SELECT * FROM met WHERE n > 0 ORDER BY n > 1, hash(value) LIMIT {limit}) p
        JOIN {tail.name} a ON a._row = p.tail_row JOIN {head.name} b ON b._row = p.head_row ORDER BY p.tail_row"""
    ).fetchall()
    unmatched = []
    if missing:
        unmatched = connection.execute(
            f"""SELECT a._uid, m.value, m.tail_row
            FROM (SELECT * FROM met WHERE n = 0 ORDER BY rows DESC, value LIMIT 3) m
            JOIN {tail.name} a ON a._row = m.tail_row ORDER BY m.tail_row"""
        ).fetchall()
    usual = {pair[:2] for pair in pairs[: limit - 2]}
    borderline = [pair for pair in _borderline(workspace, link_type, tail, head) if pair[:2] not in usual]
    connection.execute("DROP TABLE met")
    return Examples(pairs[: limit - len(borderline)], borderline, unmatched, int(edges), int(values), int(missing))


def _borderline(
    workspace: Workspace, link_type: LinkType, tail: LoadedTable, head: LoadedTable
) -> list[tuple[str, str, str, int, int, float, str]]:
    """A value that names several records, and one that is written differently on both sides; both in the table ``met``."""
    columns = workspace.stored_of(link_type.tail) or (), workspace.stored_of(link_type.head) or ()
    ways = [("p.n > 1", "names {n} records")]
    if len(columns[0]) == len(columns[1]) == 1 and not (columns[0][0].is_list or columns[1][0].is_list):
        # Case and padding differ everywhere; what a rule takes away is worth a look.
        different = f"lower(trim(a.{columns[0][0].sql})) <> lower(trim(b.{columns[1][0].sql}))"
        ways.append((f"p.n = 1 AND {different}", "written differently"))
    found = []
    for condition, note in ways:
        row = workspace.connection.execute(
            f"""SELECT a._uid, b._uid, p.value, p.tail_row, p.head_row, p.n FROM met p
            JOIN {tail.name} a ON a._row = p.tail_row JOIN {head.name} b ON b._row = p.head_row
            WHERE {condition} ORDER BY hash(p.value) DESC LIMIT 1"""
        ).fetchone()
        if row is not None:
            found.append((*row[:5], round(1 / row[5], 3), note.format(n=row[5])))
    return found


def agreement(workspace: Workspace, first: LinkType, second: LinkType) -> float:
    """The share of the smaller one's tail rows which both references (of the same two tables) link to the same record."""
    sides_a, sides_b = _sides(workspace, first), _sides(workspace, second)
    if sides_a is None or sides_b is None:
        return 0.0
    query = "SELECT DISTINCT t._row AS t, h._row AS h FROM ({tail}) t JOIN ({head}) h USING (value)"
    a, b = (query.format(tail=s[2], head=s[3]) for s in (sides_a, sides_b))
    ((both, n_a, n_b),) = workspace.connection.execute(
        f"""WITH a AS MATERIALIZED ({a}), b AS MATERIALIZED ({b})
        SELECT (SELECT count(*) FROM a JOIN b USING (t, h)), (SELECT count(*) FROM a), (SELECT count(*) FROM b)"""
    ).fetchall()
    return float(both / max(min(n_a, n_b), 1))
