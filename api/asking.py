"""The one queue of questions: what is in it for whom, what came of the answers, and which way to ask is best."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from api.ports import Replay
from api.review import Review
from api.review_log import Asked, ReviewLog
from bifrost.errors import ConflictError, InputError
from bifrost.links import AUTOMATIC, Judgement, LinkKind, LinkState, LinkType, PairQuestion, Verdict
from bifrost.ports import Linker, LinkingData, LinkStore
from linking.asking import Purpose, Question, reward_of
from linking.choosing import POLICIES, Choice, ask, choose
from linking.repeats import what_is_left
from linking.replaying import BanditRecord, Replayed, replay_all

__all__ = ["Asking", "Offered"]

_FIRST_SECONDS = 15.0
"""How long a reviewer's first answer is taken to have lasted."""
_PAIRS_SHOWN = 5
"""Questions about pairs of one link type that wait in the queue at the same time."""
_WORTHWHILE = 0.2
"""Pairs whose answers are worth less are only asked on the page of their link type, so that the queue has an end."""
_LATELY = timedelta(days=30)
"""Who answered within this time counts as a reviewer."""
_KEPT = 20
"""Of a link type whose records were matched so many questions are kept; fewer are all that there are."""
_DECIDING = (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)


@dataclass(frozen=True, slots=True)
class Offered:
    """The choice that somebody stands before, and the questions ``beside`` it that are not drawn, by their subjects."""

    choice: Choice | None
    beside: Mapping[str, Question]

    def purpose(self, subject: str) -> Purpose:
        if subject in self.beside:
            return self.beside[subject].purpose
        audits = () if self.choice is None else self.choice.audits
        return Purpose.AUDIT if subject in audits else Purpose.DECIDE


