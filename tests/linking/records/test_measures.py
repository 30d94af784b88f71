"""Tables of other shapes: the measure of likeness suits them, and nothing is found where there is nothing."""

import numpy as np
from scipy import sparse

from linking.records import match_tables
from linking.records.neighbours import row_lists
from tests.linking.records.tables import CITY, FIRST, LAST, misspell, people, table

FIRMS = ("steel", "foods", "software", "textiles", "energy", "motors", "media", "holdings")
ENDINGS = ("inc", "ltd", "llc", "corp", "", "company")


def strangers(count: int, seed: int) -> list[dict[str, str]]:
    """People of whom hardly two have a name in common."""
    generator = np.random.default_rng(seed)

    def word(syllables: int) -> str:
        return "".join(
            "bdfgklmnprstvz"[a] + "aeiou"[b] for a, b in generator.integers(0, (14, 5), (syllables, 2)).tolist()
        )

    return [
        {
            "name": f"{word(2)} {word(3)}",
            "street": f"{word(3)} {k % 90}",
            "city": word(3),
            "born": f"{1930 + k * 37 % 80}",
        }
        for k in range(count)
    ]


def f1(found: set[tuple[str, str]], truth: set[tuple[str, str]]) -> float:
    return 2 * len(found & truth) / (len(found) + len(truth))


def test_names_alone_are_told_apart_by_their_letters() -> None:
    generator = np.random.default_rng(3)
    names = [
        {"name": f"{person['name'].split()[1]} {person['mail'][:5]} {FIRMS[k % len(FIRMS)]}"}
        for k, person in enumerate(people(900, seed=5))
    ]

    def ending(rows: list[dict[str, str]]) -> list[dict[str, str]]:
        return [
            {"name": f"{r['name']} {ENDINGS[int(generator.integers(len(ENDINGS)))]}".strip()} for r in rows if r["name"]
        ]

    left, right = ending(names[:600]), ending(misspell(names[300:], share=0.4))
    kept = [k for k, row in enumerate(misspell(names[300:], share=0.4)) if row["name"]]
    matching = match_tables(table(left, "a"), table(right, "b"))
    truth = {(f"a/{k + 300}", f"b/{at}") for at, k in enumerate(kept) if k < 300}
    assert matching.decoys[0].measure != 0
    assert f1({(p.left, p.right) for p in matching.same_pairs() if p.score >= 0.5}, truth) > 0.8


def test_of_nothing_all_is_found() -> None:
    nobody = match_tables(
        table([{"name": f"alpha{k} beta{k}", "city": f"gamma{k}"} for k in range(30)], "a"),
        table([{"name": f"xulo{k * 7} zimi{k * 5}", "city": f"wupo{k * 3}"} for k in range(30)], "b"),
    )
    assert not nobody.accepted.any()
    assert nobody.precision()[2] == 1.0
    assert nobody.recall() == (1.0, 0.0, 1.0)


def test_a_few_records_are_found_in_a_much_larger_table() -> None:
    everybody = strangers(6_000, seed=4)
    everybody, others = everybody[:-15], everybody[-15:]
    few = misspell([*everybody[:25], *others], share=0.3)
    matching = match_tables(table(few, "a"), table(everybody, "b"))
    found = {(p.left, p.right) for p in matching.same_pairs() if p.score >= 0.5}
    assert f1(found, {(f"a/{k}", f"b/{k}") for k in range(25)}) > 0.9
    assert matching.recall()[0] > 0.8


def test_namesakes_born_on_other_days_are_few_duplicates_among_many() -> None:
    generator = np.random.default_rng(6)
    rows = [
        {"first": FIRST[a], "last": LAST[b], "year": str(1940 + y), "month": str(1 + m), "day": str(1 + d)}
        for a, b, y, m, d in generator.integers(0, (80, 60, 60, 12, 28), (600, 5)).tolist()
    ]
    again = [dict(row, first=row["first"][:-1] + "x") for row in rows[:60]]
    matching = match_tables(table([*rows, *again], "a"))
    found = {(p.left, p.right) for p in matching.same_pairs() if p.score >= 0.5}
    assert f1(found, {(f"a/{k}", f"a/{k + 600}") for k in range(60)}) > 0.8


def test_groups_are_found_though_each_record_has_fields_of_its_own() -> None:
    generator = np.random.default_rng(8)
    authors = [p["name"].split() for p in people(30, seed=9)]
    rows, thing = [], []
    for k in generator.integers(0, 30, 400).tolist():
        (given, family), title = authors[k], " ".join(f"w{x}" for x in generator.integers(0, 3_000, 6))
        initial = given if generator.random() < 0.5 else given[0]
        rows.append(
            {"given": initial, "family": family, "city": CITY[k % 10], "title": title, "firm": f"firm {k * 17}"}
        )
        thing.append(k)
    label = match_tables(table(rows, "a")).clusters()[0]
    same = np.equal.outer(thing, thing)[np.triu_indices(400, 1)]
    joined = np.equal.outer(label, label)[np.triu_indices(400, 1)]
    assert 2 * (same & joined).sum() / (same.sum() + joined.sum()) > 0.8


def test_of_many_identical_records_the_first_are_neighbours() -> None:
    same = sparse.csr_matrix(np.r_[np.ones((40, 1)), np.full((3, 1), 2.0)].astype(np.float32))
    lists = row_lists(same, same, 5)
    assert lists.row.tolist() == [[40, 41, 42, 0, 1]] * 43
