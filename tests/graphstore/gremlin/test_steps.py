"""What the steps answer, the same on every kind of graph."""

from typing import Any

import pytest

from graphstore.gremlin.elements import Path
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.served import gremlin_engine
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url
from tests.graphstore.gremlin.conftest import SqlOnly, asker
from tests.graphstore.gremlin.graphs import MODERN, fill
from tests.graphstore.gremlin.queries import ALL

__all__ = ["postgres_url", "shared_postgres_url"]


def plain(value: Any) -> Any:
    """A result in a shape that can be compared without regard to the order of collections."""
    if isinstance(value, Path):
        value = value.objects
    if isinstance(value, dict):
        return {plain(key): plain(found) for key, found in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(sorted((plain(v) for v in value), key=repr))
    return value


@pytest.mark.parametrize("kind", ["memory", "sql", "arrays", "large arrays"])
def test_answers(kind: str, engines: dict[str, GremlinEngine]) -> None:
    ask = asker(engines[kind])
    wrong = {}
    for query, expected in ALL:
        found = ask(query)
        same = sorted(map(repr, map(plain, found))) == sorted(map(repr, map(plain, expected)))
        alone = found[0] if len(found) == len(expected) == 1 else None
        if not same and not (
            alone == expected[0] or (isinstance(alone, float) and alone == pytest.approx(float(expected[0])))
        ):
            wrong[query] = found
    assert wrong == {}


def test_answers_on_postgresql(postgres_url: str) -> None:
    store = SqlStore(postgres_url)
    fill(store, MODERN)
    sql, arrays = asker(GremlinEngine(SqlOnly(store))), asker(gremlin_engine(store))
    for query, _ in ALL:
        assert sorted(map(repr, map(plain, sql(query)))) == sorted(map(repr, map(plain, arrays(query)))), query
    assert sql("g.V().has('name','marko').out('knows').values('name').order()") == ["josh", "vadas"]
    arrays("g.addV('new').property('name','n').as('a').addV('other').addE('made').from('a')")
    assert arrays("g.V().has('name','n').out('made').count()") == [1]
    store.close()


@pytest.mark.parametrize("kind", ["memory", "sql", "arrays"])
@pytest.mark.parametrize(
    "strategy",
    ["ReferenceElementStrategy", "new HaltedTraverserStrategy(haltedTraverserFactory:'org.apache.ReferenceFactory')"],
)
def test_references_are_elements_without_properties(
    kind: str, strategy: str, engines: dict[str, GremlinEngine]
) -> None:
    ask = asker(engines[kind])
    start = f"g.withStrategies({strategy})"
    (vertex,) = ask(f"{start}.V('1')")
    assert (vertex.id, vertex.label, vertex.properties) == ("1", "person", {})
    (edge,) = ask(f"{start}.E('7')")
    assert (edge.id, edge.label, edge.tail.id, edge.head.label, edge.properties) == ("7", "knows", "1", "person", {})
    (folded,) = ask(f"{start}.V('1').out('knows').fold()")
    assert [found.properties for found in folded] == [{}, {}]
    (path,) = ask(f"{start}.V('1').outE('created').inV().path()")
    assert [found.properties for found in path] == [{}, {}, {}]
    assert ask(f"{start}.V('1').project('v').by()")[0]["v"].properties == {}
    assert ask(f"{start}.V('1').valueMap('name')") == [{"name": ["marko"]}]
    assert ask(f"{start}.V('1').properties('name').value()") == ["marko"]


def test_order_is_kept_where_a_query_orders(engines: dict[str, GremlinEngine]) -> None:
    for engine in engines.values():
        ask = asker(engine)
        assert ask("g.V().order().by('name').values('name')") == ["josh", "lop", "marko", "peter", "ripple", "vadas"]
        assert ask("g.V().order().by('age',desc).values('age')") == [35, 32, 29, 27]
        assert ask("g.V().hasLabel('software').order().by('lang').by('name',desc).values('name')") == ["ripple", "lop"]


def test_bulked_frontiers_count_like_single_traversers(engines: dict[str, GremlinEngine]) -> None:
    for engine in engines.values():
        ask = asker(engine)
        assert ask("g.V().repeat(both()).times(6).count()") == [len(ask("g.V().repeat(both()).times(6).path()"))]
        assert ask("g.V().both().both().dedup().count()") == [6]
        assert ask("g.V().both().both().groupCount().by('name')")[0]["lop"] == 7
