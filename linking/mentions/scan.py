"""Runs the look-up over documents and long text columns of the linking data."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bifrost.collecting import no_garbage_collection
from bifrost.links import Column
from bifrost.ports import LinkingData
from bifrost.values import DatasetKind
from linking.mentions.find import Hit, find
from linking.mentions.lexicon import BARE, Lexicon
from linking.mentions.ocr import OcrIndex
from linking.names import containment, words
from linking.workspace import Workspace

__all__ = [
    "Finder",
    "FoundMention",
    "Head",
    "Looking",
    "Text",
    "build_lexicon",
    "confidence",
    "number_of_texts",
    "scan_column",
    "scan_documents",
]

_MAX_VALUES = 2_000_000
_MIN_MARGIN = 0.5


@dataclass(frozen=True, slots=True)
class Head:
    """A column (or first and last name together) whose values may be named in text. ``number`` is its place, ``sql`` gives
    the values, of lists one by one, ``prefix`` the fixed beginning of its codes, ``values`` how many different ones it has.
    """

    number: int
    column: Column
    table: str
    sql: tuple[str, ...]
    label_words: frozenset[str]
    prefix: str = ""
    values: int = 0


@dataclass(frozen=True, slots=True)
class FoundMention:
    """A hit in a record: ``page`` is 0 for a text column. ``labelled``: words before it name the head's column."""

    uid: str
    page: int
    text: str
    hit: Hit
    labelled: bool

    def quote(self, around: int = 40) -> str:
        """The place with some text around it, on one line."""
        begin, end = max(0, self.hit.begin - around), min(len(self.text), self.hit.end + around)
        return " ".join(self.text[begin:end].split())


def build_lexicon(workspace: Workspace, heads: Sequence[Head]) -> Lexicon:
    """The values of all heads with the uids that have them."""
    lexicon = Lexicon()
    with no_garbage_collection():
        for head in heads:
            value = " || ' ' || ".join(f"trim({sql})" for sql in head.sql)
            rows = workspace.connection.execute(
                f"SELECT v, list(_uid ORDER BY _row) FROM (SELECT {value} AS v, _uid, _row FROM {head.table}) "
                f"WHERE length(v) BETWEEN 3 AND 120 GROUP BY v ORDER BY min(_row) LIMIT {_MAX_VALUES}"
            ).fetchall()
            lexicon.add(head.number, rows, prefix=head.prefix)
    return lexicon


def number_of_texts(workspace: Workspace, tail: Column) -> int:
    """The documents of a dataset, or the rows of a text column that are filled."""
    table, stored = workspace.table(tail.source, tail.dataset), workspace.stored_of(tail)
    if table is None or not stored:
        return 0 if table is None else table.rows or table.summary.records
    query = f"SELECT count({stored[0].sql}) FROM {stored[0].table}"
    return int(workspace.connection.execute(query).fetchone()[0])


@dataclass(frozen=True, slots=True)
class Text:
    """A page of a document, or the text of a record (``page`` 0)."""

    uid: str
    page: int
    text: str
    from_ocr: bool = False


class Looking(Protocol):
    """What finds mentions in texts."""

    def mentions(self, text: Text) -> Iterable[FoundMention]: ...


class Finder:
    """Finds the names and codes of some heads, which ``lexicon`` holds."""

    def __init__(self, heads: Sequence[Head], lexicon: Lexicon) -> None:
        self.heads, self.lexicon = heads, lexicon
        self._ocr: OcrIndex | None = None

    def mentions(self, text: Text) -> Iterator[FoundMention]:
        """Everything named in a text; of scanned ones in what OCR may have made of it, too."""
        if text.from_ocr and self._ocr is None:
            self._ocr = OcrIndex(self.lexicon.entries())
        for hit in find(text.text, self.lexicon, self._ocr if text.from_ocr else None):
            labelled = containment(_label_words(hit), tuple(self.heads[hit.entry.column].label_words)) > 0
            yield FoundMention(text.uid, text.page, text.text, hit, labelled)


def scan_documents(data: LinkingData, tail: Column, finder: Looking, *, every: int = 1) -> Iterator[FoundMention | str]:
    """The mentions in a documents dataset; the uid of every document looked at comes as a string before its mentions.

    With ``every`` only the first of so many documents is looked at: those of a folder, of one kind, follow each other.
    """
    seen: str | None = None
    documents = -1
    for batch in data.pages(tail.source, tail.dataset):
        for row in batch.to_pylist():
            uid = str(row["_uid"])
            if uid != seen:
                seen = uid
                documents += 1
                if documents % every == 0:
                    yield uid
            if documents % every == 0:
                yield from finder.mentions(Text(uid, row["page"], row["text"] or "", bool(row["from_ocr"])))


def scan_column(
    workspace: Workspace, tail: Column, finder: Looking, *, limit: int | None = None
) -> Iterator[FoundMention | str]:
    """The mentions in a text column, like :func:`scan_documents`."""
    stored = workspace.stored_of(tail)
    if not stored:
        return
    sql, table = stored[0].sql, stored[0].table
    text_sql = f"array_to_string({sql}, '\n')" if stored[0].is_list else sql
    many = f"USING SAMPLE {limit} ROWS (reservoir, 1)" if limit is not None else ""
    cursor = workspace.cursor().execute(f"SELECT _uid, {text_sql} FROM {table} WHERE {sql} IS NOT NULL {many}")
    while rows := cursor.fetchmany(1_000):
        for uid, text in rows:
            yield uid
            yield from finder.mentions(Text(uid, 0, text))


def _label_words(hit: Hit) -> tuple[str, ...]:
    """The words before a hit that may label it, as names are compared."""
    return tuple(word for token in hit.label[-3:] for word in words(token))


def confidence(found: FoundMention, labels_usual: bool) -> float:
    """How surely a hit names the record, in [0, 1].

    Codes speak for themselves, names of several words nearly so. A single word or a plain number may be an ordinary
    one: it needs its label before it, above all where the documents usually write one (``labels_usual``).
    """
    hit = found.hit
    share = 1.0 / len(hit.entry.uids)
    if hit.similarity < 1.0:
        if hit.margin < _MIN_MARGIN:
            return 0.3 * share
        return (0.55 + 0.4 * max(0.0, (hit.similarity - 0.75) / 0.25)) * share
    if hit.entry.form == BARE:
        return (0.9 if found.labelled else 0.1) * share
    if hit.entry.code and not hit.entry.value.isdigit():
        return (0.98 if not hit.broken else 0.95) * share
    if len(hit.entry.tokens) >= 2:
        return (0.9 if not hit.entry.form else 0.85) * share
    if found.labelled:
        return 0.95 * share
    if hit.entry.form:  # one word of a company's name is an ordinary word
        return 0.2 * share
    if labels_usual or hit.entry.value.isdigit():
        return 0.2 * share
    return (0.6 if hit.exact_case and len(hit.entry.value) >= 5 else 0.3) * share


def is_documents(data: LinkingData, tail: Column) -> bool:
    """Whether a side is a documents dataset."""
    return not tail.columns and any(
        s.source == tail.source and s.info.name == tail.dataset and s.info.kind is DatasetKind.DOCUMENTS
        for s in data.datasets()
    )
