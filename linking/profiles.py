"""What is known of a column without comparing it with any other: counts, shapes, ranges, sketches.

Exact figures come from DuckDB; everything about how values look comes from a sample of at most 1,000 distinct values,
those with the smallest hashes, which is at the same time the column's KMV sketch (Bar-Yossef et al. 2002).
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bifrost.catalog import DatasetSummary
from linking.forms import base_sql, elements_sql, form_sql

__all__ = ["LONG_TEXT", "SAMPLE", "ColumnProfile", "profile_table", "shape", "values_sql"]

SAMPLE = 1_000
LONG_TEXT = 120
"""Mean characters above which a column is text to be read, not values to be compared."""

_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"[-+]?[^\w\s.,()-]?\s?\d[\d,.]*(e[-+]?\d+)?\s?%?")
_DATE = re.compile(
    r"\d{4}-\d{2}-\d{2}([ t]\d{2}:\d{2}.*)?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}( \d{2}:\d{2}.*)?|\d{2}:\d{2}(:\d{2}.*)?"
)
_BOOLEAN = frozenset({"0", "1", "true", "false", "yes", "no", "y", "n", "t", "f"})
_LIST = re.compile(r"\[.*\]|\{.*\}|[^,;|]{1,40}([;|,]\s*[^,;|]{1,40})+")
_PREFIX = re.compile(r"\D*[^\W\d_]\D*")


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column as linking sees it. Shares lie in [0, 1] and refer to the distinct sampled values.

    ``kind`` is integer, number, date, boolean, code (short, with digits or of one shape), name (a few words) or text.
    ``sample`` holds base forms, ``sample_counts`` how many rows have each. ``forms`` lists the transforms whose hashes
    are in the workspace; the first is the one to compare by ("" or "split"). ``table`` and ``sql`` are its names there.
    """

    id: int
    table: str
    sql: str
    source: str
    dataset: str
    name: str
    type: str
    comment: str
    position: int
    rows: int
    nonnull: int
    distinct: int
    is_list: bool
    kind: str
    mean_length: float
    max_length: int
    mean_words: float
    digit_share: float
    letter_share: float
    low: float
    high: float
    prefix: str
    shapes: tuple[tuple[str, float], ...]
    sample: tuple[str, ...]
    sample_counts: tuple[int, ...]
    forms: tuple[str, ...]

    @property
    def uniqueness(self) -> float:
        return self.distinct / self.nonnull if self.nonnull else 0.0

    @property
    def null_share(self) -> float:
        return 1 - min(self.nonnull, self.rows) / self.rows if self.rows else 1.0

    @property
    def multivalued(self) -> bool:
        return self.is_list or "split" in self.forms[:1]

    @property
    def key_like(self) -> bool:
        """Whether the column may name the records of its table: (nearly) unique, (nearly) complete, not a measure."""
        return (
            (self.distinct >= 2 or (self.distinct == 1 and self.rows == 1))
            and self.uniqueness >= 0.97
            and self.null_share <= 0.1
            and self.kind in ("integer", "code", "name")
            and not self.multivalued
        )

    def text(self) -> str:
        return f"{self.dataset}.{self.name}"


