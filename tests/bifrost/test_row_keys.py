"""Keys of tables stay what they were, whatever their values allow later."""

import pyarrow as pa
import pytest

from bifrost.catalog import DatasetSummary
from bifrost.errors import RecordError
from bifrost.row_keys import INFERRED_KEY, KEY_NO_LONGER_UNIQUE, first_of_each_key, with_known_key
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, RowBatch

INFERRED = {INFERRED_KEY: True}


def info(key: tuple[str, ...], options: dict[str, bool]) -> DatasetInfo:
    columns = tuple(ColumnInfo(name, "integer") for name in ("id", "code"))
    return DatasetInfo("person", DatasetKind.TABLE, columns=columns, key=key, options=options)


@pytest.mark.parametrize(
    ("before", "now", "kept", "shared"),
    [
        ((), ("id",), (), False),
        (("id",), ("id",), ("id",), False),
        (("id",), ("code",), ("id",), True),
        (("id",), (), ("id",), True),
        (("gone",), ("code",), ("code",), False),
    ],
)
def test_a_key_that_values_allow_does_not_take_the_place_of_what_named_the_records(
    before: tuple[str, ...], now: tuple[str, ...], kept: tuple[str, ...], shared: bool
) -> None:
    known = DatasetSummary("crm", info(before, {}), "Person", 7)
    found = with_known_key(info(now, INFERRED if now else {}), [known])
    assert found.key == kept
    assert bool(found.options.get(KEY_NO_LONGER_UNIQUE)) is shared


def test_a_declared_key_counts_at_once() -> None:
    known = DatasetSummary("crm", info(("id",), INFERRED), "Person", 7)
    assert with_known_key(info(("code",), {}), [known]).key == ("code",)


def test_a_table_without_records_takes_the_key_that_its_values_allow() -> None:
    known = DatasetSummary("crm", info((), {}), "Person", 0)
    assert with_known_key(info(("id",), INFERRED), [known]).key == ("id",)


def test_a_unique_key_that_named_the_records_is_kept_when_the_source_no_longer_declares_it() -> None:
    columns = (ColumnInfo("id", "integer", False), ColumnInfo("code", "integer", False))
    unique = DatasetInfo("person", DatasetKind.TABLE, columns=columns, unique=(("code",),))
    assert with_known_key(unique, [DatasetSummary("crm", unique, "Person", 7)]) == unique
    assert with_known_key(info(("id",), INFERRED), [DatasetSummary("crm", unique, "Person", 7)]).key == ("code",)


def test_rows_that_share_a_key_nobody_declared_are_all_there() -> None:
    known = DatasetSummary("crm", info(("id",), INFERRED), "Person", 2)
    now = with_known_key(info((), {}), [known])
    batches = [
        RowBatch(pa.table({"id": [1, 2], "code": [10, 20]}), ("1", "2")),
        RowBatch(pa.table({"id": [2, 3, 2], "code": [21, 30, 21]}), ("2", "3", "2")),
    ]
    found = [batch for batch in first_of_each_key(batches, now) if isinstance(batch, RowBatch)]
    every = [key for batch in found for key in batch.keys]
    assert every[:2] == ["1", "2"]
    assert every[3] == "3"
    assert len(set(every)) == 5
    assert every[2].startswith("~")
    assert [row for batch in found for row in batch.table.to_pylist()] == [
        row for batch in batches for row in batch.table.to_pylist()
    ]


def test_of_rows_that_share_a_key_of_a_file_the_first_is_taken_and_the_others_are_named() -> None:
    batch = RowBatch(pa.table({"id": [1, 1, 2], "code": [1, 2, 3]}), ("1", "1", "2"))
    error, first = first_of_each_key([batch], info(("id",), {}))
    assert isinstance(error, RecordError)
    assert isinstance(first, RowBatch)
    assert (first.keys, first.table["code"].to_pylist()) == (("1", "2"), [1, 3])