class Asking:
    """``data`` gives what linkers read, ``twice`` is the share of questions that two people are asked, ``now`` the clock."""

    def __init__(
        self,
        links: LinkStore,
        log: ReviewLog,
        review: Review,
        linker: Linker,
        data: Callable[[], LinkingData],
        *,
        twice: float = 0.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._links, self._log, self._review = links, log, review
        self._linker, self._data, self._twice, self._now = linker, data, twice, now

    def close(self) -> None:
        self._log.close()

    # ---- the queue

    def queue(self, by: str = "") -> list[Question]:
        """What to ask somebody: link types to audit, what people disagree about, what others answered and is to be answered
        twice, then proposals and pairs, the most worthwhile question first."""
        return [*self._audits(), *self.disputes(), *self.seconds(by), *self._drawn(self._open(by), by)]

    def disputes(self) -> list[Question]:
        """Questions about which a second opinion contradicts the answer that stands, until somebody settles them."""
        known = {link_type.id: link_type for link_type in self._links.link_types()}
        found: dict[str, tuple[Judgement, ...]] = {}
        stands: dict[str, Judgement] = {}
        for judgement in self._links.judgements(include_undone=True):
            if judgement.undone_at is not None or judgement.verdict is Verdict.UNSURE:
                continue
            if judgement.disputed:
                found[judgement.subject] = (stands[judgement.subject], judgement)
            else:
                stands[judgement.subject] = judgement
                found.pop(judgement.subject, None)
        questions = []
        for subject, said in found.items():
            link_type, pair = known.get(subject.partition("|")[0]), _pair_of(subject)
            if link_type is not None and (pair is None or link_type.state is LinkState.CONFIRMED):
                questions.append(Question(link_type, pair, Purpose.DISPUTED, said=said))
        return questions

    def _audits(self) -> list[Question]:
        return [Question(link_type, purpose=Purpose.AUDIT) for link_type in self._review.audits()]

    def seconds(self, by: str) -> list[Question]:
        """Questions that one other person answered and that were drawn to be asked twice, as if nobody had answered them.

        Only where two people review: ``by`` and somebody else answered lately.
        """
        every = self._links.judgements(include_undone=True)
        answers = [j for j in every if j.by != AUTOMATIC and j.undone_at is None]
        active = {j.by for j in answers if self._now() - j.at < _LATELY}
        if by not in active or len(active) < 2 or not self._twice:
            return []
        said: dict[str, list[Judgement]] = {}
        for judgement in answers:
            said.setdefault(judgement.subject, []).append(judgement)
        known = {link_type.id: link_type for link_type in self._links.link_types()}
        found = []
        for subject, given in said.items():
            link_type = known.get(subject.partition("|")[0])
            once = len({j.by for j in given}) == 1 and given[-1].by != by
            plain = given[-1].verdict in (Verdict.CONFIRM, Verdict.REJECT) and given[-1].correction is None
            if (
                link_type is not None
                and once
                and plain
                and subject.count("|") in (0, 2)
                and self._is_asked_twice(subject)
            ):
                pair = _pair_of(subject)
                if pair is None or link_type.state is LinkState.CONFIRMED:
                    shown = replace(link_type, state=LinkState.PROPOSED) if pair is None else link_type
                    found.append(Question(shown, pair, Purpose.SECOND, blind=True))
        return found

    def _is_asked_twice(self, subject: str) -> bool:
        digest = hashlib.blake2b(f"{self._log.seed()}|twice|{subject}".encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big") / 2**48 < self._twice

    def _open(self, by: str) -> list[Question]:
        """Proposals, links to audit, and the pairs of confirmed same-thing types that would teach most.

        A proposal of which somebody could not tell is left to others until it is asked again (linking/waking.py).
        """
        newest = {j.subject: j for j in self._links.judgements()}
        unsure = {id for id, j in newest.items() if j.verdict is Verdict.UNSURE and j.by == by}
        proposed = self._links.link_types((LinkState.PROPOSED,))
        answered = self._links.link_types((LinkState.CONFIRMED, LinkState.REJECTED))
        found = [Question(one, left=what_is_left(one, answered)) for one in proposed if one.id not in unsure]
        if self._review.auditing is not None:
            self._review.auditing.draw()
            found += self._review.auditing.questions()
        for link_type in self._links.link_types((LinkState.CONFIRMED,)):
            if link_type.kind is LinkKind.SAME_THING:
                pairs = self.pair_questions(link_type, _PAIRS_SHOWN)
                found += [one for one in pairs if one.pair is not None and one.pair.value >= _WORTHWHILE]
        return list({question.subject: question for question in found}.values())

    def pair_questions(self, link_type: LinkType, count: int = 10) -> list[Question]:
        """The pairs of a same-thing link type whose answers would help most, the most helpful first."""
        if link_type.kind is not LinkKind.SAME_THING or link_type.state is not LinkState.CONFIRMED:
            return []
        matched = self._review.matched(link_type)
        judgements = self._links.judgements()
        if matched is not None and (count <= len(matched.questions) or len(matched.questions) < _KEPT):
            found: Sequence[PairQuestion] = matched.questions
        else:
            known = self._links.link_types()
            found = self._linker.next_pairs(link_type, self._data(), judgements, lambda _: None, known, count)
        said = {j.subject for j in judgements}
        doubtful = 0.0 if matched is None else matched.doubtful
        questions = [Question(link_type, pair, doubtful=doubtful) for pair in found]
        return [one for one in questions if not said & {one.subject, _turned(one)}][:count]

    def _drawn(self, questions: Sequence[Question], by: str) -> list[Question]:
        return ask(questions, seed=self._lot(by), policy=self._log.policy())

    def _lot(self, by: str) -> str:
        """What the draw depends on: the project, who is asked, and how much they answered; not on what others do meanwhile."""
        answers = sum(j.by == by for j in self._links.judgements(include_undone=True))
        return f"{self._log.seed()}|{by}|{answers}"

    # ---- what came of it

    def offered(self, by: str) -> Offered:
        """What somebody stands before, to be handed to :meth:`log` with their answer."""
        beside = {question.subject: question for question in (*self._audits(), *self.disputes(), *self.seconds(by))}
        return Offered(choose(self._open(by), seed=self._lot(by), policy=self._log.policy()), beside)

    def log(self, judgement: Judgement, before: Offered, settled: int, *, blind: bool = False) -> None:
        """Logs how an answer came about and, if the question was open, what it settled and with which probability it would
        have been the first one; 0 where a person picked another one."""
        offered, beside = before.choice, before.beside.get(judgement.subject)
        purpose = before.purpose(judgement.subject)
        self._log.log_answer(judgement.id, Asked(purpose, blind or (beside is not None and beside.blind)))
        if offered is None or judgement.subject not in offered.candidates or judgement.verdict not in _DECIDING:
            return
        first = offered.question.subject == judgement.subject
        earlier = [j for j in self._links.judgements(include_undone=True) if j.id < judgement.id]
        mine = max((j.at for j in earlier if j.by == judgement.by), default=None)
        seconds = (judgement.at - mine).total_seconds() if mine else _FIRST_SECONDS
        self._log.log_choice(
            judgement.id,
            BanditRecord(
                judgement.subject,
                offered.propensity if first else 0.0,
                offered.policy if first else "a person's choice",
                offered.candidates,
                reward_of(judgement.verdict, settled, seconds, pair="|" in judgement.subject),
                offered.features,
            ),
        )

    def asked(self) -> Mapping[int, Asked]:
        """How answers came about, by their ids."""
        return self._log.answers()

    # ---- ways to ask

    def replayed(self) -> Replay:
        """Ways to ask, compared on the logged choices whose answers still hold."""
        live = {j.id for j in self._links.judgements()}
        choices = self._log.choices()
        records = [record for judgement, record in choices if judgement in live]
        own = sum(record.propensity <= 0 for record in records)
        return Replay(replay_all(records), own, len(choices) - len(records), self._log.policy())

    def use_policy(self, name: str, *, force: bool = False) -> Replay:
        """Asks in another way from now on. Raises InputError for an unknown one, and ConflictError where the recorded answers
        do not show that it is better than the one in use, unless forced."""
        if name not in POLICIES:
            raise InputError(
                f"There is no way to ask called {name!r}.", remedy=f"Choose one of: {', '.join(POLICIES)}."
            )
        found = self.replayed()
        by_name = {one.policy: one for one in found.policies}
        new, old = by_name[name], by_name[found.policy]
        if not force and name != found.policy and not new.interval()[0] > old.interval()[1]:
            raise ConflictError(
                f"{new.answers} recorded answers do not show that {name!r} is better than {found.policy!r}: "
                f"{_said(new)} against {_said(old)}.",
                remedy="Answer more questions first, or force it.",
            )
        self._log.use_policy(name)
        return found._replace(policy=name)


def _said(one: Replayed) -> str:
    low, high = one.interval()
    return "unknown" if one.error == float("inf") else f"{one.reward:.3f} ({low:.3f} to {high:.3f})"


def _pair_of(subject: str) -> PairQuestion | None:
    """The pair that a subject names, by uids that hold no separator; None for a link type."""
    _, *ends = subject.split("|")
    return PairQuestion(ends[0], ends[1], 0.0, 0.0) if len(ends) == 2 else None


def _turned(question: Question) -> str:
    """The same pair named from the other end."""
    pair = question.pair
    return "" if pair is None else f"{question.link_type.id}|{pair.right}|{pair.left}"
