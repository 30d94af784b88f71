"""What names say by custom: keys of tables, of people, of whatever the row names."""

import random
import uuid
from typing import Any

import pytest

from linking.composites import composite_keys
from linking.memory import MemoryData
from linking.named_keys import is_own_key
from linking.names import names_table, tells_who, words
from linking.workspace import Workspace
from tests.linking.company import proposals

Tables = dict[str, list[dict[str, Any]]]


def thought(tables: Tables) -> dict[str, str]:
    """Per column what it is thought to refer to."""
    return dict(pairs(tables))


def pairs(tables: Tables) -> list[tuple[str, str]]:
    """Columns and what they are thought to refer to."""
    found = proposals(tables)
    return [(str(p.tail)[3:], str(p.head)[3:]) for p in found if p.kind == "reference" and p.probability >= 0.5]


def numbered(**rows: int) -> Tables:
    """Tables that number their rows from 1 and describe them by a text of their own."""
    return {
        name: [{"id": n + 1, "label": f"{name} {n * 7919 % 1009}"} for n in range(count)]
        for name, count in rows.items()
    }


def test_who_did_something_is_looked_for_among_the_people() -> None:
    tables = numbered(users=14, trackers=12, roles=15, boards=13, versions=16)
    rng = random.Random(3)
    tables["posts"] = [
        {"id": n + 1, "text": f"text {n * 31 % 97}", "author_id": rng.choice((2, 3, 5)), "moderated_by": None}
        for n in range(30)
    ]
    assert thought(tables)["posts.author_id"] == "users.id"


@pytest.mark.parametrize("column", ["create_uid", "writer", "post_author"])
def test_numbers_called_like_somebody_refer_to_the_people(column: str) -> None:
    tables = numbered(users=14, trackers=12, roles=15, boards=13, versions=16)
    tables["posts"] = [
        {
            "id": n + 1, "text": f"text {n * 31 % 97}", column: n * 5 % 13 + 1, "published": n % 2,
            "followers": n * 3 % 7 + 1, "max_reviewer": n * 11 % 13 + 1,
        }
        for n in range(30)
    ]  # fmt: skip
    found = thought(tables)
    assert found[f"posts.{column}"] == "users.id"
    assert not {"posts.published", "posts.followers", "posts.max_reviewer"} & set(found)


def test_what_sounds_like_somebody_refers_to_the_people_unless_a_table_is_called_so() -> None:
    tables = numbered(rooms=31, holders=17, terms=12)
    rng = random.Random(7)
    tables["hr_employee"] = [
        {"id": n + 1, "room_id": rng.randrange(31) + 1, "term_id": rng.randrange(12) + 1, "holder_id": n % 17 + 1}
        for n in range(40)
    ]
    tables["thesis"] = [
        {
            "id": n + 1,
            "title": f"On {n * 7919 % 1009}",
            "first_examiner_id": rng.randrange(40) + 1,
            "second_examiner_id": rng.randrange(40) + 1,
            "holder_id": rng.randrange(17) + 1,
        }
        for n in range(150)
    ]
    found = thought(tables)
    assert found["thesis.first_examiner_id"] == found["thesis.second_examiner_id"] == "hr_employee.id"
    assert found["thesis.holder_id"] == "holders.id"


def test_a_uuid_numbers_the_rows_wherever_it_stands() -> None:
    """A chart of accounts has one row for each of a few entities, but is none of them."""
    rng = random.Random(11)
    named = [str(uuid.UUID(int=rng.getrandbits(128), version=4)) for _ in range(12)]
    data = MemoryData()
    charts = [{"created": f"2024-02-{n + 1:02}", "uuid": named[n], "entity_id": named[n + 6]} for n in range(6)]
    data.add_rows("db", "chart", charts)
    workspace = Workspace()
    with workspace.using(data):
        owned = {p.name: is_own_key(p) for p in workspace.columns()}
    workspace.close()
    assert owned == {"created": False, "uuid": True, "entity_id": False}


