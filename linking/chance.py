"""Codes of a few letters that are found in a column because it holds most codes there are.

Two fifths of all words of three letters are codes of languages, so that two thirds of the codes of currencies are found among
them and refer to none. How many of any codes are found is measured on codes made of the same letters in the same places: each
place of a column's codes is shuffled by itself. What is found beyond that, as a share of what could be, is Cohen's kappa
(1960); of codes that refer to something nearly all are found, whatever chance gives.

Where all of many codes are found among the keys of a table, and chance would hardly find them, they are no accident.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from linking.references import ReferenceCandidate
from linking.scoring import KINDRED
from linking.workspace import Workspace

__all__ = ["CHANCE", "chance_doubted", "chance_odds", "found_by_chance", "surprise_odds"]

CHANCE = "found_by_chance"
"""The share of any codes like those of the tail that are found in the head."""
_LONGEST, _FOUND = 6, 0.95
"""Longer codes are not found by accident; where nearly all are found, that is said to be no accident."""
_SAMPLE, _TIMES, _LEAST = 200, 5, 8
"""Codes that are shuffled, how often, and how few are too few."""
_SHARE = 0.2
"""What chance must find at least, to explain anything."""
_KAPPA, _WORTH = 0.6, 6.0
"""What is found beyond chance from which on nothing is taken off, and the log-odds taken off where nothing is beyond it."""
_ALL, _MANY, _SMALL_PART = 0.99, 20, 0.1
"""The share of at least so many codes that is found where chance is asked whether it would find them; and which part of the
keys other keys may be, to refer to them: tables of one size with one key say more of the same things."""
_SURPRISE, _MOST = 0.5, 4.0
"""How much of the log-likelihood that chance finds all counts, because codes are not drawn at random, and the most."""


def chance_doubted(workspace: Workspace, candidates: Sequence[ReferenceCandidate]) -> list[ReferenceCandidate]:
    """The candidates; what chance explains has so much less log-odds, and the feature :data:`CHANCE`; what it does not, more."""
    found = list(candidates)
    for place, chance in found_by_chance(workspace, candidates).items():
        c = found[place]
        less = chance_odds(c.containment, chance) if c.containment < _FOUND else 0.0
        more = surprise_odds(c.tail.distinct, chance) if _are_all_found(c) else 0.0
        if less or more:
            features = {**c.features, KINDRED: c.features.get(KINDRED, 0.0) + less + more}
            found[place] = replace(c, features={**features, CHANCE: chance} if less else features)
    return found


def chance_odds(found: float, chance: float) -> float:
    """What to add to the log-odds of a reference of which the share ``found`` is found, and of any codes ``chance``: 0 or
    less."""
    if chance < _SHARE:
        return 0.0
    beyond = (found - chance) / (1 - chance) if chance < 1 else 0.0
    return -_WORTH * min(max(1 - beyond / _KAPPA, 0.0), 1.0)


def surprise_odds(codes: int, chance: float) -> float:
    """What to add to the log-odds of a reference where so many codes are all found, and of any codes the share ``chance``."""
    return min(-_SURPRISE * min(codes, _SAMPLE) * math.log(max(chance, 1 / _SAMPLE)), _MOST)


def found_by_chance(workspace: Workspace, candidates: Sequence[ReferenceCandidate]) -> dict[int, float]:
    """Of those candidates, by their places, where chance may tell: the share of any codes like the tail's that the head has."""
    asked = {n: c for n, c in enumerate(candidates) if _may_be_chance(c) or _are_all_found(c)}
    tails = {c.tail.id: c.tail.sample for c in asked.values()}
    made = {id: _shuffled(values) for id, values in tails.items()}
    if not asked:
        return {}
    found = workspace.connection.execute(
        """
        WITH code AS (SELECT unnest($tails) AS tail, hash(unnest($codes)) AS hash),
            pair AS (SELECT DISTINCT unnest($pair_tails) AS tail, unnest($pair_heads) AS head)
        SELECT p.tail, p.head, count(*) FROM code c JOIN value_hash v ON v.hash = c.hash
        JOIN pair p ON p.tail = c.tail AND p.head = v.col
        WHERE v.form = '' AND list_contains($pair_heads, v.col) GROUP BY ALL
        """,
        {
            "tails": [id for id, codes in made.items() for _ in codes],
            "codes": [code for codes in made.values() for code in codes],
            "pair_tails": [c.tail.id for c in asked.values()],
            "pair_heads": [c.head.id for c in asked.values()],
        },
    ).fetchall()
    counts = {(tail, head): count for tail, head, count in found}
    return {n: counts.get((c.tail.id, c.head.id), 0) / len(made[c.tail.id]) for n, c in asked.items()}


def _may_be_chance(c: ReferenceCandidate) -> bool:
    return c.containment < _FOUND and c.tail.max_length <= _LONGEST and len(c.tail.sample) >= _LEAST and _are_codes(c)


def _are_all_found(c: ReferenceCandidate) -> bool:
    tail, head = c.tail, c.head
    return (
        c.containment >= _ALL
        and tail.distinct >= _MANY
        and tail.table != head.table
        and tail.source == head.source
        and (head.position == 0 or head.is_slug)
        and head.key_like
        and (tail.max_length <= _LONGEST or tail.kind == "code" or tail.is_slug)
        and (not tail.key_like or c.features["coverage"] <= _SMALL_PART)
        and _are_codes(c)
    )


def _are_codes(c: ReferenceCandidate) -> bool:
    """Whether values are compared as they stand, and are neither numbers nor running text."""
    return c.tail.kind in ("code", "name") and not c.tail.multivalued and not c.tail_form and not c.head_form


def _shuffled(values: Sequence[str]) -> list[str]:
    """Codes with the lengths of some values, whose letters come in the same places of theirs; the same at each call."""
    chance, made = np.random.default_rng(0), []
    some = sorted(values)
    if len(some) > _SAMPLE:
        some = [some[place] for place in sorted(chance.choice(len(some), _SAMPLE, replace=False).tolist())]
    for _, group in groupby(sorted(some, key=len), key=len):
        letters = np.array([list(value) for value in group])
        for _ in range(_TIMES if letters.size else 0):
            made += ["".join(row) for row in chance.permuted(letters, axis=0).tolist()]
    return made
