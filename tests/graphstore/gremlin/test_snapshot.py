"""Array snapshots follow the change log: patched or made anew, they show the same."""

import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphstore.gremlin.arrays import EdgeTable, Snapshot, VertexTable
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.follow import SnapshotKeeper
from graphstore.gremlin.served import ServedGraph
from graphstore.gremlin.sqlgraph import SqlGraph
from graphstore.sql import SqlStore
from tests.graphstore.gremlin.conftest import SqlOnly, asker
from tests.graphstore.gremlin.graphs import MODERN, fill, in_memory


def content(snapshot: Snapshot) -> tuple[object, ...]:
    names = snapshot.column("name")
    return (
        list(snapshot.uids.all()),
        list(snapshot.texts.all()),
        list(snapshot.edge_uids.all()),
        list(snapshot.edge_texts.all()),
        snapshot.edge_scores.tolist(),
        snapshot.labels.tolist(),
        snapshot.tails.tolist(),
        snapshot.heads.tolist(),
        snapshot.out.ends.tolist(),
        snapshot.into.starts.tolist(),
        [names.values[c] if c >= 0 else None for c in names.codes.tolist()],
    )


@pytest.mark.parametrize("eager", [1_000, 2])
def test_a_patched_snapshot_equals_one_made_anew(store: SqlStore, eager: int) -> None:
    fill(store, MODERN)
    keeper = SnapshotKeeper(store.database, eager=eager)
    keeper.warm()
    engine = GremlinEngine(ServedGraph(store))
    ask = asker(engine)
    ask("g.addV('root').property('name','root')")
    pick = random.Random(5)
    for step in range(12):
        names = ask("g.V().hasLabel('new').values('name')")
        match pick.randrange(4) if names else 0:
            case 0:
                ask(
                    "g.addV('new').property('name',n).as('a').V().has('name','root').addE('made').to('a')", n=f"n{step}"
                )
            case 1:
                ask("g.V().has('new','name',n).property('name',m)", n=pick.choice(names), m=f"m{step}")
            case 2:
                ask("g.V().has('new','name',n).inE().drop()", n=pick.choice(names))
            case _:
                ask("g.V().has('new','name',n).drop()", n=pick.choice(names))
        patched = keeper.current(wide=True)
        fresh = SnapshotKeeper(store.database).current(wide=True)
        assert patched is not None
        assert fresh is not None
        assert content(patched) == content(fresh)
        assert keeper.current(wide=False) is patched


def test_only_an_up_to_date_snapshot_answers(store: SqlStore) -> None:
    fill(store, MODERN)
    keeper = SnapshotKeeper(store.database)
    assert keeper.current(wide=False) is None
    assert keeper.current(wide=True) is not None
    assert keeper.current(wide=False) is not None
    asker(GremlinEngine(ServedGraph(store)))("g.addV('new')")
    assert keeper.current(wide=False) is None


def test_a_graph_beyond_the_limit_is_left_to_sql(store: SqlStore) -> None:
    fill(store, MODERN)
    assert SnapshotKeeper(store.database, limit=5).current(wide=True) is None


@given(st.sets(st.integers(-(2**40), 2**40) | st.integers(0, 60), min_size=1), st.randoms())
def test_ids_are_found_whether_they_lie_close_or_far_apart(ids: set[int], pick: random.Random) -> None:
    wanted = [pick.choice(sorted(ids)) for _ in range(20)]
    vertices = VertexTable.of((id, str(id), 1, "{}", None) for id in sorted(ids))
    edges = EdgeTable.of((n, f"e{n}", 2, id, id, "{}", 1.0) for n, id in enumerate(wanted))
    snapshot = Snapshot(1, {1: "v", 2: "e"}, vertices, edges)
    assert [snapshot.uids[index] for index in snapshot.tails.tolist()] == [str(id) for id in wanted]


def test_degrees_and_columns(store: SqlStore) -> None:
    fill(store, MODERN)
    snapshot = SnapshotKeeper(store.database).current(wide=True)
    assert snapshot is not None
    assert snapshot.degrees("OUT", ("created",)).tolist() == [1, 0, 0, 2, 0, 1]
    assert snapshot.degrees("BOTH", ()).tolist() == [3, 1, 3, 3, 1, 1]
    ages = snapshot.column("age")
    assert ages.passing(lambda v: v > 30, np.arange(6)).tolist() == [False, False, False, True, False, True]
    assert ages.having(29).tolist() == [0]
    assert snapshot.column("nothing").having(1).tolist() == []


