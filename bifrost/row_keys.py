"""Keys that a dataset had and its source cannot tell any more: kept, so that records keep their ids."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bifrost.catalog import DatasetSummary
from bifrost.errors import RecordError
from bifrost.keys import Occurrences, content_keys, record_key
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
        if summary.info.name != info.name:
            continue
        before, inferred = record_key(summary.info), bool(info.options.get(INFERRED_KEY))
        if inferred and summary.records and not before:
            return replace(info, key=())
        told = record_key(info) and (info.key == before or not inferred)
        if before and not told and set(before) <= {c.name for c in info.columns}:
            options = {**info.options, KEY_NO_LONGER_UNIQUE: True}
            return replace(info, key=before, options=options | _inferred(summary.info))
    return info


def _inferred(info: DatasetInfo) -> dict[str, bool]:
    return {INFERRED_KEY: True} if info.options.get(INFERRED_KEY) else {}


def first_of_each_key(
    stream: Iterable[RowBatch | FileRecord | RecordError], info: DatasetInfo
) -> Iterator[RowBatch | FileRecord | RecordError]:
    """Passes on the first row of each key. The others are record errors, unless nobody declared the key: then it is none for
    them, and they are named by their content."""
    seen: set[str] = set()
    occurrences = Occurrences()
    for batch in stream:
        if not isinstance(batch, RowBatch):
            yield batch
            continue
        again = []
        for at, key in enumerate(batch.keys):
            if key in seen:
                again.append(at)
            seen.add(key)
        if not again:
            yield batch
        elif info.options.get(INFERRED_KEY):
            named = dict(zip(again, content_keys(batch.table.take(again).columns, occurrences), strict=True))
            yield RowBatch(batch.table, tuple(named.get(at, key) for at, key in enumerate(batch.keys)))
        else:
            yield from (_left_out(batch.keys[at]) for at in again)
            first = sorted({*range(len(batch.keys))} - {*again})
            if first:
                yield RowBatch(batch.table.take(first), tuple(batch.keys[at] for at in first))


def _left_out(key: str) -> RecordError:
    return RecordError(
        f"Another row has the key {key!r} too; this one was left out.",
        record=f"{key} (again)",
        remedy="Correct the key of one of the two rows in the source.",
    )
