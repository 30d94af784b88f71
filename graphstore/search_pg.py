"""The text index as PostgreSQL tsvector rows beside the store. Long texts are indexed in parts, as tsvectors end at 1 MB."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from graphstore.database import Database
from graphstore.search_text import CLOSE, OPEN, Entry, Partial, Terms, Word
from graphstore.search_words import MOST_OF_A_WORD, Key, best, candidates

__all__ = ["PgIndex"]

_PART, _OVERLAP = 200_000, 1_000
_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS search_part (uid text NOT NULL, part int NOT NULL, label text NOT NULL,
    name text NOT NULL, body text NOT NULL, words tsvector NOT NULL, PRIMARY KEY (uid, part))""",
    "CREATE INDEX IF NOT EXISTS search_part_words ON search_part USING gin (words)",
    "CREATE TABLE IF NOT EXISTS search_position (one int PRIMARY KEY CHECK (one = 1), value bigint NOT NULL)",
)
_INSERT = """
INSERT INTO search_part (uid, part, label, name, body, words) VALUES (:uid, :part, :label, :name, :body,
  setweight(to_tsvector('simple', :name), 'A') || setweight(to_tsvector('simple', :label), 'B') ||
  setweight(to_tsvector('simple', :body), 'D'))
"""
_FIND = """
WITH query AS (SELECT {query} AS q), found AS (
  SELECT DISTINCT ON (uid) uid, ts_rank(words, q) AS score, name, body
  FROM search_part, query WHERE words @@ q {labels} ORDER BY uid, ts_rank(words, q) DESC, part)
SELECT uid, score, ts_headline('simple', name || ' ' || body, q, :options)
FROM found, query ORDER BY score DESC, uid LIMIT :limit OFFSET :offset
"""
_OPTIONS = f"StartSel={OPEN}, StopSel={CLOSE}, MaxWords=24, MinWords=8, MaxFragments=1"
_HAVING = """
SELECT uid FROM (SELECT DISTINCT uid FROM search_part WHERE words @@ CAST(:query AS tsquery) {labels}) AS found
ORDER BY uid COLLATE "C" LIMIT :most
"""
_RANKED = """
SELECT uid, max(ts_rank(words, CAST(:query AS tsquery))) FROM search_part
WHERE uid = ANY(:uids) AND words @@ CAST(:query AS tsquery) GROUP BY uid
"""
_SNIPPETS = """
SELECT DISTINCT ON (uid) uid, ts_headline('simple', name || ' ' || body, q, :options)
FROM search_part, (SELECT CAST(:query AS tsquery) AS q) AS query
WHERE uid = ANY(:uids) AND words @@ q ORDER BY uid, ts_rank(words, q) DESC, part
"""
_SIZE = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'search_part'::regclass"


class PgIndex:
    """Shares the store's connections."""

    def __init__(self, database: Database) -> None:
        self._db = database
        with self._db.write() as connection:
            for statement in _SCHEMA:
                connection.execute(sa.text(statement))

    def position(self) -> int:
        with self._db.read() as connection:
            return connection.execute(sa.text("SELECT value FROM search_position")).scalar() or 0

    def apply(self, gone: Sequence[str], entries: Sequence[Entry], position: int) -> None:
        stale = sorted({*gone, *(entry.uid for entry in entries)})
        with self._db.write() as connection:
            if position and (connection.execute(sa.text("SELECT value FROM search_position")).scalar() or 0) > position:
                return  # another process was faster
            connection.execute(sa.text("DELETE FROM search_part WHERE uid = ANY(:uids)"), {"uids": stale})
            rows = [row for entry in entries for row in _parts(entry)]
            if rows:
                connection.execute(sa.text(_INSERT), rows)
            connection.execute(
                sa.text("INSERT INTO search_position VALUES (1, :p) ON CONFLICT (one) DO UPDATE SET value = :p"),
                {"p": position},
            )

    def clear(self) -> None:
        with self._db.write() as connection:
            for table in ("search_part", "search_position"):
                connection.execute(sa.text(f"DELETE FROM {table}"))

    def find(self, terms: Terms, labels: Sequence[str], limit: int, offset: int) -> list[tuple[str, float, str]]:
        words, prefix = terms
        values: dict[str, object] = {f"w{i}": word for i, word in enumerate(words)}
        parts = [f"phraseto_tsquery('simple', :{name})" for name in values]
        if prefix is not None:
            # The parser turns the word into lexemes; the last of them is the one still being typed.
            parts.append("(CAST(CAST(phraseto_tsquery('simple', :prefix) AS text) || ':*' AS tsquery))")
            values["prefix"] = prefix
        query = " && ".join(parts)
        restriction = "AND label = ANY(:labels)" if labels else ""
        values |= {"labels": list(labels)} if labels else {}
        values |= {"options": _OPTIONS, "limit": limit, "offset": offset}
        with self._db.read() as connection:
            if (
                prefix is not None
                and not connection.execute(
                    sa.text("SELECT numnode(phraseto_tsquery('simple', :prefix))"), {"prefix": prefix}
                ).scalar()
            ):
                return []
            rows = connection.execute(sa.text(_FIND.format(query=query, labels=restriction)), values)
            return [(row[0], float(row[1]), row[2]) for row in rows]

    def find_any(self, words: Sequence[Word], labels: Sequence[str], limit: int, offset: int) -> list[Partial]:
        having = sa.text(_HAVING.format(labels="AND label = ANY(:labels)" if labels else ""))
        with self._db.read() as connection:
            queries = {word: _query(connection, word) for word in words}

            def some(query: str, most: int | None) -> list[Key]:
                values = {"query": query, "most": most, "labels": list(labels)}
                return [row.uid for row in connection.execute(having, values)] if query else []

            found = candidates(
                words,
                connection.execute(sa.text(_SIZE)).scalar_one(),
                lambda word: some(queries[word], MOST_OF_A_WORD + 1),
                lambda rare, word: some(f"({_any(queries, rare)}) & ({queries[word]})", None),
            )
            chosen = best(found, offset + limit)
            if not chosen:
                return []
            by = {"query": _any(queries, found.finding(words)), "uids": chosen}
            ranked = connection.execute(sa.text(_RANKED), by).all()
            ordered = sorted(ranked, key=lambda row: (-found.score(row[0]), -row[1], row[0]))
            page = [row[0] for row in ordered[offset : offset + limit]]
            marked = {"query": _any(queries, words), "uids": page, "options": _OPTIONS}
            snippets = {row[0]: row[1] for row in connection.execute(sa.text(_SNIPPETS), marked)}
        return [Partial(uid, found.score(uid), snippets[uid], found.missing(uid, words)) for uid in page]

    def close(self) -> None:
        """Nothing of its own to close."""


def _query(connection: sa.Connection, word: Word) -> str:
    """A word in any of its forms as the text of a tsquery; empty where the parser finds no word in it."""
    parse = sa.text("SELECT CAST(phraseto_tsquery('simple', :form) AS text)")
    parsed = [connection.execute(parse, {"form": form}).scalar_one() for form in word.forms]
    return " | ".join(f"{text}:*" if word.prefix else text for text in parsed if text)


def _any(queries: Mapping[Word, str], words: Iterable[Word]) -> str:
    return " | ".join(f"({queries[word]})" for word in words if queries[word])


def _parts(entry: Entry) -> Iterator[dict[str, object]]:
    for part, start in enumerate(range(0, max(len(entry.body), 1), _PART)):
        body = entry.body[start : start + _PART + _OVERLAP]
        yield {"uid": entry.uid, "part": part, "label": entry.label, "name": entry.name, "body": body}
