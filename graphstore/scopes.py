"""What a reader sees who may see some sources only: a graph built without the others.

For each scope in use there is a store of its own beside the main one, a SQLite file to which the records, link types and
answers of the visible sources are copied as they change. It assembles them by the same code as the main store, so its
answers, counts and merges are by construction those of a graph that never had the other sources, and every surface
(GraphQL, Gremlin, SPARQL, search, exports) works on it unchanged. Readers of the full scope pay nothing for this.
"""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import decode_properties
from bifrost.documents import Document
from bifrost.values import EMPTY, Fragment, LinkStatement, RecordFragments
from graphstore import schema as s
from graphstore.assemble import chunks
from graphstore.database import EDGE, EDITS
from graphstore.documents import read_document_of
from graphstore.encoding import dumps, evidence_from, link_type_from
from graphstore.provenance import evidence_data

if TYPE_CHECKING:
    from graphstore.sql import SqlStore

__all__ = ["SEARCH", "SPARQL", "Scopes"]

_BATCH = 2_000
SEARCH, SPARQL = "-search", "-sparql"
"""What the names of a store's indexes end with, which lie beside it."""
_POSITION, _OWNER = "scope", "scope of"


class Scopes:
    """The scoped stores of one store, opened when they are first asked for."""

    def __init__(self, store: "SqlStore", folder: Path, open_store: Callable[[str], "SqlStore"]) -> None:
        self._store, self._folder, self._open_store = store, folder, open_store
        self._open: dict[frozenset[str], SqlStore] = {}
        self._lock = threading.Lock()

    def store(self, scope: frozenset[str]) -> "SqlStore":
        """The store of a scope, in step with the main one. For reading only. What people edited by hand belongs to
        every scope in which the edited thing is."""
        with self._lock:
            found = self._open.get(scope)
            if found is None:
                found = self._open[scope] = self._opened(self._file(scope))
        _Follower(self._store, found, scope | {EDITS}).catch_up()
        return found

    def forget(self, source: str) -> None:
        """Removes what a source said from all scoped stores, those that nobody has asked for in a long time, too, and from
        the indexes that follow them."""
        forgot = []
        with self._lock:
            known = {self._file(scope): store for scope, store in self._open.items()}
            for file in sorted(self._folder.glob("*.sqlite")):
                if file.stem.endswith(SEARCH):
                    continue
                store = known.get(file) or self._opened(file)
                had = False
                try:
                    with store.database.write() as connection:
                        row = connection.execute(sa.select(s.source).where(s.source.c.name == source)).one_or_none()
                        if row is not None:
                            had = True
                            store.catalog.drop(connection, row)
                finally:
                    if file not in known:
                        store.close()
                if had and file in known:
                    forgot.append(store)
                elif had:
                    _remove_followers(file)
        for store in forgot:
            store.follow_forgetting()

    def _file(self, scope: frozenset[str]) -> Path:
        name = hashlib.blake2b("\x1f".join(sorted(scope)).encode(), digest_size=12).hexdigest()
        return self._folder / f"{name}.sqlite"

    def _opened(self, file: Path) -> "SqlStore":
        """Opens a scoped store; one of another main store, or of a later state of this one, is made anew."""
        owner = self._store.database.identity()
        with self._store.database.read() as main:
            newest = _version(main)
        store = self._open_store(f"sqlite:///{file}")
        store.migrate()
        if store.log.projection_position(_OWNER) not in (0, owner) or _followed(store) > newest:
            store.close()
            for suffix in ("", "-wal", "-shm"):
                file.with_name(file.name + suffix).unlink(missing_ok=True)
            store = self._open_store(f"sqlite:///{file}")
            store.migrate()
        store.log.set_projection_position(_OWNER, owner)
        return store

    def close(self) -> None:
        with self._lock:
            for store in self._open.values():
                store.close()
            self._open.clear()


