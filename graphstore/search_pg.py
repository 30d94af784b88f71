"""The text index as PostgreSQL tsvector rows beside the store. Long texts are indexed in parts, as tsvectors end at 1 MB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from graphstore.database import Database
from graphstore.search_text import CLOSE, OPEN, Entry, Partial, Terms, Word
from graphstore.search_words import MOST_OF_A_WORD, Key, best, candidates, level_of

__all__ = ["PgIndex"]

_PART, _OVERLAP = 200_000, 1_000
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS search_part (uid text NOT NULL, part int NOT NULL, label text NOT NULL,
    name text NOT NULL, body text NOT NULL, words tsvector NOT NULL, PRIMARY KEY (uid, part))""",
    "CREATE INDEX IF NOT EXISTS search_part_words ON search_part USING gin (words)",
    "CREATE TABLE IF NOT EXISTS search_position (one int PRIMARY KEY CHECK (one = 1), value bigint NOT NULL)",
    "ALTER TABLE search_position ADD COLUMN IF NOT EXISTS size bigint",
)
_LEVELS = (
    "ALTER TABLE search_part ADD COLUMN level smallint NOT NULL",
    "CREATE INDEX search_part_level ON search_part (level)",
)
_INSERT = """
INSERT INTO search_part (uid, part, label, level, name, body, words) VALUES (:uid, :part, :label, :level, :name, :body,
  setweight(to_tsvector('simple', :name), 'A') || setweight(to_tsvector('simple', :label), 'B') ||
  setweight(to_tsvector('simple', :body), 'D'))
"""
_FIND = """
SELECT uid, part, ts_rank(words, CAST(:rank AS tsquery)) AS score FROM search_part
WHERE words @@ CAST(:query AS tsquery) {labels} ORDER BY score DESC, uid, part LIMIT :most
"""
_DELETE = """
WITH gone AS (DELETE FROM search_part WHERE uid = ANY(:uids) RETURNING part)
SELECT count(*) FROM gone WHERE part = 0
"""
_MOVE = """
INSERT INTO search_position (one, value, size) VALUES (1, :p, :s)
ON CONFLICT (one) DO UPDATE SET value = :p, size = :s
"""
_OPTIONS = f"StartSel={OPEN}, StopSel={CLOSE}, MaxWords=24, MinWords=8, MaxFragments=1"
_HAVING = "SELECT uid FROM search_part WHERE words @@ CAST(:query AS tsquery) {labels} LIMIT :most"
_SAMPLE = """
SELECT uid, {columns} FROM (SELECT uid, label, words FROM search_part WHERE level >= :level OFFSET 0) AS sample
WHERE words @@ CAST(:query AS tsquery) {labels}
"""
_HAS_LEVELS = """
SELECT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('search_part') AND attname = 'level' AND NOT attisdropped)
"""
_RANKED = (
    "SELECT uid, max(ts_rank(words, CAST(:query AS tsquery))) FROM search_part WHERE uid = ANY(:uids) GROUP BY uid"
)
_SNIPPETS = """
SELECT DISTINCT ON (uid) uid, ts_headline('simple', name || ' ' || body, q, :options)
FROM search_part, (SELECT CAST(:query AS tsquery) AS q) AS query
WHERE uid = ANY(:uids) ORDER BY uid, ts_rank(words, q) DESC, part
"""


