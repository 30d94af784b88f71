"""Registrations of sources as edits: each addition, change and removal can be taken back.

A removal keeps the registration, its credentials still sealed by the caller, in the edit; the data goes at once and comes
back with a build. After a while the edits forget what they kept (:meth:`SourceEdits.forget`).
"""

import base64
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.catalog import Source
from bifrost.errors import ConflictError, NotFoundError
from graphstore import schema as s
from graphstore.edits import Edit, edit_of
from graphstore.encoding import dumps, now
from graphstore.sql import SqlStore
from graphstore.values import clean_text

__all__ = ["SOURCE", "SourceEdits"]

SOURCE = "source"
"""``Edit.element`` of these edits; their subject is the name of the source."""

_KEPT = ("kind", "options", "rank", "removal_limit", "created")


class SourceEdits:
    """Sources of one store. Each call is one transaction; credentials are passed and kept encrypted."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self._db = store, store.database

    def add(self, source: Source, secret: bytes | None, *, by: str) -> None:
        """Raises ConflictError when the name is taken."""
        with self._db.write() as connection:
            self._store.catalog.add_source(source, secret)
            self._note(connection, source.name, "add", {}, by)

    def update(self, source: Source, secret: bytes | None, *, by: str) -> None:
        """Everything but the name; ``secret`` None keeps the stored one. Raises NotFoundError."""
        with self._db.write() as connection:
            before = self._row(connection, source.name)
            self._store.catalog.update_source(source, secret)
            self._note(connection, source.name, "update", _kept(before), by)

    def remove(self, name: str, *, by: str, forget: bool = False) -> None:
        """Removes a source and all that it alone said; ``forget``: so that nothing is left to bring it back from."""
        with self._db.write() as connection:
            self._remove(connection, name, by, forget)
        self._store.forget_copies(name)

    def history(self, limit: int = 100) -> list[Edit]:
        """Newest first."""
        query = sa.select(s.edit).where(s.edit.c.element == SOURCE).order_by(s.edit.c.id.desc()).limit(limit)
        with self._db.read() as connection:
            return [edit_of(row) for row in connection.execute(query)]

    def undo(self, id: int, *, by: str) -> Edit:
        """Takes an edit back. That of an addition removes the source, which is an edit of its own.

        Raises ConflictError where it was undone, forgot what it kept, or is not the newest one of its source.
        """
        with self._db.write() as connection:
            row = connection.execute(sa.select(s.edit).where(s.edit.c.id == id, s.edit.c.element == SOURCE)).first()
            if row is None:
                raise NotFoundError(f"There is no edit {id} of a source.")
            self._check(connection, row)
            name, data = row.subject, orjson.loads(row.data)
            values = {"undone_by": clean_text(by), "undone_at": now().isoformat()}
            connection.execute(s.edit.update().where(s.edit.c.id == id).values(**values))
            if row.action == "add":
                self._remove(connection, name, by, forget=False)
            else:
                self._restore(connection, name, row.action, data)
            undone = edit_of(connection.execute(sa.select(s.edit).where(s.edit.c.id == id)).one())
        if undone.action == "add":
            self._store.forget_copies(name)
        return undone

    def forget(self, days: float) -> int:
        """Makes edits older than this forget what they kept, credentials first of all; returns how many did."""
        with self._db.read() as connection:
            old = s.edit.c.at < (now() - timedelta(days=days)).isoformat()
            if connection.execute(sa.select(s.edit.c.id).where(old, *_KEEPING).limit(1)).first() is None:
                return 0
        with self._db.write() as connection:
            return self._forget(connection, old)

    # ------------------------------------------------------------------------------------------------------------------

    def _check(self, connection: Connection, row: Any) -> None:
        if row.undone_at is not None:
            raise ConflictError(f"Edit {row.id} was already undone by {row.undone_by}.")
        edit = s.edit
        later = sa.select(sa.func.max(edit.c.id)).where(
            edit.c.element == SOURCE, edit.c.subject == row.subject, edit.c.undone_at.is_(None)
        )
        newest = connection.execute(later).scalar_one()
        if newest != row.id:
            raise ConflictError(
                f"The source {row.subject!r} was changed again after edit {row.id}.",
                remedy=f"Undo edit {newest} first.",
            )
        if row.action != "add" and row.data == "{}":
            raise ConflictError(
                f"What edit {row.id} of the source {row.subject!r} kept is forgotten.",
                remedy="Register or change the source again.",
            )

    def _remove(self, connection: Connection, name: str, by: str, forget: bool) -> None:
        row = self._row(connection, name)
        self._store.catalog.remove_source(name)
        if forget:
            self._forget(connection, s.edit.c.subject == clean_text(name))
        self._note(connection, name, "delete", {} if forget else _kept(row), by)

    def _restore(self, connection: Connection, name: str, action: str, kept: Mapping[str, Any]) -> None:
        options = orjson.loads(kept["options"])
        source = Source(name, kept["kind"], options, kept["rank"], kept["removal_limit"])
        if action == "update":
            self._store.catalog.update_source(source)
        else:
            self._store.catalog.add_source(source)
        sealed = None if kept["secret"] is None else base64.b64decode(kept["secret"])
        values = {"secret": sealed, "created": kept["created"]}
        connection.execute(s.source.update().where(s.source.c.name == name).values(**values))

    def _forget(self, connection: Connection, which: Any) -> int:
        return connection.execute(s.edit.update().where(which, *_KEEPING).values(data="{}")).rowcount

    def _row(self, connection: Connection, name: str) -> Any:
        row = connection.execute(sa.select(s.source).where(s.source.c.name == name)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no source named {name!r}.")
        return row

    def _note(self, connection: Connection, name: str, action: str, data: Any, by: str) -> None:
        connection.execute(
            s.edit.insert().values(
                id=self._db.take(connection, "edit"), element=SOURCE, subject=clean_text(name), action=action,
                data=dumps(data), by=clean_text(by), at=now().isoformat(),
            )
        )  # fmt: skip


_KEEPING = (s.edit.c.element == SOURCE, s.edit.c.data != "{}")


def _kept(row: Any) -> dict[str, Any]:
    secret = None if row.secret is None else base64.b64encode(row.secret).decode()
    return {"secret": secret, **{name: getattr(row, name) for name in _KEPT}}
