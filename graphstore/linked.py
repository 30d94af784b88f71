"""The links and merges that follow from link types: stored once, served while the link type and the answers say so."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.link_columns import LinkColumns
from bifrost.links import LinkEdge, LinkKind, LinkType, SamePair, Verdict
from bifrost.ports import PairScores, ReplaceReport
from bifrost.values import EMPTY, Evidence
from graphstore import schema as s
from graphstore.assemble import Assembler, Touched
from graphstore.database import EDGE, Database
from graphstore.encoding import dumps
from graphstore.judging import disputed, pair_subject
from graphstore.link_present import stored_as_wanted
from graphstore.link_rows import DEFAULT_SAME, LINK, LinkRows, Row, is_active
from graphstore.pair_scores import pair_scores
from graphstore.statements import bump
from graphstore.values import clean_text

__all__ = ["LinkedWriter"]

_PINS = {Verdict.CONFIRM: 1, Verdict.REJECT: -1, Verdict.DELETE: -1}
_BATCH = 10_000
_SCORE = LINK.index("score")
_PAIR = ("left", "right", "score", "evidence", "pin", "given", "active")


class LinkedWriter:
    """Writes links and same-pairs of link types inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._assembler = Assembler(database)

    # ---- writing -----------------------------------------------------------------------------------------------------

    def write_links(
        self, connection: Connection, number: int, link_type: LinkType, edges: Iterable[LinkEdge]
    ) -> ReplaceReport:
        """Batch by batch, so that any number of edges fits; those of columns first as a whole, as most stay as they are."""
        rows, present = LinkRows(self._db, connection, link_type), set[int]()
        if isinstance(edges, LinkColumns):
            ids, same = stored_as_wanted(connection, number, rows, edges)
            present, edges = set(ids.tolist()), edges.where(~same)
        return self._diff_links(connection, number, self._batches(connection, link_type, rows, edges), present)

    def _batches(
        self, connection: Connection, link_type: LinkType, rows: LinkRows, edges: Iterable[LinkEdge]
    ) -> Iterator[dict[str, Row]]:
        """The links to store by uid, then those that only a person's answer speaks for."""
        pins, found = self._pins(connection, link_type.id), set()
        stream = iter(edges)
        while batch := [(clean_text(e.tail), clean_text(e.head), e) for e in islice(stream, _BATCH)]:
            ends = self._fragments(connection, {uid for tail, head, _ in batch for uid in (tail, head)})
            between = self._between(connection, {clean_text(edge.through) for _, _, edge in batch if edge.through})
            wanted: dict[str, Row] = {}
            for tail, head, edge in batch:
                said = between.get(clean_text(edge.through)) if edge.through else None
                if (edge.through and said is None) or tail not in ends or head not in ends:
                    continue
                uid = rows.uid(tail, head)
                if uid not in wanted or edge.score > wanted[uid][_SCORE]:
                    pin = 0
                    if pins:
                        subject = pair_subject(link_type.id, tail, head)
                        found.add(subject)
                        pin = pins.get(subject, 0)
                    wanted[uid] = rows.row(edge, (ends[tail], ends[head]), (pin, 1), said)
            yield wanted
        wanted = {}
        for subject, pin in pins.items():
            pair = self._pair_of(connection, subject) if pin > 0 and subject not in found else None
            if pair is not None:
                (tail, tail_id), (head, head_id) = pair
                wanted[rows.uid(tail, head)] = rows.row(
                    self._taught(link_type, tail, head), (tail_id, head_id), (pin, 0)
                )
        yield wanted

    def _diff_links(
        self,
        connection: Connection,
        number: int,
        batches: Iterable[Mapping[str, Row]],
        present: Collection[int] = (),
    ) -> ReplaceReport:
        """``present`` are the ids of links that stay and are in none of the batches."""
        report, seen = ReplaceReport(unchanged=len(present)), set(present)
        for wanted in batches:
            report += self._diff_batch(connection, number, wanted, seen)
        stored = connection.execute(sa.select(s.link.c.id).where(s.link.c.link_type == number)).scalars()
        gone = [id for id in stored if id not in seen]
        self._db.delete(connection, s.link.c.id, gone)
        self._assembler.settle(connection, Touched(links=set(gone)))
        report += ReplaceReport(removed=len(gone))
        if report.added or report.changed or report.removed:
            bump(self._db, connection, {number})
        return report

    def _diff_batch(
        self, connection: Connection, number: int, wanted: Mapping[str, Row], seen: set[int]
    ) -> ReplaceReport:
        """Stores a batch and adds its ids to ``seen``; of a link that comes in two batches, the surer one stays."""
        link = s.link
        query = sa.select(*(link.c[name] for name in LINK), link.c.id, link.c.uid)
        stored = {row[-1]: row for row in connection.execute(query.where(self._db.within(link.c.uid, wanted))).all()}
        changed, again = [], 0
        for uid, row in stored.items():
            id = row[-2]
            if id in seen and row[_SCORE] >= wanted[uid][_SCORE]:
                again += 1
            elif row[:-2] != wanted[uid]:
                changed.append((*wanted[uid], id))
        new = [(uid, row) for uid, row in wanted.items() if uid not in stored]
        first = self._db.take(connection, "link", len(new)) if new else 0
        self._db.update(connection, link, LINK, "id", changed)
        rows = [(first + i, uid, number, *row) for i, (uid, row) in enumerate(new)]
        self._db.insert(connection, link, ("id", "uid", "link_type", *LINK), rows)
        touched = Touched(links={*(row[-1] for row in changed), *(row[0] for row in rows if row[-1])})
        self._assembler.settle(connection, touched)
        seen.update(row[-2] for row in stored.values())
        seen.update(row[0] for row in rows)
        return ReplaceReport(len(new), len(changed), len(stored) - len(changed) - again)

    def _between(self, connection: Connection, uids: set[str]) -> dict[str, Any]:
        """Record and properties of fragments, the first of each uid."""
        f = s.fragment
        query = sa.select(f.c.uid, f.c.record, f.c.properties).where(self._db.within(f.c.uid, uids))
        rows = connection.execute(query.order_by(f.c.id.desc())).all() if uids else ()
        return {row.uid: row for row in rows}

    def write_same(
        self, connection: Connection, number: int, link_type: LinkType, pairs: Iterable[SamePair]
    ) -> ReplaceReport:
        best: dict[tuple[str, str], SamePair] = {}
        for pair in pairs:
            left, right = clean_text(pair.left), clean_text(pair.right)
            key = (min(left, right), max(left, right))
            if left != right and (key not in best or pair.score > best[key].score):
                best[key] = pair
        pins = self._pins(connection, link_type.id)
        ends = self._fragments(connection, {uid for key in best for uid in key})
        wanted: dict[tuple[int, int], Row] = {}
        for pair in best.values():
            left, right = clean_text(pair.left), clean_text(pair.right)
            pin = pins.pop(pair_subject(link_type.id, left, right), 0)
            pin = pins.pop(pair_subject(link_type.id, right, left), 0) or pin
            if left in ends and right in ends:
                row = _pair_row(link_type, ends[left], ends[right], float(pair.score), dumps(pair.evidence), pin, 1)
                wanted[row[0], row[1]] = row
        for subject, pin in pins.items():
            found = self._pair_of(connection, subject) if pin > 0 else None
            if found is not None:
                (_, left_id), (_, right_id) = found
                wanted[left_id, right_id] = _pair_row(link_type, left_id, right_id, 1.0, "{}", pin, 0)
        return self._diff_pairs(connection, number, wanted)

    def _diff_pairs(self, connection: Connection, number: int, wanted: Mapping[tuple[int, int], Row]) -> ReplaceReport:
        pair = s.same_pair
        query = sa.select(*(pair.c[name] for name in _PAIR)).where(pair.c.link_type == number)
        stored = {(row.left, row.right): tuple(row) for row in connection.execute(query).all()}
        gone = [row for key, row in stored.items() if key not in wanted]
        changed = [row for key, row in wanted.items() if key in stored and stored[key] != row]
        new = [row for key, row in wanted.items() if key not in stored]
        self._delete_pairs(connection, number, [*gone, *changed])
        self._db.insert(connection, pair, ("link_type", *_PAIR), [(number, *row) for row in [*changed, *new]])
        if gone or changed or new:
            bump(self._db, connection, {number})
        # Merges change only where a pair begins or ends to count.
        moved = [row for row in gone if row[-1]] + [row for row in new if row[-1]]
        moved += [row for row in changed if row[-1] != stored[row[0], row[1]][-1]]
        self._merge(connection, moved)
        return ReplaceReport(len(new), len(changed), len(wanted) - len(new) - len(changed), len(gone))

    def _merge(self, connection: Connection, pairs: Iterable[Row]) -> None:
        ends = {end for row in pairs for end in row[:2]}
        self._assembler.settle(connection, Touched(clusters=ends))

    def _delete_pairs(self, connection: Connection, number: int, rows: Iterable[Row]) -> None:
        keys = [(number, row[0], row[1]) for row in rows]
        if keys:
            mark = "?" if self._db.is_sqlite else "%s"
            where = f'link_type = {mark} AND "left" = {mark} AND "right" = {mark}'
            connection.exec_driver_sql(f"DELETE FROM same_pair WHERE {where}", keys)

    def copy(
        self, connection: Connection, number: int, link_type: LinkType, links: Iterable[Any], pairs: Iterable[Any]
    ) -> None:
        """Makes links and pairs those of another store: rows of its tables with ``tail_uid`` and ``head_uid``, links
        together with the id of their label here. Those whose ends are not here are left out."""
        links, pairs = list(links), list(pairs)
        rows = [*(row for row, _ in links), *pairs]
        ends = self._fragments(connection, {uid for row in rows for uid in (row.tail_uid, row.head_uid)})
        between = self._between(connection, {row.through_uid for row, _ in links if row.through_uid is not None})
        wanted: dict[str, Row] = {}
        for row, label in links:
            tail, head = ends.get(row.tail_uid), ends.get(row.head_uid)
            if tail is not None and head is not None:
                active = is_active(link_type, row.score, row.pin, row.given)
                said = (row.properties, row.evidence, row.score, row.pin, row.given, active)
                record = between[row.through_uid].record if row.through_uid in between else None
                wanted[row.uid] = (record, label, tail, head, *said)
        self._diff_links(connection, number, [wanted])
        merges: dict[tuple[int, int], Row] = {}
        for row in pairs:
            left, right = ends.get(row.tail_uid), ends.get(row.head_uid)
            if left is not None and right is not None:
                merges[left, right] = _pair_row(link_type, left, right, row.score, row.evidence, row.pin, row.given)
        self._diff_pairs(connection, number, merges)

    # ---- following a link type's state -------------------------------------------------------------------------------

    def follow(self, connection: Connection, number: int, before: LinkType, after: LinkType) -> None:
        """Serves, hides or renames the links and merges of a link type after its state, name or threshold changed."""
        if (before.state, before.name, before.threshold) == (after.state, after.name, after.threshold):
            return
        type_id = self._db.label_id(connection, EDGE, clean_text(after.name))
        link, pair, touched = s.link, s.same_pair, Touched()
        query = sa.select(link.c.id, link.c.type, link.c.score, link.c.pin, link.c.given, link.c.active)
        updates = []
        for row in connection.execute(query.where(link.c.link_type == number)):
            active = is_active(after, row.score, row.pin, row.given)
            if (active, type_id) != (row.active, row.type):
                updates.append((active, type_id, row.id))
                touched.links.add(row.id)
        self._db.update(connection, link, ("active", "type"), "id", updates)
        pairs = connection.execute(sa.select(*(pair.c[name] for name in _PAIR)).where(pair.c.link_type == number)).all()
        now = [(*tuple(row)[:-1], is_active(after, row.score, row.pin, row.given)) for row in pairs]
        changed = [row for row, old in zip(now, pairs, strict=True) if row != tuple(old)]
        self._delete_pairs(connection, number, changed)
        self._db.insert(connection, pair, ("link_type", *_PAIR), [(number, *row) for row in changed])
        touched.clusters = {end for row in changed for end in row[:2]}
        self._assembler.settle(connection, touched)

    def remove_all(self, connection: Connection, number: int) -> None:
        """Removes the links and merges of a link type."""
        link, pair = s.link, s.same_pair
        links = connection.execute(sa.select(link.c.id).where(link.c.link_type == number)).scalars().all()
        merges = sa.select(pair.c.left, pair.c.right).where(pair.c.link_type == number, pair.c.active == 1)
        ends = {end for row in connection.execute(merges) for end in row}
        connection.execute(link.delete().where(link.c.link_type == number))
        connection.execute(pair.delete().where(pair.c.link_type == number))
        self._assembler.settle(connection, Touched(links=set(links), clusters=ends))

    # ---- answers about pairs -----------------------------------------------------------------------------------------

    def apply_pair_answers(
        self, connection: Connection, number: int, link_type: LinkType, subject: str | None = None
    ) -> None:
        """Pins or frees the link or merge that an answer is about; all of the link type's without a subject."""
        pins = self._pins(connection, link_type.id, subject)
        bump(self._db, connection, {number})
        for one in pins if subject is None else (subject,):
            found = self._pair_of(connection, one)
            if found is None:
                continue
            if link_type.kind is LinkKind.SAME_THING:
                self._pin_pair(connection, number, link_type, found, pins.get(one, 0))
            else:
                self._pin_link(connection, number, link_type, found, pins.get(one, 0))

    def _pin_link(self, connection: Connection, number: int, link_type: LinkType, found: Any, pin: int) -> None:
        (tail, tail_id), (head, head_id) = found
        link = s.link
        same = sa.and_(link.c.link_type == number, link.c.tail == tail_id, link.c.head == head_id)
        row = connection.execute(sa.select(link).where(same)).one_or_none()
        if row is None and pin > 0:
            made = LinkRows(self._db, connection, link_type)
            values = made.row(self._taught(link_type, tail, head), (tail_id, head_id), (pin, 0))
            id = self._db.take(connection, "link")
            inserted = (id, made.uid(tail, head), number, *values)
            self._db.insert(connection, link, ("id", "uid", "link_type", *LINK), [inserted])
        elif row is None:
            return
        elif not row.given and pin <= 0:
            id = row.id
            connection.execute(link.delete().where(same))
        else:
            id = row.id
            active = is_active(link_type, row.score, pin, row.given)
            connection.execute(link.update().where(same).values(pin=pin, active=active))
        self._assembler.settle(connection, Touched(links={id}))

    def _pin_pair(self, connection: Connection, number: int, link_type: LinkType, found: Any, pin: int) -> None:
        (_, left), (_, right) = found
        pair = s.same_pair
        either = sa.or_(
            sa.and_(pair.c.left == left, pair.c.right == right), sa.and_(pair.c.left == right, pair.c.right == left)
        )
        query = sa.select(*(pair.c[name] for name in _PAIR)).where(pair.c.link_type == number, either)
        row = connection.execute(query).one_or_none()
        given = 0 if row is None else row.given
        if row is not None:
            self._delete_pairs(connection, number, [tuple(row)])
            left, right = row.left, row.right
        if given or pin > 0:
            score, evidence = (1.0, "{}") if row is None else (row.score, row.evidence)
            made = _pair_row(link_type, left, right, score, evidence, pin, given)
            self._db.insert(connection, pair, ("link_type", *_PAIR), [(number, *made)])
        self._merge(connection, [(left, right)])

    def _taught(self, link_type: LinkType, tail: str, head: str) -> LinkEdge:
        return LinkEdge(tail, head, 1.0, Evidence(extractor=f"link.{link_type.id}"))

    def _pins(self, connection: Connection, link_type: str, subject: str | None = None) -> dict[str, int]:
        """What people said about pairs of a link type, or about one of them; the last answer about a pair counts."""
        j = s.judgement
        query = sa.select(j.c.id, j.c.subject, j.c.target, j.c.verdict, j.c.second_opinion).where(
            j.c.link_type == link_type, j.c.subject != j.c.link_type, j.c.undone_at.is_(None)
        )
        if subject is not None:
            query = query.where(j.c.subject == subject)
        rows = connection.execute(query.order_by(j.c.id)).all()
        without_effect = disputed(rows)
        return {r.subject: _PINS.get(Verdict(r.verdict), 0) for r in rows if r.id not in without_effect}

    def _pair_of(self, connection: Connection, subject: str) -> tuple[tuple[str, int], tuple[str, int]] | None:
        """The two fragments that a pair's subject names. Uids may hold ``|``, so the split that exists is meant."""
        _, *parts = subject.split("|")
        splits = [("|".join(parts[:i]), "|".join(parts[i:])) for i in range(1, len(parts))]
        found = self._fragments(connection, {uid for split in splits for uid in split})
        for tail, head in splits:
            if tail in found and head in found:
                return (tail, found[tail]), (head, found[head])
        return None

    def _fragments(self, connection: Connection, uids: Iterable[str]) -> dict[str, int]:
        f = s.fragment
        query = (
            sa.select(f.c.uid, sa.func.min(f.c.id).label("id")).where(self._db.within(f.c.uid, uids)).group_by(f.c.uid)
        )
        return {uid: id for uid, id in connection.execute(query).all()}  # noqa: C416 - a row is no pair to dict()

    # ---- reading -----------------------------------------------------------------------------------------------------

    def pair_scores(self, connection: Connection, number: int, without: str) -> PairScores:
        found = self._pair_of(connection, without) if without else None
        return pair_scores(connection, number, () if found is None else (found[0][1], found[1][1]))

    def pairs(
        self, connection: Connection, number: int, link_type: LinkType, limit: int, least_sure_first: bool
    ) -> list[SamePair]:
        pair, left, right = s.same_pair, s.fragment.alias("l"), s.fragment.alias("r")
        asked = pair.c.link_type == number
        far: Any = -pair.c.score
        if least_sure_first:
            threshold = DEFAULT_SAME if link_type.threshold is None else link_type.threshold
            asked, far = sa.and_(asked, pair.c.pin == 0), sa.func.abs(pair.c.score - threshold)
        # The names of those that are out of the question anyway are not looked up.
        last = connection.execute(sa.select(far).where(asked).order_by(far).limit(1).offset(max(limit - 1, 0))).scalar()
        query = (
            sa.select(left.c.uid, right.c.uid.label("other"), pair.c.score, pair.c.evidence)
            .join(left, left.c.id == pair.c.left)
            .join(right, right.c.id == pair.c.right)
            .where(asked, sa.true() if last is None else far <= last)
            .order_by(far, left.c.uid, right.c.uid)
            .limit(limit)
        )
        return [
            SamePair(row.uid, row.other, row.score, orjson.loads(row.evidence) or EMPTY)
            for row in connection.execute(query)
        ]


def _pair_row(link_type: LinkType, left: int, right: int, score: float, evidence: str, pin: int, given: int) -> Row:
    return (left, right, score, evidence, pin, given, is_active(link_type, score, pin, given))
