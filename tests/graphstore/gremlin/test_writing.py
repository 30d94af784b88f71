"""Changes: in memory with rollback; in the served graph as edits that can be undone."""

import pytest

from bifrost.errors import BifrostError, ConflictError, QueryError
from graphstore.edits import Edits
from graphstore.gremlin.elements import Vertex
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.served import gremlin_engine
from graphstore.sql import SqlStore
from tests.graphstore.gremlin.conftest import Ask, asker
from tests.graphstore.gremlin.graphs import MODERN, in_memory
from tests.graphstore.worlds import record, register, say


def test_vertices_edges_and_properties(ask: Ask) -> None:
    ask(
        "g.addV('city').property(T.id,100).property('name','Rome').property(list,'tag','a','since',1).property(list,'tag','b')"
    )
    assert ask("g.V(100).properties('tag').has('since',1).value()") == ["a"]
    assert ask("g.V(100).values('tag').fold()") == [["a", "b"]]
    ask("g.V('1').addE('livesIn').to(V(100)).property('from',2001)")
    assert ask("g.V('1').outE('livesIn').values('from')") == [2001]
    ask("g.V(100).drop()")
    assert ask("g.E().hasLabel('livesIn').count()") == [0]


def test_merge_finds_or_creates(ask: Ask) -> None:
    query = "g.mergeV([(T.label):'person',name:n]).option(onCreate,[age:1]).option(onMatch,[age:2]).values('age')"
    assert ask(query, n="eve") == [1]
    assert ask(query, n="eve") == [2]
    edge = "g.mergeE([(T.label):'knows',(from):'1',(to):'2']).option(onMatch,[seen:true]).values('seen')"
    assert ask(edge) == [True]
    with pytest.raises(QueryError, match="cannot override"):
        ask("g.mergeV([name:'x']).option(onCreate,[name:'y'])")


def test_what_fails_has_changed_nothing() -> None:
    engine = GremlinEngine(in_memory(MODERN))
    with pytest.raises(QueryError):
        engine.run("g.V().has('age').property('age',0).drop().fail('no')" + "; g.V().property('x',1).fail('no')")
    with pytest.raises(QueryError):
        engine.run("g.union(V('1').drop(),addV('a').property('name','n'),fail('no'))")
    ask = asker(engine)
    assert ask("g.V().count()") == [6]
    assert ask("g.E().count()") == [6]
    assert sorted(ask("g.V().values('age')")) == [27, 29, 32, 35]
    assert ask("g.V().has('name','marko').out().count()") == [3]


def test_a_session_takes_back_until_it_commits() -> None:
    engine = GremlinEngine(in_memory(MODERN))
    session = engine.session()

    def run(text: str) -> list[object]:
        return [item for chunk in engine.stream(text, Request(), session) for item in chunk]

    run("g.addV('a')")
    run("g.V('1').drop()")
    run("g.tx().rollback()")
    assert run("g.V().count()") == [6]
    assert run("g.V('1').out().count()") == [3]
    run("g.addV('a')")
    run("g.tx().commit()")
    run("g.tx().rollback()")
    assert run("g.V().count()") == [7]


def test_partitions_and_subgraphs(ask: Ask) -> None:
    part = "g.withStrategies(new PartitionStrategy(partitionKey:'p',writePartition:'a',readPartitions:['a']))"
    ask(f"{part}.addV('x').property('name','in')")
    assert ask(f"{part}.V().values('name')") == ["in"]
    assert ask("g.V().has('p','a').count()") == [1]
    sub = "g.withStrategies(new SubgraphStrategy(vertices: hasLabel('person')))"
    assert ask(f"{sub}.V('1').out().values('name').order()") == ["josh", "vadas"]
    assert ask(f"{sub}.E().count()") == [2]


# ---- the served graph ------------------------------------------------------------------------------------------------


def test_changes_of_the_served_graph_are_undoable_edits(store: SqlStore) -> None:
    edits = Edits(store)
    ask = asker(gremlin_engine(store, edits))
    ask(
        "g.addV('person').property('name','ann').property('age',30).as('a').addV('city').property('name','Rome').addE('visits').from('a')"
    )
    assert ask("g.V().has('name','ann').out('visits').values('name')") == ["Rome"]
    ask("g.V().has('name','ann').property('age',31).property(list,'nick','annie').property(list,'nick','a')")
    assert ask("g.V().has('age',31).values('nick').fold()") == [["annie", "a"]]
    assert {edit.by for edit in edits.history()} == {"ann"}
    latest = edits.history(limit=1)[0]
    edits.undo(latest.id, by="bea")
    assert ask("g.V().has('name','ann').values('nick')") == ["annie"]
    ask("g.V().has('name','Rome').drop()")
    assert ask("g.V().count()") == [1]
    assert ask("g.E().count()") == [0]


def test_a_profiled_change_is_made(store: SqlStore) -> None:
    engine = gremlin_engine(store)
    ask = asker(engine)
    (profile,) = ask("g.inject(1,2).addV('a').property('name','x').profile()")
    assert [step["counts"]["traverserCount"] for step in profile["metrics"]] == [2, 2]
    assert ask("g.V().has('name','x').count()") == [2]
    session = engine.session()
    list(engine.stream("g.addV('b').profile()", Request(principal="ann"), session))
    list(engine.stream("g.tx().rollback()", Request(principal="ann"), session))
    assert ask("g.V().hasLabel('b').count()") == [0]