def test_numbers_that_reach_up_to_the_last_keys_refer_where_others_are_called_like_keys() -> None:
    """In a database whose keys all end in ``_no`` the home and the visiting club are called ``home`` and ``away``."""
    rng = random.Random(5)
    names = ("club", "nation", "season", "stadium", "referee", "sponsor", "agent", "league")
    tables: Tables = {
        name: [{f"{name}_no": n + 1, "label": f"{name} {n * 7919 % 1009}"} for n in range(30 + 7 * k)]
        for k, name in enumerate(names)
    }
    tables["fixture"] = [
        {
            "fixture_no": n + 1,
            **{f"{name}_no": rng.randrange(len(tables[name])) + 1 for name in names[1:]},
            "home": rng.randrange(30) + 1,
            "away": rng.randrange(30) + 1,
        }
        for n in range(400)
    ]
    tables["honour"] = [
        {"honour_no": n + 1, "club_no": n % 30 + 1, "season_no": n % 44 + 1, "label": f"honour {n}"} for n in range(90)
    ]
    found = thought(tables)
    assert found["fixture.home"] == found["fixture.away"] == "club.club_no"


def test_a_table_of_its_own_comes_before_the_people() -> None:
    tables = numbered(users=14, authors=12, roles=15)
    tables["posts"] = [{"id": n + 1, "text": f"text {n * 31 % 97}", "author_id": n * 5 % 11 + 1} for n in range(30)]
    assert thought(tables)["posts.author_id"] == "authors.id"


def test_the_table_of_that_name_comes_before_a_column_of_that_name() -> None:
    tables = numbered(projects=6, users=9, trackers=5)
    tables["repositories"] = [{"id": 10 + n, "project_id": n + 1, "url": f"git://{n * 13}"} for n in range(4)]
    tables["boards"] = [{"id": n + 1, "project_id": n % 2 + 1, "title": f"Board {n * 17}"} for n in range(5)]
    found = thought(tables)
    assert found["boards.project_id"] == "projects.id"
    assert found["repositories.project_id"] == "projects.id"


def test_a_number_called_like_a_table_refers_to_it() -> None:
    tables = numbered(party_party=60, stock_move=90, account_line=70, party_role=65)
    for n, row in enumerate(tables["stock_move"]):
        row |= {"party": n * 7 % 23 + 1, "status": n % 3 + 1}
    found = thought(tables)
    assert found["stock_move.party"] == "party_party.id"
    assert "stock_move.status" not in found


def test_where_numbers_are_called_like_tables_alone_those_that_end_so_refer_to_them() -> None:
    def moves(ending: str) -> str | None:
        rng = random.Random(12)
        tables = numbered(party=60, place=55, unit=50, journal=65, route=58, batch=62, carrier=53, season=57)
        things = list(tables)
        tables["move"] = [
            {"id": n + 1, **{f"{t}{ending}": rng.randint(1, 50) for t in things}, f"final_place{ending}": n % 3 + 1}
            for n in range(300)
        ]
        return thought(tables).get(f"move.final_place{ending}")

    assert moves("") == "place.id"
    assert moves("_id") == "place.id"


def test_initials_name_the_only_table_that_they_may_mean() -> None:
    rng = random.Random(2)
    tables = numbered(sense=900, entry=700, kanji=800)
    for name in ("gloss", "field", "dialect"):
        tables[name] = [{"sid": rng.randint(1, 900), "text": f"{name} {n}"} for n in range(1_200)]
    found = thought(tables)
    assert {found.get(f"{name}.sid") for name in ("gloss", "field", "dialect")} == {"sense.id"}


