"""Where values and edges come from, as a query reads it: the same from SQL and from arrays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from bifrost.errors import QueryError
from bifrost.links import LinkEdge, LinkKind, SamePair, Verdict
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import ServedGraph, gremlin_engine
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url
from tests.graphstore.gremlin.conftest import Ask, SqlOnly, asker
from tests.graphstore.worlds import link_type, record, register, say

__all__ = ["postgres_url", "shared_postgres_url"]

ANN = "erp/client/1"
FOUND = link_type(LinkKind.REFERENCE, "crm/order.client", "erp/customer.name", "OF")
NAME = f"g.V('{ANN}').properties('name')"


@pytest.fixture
def merged(store: SqlStore) -> SqlStore:
    """One person of two sources, who agree on the name and differ on the city."""
    register(store, "erp/client", "crm/contact", rank={"erp": 0, "crm": 1})
    say(store, "erp/client", record("erp/client", "1", name="Ann", city="Rome"))
    say(store, "crm/contact", record("crm/contact", "7", name="Ann", city="Milan"))
    same = link_type(LinkKind.SAME_THING, "crm/contact.name", "erp/client.name")
    store.links.save_link_types([same])
    store.links.judge(same.id, Verdict.CONFIRM, "ann")
    store.links.write_same(same, [SamePair("crm/contact/7", ANN, 1.0)])
    return store


@pytest.fixture(params=["sql", "arrays"])
def asking(request: pytest.FixtureRequest) -> Iterator[Callable[[SqlStore], Ask]]:
    """Makes what asks a store, by either way of reading it."""
    opened: list[ServedGraph] = []

    def make(store: SqlStore) -> Ask:
        if request.param == "sql":
            return asker(GremlinEngine(SqlOnly(store)))
        source = ServedGraph(store)
        opened.append(source)
        source.keeper.warm()
        return asker(GremlinEngine(source))

    yield make
    for source in opened:
        source.close()


@contextmanager
def statements(store: SqlStore) -> Iterator[list[str]]:
    """The statements that a store gets."""
    seen: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    sa.event.listen(store.engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(store.engine, "before_cursor_execute", note)


def test_a_value_that_two_sources_give_is_found_by_either(merged: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(merged)
    for source in ("erp", "crm"):
        assert ask(f"{NAME}.has('source','{source}').value()") == ["Ann"]
        assert ask(f"{NAME}.where(values('source').is('{source}')).count()") == [1]
        assert ask(f"{NAME}.filter(properties('source').hasValue('{source}')).count()") == [1]
    assert ask(f"{NAME}.has('source','hr').count()") == [0]
    assert ask(f"{NAME}.has('source',within('hr','crm')).count()") == [1]
    assert ask(f"{NAME}.hasNot('source').count()") == [0]


def test_it_is_one_value_with_several_origins(merged: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(merged)
    assert ask(f"{NAME}.count()") == [1]
    assert ask(f"g.V('{ANN}').values('name')") == ["Ann"]
    assert ask(f"g.V('{ANN}').valueMap('name')") == [{"name": ["Ann"]}]
    assert ask(f"{NAME}.values('source')") == ["erp", "crm"]
    assert ask(f"{NAME}.values('record')") == ["1", "7"]
    assert ask(f"{NAME}.values('confidence')") == [1.0]
    assert ask(f"{NAME}.valueMap('source','record')") == [{"source": "erp", "record": "1"}]
    assert ask(f"{NAME}.elementMap('source').select('source')") == ["erp"]
    assert ask(f"{NAME}.project('s').by('source')") == [{"s": "erp"}]


def test_values_that_conflict_stand_side_by_side(merged: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(merged)
    cities = f"g.V('{ANN}').properties('city')"
    assert ask(f"{cities}.value()") == ["Rome", "Milan"]
    assert ask(f"{cities}.has('source','crm').value()") == ["Milan"]
    assert ask(f"{cities}.has('source','erp').value()") == ["Rome"]


def test_a_reader_of_one_source_sees_that_one_alone(merged: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(merged.scoped(frozenset({"crm"})))
    assert ask("g.V().properties('name').values('source')") == ["crm"]
    assert ask("g.V().properties('name').has('source','erp').count()") == [0]
    assert ask("g.V().properties('name').has('source','crm').value()") == ["Ann"]


def test_a_reader_of_one_source_sees_when_its_records_changed(
    merged: SqlStore, asking: Callable[[SqlStore], Ask]
) -> None:
    times = "g.V().properties('city').has('source','crm').values('time')"
    assert asking(merged.scoped(frozenset({"crm"})))(times) == asking(merged)(times)


def test_people_note_and_drop_beside_all_sources(merged: SqlStore) -> None:
    ask = asker(gremlin_engine(merged))
    ask(f"{NAME}.property('checked',true)")
    assert ask(f"{NAME}.has('checked',true).values('source')") == ["erp", "crm"]
    ask(f"g.V('{ANN}').property(list,'name','Anna')")
    assert ask(f"{NAME}.hasValue('Ann').has('source','crm').has('checked',true).count()") == [1]
    ask(f"{NAME}.has('source','crm').drop()")
    assert ask(f"g.V('{ANN}').values('name')") == ["Anna"]


def test_where_many_values_come_from_is_read_together(store: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    register(store, "erp/client")
    say(store, "erp/client", *(record("erp/client", str(n), name=f"n{n}") for n in range(300)))
    ask = asking(store)
    with statements(store) as seen:
        assert ask("g.V().properties('name').has('source','erp').count()") == [300]
    assert len(seen) < 40


# ---- edges -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def linked(store: SqlStore) -> SqlStore:
    """Three orders of a customer: one its record states, two that a link type found, one of them unsure."""
    register(store, "erp/customer", "crm/order")
    say(store, "erp/customer", record("erp/customer", "1", name="Ann"))
    stated = record("crm/order", "1", [("PLACED", "erp/customer/1")])
    say(store, "crm/order", stated, *(record("crm/order", key, client="Ann") for key in "23"))
    store.links.save_link_types([FOUND])
    store.links.judge(FOUND.id, Verdict.CONFIRM, "ann")
    edges = [LinkEdge("crm/order/2", "erp/customer/1", 1.0), LinkEdge("crm/order/3", "erp/customer/1", 0.7)]
    store.links.write_links(FOUND, edges)
    return store


def test_edges_know_where_they_came_from(linked: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(linked)
    assert ask("g.E().has('~score',lt(1)).outV().id()") == ["crm/order/3"]
    assert sorted(ask("g.E().values('~score')")) == [0.7, 1.0, 1.0]
    assert ask("g.E().has('~linkType').count()") == [2]
    assert ask("g.E().hasNot('~linkType').values('~record')") == ["1"]
    assert ask(f"g.E().has('~linkType','{FOUND.id}').has('~source','crm').count()") == [2]
    assert ask("g.V('erp/customer/1').inE().order().by('~score').limit(1).outV().id()") == ["crm/order/3"]
    assert ask("g.E().group().by('~score').by(count())") == [{1.0: 2, 0.7: 1}]
    assert ask("g.E().has('~score',0.7).valueMap('~score','~source')") == [{"~score": 0.7, "~source": "crm"}]
    assert ask("g.E().has('~score',0.7).properties('~source').value()") == ["crm"]
    assert ask("g.V().outE('PLACED').where(values('~score').is(gt(0.9))).count()") == [1]
    assert ask("g.V().where(inE().has('~score',lt(1))).id()") == ["erp/customer/1"]
    assert ask("g.E().values('~confidence','~extractor','~dataset').dedup().order()")[0] == 1.0
    assert ask("g.E().has('~score',lt(1)).count()") == [1]
    assert ask("g.E().has('~nothing').count()") == [0]


def test_provenance_on_postgresql(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    register(store, "erp/thing")
    things = (record("erp/thing", str(n), [("NEXT", f"erp/thing/{(n + 1) % 5}")], name="x") for n in range(5))
    say(store, "erp/thing", *things)
    source = ServedGraph(store)
    source.keeper.warm()
    for ask in (asker(GremlinEngine(SqlOnly(store))), asker(GremlinEngine(source))):
        assert ask("g.V().properties('name').has('source','erp').count()") == [5]
        assert ask("g.E().has('~source','erp').has('~score',1.0).count()") == [5]
        assert ask("g.E().values('~score').sum()") == [5.0]
    source.close()
    store.close()


def test_what_is_hidden_is_not_listed(linked: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    ask = asking(linked)
    assert ask("g.E().properties().count()") == [0]
    assert ask("g.E().valueMap().dedup()") == [{}]
    assert len(ask("g.E().limit(1).elementMap()")[0]) == 4


def test_a_property_of_that_name_comes_first(linked: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    own = orjson.dumps({"~source": ["own"], "~score": [7]}).decode()
    with linked.database.write() as connection:
        connection.execute(sa.text("UPDATE edge SET properties = :own"), {"own": own})
    ask = asking(linked)
    assert ask("g.E().values('~source').dedup()") == ["own"]
    assert ask("g.E().has('~source','crm').count()") == [0]
    assert ask("g.E().has('~score',7).count()") == [3]
    assert ask("g.E().has('~score',lt(2)).count()") == [0]
    assert ask("g.E().has('~dataset','order').count()") == [3]


def test_a_score_that_changes_is_seen(linked: SqlStore) -> None:
    ask = asker(gremlin_engine(linked))
    assert ask("g.E().has('~score',lt(1)).count()") == [1]
    for score, query in ((0.8, "g.E().has('~score',0.8).outV().id()"), (0.9, "g.E().values('~score').is(0.9)")):
        edges = [LinkEdge("crm/order/2", "erp/customer/1", 1.0), LinkEdge("crm/order/3", "erp/customer/1", score)]
        linked.links.write_links(FOUND, edges)
        assert len(ask(query)) == 1


def test_edges_that_people_add_name_them_as_their_source(linked: SqlStore) -> None:
    ask = asker(gremlin_engine(linked))
    ask("g.addE('KNOWS').from(V('crm/order/1')).to(V('crm/order/2'))")
    assert ask("g.E().hasLabel('KNOWS').values('~source')") == ["edits"]
    with pytest.raises(QueryError, match="hidden"):
        ask("g.E().property('~score',1)")


def test_where_many_edges_come_from_is_read_together(store: SqlStore, asking: Callable[[SqlStore], Ask]) -> None:
    register(store, "erp/thing")
    say(
        store,
        "erp/thing",
        *(record("erp/thing", str(n), [("NEXT", f"erp/thing/{(n + 1) % 300}")]) for n in range(300)),
    )
    ask = asking(store)
    for query in ("g.E().has('~source','erp').count()", "g.V().as('a').outE().has('~source','erp').as('b').count()"):
        with statements(store) as seen:
            assert ask(query) == [300]
        assert len(seen) < 60, query


def test_nan_is_a_value_like_others(asking: Callable[[SqlStore], Ask], merged: SqlStore) -> None:
    say(merged, "erp/client", record("erp/client", "1", name="Ann", rate=float("nan")))
    say(merged, "crm/contact", record("crm/contact", "7", name="Ann", rate=float("nan")))
    ask = asking(merged)
    assert ask(f"g.V('{ANN}').properties('rate').values('source')") == ["erp", "crm"]
    assert ask(f"g.V('{ANN}').properties('rate').not(values('source')).count()") == [0]
