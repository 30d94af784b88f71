"""Edits by hand live beside what the sources say, outlive crawls and can be taken back."""

from collections.abc import Iterator

import pytest

from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.links import LinkEdge, LinkKind, SamePair, Verdict
from bifrost.values import RecordFragments
from graphstore.edits import Edits
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url
from tests.graphstore.worlds import graph, link_type, record, register, say

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    made = SqlStore(request.getfixturevalue(f"{request.param}_url"))
    made.migrate()
    register(made, "erp/customer", "erp/order", "crm/client", rank={"crm": 1})
    say(made, "erp/customer", *(record("erp/customer", str(i), name=f"C{i}", city="Rome") for i in range(2)))
    say(made, "erp/order", record("erp/order", "1", [("OF", "erp/customer/0")]))
    say(made, "crm/client", record("crm/client", "0", name="c0", phone="1"))
    yield made
    made.close()


@pytest.fixture
def edits(store: SqlStore) -> Edits:
    return Edits(store)


def test_added_vertices_and_edges_are_served_and_searchable_by_origin(store: SqlStore, edits: Edits) -> None:
    ann = edits.add_vertex("Person", {"name": ("Ann",)}, by="bob")
    edge = edits.add_edge("KNOWS", ann.id, "erp/customer/0", {"since": (1999,)}, by="bob")
    assert store.view().edge(edge.id) == edge
    (origin,) = store.view().vertex_origins(ann.id)
    assert (origin.source, origin.default_evidence.quote) == ("edits", "by bob")
    assert edits.update_edge(edge.id, {"since": (2000,)}, by="bob").properties == {"since": (2000,)}
    edits.delete_vertex(ann.id, by="bob")
    assert store.view().edge(edge.id) is None


def test_an_edited_property_replaces_what_sources_say_until_undone(store: SqlStore, edits: Edits) -> None:
    before = graph(store)
    found = edits.update_vertex("erp/customer/0", {"name": ("Right",)}, ["city"], by="bob")
    assert (found.id, found.properties) == ("erp/customer/0", {"name": ("Right",)})
    assert [o.source for o in store.view().vertex_origins(found.id)] == ["erp", "edits"]
    for edit in edits.history("erp/customer/0"):
        edits.undo(edit.id, by="ann")
    assert graph(store) == before
    with pytest.raises(ConflictError):
        edits.undo(1, by="ann")


def test_a_crawl_never_overwrites_an_edit(store: SqlStore, edits: Edits) -> None:
    edits.update_vertex("erp/customer/0", {"name": ("Right",)}, by="bob")
    say(store, "erp/customer", record("erp/customer", "0", name="Newer", city="Oslo"), build=2)
    found = store.view().vertex("erp/customer/0")
    assert found is not None
    assert found.properties == {"name": ("Right",), "city": ("Oslo",)}


def test_a_deleted_vertex_stays_deleted_with_its_edges(store: SqlStore, edits: Edits) -> None:
    before = graph(store)
    edits.delete_vertex("erp/customer/0", by="bob")
    assert store.view().label_counts() == ({"Client": 1, "Customer": 1, "Order": 1}, {})
    say(store, "erp/customer", record("erp/customer", "0", name="Newer", city="Rome"), build=2)
    assert store.view().vertex("erp/customer/0") is None
    say(store, "erp/customer", record("erp/customer", "0", name="C0", city="Rome"), build=2)
    edits.undo(edits.history()[0].id, by="bob")
    assert graph(store) == before


def test_an_edit_of_a_vertex_that_vanished_shows_again_when_it_returns(store: SqlStore, edits: Edits) -> None:
    edits.update_vertex("erp/customer/0", {"name": ("Right",)}, by="bob")
    store.fragments.remove_records("erp", "customer", ["0"])
    assert store.view().vertex("erp/customer/0") is None
    say(store, "erp/customer", record("erp/customer", "0", name="C0"), build=2)
    found = store.view().vertex("erp/customer/0")
    assert found is not None
    assert found.properties["name"] == ("Right",)


def test_an_edit_follows_a_merge_and_never_names_the_vertex(store: SqlStore, edits: Edits) -> None:
    edits.update_vertex("crm/client/0", {"name": ("Right",)}, by="bob")
    known = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_same(known, [SamePair("crm/client/0", "erp/customer/0", 1.0)])
    found = store.view().vertex("crm/client/0")
    assert found is not None
    assert (found.id, found.properties["name"]) == ("erp/customer/0", ("Right",))


def merged(store: SqlStore) -> None:
    known = link_type(LinkKind.SAME_THING, "crm/client.name", "erp/customer.name")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_same(known, [SamePair("crm/client/0", "erp/customer/0", 1.0)])


def properties_of(store: SqlStore, id: str, scope: str = "") -> dict[str, tuple[object, ...]] | None:
    found = (store.scoped(frozenset({scope})) if scope else store).view().vertex(id)
    return None if found is None else dict(found.properties)


