"""What a caller may choose about a matching run. The defaults serve every data set."""

from dataclasses import dataclass

__all__ = ["MatchOptions"]


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """Candidates, decisions and bounds.

    ``neighbours`` and ``word_neighbours``: candidates per record and side, from 3-grams and from words.
    ``budget_per_record`` bounds the multiplications of one sparse product, beyond a floor that small tables never
    reach and up to ``largest_budget``; the most frequent terms are dropped to stay below it.
    ``large``: in tasks of more records than this in both tables (one table counts twice), neighbours are found by runs of five
    bytes instead of 3-grams, and ``large_budget_per_record`` is enough.
    ``threshold``: pairs at or above it are merged; candidates below ``keep`` are not handed out.
    ``linkage``: in one table, groups are joined while the mean probability over all their pairs is at least this share of
    the threshold.
    ``once``: whether a left record, and a right record, has one partner at most; None lets the data decide.
    ``candidates_kept``: of more candidates than this between two tables only the three best of each record are compared.
    ``expand``: in one table, compare all pairs inside groups of linked records of up to ``largest_group``; groups
    beyond ``largest_component`` are cut before they are clustered.
    """

    neighbours: int = 10
    word_neighbours: int = 5
    budget_per_record: float = 5e3
    largest_budget: float = 1e10
    large: int = 40_000
    large_budget_per_record: float = 1e3
    threshold: float = 0.5
    once: tuple[bool, bool] | None = None
    keep: float = 0.02
    linkage: float = 0.45
    expand: bool = True
    candidates_kept: int = 500_000
    largest_group: int = 400
    largest_component: int = 2_000
    seed: int = 0
