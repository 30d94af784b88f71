"""Accepting link types without a question: only by a rule that a person set, with a sample that people audit.

A rule confirms proposals from a probability on, of one kind or of all. A share of what it confirmed stays in the queue as
audit questions, chosen by a hash so that nobody, the models included, can choose what is looked at.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

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
    corrected_ends,
)
from linking.estimates import Estimate, share_of

__all__ = ["AGAIN", "AcceptRule", "AuditResult", "acceptable", "audit_results", "audits", "check_rule", "rule_for"]

AGAIN = timedelta(days=30)
"""After this time others are audited."""
_MOST_ROUNDS = 120


@dataclass(frozen=True, slots=True)
class AcceptRule:
    """Confirm proposals of ``kind`` (None: of every kind without a rule of its own) from ``probability`` on, or only the
    one whose id is ``link_type``.

    ``audit`` is the share of what was confirmed that people check, of link types and of the links of each; of each kind at
    least one is checked.
    """

    kind: LinkKind | None
    probability: float
    audit: float
    by: str
    at: datetime
    link_type: str = ""


def rule_for(link_type: LinkType, rules: Sequence[AcceptRule]) -> AcceptRule | None:
    """The rule of the link type itself, else that of its kind, else that of all kinds."""
    by_scope = {(rule.link_type, None if rule.link_type else rule.kind): rule for rule in rules}
    scopes = ((link_type.id, None), ("", link_type.kind), ("", None))
    return next((by_scope[scope] for scope in scopes if scope in by_scope), None)


def check_rule(probability: float, audit: float) -> None:
    """Raises InputError for values that would accept what is unlikely, or that nobody would check."""
    if not 0.5 <= probability <= 1:
        raise InputError("Link types can be accepted from a probability between 0.5 and 1.", remedy="Try 0.98.")
    if not 0 < audit <= 1:
        raise InputError("The audited share lies above 0 and is at most 1.", remedy="Try 0.1: every tenth is checked.")


def acceptable(
    known: Sequence[LinkType], judgements: Sequence[Judgement], rules: Sequence[AcceptRule]
) -> list[tuple[LinkType, AcceptRule]]:
    """The proposals that a rule confirms.

    What a person ever answered, undone or not, is left to people, and so is what a person taught: it waits for one answer,
    and often several link types explain the same examples.
    """
    answered = {j.subject for j in judgements}
    found = []
    for link_type in known:
        rule = rule_for(link_type, rules)
        if rule is None or link_type.state is not LinkState.PROPOSED or link_type.id in answered:
            continue
        if link_type.model.startswith(TAUGHT):
            continue
        if link_type.probability >= rule.probability:
            found.append((link_type, rule))
    return found


def audits(
    known: Sequence[LinkType],
    judgements: Sequence[Judgement],
    rules: Sequence[AcceptRule],
    *,
    now: datetime | None = None,
    seed: str = "",
) -> list[LinkType]:
    """The confirmed link types that wait for a person's check, surest first.

    With ``now`` others are drawn again each :data:`AGAIN`, by lots that depend on ``seed``.
    """
    live = [j for j in judgements if j.undone_at is None and "|" not in j.subject]
    since = {j.subject: j.at for j in live if j.by == AUTOMATIC and j.verdict is Verdict.CONFIRM}
    checked = {j.subject for j in live if j.by != AUTOMATIC}
    chosen: dict[str, LinkType] = {}
    for kind in LinkKind:
        accepted = [t for t in known if t.kind is kind and t.id in since]
        rounds = {t.id: 0 if now is None else min((now - since[t.id]) // AGAIN, _MOST_ROUNDS) for t in accepted}
        for round in range(1 + max(rounds.values(), default=-1)):
            lots = {t.id: _lot(f"{seed}|{round}|{t.id}" if seed or round else t.id) for t in accepted}
            due = sorted((t for t in accepted if rounds[t.id] >= round), key=lambda t: (lots[t.id], t.id))
            for n, link_type in enumerate(due):
                rule = rule_for(link_type, rules)
                if n == 0 or (rule is not None and lots[link_type.id] < rule.audit):
                    chosen[link_type.id] = link_type
    waiting = [t for t in chosen.values() if t.id not in checked and t.state is LinkState.CONFIRMED]
    return sorted(waiting, key=lambda t: (-t.probability, t.id))


def _lot(id: str) -> float:
    """A number in [0, 1) that depends on nothing but its text."""
    return int.from_bytes(hashlib.blake2b(id.encode(), digest_size=6).digest(), "big") / 2**48


@dataclass(frozen=True, slots=True)
class AuditResult:
    """How well rules did on one kind: confirmed by rules, checked by people, and the estimated share that is right."""

    kind: LinkKind
    accepted: int
    checked: int
    right: int
    precision: Estimate


def audit_results(known: Sequence[LinkType], judgements: Sequence[Judgement]) -> list[AuditResult]:
    """Per kind of which a rule confirmed any. The newest answer of a person about a link type counts.

    What a person turned round, or corrected to other columns or another kind, was wrong as it was accepted.
    """
    live = [j for j in judgements if j.undone_at is None and "|" not in j.subject]
    automatic = {j.subject for j in live if j.by == AUTOMATIC and j.verdict is Verdict.CONFIRM}
    by_id = {t.id: t for t in known}
    said = {
        j.subject: j.verdict is Verdict.CONFIRM and not _turned_into_another(by_id.get(j.subject), j.correction)
        for j in live
        if j.by != AUTOMATIC and j.verdict not in (Verdict.UNSURE, Verdict.DEFER, Verdict.REOPEN)
    }
    results = []
    for kind in LinkKind:
        accepted = [t for t in known if t.kind is kind and t.id in automatic]
        checked = [said[t.id] for t in accepted if t.id in said]
        if accepted:
            expected = sum(t.probability for t in accepted) / len(accepted)
            right = sum(checked)
            results.append(
                AuditResult(kind, len(accepted), len(checked), right, share_of(right, len(checked), expected))
            )
    return results


def _turned_into_another(link_type: LinkType | None, correction: Correction | None) -> bool:
    if link_type is None or correction is None:
        return False
    return corrected_ends(link_type, correction)[:3] != (link_type.kind, link_type.tail, link_type.head)
