"""Which texts may name records, and which columns hold names and codes that they may be named by."""

from collections.abc import Sequence

from bifrost.links import Column, LinkType
from bifrost.ports import LinkingData
from bifrost.values import DatasetKind
from linking.mentions.scan import Head
from linking.names import ID_WORDS, is_id_name, table_words, words
from linking.profiles import ColumnProfile
from linking.workspace import LoadedTable, Workspace

__all__ = ["also_of", "head_of", "mention_heads", "mention_tails", "nameable", "person_name"]


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
        usable = [p for p in table.columns.values() if nameable(p)]
        for p in usable:
            heads.append(head_of(len(heads), table, (p,)))
        first, last = person_name(table)
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


def nameable(p: ColumnProfile) -> bool:
    if p.kind == "integer":
        return p.key_like and p.low >= 1000 and is_id_name(p.name)
    wordy = p.kind == "name" and p.uniqueness >= 0.9 and p.mean_words <= 6 and p.letter_share >= 0.5
    return p.distinct >= 2 and not p.multivalued and (wordy or (p.kind == "code" and p.key_like))


def person_name(table: LoadedTable) -> tuple[ColumnProfile | None, ColumnProfile | None]:
    def pick(*options: tuple[str, ...]) -> ColumnProfile | None:
        return next(
            (p for p in table.columns.values() if words(p.name) in options and p.kind in ("name", "code")), None
        )

    first = pick(("first", "name"), ("first",), ("given", "name"), ("forename",), ("firstname",))
    last = pick(("last", "name"), ("last",), ("family", "name"), ("surname",), ("lastname",))
    return first, last
