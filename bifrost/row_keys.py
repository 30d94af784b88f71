"""Keys that a dataset had and its source cannot tell any more: kept, so that records keep their ids."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bifrost.catalog import DatasetSummary
from bifrost.errors import RecordError
from bifrost.values import DatasetInfo, FileRecord, RowBatch

__all__ = ["INFERRED_KEY", "KEY_NO_LONGER_UNIQUE", "first_of_each_key", "with_known_key"]

KEY_NO_LONGER_UNIQUE = "key_no_longer_unique"
"""The option of a dataset whose key was kept although rows share it."""
INFERRED_KEY = "key_inferred"
"""The option of a table whose key its values allow and nobody declared."""


def with_known_key(info: DatasetInfo, known: Sequence[DatasetSummary]) -> DatasetInfo:
    """Keeps the key that a dataset had when its source cannot tell one any more: one duplicate row in an export must not
    give all its records new ids. A table whose records are named by their content stays so, whatever its values allow."""
    for summary in known:
        key = summary.info.key
        if summary.info.name != info.name:
            continue
        if info.options.get(INFERRED_KEY) and summary.records and not key:
            return replace(info, key=())
        told = info.key and (info.key == key or not info.options.get(INFERRED_KEY))
        if key and not told and set(key) <= {c.name for c in info.columns}:
            return replace(info, key=key, options={**info.options, KEY_NO_LONGER_UNIQUE: True})
    return info


def first_of_each_key(
    stream: Iterable[RowBatch | FileRecord | RecordError],
) -> Iterator[RowBatch | FileRecord | RecordError]:
    """Passes on the first row of each key; the others are record errors."""
    seen: set[str] = set()
    for batch in stream:
        if not isinstance(batch, RowBatch):
            yield batch
            continue
        first = []
        for at, key in enumerate(batch.keys):
            if key in seen:
                yield RecordError(
                    f"Another row has the key {key!r} too; this one was left out.",
                    record=f"{key} (again)",
                    remedy="Correct the key of one of the two rows in the source.",
                )
            else:
                seen.add(key)
                first.append(at)
        if len(first) == len(batch.keys):
            yield batch
        elif first:
            yield RowBatch(batch.table.take(first), tuple(batch.keys[at] for at in first))
