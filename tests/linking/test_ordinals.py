"""Numbers that count rows are found among the keys of any table, and name none."""

import random
from typing import Any

import pytest

from linking.memory import MemoryData
from linking.ordinals import counts_rows
from linking.workspace import Workspace
from tests.linking.test_kindred import references

SIZES = (3, 7, 4, 9, 5, 8, 6, 4, 7, 3, 9, 5)


def abilities(first: int) -> list[dict[str, Any]]:
    each = ((h, n) for h, k in enumerate(SIZES) for n in range(k))
    return [{"hero": f"hero_{h}", "slot": first + n, "damage": 37 * n % 11} for h, n in each]


ABILITIES = abilities(0)
MARKS = [{"student": f"s{h:02d}", "subject": n, "mark": (h * 7 + n) % 6} for h in range(30) for n in range(1, 9)]


@pytest.mark.parametrize(
    ("rows", "column", "counts"),
    [
        (ABILITIES, "slot", True),
        (abilities(1), "slot", True),
        (ABILITIES[:5] + ABILITIES[6:20] + ABILITIES[21:30] + ABILITIES[32:], "slot", False),
        (ABILITIES, "damage", False),
        # All have the same numbers, as of subjects.
        (MARKS, "subject", False),
        ([{"hero": None, "slot": None}] * 30, "slot", False),
    ],
    ids=["from 0", "from 1", "gaps", "any", "all", "empty"],
)
def test_numbers_of_the_rows_of_groups_are_known(rows: list[dict[str, Any]], column: str, counts: bool) -> None:
    data = MemoryData()
    data.add_rows("db", "t", rows)
    with Workspace("1GB", 1).using(data) as workspace:
        table = workspace.table("db", "t")
        assert table is not None
        assert counts_rows(workspace, table, table.columns[column]) is counts


def test_numbers_that_count_rows_refer_to_nothing_that_no_name_says() -> None:
    rng = random.Random(3)
    kinds = [{"id": n, "label": f"Kind {n * 37 % 11}"} for n in range(9)]
    found = references({"game_mode": kinds, "hero_ability": ABILITIES})
    assert all(p.probability < 0.5 for p in found.values())
    drawn = [{"ability": f"a{n}", "game_mode": rng.randrange(9)} for n in range(90)]
    named = references({"game_mode": kinds, "hero_ability": drawn})
    assert named["hero_ability.game_mode", "game_mode.id"].probability > 0.5