def test_explain_and_profile_say_what_runs_where(store: SqlStore) -> None:
    fill(store, MODERN)
    ask = asker(GremlinEngine(ServedGraph(store)))
    plan = ask("g.V().hasLabel('person').out('knows').order().by(out().count()).values('name').explain()")[0]
    assert [line.split()[:2] for line in plan.splitlines()[3:6]] == [
        ["V", "index"],
        ["hasLabel", "arrays"],
        ["out", "arrays"],
    ]
    assert "interpreter" in plan
    assert "FROM vertex v WHERE v.id > ? AND v.label = ?" in plan
    assert "FROM edge e WHERE e.tail IN" in plan
    profile = ask("g.V().out().out().values('name').fold().profile()")[0]
    assert [step["annotations"]["where"] for step in profile["metrics"]] == ["arrays", "interpreter"]
    assert profile["metrics"][0]["name"] == "V().out().out().values('name')"
    assert [step["counts"]["traverserCount"] for step in profile["metrics"]] == [2, 1]
    assert sum(step["annotations"]["percentDur"] for step in profile["metrics"]) <= 101
    assert 0 < profile["metrics"][0]["dur"] < profile["dur"]
    assert ask("g.V().out().profile('p').cap('p')")[0]["metrics"]
    assert len(ask("g.V().profile('p')")) == 6


def test_explain_shows_the_statements_that_are_sent(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(store, MODERN)
    sent: list[str] = []
    rows = SqlGraph.rows

    def noting(graph: SqlGraph, text: str, *parameters: Any) -> list[Any]:
        sent.append(" ".join(text.split()))
        return rows(graph, text, *parameters)

    monkeypatch.setattr(SqlGraph, "rows", noting)
    served, alone = GremlinEngine(ServedGraph(store)), asker(GremlinEngine(SqlOnly(store)))
    for query in (
        "g.V('1')", "g.V('1','2')", "g.V().has('name','lop')", "g.V().hasLabel('person','software')", "g.E('7')", "g.E()",
        "g.V().out('knows')", "g.V().bothE('knows','created')", "g.V().where(__.in('created'))",
    ):  # fmt: skip
        told = [line.split(maxsplit=1)[1] for line in served.explain(query).partition("SQL, ")[2].splitlines()[1:]]
        sent.clear()
        alone(query)
        assert told, query
        assert set(sent) & set(told), query
    assert "SELECT" not in served.explain("g.inject(1)")
    assert "SELECT" not in GremlinEngine(in_memory(MODERN)).explain("g.V()")


def test_a_large_graph_keeps_the_columns_in_use(store: SqlStore) -> None:
    fill(store, MODERN)
    snapshot = SnapshotKeeper(store.database, eager=2).current(wide=True)
    assert snapshot is not None
    assert not snapshot.has_column("age")
    few, where = snapshot.part("age", np.array([0]))
    assert few.values == [29]
    assert where.tolist() == [0]
    assert not snapshot.has_column("age")
    for key in ("age", "name", "lang", "a", "b", "age"):
        snapshot.column(key)
    assert snapshot.has_column("age")
    assert not snapshot.has_column("name")
    assert [snapshot.index_of_uid(uid) for uid in ("1", "6", "7", "")] == [0, 5, None, None]


def test_a_graph_that_was_too_large_is_looked_at_again_once_it_may_fit(store: SqlStore) -> None:
    keeper = SnapshotKeeper(store.database, limit=3)
    ask = asker(GremlinEngine(ServedGraph(store, keeper=keeper)))
    ask("g.inject(1,2,3,4,5).addV('new')")
    assert keeper.current(wide=True) is None
    assert keeper.shown == keeper.position()
    ask("g.V().limit(1).drop()")
    assert keeper.current(wide=True) is None
    ask("g.V().limit(1).drop()")
    assert keeper.current(wide=True) is not None
    assert ask("g.V().count()") == [3]
