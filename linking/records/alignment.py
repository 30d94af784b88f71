"""Alignment: which columns of two tables say the same, when the caller does not know."""

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bifrost.errors import InputError
from bifrost.ports import Encoder
from linking.records import vectors
from linking.records.dates import as_dates
from linking.records.fields import Field, Records, kind_of, normalise
from linking.records.joined_names import with_joined_names

__all__ = ["UID", "align", "records_of"]

UID = "_uid"
SAMPLE = 3_000
LEAST_ALIKE = 0.25
NEARLY_THE_NAME = 0.6


def records_of(
    left: pa.Table,
    right: pa.Table | None,
    columns: Sequence[tuple[str, str]] | None = None,
    encoder: Encoder | None = None,
    judged: Mapping[tuple[str, str], bool] | None = None,
) -> Records:
    """A matching task from tables with a ``_uid`` column; ``right`` None finds duplicates inside ``left``.

    ``judged`` tells of which column pairs people said that they mean the same, or that they do not. Raises InputError when
    a column is missing or no column of the two tables can be compared.
    """
    for side, table in (("left", left), ("right", right)):
        if table is not None and UID not in table.column_names:
            raise InputError(
                f"The {side} table has no {UID!r} column.", remedy="Pass rows as LinkingData.rows gives them."
            )
    dirty = right is None
    other = left if right is None else right
    if columns is None:
        if dirty:
            columns = [(c, c) for c in left.column_names if c != UID]
        else:
            left, other = with_joined_names(left, other, _unpaired(left, other, judged or {}))
            columns = align(left, other, encoder, judged)
    for table, chosen in ((left, [c for c, _ in columns]), (other, [c for _, c in columns])):
        if missing := [c for c in chosen if c not in table.column_names]:
            raise InputError(
                f"No column {missing[0]!r} in the table.", remedy=f"Columns are {', '.join(table.column_names)}."
            )
    if not columns:
        raise InputError("The two tables have no column in common.", remedy="Name the column pairs to compare.")
    fields = tuple(_field(left, other, a, b, dirty) for a, b in columns)
    return Records(_uids(left), _uids(other), fields, dirty)


def _unpaired(left: pa.Table, right: pa.Table, judged: Mapping[tuple[str, str], bool]) -> tuple[list[str], list[str]]:
    """The columns of both tables without a namesake in the other one of which nobody said what they mean."""
    names = [[c for c in table.column_names if c != UID] for table in (left, right)]
    lowered = [{c.casefold() for c in some} for some in names]
    said = [{pair[side] for pair, same in judged.items() if same} for side in (0, 1)]
    one, other = (
        [c for c in names[side] if c.casefold() not in lowered[1 - side] and c not in said[side]] for side in (0, 1)
    )
    return one, other


def align(
    left: pa.Table,
    right: pa.Table,
    encoder: Encoder | None = None,
    judged: Mapping[tuple[str, str], bool] | None = None,
) -> list[tuple[str, str]]:
    """Column pairs that say the same: those that people ``judged`` so, then equal names, then the best assignment by values
    and names. Pairs that people said differ are never among them.

    Names are compared by the encoder where there is one, else by 3-grams.
    """
    judged = judged or {}
    left_names = [c for c in left.column_names if c != UID]
    right_names = [c for c in right.column_names if c != UID]
    pairs = [(a, b) for (a, b), same in judged.items() if same and a in left_names and b in right_names]
    taken = {a for a, _ in pairs}, {b for _, b in pairs}
    lowered = {c.casefold(): c for c in reversed(right_names) if c not in taken[1]}
    pairs += [
        (c, lowered[c.casefold()])
        for c in left_names
        if c not in taken[0] and c.casefold() in lowered and judged.get((c, lowered[c.casefold()])) is not False
    ]
    rest_left = [c for c in left_names if c not in {a for a, _ in pairs}]
    rest_right = [c for c in right_names if c not in {b for _, b in pairs}]
    if rest_left and rest_right:
        differ = np.array([[judged.get((a, b)) is False for b in rest_right] for a in rest_left])
        pairs += _by_content(left, right, rest_left, rest_right, encoder, differ)
    order = {c: k for k, c in enumerate(left_names)}
    return sorted(pairs, key=lambda p: order[p[0]])


def _by_content(
    left: pa.Table,
    right: pa.Table,
    names: Sequence[str],
    others: Sequence[str],
    encoder: Encoder | None,
    differ: NDArray[np.bool_],
) -> list[tuple[str, str]]:
    values = _alike([_said(left[c][:SAMPLE]) for c in names], [_said(right[c][:SAMPLE]) for c in others])
    called = _names_alike(names, others, encoder)
    score = 0.7 * values + 0.3 * called
    possible = (values >= LEAST_ALIKE) | ((called >= NEARLY_THE_NAME) & (values >= LEAST_ALIKE / 2))
    possible &= ~differ
    rows, cols = linear_sum_assignment(-np.where(possible, score, 0))
    return [(names[i], others[j]) for i, j in zip(rows.tolist(), cols.tolist(), strict=True) if possible[i, j]]


def _alike(first: Sequence[pa.Array], second: Sequence[pa.Array]) -> NDArray[np.float64]:
    """Cosine of the 3-grams of all values of each column, weighted by how few columns have a 3-gram."""
    counts, _ = vectors.gram_counts(pa.concat_arrays([*first, *second]), pa.array([], pa.string()))
    bounds = np.cumsum([0, *(len(a) for a in (*first, *second))])
    sums = [np.asarray(counts[a:b].sum(axis=0)).ravel() for a, b in itertools.pairwise(bounds.tolist())]
    pooled = np.sqrt(np.stack(sums).astype(np.float64))
    pooled *= np.log((1 + len(pooled)) / (1 + (pooled > 0).sum(axis=0))) + 0.3
    pooled /= np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-9)
    return np.asarray(pooled[: len(first)] @ pooled[len(first) :].T)


def _names_alike(names: Sequence[str], others: Sequence[str], encoder: Encoder | None) -> NDArray[np.float64]:
    plain = [re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", n)).strip().lower() for n in (*names, *others)]
    if encoder is not None:
        encoded = encoder.encode(plain).astype(np.float64)
        return np.asarray(encoded[: len(names)] @ encoded[len(names) :].T)
    arrays = [pa.array([n], pa.string()) for n in plain]
    return _alike(arrays[: len(names)], arrays[len(names) :])


def _said(values: pa.ChunkedArray) -> pa.Array:
    return as_dates(normalise(values))


def _field(left: pa.Table, right: pa.Table, a: str, b: str, dirty: bool) -> Field:
    first = _said(left[a])
    second = first if dirty else _said(right[b])
    return Field(a, kind_of(first if dirty else pa.concat_arrays([first, second])), first, second, b)


def _uids(table: pa.Table) -> pa.Array:
    return table[UID].cast(pa.string()).combine_chunks()
