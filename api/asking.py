"""The one queue of questions: what is in it for whom, what came of the answers, and which way to ask is best."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from api.ports import Replay
from api.review import Review
from api.review_log import Asked, ReviewLog
from bifrost.errors import ConflictError, InputError
from bifrost.links import Judgement, LinkKind, LinkState, LinkType, PairQuestion, Verdict
from bifrost.ports import Linker, LinkingData, LinkStore
from linking.asking import Purpose, Question, reward_of
from linking.choosing import POLICIES, Choice, ask, choose
from linking.replaying import BanditRecord, Replayed, replay_all

__all__ = ["Asking"]

_FIRST_SECONDS = 15.0
"""How long a reviewer's first answer is taken to have lasted."""
_PAIRS_SHOWN = 5
"""Questions about pairs of one link type that wait in the queue at the same time."""
_KEPT = 20
"""Of a link type whose records were matched so many questions are kept; fewer are all that there are."""
_DECIDING = (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)


class Asking:
    """``data`` gives what linkers read. ``now`` is the clock."""

    def __init__(
        self,
        links: LinkStore,
        log: ReviewLog,
        review: Review,
        linker: Linker,
        data: Callable[[], LinkingData],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._links, self._log, self._review = links, log, review
        self._linker, self._data, self._now = linker, data, now

    def close(self) -> None:
        self._log.close()

    # ---- the queue

    def queue(self, by: str = "") -> list[Question]:
        """What to ask somebody: link types to audit, then proposals and pairs, the most worthwhile question first."""
        return [*self._audits(), *self._drawn(self._open(), by)]

    def _audits(self) -> list[Question]:
        return [Question(link_type, purpose=Purpose.AUDIT) for link_type in self._review.audits()]

    def _open(self) -> list[Question]:
        """Proposals, links to audit, and the pairs of confirmed same-thing types that would teach most."""
        found = [Question(link_type) for link_type in self._links.link_types((LinkState.PROPOSED,))]
        if self._review.auditing is not None:
            self._review.auditing.draw()
            found += self._review.auditing.questions()
        for link_type in self._links.link_types((LinkState.CONFIRMED,)):
            if link_type.kind is LinkKind.SAME_THING:
                found += self.pair_questions(link_type, _PAIRS_SHOWN)
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

    def offered(self, by: str) -> Choice | None:
        """The choice that somebody stands before, to be handed to :meth:`log` with their answer."""
        return choose(self._open(), seed=self._lot(by), policy=self._log.policy())

    def log(self, judgement: Judgement, offered: Choice | None, settled: int, *, blind: bool = False) -> None:
        """Logs how an answer came about and, if the question was open, what it settled and with which probability it would
        have been the first one; 0 where a person picked another one."""
        self._log.log_answer(judgement.id, Asked(blind=blind))
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


def _turned(question: Question) -> str:
    """The same pair named from the other end."""
    pair = question.pair
    return "" if pair is None else f"{question.link_type.id}|{pair.right}|{pair.left}"
