"""What must always be true, over the whole product: crawl, reading, proposals, confirmed links, merges, projections."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bifrost.links import Correction, LinkKind, Verdict
from tests.e2e.workplace import Workplace, workplace

pytestmark = pytest.mark.slow

TOWNS = ("Graz", "Lyon", "Bergen", "Turku", "Delft")
FIRMS = (
    "Kestrel Logistics", "Nordwind Optik", "Amber Foods", "Quarry Brothers", "Lumen Textiles", "Halcyon Boats", "Osprey Air",
    "Tamarind Spices", "Cobalt Mining", "Juniper Press", "Saffron Travel", "Basalt Roads", "Marlin Fishing", "Opal Dental",
    "Sequoia Timber", "Velvet Hotels", "Zephyr Energy", "Quill Stationery", "Bramble Farms", "Fjord Ferries",
)  # fmt: skip
QUESTIONS = ("kestrel", "amber foods", "C-1003", "delivery", "lyon", "9007", "osprey")


def _erp(folder: Path) -> Path:
    """Clients and their orders; the reference is not declared."""
    made = folder / "erp"
    made.mkdir()
    clients = "".join(f"C-{1000 + n},{name} Ltd,{TOWNS[n % 5]}\n" for n, name in enumerate(FIRMS))
    orders = "".join(f"{9000 + n},C-{1000 + n * 3 % 20},{n}.50\n" for n in range(40))
    (made / "clients.csv").write_text(f"client_no,name,town\n{clients}")
    (made / "orders.csv").write_text(f"order_no,client,amount\n{orders}")
    return made


def _crm(folder: Path) -> Path:
    """The same firms under other keys, their calls, and letters that name clients and orders."""
    made = folder / "crm"
    made.mkdir()
    accounts = "".join(f"{70 + n};{name.upper()};{TOWNS[n % 5]}\n" for n, name in enumerate(FIRMS[:15]))
    calls = "".join(f"{n};{70 + n * 2 % 15};about the delivery of order {9000 + n}\n" for n in range(30))
    (made / "accounts.csv").write_text(f"account_id;company;city\n{accounts}")
    (made / "calls.csv").write_text(f"call_id;account;note\n{calls}")
    for n, name in enumerate(FIRMS[:6]):
        text = f"Dear {name} Ltd,\n\nclient number C-{1000 + n}: the delivery of order {9000 + n} is late.\n"
        (made / f"letter-{n}.txt").write_text(text)
    return made


def _confirm(place: Workplace, only: Callable[[str], bool] = lambda _: True) -> int:
    """Confirms every proposal but the doubtful ones; returns how many."""
    confirmed = 0
    while questions := [one for one in place.service.questions() if one.probability > 0.3 and only(str(one.tail))]:
        place.service.judge(questions[0].id, Verdict.CONFIRM, "ann")
        confirmed += 1
    return confirmed


def _state(place: Workplace) -> dict[str, list[Any]]:
    exported = b"".join(place.service.export("nquads").chunks).decode()
    return place.graph() | {"hits": place.hits(*QUESTIONS), "export": sorted(exported.splitlines())}


def test_a_removed_source_leaves_what_would_be_there_without_it(tmp_path: Path) -> None:
    erp, crm = _erp(tmp_path), _crm(tmp_path)
    with workplace(tmp_path / "both") as both, workplace(tmp_path / "alone") as alone:
        both.add("erp", erp)
        alone.add("erp", erp)
        assert (both.build(), alone.build()) == ({}, {})
        for place in (both, alone):
            reference = place.link_type(LinkKind.REFERENCE, "erp/orders.client", "erp/clients.client_no")
            place.service.judge(reference.id, Verdict.CONFIRM, "ann", Correction(name="ordered_by"))
        both.add("crm", crm)
        assert both.build() == {}
        assert _confirm(both, lambda tail: "crm" in tail or "clients" in tail) >= 2
        kinds = {one.kind for one in both.store.links.link_types() if one.state == "confirmed"}
        assert {LinkKind.REFERENCE, LinkKind.SAME_THING, LinkKind.MENTION} <= kinds
        merged = [v for v in both.vertices("Client") if len(both.store.view().vertex_origins(v.id)) > 1]
        assert len(merged) > 10
        both.service.remove_source("crm")
        assert _same_graph(_state(both), _state(alone))
        both.build()
        alone.build()
        for part, expected in _state(alone).items():
            assert _state(both)[part] == expected, part


def test_the_same_source_twice_changes_nothing(tmp_path: Path) -> None:
    with workplace(tmp_path / "data") as place:
        place.add("erp", _erp(tmp_path))
        place.add("crm", _crm(tmp_path))
        place.build()
        _confirm(place)
        assert place.build() == {}
        before, position = _state(place), place.store.log.position()
        assert place.build() == {}
        assert place.store.log.position() == position
        assert _state(place) == before


def test_judgements_survive_new_crawls_and_undo_restores_the_earlier_graph(tmp_path: Path) -> None:
    erp, crm = _erp(tmp_path), _crm(tmp_path)
    with workplace(tmp_path / "data") as place:
        place.add("erp", erp)
        place.add("crm", crm)
        place.build()
        place.build()
        earlier = [_state(place)]
        answers = []
        for question in [one for one in place.service.questions() if one.probability > 0.3][:5]:
            answers.append(place.service.judge(question.id, Verdict.CONFIRM, "ann").judgement)
            earlier.append(_state(place))
        rejected = place.service.questions()[:1]
        for question in rejected:
            answers.append(place.service.judge(question.id, Verdict.REJECT, "ann").judgement)
            earlier.append(_state(place))
        (crm / "calls.csv").write_text((crm / "calls.csv").read_text() + "30;71;one more call\n")
        assert place.build() == {}
        states = {one.id: one.state for one in place.store.links.link_types()}
        for answer in answers:
            assert states[answer.subject] == ("confirmed" if answer.verdict is Verdict.CONFIRM else "rejected")
        (crm / "calls.csv").write_text("".join((crm / "calls.csv").read_text().splitlines(keepends=True)[:-1]))
        assert place.build() == {}
        assert _state(place)["vertices"] == earlier[-1]["vertices"]
        assert _state(place)["edges"] == earlier[-1]["edges"]
        while answers:
            assert _same_graph(_state(place), earlier.pop())
            place.service.undo(answers.pop().id, "ann")
        assert _same_graph(_state(place), earlier.pop())


def _same_graph(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> bool:
    """Everything but the probabilities of open proposals, which answers move."""
    return all(one[part] == other[part] for part in ("vertices", "edges", "triples", "hits", "export"))


def test_pair_judgements_outlive_the_model(tmp_path: Path) -> None:
    erp, crm = _erp(tmp_path), _crm(tmp_path)
    with workplace(tmp_path / "data") as place:
        place.add("erp", erp)
        place.add("crm", crm)
        place.build()
        same = next(one for one in place.service.questions() if one.kind is LinkKind.SAME_THING)
        place.service.judge(same.id, Verdict.CONFIRM, "ann")
        merged = {pair.left: pair for pair in place.store.links.pairs(same.id)}
        pair = merged["erp/clients/C-1003"] if "erp/clients/C-1003" in merged else next(iter(merged.values()))
        together = _state(place)
        no = place.service.judge_pair(same.id, pair.left, pair.right, Verdict.REJECT, "ann").judgement
        view = place.store.view()
        assert view.vertex(pair.left) != view.vertex(pair.right)
        shutil.copytree(crm, tmp_path / "copy")
        assert place.build() == {}
        assert view.vertex(pair.left) != view.vertex(pair.right)
        place.service.undo(no.id, "ann")
        assert _same_graph(_state(place), together)


def test_everything_served_can_be_traced(tmp_path: Path) -> None:
    with workplace(tmp_path / "data") as place:
        place.add("erp", _erp(tmp_path))
        place.add("crm", _crm(tmp_path))
        place.build()
        _confirm(place)
        view, sources = place.store.view(), {"erp", "crm"}
        for vertex in place.vertices():
            origins = view.vertex_origins(vertex.id)
            assert origins
            assert {origin.source for origin in origins} <= sources
            assert all(origin.record and origin.seen for origin in origins)
            told = {
                (name, value) for origin in origins for name, values in origin.properties.items() for value in values
            }
            assert {(name, value) for name, values in vertex.properties.items() for value in values} <= told
        for edge in place.edges():
            statements = view.edge_origins(edge.id)
            assert statements
            assert all(one.link_type or one.record for one in statements)
        assert {one.extractor for edge in place.edges() for one in [view.edge_origins(edge.id)[0].evidence]} != {"row"}
