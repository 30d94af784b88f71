"""The fragments and links of records, written by diff: what stays keeps its id, so its vertex or edge stays too."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.documents import Document
from bifrost.values import Evidence, Fragment, LinkStatement, RecordFragments, make_uid
from graphstore import schema as s
from graphstore.assemble import Touched
from graphstore.database import EDGE, VERTEX, Database
from graphstore.encoding import evidence_text, fragment_evidence_text, properties_text
from graphstore.merged import is_rider
from graphstore.values import clean_text

__all__ = ["FRAGMENT_COLUMNS", "LINK_COLUMNS", "RECORD_COLUMNS", "Evidences", "StatementWriter", "bump", "shareable"]

RECORD_COLUMNS = ("id", "dataset", "key", "digest", "build", "first_build", "changed_build", "changed", "version")

FRAGMENT_COLUMNS = ("id", "uid", "record", "dataset", "type", "properties", "evidence", "canonical")
LINK_COLUMNS = (
    "id", "uid", "record", "link_type", "type", "tail", "head", "properties", "evidence", "score", "pin", "given",
    "active",
)  # fmt: skip


class Evidences:
    """Evidence that many rows of a dataset share is stored once."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._known: dict[tuple[int, str], int] = {}

    def clear(self) -> None:
        self._known.clear()

    def reference(self, connection: Connection, dataset: int, text: str) -> str:
        """``#<id>`` of a text, made when it is new."""
        found = self._known.get((dataset, text))
        if found is not None:
            known = sa.select(s.evidence.c.id).where(s.evidence.c.id == found, s.evidence.c.data == text)
            if connection.execute(known).scalar() is not None:
                return f"#{found}"
        query = sa.select(s.evidence.c.id).where(s.evidence.c.dataset == dataset, s.evidence.c.data == text)
        found = connection.execute(query).scalar()
        if found is None:
            found = self._db.take(connection, "evidence")
            connection.execute(s.evidence.insert().values(id=found, dataset=dataset, data=text))
        self._known[dataset, text] = found
        return f"#{found}"


def shareable(evidence: Evidence) -> bool:
    """Whether evidence says only what all rows of a dataset have in common."""
    plain = evidence.page is None and not evidence.quote and not evidence.boxes
    return plain and evidence.confidence == 1.0 and not evidence.extractor.startswith("edit")


def bump(database: Database, connection: Connection, link_types: set[int]) -> None:
    """Notes that the links or pairs of link types (by number) changed, for scoped views to follow."""
    if link_types:
        version = database.take(connection, "version")
        table = s.link_type
        clause = table.update().where(database.within(table.c.number, link_types)).values(version=version)
        connection.execute(clause)


