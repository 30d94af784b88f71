"""The part of the service that takes answers of people, and does what follows from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from api.asking import Asking, Offered
from api.ports import JudgeOutcome, Moved, Opinion, pairs_moved
from api.review import Review
from api.stated_links import check_name, described_link_type
from api.subjects import Pair, meant_examples, meant_pair, refuse_corrected
from bifrost.errors import InputError
from bifrost.links import (
    AUTOMATIC,
    TAUGHT,
    Correction,
    Judgement,
    LinkKind,
    LinkState,
    LinkType,
    Verdict,
)
from bifrost.pipeline import Pipeline
from bifrost.ports import PairScores, Store, TeachRequest
from bifrost.settings import Settings
from graphstore.judging import corrected, same_rule
from linking.asking import Purpose, Question
from linking.waking import to_ask_again

__all__ = ["Answering"]

_YES_OR_NO = (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)
_MOVED = 0.02
"""Probability changes below this are not worth a person's attention."""


class _Before(NamedTuple):
    """What an answer about link types is compared with: the vertices of the graph, and the links that these types gave."""

    vertices: int
    links: Mapping[str, int]


@dataclass
class Answering:
    """Answers about link types and pairs, each followed by retraining and by the links that it decides."""

    settings: Settings
    store: Store
    pipeline: Pipeline
    review: Review
    asking: Asking

    def queue(self, by: str = "") -> list[Question]:
        """What to ask somebody next: audits, then proposals and pairs, the most worthwhile question first."""
        return self.asking.queue(by)

    def questions(self, by: str = "") -> list[LinkType]:
        """The link types of the queue."""
        return [question.link_type for question in self.queue(by) if question.pair is None]

    def pair_questions(self, link_type_id: str, count: int = 10) -> list[Question]:
        """The pairs of a same-thing link type whose answers would help most. Raises NotFoundError."""
        return self.asking.pair_questions(self.store.links.link_type(link_type_id), count)

    def judge(
        self,
        link_type_id: str,
        verdict: Verdict,
        by: str,
        correction: Correction | None = None,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        """Stores an answer, retrains, re-scores the open proposals, and applies or removes the links it decides.

        Raises, before anything is stored, InputError for a correction that cannot be applied, and ConflictError for a link
        type that was corrected to another one, which is the one to answer about.
        """
        offered = self.asking.offered(by)
        if verdict is not Verdict.REOPEN and offered.purpose(link_type_id) is not Purpose.SECOND:
            refuse_corrected(self.store.links, link_type_id)
        return self._judge(link_type_id, verdict, by, correction, note, offered, blind=blind)

    def _judge(
        self,
        link_type_id: str,
        verdict: Verdict,
        by: str,
        correction: Correction | None,
        note: str,
        offered: Offered,
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        before = self._before(link_type_id, correction)
        made = None if correction is None or verdict is not Verdict.CONFIRM else self._made(link_type_id, correction)
        second = offered.purpose(link_type_id) is Purpose.SECOND
        judgement = self.store.links.judge(
            link_type_id, verdict, by, correction=correction, note=note, second_opinion=second
        )
        outcome = self._follow_up(judgement, before, made)
        self.asking.log(judgement, offered, outcome.edges_changed, blind=blind)
        return self._with_opinion(outcome) if second else outcome

    def add_link_type(self, stated: LinkType, by: str, note: str = "") -> JudgeOutcome:
        """Makes a link type between columns that a person names, confirmed by that person, with its links.

        One that is known already is confirmed as it is stated here. Raises InputError for what cannot be applied.
        """
        links, before = self.store.links, self._before(stated.id)
        known = {link_type.id: link_type for link_type in links.link_types()}
        if stated.id in known:
            correction = Correction(
                name=stated.name,
                transform=stated.transform or None,
                condition=stated.condition or None,
                threshold=stated.threshold,
            )
            return self._judge(stated.id, Verdict.CONFIRM, by, correction, note, self.asking.offered(by))
        data, answers = self.store.linking_data(), links.judgements()
        others = list(known.values())
        rows = {(one.source, one.info.name): one.records for one in self.store.catalog.datasets(stated.tail.source)}
        described = described_link_type(
            stated,
            lambda one: self.pipeline.linker.describe(data, one, answers, others),
            rows.get((stated.tail.source, stated.tail.dataset), 0),
        )
        return self._follow_up(links.state(described, by, note=note), before)

    def _made(self, link_type_id: str, correction: Correction) -> LinkType | None:
        """What a correction makes of a link type, with evidence of its own; None where it links the same as before."""
        links = self.store.links
        before = links.link_type(link_type_id)
        made = corrected(before, correction)
        check_name(made.name)
        if made.threshold is not None and not 0 <= made.threshold <= 1:
            raise InputError("A threshold lies between 0 and 1.")
        if same_rule(made, before):
            return None
        data, answers = self.store.linking_data(), links.judgements()
        described = self.pipeline.linker.describe(data, made, answers, links.link_types())
        writes_edges = made.kind in (LinkKind.REFERENCE, LinkKind.MENTION)
        if writes_edges and before.estimated_edges and not described.estimated_edges:
            raise InputError(
                f"Corrected like this, {made.tail} names no record by {made.head}: " + " ".join(described.reasons),
                remedy="Check the columns, the rule and the values of the condition. Nothing was changed.",
            )
        return described

    def judge_pair(
        self,
        link_type_id: str,
        tail: str,
        head: str,
        verdict: Verdict,
        by: str,
        note: str = "",
        *,
        blind: bool = False,
    ) -> JudgeOutcome:
        """Stores an answer about two records, and says what it changed about other pairs of the link type.

        Raises NotFoundError, and InputError where the link type is not about such records.
        """
        links = self.store.links
        tail, head = meant_pair(self.store.view(), links.link_type(link_type_id), tail, head)
        subject = f"{link_type_id}|{tail}|{head}"
        before, offered, scores = self._before(link_type_id), self.asking.offered(by), self._scores(subject)
        second = offered.purpose(subject) is Purpose.SECOND
        judgement = links.judge(subject, verdict, by, note=note, second_opinion=second)
        outcome = self._with_pairs(self._follow_up(judgement, before), scores)
        self.asking.log(judgement, offered, sum(outcome.pairs_moved[:2]), blind=blind)
        return self._with_opinion(outcome) if second else outcome

    def undo(self, judgement_id: int, by: str) -> JudgeOutcome:
        links = self.store.links
        answer = next((j for j in links.judgements(include_undone=True) if j.id == judgement_id), None)
        subject = "" if answer is None else answer.subject
        before = self._before(subject.partition("|")[0], None if answer is None else answer.correction)
        scores = self._scores(subject) if "|" in subject else None
        undone = links.undo(judgement_id, by)
        self._unsettle_lesson(judgement_id, by)
        outcome = self._follow_up(undone, before)
        return outcome if scores is None else self._with_pairs(outcome, scores)

    def teach(
        self,
        positives: Sequence[Pair],
        negatives: Sequence[Pair] = (),
        name: str = "",
        by: str = "",
    ) -> list[LinkType]:
        """Proposals that explain example pairs, stored, so that one of them can be confirmed.

        What was answered before about a link type that is taught anew counts no more: it is proposed with the taught name
        and rule; a confirmed one is corrected at once. Without ``positives``, known link types that link the ``negatives``
        are refined. The pairs are kept as answers about the first link type. Raises InputError.
        """
        links = self.store.links
        if name:
            check_name(name)
        known = {link_type.id: link_type for link_type in links.link_types()}
        found, positives, negatives = self._explained(positives, negatives, name, tuple(known.values()))
        # What counter-examples refine keeps its name unless another one is given.
        found = [replace(one, name=name or known[one.id].name) if one.id in known else one for one in found]
        lesson = f"taught by {len(positives)} examples and {len(negatives)} counter-examples"
        size = self.store.view().label_counts()
        new = {one.id: one for one in found if one.id not in known or known[one.id].state is LinkState.PROPOSED}
        links.save_link_types([*{**known, **new}.values()])
        for one in found:
            self._taught(known.get(one.id), one, by, lesson)
        first = links.link_type(found[0].id)
        refined = found if not positives else found[:1]
        for one in refined:
            for pairs, verdict in ((positives, Verdict.CONFIRM), (negatives, Verdict.REJECT)):
                for tail, head in pairs:
                    links.judge(f"{one.id}|{tail}|{head}", verdict, by, note=lesson)
        if first.state is LinkState.CONFIRMED or self.store.view().label_counts() != size:
            for one in refined:
                self._apply_one(links.link_type(one.id))
            self.pipeline.publish()
        return [links.link_type(one.id) for one in found]

    def _explained(
        self, positives: Sequence[Pair], negatives: Sequence[Pair], name: str, known: tuple[LinkType, ...]
    ) -> tuple[list[LinkType], Sequence[Pair], Sequence[Pair]]:
        """What explains the examples best, and the records that they name in it. Raises InputError, NotFoundError."""
        answers, data = tuple(self.store.links.judgements()), self.store.linking_data()
        readings = meant_examples(self.store.view(), positives, negatives)
        found = []
        for right, wrong in readings:
            request = TeachRequest(tuple(right), tuple(wrong), name, known, answers)
            try:
                found.append((self.pipeline.linker.teach(data, request), right, wrong))
            except InputError:
                if not found and (right, wrong) == readings[-1]:
                    raise
        return max(found, key=lambda one: one[0][0].probability)

    def _taught(self, before: LinkType | None, taught: LinkType, by: str, note: str) -> None:
        """Stores what was taught of a link type; one that people judged before needs an answer of its own for that."""
        links = self.store.links
        now = links.link_type(taught.id)
        known = before is None or (now.name, now.threshold) == (taught.name, taught.threshold)
        if known and same_rule(now, taught) and now.state in (LinkState.PROPOSED, LinkState.CONFIRMED):
            return
        verdict = Verdict.CONFIRM if now.state is LinkState.CONFIRMED else Verdict.REOPEN
        correction = Correction(
            name=taught.name, transform=taught.transform, condition=taught.condition, threshold=taught.threshold
        )
        links.judge(taught.id, verdict, by, correction=correction, note=note)
        # Its evidence is for the taught rule.
        stored = [one for one in links.link_types() if one.id != taught.id]
        links.save_link_types([*stored, taught])

    def _apply_one(self, link_type: LinkType) -> None:
        if link_type.state is LinkState.CONFIRMED:
            self.pipeline.links.apply(link_type)

    def proposed(self) -> None:
        """What follows when proposals are up to date: some are asked again, some are accepted by rules."""
        self.wake()
        self.review.accept(linked=False)

    def wake(self) -> None:
        """Asks again what was put off, if the evidence changed or enough time passed."""
        links = self.store.links
        open_or_deferred = links.link_types((LinkState.PROPOSED, LinkState.DEFERRED))
        days = self.settings.ask_again_days
        for link_type, reason in to_ask_again(open_or_deferred, links.judgements(), days, datetime.now(UTC)):
            links.judge(link_type.id, Verdict.REOPEN, AUTOMATIC, note=f"asked again: {reason}")

    def _settle_lesson(self, judgement: Judgement, known: Mapping[str, LinkType]) -> set[str]:
        """After one link type of a lesson was confirmed: it takes the pairs that were taught, and the others are rejected,
        until that answer is taken back."""
        confirmed = known.get(judgement.subject)
        if confirmed is None or judgement.verdict is not Verdict.CONFIRM or not confirmed.model.startswith(TAUGHT):
            return set()
        if judgement.undone_at is not None or judgement.disputed:
            return set()
        others = {
            one.id
            for one in known.values()
            if one.model == confirmed.model and one.id != confirmed.id and one.state is LinkState.PROPOSED
        }
        links, settled = self.store.links, _settled_by(judgement.id)
        answers = links.judgements()
        for other in sorted(others):
            for answer in answers:
                about, _, pair = answer.subject.partition("|")
                if about == other and pair:
                    links.judge(f"{confirmed.id}|{pair}", answer.verdict, answer.by, note=f"{answer.note}, {settled}")
            links.judge(other, Verdict.REJECT, AUTOMATIC, note=settled)
        return others

    def _unsettle_lesson(self, judgement_id: int, by: str) -> None:
        """Takes back what followed from the confirmation of a taught link type."""
        settled = _settled_by(judgement_id)
        for answer in self.store.links.judgements():
            if answer.note == settled or answer.note.endswith(f", {settled}"):
                self.store.links.undo(answer.id, by)

    # ---- what follows from an answer -----------------------------------------------------------------------------------

    def _before(self, link_type_id: str, correction: Correction | None = None) -> _Before:
        """Of a link type, and of the one that a correction makes of it."""
        concerned = {link_type_id}
        if correction is not None:
            concerned |= {corrected(one, correction).id for one in self.store.links.link_types() if one.id in concerned}
        return _Before(self._vertices(), self.store.links.served(concerned))

    def _vertices(self) -> int:
        return sum(self.store.view().label_counts()[0].values())

    def _scores(self, subject: str) -> PairScores:
        """Of the pairs of a link type but the one that an answer is about."""
        return self.store.links.pair_scores(subject.partition("|")[0], without=subject)

    def _with_pairs(self, outcome: JudgeOutcome, before: PairScores) -> JudgeOutcome:
        """Counts the pairs that an answer about one of them moved."""
        return replace(outcome, pairs_moved=pairs_moved(before, self._scores(outcome.judgement.subject)))

    def _with_opinion(self, outcome: JudgeOutcome) -> JudgeOutcome:
        """Says whether a second opinion agrees with the first one."""
        judgement = outcome.judgement
        others = [
            j
            for j in self.store.links.judgements(subject_prefix=judgement.subject)
            if j.subject == judgement.subject and j.by != judgement.by and j.verdict in _YES_OR_NO
        ]
        if not others or judgement.verdict not in _YES_OR_NO:
            return outcome
        return replace(outcome, opinion=Opinion(not judgement.disputed, others[-1]))

    def _follow_up(self, judgement: Judgement, then: _Before, made: LinkType | None = None) -> JudgeOutcome:
        """``then`` is how it was before the answer, ``made`` what a correction made, with its evidence."""
        links = self.store.links
        before = {one.id: one for one in links.link_types()}
        if made is not None and made.id in before:
            before[made.id] = replace(made, state=before[made.id].state)
        rescored = self.pipeline.linker.rescore(list(before.values()), links.judgements())
        gone = self._settle_lesson(judgement, before)
        links.save_link_types(rescored)
        moved = tuple(
            Moved(one.id, one.name, before[one.id].probability, one.probability)
            for one in rescored
            if one.state is LinkState.PROPOSED
            and one.id in before
            and one.id not in gone
            and abs(one.probability - before[one.id].probability) > _MOVED
        )
        self.wake()
        link_type, changed = self._apply(judgement, before)
        self.review.accept()
        new = [links.link_type(one.id) for one in rescored if one.id not in before]
        proposed = tuple(one for one in new if one.state is LinkState.PROPOSED)
        self.pipeline.publish()
        # The store itself removes and restores edges when an answer changes a link type's state.
        served = links.served(then.links)
        changed = max(changed, *(abs(served[id] - many) for id, many in then.links.items()))
        merged = then.vertices - self._vertices()
        return JudgeOutcome(judgement, link_type, moved, changed, merged, proposed=proposed)

    def _apply(self, judgement: Judgement, known: Mapping[str, LinkType]) -> tuple[LinkType | None, int]:
        """Applies the link type that a judgement is about, and the one that its correction made, if any."""
        subject = judgement.subject.partition("|")[0]
        old = known.get(subject)
        ids = [subject]
        if old is not None and judgement.correction is not None:
            ids.append(corrected(old, judgement.correction).id)
        changed, shown = 0, old
        for one in dict.fromkeys(ids):
            link_type = known.get(one)
            if link_type is None:
                continue
            if link_type.state is LinkState.CONFIRMED:
                report = self.pipeline.links.apply(link_type)
                if link_type.kind is not LinkKind.SAME_THING:  # whose pairs are compared, and few of them merged
                    changed += report.added + report.changed + report.removed
                shown = link_type
            concept = link_type.kind is LinkKind.SAME_CONCEPT
            if concept or link_type.state is LinkState.CONFIRMED or self._was_confirmed(one):
                self.pipeline.links.apply_resting_on(link_type)
        return shown, changed

    def _was_confirmed(self, id: str) -> bool:
        answers = self.store.links.judgements(subject_prefix=id, include_undone=True)
        return any(j.subject == id and j.verdict is Verdict.CONFIRM for j in answers)


def _settled_by(judgement_id: int) -> str:
    """The note of what followed from the answer to a lesson, by which it is found again."""
    return f"settled by answer {judgement_id}"
