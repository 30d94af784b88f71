"""Sources, datasets, builds and record failures in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.catalog import Build, BuildState, DatasetSummary, Progress, RecordFailure, Source
from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.values import EMPTY, DatasetInfo
from graphstore import schema as s
from graphstore.database import EDITS
from graphstore.encoding import dataset_info_from, dumps, from_iso, now
from graphstore.values import clean_text

if TYPE_CHECKING:
    from graphstore.sql import SqlStore

__all__ = ["SqlCatalog"]

_FINISHED = (BuildState.DONE, BuildState.FAILED, BuildState.CANCELLED)


class SqlCatalog:
    """The catalog port over SQL."""

    def __init__(self, store: "SqlStore") -> None:
        self._store = store
        self._db = store.database

    # ---- sources -----------------------------------------------------------------------------------------------------

    def add_source(self, source: Source, secret: bytes | None = None) -> None:
        if source.name == EDITS:
            raise ConflictError(f"{EDITS!r} is the built-in source of what people changed by hand.")
        with self._db.write() as connection:
            taken = connection.execute(sa.select(s.source.c.id).where(s.source.c.name == source.name)).scalar()
            if taken is not None:
                raise ConflictError(f"There is already a source named {source.name!r}.")
            self._insert_source(connection, source, secret)

    def add_built_in(self, name: str, rank: int) -> bool:
        """Adds a source that no list shows and no build reads; returns whether it was new."""
        with self._db.write() as connection:
            if connection.execute(sa.select(s.source.c.id).where(s.source.c.name == name)).scalar() is not None:
                return False
            self._insert_source(connection, Source(name, name, rank=rank), None)
            return True

    def _insert_source(self, connection: Connection, source: Source, secret: bytes | None) -> None:
        self._db.take(connection, "version")
        connection.execute(
            s.source.insert().values(
                id=self._db.take(connection, "source"),
                name=source.name,
                created=(source.created or now()).isoformat(),
                secret=secret,
                **_source_columns(source),
            )
        )

    def update_source(self, source: Source, secret: bytes | None = None) -> None:
        """Changes everything but the name; ``secret`` None keeps the stored one."""
        with self._db.write() as connection:
            before = self._source_row(connection, source.name)
            values = _source_columns(source) | ({} if secret is None else {"secret": secret})
            connection.execute(s.source.update().where(s.source.c.id == before.id).values(**values))
            self._db.take(connection, "version")
            if before.rank != source.rank:
                self._store.ranks_changed(connection)

    def sources(self) -> list[Source]:
        with self._db.read() as connection:
            query = sa.select(s.source).where(s.source.c.kind != EDITS).order_by(s.source.c.id)
            return [_source(row) for row in connection.execute(query)]

    def source(self, name: str) -> Source:
        with self._db.read() as connection:
            return _source(self._source_row(connection, name))

    def secret(self, name: str) -> bytes | None:
        with self._db.read() as connection:
            secret = self._source_row(connection, name).secret
        return None if secret is None else bytes(secret)

    def remove_source(self, name: str) -> None:
        if name == EDITS:
            raise InputError("The built-in source of edits cannot be removed.", remedy="Undo the edits instead.")
        with self._db.write() as connection:
            self.drop(connection, self._source_row(connection, name))

    def drop(self, connection: Connection, row: Any) -> None:
        """Removes a source (a row of its table) inside a transaction."""
        datasets = connection.execute(sa.select(s.dataset.c.id).where(s.dataset.c.source == row.id)).scalars().all()
        self._store.links.remove_of_source(connection, row.name)
        self._store.fragments.remove_datasets(connection, datasets)
        connection.execute(s.failure.delete().where(s.failure.c.source == row.name))
        connection.execute(s.dataset.delete().where(s.dataset.c.source == row.id))
        connection.execute(s.source.delete().where(s.source.c.id == row.id))
        self._db.take(connection, "version")
        self._store.links.refold(connection)

    def _source_row(self, connection: Connection, name: str) -> Any:
        row = connection.execute(sa.select(s.source).where(s.source.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no source named {name!r}.")
        return row

    # ---- datasets ----------------------------------------------------------------------------------------------------

    def save_datasets(self, source: str, datasets: Sequence[DatasetInfo], types: Mapping[str, str]) -> None:
        with self._db.write() as connection:
            source_id = self._source_row(connection, source).id
            for info in datasets:
                values = {"info": dumps(info), "type": types.get(info.name, info.name)}
                found = connection.execute(
                    s.dataset.update()
                    .where(s.dataset.c.source == source_id, s.dataset.c.name == info.name)
                    .values(**values)
                )
                if not found.rowcount:
                    id = self._db.take(connection, "dataset")
                    connection.execute(s.dataset.insert().values(id=id, source=source_id, name=info.name, **values))

    def datasets(self, source: str | None = None) -> list[DatasetSummary]:
        records = sa.select(s.record.c.dataset, sa.func.count().label("n")).group_by(s.record.c.dataset).subquery()
        failures = (
            sa.select(s.failure.c.source, s.failure.c.dataset, s.failure.c.build, sa.func.count().label("n"))
            .group_by(s.failure.c.source, s.failure.c.dataset, s.failure.c.build)
            .subquery()
        )
        query = (
            sa.select(
                s.source.c.name.label("source"), s.dataset.c.info, s.dataset.c.type, s.dataset.c.last_build,
                sa.func.coalesce(records.c.n, 0).label("records"), sa.func.coalesce(failures.c.n, 0).label("failures"),
            )
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .outerjoin(records, records.c.dataset == s.dataset.c.id)
            .outerjoin(
                failures,
                sa.and_(
                    failures.c.source == s.source.c.name,
                    failures.c.dataset == s.dataset.c.name,
                    failures.c.build == s.dataset.c.last_build,
                ),
            )
            .order_by(s.source.c.id, s.dataset.c.name)
        )  # fmt: skip
        with self._db.read() as connection:
            if source is None:
                query = query.where(s.source.c.kind != EDITS)
            else:
                query = query.where(s.source.c.id == self._source_row(connection, source).id)
            return [
                DatasetSummary(
                    row.source, dataset_info_from(row.info), row.type, row.records, row.failures, row.last_build
                )
                for row in connection.execute(query)
            ]

    # ---- builds ------------------------------------------------------------------------------------------------------

    def add_build(self, sources: Sequence[str]) -> Build:
        with self._db.write() as connection:
            id = self._db.take(connection, "build")
            connection.execute(
                s.build.insert().values(
                    id=id, state=BuildState.QUEUED, sources=dumps(list(sources)), progress="[]", counts="{}"
                )
            )
        return Build(id, BuildState.QUEUED, tuple(sources))

    def builds(self, limit: int = 50) -> list[Build]:
        with self._db.read() as connection:
            query = sa.select(s.build).order_by(s.build.c.id.desc()).limit(limit)
            return [_build(row) for row in connection.execute(query)]

    def build(self, id: int) -> Build:
        with self._db.read() as connection:
            row = connection.execute(sa.select(s.build).where(s.build.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no build {id}.")
        return _build(row)

    def set_build(
        self,
        id: int,
        state: BuildState,
        *,
        error: Mapping[str, Any] | None = None,
        counts: Mapping[str, float] | None = None,
    ) -> None:
        """Starting keeps an earlier start time, so that a build that was killed and continued shows its whole time."""
        values: dict[str, Any] = {"state": state, "error": None if error is None else dumps(error)}
        if counts is not None:
            values["counts"] = dumps(counts)
        if state is BuildState.RUNNING:
            values |= {"started": sa.func.coalesce(s.build.c.started, now().isoformat()), "finished": None}
        elif state in _FINISHED:
            values["finished"] = now().isoformat()
        self._update_build(id, values)

    def set_progress(self, id: int, progress: Sequence[Progress]) -> None:
        self._update_build(id, {"progress": dumps(list(progress))})

    def _update_build(self, id: int, values: Mapping[str, Any]) -> None:
        with self._db.write() as connection:
            if not connection.execute(s.build.update().where(s.build.c.id == id).values(**values)).rowcount:
                raise NotFoundError(f"There is no build {id}.")

    # ---- failures ----------------------------------------------------------------------------------------------------

    def add_failures(self, failures: Sequence[RecordFailure]) -> None:
        """The same record failing again in the same build (a step that was repeated) is counted once."""
        with self._db.write() as connection:
            for failure in failures:
                values = {
                    name: clean_text(getattr(failure, name))
                    for name in ("source", "dataset", "record", "code", "message", "remedy")
                }
                same = [s.failure.c[name] == values[name] for name in ("source", "dataset", "record")]
                connection.execute(s.failure.delete().where(s.failure.c.build == failure.build, *same))
                id = self._db.take(connection, "failure")
                connection.execute(s.failure.insert().values(id=id, build=failure.build, **values))

    def failures(self, build: int | None = None, source: str | None = None, limit: int = 200) -> list[RecordFailure]:
        query = sa.select(s.failure).order_by(s.failure.c.id).limit(limit)
        if build is not None:
            query = query.where(s.failure.c.build == build)
        if source is not None:
            query = query.where(s.failure.c.source == source)
        with self._db.read() as connection:
            return [
                RecordFailure(row.source, row.dataset, row.record, row.code, row.message, row.remedy, row.build)
                for row in connection.execute(query)
            ]


def _source_columns(source: Source) -> dict[str, Any]:
    return {
        "kind": source.kind,
        "options": dumps(source.options),
        "rank": source.rank,
        "removal_limit": source.removal_limit,
    }


def _source(row: Any) -> Source:
    options = orjson.loads(row.options)
    return Source(row.name, row.kind, options or EMPTY, row.rank, row.removal_limit, from_iso(row.created))


def _build(row: Any) -> Build:
    build = Build(
        row.id, BuildState(row.state), tuple(orjson.loads(row.sources)), from_iso(row.started), from_iso(row.finished)
    )
    return replace(
        build,
        progress=tuple(Progress(**progress) for progress in orjson.loads(row.progress)),
        error=None if row.error is None else orjson.loads(row.error),
        counts=orjson.loads(row.counts) or EMPTY,
    )
