"""Keys of tables stay what they were, whatever their values allow later."""

import pytest

from bifrost.catalog import DatasetSummary
from bifrost.row_keys import INFERRED_KEY, KEY_NO_LONGER_UNIQUE, with_known_key
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind

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
