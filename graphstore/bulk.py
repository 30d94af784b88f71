"""Loading a whole dataset at once, several times faster than record by record: no diff, indexes made at the end.

The result is what :meth:`graphstore.fragments.SqlFragmentStore.replace` would have given, in one transaction.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate, chain, repeat
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.collecting import no_garbage_collection
from bifrost.errors import InputError
from bifrost.ports import ReplaceReport
from bifrost.values import Evidence, Fragment, RecordFragments
from graphstore import schema as s
from graphstore.assemble import Assembler, Touched
from graphstore.bulk_indexes import create_indexes, drop_indexes
from graphstore.bulk_rows import FRAGMENT, LINK, RECORD, Rows, clean_texts, ids_of
from graphstore.bulk_values import ValueRows
from graphstore.bulk_writer import Batch, BulkWriter, short_turns
from graphstore.database import EDGE, PROPERTY, VERTEX, Database
from graphstore.documents import insert_documents
from graphstore.encoding import evidence_text, fragment_evidence_text, properties_texts
from graphstore.inserting import OR_FAIL, insert_into, interleaved
from graphstore.log import number_changes
from graphstore.statements import Evidences, shareable
from graphstore.values import clean_text

__all__ = ["CHUNK", "BulkLoader", "Parcel"]

Parcel = tuple[str, Sequence[RecordFragments]]
"""The name of a dataset and some of its records; best :data:`CHUNK` of them, made while the ones before are prepared."""
CHUNK = 100
"""Records that are prepared together: few enough to stay in the processor's cache from being read to being rows."""
_STATED = {"pin": 0, "given": 1, "active": 1}
_EDGES = """
{insert_into} edge (id, uid, label, tail, head, properties, score)
SELECT l.id, l.uid, l.type, t.canonical, h.canonical, l.properties, l.score
FROM link l JOIN fragment t ON t.id = l.tail JOIN fragment h ON h.id = l.head
WHERE l.id > :link AND l.tail IS NOT NULL AND l.head IS NOT NULL AND l.active = 1
"""
_LOG = """
{insert_into} change (seq, op, element, ref)
SELECT :base + {number}, 0, :element, id FROM {table} WHERE id > :first
"""
_WITHOUT_GAPS, _WITH_GAPS = "id - :first", "row_number() OVER (ORDER BY id)"
"""How elements are numbered. Counting rows costs as much as writing them."""


