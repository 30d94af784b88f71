"""Which of two people of one name a note means: through the service, with the reason, and again when an order changes hands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.compose import open_service
from api.service import Service
from bifrost.links import Column, LinkKind, LinkType, Verdict, link_type_id
from bifrost.settings import load_settings
from tests.api.projects import built_project

NOTES, PEOPLE = Column("shop", "notes", ("note",)), Column("shop", "people", ("name",))
HOLDERS = Column("shop", "orders", ("person",)), Column("shop", "people", ("person_id",))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    folder = tmp_path / "shop"
    folder.mkdir()
    names = ["Anna Schmidt", "Anna Schmidt", *(f"Bob Moor{chr(97 + n)}" for n in range(18))]
    people = "".join(f"P{n:03d},{name}\n" for n, name in enumerate(names))
    (folder / "people.csv").write_text(f"person_id,name\n{people}")
    write_orders(folder, 0)
    notes = [
        f"{names[n % 20]} has called about PO-{7000 + n} and asks when it will be here at last." for n in range(20)
    ]
    (folder / "notes.csv").write_text("note_id,note\n" + "".join(f"N{n:03d},{note}\n" for n, note in enumerate(notes)))
    built_project(tmp_path, "shop")
    made = open_service(load_settings(data_dir=tmp_path / "data", log_level="error"))
    yield made
    made.close()


def write_orders(folder: Path, holder: int) -> None:
    """Every person has an order; that of the first one may be another's."""
    holders = [holder, *range(1, 20)]
    orders = "".join(f"PO-{7000 + n},P{person:03d}\n" for n, person in enumerate(holders))
    (folder / "orders.csv").write_text(f"order_no,person\n{orders}")


def confirm(service: Service, kind: LinkKind, tail: Column, head: Column, name: str) -> LinkType:
    made = LinkType(link_type_id(kind, tail, head), kind, tail, head, name)
    if made.id in {one.id for one in service.store.links.link_types()}:
        service.store.links.judge(made.id, Verdict.CONFIRM, "ann")
    else:
        service.store.links.state(made, "ann")
    return service.store.links.link_type(made.id)


def meant(service: Service, mentions: LinkType) -> dict[str, tuple[str, str]]:
    """Per note the person it is linked to, with the reason."""
    service.pipeline.run(service.store.catalog.add_build(()).id)
    view = service.store.view()
    found = {}
    for edge in view.edges(label=mentions.name, limit=100).items:
        (origin,) = view.edge_origins(edge.id)
        found[edge.tail.rpartition("/")[2]] = edge.head.rpartition("/")[2], origin.evidence.reason
    return found


def test_a_confirmed_reference_tells_which_is_meant_and_counts_anew_when_its_records_change(
    service: Service, tmp_path: Path
) -> None:
    mentions = confirm(service, LinkKind.MENTION, NOTES, PEOPLE, "mentions_person")
    assert not {"N000", "N001"} & meant(service, mentions).keys()
    confirm(service, LinkKind.REFERENCE, *HOLDERS, "ordered_by")
    found = meant(service, mentions)
    assert [found[n][0] for n in ("N000", "N001")] == ["P000", "P001"]
    assert found["N000"][1].startswith("'Anna Schmidt' fits 2 records; orders PO-7000 of this one")
    write_orders(tmp_path / "shop", 1)
    assert meant(service, mentions)["N000"][0] == "P001"
