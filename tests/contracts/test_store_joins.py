"""What every system of record must do with links that rest on a third record, on each database it runs on."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from bifrost.links import Column, LinkEdge, LinkKind, Verdict, link_type_id
from bifrost.ports import ReplaceReport
from bifrost.values import Evidence
from graphstore.sql import SqlStore
from tests.contracts.stores import (
    order,
    postgres_url,
    shared_postgres_url,
    shop,
    sqlite_template,
    sqlite_url,
    store,
)
from tests.graphstore.worlds import graph, link_type

__all__ = ["postgres_url", "shared_postgres_url", "shop", "sqlite_template", "sqlite_url", "store"]


THROUGH = Column("erp", "order", ("client", "customer"))
JOINS = replace(
    link_type(LinkKind.JOIN_TABLE, "crm/client.id", "erp/customer.id", "BOUGHT_FROM"),
    id=link_type_id(LinkKind.JOIN_TABLE, Column("crm", "client", ("id",)), Column("erp", "customer", ("id",)), THROUGH),
    through=THROUGH,
)


def joined(shop: SqlStore) -> list[LinkEdge]:
    """Links that orders 0 to 2 make, written; the properties are those of the orders, as linking reads them."""
    edges = [
        LinkEdge(f"crm/client/{i}", f"erp/customer/{(i + 1) % 3}", 1.0, Evidence("link.x", column="client+customer"),
                 {"amount": f"{i}.50", "day": f"2024-01-0{i + 1}"}, f"erp/order/{i}")
        for i in range(3)
    ]  # fmt: skip
    shop.links.save_link_types([JOINS])
    shop.links.judge(JOINS.id, Verdict.CONFIRM, "ann")
    shop.links.write_links(JOINS, edges)
    return edges


class TestJoining:
    """Links that rest on a record that is neither of their ends."""

    def test_they_have_the_properties_of_that_record_and_come_from_it(self, shop: SqlStore) -> None:
        joined(shop)
        (edge,) = shop.view().edges("BOUGHT_FROM", limit=1).items
        assert edge.properties == {"amount": (Decimal("0.50"),), "day": (date(2024, 1, 1),)}
        (origin,) = shop.view().edge_origins(edge.id)
        assert (origin.source, origin.dataset, origin.record, origin.link_type) == ("erp", "order", "0", JOINS.id)

    def test_written_again_nothing_changes(self, shop: SqlStore) -> None:
        edges = joined(shop)
        before = graph(shop)
        assert shop.links.write_links(JOINS, edges) == ReplaceReport(unchanged=3)
        assert graph(shop) == before

    def test_they_stay_when_that_record_says_something_else_and_go_with_it(self, shop: SqlStore) -> None:
        joined(shop)
        changed = [order(i, more=i) for i in range(6)]
        shop.fragments.replace("erp", "order", changed, 2)
        assert shop.view().label_counts()[1]["BOUGHT_FROM"] == 3
        assert shop.view().label_counts()[1]["PLACED_BY"] == 6
        shop.fragments.remove_records("erp", "order", ["1"])
        tails = [edge.tail for edge in shop.view().edges("BOUGHT_FROM").items]
        assert sorted(tails) == ["crm/client/0", "crm/client/2"]
        shop.fragments.remove_records("crm", "client", ["2"])
        assert shop.view().label_counts()[1]["BOUGHT_FROM"] == 1

    def test_undo_leaves_no_trace(self, shop: SqlStore) -> None:
        shop.links.save_link_types([JOINS])
        before = graph(shop)
        joined(shop)
        (answer,) = shop.links.judgements(subject_prefix=JOINS.id)
        shop.links.undo(answer.id, "ann")
        assert graph(shop) == before

    def test_whoever_sees_both_sources_sees_them_and_others_do_not(self, shop: SqlStore) -> None:
        joined(shop)
        both, one = shop.scoped(frozenset({"crm", "erp"})), shop.scoped(frozenset({"erp"}))
        assert graph(both) == graph(shop)
        assert "BOUGHT_FROM" not in one.view().label_counts()[1]
        shop.fragments.remove_records("erp", "order", ["1"])
        assert graph(shop.scoped(frozenset({"crm", "erp"}))) == graph(shop)
