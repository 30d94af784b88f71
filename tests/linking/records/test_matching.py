"""Record matching finds the same things in two tables and in one, and says why."""

import pyarrow as pa
import pytest

from bifrost.errors import InputError
from linking.records import Matching, MatchOptions, match_tables
from tests.linking.records.tables import misspell, people, table


def accepted(matching: Matching, threshold: float = 0.5) -> set[tuple[str, str]]:
    return {(p.left, p.right) for p in matching.same_pairs() if p.score >= threshold}


def f1(found: set[tuple[str, str]], truth: set[tuple[str, str]]) -> float:
    return 2 * len(found & truth) / (len(found) + len(truth))


@pytest.fixture(scope="module")
def two_tables() -> tuple[pa.Table, pa.Table, set[tuple[str, str]]]:
    """The left table knows people 0 to 249, the right one 100 to 349."""
    everybody = people(350)
    truth = {(f"crm/{k}", f"erp/{k - 100}") for k in range(100, 250)}
    return table(everybody[:250], "crm"), table(misspell(everybody[100:]), "erp"), truth


def test_two_tables_with_errors_and_strangers_are_matched_one_to_one(
    two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]],
) -> None:
    left, right, truth = two_tables
    matching = match_tables(left, right)
    found = accepted(matching)
    assert matching.unique
    assert f1(found, truth) > 0.95
    assert len({a for a, _ in found}) == len(found) == len({b for _, b in found})


def test_columns_with_other_names_are_aligned_by_their_values(
    two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]],
) -> None:
    left, right, truth = two_tables
    renamed = right.rename_columns(["_uid", "contact", "place", "birthday", "address"])
    matching = match_tables(left, renamed)
    assert [f.name for f in matching.records.fields] == ["name", "city", "born", "mail"]
    assert f1(accepted(matching), truth) > 0.95


def test_duplicates_inside_one_table_form_clusters() -> None:
    first = people(200, seed=3)
    rows = table(first + misspell(first[:80], seed=4) + misspell(first[:40], seed=5), "all")
    matching = match_tables(rows)
    label, _ = matching.clusters()
    person = [*range(200), *range(80), *range(40)]
    together = {(a, b) for a in range(320) for b in range(a + 1, 320) if label[a] == label[b]}
    truth = {(a, b) for a in range(320) for b in range(a + 1, 320) if person[a] == person[b]}
    assert 2 * len(together & truth) / (len(together) + len(truth)) > 0.9


def test_blocking_leaves_a_small_part_of_all_pairs(two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]]) -> None:
    left, right, truth = two_tables
    matching = match_tables(left, right)
    candidates = {(f"crm/{a}", f"erp/{b}") for a, b in zip(matching.pairs.left, matching.pairs.right, strict=True)}
    assert len(candidates & truth) / len(truth) > 0.99
    assert matching.reduction_ratio > 0.9


def test_evidence_names_the_fields_and_adds_up_in_their_favour(
    two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]],
) -> None:
    left, right, _ = two_tables
    best = next(match_tables(left, right).same_pairs())
    assert best.score > 0.9
    assert {k.removeprefix("field:") for k in best.evidence if k.startswith("field:")} <= {
        "name",
        "city",
        "born",
        "mail",
    }
    assert sum(v for k, v in best.evidence.items() if k.startswith("field:")) > 0


def test_estimates_lie_inside_their_intervals(two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]]) -> None:
    left, right, _ = two_tables
    matching = match_tables(left, right)
    for value, low, high in (matching.precision(), matching.recall()):
        assert 0 <= low <= value <= high <= 1


def test_the_same_input_gives_the_same_pairs(two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]]) -> None:
    left, right, _ = two_tables
    assert list(match_tables(left, right).same_pairs()) == list(match_tables(left, right).same_pairs())


def test_only_changed_records_are_matched_again(two_tables: tuple[pa.Table, pa.Table, set[tuple[str, str]]]) -> None:
    left, right, truth = two_tables
    changed = [f"crm/{k}" for k in range(120, 130)]
    matching = match_tables(left, right, only=changed, options=MatchOptions(once=(True, True)))
    pairs = list(matching.same_pairs())
    assert {p.left for p in pairs} <= set(changed)
    assert len({(p.left, p.right) for p in pairs if p.score >= 0.5} & truth) >= 9


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_tiny_tables_are_no_special_case(rows: int) -> None:
    few = people(rows) or [{"name": "", "city": "", "born": "", "mail": ""}][:0]
    left = table(few, "a") if few else pa.table({"_uid": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    right = left.set_column(0, "_uid", pa.array([f"b/{k}" for k in range(rows)], pa.string()))
    assert len(list(match_tables(left, right).same_pairs())) <= rows * rows
    list(match_tables(left).same_pairs())


def test_empty_values_alone_never_match() -> None:
    blank = pa.table({"_uid": ["a", "b", "c"], "name": pa.array([None, "", "  "], pa.string())})
    assert [p for p in match_tables(blank).same_pairs() if p.score >= 0.5] == []


def test_lists_hostile_text_and_huge_values_are_compared() -> None:
    odd = ["\x00\x00", "𝒻𝑜𝑜 " * 3, "x" * 100_000, "' OR 1=1 --", "<b>&amp;</b>", "ﬀ́"]
    values = pa.array([[v, v] for v in odd], pa.list_(pa.string()))
    rows = pa.table({"_uid": [str(k) for k in range(len(odd))], "value": values})
    assert all(0 <= p.score <= 1 for p in match_tables(rows, rows).same_pairs())


def test_missing_columns_are_named() -> None:
    rows = table(people(3), "a")
    with pytest.raises(InputError, match="colour"):
        match_tables(rows, rows, columns=[("name", "colour")])
    with pytest.raises(InputError, match="_uid"):
        match_tables(rows.drop_columns(["_uid"]))
    with pytest.raises(InputError, match="no column in common"):
        match_tables(rows.select(["_uid"]), rows)
