"""What names of tables and columns say together, and what columns of one name agree about."""

import random
from types import SimpleNamespace
from typing import Any

from linking.consensus import agreed_odds
from linking.kin_names import kin_pairs
from linking.names import tells_who, words
from tests.linking.test_named_keys import Tables, numbered, pairs, thought


def test_a_type_is_looked_for_among_the_types_of_its_own_table() -> None:
    rng = random.Random(5)
    tables = numbered(artist=90, artist_type=7, label_type=9, place_type=12, artist_alias_type=8, medium_format=10)
    for row in tables["artist"]:
        row["type"] = rng.randint(1, 3)
    assert thought(tables)["artist.type"] == "artist_type.id"


def test_few_of_many_rows_are_no_types() -> None:
    tables = numbered(device=80, device_status=900)
    for n, row in enumerate(tables["device"]):
        row["status"] = n % 3 + 1
    assert "device.status" not in thought(tables)


def test_a_name_may_be_the_end_of_a_word() -> None:
    rng = random.Random(6)
    tables = numbered(runs_testrun=70, plans_testplan=80, cases_testcase=90, runs_historicaltestrun=95)
    tables["runs_note"] = [
        {"id": n + 1, "text": f"note {n * 31 % 97}", "run_id": rng.randint(1, 9), "rating": rng.random()}
        for n in range(200)
    ]
    assert thought(tables)["runs_note.run_id"] == "runs_testrun.id"


def test_a_table_that_only_connects_others_is_not_meant() -> None:
    rng = random.Random(7)
    tables = numbered(bug=50, test_testexecution=80)
    tables["bug_executions"] = [
        {"id": n + 1, "bug_id": rng.randint(1, 50), "testexecution_id": rng.randint(1, 80)} for n in range(90)
    ]
    tables["links"] = [
        {"id": n + 1, "url": f"http://x/{n * 37}", "execution_id": rng.randint(1, 78)} for n in range(150)
    ]
    assert thought(tables)["links.execution_id"] == "test_testexecution.id"


def test_a_table_that_only_connects_others_is_not_meant_by_its_own_columns() -> None:
    tables = numbered(users=25, posts=40)
    tables["posts_authors"] = [{"id": n + 1, "post_id": n + 1, "author_id": None} for n in range(30)]
    assert thought(tables).get("posts_authors.author_id") != "posts_authors.id"


def test_of_several_tables_with_a_key_of_two_columns_the_one_that_holds_all_is_meant() -> None:
    rng = random.Random(12)
    keys = [(f"s{n % 17}", f"n{n % 43 * 31 % 97}") for n in range(300)]
    tables: Tables = {
        "dids": [{"scope": s, "name": n, "size": i * 3.5} for i, (s, n) in enumerate(keys)],
        "meta": [{"scope": s, "name": n, "owner": f"o{i % 9}"} for i, (s, n) in enumerate(keys[:290])],
        "locks": [dict(zip(("scope", "name"), rng.choice(keys[:200]), strict=True)) | {"n": n} for n in range(400)],
    }
    found = [tail_head for tail_head in pairs(tables) if tail_head[0] == "locks.scope+name"]
    assert found == [("locks.scope+name", "dids.scope+name")]


