"""The people who answer: how much each did, and how far they agree (Cohen 1960)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from bifrost.links import AUTOMATIC, Judgement, Verdict

__all__ = ["Agreement", "Reviewer", "agreements", "cohens_kappa", "reviewers"]

_YES_OR_NO = (Verdict.CONFIRM, Verdict.REJECT, Verdict.DELETE)


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One person's answers: by verdict, taken back, and when the newest was given."""

    name: str
    answers: int
    confirmed: int
    rejected: int
    unsure: int
    undone: int
    newest: datetime


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two people agree on the ``common`` questions that both answered. ``kappa`` is None below two of them.

    ``blind`` of them were asked the second time without showing scores or the first answer; only ``blind_kappa``, over
    those, says how far people agree by themselves.
    """

    first: str
    second: str
    common: int
    agreeing: int
    kappa: float | None
    blind: int = 0
    blind_kappa: float | None = None


def reviewers(judgements: Sequence[Judgement]) -> list[Reviewer]:
    """Everybody who answered, the busiest first."""
    by: dict[str, list[Judgement]] = defaultdict(list)
    for judgement in judgements:
        if judgement.by != AUTOMATIC:
            by[judgement.by].append(judgement)
    found = []
    for name, mine in by.items():
        live = Counter(j.verdict for j in mine if j.undone_at is None)
        found.append(
            Reviewer(
                name, live.total(), live[Verdict.CONFIRM], live[Verdict.REJECT] + live[Verdict.DELETE],
                live[Verdict.UNSURE] + live[Verdict.DEFER], len(mine) - live.total(), max(j.at for j in mine),
            )
        )  # fmt: skip
    return sorted(found, key=lambda r: (-r.answers, r.name))


def agreements(judgements: Sequence[Judgement], blind: Collection[int] = ()) -> list[Agreement]:
    """Every two people who answered a common question; each one's newest live yes or no counts.

    ``blind`` are the ids of answers to questions that were asked again as if nobody had answered them.
    """
    alone = {(j.by, j.subject) for j in judgements if j.id in blind}
    said: dict[str, dict[str, bool]] = defaultdict(dict)
    for j in judgements:
        if j.by != AUTOMATIC and j.undone_at is None and j.verdict in _YES_OR_NO:
            said[j.by][j.subject] = j.verdict is Verdict.CONFIRM
    found = []
    for first, second in combinations(sorted(said), 2):
        common = sorted(said[first].keys() & said[second].keys())
        if common:
            pairs = [(said[first][subject], said[second][subject]) for subject in common]
            agreeing = sum(a == b for a, b in pairs)
            kappa = cohens_kappa(pairs) if len(pairs) > 1 else None
            unseen = [
                (said[first][subject], said[second][subject])
                for subject in common
                if (first, subject) in alone or (second, subject) in alone
            ]
            own = cohens_kappa(unseen) if len(unseen) > 1 else None
            found.append(Agreement(first, second, len(pairs), agreeing, kappa, len(unseen), own))
    return found


def cohens_kappa(pairs: Sequence[tuple[bool, bool]]) -> float:
    """Agreement beyond chance: 1 when all agree, 0 as by chance. Two people who always say the same thing agree fully."""
    total = len(pairs)
    observed = sum(a == b for a, b in pairs) / total
    sides: tuple[Mapping[bool, int], Mapping[bool, int]] = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    by_chance = sum(sides[0].get(v, 0) * sides[1].get(v, 0) for v in (True, False)) / total**2
    return 1.0 if by_chance == 1 else round((observed - by_chance) / (1 - by_chance), 4)
