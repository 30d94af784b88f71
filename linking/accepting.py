"""Accepting link types without a question: only by a rule that a person set, with a sample that people audit.

A rule confirms proposals from a probability on, of one kind or of all. A share of what it confirmed stays in the queue as
audit questions, chosen by a hash so that nobody, the models included, can choose what is looked at.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bifrost.errors import InputError
from bifrost.links import AUTOMATIC, Correction, Judgement, LinkKind, LinkState, LinkType, Verdict, corrected_ends
from linking.estimates import Estimate, share_of

__all__ = ["AcceptRule", "AuditResult", "acceptable", "audit_results", "audits", "check_rule"]


@dataclass(frozen=True, slots=True)
class AcceptRule:
    """Confirm proposals of ``kind`` (None: of every kind without a rule of its own) from ``probability`` on.

    ``audit`` is the share of what was confirmed that people check; of each kind at least one is checked.
    """

    kind: LinkKind | None
    probability: float
    audit: float
    by: str
    at: datetime


def check_rule(probability: float, audit: float) -> None:
    """Raises InputError for values that would accept what is unlikely, or that nobody would check."""
    if not 0.5 <= probability <= 1:
        raise InputError("Link types can be accepted from a probability between 0.5 and 1.", remedy="Try 0.98.")
    if not 0 < audit <= 1:
        raise InputError("The audited share lies above 0 and is at most 1.", remedy="Try 0.1: every tenth is checked.")


def acceptable(
    known: Sequence[LinkType], judgements: Sequence[Judgement], rules: Sequence[AcceptRule]
) -> list[tuple[LinkType, AcceptRule]]:
    """The proposals that a rule confirms. What a person ever answered, undone or not, is left to people."""
    by_kind: Mapping[LinkKind | None, AcceptRule] = {rule.kind: rule for rule in rules}
    answered = {j.subject for j in judgements}
    found = []
    for link_type in known:
        rule = by_kind.get(link_type.kind) or by_kind.get(None)
        if rule is None or link_type.state is not LinkState.PROPOSED or link_type.id in answered:
            continue
        if link_type.probability >= rule.probability:
            found.append((link_type, rule))
    return found


def audits(known: Sequence[LinkType], judgements: Sequence[Judgement], rules: Sequence[AcceptRule]) -> list[LinkType]:
    """The confirmed link types that wait for a person's check, surest first."""
    by_kind: Mapping[LinkKind | None, AcceptRule] = {rule.kind: rule for rule in rules}
    live = [j for j in judgements if j.undone_at is None and "|" not in j.subject]
    automatic = {j.subject for j in live if j.by == AUTOMATIC}
    checked = {j.subject for j in live if j.by != AUTOMATIC}
    chosen = []
    for kind in LinkKind:
        rule = by_kind.get(kind) or by_kind.get(None)
        share = rule.audit if rule is not None else 0.0
        accepted = sorted((t for t in known if t.kind is kind and t.id in automatic), key=lambda t: (_lot(t.id), t.id))
        drawn = [t for n, t in enumerate(accepted) if n == 0 or _lot(t.id) < share]
        chosen += [t for t in drawn if t.id not in checked and t.state is LinkState.CONFIRMED]
    return sorted(chosen, key=lambda t: (-t.probability, t.id))


def _lot(id: str) -> float:
    """A number in [0, 1) that depends on nothing but the id."""
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
    automatic = {j.subject for j in live if j.by == AUTOMATIC}
    by_id = {t.id: t for t in known}
    said = {
        j.subject: j.verdict is Verdict.CONFIRM and not _turned_into_another(by_id.get(j.subject), j.correction)
        for j in live
        if j.by != AUTOMATIC and j.verdict not in (Verdict.UNSURE, Verdict.DEFER)
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
    return corrected_ends(link_type, correction) != (link_type.kind, link_type.tail, link_type.head)
