"""What columns of one name refer to elsewhere, said of those where it is less sure.

``kind_id`` of a few rows and ``linked_movie_id`` beside ``movie_id`` look like many things alone. Where every other column of that
name, or of the end of it, probably refers to the table that is likeliest here as well, it is meant here, too.
"""

from collections import defaultdict
from collections.abc import Sequence

from linking.names import core_words, words
from linking.references import ReferenceCandidate

__all__ = ["agreed_odds"]

_LIKELY, _POSSIBLE = 0.5, 0.1
_HELD = 0.95
_AGREED = 3.0
"""What is added to a candidate that is possible by itself."""


def agreed_odds(candidates: Sequence[ReferenceCandidate], probabilities: Sequence[float]) -> dict[int, float]:
    """What to add to the log-odds of some candidates, by their places. ``probabilities`` are those without it."""
    likeliest: dict[int, int] = {}
    for place, c in enumerate(candidates):
        if probabilities[place] > probabilities[likeliest.setdefault(c.tail.id, place)]:
            likeliest[c.tail.id] = place
    likely: dict[tuple[str, tuple[str, ...]], list[tuple[int, int]]] = defaultdict(list)
    for tail_id, place in likeliest.items():
        tail, head = candidates[place].tail, candidates[place].head
        if probabilities[place] >= _LIKELY and core_words(tail.said):
            likely[tail.source, words(tail.said)].append((tail_id, head.id))
    found = {}
    for tail_id, place in likeliest.items():
        c = candidates[place]
        said = words(c.tail.said)
        for end in (said[n:] for n in range(max(len(said) - 1, 1))):
            others = {head for other, head in likely[c.tail.source, end] if other != tail_id}
            if others:
                elsewhere = c.tail.table != c.head.table
                if elsewhere and others == {c.head.id} and probabilities[place] >= _POSSIBLE and c.containment >= _HELD:
                    found[place] = _AGREED
                break
    return found