def shape(value: str) -> str:
    """Runs of letters as ``a``, of digits as ``9``; everything else stays. ``emp_0106`` is ``a_9``."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", value))[:24]


def profile_table(
    connection: Any,
    table: str,
    rows: int,
    columns: Mapping[str, tuple[str, bool]],
    summary: DatasetSummary,
    first_id: int,
) -> dict[str, ColumnProfile]:
    """Profiles every column of a workspace table and writes its value hashes and sketch into the workspace."""
    declared = {column.name: column for column in summary.info.columns}
    profiles = {}
    for position, (name, (sql, is_list)) in enumerate(columns.items()):
        info = declared.get(name)
        profiles[name] = _profile_column(
            connection,
            table,
            rows,
            summary,
            first_id + position,
            name,
            sql,
            is_list=is_list,
            declared_type=info.type if info else "text",
            comment=info.comment if info else "",
            position=position,
        )
    return profiles


def values_sql(table: str, column: str, transform: str, is_list: bool) -> str:
    """A query ``_row, value`` over a workspace column: the normal form of each value (or element) that is not NULL."""
    if is_list:
        raw = f"SELECT _row, unnest({column}) AS raw FROM {table}"
    elif transform == "split" or transform.startswith("split |"):
        raw = f"SELECT _row, unnest({elements_sql(column)}) AS raw FROM {table}"
    else:
        raw = f"SELECT _row, {column} AS raw FROM {table}"
    return f"SELECT _row, {form_sql('raw', transform)} AS value FROM ({raw}) WHERE value IS NOT NULL"


def _profile_column(
    connection: Any,
    table: str,
    rows: int,
    summary: DatasetSummary,
    id: int,
    name: str,
    sql: str,
    *,
    is_list: bool,
    declared_type: str,
    comment: str,
    position: int,
) -> ColumnProfile:
    plain = f"array_to_string({sql}, ' ')" if is_list else sql
    mean_raw, max_raw = connection.execute(f"SELECT avg(length({plain})), max(length({plain})) FROM {table}").fetchone()
    long_text = (mean_raw or 0) > LONG_TEXT and not is_list
    # A list written as text may be long; whether it is one shows in a few values.
    head = [
        v for (v,) in connection.execute(f"SELECT {plain} FROM {table} WHERE {plain} IS NOT NULL LIMIT 200").fetchall()
    ]
    split = not is_list and _is_list_text(head)
    forms = ["split"] if split else [""]
    if long_text and not split:
        sample = [(base, 1) for (base,) in connection.execute(
            f"SELECT {base_sql(f'left({plain}, 400)')} AS v FROM {table} USING SAMPLE 200 ROWS (reservoir, 1)"
        ).fetchall() if base is not None]  # fmt: skip
        ((nonnull, distinct),) = connection.execute(
            f"SELECT count({plain}), approx_count_distinct({plain}) FROM {table}"
        ).fetchall()
    else:
        store_hashes(connection, id, forms[0], values_sql(table, sql, forms[0], is_list))
        ((nonnull, distinct),) = connection.execute("SELECT coalesce(sum(n), 0), count(*) FROM form_value").fetchall()
        sample = connection.execute(f"SELECT value, n FROM form_value ORDER BY hash LIMIT {SAMPLE}").fetchall()
    values = [value for value, _ in sample]
    kind = _kind(values, long_text and not split, declared_type)
    prefix = _common_prefix(values) if kind == "code" else ""
    for form in extra_forms(values, kind, prefix, forms[0]) if not long_text or split else []:
        store_hashes(connection, id, form, values_sql(table, sql, form, is_list))
        forms.append(form)
    numbers = [float(v) for v in values if _INTEGER.fullmatch(v)] if kind == "integer" else _numbers(values)
    letters, digits, length = _character_shares(values)
    counts = Counter(shape(value) for value in values)
    return ColumnProfile(
        id=id, table=table, sql=sql, source=summary.source, dataset=summary.info.name, name=name, type=declared_type,
        comment=comment, position=position, rows=rows, nonnull=int(nonnull), distinct=int(distinct), is_list=is_list,
        kind=kind, mean_length=length, max_length=int(max_raw or 0),
        mean_words=sum(len(v.split()) for v in values) / len(values) if values else 0.0,
        digit_share=digits, letter_share=letters, low=min(numbers, default=0.0), high=max(numbers, default=0.0),
        prefix=prefix, shapes=tuple((s, n / len(values)) for s, n in counts.most_common(5)),
        sample=tuple(values), sample_counts=tuple(int(n) for _, n in sample), forms=tuple(forms),
    )  # fmt: skip


def store_hashes(connection: Any, column: int, form: str, query: str) -> None:
    """Adds the distinct hashes of a form and its sketch, the ``SAMPLE`` smallest; leaves the values in ``form_value``."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE form_value AS "
        f"SELECT value, hash(value) AS hash, count(*) AS n FROM ({query}) GROUP BY value"
    )
    connection.execute("INSERT INTO value_hash SELECT ?, ?, hash, n FROM form_value", [column, form])
    connection.execute(
        f"INSERT INTO sample_hash SELECT ?, ?, hash, n FROM form_value ORDER BY hash LIMIT {SAMPLE}", [column, form]
    )


