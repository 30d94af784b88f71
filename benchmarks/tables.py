"""Databases and folders as linking data, keys stripped or not, without a store: what the linking benchmarks read."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

from bifrost.links import Column
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Reference
from linking.memory import MemoryData

__all__ = ["References", "add_sqlite", "read_csv"]

References = set[tuple[Column, Column]]


def _type(declared: str) -> str:
    upper = declared.upper()
    if "INT" in upper:
        return "integer"
    return "number" if any(word in upper for word in ("REAL", "NUMERIC", "DEC", "FLOAT", "DOUBLE")) else "text"


def add_sqlite(
    data: MemoryData, path: Path, source: str, *, keys: bool, omit: frozenset[str] = frozenset()
) -> References:
    """Adds all tables of a database and returns its declared references. ``keys`` False strips all keys before."""
    truth: References = set()
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        for name in names:
            if name in omit:
                continue
            columns = database.execute(f'PRAGMA table_info("{name}")').fetchall()
            references = _references(database, name)
            for reference in references:
                targets = reference.target_columns
                truth.add((Column(source, name, reference.columns), Column(source, reference.dataset, targets)))
            key = tuple(c["name"] for c in sorted((c for c in columns if c["pk"]), key=lambda c: c["pk"]))
            info = DatasetInfo(
                name,
                DatasetKind.TABLE,
                tuple(ColumnInfo(c["name"], _type(c["type"])) for c in columns),
                key=key if keys else (),
                references=tuple(references) if keys else (),
            )
            rows = [dict(row) for row in database.execute(f'SELECT * FROM "{name}"')]
            data.add_rows(source, name, rows, info)
    return truth


def _references(database: sqlite3.Connection, table: str) -> list[Reference]:
    parts: dict[int, list[sqlite3.Row]] = {}
    for row in database.execute(f'PRAGMA foreign_key_list("{table}")'):
        parts.setdefault(row["id"], []).append(row)
    found = []
    for rows in parts.values():
        rows.sort(key=lambda row: row["seq"])
        target = rows[0]["table"]
        keys = [r["name"] for r in database.execute(f'PRAGMA table_info("{target}")') if r["pk"]]
        columns = tuple(row["to"] or keys[i] for i, row in enumerate(rows))
        found.append(Reference(tuple(row["from"] for row in rows), target, columns))
    return found


def read_csv(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file as dictionaries."""
    csv.field_size_limit(10_000_000)
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))
