"""The rows that a bulk load prepared and is about to write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from typing import Any, cast

from bifrost.documents import Document

__all__ = ["FRAGMENT", "LINK", "RECORD", "Rows", "by_id", "ids_of"]

Row = tuple[Any, ...]
RECORD = ("id", "dataset", "key", "digest")
FRAGMENT = ("id", "uid", "record", "dataset", "type", "properties", "evidence", "canonical")
LINK = ("id", "uid", "record", "type", "tail", "head", "properties", "evidence", "score")
_RECORDS, _LINKS = 5_000, 25_000
"""Written together."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Records and links are values that follow each other; documents come with their record and fragment."""

    records: list[Any] = field(default_factory=list)
    fragments: list[Row] = field(default_factory=list)
    vertices: list[Row] = field(default_factory=list)
    links: list[Any] = field(default_factory=list)
    documents: list[tuple[int, int, Document]] = field(default_factory=list)

    def are_many(self) -> bool:
        """Whether it is time to write them."""
        return len(self.records) >= len(RECORD) * _RECORDS or len(self.links) >= len(LINK) * _LINKS


def by_id(rows: list[Row]) -> list[Any]:
    """Their values, ordered by their first. Ids of ends seen first lie apart: in this order each page is touched once."""
    rows.sort(key=itemgetter(0))
    return list(chain.from_iterable(rows))


def ids_of(names: Sequence[str], known: Mapping[str, int], new: Callable[[str], int]) -> list[int]:
    """The id of each name; ``new`` gives that of one not known yet, and makes it known."""
    ids = list(map(known.get, names))
    if None in ids:
        return [known.get(name) or new(name) for name in names]
    return cast(list[int], ids)
