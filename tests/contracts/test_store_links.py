"""What every system of record must do with merges, link types and answers, on each database it runs on."""

from dataclasses import replace

import pytest

from bifrost.catalog import Source
from bifrost.errors import ConflictError
from bifrost.graph import Direction
from bifrost.links import Column, Correction, LinkEdge, LinkKind, LinkState, SamePair, Verdict
from bifrost.ports import ReplaceReport
from bifrost.values import Evidence
from graphstore.sql import SqlStore
from tests.contracts.stores import (
    PAIRS,
    REFERS,
    SAME,
    confirmed_same,
    postgres_url,
    shared_postgres_url,
    shop,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.graphstore.worlds import graph, link_type, record, record_of, register, say

__all__ = ["postgres_url", "shared_postgres_url", "shop", "sqlite_template", "sqlite_url", "store"]


class TestMerging:
    def test_same_things_become_one_vertex_with_both_values(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        found = shop.view().vertex("crm/client/1")
        assert found is not None
        assert found.id == "erp/customer/1", "the source of lowest rank names the vertex"
        assert found.properties == {"name": ("Customer 1", "customer 1"), "phone": ("+1",)}
        assert shop.view().label_counts()[0] == {"Customer": 3, "Order": 6}
        origins = shop.view().vertex_origins("erp/customer/1")
        assert [(o.uid, o.same_as) for o in origins] == [
            ("erp/customer/1", None),
            ("crm/client/1", "erp/customer/1"),
        ]

    def test_unmerging_gives_back_exactly_what_was_there(self, shop: SqlStore) -> None:
        before = graph(shop)
        judgement = confirmed_same(shop)
        assert shop.view().served() == {SAME.id: len(PAIRS)}
        assert shop.scoped(frozenset({"erp"})).view().served() == {}
        shop.links.undo(judgement, "bob")
        assert graph(shop) == before
        assert shop.view().served() == {}

    def test_links_are_counted_by_the_type_that_gives_them(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 0.9)])
        assert shop.view().served() == {SAME.id: len(PAIRS), REFERS.id: 1}
        assert shop.links.served([REFERS.id]) == {REFERS.id: 1}

    def test_what_would_take_a_place_goes_with_its_source(self, shop: SqlStore) -> None:
        other = link_type(LinkKind.REFERENCE, "erp/customer.phone", "crm/client.phone")
        kept = replace(link_type(LinkKind.REFERENCE, "erp/customer.phone", "erp/order.id"), otherwise=other)
        shop.links.save_link_types([kept])
        assert shop.links.link_type(kept.id).otherwise == other
        shop.links.judge(kept.id, Verdict.REJECT, "ann")
        shop.catalog.remove_source("crm")
        assert shop.links.link_type(kept.id).otherwise is None
        shop.links.undo(shop.links.judgements()[-1].id, "ann")
        assert shop.links.link_type(kept.id).otherwise is None

    def test_pairs_below_the_threshold_stay_apart(self, shop: SqlStore) -> None:
        shop.links.save_link_types([SAME])
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann", correction=Correction(threshold=0.75))
        shop.links.write_same(SAME, PAIRS)
        assert shop.view().label_counts()[0] == {"Client": 2, "Customer": 3, "Order": 6}

    def test_chains_merge_into_one_and_split_again(self, store: SqlStore) -> None:
        register(store, "a/x", "b/y")
        say(store, "a/x", *(record("a/x", str(i)) for i in range(4)))
        within = link_type(LinkKind.SAME_THING, "a/x.n", "a/x.n")
        store.links.save_link_types([within])
        store.links.judge(within.id, Verdict.CONFIRM, "ann")
        chain = [SamePair(f"a/x/{i}", f"a/x/{i + 1}", 1.0) for i in range(3)]
        store.links.write_same(within, chain)
        assert store.view().label_counts()[0] == {"X": 1}
        store.links.write_same(within, [chain[0], chain[2]])
        assert [v.id for v in store.view().vertices().items] == ["a/x/0", "a/x/2"]

    def test_changing_ranks_changes_the_name_and_the_shown_value(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.catalog.update_source(Source("crm", "table", rank=-1))
        found = shop.view().vertex("erp/customer/1")
        assert found is not None
        assert found.id == "crm/client/1"
        assert found.properties["name"] == ("customer 1", "Customer 1")
        edges = shop.view().edges_of(["erp/customer/1"])["erp/customer/1"]
        assert {edge.head for edge in edges} == {"crm/client/1"}

    def test_within_a_rank_the_surer_and_then_the_newer_value_is_shown(self, store: SqlStore) -> None:
        register(store, "a/x", "b/y", "c/z")
        say(store, "a/x", record_of("a/x", "1", {"v": "guessed"}, evidence=Evidence(confidence=0.4)), build=3)
        say(store, "b/y", record("b/y", "1", v="old"), build=1)
        say(store, "c/z", record("c/z", "1", v="new"), build=2)
        both = [link_type(LinkKind.SAME_THING, "a/x.v", other) for other in ("b/y.v", "c/z.v")]
        store.links.save_link_types(both)
        for known, uid in zip(both, ("b/y/1", "c/z/1"), strict=True):
            store.links.judge(known.id, Verdict.CONFIRM, "ann")
            store.links.write_same(known, [SamePair("a/x/1", uid, 1.0)])
        (found,) = store.view().vertices().items
        assert found.properties["v"] == ("new", "old", "guessed")

    def test_edges_follow_their_ends_through_merges(self, shop: SqlStore) -> None:
        shop.links.save_link_types([REFERS])
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 0.9)])
        shop.links.save_link_types([REFERS, SAME])
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann")
        shop.links.write_same(SAME, PAIRS)
        (edge,) = shop.view().edges_of(["crm/client/0"], Direction.OUT)["crm/client/0"]
        assert (edge.tail, edge.head, edge.score) == ("erp/customer/0", "erp/order/0", 0.9)

    def test_pairs_for_review_come_least_sure_first(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        assert [p.score for p in shop.links.pairs(SAME.id)] == [0.8, 0.7, 0.6]
        shop.links.judge(f"{SAME.id}|crm/client/0|erp/customer/0", Verdict.CONFIRM, "ann")
        assert [p.score for p in shop.links.pairs(SAME.id, least_sure_first=True, limit=1)] == [0.7]
        assert [p.score for p in shop.links.pairs(SAME.id, limit=2)] == [0.8, 0.7]
        shop.links.write_same(SAME, [SamePair(pair.left, pair.right, 0.7) for pair in PAIRS])
        for least_sure_first, names in ((False, ["0", "1"]), (True, ["1", "2"])):
            found = shop.links.pairs(SAME.id, limit=2, least_sure_first=least_sure_first)
            assert [pair.left for pair in found] == [f"crm/client/{name}" for name in names]

    def test_scores_are_read_without_the_pair_that_an_answer_is_about(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        every = shop.links.pair_scores(SAME.id)
        assert sorted(every.score.tolist()) == pytest.approx([0.6, 0.7, 0.8])
        assert every.key.tolist() == sorted(set(every.key.tolist()))
        for ends in ("crm/client/0|erp/customer/0", "erp/customer/0|crm/client/0"):
            others = shop.links.pair_scores(SAME.id, without=f"{SAME.id}|{ends}")
            assert set(others.key.tolist()) < set(every.key.tolist())
            assert len(others.key) == 2
        assert len(shop.links.pair_scores(SAME.id, without=f"{SAME.id}|nobody|nowhere").key) == 3


class TestJudging:
    def write(self, store: SqlStore) -> None:
        store.links.save_link_types([REFERS])
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        store.links.write_links(store.links.link_type(REFERS.id), edges)

    def edges(self, store: SqlStore) -> int:
        return sum(n for name, n in store.view().label_counts()[1].items() if name != "PLACED_BY")

    def test_links_are_served_only_while_their_type_is_confirmed(self, shop: SqlStore) -> None:
        self.write(shop)
        assert self.edges(shop) == 0
        confirm = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        assert self.edges(shop) == 3
        delete = shop.links.judge(REFERS.id, Verdict.DELETE, "ann")
        assert self.edges(shop) == 0
        assert shop.links.link_type(REFERS.id).state is LinkState.DELETED
        before = shop.links.undo(delete.id, "bob")
        assert (before.undone_by, self.edges(shop)) == ("bob", 3)
        shop.links.undo(confirm.id, "bob")
        assert (self.edges(shop), shop.links.link_type(REFERS.id).state) == (0, LinkState.PROPOSED)

    def test_an_answer_is_undone_once(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.REJECT, "ann", note="no")
        assert shop.links.judgements()[0].note == "no"
        shop.links.undo(judgement.id, "ann")
        with pytest.raises(ConflictError):
            shop.links.undo(judgement.id, "ann")
        assert shop.links.judgements() == []
        assert len(shop.links.judgements(include_undone=True)) == 1

    def test_naming_renames_the_edges(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        assert shop.view().label_counts()[1]["BOUGHT"] == 3
        shop.links.undo(judgement.id, "ann")
        assert shop.links.link_type(REFERS.id).name == "ORDERED"

    def test_a_threshold_takes_the_weaker_edges_away(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(threshold=0.6))
        assert self.edges(shop) == 2

    def test_other_columns_make_another_link_type(self, shop: SqlStore) -> None:
        self.write(shop)
        correction = Correction(tail=Column("crm", "client", ("order_no",)), name="BOUGHT")
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=correction)
        made = link_type(LinkKind.REFERENCE, "crm/client.order_no", "erp/order.id")
        assert shop.links.link_type(REFERS.id).state is LinkState.REJECTED
        found = shop.links.link_type(made.id)
        assert (found.state, found.name, found.tail.columns) == (LinkState.CONFIRMED, "BOUGHT", ("order_no",))
        shop.links.undo(judgement.id, "ann")
        assert [known.id for known in shop.links.link_types()] == [REFERS.id]
        assert shop.links.link_type(REFERS.id).state is LinkState.PROPOSED

    def test_flipping_turns_the_ends(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(flip=True))
        (found,) = shop.links.link_types((LinkState.CONFIRMED,))
        assert (str(found.tail), str(found.head)) == ("erp/order.id", "crm/client.id")

    def test_new_proposals_never_override_an_answer(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        again = link_type(LinkKind.REFERENCE, "crm/client.id", "erp/order.id", "OTHER", probability=0.9)
        shop.links.save_link_types([again])
        found = shop.links.link_type(REFERS.id)
        assert (found.state, found.name, found.probability) == (LinkState.CONFIRMED, "BOUGHT", 0.9)
        shop.links.save_link_types([])
        assert shop.links.link_type(REFERS.id).state is LinkState.CONFIRMED

    def test_a_judged_type_handed_back_can_still_be_undone(self, shop: SqlStore) -> None:
        self.write(shop)
        judgement = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann", correction=Correction(name="BOUGHT"))
        shop.links.save_link_types(shop.links.link_types())
        shop.links.undo(judgement.id, "ann")
        found = shop.links.link_type(REFERS.id)
        assert (found.state, found.name) == (LinkState.PROPOSED, "ORDERED")

    def test_a_proposal_that_is_not_proposed_again_goes(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.save_link_types([SAME])
        assert [known.id for known in shop.links.link_types()] == [SAME.id]

    def test_a_pair_answer_pins_or_forbids_one_edge(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        before = graph(shop)
        no = shop.links.judge(f"{REFERS.id}|crm/client/0|erp/order/0", Verdict.REJECT, "ann")
        yes = shop.links.judge(f"{REFERS.id}|crm/client/0|erp/order/5", Verdict.CONFIRM, "ann")
        ends = {(e.tail, e.head) for e in shop.view().edges("ORDERED").items}
        assert ends == {
            ("crm/client/1", "erp/order/1"), ("crm/client/2", "erp/order/2"), ("crm/client/0", "erp/order/5")
        }  # fmt: skip
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 1.0)])
        assert {(e.tail, e.head) for e in shop.view().edges("ORDERED").items} == {("crm/client/0", "erp/order/5")}
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        shop.links.write_links(REFERS, edges)
        shop.links.undo(no.id, "ann")
        shop.links.undo(yes.id, "ann")
        after = graph(shop)
        assert after == before

    def test_a_second_opinion_against_what_stands_has_no_effect_until_that_is_taken_back(self, shop: SqlStore) -> None:
        self.write(shop)
        first = shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        before = graph(shop)
        second = shop.links.judge(REFERS.id, Verdict.REJECT, "bob", second_opinion=True)
        assert (first.disputed, second.disputed) == (False, True)
        assert graph(shop) == before
        assert [j.id for j in shop.links.judgements()] == [first.id]
        assert [j.disputed for j in shop.links.judgements(include_undone=True)] == [False, True]
        assert not shop.links.judge(REFERS.id, Verdict.CONFIRM, "cid", second_opinion=True).disputed
        settled = shop.links.judge(REFERS.id, Verdict.REJECT, "dan")
        assert shop.links.link_type(REFERS.id).state is LinkState.REJECTED
        for judgement in (settled, first, shop.links.judgements()[1]):
            shop.links.undo(judgement.id, "dan")
        assert shop.links.link_type(REFERS.id).state is LinkState.REJECTED, "bob's is the only answer that is left"
        assert [j.disputed for j in shop.links.judgements()] == [False]

    def test_a_second_opinion_that_corrects_to_other_columns_is_against_what_stands(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        before = graph(shop), shop.links.link_types()
        correction = Correction(flip=True)
        second = shop.links.judge(REFERS.id, Verdict.CONFIRM, "bob", correction=correction, second_opinion=True)
        assert second.disputed
        assert (graph(shop), shop.links.link_types()) == before

    def test_a_disputed_pair_stays_as_it_was_judged_first(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        subject = f"{REFERS.id}|crm/client/0|erp/order/0"
        shop.links.judge(subject, Verdict.REJECT, "ann")
        before = graph(shop)
        assert shop.links.judge(subject, Verdict.CONFIRM, "bob", second_opinion=True).disputed
        assert graph(shop) == before
        shop.links.judge(subject, Verdict.CONFIRM, "cid")
        assert self.edges(shop) == 3

    def test_pair_answers_survive_a_recrawl(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.links.judge(f"{SAME.id}|crm/client/1|erp/customer/1", Verdict.REJECT, "ann")
        kept = [record("crm/client", str(i), name=f"customer {i}", phone=f"+{i}") for i in range(3)]
        shop.fragments.remove_records("crm", "client", ["0", "1", "2"])
        say(shop, "crm/client", *kept, build=2)
        shop.links.write_same(SAME, PAIRS)
        assert shop.view().label_counts()[0]["Client"] == 1

    def test_pairs_whose_uids_hold_bars_are_understood(self, store: SqlStore) -> None:
        register(store, "a/x")
        say(store, "a/x", record("a/x", "1|2"), record("a/x", "3|4"))
        within = link_type(LinkKind.SAME_THING, "a/x.n", "a/x.n")
        store.links.save_link_types([within])
        store.links.judge(within.id, Verdict.CONFIRM, "ann")
        store.links.judge(f"{within.id}|a/x/1|2|a/x/3|4", Verdict.CONFIRM, "ann")
        assert store.view().label_counts()[0] == {"X": 1}

    def test_writing_links_again_reports_the_difference(self, shop: SqlStore) -> None:
        self.write(shop)
        position = shop.log.position()
        edges = [LinkEdge(f"crm/client/{i}", f"erp/order/{i}", 0.5 + i / 10) for i in range(3)]
        assert shop.links.write_links(REFERS, edges) == ReplaceReport(unchanged=3)
        changed = [LinkEdge("crm/client/0", "erp/order/0", 0.9), LinkEdge("crm/client/1", "erp/order/5", 0.9)]
        assert shop.links.write_links(REFERS, changed) == ReplaceReport(added=1, changed=1, removed=2)
        assert shop.log.position() == position, "nothing of it is served"

    def test_provenance_of_a_found_edge_names_its_link_type(self, shop: SqlStore) -> None:
        self.write(shop)
        shop.links.judge(REFERS.id, Verdict.CONFIRM, "ann")
        (edge,) = shop.view().edges_of(["crm/client/1"])["crm/client/1"]
        (origin,) = shop.view().edge_origins(edge.id)
        assert (origin.link_type, origin.source, origin.record, origin.score) == (REFERS.id, "crm", "1", 0.6)


class TestStating:
    """Link types that only a person's answer speaks for."""

    def test_a_stated_link_type_serves_its_links_until_it_is_taken_back(self, shop: SqlStore) -> None:
        before = graph(shop)
        judgement = shop.links.state(REFERS, "ann", note="as agreed")
        assert (judgement.subject, judgement.verdict, judgement.note) == (REFERS.id, Verdict.CONFIRM, "as agreed")
        assert shop.links.link_type(REFERS.id).state is LinkState.CONFIRMED
        shop.links.write_links(REFERS, [LinkEdge("crm/client/0", "erp/order/0", 1.0)])
        assert shop.view().label_counts()[1]["ORDERED"] == 1
        scoped = shop.scoped(frozenset({"erp"}))
        assert "ORDERED" not in scoped.view().label_counts()[1]
        assert shop.scoped(frozenset({"erp", "crm"})).view().label_counts()[1]["ORDERED"] == 1
        with pytest.raises(ConflictError):
            shop.links.state(REFERS, "bob")
        shop.links.undo(judgement.id, "ann")
        assert shop.links.link_types() == []
        assert graph(shop) == before
        assert shop.links.state(REFERS, "bob").by == "bob"

    def test_proposals_and_answers_come_and_go_beside_it(self, shop: SqlStore) -> None:
        stated = shop.links.state(REFERS, "ann")
        shop.links.save_link_types([SAME])
        assert shop.links.link_type(REFERS.id).state is LinkState.CONFIRMED
        named = shop.links.judge(REFERS.id, Verdict.CONFIRM, "bob", correction=Correction(name="NAMED"))
        assert shop.links.link_type(REFERS.id).name == "NAMED"
        shop.links.undo(named.id, "bob")
        assert shop.links.link_type(REFERS.id).name == "ORDERED"
        shop.links.undo(stated.id, "ann")
        assert [one.id for one in shop.links.link_types()] == [SAME.id]

    def test_it_comes_back_with_its_source(self, shop: SqlStore) -> None:
        shop.links.state(REFERS, "ann")
        shop.catalog.remove_source("crm")
        assert shop.links.link_types() == []
        shop.links.save_link_types([])
        assert shop.links.link_types() == []
        register(shop, "crm/client")
        shop.links.save_link_types([])
        assert shop.links.link_type(REFERS.id).state is LinkState.CONFIRMED


class TestRemovingASource:
    def test_all_that_it_alone_said_goes(self, shop: SqlStore) -> None:
        alone = graph(shop)
        register(shop, "web/shop")
        say(shop, "web/shop", record("web/shop", "1", [("SOLD", "erp/order/1")], name="x"))
        known = link_type(LinkKind.SAME_THING, "web/shop.name", "erp/customer.name")
        shop.links.save_link_types([known])
        shop.links.judge(known.id, Verdict.CONFIRM, "ann")
        shop.links.write_same(known, [SamePair("web/shop/1", "erp/customer/0", 1.0)])
        shop.catalog.remove_source("web")
        assert graph(shop) == alone
        assert shop.links.link_types() == []
        assert shop.links.judgements() == []

    def test_answers_wake_up_when_the_source_comes_back(self, shop: SqlStore) -> None:
        confirmed_same(shop)
        shop.catalog.remove_source("crm")
        assert shop.links.judgements() == []
        register(shop, "crm/client")
        shop.links.save_link_types([SAME])
        assert shop.links.link_type(SAME.id).state is LinkState.CONFIRMED
        assert len(shop.links.judgements()) == 1

    def test_a_correction_towards_a_removed_source_sleeps(self, shop: SqlStore) -> None:
        shop.links.save_link_types([SAME])
        register(shop, "web/shop")
        shop.links.judge(SAME.id, Verdict.CONFIRM, "ann", correction=Correction(tail=Column("web", "shop", ("name",))))
        assert shop.links.link_type(SAME.id).state is LinkState.REJECTED
        shop.catalog.remove_source("web")
        assert shop.links.link_type(SAME.id).state is LinkState.PROPOSED
