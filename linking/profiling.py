"""Profiles columns with DuckDB, many columns per statement.

Distinct values are hashed once per normal form into ``value_hash``; the ``SAMPLE`` smallest hashes of each form, its KMV
sketch (Bar-Yossef et al. 2002), go into ``sample_hash``. Running text is only sampled.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bifrost.catalog import DatasetSummary
from linking.forms import base_sql, elements_sql, forms_sql, literal
from linking.profiles import (
    LONG_TEXT,
    SAMPLE,
    ColumnProfile,
    are_uncommon,
    character_shares,
    common_prefix,
    extra_forms,
    is_list_text,
    kind_of,
    numbers_in,
    shape,
)

__all__ = ["create_sketches", "profile_table", "values_sql"]

_COLUMNS_AT_ONCE = 32
_PEEK = 1_000

Counted = list[tuple[str, int]]


@dataclass(slots=True)
class _Column:
    """What is gathered about a column before its profile is made."""

    id: int
    name: str
    sql: str
    is_list: bool
    mean_raw: float = 0.0
    max_raw: int = 0
    split: bool = False
    nonnull: int = 0
    distinct: int = 0
    sample: Counted | None = None

    @property
    def text_sql(self) -> str:
        return f"array_to_string({self.sql}, ' ')" if self.is_list else self.sql

    @property
    def first_form(self) -> str:
        return "split" if self.split else ""

    @property
    def is_text(self) -> bool:
        return self.mean_raw > LONG_TEXT and not self.is_list and not self.split


def create_sketches(connection: Any) -> None:
    """Makes the workspace's tables of value hashes and sketches."""
    for name in ("value_hash", "sample_hash"):
        connection.execute(f"CREATE TABLE {name} (col INTEGER, form VARCHAR, hash UBIGINT, n BIGINT)")


def values_sql(table: str, column: str, transform: str, is_list: bool) -> str:
    """A query ``_row, value`` over a workspace column: the normal form of each value (or element) that is not NULL."""
    if is_list:
        raw = f"SELECT _row, unnest({column}) AS raw FROM {table}"
    elif transform == "split" or transform.startswith("split |"):
        raw = f"SELECT _row, unnest({elements_sql(column)}) AS raw FROM {table}"
    else:
        raw = f"SELECT _row, {column} AS raw FROM {table}"
    return forms_sql(raw, transform)


def profile_table(
    connection: Any,
    table: str,
    rows: int,
    columns: Mapping[str, tuple[str, bool]],
    summary: DatasetSummary,
    first_id: int,
) -> dict[str, ColumnProfile]:
    """Profiles all columns of a workspace table and writes their hashes and sketches into the workspace."""
    gathered = [_Column(first_id + i, name, sql, is_list) for i, (name, (sql, is_list)) in enumerate(columns.items())]
    if rows:
        _measure(connection, table, gathered)
        compared = [c for c in gathered if not c.is_text]
        for part in _parts(compared):
            queries = [(c.id, c.first_form, values_sql(table, c.sql, c.first_form, c.is_list)) for c in part]
            _store(connection, queries)
            _read_back(connection, part)
        for c in gathered:
            if c.is_text:
                _sample_text(connection, table, c)
    declared = {column.name: column for column in summary.info.columns}
    profiles = {}
    extra: list[tuple[int, str, str]] = []
    for position, c in enumerate(gathered):
        info = declared.get(c.name)
        profile = _profile(
            c, table, rows, summary, position, info.type if info else "text", info.comment if info else ""
        )
        profiles[c.name] = profile
        extra += [(c.id, form, values_sql(table, c.sql, form, c.is_list)) for form in profile.forms[1:]]
    for chunk in _parts(extra):
        _store(connection, chunk)
    return profiles


def _parts(items: Iterable[Any]) -> Iterable[list[Any]]:
    iterator = iter(items)
    while part := list(islice(iterator, _COLUMNS_AT_ONCE)):
        yield part


