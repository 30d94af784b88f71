"""Audits of links: of a link type that was accepted without a question, or that a rule of its own covers, a sample of the links
that are served is asked about now and then, so that what nobody ever looks at is known to be right, or not."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from api.review_log import ReviewLog, Sample
from bifrost.links import AUTOMATIC, Estimate, Judgement, LinkKind, LinkState, LinkType, Matched, PairQuestion, Verdict
from bifrost.ports import LinkStore
from linking.accepting import AGAIN, AcceptRule, rule_for
from linking.asking import Purpose, Question
from linking.estimates import Audited, estimate_precision

__all__ = ["Auditing", "LinkAudit"]

_MOST = 10
"""Links of one link type that are asked about in a round."""
_VALUE = 0.5
"""What an audited link is worth beside a pair of which nobody knows."""


@dataclass(frozen=True, slots=True)
class LinkAudit:
    """How well the links of a link type did: ``drawn`` by lot of ``population`` in the newest of ``rounds``; over all rounds
    ``right`` of ``checked`` were. ``precision`` is the link type's."""

    link_type: LinkType
    rounds: int
    drawn: int
    population: int
    checked: int
    right: int
    precision: Estimate


class Auditing:
    """``rules`` are those in force, ``matched`` tells what is known of matched records, ``now`` is the clock."""

    def __init__(
        self,
        links: LinkStore,
        log: ReviewLog,
        rules: Callable[[], Sequence[AcceptRule]],
        matched: Callable[[LinkType], Matched | None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._links, self._log, self._rules, self._matched, self._now = links, log, rules, matched, now

    def seed(self) -> str:
        return self._log.seed()

    def draw(self) -> None:
        """Draws the samples that are due. Cheap where there is no rule."""
        rules = self._rules()
        if not rules:
            return
        newest = {sample.link_type: sample for sample in self._log.samples()}
        accepted = {j.subject for j in self._links.judgements() if j.by == AUTOMATIC}
        for link_type in self._links.link_types((LinkState.CONFIRMED,)):
            rule, last = rule_for(link_type, rules), newest.get(link_type.id)
            if rule is None or link_type.kind is LinkKind.SAME_CONCEPT:
                continue
            if link_type.id not in accepted and rule.link_type != link_type.id:
                continue
            if last is None or self._now() - last.at >= AGAIN:
                self._draw(link_type, rule, 0 if last is None else last.round + 1)

    def _draw(self, link_type: LinkType, rule: AcceptRule, round: int) -> None:
        seed = f"{self._log.seed()}|{link_type.id}|{round}"
        population, _ = self._links.sample_links(link_type.id, 0, seed)
        if not population:
            return
        count = min(math.ceil(rule.audit * population), _MOST)
        _, drawn = self._links.sample_links(link_type.id, count, seed)
        pairs = tuple((pair.left, pair.right, pair.score) for pair in drawn)
        self._log.keep_sample(Sample(link_type.id, round, self._now(), population, pairs))

    def questions(self) -> list[Question]:
        """The drawn links that wait for a person."""
        confirmed = {t.id: t for t in self._links.link_types((LinkState.CONFIRMED,))}
        samples = [sample for sample in self._log.samples() if sample.link_type in confirmed]
        said = {j.subject for j in self._links.judgements()} if samples else set()
        found: dict[str, Question] = {}
        for sample in samples:
            for left, right, score in sample.pairs:
                pair = PairQuestion(left, right, score, _VALUE)
                one = Question(confirmed[sample.link_type], pair, Purpose.AUDIT, doubtful=sample.population)
                if one.subject not in said:
                    found[one.subject] = one
        return list(found.values())

    def audited(self, link_type: LinkType, answers: Sequence[Judgement]) -> Audited:
        """What people found when they checked the drawn links of a link type; the newest answer counts."""
        drawn = {
            f"{link_type.id}|{left}|{right}"
            for sample in self._log.samples()
            if sample.link_type == link_type.id
            for left, right, _ in sample.pairs
        }
        newest = {j.subject: j.verdict for j in answers if j.undone_at is None and j.subject in drawn}
        checked = [v for v in newest.values() if v in (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)]
        return Audited(sum(v is Verdict.CONFIRM for v in checked), len(checked))

    def precision(self, link_type: LinkType) -> Estimate:
        """The estimated share of right links of a link type, its audits included."""
        answers = self._links.judgements(subject_prefix=link_type.id)
        audited = self.audited(link_type, answers)
        return estimate_precision(link_type, answers, self._matched(link_type), audited)

    def results(self) -> list[LinkAudit]:
        """Of every link type of which a sample was drawn."""
        known = {t.id: t for t in self._links.link_types()}
        by_type: dict[str, list[Sample]] = {}
        for sample in self._log.samples():
            if sample.link_type in known:
                by_type.setdefault(sample.link_type, []).append(sample)
        found = []
        for id, samples in by_type.items():
            audited = self.audited(known[id], self._links.judgements(subject_prefix=id))
            newest = samples[-1]
            found.append(
                LinkAudit(
                    known[id], len(samples), len(newest.pairs), newest.population, audited.checked, audited.right,
                    self.precision(known[id]),
                )
            )  # fmt: skip
        return found
