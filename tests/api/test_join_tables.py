"""Links through a join table, from the proposal to the served graph, over a real service."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.compose import open_service
from api.service import Service
from bifrost.graph import Edge
from bifrost.links import Correction, LinkKind, LinkState, LinkType, Verdict
from bifrost.settings import load_settings

PAIRS = [(s, c) for s in range(1, 41) for c in range(1, 16) if (s * 7 + c * c) % 4 == 0]


def _write(folder: Path, pairs: list[tuple[int, int]], grade: int = 1) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "students.csv").write_text(
        "student_id,name\n" + "".join(f"{n},Ann{n} Lee{n * 3}\n" for n in range(1, 41))
    )
    (folder / "courses.csv").write_text(
        "course_id,title\n" + "".join(f"C{n:03d},Course {n * n}\n" for n in range(1, 16))
    )
    rows = "".join(f"{s},C{c:03d},{grade + (s + c) % 4},2024-03-{1 + c:02d}\n" for s, c in pairs)
    (folder / "enrolments.csv").write_text(f"student_id,course_id,grade,enrolled\n{rows}")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    _write(tmp_path / "uni", PAIRS)
    made = open_service(load_settings(data_dir=tmp_path / "data"))
    made.add_source("uni", "files", {"path": str(tmp_path / "uni")}, {})
    _build(made)
    yield made
    made.close()


def _build(service: Service) -> None:
    assert service.pipeline.run(service.store.catalog.add_build(()).id, allow_removal=True) == {}


def _proposed(service: Service) -> LinkType:
    (found,) = [one for one in service.store.links.link_types() if one.kind is LinkKind.JOIN_TABLE]
    return found


def _edges(service: Service) -> dict[tuple[str, str], Edge]:
    page = service.store.view().edges(limit=10_000)
    return {(edge.tail, edge.head): edge for edge in page.items}


def test_each_row_becomes_a_link_with_what_else_it_says_and_where_it_comes_from(service: Service) -> None:
    proposed = _proposed(service)
    assert (proposed.name, proposed.estimated_edges) == ("enrolment", len(PAIRS))
    service.judge(proposed.id, Verdict.CONFIRM, "ann")
    edges = _edges(service)
    assert len(edges) == len(PAIRS)
    one = next(iter(edges.values()))
    student, course = (service.store.view().vertex(end) for end in (one.tail, one.head))
    assert student is not None
    assert course is not None
    assert (student.label, one.label, course.label) == ("Student", "enrolment", "Course")
    number = (student.properties["student_id"][0], int(str(course.properties["course_id"][0])[1:]))
    assert one.properties["grade"] == (1 + (int(str(number[0])) + number[1]) % 4,)
    (origin,) = service.store.view().edge_origins(one.id)
    assert (origin.source, origin.dataset, origin.link_type) == ("uni", "enrolments", proposed.id)
    record = service.store.view().vertex(f"uni/enrolments/{origin.record}")
    assert record is not None
    assert record.properties["grade"] == one.properties["grade"]


def test_an_answer_taken_back_leaves_no_trace_and_given_again_brings_the_same(service: Service) -> None:
    before = service.store.view().label_counts()
    link_type = _proposed(service)
    service.judge(link_type.id, Verdict.CONFIRM, "ann")
    linked = _edges(service)
    (answer,) = service.store.links.judgements(subject_prefix=link_type.id)
    service.undo(answer.id, "ann")
    assert service.store.view().label_counts() == before
    assert _proposed(service).state is LinkState.PROPOSED
    service.judge(link_type.id, Verdict.CONFIRM, "ann", Correction(name="attends"))
    assert {ends: edge.label for ends, edge in _edges(service).items()} == dict.fromkeys(linked, "attends")


def test_links_follow_the_rows_from_build_to_build(service: Service, tmp_path: Path) -> None:
    service.judge(_proposed(service).id, Verdict.CONFIRM, "ann")
    edges = _edges(service)
    _build(service)
    assert _edges(service) == edges
    _write(tmp_path / "uni", PAIRS[: len(PAIRS) // 2], grade=5)
    _build(service)
    after = _edges(service)
    assert len(after) == len(PAIRS) // 2
    assert set(after) < set(edges)
    assert all(int(str(edge.properties["grade"][0])) >= 5 for edge in after.values())


def test_a_person_can_turn_it_round(service: Service) -> None:
    service.judge(_proposed(service).id, Verdict.CONFIRM, "ann", Correction(flip=True))
    edges = _edges(service)
    assert len(edges) == len(PAIRS)
    assert all(tail.startswith("uni/courses") for tail, _ in edges)


def test_without_its_source_it_is_gone(service: Service) -> None:
    service.judge(_proposed(service).id, Verdict.CONFIRM, "ann")
    service.remove_source("uni")
    assert service.store.view().label_counts() == ({}, {})
    assert service.store.links.link_types() == []
