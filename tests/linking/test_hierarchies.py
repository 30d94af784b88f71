import random
from typing import Any

import pytest

from bifrost.links import Column, LinkKind, LinkType
from linking.describe import link_name
from linking.hierarchies import Hierarchy, _no_cycle_by_chance, hierarchy_of, hierarchy_reason, log_odds_of
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.workspace import Workspace
from tests.linking.company import find, quiet


def shape_of(parents: list[Any]) -> Hierarchy | None:
    """Of a table of records 0, 1, ... that name these parents."""
    data = MemoryData()
    data.add_rows("a", "nodes", [{"id": n, "parent": parent} for n, parent in enumerate(parents)])
    workspace = Workspace()
    with workspace.using(data) as loaded:
        (table,) = loaded.tables()
        shape = hierarchy_of(loaded, table, (table.columns["parent"],), (table.columns["id"],), {})
    workspace.close()
    return shape


def test_the_levels_and_roots_of_a_tree_are_counted() -> None:
    assert shape_of([None, 0, 0, 1, 3, 3]) == Hierarchy(rows=6, linked=6, roots=1, levels=4, cyclic=0, named=3)
    assert shape_of([0, 0, 0, None, 3, None]) == Hierarchy(
        rows=6, linked=5, roots=2, levels=2, cyclic=0, named=2, itself=1
    )


def test_whoever_is_on_a_cycle_or_below_one_is_counted() -> None:
    assert shape_of([1, 2, 0, 2, None, 4]) == Hierarchy(rows=6, linked=6, roots=1, levels=2, cyclic=4, named=4)
    chain = [None, *range(99)]
    assert shape_of(chain) == Hierarchy(rows=100, linked=100, roots=1, levels=100, cyclic=0, named=99)


def test_cycles_speak_against_a_hierarchy_and_their_lack_for_it() -> None:
    assert log_odds_of(Hierarchy(200, 200, 1, 5, 0, 50)) > 1
    assert log_odds_of(Hierarchy(200, 200, 0, 0, 200, 50)) < -1
    assert log_odds_of(Hierarchy(200, 4, 2, 2, 0, 2)) == 0
    assert log_odds_of(None) == 0


def test_small_codes_that_happen_to_be_numbers_of_rows_are_no_hierarchy() -> None:
    """Of 199 tickets on floors 1 to 3 the first three name the way up by chance, which seldom has a cycle."""
    rng = random.Random(4)
    shapes = [shape_of([0, *(rng.randrange(3) for _ in range(198))]) for _ in range(6)]
    assert any(shape is not None and not shape.cyclic for shape in shapes)
    assert all(log_odds_of(shape) < 0 for shape in shapes)
    # Where many are named, the same says much.
    assert log_odds_of(shape_of([max(n - 1, 0) // 3 for n in range(600)])) > 1


def test_chance_leaves_no_cycle_as_often_as_it_is_said_to() -> None:
    rng = random.Random(5)
    free = []
    for _ in range(4_000):
        parents = [None if rng.random() < 0.2 else rng.randrange(5) for _ in range(5)]
        ways = []
        for n in range(5):
            on: int | None = n
            for _ in range(5):
                on = None if on is None or parents[on] == on else parents[on]
            ways.append(on is None)
        free.append(all(ways))
    assert sum(free) / len(free) == pytest.approx(_no_cycle_by_chance(0.2, 5), abs=0.03)


def test_a_tangle_that_happens_to_have_no_cycle_is_no_hierarchy() -> None:
    tangle = shape_of(chance_forest(1_500))
    assert tangle is not None
    assert tangle.cyclic == 0
    assert tangle.tangled
    assert log_odds_of(tangle) == 0


@pytest.mark.parametrize("fan", [2, 3, 30])
def test_trees_and_chains_that_people_make_are_no_tangle(fan: int) -> None:
    tree = shape_of([None, *((n - 1) // fan for n in range(1, 2_000))])
    chain = shape_of([None if n % 40 == 0 else n - 1 for n in range(2_000)])
    for shape in (tree, chain):
        assert shape is not None
        assert not shape.tangled
        assert log_odds_of(shape) > 1


def chance_forest(size: int) -> list[int | None]:
    """A random forest: each row drawn anew until nothing leads back to it."""
    rng = random.Random(2)
    parents: list[int | None] = [None] * size
    for n in range(size):
        if rng.random() < 0.98:
            above = rng.randrange(size)
            on: int | None = above
            while on is not None and on != n:
                on = parents[on]
            parents[n] = above if on is None else None
    return parents


def employees(cycles: bool) -> list[LinkType]:
    rng = random.Random(3)
    rows = [
        {"emp_id": 500 + n, "name": f"P{n} Q{n * 7}", "grade": rng.randint(500, 698), "chief": 500 + (n - 1) // 4 if n else None}
        for n in range(199)
    ]  # fmt: skip
    if cycles:
        for row in rows:
            row["chief"] = rng.randint(500, 698)
    data = MemoryData()
    data.add_rows("hr", "employees", rows)
    linker = BifrostLinker()
    found = linker.propose(data, (), (), quiet)
    linker.close()
    return found


def test_a_tree_is_told_as_a_reason_and_is_likelier_than_a_tangle() -> None:
    tree = find(employees(cycles=False), "reference", "hr/employees.chief", "hr/employees.emp_id")
    assert "A tree of 199 records: no cycles, 5 levels, 1 root." in tree.reasons
    assert (tree.name, tree.cardinality, tree.estimated_edges) == ("chief", "many-to-one", 198)
    tangle = [p for p in employees(cycles=True) if str(p.tail) == "hr/employees.chief"]
    assert all(p.probability < tree.probability for p in tangle)
    assert all(any("cycles" in reason for reason in p.reasons) for p in tangle)


@pytest.mark.parametrize(
    ("table", "column", "name"),
    [
        ("employees", "employee_id", "manager"),
        ("categories", "category", "part_of"),
        ("tasks", "task_id", "parent"),
        ("employees", "reports_to", "reports_to"),
        ("categories", "parent_category_id", "parent_category"),
    ],
)
def test_a_reference_of_a_table_to_itself_has_a_name_that_reads_upwards(table: str, column: str, name: str) -> None:
    assert link_name(LinkKind.REFERENCE, Column("a", table, (column,)), Column("a", table, ("id",))) == name


def test_the_reason_says_what_is_there() -> None:
    assert hierarchy_reason(Hierarchy(9, 9, 3, 2, 0, 3)) == "3 trees of 9 records: no cycles, 2 levels, 3 roots."
    assert "cycles" in hierarchy_reason(Hierarchy(9, 9, 3, 2, 4, 3))
