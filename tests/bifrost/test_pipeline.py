"""The build over real parts: what it keeps when sources change in awkward ways."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from unittest.mock import Mock

import pytest

from api.compose import open_service
from api.service import Service
from bifrost.links import LinkKind, Verdict
from bifrost.settings import load_settings


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = open_service(load_settings(data_dir=tmp_path / "data"))
    yield made
    made.close()


def _build(service: Service) -> int:
    build = service.store.catalog.add_build(()).id
    assert service.pipeline.run(build) == {}
    return build


def test_a_duplicate_key_costs_one_row_and_leaves_all_ids(service: Service, tmp_path: Path) -> None:
    """An export's key is told from its values; one bad row must not give all records new ids."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ann\n2,Bob\n3,Cy\n")
    service.add_source("shop", "files", {"path": str(folder)}, {})
    _build(service)
    (folder / "people.csv").write_text("id,name\n1,Ann\n2,Bob\n2,Bobby\n3,Cyd\n")
    build = _build(service)
    people = {vertex.id: vertex.properties["name"] for vertex in service.store.view().vertices("Person").items}
    assert people == {"shop/people/1": ("Ann",), "shop/people/2": ("Bob",), "shop/people/3": ("Cyd",)}
    assert [failure.record for failure in service.store.catalog.failures(build)] == ["2 (again)"]


def test_building_again_writes_nothing(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "people.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    (folder / "note.txt").write_text("Ann met Bob.")
    service.add_source("shop", "files", {"path": str(folder)}, {})
    _build(service)
    position = service.store.log.position()
    _build(service)
    assert service.store.log.position() == position


def test_link_types_are_looked_for_again_only_when_something_changed(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    people = "".join(f"{n},Person {n}\n" for n in range(1, 30))
    (folder / "people.csv").write_text(f"id,name\n{people}")
    (folder / "orders.csv").write_text("no,person_id\n" + "".join(f"{100 + n},{1 + n % 29}\n" for n in range(90)))
    service.add_source("shop", "files", {"path": str(folder)}, {})
    linker = service.pipeline.linker
    proposing = Mock(wraps=linker.propose)
    monkeypatch.setattr(linker, "propose", proposing)
    _build(service)
    known = service.questions()
    assert known
    _build(service)
    assert (proposing.call_count, service.questions()) == (1, known)
    service.judge(known[0].id, Verdict.CONFIRM, "ann")
    _build(service)
    assert proposing.call_count == 2
    _build(service)
    assert proposing.call_count == 2
    (folder / "people.csv").write_text(f"id,name\n{people}30,Cy\n")
    _build(service)
    assert proposing.call_count == 3


def test_few_changes_add_up_until_link_types_are_looked_for_again(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()

    def write(people: Iterable[int], more: str = "") -> None:
        rows = "".join(f"{n},Person {n}{',' if more else ''}\n" for n in people)
        (folder / "people.csv").write_text(f"id,name{more}\n{rows}")

    write(range(1_000))
    service.add_source("shop", "files", {"path": str(folder)}, {})
    proposing = Mock(wraps=service.pipeline.linker.propose)
    monkeypatch.setattr(service.pipeline.linker, "propose", proposing)
    said = []
    for people in (range(1_000), range(1_006), range(2, 1_006), range(2, 1_010), range(2, 1_010)):
        write(people)
        build = _build(service)
        progress = service.store.catalog.build(build).progress
        said.append((proposing.call_count, next(p.message for p in progress if p.stage == "propose")))
    assert said[:3] == [
        (1, said[0][1]),
        (1, "only 0.60% of a dataset has changed since the last time"),
        (1, said[2][1]),
    ]
    assert said[2][1].startswith("only 0.80%"), "six that came and two that went"
    assert [count for count, _ in said[3:]] == [2, 2], "twelve of a thousand"
    assert said[4][1] == "nothing has changed since the last time"
    write(range(2, 1_010), more=",town")
    _build(service)
    assert proposing.call_count == 3, "another column counts however few records have it"


def test_links_are_made_again_only_where_their_records_or_answers_changed(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()

    def write(name: str, rows: Iterable[str]) -> None:
        (folder / name).write_text("\n".join(rows) + "\n")

    def orders(last: int) -> Iterator[str]:
        return chain(["no,person_id"], (f"{100 + n},{1 + n % 29}" for n in range(last)))

    write("people.csv", chain(["id,name"], (f"{n},Person {n}" for n in range(1, 30))))
    write("orders.csv", orders(90))
    write("places.csv", ["code,town", "X1,Rome", "X2,Oslo"])
    service.add_source("shop", "files", {"path": str(folder)}, {})
    _build(service)
    reference = next(one for one in service.questions() if one.kind is LinkKind.REFERENCE)
    judged = service.judge(reference.id, Verdict.CONFIRM, "ann")
    links = Mock(wraps=service.pipeline.linker.links)
    monkeypatch.setattr(service.pipeline.linker, "links", links)

    def edges() -> int:
        return sum(service.store.view().label_counts()[1].values())

    write("places.csv", ["code,town", "X1,Rome", "X2,Bergen"])
    _build(service)
    assert (links.call_count, edges()) == (0, 90)
    write("orders.csv", orders(91))
    _build(service)
    assert (links.call_count, edges()) == (1, 91)
    write("orders.csv", orders(80))
    _build(service)
    assert (links.call_count, edges()) == (2, 80)
    service.store.links.undo(judged.judgement.id, "ann")
    service.store.links.judge(reference.id, Verdict.CONFIRM, "ann")
    _build(service)
    assert (links.call_count, edges()) == (3, 80)
    _build(service)
    assert (links.call_count, edges()) == (3, 80)
