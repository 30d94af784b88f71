"""References as joins."""

from dataclasses import replace

import pytest

import linking.joins
from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkType, link_type_id
from linking.hierarchies import hierarchy_of
from linking.joins import examples, reference_edges
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.workspace import Workspace
from tests.graphstore.worlds import link_type
from tests.linking.company import quiet

REFERENCE = link_type(LinkKind.REFERENCE, "erp/order.customer", "erp/customer.id")


def company(orders: int, customers: int) -> MemoryData:
    data = MemoryData()
    data.add_rows("erp", "customer", [{"id": f"C-{i:06d}", "town": f"T{i % 3}"} for i in range(customers)])
    rows = [{"order_no": i, "customer": f"C-{i * 7919 % customers:06d}", "town": f"T{i % 3}"} for i in range(orders)]
    data.add_rows("erp", "order", rows)
    return data


def test_edges_of_many_records_need_no_more_room_than_the_records() -> None:
    """Joining every order with every customer first would need gigabytes."""
    data, workspace = company(60_000, 6_000), Workspace("300MB")
    with workspace.using(data) as loaded:
        loaded.connection.execute("SET max_temp_directory_size = '300MB'")
        edges = list(reference_edges(loaded, REFERENCE) or ())
    workspace.close()
    assert len(edges) == 60_000
    assert {edge.score for edge in edges} == {1.0}


def test_columns_that_name_nothing_in_particular_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linking.joins, "MOST_EDGES", 1_000)
    town = link_type(LinkKind.REFERENCE, "erp/order.town", "erp/customer.town")
    with Workspace().using(company(300, 30)) as loaded, pytest.raises(InputError, match="3,000 links") as refused:
        reference_edges(loaded, town)
    assert "condition" in str(refused.value.remedy)


def test_examples_show_what_is_usual_what_is_borderline_and_what_is_missing() -> None:
    data, workspace = MemoryData(), Workspace()
    data.add_rows("erp", "customer", [{"id": f"CUST-{n:03d}", "name": f"N{n}"} for n in (*range(30), 7)])
    data.add_rows("erp", "order", [{"no": n, "customer": f"{n % 32:03d}"} for n in range(64)])
    reference = replace(REFERENCE, transform={"head": "strip_prefix:CUST-"})
    with workspace.using(data) as loaded:
        found = examples(loaded, reference, 5)
    workspace.close()
    assert len(found.pairs) == 3
    assert "007" not in {pair[2] for pair in found.pairs}
    ambiguous, different = found.borderline
    assert (ambiguous[2], ambiguous[5], ambiguous[6]) == ("007", 0.5, "names 2 records")
    assert different[6] == "written differently"
    assert different[:2] not in {pair[:2] for pair in found.pairs}
    assert {value for _, value, _ in found.unmatched} == {"030", "031"}


def crowded(rows: int) -> MemoryData:
    """Three towns, in which everybody lives; ``above`` names a town too."""
    data = MemoryData()
    town = [{"id": n, "town": f"T{n % 3}", "above": f"T{n % 2}"} for n in range(rows)]
    data.add_rows("erp", "person", town)
    data.add_rows("erp", "shop", [{"no": n, "town": f"T{n % 3}"} for n in range(rows)])
    data.add_rows("erp", "trade", [{"from": f"T{n % 3}", "to": f"T{n % 2}"} for n in range(50)])
    return data


def between(kind: LinkKind, tail: str, head: str, through: str = "") -> LinkType:
    made = link_type(kind, tail, head)
    if not through:
        return made
    dataset, _, columns = through.partition(".")
    middle = Column("erp", dataset.removeprefix("erp/"), tuple(columns.split("+")))
    return replace(made, id=link_type_id(kind, made.tail, made.head, middle), through=middle)


@pytest.mark.parametrize(
    "chosen",
    [
        between(LinkKind.REFERENCE, "erp/person.town", "erp/shop.town"),
        between(LinkKind.REFERENCE, "erp/person.above", "erp/person.town"),
        between(LinkKind.JOIN_TABLE, "erp/person.town", "erp/shop.town", "erp/trade.from+to"),
    ],
    ids=["reference", "to itself", "join table"],
)
def test_links_of_all_with_all_are_refused_without_making_them(chosen: LinkType) -> None:
    """Whoever corrects a link type to columns that are no keys is told so at once, in a hundredth of the room they would take."""
    data, linker = crowded(12_000), BifrostLinker(memory_limit="200MB", gnn=None)
    with pytest.raises(InputError, match="links, more than 20,000,000") as refused:
        linker.describe(data, chosen, (), ())
    assert "fewer records" in str(refused.value.remedy)
    with pytest.raises(InputError, match="links, more than 20,000,000"):
        list(linker.links(chosen, data, (), quiet))
    linker.close()


def test_examples_and_the_shape_of_crowded_columns_take_no_more_room_than_the_records() -> None:
    data, workspace = crowded(12_000), Workspace("200MB")
    with workspace.using(data) as loaded:
        loaded.connection.execute("SET max_temp_directory_size = '200MB'")
        found = examples(loaded, between(LinkKind.REFERENCE, "erp/person.town", "erp/shop.town"), 5)
        table = loaded.table("erp", "person")
        assert table is not None
        columns = table.columns
        assert hierarchy_of(loaded, table, (columns["above"],), (columns["town"],), {}) is None
    workspace.close()
    assert {pair[2] for pair in found.pairs} == {"t0", "t1", "t2"}


def test_conditions_and_mentions_read_lists() -> None:
    data, linker = MemoryData(), BifrostLinker(gnn=None)
    films = [{"id": n, "also": [f"Film Number{n}", f"Movie {n} again"], "tags": ["a", "b"][: n % 3]} for n in range(30)]
    data.add_rows("tv", "film", films)
    data.add_rows("tv", "show", [{"film": n, "Film": f"F{n}", "tags": ["a", "b"][: n % 3]} for n in range(30)])
    data.add_documents("post", "letters", {f"l{n}": [f"We saw Movie {n} again yesterday."] for n in range(10, 20)})
    shown = replace(link_type(LinkKind.REFERENCE, "tv/show.film", "tv/film.id"), condition="tags = 'a; b'")
    described = linker.describe(data, shown, (), ())
    assert (described.estimated_edges, len(list(linker.links(shown, data, (), quiet)))) == (10, 10)
    assert described.reasons[-1] == "Only where tags = 'a; b': 10 of 30 rows."
    named = link_type(LinkKind.MENTION, "post/letters", "tv/film.also")
    assert {e.head for e in linker.links(named, data, (), quiet)} == {f"tv/film/{n}" for n in range(10, 20)}
    same = replace(link_type(LinkKind.SAME_THING, "tv/show", "tv/film"), condition="tags is null and Film = F3")
    assert {pair.left for pair in linker.same(same, data, (), quiet).pairs} <= {"tv/show/3"}
    linker.close()
