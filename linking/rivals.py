"""The columns that a column could refer to, as arrays: all of them count as rivals, the likeliest few are looked at closely.

In a thousand tables with consecutive numbers as keys every number is found in nearly every key. What a candidate's rivals
say of it (how many are as good, how far it is ahead of the best of them) is computed from all of them at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from linking.profiles import ColumnProfile

__all__ = ["MOST_RIVALS", "Hits", "Rivals", "rivals_of"]

MOST_RIVALS = 32
"""How many of the columns that a column could refer to are looked at closely."""
_NAME, _CONTAINMENT = 3.0, 2.0
"""What names and containment count, beside the coverage of the key, in the choice of those."""
_NEARLY = 0.02
"""A rival whose containment is at most so much less is as good."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hits:
    """Pairs of columns, each once, ordered by tail: places among ``columns``, and the shares of distinct values and of rows
    found. All are [n]."""

    columns: Sequence[ColumnProfile]
    tail: Ints
    head: Ints
    containment: Floats
    row_containment: Floats
    tail_form: Sequence[str]
    head_form: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rivals:
    """``chosen`` are places among the hits, in their order; ``features`` the values [len(chosen)] of each feature by its name."""

    chosen: Ints
    features: Mapping[str, Floats]


def rivals_of(
    hits: Hits, names: Floats, meaning: Floats | None = None, wanted: NDArray[np.bool_] | None = None
) -> Rivals:
    """The likeliest of each tail, those that are ``wanted``, and how they stand among all of their tail's.

    ``names`` [n] is how much the names alone say for a hit; ``meaning`` how near the tail's name is in meaning to the head's
    table, if that is known.
    """
    columns = hits.columns
    distinct = np.array([p.distinct for p in columns], np.float64)
    position = np.array([p.position for p in columns], np.int64)
    filled = np.array([bool(p.nonnull) for p in columns])
    table = np.unique([p.table for p in columns], return_inverse=True)[1]
    size = distinct[hits.head]
    covered = np.minimum(hits.containment * distinct[hits.tail], size) / np.maximum(size, 1)
    said = names if meaning is None else np.maximum(names, meaning)
    likely = _NAME * said + _CONTAINMENT * np.nan_to_num(hits.containment) + np.nan_to_num(covered)
    pairs = hits.tail * len(columns) + hits.head
    found = {
        "name_margin": np.empty(len(pairs)),
        "containment_margin": np.empty(len(pairs)),
        "rivals": np.empty(len(pairs)),
        "size_rank": np.empty(len(pairs)),
        "same_table_rivals": np.empty(len(pairs)),
        "mutual": np.isin(hits.head * len(columns) + hits.tail, pairs).astype(np.float64),
        "head_tails": np.log10(np.bincount(hits.head, minlength=len(columns))[hits.head]),
    }
    if meaning is not None:
        found["meaning_margin"] = np.empty(len(pairs))
    kept = np.zeros(len(pairs), bool) if wanted is None else wanted.copy()
    bounds = np.flatnonzero(np.diff(hits.tail, prepend=-1, append=-1))
    for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        mine, count = slice(start, end), end - start
        counts = bool(filled[hits.tail[start]])
        share, sizes = hits.containment[mine], size[mine]
        as_good = count - np.searchsorted(np.sort(share), share - _NEARLY, "left") - 1
        found["name_margin"][mine] = names[mine] - _best_other(names[mine])
        found["containment_margin"][mine] = share - _best_other(share) if counts else 0.0
        found["rivals"][mine] = np.log10(1 + as_good) if counts else 0.0
        found["size_rank"][mine] = np.searchsorted(np.sort(sizes), sizes, "left") / max(count - 1, 1)
        head_table = table[hits.head[mine]]
        found["same_table_rivals"][mine] = _before(head_table, position[hits.head[mine]])
        if meaning is not None:
            best = _best_other(_largest(meaning[mine], head_table), head_table)
            found["meaning_margin"][mine] = meaning[mine] - np.maximum(best, 0.0)
        kept[start + np.argsort(-likely[mine], kind="stable")[:MOST_RIVALS]] = True
    chosen = np.flatnonzero(kept)
    return Rivals(chosen, {name: values[chosen] for name, values in found.items()})


def _best_other(values: Floats, groups: Ints | None = None) -> Floats:
    """Per place the largest value of the others (of other groups); 0 where there is none."""
    own = np.arange(len(values)) if groups is None else groups
    order = np.argsort(-values, kind="stable")
    first = order[0]
    other = order[own[order] != own[first]][:1]
    second = float(values[other[0]]) if len(other) else 0.0
    return np.where(own == own[first], second, values[first])


def _largest(values: Floats, groups: Ints) -> Floats:
    """The largest value of each one's group, at least 0."""
    most = np.zeros(int(groups.max()) + 1)
    np.maximum.at(most, groups, values)
    return np.asarray(most[groups])


def _before(groups: Ints, positions: Ints) -> Floats:
    """How many of the same group have a smaller position. No two of a group have the same."""
    order = np.lexsort((positions, groups))
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    result = np.empty(len(order))
    result[order] = rank
    return result
