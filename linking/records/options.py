"""What a caller may choose about a matching run. The defaults serve every data set."""

from dataclasses import dataclass

__all__ = ["MatchOptions"]


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """``neighbours`` and ``word_neighbours``: candidates per record and side from 3-grams and from words.

    ``budget`` bounds the multiplications of one sparse product; the most frequent terms are dropped to stay below it.
    ``threshold``: pairs at or above it are merged. ``one_to_one``: None lets the data decide.
    ``encode_limit``: at most so many records are encoded where an encoder is given and a field is free text.
    ``keep``: candidates below this score are not handed out.
    """

    neighbours: int = 10
    word_neighbours: int = 5
    budget: float = 2e9
    threshold: float = 0.5
    one_to_one: bool | None = None
    encode_limit: int = 20_000
    keep: float = 0.02
    largest_component: int = 2_000
    seed: int = 0