class _Follower:
    """Brings a scoped store in step with the main store."""

    def __init__(self, main: "SqlStore", scoped: "SqlStore", sources: frozenset[str]) -> None:
        self._main, self._scoped, self._sources = main, scoped, sources

    def catch_up(self) -> None:
        with self._main.database.read() as main:
            if _version(main) <= self._scoped.log.projection_position(_POSITION):
                return
        with self._scoped.batch(), self._scoped.database.write() as connection, self._main.database.snapshot() as main:
            after = self._scoped.log.projection_position(_POSITION)
            version = _version(main)
            datasets = self._follow_sources(main, connection)
            self._remove_records(main, connection, datasets, after)
            self._copy_hidden_links(main, connection)
            for record_batch in self._changed(main, datasets, after):
                self._copy_records(main, record_batch, datasets)
            self._follow_link_types(main, connection, after)
            self._scoped.log.set_projection_position(_POSITION, version)

    # ---- sources and records -----------------------------------------------------------------------------------------

    def _follow_sources(self, main: Connection, connection: Connection) -> dict[int, tuple[str, str]]:
        """Makes the scoped store's sources those of the scope, with the main store's ids; returns the datasets."""
        wanted = {row.id: row for row in main.execute(sa.select(s.source)) if row.name in self._sources}
        known = {row.id: row for row in connection.execute(sa.select(s.source))}
        for id, row in known.items():
            if id not in wanted:
                self._scoped.catalog.drop(connection, row)
        for id, row in wanted.items():
            values = {**row._asdict(), "secret": None, "options": "{}"}
            if id not in known:
                connection.execute(s.source.insert().values(values))
            elif known[id].rank != row.rank:
                connection.execute(s.source.update().where(s.source.c.id == id).values(rank=row.rank))
                self._scoped.ranks_changed(connection)
        datasets = main.execute(sa.select(s.dataset).where(s.dataset.c.source.in_(wanted))).all()
        stored = set(connection.execute(sa.select(s.dataset.c.id)).scalars())
        for row in datasets:
            if row.id not in stored:
                connection.execute(s.dataset.insert().values(row._asdict()))
        return {row.id: (wanted[row.source].name, row.name) for row in datasets}

    def _remove_records(self, main: Connection, connection: Connection, datasets: Iterable[int], after: int) -> None:
        gone = s.removed_record
        query = sa.select(gone.c.dataset, gone.c.key).where(gone.c.version > after, gone.c.dataset.in_(list(datasets)))
        rows = sorted(set(map(tuple, main.execute(query).all())))
        for dataset, group in groupby(rows, key=lambda row: row[0]):
            for keys in chunks([key for _, key in group]):
                same = self._scoped.database.within(s.record.c.key, keys)
                ids = connection.execute(sa.select(s.record.c.id).where(s.record.c.dataset == dataset, same))
                self._scoped.fragments.remove_ids(connection, ids.scalars().all())

    def _copy_hidden_links(self, main: Connection, connection: Connection) -> None:
        hidden = set(main.execute(sa.select(s.hidden_link.c.uid)).scalars())
        known = set(connection.execute(sa.select(s.hidden_link.c.uid)).scalars())
        for uid in sorted(hidden ^ known):
            self._scoped.fragments.hide_link(connection, uid, uid in hidden)

    def _changed(self, main: Connection, datasets: Iterable[int], after: int) -> Iterator[Sequence[Any]]:
        """Changed records in the order of their ids, those of one dataset that changed at one time together."""
        r, last = s.record, 0
        inside = r.c.dataset.in_(list(datasets))
        while True:
            query = sa.select(r).where(r.c.version > after, inside, r.c.id > last).order_by(r.c.id).limit(_BATCH)
            rows = main.execute(query).all()
            if not rows:
                return
            last = rows[-1].id
            for _, group in groupby(rows, key=lambda row: (row.dataset, row.changed_build, row.changed)):
                yield list(group)

    def _copy_records(self, main: Connection, rows: Sequence[Any], datasets: dict[int, tuple[str, str]]) -> None:
        ids = [row.id for row in rows]
        fragments = _by_record(self._fragments(main, ids))
        links = _by_record(self._links(main, ids))
        documents = self._documents(main, ids)
        records = [
            RecordFragments(
                row.key, bytes(row.digest), tuple(f for _, f in fragments.get(row.id, ())),
                tuple(link for _, link in links.get(row.id, ())), documents.get(row.id),
            )
            for row in rows
        ]  # fmt: skip
        source, dataset = datasets[rows[0].dataset]
        self._scoped.fragments.replace(source, dataset, records, rows[0].changed_build, rows[0].changed)

    def _fragments(self, main: Connection, records: list[int]) -> Iterator[tuple[int, Fragment]]:
        f = s.fragment
        names = self._main.database.label_names(main)
        query = sa.select(f).where(self._main.database.within(f.c.record, records)).order_by(f.c.id)
        for row in main.execute(query):
            data = evidence_data(main, row.evidence)
            by = {name: evidence_from(part) for name, part in data.get("by", {}).items()} or EMPTY
            said = decode_properties(row.properties)
            yield row.record, Fragment(row.uid, names[row.type], said, evidence_from(data.get("default", {})), by)

    def _links(self, main: Connection, records: list[int]) -> Iterator[tuple[int, LinkStatement]]:
        link, tail, head = s.link, s.fragment.alias("tail"), s.fragment.alias("head")
        names = self._main.database.label_names(main)
        within = self._main.database.within
        query = (
            sa.select(link, tail.c.uid.label("tail_uid"), head.c.uid.label("head_uid"))
            .outerjoin(tail, tail.c.id == link.c.tail)
            .outerjoin(head, head.c.id == link.c.head)
            .where(within(link.c.record, records), link.c.link_type.is_(None))
            .order_by(link.c.id)
        )
        rows = main.execute(query).all()
        waiting = sa.select(s.dangling).where(within(s.dangling.c.link, [row.id for row in rows]))
        missing = {(row.link, row.end): row.uid for row in main.execute(waiting)}
        for row in rows:
            ends = (row.tail_uid or missing[row.id, 0], row.head_uid or missing[row.id, 1])
            evidence = evidence_from(evidence_data(main, row.evidence).get("default", {}))
            yield (
                row.record,
                LinkStatement(row.uid, names[row.type], *ends, decode_properties(row.properties), evidence),
            )

    def _documents(self, main: Connection, records: list[int]) -> dict[int, Document]:
        query = sa.select(s.document).where(self._main.database.within(s.document.c.record, records))
        return {row.record: read_document_of(main, row) for row in main.execute(query).all()}

    # ---- link types --------------------------------------------------------------------------------------------------

    def _follow_link_types(self, main: Connection, connection: Connection, after: int) -> None:
        t = s.link_type
        visible = {
            row.id: row for row in main.execute(sa.select(t)) if {row.tail_source, row.head_source} <= self._sources
        }
        answered = self._copy_answers(main, connection, visible)
        known = {row.id: row for row in connection.execute(sa.select(t))}
        links = self._scoped.links
        for id in known.keys() - visible.keys():
            links.refold_one(connection, id, None)
        for id, row in visible.items():
            if row.version <= after and id in known and not answered:
                continue
            # Readers answer nothing, and what would take its place may lie in a hidden source.
            proposed = None if row.proposed is None else dumps(replace(link_type_from(row.proposed), otherwise=None))
            if links.refold_one(connection, id, proposed) and row.version > after:
                self._copy_linked(main, connection, row)

    def _copy_answers(self, main: Connection, connection: Connection, visible: dict[str, Any]) -> bool:
        """Answers about visible link types; those that corrected one towards a hidden source sleep by themselves.

        Returns whether there was anything new.
        """
        j = s.judgement
        rows = [row for row in main.execute(sa.select(j).order_by(j.c.id)) if row.link_type in visible]
        if rows == connection.execute(sa.select(j).order_by(j.c.id)).all():
            return False
        connection.execute(j.delete())
        for row in rows:
            connection.execute(j.insert().values(row._asdict()))
        return True

    def _copy_linked(self, main: Connection, connection: Connection, row: Any) -> None:
        """The links and pairs of a link type whose ends are both in the scope."""
        link, pair = s.link, s.same_pair
        tail, head = s.fragment.alias("tail"), s.fragment.alias("head")
        ends = (tail.c.uid.label("tail_uid"), head.c.uid.label("head_uid"))
        said = s.fragment
        # A bare column would let PostgreSQL look for its lowest value first and for the record after that.
        first = sa.func.min(sa.func.coalesce(said.c.uid, ""))
        through = sa.select(first).where(said.c.record == link.c.record).scalar_subquery()
        links = (
            sa.select(link, *ends, through.label("through_uid"))
            .join(tail, tail.c.id == link.c.tail)
            .join(head, head.c.id == link.c.head)
            .where(link.c.link_type == row.number)
            .order_by(link.c.id)
        )
        pairs = (
            sa.select(pair, *ends)
            .join(tail, tail.c.id == pair.c.left)
            .join(head, head.c.id == pair.c.right)
            .where(pair.c.link_type == row.number)
        )
        names = self._main.database.label_names(main)
        label = self._scoped.database.label_id
        self._scoped.links.copy_linked(
            connection,
            row.id,
            [(found, label(connection, EDGE, names[found.type])) for found in main.execute(links).all()],
            main.execute(pairs).all(),
        )


def _remove_followers(file: Path) -> None:
    """Removes the indexes of a scoped store that this process has not open; its next reader makes them anew."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(f"{file.stem}{SEARCH}.sqlite{suffix}").unlink(missing_ok=True)
    folder = file.with_name(f"{file.stem}{SPARQL}")
    if folder.is_dir() and _is_free(folder / "rdf" / "LOCK"):
        shutil.rmtree(folder, ignore_errors=True)


def _is_free(lock: Path) -> bool:
    """Whether no process has this RDF data open: another service may serve it."""
    try:
        import fcntl

        with lock.open("r+b") as held:
            fcntl.lockf(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except (ImportError, OSError):
        return False
    return True


def _followed(store: "SqlStore") -> int:
    return store.log.projection_position(_POSITION)


def _version(connection: Connection) -> int:
    return connection.execute(sa.select(s.counter.c.value).where(s.counter.c.name == "version")).scalar() or 0


def _by_record(said: Iterable[tuple[int, Any]]) -> dict[int, list[tuple[int, Any]]]:
    found: dict[int, list[tuple[int, Any]]] = {}
    for record, statement in said:
        found.setdefault(record, []).append((record, statement))
    return found