class PgIndex:
    """Shares the store's connections."""

    def __init__(self, database: Database) -> None:
        self._db = database
        with self._db.write() as connection:
            for statement in _SCHEMA:
                connection.execute(sa.text(statement))
            if not connection.execute(sa.text(_HAS_LEVELS)).scalar_one():  # an earlier version made the index
                self._empty(connection)
                for statement in _LEVELS:
                    connection.execute(sa.text(statement))

    def position(self) -> int:
        with self._db.read() as connection:
            return connection.execute(sa.text("SELECT value FROM search_position")).scalar() or 0

    def apply(self, gone: Sequence[str], entries: Sequence[Entry], position: int) -> None:
        stale = sorted({*gone, *(entry.uid for entry in entries)})
        with self._db.write() as connection:
            known = connection.execute(sa.text("SELECT value, size FROM search_position")).one_or_none()
            if position and known is not None and known.value > position:
                return  # another process was faster
            size = 0 if known is None else self._size(connection)
            size += len(entries) - connection.execute(sa.text(_DELETE), {"uids": stale}).scalar_one()
            rows = [row for entry in entries for row in _parts(entry)]
            if rows:
                connection.execute(sa.text(_INSERT), rows)
                self._db.grew("search_part", len(rows))
            connection.execute(sa.text(_MOVE), {"p": position, "s": size})

    def _size(self, connection: sa.Connection) -> int:
        """The number of entries; counted where an earlier version made the index."""
        known = connection.execute(sa.text("SELECT size FROM search_position")).scalar()
        count = sa.text("SELECT count(*) FROM search_part WHERE part = 0")
        return int(connection.execute(count).scalar_one() if known is None else known)

    def clear(self) -> None:
        with self._db.write() as connection:
            self._empty(connection)

    def _empty(self, connection: sa.Connection) -> None:
        for table in ("search_part", "search_position"):
            connection.execute(sa.text(f"DELETE FROM {table}"))

    def find(self, terms: Terms, labels: Sequence[str], limit: int, offset: int) -> list[tuple[str, float, str]]:
        with self._db.read() as connection:
            query = _all(connection, terms)
            best = self._best(connection, query, labels, offset + limit) if query else {}
            page = list(best.items())[offset : offset + limit]
            snippets = _snippets(connection, query, [uid for uid, _ in page])
        return [(uid, score, snippets[uid]) for uid, score in page if uid in snippets]

    def _best(self, connection: sa.Connection, query: str, labels: Sequence[str], wanted: int) -> dict[str, float]:
        """At least so many things and their ranks, best first. Their parts are ranked: most things have one."""
        rows, narrowed = wanted, _narrowed(query, _of_labels(connection, labels))
        while True:
            values = {"query": narrowed, "rank": query, "most": rows, "labels": list(labels)}
            found = connection.execute(_restricted(_FIND, labels), values).all()
            best: dict[str, float] = {}
            for row in found:
                best.setdefault(row.uid, float(row.score))
            if len(best) >= wanted or len(found) < rows:
                return best
            rows *= 4

    def find_any(self, words: Sequence[Word], labels: Sequence[str], limit: int, offset: int) -> list[Partial]:
        with self._db.read() as connection:
            queries = {word: _query(connection, word) for word in words}
            occurring = [word for word in words if queries[word]]
            within = _of_labels(connection, labels)

            def some(query: str, most: int | None) -> list[Key]:
                values = {"query": _narrowed(query, within), "most": most, "labels": list(labels)}
                return list(connection.execute(_restricted(_HAVING, labels), values).scalars()) if query else []

            def sample(level: int) -> list[list[Key]]:
                places = {f"q{i}": queries[word] for i, word in enumerate(occurring)}
                columns = ", ".join(f"words @@ CAST(:{name} AS tsquery)" for name in places)
                query = _narrowed(_any(queries, words), within)
                values = {"query": query, "level": level, "labels": list(labels), **places}
                rows = connection.execute(_restricted(_SAMPLE, labels, columns), values).all()
                having = {word: [row[0] for row in rows if row[i]] for i, word in enumerate(occurring, 1)}
                return [having.get(word, []) for word in words]

            found = candidates(
                words,
                self._size(connection),
                lambda word: some(queries[word], MOST_OF_A_WORD + 1),
                lambda rare, word: some(f"({_any(queries, rare)}) & ({queries[word]})", None),
                lambda some_words: some(" & ".join(f"({queries[word]})" for word in some_words), MOST_OF_A_WORD + 1),
                sample,
            )
            chosen = best(found, offset + limit)
            if not chosen:
                return []
            ranks: dict[Key, float] = {}
            if not found.some:  # the same as in SQLite, where ranking them would read all that have the words
                by = {"query": _any(queries, found.finding(words)), "uids": chosen}
                ranks = {row[0]: float(row[1]) for row in connection.execute(sa.text(_RANKED), by)}
            ordered = sorted(map(str, chosen), key=lambda uid: (-found.score(uid), -ranks.get(uid, 0.0), uid))
            page = ordered[offset : offset + limit]
            snippets = _snippets(connection, _any(queries, words), page)
        return [
            Partial(uid, found.score(uid), snippets[uid], found.missing(uid, words)) for uid in page if uid in snippets
        ]

    def close(self) -> None:
        """Nothing of its own to close."""


def _restricted(statement: str, labels: Sequence[str], columns: str = "") -> sa.TextClause:
    return sa.text(statement.format(labels="AND label = ANY(:labels)" if labels else "", columns=columns))


def _of_labels(connection: sa.Connection, labels: Sequence[str]) -> str:
    """The words of labels, which the index knows, too: it need not look at all else that has the words of the question."""
    parsed = [_parsed(connection, label) for label in labels]
    return " | ".join(f"({text})" for text in parsed) if all(parsed) else ""


def _narrowed(query: str, within: str) -> str:
    return f"({query}) & ({within})" if within else query


def _snippets(connection: sa.Connection, query: str, uids: Sequence[str]) -> dict[str, str]:
    """Of those things that are still there: each statement sees what has been committed until then."""
    values = {"query": query, "uids": list(uids), "options": _OPTIONS}
    return {row[0]: row[1] for row in connection.execute(sa.text(_SNIPPETS), values)} if uids else {}


def _all(connection: sa.Connection, terms: Terms) -> str:
    """What has all terms, as the text of a tsquery; empty where the parser finds no word in the one still being typed."""
    words, prefix = terms
    parsed = [(_parsed(connection, word), "") for word in words]
    if prefix is not None:
        # The parser turns the word into lexemes; the last of them is the one still being typed.
        parsed.append((_parsed(connection, prefix), ":*"))
        if not parsed[-1][0]:
            return ""
    return " & ".join(f"({text}{typing})" for text, typing in parsed if text)


def _query(connection: sa.Connection, word: Word) -> str:
    """A word in any of its forms as the text of a tsquery; empty where the parser finds no word in it."""
    parsed = [_parsed(connection, form) for form in word.forms]
    return " | ".join(f"{text}:*" if word.prefix else text for text in parsed if text)


def _parsed(connection: sa.Connection, text: str) -> str:
    parse = sa.text("SELECT CAST(phraseto_tsquery('simple', :text) AS text)")
    return str(connection.execute(parse, {"text": text}).scalar_one())


def _any(queries: Mapping[Word, str], words: Iterable[Word]) -> str:
    return " | ".join(f"({queries[word]})" for word in words if queries[word])


def _parts(entry: Entry) -> Iterator[dict[str, object]]:
    level = level_of(entry.uid)
    for part, start in enumerate(range(0, max(len(entry.body), 1), _PART)):
        body = entry.body[start : start + _PART + _OVERLAP]
        yield {"uid": entry.uid, "part": part, "label": entry.label, "level": level, "name": entry.name, "body": body}
