"""Records in, graph out: each record is made to say exactly what it says now, by diff, in one transaction."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.documents import Document
from bifrost.errors import NotFoundError, RemovalGuardError
from bifrost.ports import ReplaceReport
from bifrost.values import RecordFragments
from graphstore import schema as s
from graphstore.assemble import Assembler, Touched, chunks
from graphstore.bulk import CHUNK, BulkLoader
from graphstore.documents import delete_documents, insert_documents, read_document
from graphstore.statements import RECORD_COLUMNS, Evidences, StatementWriter
from graphstore.values import clean_text

if TYPE_CHECKING:
    from graphstore.sql import SqlStore

__all__ = ["SqlFragmentStore"]


class SqlFragmentStore:
    """The fragment store port over SQL."""

    def __init__(self, store: "SqlStore") -> None:
        self._db = store.database
        self._assembler = Assembler(store.database)
        self._evidences = Evidences(store.database)

    def replace(
        self,
        source: str,
        dataset: str,
        records: Sequence[RecordFragments],
        build: int,
        at: float | None = None,
    ) -> ReplaceReport:
        """``at``: when they came to say so, in seconds since 1970; now if not given."""
        by_key = {clean_text(record.key): record for record in records}
        with self._db.write() as connection:
            dataset_id = self._dataset_id(connection, source, dataset)
            stored = self._stored(connection, dataset_id, list(by_key))
            same = [row.id for key, row in stored.items() if bytes(row.digest) == by_key[key].digest]
            self._seen(connection, same, build)
            changed = {row.id: by_key[key] for key, row in stored.items() if bytes(row.digest) != by_key[key].digest}
            new = [(key, record) for key, record in by_key.items() if key not in stored]
            if changed or new:
                self._write(connection, dataset_id, changed, new, build, time.time() if at is None else at)
        return ReplaceReport(added=len(new), changed=len(changed), unchanged=len(same))

    def bulk_load(self, source: str, dataset: str, records: Iterable[RecordFragments], build: int) -> ReplaceReport:
        """:meth:`replace` for a dataset that is still empty: streams any number of records, each key once, in one
        transaction, several times faster."""
        with self._db.write(large=True) as connection:
            id = self._dataset_id(connection, source, dataset)
            loader = BulkLoader(self._db, connection, lambda _: id, build)
            stream = iter(records)
            chunks = chain([[]], iter(lambda: list(islice(stream, CHUNK)), []))  # without records, it is looked at, too
            return loader.load((dataset, chunk) for chunk in chunks)

    def finish(self, source: str, dataset: str, build: int, *, removal_limit: float) -> ReplaceReport:
        """``had`` in the guard counts the records from before this build."""
        record = s.record
        with self._db.write() as connection:
            dataset_id = self._dataset_id(connection, source, dataset)
            inside = record.c.dataset == dataset_id
            had = connection.execute(
                sa.select(sa.func.count()).select_from(record).where(inside, record.c.first_build < build)
            ).scalar_one()
            gone = connection.execute(sa.select(record.c.id).where(inside, record.c.build < build)).scalars().all()
            if gone and len(gone) / max(had, 1) > removal_limit:
                raise RemovalGuardError(source, dataset, len(gone), had, removal_limit)
            self.remove_ids(connection, gone)
            connection.execute(s.dataset.update().where(s.dataset.c.id == dataset_id).values(last_build=build))
        return ReplaceReport(removed=len(gone))

    def remove_records(self, source: str, dataset: str, keys: Sequence[str]) -> ReplaceReport:
        with self._db.write() as connection:
            stored = self._stored(connection, self._dataset_id(connection, source, dataset), keys)
            self.remove_ids(connection, [row.id for row in stored.values()])
        return ReplaceReport(removed=len(stored))

    def digests(self, source: str, dataset: str, keys: Sequence[str]) -> dict[str, bytes]:
        with self._db.read() as connection:
            stored = self._stored(connection, self._dataset_id(connection, source, dataset), keys)
        return {key: bytes(stored[clean_text(key)].digest) for key in keys if clean_text(key) in stored}

    def seen(self, source: str, dataset: str, digests: Mapping[str, bytes], build: int) -> set[str]:
        last = {clean_text(key): digest for key, digest in digests.items()}
        with self._db.write() as connection:
            stored = self._stored(connection, self._dataset_id(connection, source, dataset), list(digests))
            same = {key: row.id for key, row in stored.items() if bytes(row.digest) == last[key]}
            self._seen(connection, list(same.values()), build)
        return {key for key in digests if clean_text(key) in same}

    def touch(self, source: str, dataset: str, keys: Sequence[str], build: int) -> None:
        with self._db.write() as connection:
            stored = self._stored(connection, self._dataset_id(connection, source, dataset), keys)
            self._seen(connection, [row.id for row in stored.values()], build)

    def document(self, uid: str) -> Document:
        """By the uid of the document's fragment, or of any other fragment of its record."""
        with self._db.read() as connection:
            return read_document(connection, clean_text(uid))

    def version(self) -> int:
        query = sa.select(s.counter.c.value).where(s.counter.c.name == "version")
        with self._db.read() as connection:
            return int(connection.execute(query).scalar() or 0)

    def changed_since(self, version: int, datasets: Collection[tuple[str, str]]) -> bool:
        """Looks at the newest changes only."""
        with self._db.read() as connection:
            try:
                ids = [self._dataset_id(connection, *dataset) for dataset in datasets]
            except NotFoundError:
                return True
            for table in (s.record, s.removed_record):
                newer = (
                    sa.select(sa.literal(1)).where(table.c.version > version, (table.c.dataset + 0).in_(ids)).limit(1)
                )
                if connection.execute(newer).first() is not None:
                    return True
        return False

    def changes_since(self, version: int) -> dict[tuple[str, str], int]:
        found: Counter[tuple[str, str]] = Counter()
        names = (s.source.c.name.label("source"), s.dataset.c.name.label("dataset"))
        with self._db.read() as connection:
            for table in (s.record, s.removed_record):
                query = (
                    sa.select(*names, sa.func.count().label("records"))
                    .join_from(table, s.dataset, s.dataset.c.id == table.c.dataset)
                    .join(s.source, s.source.c.id == s.dataset.c.source)
                    .where(table.c.version > version)
                    .group_by(*names)
                )
                for row in connection.execute(query):
                    found[row.source, row.dataset] += row.records
        return dict(found)

    # ---- inside a transaction ----------------------------------------------------------------------------------------

    def remove_ids(self, connection: Connection, records: Iterable[int]) -> None:
        """Removes records by id and all that they alone said."""
        for ids in chunks(records):
            rows = connection.execute(
                sa.select(s.record.c.dataset, s.record.c.key).where(self._db.within(s.record.c.id, ids))
            ).all()
            writer = StatementWriter(self._db, connection, Touched())
            writer.remove_of_records(ids)
            delete_documents(self._db, connection, ids)
            self._db.delete(connection, s.record.c.id, ids)
            self._assembler.settle(connection, writer.touched)
            version = self._db.take(connection, "version")
            self._forget(connection, [(version, row.dataset, row.key) for row in rows])

    def remove_datasets(self, connection: Connection, datasets: Sequence[int]) -> None:
        """Removes all records of datasets, leaving the datasets themselves."""
        inside = self._db.within(s.record.c.dataset, datasets)
        self.remove_ids(connection, connection.execute(sa.select(s.record.c.id).where(inside)).scalars().all())
        self._db.delete(connection, s.evidence.c.dataset, datasets)
        self._evidences.clear()

    def hide_link(self, connection: Connection, uid: str, hidden: bool) -> None:
        """Never serves a link that records state, or serves it again."""
        connection.execute(s.hidden_link.delete().where(s.hidden_link.c.uid == uid))
        if hidden:
            connection.execute(s.hidden_link.insert().values(uid=uid))
        self._db.take(connection, "version")
        link = s.link
        id = connection.execute(sa.select(link.c.id).where(link.c.uid == uid)).scalar()
        if id is not None:
            connection.execute(link.update().where(link.c.id == id).values(active=int(not hidden)))
            self._assembler.settle(connection, Touched(links={id}))

    def recluster_all(self, connection: Connection) -> None:
        """Merges anew whatever is merged, after source ranks changed."""
        f = s.fragment
        merged = sa.select(f.c.canonical).group_by(f.c.canonical).having(sa.func.count() > 1)
        canonicals = connection.execute(merged).scalars().all()
        for ids in chunks(canonicals):
            self._assembler.settle(connection, Touched(vertices=set(ids), clusters=set(ids)))

    def _write(
        self,
        connection: Connection,
        dataset_id: int,
        changed: dict[int, RecordFragments],
        new: Sequence[tuple[str, RecordFragments]],
        build: int,
        now: float,
    ) -> None:
        version = self._db.take(connection, "version")
        first = self._db.take(connection, "record", len(new)) if new else 0
        self._db.insert(
            connection,
            s.record,
            RECORD_COLUMNS,
            [
                (first + i, dataset_id, key, record.digest, build, build, build, now, version)
                for i, (key, record) in enumerate(new)
            ],
        )
        self._db.update(
            connection,
            s.record,
            ("digest", "build", "changed_build", "changed", "version"),
            "id",
            [(record.digest, build, build, now, version, id) for id, record in changed.items()],
        )
        said = changed | {first + i: record for i, (_, record) in enumerate(new)}
        writer = StatementWriter(self._db, connection, Touched(), self._evidences)
        documents = writer.say(dataset_id, said, set(changed))
        delete_documents(self._db, connection, changed)
        insert_documents(self._db, connection, documents)
        self._assembler.settle(connection, writer.touched)

    def _dataset_id(self, connection: Connection, source: str, dataset: str) -> int:
        query = (
            sa.select(s.dataset.c.id)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(s.source.c.name == source, s.dataset.c.name == dataset)
        )
        found = connection.execute(query).scalar()
        if found is None:
            raise NotFoundError(f"There is no dataset {source}/{dataset}.")
        return int(found)

    def _stored(self, connection: Connection, dataset_id: int, keys: Sequence[str]) -> dict[str, Any]:
        query = sa.select(s.record.c.id, s.record.c.key, s.record.c.digest).where(
            s.record.c.dataset == dataset_id, self._db.within(s.record.c.key, [clean_text(key) for key in keys])
        )
        return {row.key: row for row in connection.execute(query).all()}

    def _seen(self, connection: Connection, ids: Sequence[int], build: int) -> None:
        if ids:
            connection.execute(s.record.update().where(self._db.within(s.record.c.id, ids)).values(build=build))

    def _forget(self, connection: Connection, rows: Sequence[tuple[int, int, str]]) -> None:
        self._db.insert(connection, s.removed_record, ("version", "dataset", "key"), rows)