class BulkLoader:
    """Loads datasets that hold no record yet. Use once, inside a large write transaction.

    ``dataset_id`` is asked for the id of each dataset once, while the connection is free.
    """

    def __init__(
        self, database: Database, connection: Connection, dataset_id: Callable[[str], int], build: int
    ) -> None:
        self._db, self._connection = database, connection
        self._dataset_id, self._build, self._now = dataset_id, build, time.time()
        self._datasets: dict[str, int] = {}
        self._dataset = 0
        self._version = database.take(connection, "version")
        self._first = {name: self._last(name) for name in ("record", "fragment", "link")}
        self._next = dict(self._first)
        # uid -> fragment id, given at first sight, be it as a fragment or as the end of a link.
        self._ids: dict[str, int] = {}
        self._expected: set[int] = set()
        self._twins: set[int] = set()
        # Those that give no vertex of their own.
        self._later_twins: set[int] = set()
        self._known_before = self._any(s.fragment)
        self._evidences = Evidences(database)
        # By dataset, because evidence that rows share is stored for each.
        self._evidence: dict[tuple[int, ...], tuple[Any, str | None]] = {}
        self._vertex_types: dict[str, int] = {}
        self._link_types: dict[str, int] = {}
        self._values = ValueRows(self._property)
        self._served_links = self._first["link"]
        self._rows = Rows()
        self._writer = BulkWriter(database, connection)

    def load(self, parcels: Iterable[Parcel]) -> ReplaceReport:
        """Raises InputError if a dataset is not empty, ConflictError if two records or links have one name."""
        dropped = self._drop_indexes()
        with no_garbage_collection(), short_turns(), self._writer:
            for dataset, records in parcels:
                self._choose(dataset)
                for first in range(0, len(records), CHUNK):
                    self._prepare(records[first : first + CHUNK])
                    if self._rows.are_many():
                        self._flush()
            self._flush()
        self._serve_vertices()
        # Serving edges looks up links and fragments; the edges' own indexes come last.
        create_indexes(self._db, self._connection, (index for index in dropped if index.table is not s.edge))
        touched = self._serve()
        create_indexes(self._db, self._connection, (index for index in dropped if index.table is s.edge))
        if touched.clusters or touched.links:
            Assembler(self._db).settle(self._connection, touched)
        return ReplaceReport(added=self._next["record"] - self._first["record"])

    def ends_without_fragment(self) -> set[str]:
        """What links named so far without being there."""
        return {uid for uid, id in self._ids.items() if id in self._expected} if self._expected else set()

    def has_twins(self) -> bool:
        """Whether several fragments so far have one uid."""
        return bool(self._twins)

    def _choose(self, dataset: str) -> None:
        """Makes a dataset the one that the next records are of."""
        known = self._datasets.get(dataset)
        if known is None:
            self._writer.wait()
            known = self._datasets[dataset] = self._dataset_id(dataset)
            if self._any(s.record, s.record.c.dataset == known):
                raise InputError("Only an empty dataset can be loaded at once.", remedy="Replace its records instead.")
        self._dataset = known

    def _last(self, counter: str) -> int:
        query = sa.select(s.counter.c.value).where(s.counter.c.name == counter)
        return self._connection.execute(query).scalar() or 0

    def _any(self, table: sa.Table, *where: Any) -> bool:
        return (
            self._connection.execute(sa.select(sa.literal(1)).select_from(table).where(*where).limit(1)).first()
            is not None
        )

    def _drop_indexes(self) -> list[sa.Index]:
        """Only worth it from nothing."""
        return [] if self._known_before or self._any(s.record) else drop_indexes(self._db, self._connection)

    # ---- chunks ------------------------------------------------------------------------------------------------------

    def _prepare(self, chunk: Sequence[RecordFragments]) -> None:
        if self._known_before:
            self._look_up(chunk)
        first = self._next["record"] + 1
        records = range(first, first + len(chunk))
        self._next["record"] += len(chunk)
        keys, digests = [clean_text(said.key) for said in chunk], [said.digest for said in chunk]
        self._rows.records.extend(interleaved((records, [self._dataset] * len(chunk), keys, digests)))
        self._add_fragments(records, chunk)
        self._rows.links.extend(self._link_values(records, chunk))

    def _flush(self) -> None:
        """What was prepared is written while more is."""
        rows, self._rows = self._rows, Rows()
        builds = dict.fromkeys(("build", "first_build", "changed_build"), self._build)
        seen = {**builds, "changed": self._now, "version": self._version}
        batches: list[Batch] = [
            (s.record, RECORD, rows.records, seen),
            (s.fragment, FRAGMENT, rows.fragments_by_id(), {}),
            (s.link, LINK, rows.links, _STATED),
        ]
        edges = {"first": self._served_links, "last": self._next["link"]}
        self._served_links = self._next["link"]
        self._writer.write(batches, None if self._known_before else edges)
        if rows.documents:
            self._writer.wait()
            insert_documents(self._db, self._connection, rows.documents)

    def _look_up(self, chunk: Sequence[RecordFragments]) -> None:
        """Learns the ids of fragments that were there before."""
        self._writer.wait()
        named = {uid for said in chunk for link in said.links for uid in (link.tail, link.head)}
        named |= {fragment.uid for said in chunk for fragment in said.fragments}
        f = s.fragment
        unknown = [clean_text(uid) for uid in named if uid not in self._ids]
        query = sa.select(f.c.uid, sa.func.min(f.c.id)).where(self._db.within(f.c.uid, unknown)).group_by(f.c.uid)
        self._ids |= {uid: id for uid, id in self._connection.execute(query).all() if uid not in self._ids}

    def _add_fragments(self, records: Sequence[int], chunk: Sequence[RecordFragments]) -> None:
        said = [fragment for record in chunk for fragment in record.fragments]
        if not said:
            return
        uids = clean_texts([fragment.uid for fragment in said])
        ids = list(map(self._fragment, uids))
        properties = [fragment.properties for fragment in said]
        counts = [len(one.fragments) for one in chunk]
        self._rows.add_fragments(
            ids,
            uids,
            list(chain.from_iterable(map(repeat, records, counts))),
            [self._dataset] * len(said),
            ids_of([fragment.type for fragment in said], self._vertex_types, self._vertex_type),
            properties_texts(properties),
            self._fragment_evidences(said),
            ids,
        )
        if self._later_twins.isdisjoint(ids):
            self._values.add(ids, properties)
        else:
            served = [(id, one) for id, one in zip(ids, properties, strict=True) if id not in self._later_twins]
            self._values.add([id for id, _ in served], [one for _, one in served])
        for record, one, end in zip(records, chunk, accumulate(counts), strict=True):
            if one.document is not None and one.fragments:
                self._rows.documents.append((record, ids[end - len(one.fragments)], one.document))

    def _fragment(self, uid: str) -> int:
        """The id of a fragment that a record has. A twin of an earlier one gets an id of its own and is assembled in the end."""
        known = self._ids.get(uid)
        if known is None:
            known = self._ids[uid] = self._new("fragment")
        elif known in self._expected:
            self._expected.remove(known)
        else:
            twin = self._new("fragment")
            self._twins |= {known, twin}
            self._later_twins.add(twin)
            return twin
        return known

    def _link_values(self, records: Sequence[int], chunk: Sequence[RecordFragments]) -> list[Any]:
        """The rows of the chunk's links, made column by column: this is where a load spends its time."""
        links = [link for said in chunk for link in said.links]
        if not links:
            return []
        first = self._next["link"] + 1
        self._next["link"] += len(links)
        uids, types, tails, heads, properties, evidences = zip(*links, strict=True)
        counts = [len(said.links) for said in chunk]
        columns = (
            range(first, first + len(links)),
            clean_texts(uids),
            list(chain.from_iterable(map(repeat, records, counts))),
            ids_of(types, self._link_types, self._link_type),
            ids_of(tails, self._ids, self._end),
            ids_of(heads, self._ids, self._end),
            properties_texts(properties),
            *self._link_evidences(evidences),
        )
        return interleaved(columns)

    def _link_evidences(self, evidences: Sequence[Evidence]) -> tuple[list[str | None], list[float]]:
        if len(set(map(id, evidences))) == 1:
            return [self._link_evidence(evidences[0])] * len(evidences), [evidences[0].confidence] * len(evidences)
        return list(map(self._link_evidence, evidences)), [evidence.confidence for evidence in evidences]

    def _end(self, uid: str) -> int:
        """The id of a link's end that is seen for the first time."""
        uid = clean_text(uid)
        id = self._ids.get(uid)
        if id is None:
            id = self._ids[uid] = self._new("fragment")
            self._expected.add(id)
        return id

    def _new(self, counter: str) -> int:
        self._next[counter] += 1
        return self._next[counter]

    def _label(self, element: int, name: str) -> int:
        self._writer.wait()
        return self._db.label_id(self._connection, element, clean_text(name))

    def _vertex_type(self, name: str) -> int:
        found = self._vertex_types[name] = self._label(VERTEX, name)
        return found

    def _link_type(self, name: str) -> int:
        found = self._link_types[name] = self._label(EDGE, name)
        return found

    def _property(self, name: str) -> int:
        return self._label(PROPERTY, name)

    def _fragment_evidences(self, said: Sequence[Fragment]) -> list[str | None]:
        texts: list[str | None] = []
        shown: tuple[Any, Any, str | None] = (None, None, None)
        for one in said:
            if one.default_evidence is not shown[0] or one.evidence is not shown[1]:
                shown = (one.default_evidence, one.evidence, self._fragment_evidence(one))
            texts.append(shown[2])
        return texts

    def _fragment_evidence(self, fragment: Fragment) -> str | None:
        key = (self._dataset, id(fragment.default_evidence), id(fragment.evidence))
        held, text = self._evidence.get(key, (None, None))
        if held is None or held[0] is not fragment.default_evidence or held[1] is not fragment.evidence:
            text = fragment_evidence_text(fragment.default_evidence, fragment.evidence)
            parts = (fragment.default_evidence, *fragment.evidence.values())
            text = self._shared(text, all(map(shareable, parts)))
            self._remember(key, (fragment.default_evidence, fragment.evidence), text)
        return text

    def _link_evidence(self, evidence: Evidence) -> str | None:
        key = (self._dataset, id(evidence))
        held, text = self._evidence.get(key, (None, None))
        if held is not evidence:
            text = self._shared(evidence_text(evidence), shareable(evidence))
            self._remember(key, evidence, text)
        return text

    def _shared(self, text: str | None, is_shareable: bool) -> str | None:
        if text is None or not is_shareable:
            return text
        self._writer.wait()
        return self._evidences.reference(self._connection, self._dataset, text)

    def _remember(self, key: tuple[int, ...], held: Any, text: str | None) -> None:
        # Holding the objects keeps their ids from being used again by others.
        if len(self._evidence) > 1_000:
            self._evidence.clear()
        self._evidence[key] = (held, text)

    # ---- the end -----------------------------------------------------------------------------------------------------

    def _serve_vertices(self) -> None:
        """Ids of ends seen first lie apart; copied in their order, vertices fill their table from left to right."""
        f = s.fragment
        chosen = sa.select(f.c.id, f.c.uid, f.c.type, f.c.properties).where(f.c.id > self._first["fragment"])
        if self._later_twins:
            chosen = chosen.where(~self._db.within(f.c.id, self._later_twins))
        insert = s.vertex.insert().from_select(["id", "uid", "label", "properties"], chosen.order_by(f.c.id))
        insert = insert.prefix_with(OR_FAIL, dialect="sqlite").execution_options(preserve_rowcount=True)
        made = self._connection.execute(insert)
        self._db.grew(s.vertex.name, made.rowcount)
        for values in self._values.batches():
            self._db.insert_flat(self._connection, s.vertex_value, ("key", "hash", "vertex"), values)
        self._values = ValueRows(self._property)

    def _serve(self) -> Touched:
        """Serves the edges; returns what has to be assembled with care, because it met what was there before."""
        for name, first in self._first.items():
            if self._next[name] > first:
                self._db.take(self._connection, name, self._next[name] - first)
        self._leave_dangling()
        touched = Touched(clusters=set(self._twins), vertices=set(self._twins))
        touched.links = self._waiting_links()
        if self._known_before or self._twins:
            self._connection.execute(s.edge.delete().where(s.edge.c.id > self._first["link"]))
            text = _EDGES.format(insert_into=insert_into(self._connection))
            made = self._connection.execute(sa.text(text), {"link": self._first["link"]})
            self._db.grew(s.edge.name, made.rowcount)
        self._log("vertex", VERTEX, self._first["fragment"])
        self._log("edge", EDGE, self._first["link"])
        return touched

    def _leave_dangling(self) -> None:
        """Links whose end never came wait for it."""
        names = {id: uid for uid, id in self._ids.items() if id in self._expected} if self._expected else {}
        link = s.link
        for end, column in ((0, link.c.tail), (1, link.c.head)):
            if names:
                query = sa.select(link.c.id, column.label("end")).where(self._db.within(column, names))
                rows = self._connection.execute(query).all()
                waiting = [(names[row.end], row.id, end) for row in rows]
                self._db.insert(self._connection, s.dangling, ("uid", "link", "end"), waiting)
        for column in (s.edge.c.tail, s.edge.c.head):
            if names:
                self._connection.execute(s.edge.delete().where(self._db.within(column, names)))
        for column in (link.c.tail, link.c.head):
            if names:
                clause = link.update().where(self._db.within(column, names)).values({column.name: None})
                self._connection.execute(clause)

    def _waiting_links(self) -> set[int]:
        """Ties links of other datasets that waited for what came now."""
        if not self._any(s.dangling):
            return set()
        f = s.fragment
        query = (
            sa.select(s.dangling.c.uid, s.dangling.c.link, s.dangling.c.end, sa.func.min(f.c.id).label("id"))
            .join(f, f.c.uid == s.dangling.c.uid)
            .group_by(s.dangling.c.uid, s.dangling.c.link, s.dangling.c.end)
        )
        rows = self._connection.execute(query).all()
        for end, column in ((0, "tail"), (1, "head")):
            self._db.update(self._connection, s.link, (column,), "id", [(r.id, r.link) for r in rows if r.end == end])
        self._db.delete(self._connection, s.dangling.c.uid, {row.uid for row in rows})
        return {row.link for row in rows}

    def _log(self, table: str, element: int, first: int) -> None:
        count = self._connection.execute(sa.text(f"SELECT count(*) FROM {table} WHERE id > :first"), {"first": first})
        rows = count.scalar_one()
        if rows:
            base = number_changes(self._db, self._connection, rows) - 1
            last = self._connection.execute(sa.text(f"SELECT max(id) FROM {table}")).scalar_one()
            number = _WITHOUT_GAPS if last - first == rows else _WITH_GAPS
            text = _LOG.format(insert_into=insert_into(self._connection), table=table, number=number)
            self._connection.execute(sa.text(text), {"base": base, "first": first, "element": element})
            self._db.grew(s.change.name, rows)
