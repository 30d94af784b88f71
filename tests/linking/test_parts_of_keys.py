"""References by several columns beside those by one of them: which of these are left."""

import random
from typing import Any

from tests.linking.company import proposals

Tables = dict[str, list[dict[str, Any]]]


def probabilities(tables: Tables) -> dict[tuple[str, str], float]:
    """Of each reference that is proposed."""
    return {(str(p.tail)[3:], str(p.head)[3:]): p.probability for p in proposals(tables) if p.kind == "reference"}


def university() -> Tables:
    rng = random.Random(3)
    courses = [{"course_id": f"C{100 + n * 7}", "title": f"Introduction {n}"} for n in range(60)]
    sections = [
        {"course_id": c["course_id"], "term": term, "year": year, "capacity": rng.randint(10, 90)}
        for c in courses
        for term in ("autumn", "spring")
        for year in (2021, 2022, 2023)
        if rng.random() < 0.4
    ]
    grades = [
        {"student": f"S{rng.randint(1, 400):04d}", **{k: v for k, v in rng.choice(sections).items() if k != "capacity"}}
        for _ in range(900)
    ]
    return {"courses": courses, "sections": sections, "grades": grades}


def test_what_a_reference_by_several_columns_leads_to_is_less_likely_but_asked_about() -> None:
    found = probabilities(university())
    assert found["sections.course_id", "courses.course_id"] > 0.9
    assert found["grades.course_id+term+year", "sections.course_id+term+year"] > 0.9
    assert 0.15 < found["grades.course_id", "courses.course_id"] < 0.5


def test_without_the_reference_by_several_columns_it_is_as_likely_as_before() -> None:
    tables = university()
    for row in tables["grades"]:
        row["term"], row["year"] = "winter", 1999
    assert probabilities(tables)["grades.course_id", "courses.course_id"] > 0.9


def test_the_first_columns_of_a_table_are_its_key_although_one_has_hardly_a_value_twice() -> None:
    rng = random.Random(8)
    rooms = [{"building": f"House {n % 12}", "room_number": f"R{n * 13:03d}", "seats": 10 + n} for n in range(48)]
    lessons = [
        {"lesson": 7_000 + n, "building": room["building"], "room_number": room["room_number"], "day": n % 5}
        for n, room in enumerate(rng.choices(rooms, k=200))
    ]
    found = probabilities({"classrooms": rooms, "lessons": lessons})
    assert found["lessons.building+room_number", "classrooms.building+room_number"] > 0.5
    assert ("lessons.room_number", "classrooms.room_number") not in found


def test_where_the_other_columns_disagree_the_one_alone_is_the_reference() -> None:
    rng = random.Random(8)
    rooms = [{"building": f"House {n % 12}", "room_number": f"R{n * 13:03d}", "seats": 10 + n} for n in range(48)]
    lessons = [
        {
            "lesson": 7_000 + n,
            "building": f"House {rng.randrange(12)}",
            "room_number": room["room_number"],
            "day": n % 5,
        }
        for n, room in enumerate(rng.choices(rooms, k=200))
    ]
    found = probabilities({"classrooms": rooms, "lessons": lessons})
    assert ("lessons.room_number", "classrooms.room_number") in found
    assert ("lessons.building+room_number", "classrooms.building+room_number") not in found


def cells(second: str) -> Tables:
    """A table with a row for each site and sector, and calls that name both."""
    rng = random.Random(9)
    sites = [{"site_no": 500 + n, "town": f"Town {n}"} for n in range(40)]
    grid = [{"site_no": s["site_no"], second: n, "band": 700 + n * 100} for s in sites for n in range(1, 7)]
    calls = [{"call": 90_000 + n, **{k: v for k, v in rng.choice(grid).items() if k != "band"}} for n in range(800)]
    return {"site": sites, "cell": grid, "call": calls}


def test_a_key_of_all_combinations_is_referred_to_where_one_column_is_called_like_a_key_and_names_nothing_else() -> (
    None
):
    assert probabilities(cells("sector_no"))["call.site_no+sector_no", "cell.site_no+sector_no"] > 0.5
    assert ("call.site_no+year", "cell.site_no+year") not in probabilities(cells("year"))