def test_an_edit_of_merged_things_is_about_all_of_them(store: SqlStore, edits: Edits) -> None:
    merged(store)
    edits.update_vertex("crm/client/0", {"note": ("late",), "phone": ("2",)}, ["city"], by="bob")
    for id, scope in (("crm/client/0", ""), ("crm/client/0", "crm"), ("erp/customer/0", "erp")):
        found = properties_of(store, id, scope)
        assert found is not None
        assert (found["note"], found["phone"]) == (("late",), ("2",))
        assert "city" not in found
    store.fragments.remove_records("erp", "customer", ["0"])
    assert properties_of(store, "crm/client/0") == {"name": ("c0",), "phone": ("2",), "note": ("late",)}
    # What is edited next goes on where the first edit was, and either is undone by itself.
    edits.update_vertex("crm/client/0", {"note": ("early",)}, by="bob")
    newest, first = edits.history("crm/client/0")
    assert properties_of(store, "crm/client/0") == {"name": ("c0",), "phone": ("2",), "note": ("early",)}
    edits.undo(newest.id, by="ann")
    assert properties_of(store, "crm/client/0") == {"name": ("c0",), "phone": ("2",), "note": ("late",)}
    edits.undo(first.id, by="ann")
    assert properties_of(store, "crm/client/0") == {"name": ("c0",), "phone": ("1",)}


def test_merged_things_are_deleted_for_every_reader(store: SqlStore, edits: Edits) -> None:
    merged(store)
    edits.delete_vertex("crm/client/0", by="bob")
    for scope in ("", "crm", "erp"):
        assert properties_of(store, "crm/client/0", scope) is None
        assert properties_of(store, "erp/customer/0", scope) is None
    store.fragments.remove_records("erp", "customer", ["0"])
    assert properties_of(store, "crm/client/0") is None
    (edit,) = edits.history("crm/client/0")
    edits.undo(edit.id, by="ann")
    assert properties_of(store, "crm/client/0") == {"name": ("c0",), "phone": ("1",)}


def test_edits_of_what_was_added_by_hand_and_merged_hold_for_what_it_is_one_with(store: SqlStore, edits: Edits) -> None:
    added = edits.add_vertex("Client", {"name": ("C zero",), "size": (7,)}, by="bob")
    known = link_type(LinkKind.SAME_THING, "crm/client.name", "edits/vertices.name")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_same(known, [SamePair("crm/client/0", added.id, 1.0)])
    edits.update_vertex("crm/client/0", {"phone": ("3",)}, by="bob")
    assert properties_of(store, "crm/client/0") == {"name": ("C zero", "c0"), "size": (7,), "phone": ("3",)}
    edits.delete_vertex(added.id, by="bob")
    assert properties_of(store, "crm/client/0") is None
    edits.undo(edits.history("crm/client/0")[0].id, by="ann")
    assert properties_of(store, "crm/client/0") == {"name": ("C zero", "c0"), "size": (7,), "phone": ("3",)}


def test_a_deleted_edge_of_a_source_stays_away_through_recrawls(store: SqlStore, edits: Edits) -> None:
    (edge,) = store.view().edges("OF").items
    edits.delete_edge(edge.id, by="bob")
    say(store, "erp/order", RecordFragments("1", b"none"), build=2)
    say(store, "erp/order", record("erp/order", "1", [("OF", "erp/customer/0")]), build=3)
    assert store.view().edges("OF").items == ()
    edits.undo(edits.history()[0].id, by="bob")
    assert store.view().edges("OF").items == (edge,)


def test_deleting_a_found_edge_is_an_answer_to_learn_from(store: SqlStore, edits: Edits) -> None:
    known = link_type(LinkKind.REFERENCE, "crm/client.name", "erp/customer.name", "IS")
    store.links.save_link_types([known])
    store.links.judge(known.id, Verdict.CONFIRM, "ann")
    store.links.write_links(known, [LinkEdge("crm/client/0", "erp/customer/0", 0.9)])
    (edge,) = store.view().edges("IS").items
    edits.delete_edge(edge.id, by="bob")
    assert store.view().edges("IS").items == ()
    assert store.links.judgements()[-1].subject == f"{known.id}|crm/client/0|erp/customer/0"


def test_the_source_of_edits_is_built_in(store: SqlStore, edits: Edits) -> None:
    edits.add_vertex("Person", {}, by="bob")
    assert "edits" not in {source.name for source in store.catalog.sources()}
    assert "edits" not in {dataset.source for dataset in store.linking_data().datasets()}
    with pytest.raises(InputError):
        store.catalog.remove_source("edits")


def test_what_is_not_there_cannot_be_edited(edits: Edits) -> None:
    for call in (
        lambda: edits.update_vertex("nobody", {}, by="bob"),
        lambda: edits.delete_edge("nothing", by="bob"),
        lambda: edits.add_edge("KNOWS", "nobody", "erp/customer/0", {}, by="bob"),
        lambda: edits.undo(99, by="bob"),
    ):
        with pytest.raises(NotFoundError):
            call()
    with pytest.raises(InputError):
        edits.add_vertex(" ", {}, by="bob")
    with pytest.raises(InputError):
        edits.update_edge(edits._store.view().edges().items[0].id, {}, by="bob")
