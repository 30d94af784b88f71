"""What a sync changed: two states of a matching task, compared row by row."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from linking.records.candidates import Change
from linking.records.fields import Records

__all__ = ["change_between"]

Ids = NDArray[np.int64]


def change_between(before: Records, after: Records) -> Change | None:
    """Which rows are new, changed or gone; None where that cannot be told: other fields, or rows in another order."""
    kinds = [[(f.name, f.kind) for f in records.fields] for records in (before, after)]
    if before.dirty != after.dirty or kinds[0] != kinds[1]:
        return None
    left = _old_rows(before.left_uids, after.left_uids, [(a.left, b.left) for a, b in _fields(before, after)])
    if before.dirty or left is None:
        return None if left is None else Change(left, left, before.shape)
    right = _old_rows(before.right_uids, after.right_uids, [(a.right, b.right) for a, b in _fields(before, after)])
    return None if right is None else Change(left, right, before.shape)


def _fields(before: Records, after: Records) -> zip:  # type: ignore[type-arg]
    return zip(before.fields, after.fields, strict=True)


def _old_rows(before: pa.Array, after: pa.Array, columns: list[tuple[pa.Array, pa.Array]]) -> Ids | None:
    """The row before of each row, -1 where it is new or says something else; None if rows that stayed changed places."""
    if len(before) == len(after) and before.equals(after):
        row = np.arange(len(after))
    else:
        place = pc.index_in(after, value_set=before)
        row = np.asarray(pc.fill_null(place, -1).to_numpy(zero_copy_only=False), np.int64)
    known = np.flatnonzero(row >= 0)
    for old, new in columns:
        same = pc.equal(old.take(pa.array(row[known])), new.take(pa.array(known)))
        known = known[np.asarray(same.to_numpy(zero_copy_only=False), bool)]
    if (np.diff(row[known]) <= 0).any():
        return None
    made = np.full(len(after), -1)
    made[known] = row[known]
    return made