def _measure(connection: Any, table: str, columns: Sequence[_Column]) -> None:
    """Lengths of all columns, and which of them are lists written as text (that shows in a few values)."""
    for part in _parts(columns):
        lengths = ", ".join(f"avg(length({c.text_sql})), max(length({c.text_sql}))" for c in part)
        (row,) = connection.execute(f"SELECT {lengths} FROM {table}").fetchall()
        names = ", ".join(c.sql for c in part)
        peek = connection.execute(f"SELECT {names} FROM {table} LIMIT {_PEEK}").fetchall()
        for i, c in enumerate(part):
            c.mean_raw, c.max_raw = row[2 * i] or 0.0, row[2 * i + 1] or 0
            c.split = not c.is_list and is_list_text([r[i] for r in peek if r[i] is not None])


def _store(connection: Any, queries: Sequence[tuple[int, str, str]]) -> None:
    """Adds the hashes and sketches of some columns' forms; leaves the values in the temporary table ``form_value``."""
    union = " UNION ALL ".join(
        f"SELECT {column}::INTEGER AS col, {literal(form)} AS form, value FROM ({query})"
        for column, form, query in queries
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE form_value AS "
        f"SELECT col, form, value, hash(value) AS hash, count(*) AS n FROM ({union}) GROUP BY col, form, value"
    )
    connection.execute("INSERT INTO value_hash SELECT col, form, hash, n FROM form_value")
    connection.execute(
        "INSERT INTO sample_hash SELECT col, form, hash, n FROM form_value "
        f"QUALIFY row_number() OVER (PARTITION BY col, form ORDER BY hash) <= {SAMPLE}"
    )


def _read_back(connection: Any, columns: Sequence[_Column]) -> None:
    place = {c.id: c for c in columns}
    for column, nonnull, distinct in connection.execute(
        "SELECT col, sum(n), count(*) FROM form_value GROUP BY col"
    ).fetchall():
        place[column].nonnull, place[column].distinct = int(nonnull), int(distinct)
    samples: dict[int, Counted] = defaultdict(list)
    for column, value, n in connection.execute(
        "SELECT col, value, n FROM form_value "
        f"QUALIFY row_number() OVER (PARTITION BY col ORDER BY hash) <= {SAMPLE} ORDER BY col, hash"
    ).fetchall():
        samples[column].append((value, int(n)))
    for c in columns:
        c.sample = samples[c.id]


def _sample_text(connection: Any, table: str, c: _Column) -> None:
    cut = base_sql(f"left({c.sql}, 400)")
    rows = connection.execute(f"SELECT {cut} FROM {table} USING SAMPLE 200 ROWS (reservoir, 1)").fetchall()
    c.sample = [(text, 1) for (text,) in rows if text is not None]
    ((nonnull, distinct),) = connection.execute(
        f"SELECT count({c.sql}), approx_count_distinct({c.sql}) FROM {table}"
    ).fetchall()
    c.nonnull, c.distinct = int(nonnull), min(int(distinct), int(nonnull))


def _profile(
    c: _Column, table: str, rows: int, summary: DatasetSummary, position: int, type: str, comment: str
) -> ColumnProfile:
    sample = c.sample or []
    values = [value for value, _ in sample]
    kind = kind_of(values, c.is_text, type)
    numbered = kind == "code" or (kind == "name" and are_uncommon(values, c.distinct))
    prefix = common_prefix(values) if numbered else ""
    forms = (c.first_form, *(() if c.is_text else extra_forms(values, kind, prefix, c.first_form)))
    numbers = numbers_in(values)
    letters, digits, length = character_shares(values)
    counts = Counter(map(shape, values))
    return ColumnProfile(
        id=c.id, table=table, sql=c.sql, source=summary.source, dataset=summary.info.name, name=c.name, type=type,
        comment=comment, position=position, rows=rows, nonnull=c.nonnull, distinct=c.distinct, is_list=c.is_list,
        kind=kind, mean_length=length, max_length=c.max_raw,
        mean_words=sum(len(v.split()) for v in values) / len(values) if values else 0.0,
        digit_share=digits, letter_share=letters, low=min(numbers, default=0.0), high=max(numbers, default=0.0),
        prefix=prefix, shapes=tuple((s, n / len(values)) for s, n in counts.most_common(5)),
        sample=tuple(values), sample_counts=tuple(n for _, n in sample), forms=forms, said=c.name,
    )  # fmt: skip
