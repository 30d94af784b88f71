"""Review beyond single answers: rules that accept, audits, what is known of quality and of reviewers."""

from collections.abc import Callable
from datetime import UTC, datetime

from api.auditing import Auditing, LinkAudit
from api.ports import Reviewed
from api.review_book import ReviewBook, RuleChange
from api.review_log import ReviewLog
from bifrost.errors import PermissionDeniedError
from bifrost.links import AUTOMATIC, LinkKind, LinkState, LinkType, Matched, Verdict
from bifrost.ports import LinkStore
from linking.accepting import AcceptRule, AuditResult, acceptable, audit_results, audits, rule_for
from linking.asking import Purpose
from linking.estimates import Estimate, estimate_precision, estimate_recall
from linking.reviewers import agreements, reviewers

__all__ = ["Review"]


class Review:
    """``apply`` makes the links of a link type that a rule confirmed. Without a book nothing can be set (restricted readers);
    then ``matched`` tells what is known of matched records."""

    def __init__(
        self,
        links: LinkStore,
        book: ReviewBook | None = None,
        apply: Callable[[LinkType], object] | None = None,
        matched: Callable[[LinkType], Matched | None] | None = None,
        log: ReviewLog | None = None,
    ) -> None:
        self._links, self._book, self._apply, self._matched = links, book, apply, matched
        self._log = log
        self._auditing = Auditing(links, log, self.rules, self.matched) if log is not None else None

    @property
    def auditing(self) -> Auditing | None:
        return self._auditing

    def close(self) -> None:
        if self._book is not None:
            self._book.close()

    # ---- accepting

    def rules(self) -> list[AcceptRule]:
        return self._book.rules() if self._book is not None else []

    def set_rule(
        self, kind: LinkKind | None, probability: float | None, audit: float, by: str, link_type: str = ""
    ) -> list[LinkType]:
        """Sets or takes away (no probability) a rule of a kind, or of one ``link_type`` by its id, and returns what it
        confirmed at once. Raises InputError, NotFoundError."""
        if self._book is None:
            raise PermissionDeniedError("Who may see some sources only cannot change anything.")
        if link_type:
            self._links.link_type(link_type)
        self._book.set_rule(kind, probability, audit, by, link_type)
        return self.accept()

    def rule_changes(self, limit: int = 100) -> list[RuleChange]:
        """Who set and took away rules, newest first."""
        return self._book.rule_changes(limit) if self._book is not None else []

    def undo_rule(self, id: int, by: str) -> list[LinkType]:
        """Puts the rule back that there was before a change, and takes back what was confirmed since then and the rule before
        would not have confirmed; returns those link types. What a person checked meanwhile stays. Raises NotFoundError,
        ConflictError."""
        if self._book is None:
            raise PermissionDeniedError("Who may see some sources only cannot change anything.")
        change = self._book.undo_rule(id, by)
        rules = self.rules()
        answers = self._links.judgements()
        checked = {j.subject for j in answers if j.by != AUTOMATIC}
        known = {link_type.id: link_type for link_type in self._links.link_types((LinkState.CONFIRMED,))}
        taken_back = []
        for judgement in answers:
            link_type = known.get(judgement.subject)
            if link_type is None or judgement.by != AUTOMATIC or judgement.at < change.at or link_type.id in checked:
                continue
            rule = rule_for(link_type, rules)
            concerned = link_type.id == change.link_type if change.link_type else change.kind in (None, link_type.kind)
            if concerned and (rule is None or link_type.probability < rule.probability):
                self._links.undo(judgement.id, by)
                taken_back.append(self._links.link_type(link_type.id))
        return taken_back

    def accept(self, *, linked: bool = True) -> list[LinkType]:
        """Confirms the proposals that a rule allows and, if ``linked``, makes their links. Cheap where there is no rule."""
        rules = self.rules()
        if not rules or self._apply is None:
            return []
        known, answers = self._links.link_types((LinkState.PROPOSED,)), self._links.judgements(include_undone=True)
        accepted = []
        for link_type, rule in acceptable(known, answers, rules):
            # Meanwhile a build or a person may have answered.
            if self._links.link_type(link_type.id).state is not LinkState.PROPOSED:
                continue
            note = f"{link_type.probability:.3f} is at least {rule.probability:g}, as {rule.by} set it"
            self._links.judge(link_type.id, Verdict.CONFIRM, AUTOMATIC, note=note)
            accepted.append(self._links.link_type(link_type.id))
            if linked:
                self._apply(accepted[-1])
        return accepted

    def audits(self) -> list[LinkType]:
        """Link types that a rule confirmed and that a person should check."""
        rules = self.rules()
        if not rules or self._auditing is None:
            return []
        confirmed, answers = self._links.link_types((LinkState.CONFIRMED,)), self._links.judgements()
        return audits(confirmed, answers, rules, now=datetime.now(UTC), seed=self._auditing.seed())

    # ---- what is known

    def audited(self) -> list[AuditResult]:
        return audit_results(self._links.link_types(), self._links.judgements())

    def reviewed(self) -> Reviewed:
        """Everybody who answered, and how far they agree."""
        answers = self._links.judgements(include_undone=True)
        asked = self._log.answers() if self._log is not None else {}
        blind = {id for id, one in asked.items() if one.purpose is Purpose.SECOND}
        return Reviewed(reviewers(answers), agreements(answers, blind))

    def precision(self, link_type: LinkType) -> Estimate:
        if self._auditing is not None:
            return self._auditing.precision(link_type)
        answers = self._links.judgements(subject_prefix=link_type.id)
        return estimate_precision(link_type, answers, self.matched(link_type))

    def link_audits(self) -> list[LinkAudit]:
        """How the links did that were drawn by lot."""
        if self._auditing is None:
            return []
        self._auditing.draw()
        return self._auditing.results()

    def recall(self, link_type: LinkType) -> Estimate | None:
        return estimate_recall(link_type, self.matched(link_type))

    def matched(self, link_type: LinkType) -> Matched | None:
        """What matching told about all pairs of a same-thing link type."""
        if link_type.kind is not LinkKind.SAME_THING:
            return None
        if self._book is None:
            return None if self._matched is None else self._matched(link_type)
        return self._book.matched(link_type.id)

    def forget(self) -> None:
        """Lets go of the pairs of link types that went with a source."""
        known = {link_type.id for link_type in self._links.link_types()}
        if self._book is not None:
            self._book.forget_matched(known)
        if self._log is not None:
            self._log.forget_samples(known)

    def keep_matched(self, link_type: LinkType, matched: Matched) -> None:
        if self._book is not None:
            self._book.keep_matched(link_type.id, matched)
