"""What people change in the graph by hand: kept as edits, never overwritten by a crawl, each undoable.

The state of an edited vertex or edge is always the fold of its live edits, stored as a record of the built-in source
``edits``. A changed vertex of a source gets a fragment with the vertex's own uid that rides on it (graphstore/merged.py):
what the sources say stays stored and traceable, and shows again when the edit is undone or the property is freed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.codec import encode_value
from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.graph import Edge, Vertex
from bifrost.links import Verdict
from bifrost.values import (
    DatasetInfo,
    DatasetKind,
    Value,
    make_uid,
)
from graphstore import schema as s
from graphstore.database import EDITS
from graphstore.edit_records import EditState, edge_record, vertex_record
from graphstore.encoding import dumps, from_iso, now
from graphstore.judging import pair_subject
from graphstore.sql import SqlStore
from graphstore.values import clean_text

__all__ = ["Edit", "Edits", "edit_of"]

Properties = Mapping[str, Sequence[Value]]
Notes = Mapping[str, Sequence[tuple[Value, Mapping[str, Value]]]]
"""Meta-properties: property name -> values with what people noted about each."""
_DATASETS = {"vertex": "vertices", "edge": "edges"}
_RANK = -1_000
_LONGEST_ID = 500


@dataclass(frozen=True, slots=True)
class Edit:
    """One change by one person. ``element`` is vertex, edge or source (see :mod:`graphstore.source_edits`), ``action`` add,
    update or delete."""

    id: int
    element: str
    subject: str
    action: str
    by: str
    at: datetime
    undone_by: str | None = None


class Edits:
    """Edits of one store. Each call is one transaction."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._db = store.database

    # ---- vertices ----------------------------------------------------------------------------------------------------

    def add_vertex(
        self, label: str, properties: Properties, *, by: str, id: str | None = None, notes: Notes | None = None
    ) -> Vertex:
        """``id``: the id of the new vertex, where the caller chooses it. Raises ConflictError if it is taken."""
        if not label.strip():
            raise InputError("A vertex needs a label.")
        with self._db.write() as connection:
            subject = self._free(connection, "vertex", id)
            self._forget_edges(connection, subject, by)
            data = {"label": label, "set": _encoded(properties), **_noted(notes)}
            self._note(connection, "vertex", subject, "add", data, by)
            return self._vertex(subject)

    def update_vertex(
        self, id: str, set: Properties, remove: Sequence[str] = (), *, by: str, notes: Notes | None = None
    ) -> Vertex:
        """Sets properties to exactly these values and takes others away; ``notes`` replace all those of the properties
        they name. The rest is untouched, but properties that are set lose the notes they had."""
        with self._db.write() as connection:
            vertex = self._vertex(id)
            subject, members = self._edited(connection, vertex.id)
            data = {"label": vertex.label, "set": _encoded(set), "remove": list(remove), **_noted(notes), **members}
            self._note(connection, "vertex", subject, "update", data, by)
            return self._vertex(vertex.id)

    def delete_vertex(self, id: str, *, by: str) -> None:
        """Takes a vertex and its edges out of the served graph, whatever sources go on saying about it."""
        with self._db.write() as connection:
            vertex = self._vertex(id)
            subject, members = self._edited(connection, vertex.id)
            self._note(connection, "vertex", subject, "delete", {"label": vertex.label, **members}, by)

    # ---- edges -------------------------------------------------------------------------------------------------------

    def add_edge(
        self, label: str, tail: str, head: str, properties: Properties, *, by: str, id: str | None = None
    ) -> Edge:
        """``id``: the id of the new edge, where the caller chooses it. Raises ConflictError if it is taken."""
        if not label.strip():
            raise InputError("An edge needs a label.")
        with self._db.write() as connection:
            subject = self._free(connection, "edge", id)
            ends = {"tail": self._vertex(tail).id, "head": self._vertex(head).id}
            self._note(connection, "edge", subject, "add", {"label": label, "set": _encoded(properties), **ends}, by)
            edge = self._store.view().edge(subject)
        assert edge is not None
        return edge

    def update_edge(self, id: str, set: Properties, remove: Sequence[str] = (), *, by: str) -> Edge:
        """Only of edges that were added by hand: those of sources and link types say what their origin says."""
        with self._db.write() as connection:
            if self._link(connection, id).source != EDITS:
                raise InputError(
                    f"The edge {id!r} comes from data.", remedy="Delete it, then add one with the right properties."
                )
            self._note(connection, "edge", id, "update", {"set": _encoded(set), "remove": list(remove)}, by)
            edge = self._store.view().edge(id)
        assert edge is not None
        return edge

    def delete_edge(self, id: str, *, by: str) -> None:
        """An edge that a link type gave is rejected by a judgement, from which linking learns."""
        with self._db.write() as connection:
            link = self._link(connection, id)
            if link.link_type is None:
                self._note(connection, "edge", link.uid, "delete", {}, by)
            else:
                subject = pair_subject(link.link_type, link.tail_uid, link.head_uid)
                self._store.links.judge(subject, Verdict.REJECT, by)

    # ---- history -----------------------------------------------------------------------------------------------------

    def history(self, subject: str | None = None, limit: int = 100) -> list[Edit]:
        """Newest first."""
        query = sa.select(s.edit).order_by(s.edit.c.id.desc()).limit(limit)
        if subject is not None:
            id = clean_text(subject)
            # Edits of what it was one with are its own, too.
            about = (
                sa.select(s.record.c.key)
                .join(s.fragment, s.fragment.c.record == s.record.c.id)
                .join(s.dataset, s.dataset.c.id == s.record.c.dataset)
                .join(s.source, s.source.c.id == s.dataset.c.source)
                .where(s.fragment.c.uid == id, s.source.c.name == EDITS)
            )
            query = query.where(sa.or_(s.edit.c.subject == id, s.edit.c.subject.in_(about)))
        with self._db.read() as connection:
            return [edit_of(row) for row in connection.execute(query)]

    def edit(self, id: int) -> Edit:
        with self._db.read() as connection:
            return edit_of(self._row(connection, id))

    def _row(self, connection: Connection, id: int) -> Any:
        row = connection.execute(sa.select(s.edit).where(s.edit.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no edit {id}.")
        return row

    def undo(self, id: int, *, by: str) -> Edit:
        """Takes one edit back; later edits of the same subject stay. Raises ConflictError if already undone."""
        with self._db.write() as connection:
            row = self._row(connection, id)
            if row.element not in _DATASETS:
                raise InputError(f"Edit {id} is about a source.", remedy="Undo it as an administrator.")
            if row.undone_at is not None:
                raise ConflictError(f"Edit {id} was already undone by {row.undone_by}.")
            values = {"undone_by": clean_text(by), "undone_at": now().isoformat()}
            connection.execute(s.edit.update().where(s.edit.c.id == id).values(**values))
            self._apply(connection, row.element, row.subject)
            return edit_of(connection.execute(sa.select(s.edit).where(s.edit.c.id == id)).one())

    # ---- applying ----------------------------------------------------------------------------------------------------

    def _note(self, connection: Connection, element: str, subject: str, action: str, data: Any, by: str) -> None:
        connection.execute(
            s.edit.insert().values(
                id=self._db.take(connection, "edit"), element=element, subject=subject, action=action,
                data=dumps(data), by=clean_text(by), at=now().isoformat(),
            )
        )  # fmt: skip
        self._apply(connection, element, subject)

    def _apply(self, connection: Connection, element: str, subject: str) -> None:
        """Makes the subject's record say what its live edits say together."""
        state = self._fold(connection, element, subject)
        if element == "edge" and state.made is None:
            if not state.own:
                self._store.fragments.hide_link(connection, subject, state.deleted)
                return
            record = None
        else:
            record = vertex_record(subject, state) if element == "vertex" else edge_record(subject, state)
        self._ensure_source()
        fragments = self._store.fragments
        if record is None:
            fragments.remove_records(EDITS, _DATASETS[element], [subject])
        else:
            fragments.replace(EDITS, _DATASETS[element], [record], 0)

    def _fold(self, connection: Connection, element: str, subject: str) -> EditState:
        edit = s.edit
        query = sa.select(edit).where(edit.c.subject == subject, edit.c.element == element).order_by(edit.c.id)
        state = EditState(own=subject.startswith(f"{EDITS}/"))
        for row in connection.execute(query):
            state.own = state.own or row.action == "add"
            if row.undone_at is not None:
                continue
            data = orjson.loads(row.data)
            state.by = row.by
            if "members" in data:
                state.members.update(data["members"])
                state.shared.update(data.get("set", ()), data.get("remove", ()))
            if row.action == "delete":
                state.deleted = True
                continue
            if row.action == "add":
                state = EditState(own=True, made=data, by=row.by, members=state.members, shared=state.shared)
            for name, values in data.get("set", {}).items():
                state.properties[name] = values
                state.removed.discard(name)
                state.notes.pop(name, None)
            for name in data.get("remove", ()):
                state.properties.pop(name, None)
                state.removed.add(name)
                state.notes.pop(name, None)
            state.notes |= data.get("notes", {})
        return state

    def _free(self, connection: Connection, element: str, id: str | None) -> str:
        """The id of a new element: the one asked for, if nothing has or may get it."""
        if id is None:
            return make_uid(EDITS, _DATASETS[element], uuid4().hex)
        if not id.strip() or id != clean_text(id) or len(id) > _LONGEST_ID:
            raise InputError(
                f"{id[:80]!r} cannot be the id of a {element}.", remedy=f"Use 1 to {_LONGEST_ID} printable characters."
            )
        source = id.partition("/")[0]
        if "/" in id and connection.execute(sa.select(s.source.c.id).where(s.source.c.name == source)).first():
            raise ConflictError(
                f"Ids that begin with {source}/ belong to the source {source!r}.", remedy="Choose another id."
            )
        table = s.fragment if element == "vertex" else s.link
        if connection.execute(sa.select(table.c.id).where(table.c.uid == id)).first():
            kind = "Vertex" if element == "vertex" else "Edge"
            raise ConflictError(f"{kind} with id already exists: {id}", remedy="Choose another id, or use merge.")
        return id

    def _forget_edges(self, connection: Connection, vertex: str, by: str) -> None:
        """Deletes the edges added by hand that wait for a vertex of this id: they belonged to one that was deleted."""
        query = (
            sa.select(s.link.c.uid)
            .join(s.dangling, s.dangling.c.link == s.link.c.id)
            .join(s.record, s.record.c.id == s.link.c.record)
            .join(s.dataset, s.dataset.c.id == s.record.c.dataset)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(s.dangling.c.uid == vertex, s.source.c.name == EDITS)
        )
        for uid in connection.execute(query).scalars().all():
            self._note(connection, "edge", uid, "delete", {}, by)

    def _ensure_source(self) -> None:
        catalog = self._store.catalog
        if catalog.add_built_in(EDITS, _RANK):
            infos = [DatasetInfo(name, DatasetKind.TABLE) for name in _DATASETS.values()]
            catalog.save_datasets(EDITS, infos, {})

    def _vertex(self, id: str) -> Vertex:
        found = self._store.view().vertex(id)
        if found is None:
            raise NotFoundError(f"There is no vertex {id!r}.")
        return found

    def _edited(self, connection: Connection, uid: str) -> tuple[str, dict[str, Any]]:
        """The subject of edits of a vertex, and what says which others are one with it: an edit is about all of them, as they
        may come apart, and readers see some only. An edit that went before goes on, though the vertex has another id now."""
        one, other = s.fragment.alias("one"), s.fragment.alias("other")
        query = (
            sa.select(other.c.uid, s.record.c.key.label("record"), s.source.c.name.label("source"))
            .join(one, one.c.canonical == other.c.canonical)
            .join(s.record, s.record.c.id == other.c.record)
            .join(s.dataset, s.dataset.c.id == other.c.dataset)
            .join(s.source, s.source.c.id == s.dataset.c.source)
            .where(one.c.uid == uid)
        )
        rows = connection.execute(query).all()
        subjects = sorted({row.record for row in rows if row.source == EDITS})
        subject = uid if uid in subjects or not subjects else subjects[0]
        members = sorted({row.uid for row in rows} - {subject})
        return subject, {"members": members} if members else {}

    def _link(self, connection: Connection, uid: str) -> Any:
        tail, head, link = s.fragment.alias("tail"), s.fragment.alias("head"), s.link
        query = (
            sa.select(
                link.c.uid, s.link_type.c.id.label("link_type"), tail.c.uid.label("tail_uid"),
                head.c.uid.label("head_uid"), s.source.c.name.label("source"),
            )
            .join(s.edge, s.edge.c.id == link.c.id)
            .join(tail, tail.c.id == link.c.tail)
            .join(head, head.c.id == link.c.head)
            .outerjoin(s.link_type, s.link_type.c.number == link.c.link_type)
            .outerjoin(s.record, s.record.c.id == link.c.record)
            .outerjoin(s.dataset, s.dataset.c.id == s.record.c.dataset)
            .outerjoin(s.source, s.source.c.id == s.dataset.c.source)
            .where(link.c.uid == clean_text(uid))
        )  # fmt: skip
        row = connection.execute(query).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no edge {uid!r}.")
        return row


def _encoded(properties: Properties) -> dict[str, list[Any]]:
    return {name: [encode_value(value) for value in values] for name, values in properties.items()}


def _noted(notes: Notes | None) -> dict[str, Any]:
    """The part of an edit that keeps notes."""
    if not notes:
        return {}
    return {
        "notes": {
            name: [
                [encode_value(value), {key: encode_value(one) for key, one in about.items()}]
                for value, about in pairs
                if about
            ]
            for name, pairs in notes.items()
        }
    }


def edit_of(row: Any) -> Edit:
    at = from_iso(row.at)
    assert at is not None
    return Edit(row.id, row.element, row.subject, row.action, row.by, at, row.undone_by)
