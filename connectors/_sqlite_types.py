"""The types of SQLite columns. SQLite declares little and checks less, so one aggregate query looks at what is stored."""

from collections.abc import Sequence

from sqlalchemy import Connection, text
from sqlalchemy.engine.interfaces import ReflectedColumn

__all__ = ["sqlite_types"]

_COLUMNS_PER_QUERY = 100
_DAY = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'"
_MOMENT = "'[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9][ T][0-9][0-9]:[0-9][0-9]*'"


def sqlite_types(
    connection: Connection, table: str, reflected: Sequence[ReflectedColumn]
) -> tuple[dict[str, str], int]:
    """Our type of each column ("binary" for pure blobs), and the number of rows. Scans the table once per 100 columns."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    kinds: dict[str, str] = {}
    rows = 0
    for start in range(0, len(reflected), _COLUMNS_PER_QUERY):
        some = reflected[start : start + _COLUMNS_PER_QUERY]
        parts = ["count(*)"]
        for entry in some:
            name, declared = quote(entry["name"]), str(entry["type"]).upper()
            stored = f"typeof({name})"
            parts += [f"max({stored} = '{kind}')" for kind in ("text", "real", "integer", "blob")]
            # what only some declarations need is looked at only for them
            parts += (
                [
                    f"max({stored} = 'text' AND {name} NOT GLOB {_DAY})",
                    f"max({stored} = 'text' AND {name} NOT GLOB {_DAY} AND {name} NOT GLOB {_MOMENT})",
                ]
                if _is_temporal(declared)
                else ["1", "1"]
            )
            parts.append(f"max({name} NOT IN (0, 1))" if "BOOL" in declared else "1")
        statement = f"SELECT {', '.join(parts)} FROM {quote(table)}".replace(":", "\\:")
        rows, *flags = connection.execute(text(statement)).one()
        for at, entry in enumerate(some):
            kinds[entry["name"]] = _kind(
                str(entry["type"]).upper(), *(bool(flag) for flag in flags[7 * at : 7 * at + 7])
            )
    return kinds, rows


def _kind(
    declared: str,
    has_text: bool,
    has_real: bool,
    has_integer: bool,
    has_blob: bool,
    not_day: bool,
    not_moment: bool,
    not_bit: bool,
) -> str:
    if has_blob:
        return "text" if has_text or has_real or has_integer else "binary"
    if has_text:
        if not _is_temporal(declared) or has_real or has_integer or not_moment:
            return "text"
        return "datetime" if not_day else "date"
    if has_real:
        return "number"
    if has_integer:
        if "BOOL" in declared and not not_bit:
            return "boolean"
        return "number" if any(word in declared for word in ("NUM", "DEC", "REAL", "FLOA", "DOUB")) else "integer"
    return _declared_only(declared)


def _is_temporal(declared: str) -> bool:
    return "DATE" in declared or "TIME" in declared


def _declared_only(declared: str) -> str:
    """For a column without values: what its declaration suggests."""
    for words, kind in (
        (("BLOB", "BINARY"), "binary"),
        (("BOOL",), "boolean"),
        (("DATETIME", "TIMESTAMP"), "datetime"),
        (("DATE",), "date"),
        (("INT",), "integer"),
        (("NUM", "DEC", "REAL", "FLOA", "DOUB"), "number"),
    ):
        if any(word in declared for word in words):
            return kind
    return "text"