def extra_forms(values: Sequence[str], kind: str, prefix: str, first: str) -> list[str]:
    """Further normal forms by which a column may agree with another one, most specific last."""
    start = f"{first} | " if first else ""
    forms = []
    if kind in ("integer", "code") and any(len(v) > 1 and v.startswith("0") for v in values):
        forms.append(f"{start}strip_zeros")
    if prefix:
        zeros = any(v[len(prefix) :].startswith("0") for v in values if v.startswith(prefix))
        forms.append(f"{start}strip_prefix:{prefix}" + (" | strip_zeros" if zeros else ""))
    if kind == "code" and sum(not v.isalnum() for v in values) > 0.3 * len(values):
        forms.append(f"{start}alnum")
    return forms


def _is_list_text(values: Sequence[str]) -> bool:
    """Whether values are lists of codes written as text: brackets around, or separators between short codes."""
    filled = [v.strip() for v in values if v.strip() and v.strip().lower() not in ("none", "null", "nan")]
    if len(filled) < 2:
        return False
    bracketed = sum(v[0] in "[{(" and v[-1] in "]})" for v in filled)
    if bracketed >= 0.9 * len(filled):
        return True
    several = [v for v in filled if _LIST.fullmatch(v) and len(v) < 400]
    if len(several) < 0.2 * len(filled):
        return False
    elements = [e.strip() for v in filled for e in re.split(r"[,;|]", v)]
    codes = sum(bool(re.fullmatch(r"(?=.*\d)[\w.-]{2,24}", e)) for e in elements)
    return codes >= 0.95 * len(elements)


def _kind(values: Sequence[str], long_text: bool, declared: str) -> str:
    if long_text:
        return "text"
    if not values:
        return "name"
    total = len(values)
    if set(values) <= _BOOLEAN and total <= 2 and declared not in ("integer",):
        return "boolean"
    if sum(bool(_INTEGER.fullmatch(v)) for v in values) >= 0.98 * total:
        return "integer"
    if sum(bool(_DATE.fullmatch(v)) for v in values) >= 0.9 * total:
        return "date"
    if sum(bool(_NUMBER.fullmatch(v)) for v in values) >= 0.95 * total:
        return "number"
    words = sum(len(v.split()) for v in values) / total
    length = sum(map(len, values)) / total
    if words > 8:
        return "text"
    with_digit = sum(any(c.isdigit() for c in v) for v in values) / total
    one_length = Counter(map(len, values)).most_common(1)[0][1] / total
    if words <= 1.05 and (with_digit >= 0.7 or (one_length >= 0.9 and length <= 12)) and length <= 48:
        return "code"
    return "name"


def _common_prefix(values: Sequence[str]) -> str:
    """The fixed beginning of nearly all codes (``emp_``), with a letter in it and a digit after it; else nothing."""
    counts = Counter(match.group() for v in values if (match := _PREFIX.match(v)) and len(v) > match.end())
    if not counts:
        return ""
    prefix, count = counts.most_common(1)[0]
    return prefix if count >= 0.9 * len(values) and len(values) >= 2 and len(prefix) <= 16 else ""


def _numbers(values: Sequence[str]) -> list[float]:
    found = []
    for value in values:
        if _NUMBER.fullmatch(value):
            text = re.sub(r"[^\d.e+-]", "", value.replace(",", ""))
            try:
                found.append(float(text))
            except ValueError:
                continue
    return found if len(found) >= 0.5 * len(values) else []


def _character_shares(values: Sequence[str]) -> tuple[float, float, float]:
    text = "".join(values)
    if not text:
        return 0.0, 0.0, 0.0
    return (
        sum(c.isalpha() for c in text) / len(text),
        sum(c.isdigit() for c in text) / len(text),
        len(text) / len(values),
    )