def test_a_parent_is_another_row_unless_there_are_parents() -> None:
    rng = random.Random(8)
    tables = numbered(genre=30, style=40, mood=50)
    for n, row in enumerate(tables["genre"]):
        row["parent"] = rng.randint(1, min(n, 5)) if n > 3 else None
    assert thought(tables)["genre.parent"] == "genre.id"
    tables = numbered(job_group=45, job_group_parent=40, mood=50)
    for n, row in enumerate(tables["job_group"]):
        row["parent_id"] = rng.randint(1, max(n // 2, 1))
    assert thought(tables)["job_group.parent_id"] == "job_group_parent.id"


def test_an_empty_column_needs_the_name_of_a_table() -> None:
    rng = random.Random(9)
    tables = numbered(tag=20, artist=40, users=25)
    tables["release_tag"] = [{"tag": n + 1, "votes": n * 3 % 7} for n in range(18)]
    tables["system"] = [{"name": f"word {n}", "value": f"text {n * 7}"} for n in range(9)]
    for row in tables["artist"]:
        row |= {"tag": None, "name": None, "canceled_by": None, "size": rng.random()}
    for field in ("tag", "name", "canceled_by"):
        tables["artist"][0] |= {field: None}
    found = thought(tables)
    assert "artist.name" not in found
    assert found.get("artist.tag") in (None, "tag.id")


def test_labels_that_say_what_kind_of_label_are_labels() -> None:
    names = [f"Ward {n * 37 % 1009}" for n in range(90)]
    tables: Tables = {
        "label": [{"id": n + 1, "name": name, "seats": n % 3} for n, name in enumerate(names)],
        "alias": [{"id": n + 1, "sort_name": names[n * 7 % 80], "town": n % 2} for n in range(60)],
    }
    assert "alias.sort_name" not in thought(tables)


def entities(*, wide: bool) -> Tables:
    """Persons and employees that share the number of a party, which says more or less of itself than they do."""
    rng = random.Random(10)
    people, staff = range(1, 901), sorted(rng.sample(range(1, 901), 60))
    said = {f"fact_{n}": "x" for n in range(8)} if wide else {}
    more = {} if wide else {f"note_{n}": "y" for n in range(5)}
    return {
        "party": [
            {"party_id": n, "stamp": f"s{n * 7919 % 100_003}"} | {k: f"{v}{n % 13}" for k, v in said.items()}
            for n in range(1, 1_001)
        ],
        "person": [
            {"party_id": n, "first": f"a{n % 31}"} | {k: f"{v}{n % 17}" for k, v in more.items()} for n in people
        ],
        "employee": [
            {"party_id": n, "job": f"j{n % 7}", "paid": n * 1.5} | {k: f"{v}{n % 11}" for k, v in more.items()}
            for n in staff
        ],
        "pay": [{"party_id": rng.choice(staff), "amount": rng.random()} for _ in range(300)],
    }


def test_of_tables_that_share_a_key_the_one_is_meant_whose_rows_are_named() -> None:
    found = thought(entities(wide=False))
    assert found["pay.party_id"] == "employee.party_id"
    assert found["person.party_id"] == "party.party_id"


def test_tables_that_only_add_to_another_are_not_meant() -> None:
    assert thought(entities(wide=True))["pay.party_id"] == "party.party_id"


def candidate(tail: int, name: str, head: int, *, table: str = "t", held: float = 1.0) -> Any:
    """What agreeing looks at in a candidate."""
    column = SimpleNamespace(id=tail, said=name, source="db", table=f"{table}{tail}")
    return SimpleNamespace(tail=column, head=SimpleNamespace(id=head, table=f"{table}{head}"), containment=held)


def test_columns_of_one_name_agree() -> None:
    movies = [candidate(1, "movie_id", 90), candidate(2, "movie_id", 90)]
    linked, other = candidate(3, "linked_movie_id", 90), candidate(3, "linked_movie_id", 91)
    assert set(agreed_odds([*movies, other, linked], [0.6, 0.9, 0.1, 0.2])) == {0, 1, 3}
    assert 3 not in agreed_odds([*movies, other, linked], [0.6, 0.9, 0.3, 0.2])  # likelier something else
    assert 3 not in agreed_odds([*movies, other, linked], [0.6, 0.9, 0.01, 0.05])  # hardly possible by itself
    missing = candidate(3, "linked_movie_id", 90, held=0.8)
    assert 2 not in agreed_odds([*movies, missing], [0.6, 0.9, 0.2])
    split = [candidate(1, "movie_id", 90), candidate(2, "movie_id", 91)]
    assert 2 not in agreed_odds([*split, linked], [0.6, 0.9, 0.2])


def test_columns_that_say_nothing_agree_about_nothing() -> None:
    assert not agreed_odds([candidate(1, "id", 90), candidate(2, "id", 90)], [0.6, 0.3])
    assert not agreed_odds([candidate(1, "team_id", 90), candidate(2, "team_id", 2)], [0.6, 0.3])


def test_where_columns_are_called_like_keys_other_numbers_are_measures() -> None:
    rng = random.Random(11)
    tables = numbered(project=30, person=25, task=60, board=20, note=50, file=40, image=80)
    for name, of in (("task", "project"), ("board", "project"), ("note", "task"), ("file", "task"), ("image", "file")):
        for row in tables[name]:
            row |= {f"{of}_id": rng.randint(1, len(tables[of])), "person_id": rng.randint(1, 25)}
    for n, row in enumerate(tables["image"]):
        row["focal_point_x"] = rng.randint(1, n + 1)
    found = thought(tables)
    assert "image.focal_point_x" not in found
    assert found["image.file_id"] == "file.id"


def test_who_did_it_may_be_any_deed_but_what_things_do() -> None:
    assert all(tells_who(name) for name in ("tested_by_id", "finished_by_id", "poster_id", "default_tester_id"))
    assert not any(tells_who(name) for name in ("blocked_by_id", "replaced_by", "sorted_by", "by_id", "stand_by"))


def test_pointers_are_called_like_keys() -> None:
    assert words("page_ptr_id") == ("page", "reference", "id")


def test_only_names_that_end_alike_are_kin() -> None:
    names = [("type",), ("storage",), ("color",)]
    datasets = ["artist", "artist_type", "s3_storage", "s3_storage_link"]
    assert kin_pairs(names, [0, 3, 0], datasets) == [(0, 1), (1, 2)]