def test_a_failed_change_of_the_served_graph_leaves_nothing(store: SqlStore) -> None:
    ask = asker(gremlin_engine(store))
    with pytest.raises(QueryError):
        ask("g.union(addV('a').property('name','x'), fail('no'))")
    assert ask("g.V().count()") == [0]
    assert Edits(store).history() == []


def test_values_know_where_they_came_from(store: SqlStore) -> None:
    ask = asker(gremlin_engine(store))
    ask("g.addV('person').property('name','ann')")
    assert ask("g.V().properties('name').has('source','edits').value()") == ["ann"]
    assert ask("g.V().properties('name').values('confidence')") == [1.0]
    assert ask("g.V().properties('name').has('source','crm')") == []


def test_a_session_on_the_served_graph_undoes_its_edits(store: SqlStore) -> None:
    engine = gremlin_engine(store)
    session = engine.session()
    list(engine.stream("g.addV('a').property('name','x')", Request(principal="ann"), session))
    assert asker(engine)("g.V().count()") == [1]
    list(engine.stream("g.tx().rollback()", Request(principal="ann"), session))
    assert asker(engine)("g.V().count()") == [0]


def test_what_the_served_graph_cannot_keep_is_refused(store: SqlStore) -> None:
    ask = asker(gremlin_engine(store))
    for query in (
        "g.addV('a').property(T.id,1)",
        "g.addV('a').property(T.id,'  ')",
        "g.addV('a').property(T.id,'edits/vertices/a')",
        "g.addV('a').property('x',[1,2])",
        "g.addV('a').property('x',1,'source','crm')",
    ):
        with pytest.raises(BifrostError) as caught:
            ask("g.addV('ready')")
            ask(query)
        assert caught.value.remedy
    assert not isinstance(ask("g.V().count()")[0], Vertex)


def test_ids_that_users_give(store: SqlStore) -> None:
    edits = Edits(store)
    ask = asker(gremlin_engine(store, edits))
    ask(
        "g.addV('city').property(T.id,'rome').property('name','Rome').as('r').addV('city').property(T.id,'ostia').addE('near').to('r').property(T.id,'road')"
    )
    assert ask("g.V('ostia').out('near').id()") == ["rome"]
    assert ask("g.E('road').outV().id()") == ["ostia"]
    with pytest.raises(ConflictError, match="already exists"):
        ask("g.addV('city').property(T.id,'rome')")
    ask("g.V('rome').property('name','Roma')")
    ask("g.mergeV([(T.id):'rome',(T.label):'city']).option(onMatch,[seen:true])")
    assert ask("g.V('rome').values('name','seen')") == ["Roma", True]
    ask("g.V('rome').drop()")
    assert ask("g.V('rome').count()") == [0]
    ask("g.addV('city').property(T.id,'rome').property('name','New')")
    assert ask("g.V('rome').project('n','e').by('name').by(bothE().count())") == [{"n": "New", "e": 0}]
    added = next(edit for edit in edits.history("rome") if edit.action == "add")
    edits.undo(added.id, by="ann")
    assert ask("g.V('rome').count()") == [0]


def test_meta_properties_that_people_set(store: SqlStore) -> None:
    edits = Edits(store)
    ask = asker(gremlin_engine(store, edits))
    ask(
        "g.addV('p').property(T.id,'x').property(list,'name','ann','since',2001,'by','bea').property(list,'name','annie')"
    )
    assert ask("g.V('x').properties('name').has('since',2001).value()") == ["ann"]
    assert ask("g.V('x').properties('name').has('source','edits').value().order()") == ["ann", "annie"]
    ask("g.V('x').properties('name').hasValue('annie').property('since',2010)")
    assert ask("g.V('x').properties('name').values('since').order()") == [2001, 2010]
    ask("g.V('x').property(set,'name','annie','since',2011)")
    ask("g.V('x').property(list,'name','a')")
    assert ask(
        "g.V('x').properties('name').has('since').project('v','s').by(value).by('since').order().by(select('v'))"
    ) == [
        {"v": "ann", "s": 2001},
        {"v": "annie", "s": 2011},
    ]
    edits.undo(edits.history(limit=2)[-1].id, by="bea")
    ask("g.V('x').properties('name').hasValue('ann').properties('by').drop()")
    assert ask("g.V('x').properties('name').hasValue('ann').valueMap('since','by').select('by')") == []
    ask("g.V('x').property(single,'name','z')")
    assert ask("g.V('x').properties('name').has('since')") == []


def test_a_note_leaves_the_value_with_its_source(store: SqlStore) -> None:
    register(store, "crm/client")
    say(store, "crm/client", record("crm/client", "0", name="Ann"))
    engine = gremlin_engine(store)
    ask = asker(engine)
    ask("g.V('crm/client/0').properties('name').property('checked',true)")
    for _ in range(2):
        noted = ask("g.V('crm/client/0').properties('name').has('checked',true).has('source','crm').value()")
        assert noted == ["Ann"]
        ask("g.V().count()")  # the second time from the snapshot
    say(store, "crm/client", record("crm/client", "0", name="Ann", city="Rome"), build=2)
    assert ask("g.V('crm/client/0').properties().has('checked').value()") == ["Ann"]
    with pytest.raises(ConflictError, match="belong to the source"):
        ask("g.addV('a').property(T.id,'crm/client/9')")
