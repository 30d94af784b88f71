"""The rows that a bulk load prepared and is about to write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, cast

from bifrost.documents import Document
from graphstore.inserting import interleaved
from graphstore.values import clean_text

__all__ = ["FRAGMENT", "LINK", "RECORD", "Rows", "clean_texts", "ids_of"]

RECORD = ("id", "dataset", "key", "digest")
FRAGMENT = ("id", "uid", "record", "dataset", "type", "properties", "evidence", "canonical")
LINK = ("id", "uid", "record", "type", "tail", "head", "properties", "evidence", "score")
_RECORDS, _LINKS = 5_000, 25_000
"""Written together."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records and links are values that follow each other, fragments are columns; documents come with their record and
    fragment."""

    records: list[Any] = field(default_factory=list)
    fragments: tuple[list[Any], ...] = field(default_factory=lambda: tuple([] for _ in FRAGMENT))
    links: list[Any] = field(default_factory=list)
    documents: list[tuple[int, int, Document]] = field(default_factory=list)

    def add_fragments(self, *columns: Sequence[Any]) -> None:
        """Columns of equal length, as :data:`FRAGMENT` names them."""
        for column, values in zip(self.fragments, columns, strict=True):
            column.extend(values)

    def are_many(self) -> bool:
        """Whether it is time to write them."""
        return len(self.records) >= len(RECORD) * _RECORDS or len(self.links) >= len(LINK) * _LINKS

    def fragments_by_id(self) -> list[Any]:
        """Values of fragments that follow each other, ordered by id. Ids of ends seen first lie apart: in this order each
        page is touched once."""
        ids = self.fragments[0]
        columns: Sequence[Sequence[Any]] = self.fragments
        if len(ids) > 1:
            take = itemgetter(*sorted(range(len(ids)), key=ids.__getitem__))
            columns = [take(column) for column in columns]
        return interleaved(columns)


def ids_of(names: Sequence[str], known: Mapping[str, int], new: Callable[[str], int]) -> list[int]:
    """The id of each name; ``new`` gives that of one not known yet, and makes it known."""
    ids = list(map(known.get, names))
    if None in ids:
        return [known.get(name) or new(name) for name in names]
    return cast(list[int], ids)


def clean_texts(texts: Sequence[str]) -> Sequence[str]:
    """:func:`clean_text` of each, at once where none needs it."""
    joined = "".join(texts)
    return texts if joined.isascii() and "\x00" not in joined else list(map(clean_text, texts))
