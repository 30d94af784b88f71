"""Keyword search over the served graph: a projection in an SQLite FTS5 file, or in PostgreSQL beside the store.

A vertex is found by its label, its display name, all its values, and for documents by the text of their pages.
"""

import html
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

from bifrost.graph import SearchHit, Vertex
from bifrost.ports import Lag
from graphstore import schema as s
from graphstore.following import Following, warn
from graphstore.scopes import SEARCH
from graphstore.search_fts import FtsIndex
from graphstore.search_pg import PgIndex
from graphstore.search_text import CLOSE, OPEN, Entry, Partial, Terms, TextIndex, parse_terms, plain
from graphstore.search_words import words_of
from graphstore.sql import SqlStore
from graphstore.values import clean_text

__all__ = ["SearchProjection"]

_BATCH = 2_000


class SearchProjection:
    """The search index port: a projection that also follows the log to its end before each search.

    An SQLite store has its index in a file of its own beside it (``folder`` puts it elsewhere), a PostgreSQL store in
    tables of the same database.
    """

    name = "search"

    def __init__(self, store: SqlStore, folder: Path | None = None) -> None:
        self._store = store
        self._index: TextIndex
        self._file: Path | None = None
        if store.database.is_sqlite:
            file = Path(str(store.database.url.database))
            self._file = (folder or file.parent) / f"{file.stem}{SEARCH}.sqlite"
            self._index = FtsIndex(self._file, store.database.identity(), store.log.position())
        else:
            self._index = PgIndex(store.database)
        self._following = Following(store.log, self._index.position, self._steps)

    def position(self) -> int:
        return self._index.position()

    def is_made(self) -> bool:
        """Whether there is anything yet that has to follow."""
        return self._file is None or self._file.exists()

    def lag(self) -> Lag:
        return self._following.lag()

    def follow(self, seconds: float) -> Lag:
        return self._following.follow(seconds)

    def catch_up(self) -> int:
        return self._following.finish()

    def _steps(self) -> Generator[int, None, None]:
        """Applies the log batch by batch, so that a reader sees progress and a killed process loses one batch."""
        log = self._store.log
        while True:
            end, position = log.position(), self._index.position()
            changes = log.changes(position, _BATCH)
            if not changes:
                if position < end:
                    self._index.apply((), (), end)
                return
            uids = list(dict.fromkeys(change.id for change in changes if change.element == "vertex"))
            self._index.apply(uids, self._entries(uids), changes[-1].seq)
            yield len(changes)

    def rebuild(self, progress: Callable[[float], object] = lambda share: None) -> None:
        """Forgets everything and reads the graph anew."""
        with self._following.lock:
            end = self._store.log.position()
            self._index.clear()
            view, cursor, done = self._store.view(), None, 0
            total = view.count()
            while True:
                page = view.vertices(after=cursor, limit=_BATCH)
                self._index.apply((), self._entries_of(page.items), 0)
                done += len(page.items)
                progress(done / max(total, done, 1))
                cursor = page.cursor
                if cursor is None:
                    break
            self._index.apply((), (), end)
        self.catch_up()

    def search(
        self,
        text: str,
        *,
        labels: Sequence[str] = (),
        limit: int = 20,
        offset: int = 0,
        behind: Callable[[Lag], object] | None = None,
    ) -> list[SearchHit]:
        terms = parse_terms(text)
        if not any(terms) or limit <= 0:
            return []
        lag = self._following.for_a_query()
        if lag.changes:
            behind(lag) if behind else warn(self.name, lag)
        found = self._found(terms, labels, limit, max(offset, 0))
        vertices = {vertex.id: vertex for vertex in self._store.view().vertices_by_id([one.uid for one in found])}
        return [
            SearchHit(vertices[one.uid], one.score, _marked(one.snippet), one.missing)
            for one in found
            if one.uid in vertices
        ]

    def _found(self, terms: Terms, labels: Sequence[str], limit: int, offset: int) -> list[Partial]:
        """What has all terms; where nothing has, what has any of the words that say something."""
        found = self._index.find(terms, labels, limit, offset)
        if found:
            return [Partial(uid, score, text, ()) for uid, score, text in found]
        words = words_of(terms)
        if not words or (offset and self._index.find(terms, labels, 1, 0)):
            return []
        return self._index.find_any(words, labels, limit, offset)

    def close(self) -> None:
        self._index.close()

    def _entries(self, uids: Sequence[str]) -> list[Entry]:
        return self._entries_of(v for v in self._store.view().vertices_by_id(uids) if v.id in set(uids))

    def _entries_of(self, vertices: Sequence[Vertex] | Iterator[Vertex]) -> list[Entry]:
        vertices = list(vertices)
        pages = self._page_texts([vertex.id for vertex in vertices])
        entries = []
        for vertex in vertices:
            values = [str(value) for values in vertex.properties.values() for value in values]
            body = "\n".join([*values, *pages.get(vertex.id, ())])
            entries.append(Entry(vertex.id, vertex.label, plain(vertex.display_name()), plain(body)))
        return entries

    def _page_texts(self, uids: Sequence[str]) -> dict[str, list[str]]:
        database, f = self._store.database, s.fragment
        query = (
            sa.select(s.vertex.c.uid, s.page.c.text)
            .join(f, f.c.canonical == s.vertex.c.id)
            .join(s.document, s.document.c.fragment == f.c.id)
            .join(s.page, s.page.c.record == s.document.c.record)
            .where(database.within(s.vertex.c.uid, [clean_text(uid) for uid in uids]))
            .order_by(s.vertex.c.id, s.page.c.record, s.page.c.number)
        )
        texts: dict[str, list[str]] = {}
        with database.read() as connection:
            for row in connection.execute(query):
                texts.setdefault(row.uid, []).append(row.text)
        return texts


def _marked(snippet: str) -> str:
    return html.escape(snippet).replace(OPEN, "<mark>").replace(CLOSE, "</mark>")
