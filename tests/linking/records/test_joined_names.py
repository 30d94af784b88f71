"""First and last name in two columns are one name where the other table has it so."""

import numpy as np
import pyarrow as pa
import pytest

from linking.records.port import match_tables

FIRST = ["Anna", "Ben", "Carla", "David", "Eva", "Finn", "Greta", "Hans", "Ines", "Jonas", "Karl", "Lena"]
LAST = [
    "Park",
    "Silva",
    "Novak",
    "Costa",
    "Rao",
    "Chen",
    "Larsson",
    "Petrov",
    "Tanaka",
    "Mbeki",
    "Hansen",
    "Weber",
    "Klein",
]


def people(seed: int, count: int) -> list[tuple[str, str, str]]:
    generator = np.random.default_rng(seed)
    return [
        (
            str(generator.choice(FIRST)),
            str(generator.choice(LAST)),
            f"19{generator.integers(40, 99)}-0{generator.integers(1, 9)}-{generator.integers(10, 28)}",
        )
        for _ in range(count)
    ]


def tables(form: str) -> tuple[pa.Table, pa.Table]:
    everybody = people(1, 160)
    left = [{"_uid": f"l{k}", "given": a, "sur": b, "born": c} for k, (a, b, c) in enumerate(everybody[:130])]
    right = [
        {"_uid": f"r{k}", "who": form.format(first=a, last=b), "date_of_birth": c}
        for k, (a, b, c) in enumerate(everybody)
        if k >= 30
    ]
    return pa.Table.from_pylist(left), pa.Table.from_pylist(right)


@pytest.mark.parametrize("form", ["{last}, {first}", "{first} {last}", "{last} {first}"])
@pytest.mark.parametrize("turned", [False, True])
def test_names_in_two_columns_meet_those_in_one(form: str, turned: bool) -> None:
    pair = tables(form)
    matching = match_tables(*(pair[::-1] if turned else pair))
    fields = {frozenset((f.name, f.other)) for f in matching.records.fields}
    assert any("who" in names and ("given + sur" in names or "sur + given" in names) for names in fields)
    accepted = matching.pairs.take(matching.accepted)
    sides = (
        matching.records.left_uids.take(pa.array(accepted.left)),
        matching.records.right_uids.take(pa.array(accepted.right)),
    )
    hits = sum(a.as_py()[1:] == b.as_py()[1:] for a, b in zip(*sides, strict=True))
    assert hits >= 98
    assert len(accepted) - hits <= 2


def test_columns_that_have_a_namesake_stay_as_they_are() -> None:
    left, right = tables("{first} {last}")
    right = right.append_column("sur", pa.array([name.split()[1] for name in right["who"].to_pylist()]))
    assert ("sur", "sur") in {(f.name, f.other) for f in match_tables(left, right).records.fields}


def test_other_texts_are_no_names() -> None:
    left, right = tables("{first} {last}")
    places = [f"{k} High Street, Bath" for k in range(len(right))]
    other = right.set_column(right.column_names.index("who"), "place", pa.array(places))
    assert all(" + " not in f.name for f in match_tables(left, other).records.fields)


def test_lists_of_words_are_compared_as_before() -> None:
    left, right = tables("{first} {last}")
    left = left.append_column("tags", pa.array([["a"], ["b"]] * (len(left) // 2)))
    assert len(match_tables(left, right).pairs)