class StatementWriter:
    """Writes what records say within one transaction and notes in ``touched`` what the served graph must follow."""

    def __init__(
        self, database: Database, connection: Connection, touched: Touched, evidences: Evidences | None = None
    ) -> None:
        self._db, self._connection, self.touched = database, connection, touched
        self._evidences = evidences or Evidences(database)
        self._evidence_texts: dict[tuple[int, ...], str | None] = {}

    # ---- saying ------------------------------------------------------------------------------------------------------

    def say(
        self, dataset: int, records: Mapping[int, RecordFragments], changed: set[int]
    ) -> list[tuple[int, int, Document]]:
        """Makes records (by id) say exactly this. ``changed`` are the ids of those that said something before.

        Returns the documents to write, as (record id, fragment id, document).
        """
        f, link = s.fragment, s.link
        old_fragments = {(row.record, row.uid): row for row in self._rows(f, f.c.record, changed)}
        stated = (row for row in self._rows(link, link.c.record, changed) if row.link_type is None)
        old_links = {(row.record, row.uid): row for row in stated}
        fragments = {
            (id, clean_text(fragment.uid)): fragment for id, record in records.items() for fragment in record.fragments
        }
        links = self._links_by_uid(records, old_links)
        self._remove_links([row.id for key, row in old_links.items() if key not in links])
        self._remove_fragments([row.id for key, row in old_fragments.items() if key not in fragments])
        ids = {key: row.id for key, row in old_fragments.items()}
        ids |= self._write_fragments(dataset, fragments, old_fragments)
        self._write_links(dataset, links, old_links)
        return [
            (id, ids[id, clean_text(record.fragments[0].uid)], record.document)
            for id, record in records.items()
            if record.document is not None and record.fragments
        ]

    def _rows(self, table: sa.Table, column: Any, ids: Iterable[int]) -> Sequence[Any]:
        ids = list(ids)
        return self._connection.execute(sa.select(table).where(self._db.within(column, ids))).all() if ids else ()

    def _links_by_uid(
        self, records: Mapping[int, RecordFragments], old: Mapping[tuple[int, str], Any]
    ) -> dict[tuple[int, str], LinkStatement]:
        """The links of the records under the uid to store: one that another record uses already gets a suffix."""
        wanted = [(id, clean_text(link.uid), link) for id, record in records.items() for link in record.links]
        fresh = {uid for id, uid, _ in wanted if (id, uid) not in old}
        query = sa.select(s.link.c.uid, s.link.c.record).where(self._db.within(s.link.c.uid, fresh))
        owners = {row.uid: row.record for row in self._connection.execute(query).all()} if fresh else {}
        links: dict[tuple[int, str], LinkStatement] = {}
        for id, uid, link in wanted:
            if owners.setdefault(uid, id) != id:
                uid = f"{uid}~{make_uid(records[id].key)}"
            links[id, uid] = link
        return links

    # ---- fragments ---------------------------------------------------------------------------------------------------

    def _write_fragments(
        self, dataset: int, fragments: Mapping[tuple[int, str], Fragment], old: Mapping[tuple[int, str], Any]
    ) -> dict[tuple[int, str], int]:
        added = [key for key in fragments if key not in old]
        first = self._db.take(self._connection, "fragment", len(added)) if added else 0
        ids = {key: first + i for i, key in enumerate(added)}
        rows, updates, riders = [], [], set()
        for (record, uid), fragment in fragments.items():
            type_id = self._db.label_id(self._connection, VERTEX, clean_text(fragment.type))
            said = (type_id, properties_text(fragment.properties), self._evidence_of(dataset, fragment))
            before = old.get((record, uid))
            if before is None:
                id = ids[record, uid]
                rows.append((id, uid, record, dataset, *said, id))
                if is_rider(fragment.default_evidence):
                    riders.add(id)
            else:
                if said != (before.type, before.properties, before.evidence):
                    updates.append((*said, before.id))
                # Even the same words count as said anew: their recency may order conflicting values.
                self.touched.vertices.add(before.canonical)
        self._db.update(self._connection, s.fragment, ("type", "properties", "evidence"), "id", updates)
        self._add_fragments(rows, riders)
        return ids

    def _add_fragments(self, rows: list[tuple[Any, ...]], riders: set[int]) -> None:
        if not rows:
            return
        by_uid: dict[str, list[int]] = {}
        for row in rows:
            by_uid.setdefault(row[1], []).append(row[0])
        query = sa.select(s.fragment.c.id, s.fragment.c.uid).where(self._db.within(s.fragment.c.uid, by_uid))
        for id, uid in self._connection.execute(query).all():
            by_uid[uid].append(id)
        twins = {id for ids in by_uid.values() if len(ids) > 1 for id in ids} | riders
        self._db.insert(self._connection, s.fragment, FRAGMENT_COLUMNS, rows)
        self.touched.clusters |= twins
        self.touched.vertices |= twins
        self.touched.new_vertices += [
            (id, uid, type, text) for id, uid, _, _, type, text, _, _ in rows if id not in twins
        ]
        self._resolve({uid: min(ids) for uid, ids in by_uid.items()})

    def _resolve(self, fragments: Mapping[str, int]) -> None:
        """Ties links that waited for these uids to the fragments that have come."""
        query = sa.select(s.dangling).where(self._db.within(s.dangling.c.uid, fragments))
        waiting = self._connection.execute(query).all()
        for end, column in ((0, "tail"), (1, "head")):
            rows = [(fragments[row.uid], row.link) for row in waiting if row.end == end]
            self._db.update(self._connection, s.link, (column,), "id", rows)
        self._db.delete(self._connection, s.dangling.c.uid, {row.uid for row in waiting})
        self.touched.links |= {row.link for row in waiting}

    def _evidence_of(self, dataset: int, fragment: Fragment) -> str | None:
        key = (id(fragment.default_evidence), id(fragment.evidence))
        if key not in self._evidence_texts:
            text = fragment_evidence_text(fragment.default_evidence, fragment.evidence)
            parts = (fragment.default_evidence, *fragment.evidence.values())
            if text is not None and all(shareable(part) for part in parts):
                text = self._evidences.reference(self._connection, dataset, text)
            self._evidence_texts[key] = text
        return self._evidence_texts[key]

    # ---- links -------------------------------------------------------------------------------------------------------

    def _write_links(
        self, dataset: int, links: Mapping[tuple[int, str], LinkStatement], old: Mapping[tuple[int, str], Any]
    ) -> None:
        if not links:
            return
        uids = {clean_text(uid) for link in links.values() for uid in (link.tail, link.head)}
        f = s.fragment
        query = (
            sa.select(f.c.uid, sa.func.min(f.c.id).label("id")).where(self._db.within(f.c.uid, uids)).group_by(f.c.uid)
        )
        ends = {row.uid: row.id for row in self._connection.execute(query).all()}
        added = [key for key in links if key not in old]
        first = self._db.take(self._connection, "link", len(added)) if added else 0
        numbers = {key: first + i for i, key in enumerate(added)}
        rows, updates, dangling = [], [], []
        is_hidden = sa.select(s.hidden_link.c.uid).where(
            self._db.within(s.hidden_link.c.uid, [uid for _, uid in added])
        )
        hidden = set(self._connection.execute(is_hidden).scalars()) if added else set()
        for (record, uid), link in links.items():
            before = old.get((record, uid))
            said = self._link_said(dataset, link, ends)
            if before is not None and None not in (before.tail, before.head) and said == tuple(before)[4:10]:
                continue
            id = numbers[record, uid] if before is None else before.id
            if before is None:
                rows.append((id, uid, record, None, *said, 0, 1, int(uid not in hidden)))
            else:
                updates.append((*said, id))
            self.touched.links.add(id)
            names = (clean_text(link.tail), clean_text(link.head))
            dangling += [(name, id, end) for end, name in enumerate(names) if name not in ends]
        self._db.insert(self._connection, s.link, LINK_COLUMNS, rows)
        self._db.delete(self._connection, s.dangling.c.link, [row[-1] for row in updates])
        self._db.update(self._connection, s.link, LINK_COLUMNS[4:10], "id", updates)
        self._db.insert(self._connection, s.dangling, ("uid", "link", "end"), dangling)

    def _link_said(self, dataset: int, link: LinkStatement, ends: Mapping[str, int]) -> tuple[Any, ...]:
        evidence = evidence_text(link.evidence)
        if evidence is not None and shareable(link.evidence):
            key = (id(link.evidence),)
            if key not in self._evidence_texts:
                self._evidence_texts[key] = self._evidences.reference(self._connection, dataset, evidence)
            evidence = self._evidence_texts[key]
        return (
            self._db.label_id(self._connection, EDGE, clean_text(link.type)),
            ends.get(clean_text(link.tail)),
            ends.get(clean_text(link.head)),
            properties_text(link.properties),
            evidence,
            float(link.evidence.confidence),
        )

    # ---- removing ----------------------------------------------------------------------------------------------------

    def remove_of_records(self, records: Sequence[int]) -> None:
        """Removes the links and fragments that these records stated, and the links of link types that rest on them."""
        link = s.link
        resting = sa.select(link.c.link_type).where(
            self._db.within(link.c.record, records), link.c.link_type.is_not(None)
        )
        bump(self._db, self._connection, set(self._connection.execute(resting.distinct()).scalars()))
        for table, remove in ((s.link, self._remove_links), (s.fragment, self._remove_fragments)):
            query = sa.select(table.c.id).where(self._db.within(table.c.record, records))
            remove(self._connection.execute(query).scalars().all())

    def _remove_links(self, ids: Sequence[int]) -> None:
        self.touched.links.update(ids)
        self._db.delete(self._connection, s.link.c.id, ids)
        self._db.delete(self._connection, s.dangling.c.link, ids)

    def _remove_fragments(self, ids: Sequence[int]) -> None:
        if not ids:
            return
        f = s.fragment
        gone = {row.id: row for row in self._rows(f, f.c.id, ids)}
        canonicals = {row.canonical for row in gone.values()}
        self._db.delete(self._connection, f.c.id, ids)
        self.touched.vertices |= canonicals
        # What stays of a merged vertex has to find its canonical fragment again.
        stay = sa.select(f.c.id).where(self._db.within(f.c.canonical, canonicals))
        self.touched.clusters |= set(self._connection.execute(stay).scalars())
        self.touched.vertices |= self.touched.clusters
        self._remove_pairs(ids)
        self._detach_links({id: row.uid for id, row in gone.items()})

    def _remove_pairs(self, fragments: Sequence[int]) -> None:
        pair = s.same_pair
        for end in (pair.c.left, pair.c.right):
            query = sa.select(pair.c.link_type).where(self._db.within(end, fragments))
            bump(self._db, self._connection, set(self._connection.execute(query).scalars()))
            self._db.delete(self._connection, end, fragments)

    def _detach_links(self, gone: Mapping[int, str]) -> None:
        """Links that records state wait for their end to come back; links that models found go."""
        link = s.link
        twins_query = sa.select(s.fragment.c.uid, sa.func.min(s.fragment.c.id).label("id")).where(
            self._db.within(s.fragment.c.uid, set(gone.values()))
        )
        twins = {row.uid: row.id for row in self._connection.execute(twins_query.group_by(s.fragment.c.uid))}
        for end, column in enumerate((link.c.tail, link.c.head)):
            query = sa.select(link.c.id, link.c.link_type, column.label("end"))
            rows = self._connection.execute(query.where(self._db.within(column, gone))).all()
            bump(self._db, self._connection, {row.link_type for row in rows if row.link_type is not None})
            self.touched.links |= {row.id for row in rows}
            kept = [row for row in rows if row.link_type is None or gone[row.end] in twins]
            self._db.delete(self._connection, link.c.id, {row.id for row in rows} - {row.id for row in kept})
            moved = [(twins.get(gone[row.end]), row.id) for row in kept]
            self._db.update(self._connection, link, (column.name,), "id", moved)
            waiting = [(gone[row.end], row.id, end) for row in kept if gone[row.end] not in twins]
            self._db.insert(self._connection, s.dangling, ("uid", "link", "end"), waiting)
