import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bifrost.errors import InputError
from bifrost.links import Correction, LinkKind, LinkState, LinkType, corrected_ends, link_type_id
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind, Reference
from linking.estimates import estimate_recall
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from tests.linking.company import find, quiet

RNG = random.Random(5)
PAIRS = sorted({(RNG.randint(1, 80), RNG.randint(1, 25)) for _ in range(300)})
ENROLMENTS: list[dict[str, Any]] = [
    {"student_id": s, "course_id": f"C{c:03d}", "grade": RNG.choice("ABCD"), "enrolled": f"2024-{1 + s % 12:02d}-01"}
    for s, c in PAIRS
]


def school(enrolments: list[dict[str, Any]], info: DatasetInfo | None = None) -> MemoryData:
    data = MemoryData()
    data.add_rows("uni", "students", [{"student_id": n, "name": f"Ann{n} Lee{n * 3}"} for n in range(1, 81)])
    courses = [{"course_id": f"C{n:03d}", "title": f"Course on {n * n}"} for n in range(1, 26)]
    data.add_rows("uni", "courses", courses)
    data.add_rows("uni", "enrolments", enrolments, info)
    return data


@pytest.fixture
def linker() -> Iterator[BifrostLinker]:
    made = BifrostLinker()
    yield made
    made.close()


def joins(found: list[LinkType]) -> list[LinkType]:
    return [p for p in found if p.kind is LinkKind.JOIN_TABLE]


def test_a_table_that_only_joins_two_others_is_proposed_as_links_between_them(linker: BifrostLinker) -> None:
    data = school(ENROLMENTS)
    found = linker.propose(data, (), (), quiet)
    (link,) = joins(found)
    assert (str(link.tail), str(link.head)) == ("uni/students.student_id", "uni/courses.course_id")
    assert str(link.through) == "uni/enrolments.student_id+course_id"
    assert (link.name, link.cardinality, link.estimated_edges) == ("enrolment", "many-to-many", len(PAIRS))
    assert link.probability > 0.8
    assert link.reasons[0].startswith(f"100% of the {len(PAIRS)} rows of enrolments name a record of students")
    assert any("goes with its link: grade, enrolled" in reason for reason in link.reasons)
    assert len(link.examples) == 5
    assert "grade: " in link.examples[0].note
    find(found, "reference", "uni/enrolments.student_id", "uni/students.student_id")
    edges = list(linker.links(link, data, (), quiet))
    assert {(e.tail, e.head) for e in edges} == {(f"uni/students/{s - 1}", f"uni/courses/{c - 1}") for s, c in PAIRS}
    assert edges[3].through == "uni/enrolments/3"
    assert edges[3].properties == {name: ENROLMENTS[3][name] for name in ("grade", "enrolled")}


def test_rows_that_lack_an_end_are_counter_examples_and_give_no_links(linker: BifrostLinker) -> None:
    rows = [{**row, "course_id": None if n % 20 == 0 else row["course_id"]} for n, row in enumerate(ENROLMENTS)]
    data = school(rows)
    (link,) = joins(linker.propose(data, (), (), quiet))
    missing = sum(row["course_id"] is None for row in rows)
    assert link.estimated_edges == len(rows) - missing == len(list(linker.links(link, data, (), quiet)))
    assert [e.note for e in link.counter_examples] == ["names no two records"] * 3


def test_lines_with_measures_of_their_own_are_no_join_table(linker: BifrostLinker) -> None:
    rows = [{**row, "quantity": n % 9, "unit_price": n / 7, "discount": n % 3} for n, row in enumerate(ENROLMENTS)]
    assert joins(linker.propose(school(rows), (), (), quiet)) == []


def test_visits_that_repeat_are_no_join_table(linker: BifrostLinker) -> None:
    rows = [{**row, "visit": n} for n, row in enumerate([*ENROLMENTS, *ENROLMENTS])]
    assert joins(linker.propose(school(rows), (), (), quiet)) == []


def test_a_table_that_others_refer_to_is_no_join_table(linker: BifrostLinker) -> None:
    data = school([{"enrolment_no": f"E{n:05d}", **row} for n, row in enumerate(ENROLMENTS)])
    exams = [{"exam": 90_000 + n, "enrolment_no": f"E{n % len(PAIRS):05d}"} for n in range(400)]
    data.add_rows("uni", "exams", exams)
    assert joins(linker.propose(data, (), (), quiet)) == []


def test_a_declared_join_table_is_not_asked_about_but_undeclared_keys_are(linker: BifrostLinker) -> None:
    columns = tuple(ColumnInfo(name) for name in ENROLMENTS[0])
    references = (
        Reference(("student_id",), "students", ("student_id",)),
        Reference(("course_id",), "courses", ("course_id",)),
    )
    info = DatasetInfo("enrolments", DatasetKind.TABLE, columns, ("student_id", "course_id"), references=references)
    assert joins(linker.propose(school(ENROLMENTS, info), (), (), quiet)) == []
    (link,) = joins(linker.propose(school(ENROLMENTS, replace(info, key=())), (), (), quiet))
    assert link.probability > 0.8


def test_rejected_references_join_nothing(linker: BifrostLinker) -> None:
    data = school(ENROLMENTS)
    found = linker.propose(data, (), (), quiet)
    wrong = find(found, "reference", "uni/enrolments.course_id", "uni/courses.course_id")
    known = [replace(p, state=LinkState.REJECTED) if p is wrong else p for p in found if p.kind != "join_table"]
    assert joins(linker.propose(data, (), known, quiet)) == []


def test_a_condition_is_about_the_rows_between(linker: BifrostLinker) -> None:
    data = school(ENROLMENTS)
    (link,) = joins(linker.propose(data, (), (), quiet))
    best = linker.describe(data, replace(link, condition="grade = 'A'"), (), ())
    number = sum(row["grade"] == "A" for row in ENROLMENTS)
    assert best.estimated_edges == number == len(list(linker.links(best, data, (), quiet)))
    with pytest.raises(InputError, match="No table joins"):
        linker.describe(data, replace(link, through=None), (), ())


def test_two_tables_between_the_same_two_are_two_link_types() -> None:
    data = school(ENROLMENTS)
    wishes = [{"student_id": s, "course_id": f"C{1 + (c + s) % 25:03d}"} for s, c in PAIRS]
    data.add_rows("uni", "wishes", wishes)
    linker = BifrostLinker()
    found = joins(linker.propose(data, (), (), quiet))
    linker.close()
    assert {p.name for p in found} == {"enrolment", "wish"}
    assert len({p.id for p in found}) == 2


def test_a_flip_turns_the_columns_between_round(linker: BifrostLinker) -> None:
    data = school(ENROLMENTS)
    (link,) = joins(linker.propose(data, (), (), quiet))
    kind, tail, head, through = corrected_ends(link, Correction(flip=True))
    turned = replace(link, id=link_type_id(kind, tail, head, through), tail=tail, head=head, through=through)
    assert turned.id != link.id
    edges = {(e.head, e.tail) for e in linker.links(turned, data, (), quiet)}
    assert edges == {(e.tail, e.head) for e in linker.links(link, data, (), quiet)}


def test_the_share_of_rows_that_name_both_ends_is_the_recall(linker: BifrostLinker) -> None:
    rows = [{**row, "course_id": None if n % 10 == 0 else row["course_id"]} for n, row in enumerate(ENROLMENTS)]
    (link,) = joins(linker.propose(school(rows), (), (), quiet))
    recall = estimate_recall(link)
    assert recall is not None
    assert recall.low < 0.9 < recall.high
    assert recall.basis == pytest.approx(len(rows), abs=2)
