"""Link types and judgements in SQL. The links and merges that follow from them are in graphstore/linked.py."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bifrost.errors import ConflictError, NotFoundError
from bifrost.links import Correction, Judgement, LinkEdge, LinkState, LinkType, SamePair, Verdict
from bifrost.ports import PairScores, ReplaceReport
from bifrost.values import EMPTY
from graphstore import schema as s
from graphstore.encoding import correction_from, dumps, from_iso, link_type_from, now
from graphstore.judging import corrected, disputed, judged, reproposed, same_rule
from graphstore.linked import LinkedWriter
from graphstore.samples import count_served, sample_links
from graphstore.values import clean_text

if TYPE_CHECKING:
    from graphstore.sql import SqlStore

__all__ = ["SqlLinkStore"]


class SqlLinkStore:
    """The link store port over SQL."""

    def __init__(self, store: "SqlStore") -> None:
        self._db = store.database
        self._linked = LinkedWriter(store.database)

    # ---- link types --------------------------------------------------------------------------------------------------

    def save_link_types(self, proposals: Sequence[LinkType]) -> None:
        """A judged link type takes the new numbers, reasons and examples, and keeps all that the answers decided."""
        by_id = {proposal.id: proposal for proposal in proposals}
        with self._db.write() as connection:
            stored = {row.id: row for row in connection.execute(sa.select(s.link_type))}
            answers = self._answers(connection)
            for id, proposal in by_id.items():
                self._save(connection, stored.get(id), proposal, answers.get(id, []))
            for id, row in stored.items():
                if id not in by_id and id not in answers and row.state == LinkState.PROPOSED:
                    self._apply(connection, id, row, None, [])
            stated = {row.target for rows in answers.values() for row in rows if row.target == row.link_type}
            self._apply_targets(connection, by_id.keys() | stated, answers)

    def _save(self, connection: Connection, before: Any, proposal: LinkType, answers: Sequence[Any]) -> None:
        proposed: LinkType | None = proposal
        if answers and before is not None:
            # What only an answer made stays so: handing it back does not make it a proposal.
            known = None if before.proposed is None else link_type_from(before.proposed)
            # Evidence for what a correction made of it is none for what was proposed.
            proposed = reproposed(proposal, known) if known is not None and same_rule(proposal, known) else known
        elif not _comes_confirmed(proposal, before):
            proposed = replace(proposal, state=LinkState.PROPOSED)
        self._apply(connection, proposal.id, before, proposed, answers, proposal)

    def link_types(self, states: Sequence[LinkState] = ()) -> list[LinkType]:
        query = sa.select(s.link_type.c.data).order_by(s.link_type.c.probability.desc(), s.link_type.c.id)
        if states:
            query = query.where(s.link_type.c.state.in_([str(state) for state in states]))
        with self._db.read() as connection:
            return [link_type_from(text) for text in connection.execute(query).scalars()]

    def link_type(self, id: str) -> LinkType:
        with self._db.read() as connection:
            return link_type_from(self._row(connection, id).data)

    def _row(self, connection: Connection, id: str) -> Any:
        row = connection.execute(sa.select(s.link_type).where(s.link_type.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no link type {id!r}.")
        return row

    def _answers(self, connection: Connection, ids: Iterable[str] | None = None) -> dict[str, list[Any]]:
        """Live answers about link types as a whole, by the link type they act on, oldest first."""
        j = s.judgement
        query = sa.select(j).where(j.c.undone_at.is_(None), j.c.subject == j.c.link_type).order_by(j.c.id)
        if ids is not None:
            wanted = list(ids)
            # All answers about a link type, because an earlier one decides whether a later one has an effect.
            corrected_to = sa.select(j.c.link_type).where(j.c.target.in_(wanted))
            query = query.where(sa.or_(j.c.link_type.in_(wanted), j.c.link_type.in_(corrected_to)))
        sources = self._sources(connection)
        found: dict[str, list[Any]] = {}
        rows = connection.execute(query).all()
        without_effect = disputed(rows)
        for row in rows:
            if row.id not in without_effect and _awake(row, sources):
                for id in {row.link_type, row.target} - {None}:
                    found.setdefault(id, []).append(row)
        return found

    def _sources(self, connection: Connection) -> set[str]:
        return set(connection.execute(sa.select(s.source.c.name)).scalars())

    def _apply(
        self,
        connection: Connection,
        id: str,
        before: Any,
        proposed: LinkType | None,
        answers: Sequence[Any],
        newest: LinkType | None = None,
    ) -> None:
        """Stores a link type as the proposal and the answers make it, and serves its links accordingly."""
        if newest is None and before is not None:
            newest = link_type_from(before.data)
        after = judged(id, proposed, answers, newest)
        if after is None:
            if before is not None:
                self._remove(connection, before.number)
            return
        values = {
            "state": after.state,
            "probability": after.probability if after.probability == after.probability else 0.0,
            "tail_source": after.tail.source,
            "head_source": after.head.source,
            "proposed": None if proposed is None else dumps(proposed),
            "data": dumps(after),
        }
        if before is None:
            number = self._db.take(connection, "link_type")
            version = self._db.take(connection, "version")
            connection.execute(s.link_type.insert().values(number=number, id=id, version=version, **values))
            self._linked.apply_pair_answers(connection, number, after)
            return
        if all(getattr(before, name) == value for name, value in values.items()):
            return
        values["version"] = self._db.take(connection, "version")
        connection.execute(s.link_type.update().where(s.link_type.c.number == before.number).values(**values))
        self._linked.follow(connection, before.number, link_type_from(before.data), after)

    def _apply_targets(self, connection: Connection, ids: Iterable[str], answers: dict[str, list[Any]]) -> None:
        """Link types that an answer to one of ``ids`` made, where they are missing."""
        targets = {row.target for id in ids for row in answers.get(id, []) if row.target is not None}
        for target in sorted(targets):
            known = connection.execute(sa.select(s.link_type.c.id).where(s.link_type.c.id == target)).scalar()
            if known is None:
                self._apply(connection, target, None, None, answers[target])

    def _remove(self, connection: Connection, number: int) -> None:
        self._db.take(connection, "version")
        self._linked.remove_all(connection, number)
        connection.execute(s.link_type.delete().where(s.link_type.c.number == number))

    def remove_of_source(self, connection: Connection, source: str) -> None:
        """Removes the link types that need a source, with their links, also where they would only take the place of others.
        Answers sleep until the source comes back."""
        t = s.link_type
        query = sa.select(t.c.number).where(sa.or_(t.c.tail_source == source, t.c.head_source == source))
        for number in connection.execute(query).scalars().all():
            self._remove(connection, number)
        for row in connection.execute(sa.select(t)).all():
            known = link_type_from(row.data)
            if known.otherwise is not None and source in (known.otherwise.tail.source, known.otherwise.head.source):
                proposed = (
                    None if row.proposed is None else dumps(replace(link_type_from(row.proposed), otherwise=None))
                )
                values = {"data": dumps(replace(known, otherwise=None)), "proposed": proposed}
                version = self._db.take(connection, "version")
                connection.execute(t.update().where(t.c.number == row.number).values(version=version, **values))

    def refold(self, connection: Connection) -> None:
        """Applies all answers again, after the sources that some of them need came or went."""
        corrections = sa.select(s.judgement.c.link_type).where(s.judgement.c.target.is_not(None))
        answers = self._answers(connection)
        for row in connection.execute(sa.select(s.link_type).where(s.link_type.c.id.in_(corrections))).all():
            proposed = None if row.proposed is None else link_type_from(row.proposed)
            self._apply(connection, row.id, row, proposed, answers.get(row.id, []))

    def refold_one(self, connection: Connection, id: str, proposed: str | None) -> bool:
        """Makes a link type what a proposal and the answers give; returns whether there still is one."""
        row = connection.execute(sa.select(s.link_type).where(s.link_type.c.id == id)).one_or_none()
        said = None if proposed is None else link_type_from(proposed)
        self._apply(connection, id, row, said, self._answers(connection, [id]).get(id, []))
        return self._number(connection, id) is not None

    def _number(self, connection: Connection, id: str) -> int | None:
        return connection.execute(sa.select(s.link_type.c.number).where(s.link_type.c.id == id)).scalar()

    def copy_linked(self, connection: Connection, id: str, links: Sequence[Any], pairs: Sequence[Any]) -> None:
        """Makes the links and pairs of a link type those of another store (see graphstore/scopes.py)."""
        row = self._row(connection, id)
        self._linked.copy(connection, row.number, link_type_from(row.data), links, pairs)

    # ---- judgements --------------------------------------------------------------------------------------------------

    def judge(
        self,
        subject: str,
        verdict: Verdict,
        by: str,
        *,
        correction: Correction | None = None,
        note: str = "",
        second_opinion: bool = False,
    ) -> Judgement:
        """A correction of kind, direction or columns confirms the corrected link type and rejects the one judged."""
        subject = clean_text(subject)
        with self._db.write() as connection:
            row = self._row(connection, subject.partition("|")[0])
            before = link_type_from(row.data)
            whole = subject == row.id
            made = corrected(before, correction) if whole and correction and verdict is Verdict.CONFIRM else before
            id, at = self._db.take(connection, "judgement"), now()
            connection.execute(
                s.judgement.insert().values(
                    id=id, subject=subject, link_type=row.id, verdict=verdict, by=clean_text(by), at=at.isoformat(),
                    note=clean_text(note), correction=None if correction is None else dumps(correction),
                    features=dumps(_features_at(before, verdict)) if whole else "{}",
                    target=made.id if made.id != before.id else None,
                    corrected=dumps(made) if made.id != before.id else None,
                    second_opinion=int(second_opinion),
                )
            )  # fmt: skip
            self._judged(connection, {row.id, made.id}, subject)
            return self._judgement(connection, id)

    def state(self, link_type: LinkType, by: str, *, note: str = "") -> Judgement:
        """Only the answer speaks for the link type: taken back, nothing is left of it."""
        made = replace(link_type, state=LinkState.CONFIRMED)
        with self._db.write() as connection:
            if self._number(connection, made.id) is not None:
                raise ConflictError(f"There is already a link type {made.id!r} between these columns.")
            id = self._db.take(connection, "judgement")
            connection.execute(
                s.judgement.insert().values(
                    id=id, subject=made.id, link_type=made.id, verdict=Verdict.CONFIRM, by=clean_text(by),
                    at=now().isoformat(), note=clean_text(note), features=dumps(made.features), target=made.id,
                    corrected=dumps(made),
                )
            )  # fmt: skip
            self._judged(connection, {made.id}, made.id)
            return self._judgement(connection, id)

    def undo(self, judgement_id: int, by: str) -> Judgement:
        with self._db.write() as connection:
            row = self._judgement_row(connection, judgement_id)
            if row.undone_at is not None:
                raise ConflictError(f"Answer {judgement_id} was already undone by {row.undone_by}.")
            connection.execute(
                s.judgement.update()
                .where(s.judgement.c.id == judgement_id)
                .values(undone_by=clean_text(by), undone_at=now().isoformat())
            )
            self._judged(connection, {row.link_type, row.target} - {None}, row.subject)
            return self._judgement(connection, judgement_id)

    def _judged(self, connection: Connection, ids: set[str], subject: str) -> None:
        """Brings link types and their links in step after an answer came or went."""
        self._db.take(connection, "version")
        answers = self._answers(connection, ids)
        for id in sorted(ids):
            row = connection.execute(sa.select(s.link_type).where(s.link_type.c.id == id)).one_or_none()
            proposed = None if row is None or row.proposed is None else link_type_from(row.proposed)
            if subject not in ids:
                if row is not None:
                    self._linked.apply_pair_answers(connection, row.number, link_type_from(row.data), subject)
            else:
                self._apply(connection, id, row, proposed, answers.get(id, []))

    def judgements(self, *, subject_prefix: str = "", include_undone: bool = False) -> list[Judgement]:
        """Answers about link types whose sources were removed sleep: they are not listed until the sources are back."""
        j = s.judgement
        known = sa.select(s.link_type.c.id)
        query = sa.select(j).where(j.c.link_type.in_(known)).order_by(j.c.id)
        if subject_prefix:
            query = query.where(sa.func.substr(j.c.subject, 1, len(subject_prefix)) == subject_prefix)
        with self._db.read() as connection:
            sources = self._sources(connection)
            rows = connection.execute(query).all()
            without_effect = disputed(row for row in rows if row.undone_at is None)
            return [
                _judgement(row, disputed=row.id in without_effect)
                for row in rows
                if _awake(row, sources) and (include_undone or (row.undone_at is None and row.id not in without_effect))
            ]

    def _judgement_row(self, connection: Connection, id: int) -> Any:
        row = connection.execute(sa.select(s.judgement).where(s.judgement.c.id == id)).one_or_none()
        if row is None:
            raise NotFoundError(f"There is no answer {id}.")
        return row

    def _judgement(self, connection: Connection, id: int) -> Judgement:
        row, j = self._judgement_row(connection, id), s.judgement
        same = sa.select(j).where(j.c.subject == row.subject, j.c.undone_at.is_(None)).order_by(j.c.id)
        return _judgement(row, disputed=id in disputed(connection.execute(same)))

    # ---- links and merges --------------------------------------------------------------------------------------------

    def write_links(self, link_type: LinkType, edges: Iterable[LinkEdge]) -> ReplaceReport:
        """The edges are served while the link type is confirmed. Edges whose ends are not stored are left out."""
        with self._db.write() as connection:
            number, known = self._known(connection, link_type)
            return self._linked.write_links(connection, number, known, edges)

    def write_same(self, link_type: LinkType, pairs: Iterable[SamePair]) -> ReplaceReport:
        """Pairs at or above the threshold (0.5 where none is set) merge while the link type is confirmed."""
        with self._db.write() as connection:
            number, known = self._known(connection, link_type)
            return self._linked.write_same(connection, number, known, pairs)

    def pairs(self, link_type_id: str, *, limit: int = 100, least_sure_first: bool = False) -> list[SamePair]:
        """Most similar first, or nearest to the threshold first, those that a person decided left out."""
        with self._db.read() as connection:
            row = self._row(connection, link_type_id)
            return self._linked.pairs(connection, row.number, link_type_from(row.data), limit, least_sure_first)

    def pair_scores(self, link_type_id: str, *, without: str = "") -> PairScores:
        """Reads numbers only: an answer compares all scores before it with those after it."""
        with self._db.read() as connection:
            return self._linked.pair_scores(connection, self._row(connection, link_type_id).number, without)

    def served(self, link_type_ids: Collection[str]) -> Mapping[str, int]:
        with self._db.read() as connection:
            return count_served(connection, link_type_ids)

    def sample_links(self, link_type_id: str, count: int, seed: str) -> tuple[int, list[SamePair]]:
        with self._db.read() as connection:
            return sample_links(connection, self._row(connection, link_type_id).number, count, seed)

    def _known(self, connection: Connection, link_type: LinkType) -> tuple[int, LinkType]:
        """The stored link type, which answers may have changed since the caller read it."""
        row = connection.execute(sa.select(s.link_type).where(s.link_type.c.id == link_type.id)).one_or_none()
        if row is None:
            answers = self._answers(connection, [link_type.id]).get(link_type.id, [])
            self._apply(connection, link_type.id, None, link_type, answers)
            row = self._row(connection, link_type.id)
        return row.number, link_type_from(row.data)


def _features_at(link_type: LinkType, verdict: Verdict) -> dict[str, float]:
    """What an answer rests on; one that puts off also keeps what it would have been about, to be asked again if that changes."""
    put_off = verdict in (Verdict.DEFER, Verdict.UNSURE)
    return {**link_type.features, **({"estimated_edges": float(link_type.estimated_edges)} if put_off else {})}


def _comes_confirmed(proposal: LinkType, before: Any) -> bool:
    """Whether a link type nobody judged is confirmed by itself: a declared one, or one that comes as such.

    One that was a mere proposal until now is not: its proposer may have seen an answer that was undone since.
    """
    if proposal.state is not LinkState.CONFIRMED:
        return False
    return proposal.declared or before is None or before.state == LinkState.CONFIRMED


def _awake(answer: Any, sources: set[str]) -> bool:
    """An answer that corrected a link type sleeps while a source of the corrected one is not there."""
    if answer.corrected is None:
        return True
    made = link_type_from(answer.corrected)
    return {made.tail.source, made.head.source} <= sources


def _judgement(row: Any, *, disputed: bool = False) -> Judgement:
    return Judgement(
        row.id, row.subject, Verdict(row.verdict), row.by, from_iso(row.at) or now(), correction_from(row.correction),
        row.note, orjson.loads(row.features) or EMPTY, row.undone_by, from_iso(row.undone_at), disputed,
    )  # fmt: skip