def test_rows_that_each_name_a_table_refer_to_none_in_particular() -> None:
    tables = numbered(county=40, ward=60)
    tables["area"] = [
        {
            "id": n + 1,
            "entity_type": "county" if n < 40 else "ward",
            "entity_id": n + 1 if n < 40 else n - 39,
            "km": n * 7.25,
        }
        for n in range(100)
    ]
    assert "area.entity_id" not in thought(tables)
    for row in tables["area"]:
        row["kind_of_row"] = row.pop("entity_type")
    assert "area.entity_id" in thought(tables)


def test_a_role_before_the_name_of_a_neighbour_refers_to_what_that_one_refers_to() -> None:
    rng = random.Random(8)
    numbers = rng.sample(range(1, 4_000), 2_000)
    tables: Tables = {
        "term": [{"_id": n, "label": f"term {n * 7}"} for n in numbers],
        "links": [{"_id": rng.choice(numbers[:900]), "_broader_id": rng.choice(numbers[:200])} for _ in range(1_500)],
    }
    assert thought(tables) == {"links._id": "term._id", "links._broader_id": "term._id"}


def test_labels_of_different_things_are_no_references() -> None:
    names = [f"Ward {n * 37 % 1009}" for n in range(80)]
    tables: Tables = {
        "constituencies": [{"id": n + 1, "name": name, "seats": n % 3} for n, name in enumerate(names[:60])],
        "districts": [{"id": n + 1, "name": name, "town": n % 2} for n, name in enumerate(names)],
    }
    assert "constituencies.name" not in thought(tables)


def test_a_table_of_one_row_needs_a_name() -> None:
    tables = numbered(projects=30)
    tables["settings"] = [{"settings_id": 7, "theme": "dark"}]
    for n, row in enumerate(tables["projects"]):
        row |= {"settings_mode": 7, "settings_id": 7, "size": n * 3 % 17}
    found = thought(tables)
    assert found["projects.settings_id"] == "settings.settings_id"
    assert "projects.settings_mode" not in found


def test_an_empty_column_may_name_another_row_of_its_table() -> None:
    tables = numbered(app_device=30, app_interface=40)
    for row in tables["app_interface"]:
        row |= {"device_id": row["id"] % 30 + 1, "parent_interface_id": None, "comment": None}
    found = thought(tables)
    assert found["app_interface.parent_interface_id"] == "app_interface.id"
    assert "app_interface.comment" not in found


def test_a_grade_may_be_part_of_a_key() -> None:
    data = MemoryData()
    places = ("USA", "Japan", "England")
    jobs = [
        {"code": c, "grade": g, "country": p, "pay": len(p) * g}
        for c in ("Eng", "Adm")
        for g in (1, 2, 3)
        for p in places
    ]
    data.add_rows("db", "job", jobs)
    workspace = Workspace()
    with workspace.using(data):
        (table,) = workspace.tables()
        keys = [tuple(p.name for p in key) for key in composite_keys(workspace, table)]
    workspace.close()
    assert ("code", "grade", "country") in keys


@pytest.mark.parametrize(
    ("named", "table", "before"),
    [
        (("user",), ("user",), 0),
        (("user",), ("auth", "user"), 1),
        (("cluster", "type"), ("app", "clustertype"), 1),
        (("user",), ("user", "role"), None),
        ((), ("user",), None),
    ],
)
def test_a_column_names_a_table_by_its_last_words(
    named: tuple[str, ...], table: tuple[str, ...], before: int | None
) -> None:
    assert names_table(named, table) == before


@pytest.mark.parametrize(
    ("name", "meant"), [("sid", ("s", "id")), ("userid", ("user", "id")), ("bid", ("bid",)), ("paid", ("paid",))]
)
def test_an_initial_before_id_is_a_word(name: str, meant: tuple[str, ...]) -> None:
    assert words(name) == meant


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("author_id", True),
        ("updated_by", True),
        ("assigned_to_id", True),
        ("create_uid", True),
        ("author", False),
        ("from_id", False),
        ("device_uid", False),
    ],
)
def test_names_tell_who_did_something(name: str, who: bool) -> None:
    assert tells_who(name) is who
