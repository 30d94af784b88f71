"""What a session has not committed is taken back when its process has died, and only then."""

import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bifrost.errors import ConflictError
from graphstore.edits import Edits
from graphstore.gremlin import open_sessions
from graphstore.gremlin.engine import GremlinEngine, Request
from graphstore.gremlin.open_sessions import is_alive, this_process
from graphstore.gremlin.served import gremlin_engine
from graphstore.gremlin.source import Session
from graphstore.schema import uncommitted
from graphstore.sql import SqlStore
from tests.graphstore.databases import postgres_url, shared_postgres_url, sqlite_template, sqlite_url

__all__ = ["postgres_url", "shared_postgres_url", "sqlite_template", "sqlite_url"]

CHANGES = ("g.addV('kept').property('name','changed')", "g.V().has('name','before').property('name','after')")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def engine(url: str) -> Iterator[GremlinEngine]:
    store = SqlStore(url)
    made = gremlin_engine(store, Edits(store))
    ask(made, "g.addV('kept').property('name','before')")
    yield made
    made.close()
    store.close()


def ask(engine: GremlinEngine, text: str, session: Session | None = None) -> list[Any]:
    return [item for chunk in engine.stream(text, Request(principal="ann"), session) for item in chunk]


def names(engine: GremlinEngine) -> list[str]:
    return sorted(ask(engine, "g.V().values('name')"))


def leave_open(url: str, *last: str) -> None:
    """What the process that dies runs: changes in a session, says so, and waits for its end."""
    store = SqlStore(url)
    engine = gremlin_engine(store, Edits(store))
    session = engine.session()
    for text in (*CHANGES, *last):
        ask(engine, text, session)
    sys.stdout.write("changed\n")
    sys.stdout.flush()
    time.sleep(600)


def start(url: str, *last: str) -> subprocess.Popen[str]:
    program = f"from tests.graphstore.gremlin.test_open_sessions import leave_open; leave_open(*{(url, *last)!r})"
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "changed\n"
    return process


def test_what_a_killed_process_left_open_is_taken_back(url: str, engine: GremlinEngine) -> None:
    with start(url) as process:
        assert names(engine) == ["after", "changed"]
        engine.start()
        assert names(engine) == ["after", "changed"], "the session is alive"
        process.kill()
    engine.close()
    engine.start()
    assert names(engine) == ["before"]
    assert left(url) == 0


@pytest.mark.parametrize(("end", "kept"), [("commit", ["after", "changed"]), ("rollback", ["before"])])
def test_what_was_ended_before_is_left_alone(url: str, engine: GremlinEngine, end: str, kept: list[str]) -> None:
    with start(url, f"g.tx().{end}()") as process:
        process.kill()
    engine.start()
    assert names(engine) == kept
    assert left(url) == 0


def test_a_rollback_leaves_alone_what_somebody_took_back_before(url: str, engine: GremlinEngine) -> None:
    session = engine.session()
    ask(engine, "g.addV('new').property('name','x')", session)
    store = SqlStore(url)
    edits = Edits(store)
    edits.undo(edits.history(limit=1)[0].id, by="bea")
    ask(engine, "g.tx().rollback()", session)
    assert names(engine) == ["before"]
    store.close()


def test_a_session_that_was_taken_back_cannot_be_committed(
    url: str, engine: GremlinEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = engine.session()
    ask(engine, CHANGES[0], session)
    monkeypatch.setattr(open_sessions, "is_alive", lambda owner, used: False)
    engine.start()
    with pytest.raises(ConflictError):
        ask(engine, "g.tx().commit()", session)
    assert names(engine) == ["before"]
    ask(engine, CHANGES[0], session)
    ask(engine, "g.tx().commit()", session)
    assert names(engine) == ["before", "changed"]


def test_a_process_is_known_by_its_start() -> None:
    host, boot, pid, began = this_process().split(" ")
    now = time.time()
    assert is_alive(this_process(), 0)
    assert not is_alive(f"{host} {boot} {pid} {int(began) - 1}", now), "another process got its number"
    assert not is_alive(f"{host} another-start {pid} {began}", now)
    assert is_alive(f"elsewhere {boot} 1 1", now)
    assert not is_alive(f"elsewhere {boot} 1 1", now - 7_200)


def left(url: str) -> int:
    store = SqlStore(url)
    with store.database.read() as connection:
        count: int = connection.execute(sa.select(sa.func.count()).select_from(uncommitted)).scalar_one()
    store.close()
    return count
