"""Sessions that nobody uses end by themselves, and take back what was not committed."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal

from api import gremlin_sessions
from api.gremlin_frames import CODECS, DEFAULT
from api.gremlin_service import GremlinService, GremlinSettings
from api.gremlin_sessions import GremlinSessions
from bifrost.errors import QueryLimitError
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.source import Session
from tests.api.gremlin.conftest import server

SOON = 0.3
LONG = 600.0


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def submit(service: GremlinService, gremlin: str, **args: str) -> list[Any]:
    body = {"op": "eval", "processor": "session" if args else "", "args": {"gremlin": gremlin, **args}}
    return [item for reply in service.answer(CODECS[DEFAULT].read(orjson.dumps(body)), None) for item in reply.data]


class World:
    """Sessions, each with one change to take back; ``taken`` counts those that were."""

    def __init__(self, seconds: float, most: int = 5, each: int = 5) -> None:
        self.taken = 0
        self.sessions = GremlinSessions(self._open, seconds, most, each)

    def _open(self) -> Session:
        session = Session()
        session.undo.append(self._take)
        return session

    def _take(self) -> None:
        self.taken += 1

    def use(self, name: str, owner: str = "ann") -> Session:
        with self.sessions.using(owner, name) as session:
            return session


def watchers() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "gremlin-sessions"}


@pytest.fixture(autouse=True)
def nobody_watches() -> Iterator[None]:
    before = watchers()
    yield
    until(lambda: watchers() <= before)


def test_an_idle_session_is_rolled_back_though_nobody_asks_for_anything() -> None:
    world = World(SOON)
    first = world.use("a")
    until(lambda: world.taken == 1)
    assert world.use("a") is not first
    until(lambda: world.taken == 2)


def test_a_session_in_use_stays_however_long_that_takes() -> None:
    world = World(SOON)
    with world.sessions.using("ann", "a") as session:
        other = World(SOON)
        other.use("b")
        until(lambda: other.taken == 1)  # so much time has passed
        other.use("b")
        until(lambda: other.taken == 2)
        assert world.taken == 0
    assert world.use("a") is session
    until(lambda: world.taken == 1)


def test_a_request_that_waited_for_a_session_that_ended_gets_a_new_one() -> None:
    world, found = World(LONG), list[Session]()
    with world.sessions.using("ann", "a") as first:
        waiting = threading.Thread(target=lambda: found.append(world.use("a")))
        closing = threading.Thread(target=world.sessions.close, args=("ann", "a"))
        waiting.start()
        closing.start()
        until(lambda: all(one.session is not first for one in world.sessions._open.values()))
    waiting.join()
    closing.join()
    assert found[0] is not first
    world.sessions.close_all()
    assert world.taken == 2


def test_what_a_request_changes_after_its_session_was_closed_is_taken_back_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gremlin_sessions, "_PATIENCE", 0.05)
    world = World(LONG)
    with world.sessions.using("ann", "a") as session:
        world.sessions.close("ann", "a")
        assert world.taken == 1
        session.undo.append(world._take)
    assert world.taken == 2


def test_too_many_are_refused_until_one_ends() -> None:
    world = World(SOON, most=1)
    world.use("a")
    with pytest.raises(QueryLimitError, match="Too many sessions"):
        world.use("b")
    until(lambda: world.taken == 1)
    world.use("b")


def test_one_owner_cannot_take_all_sessions() -> None:
    world = World(LONG, most=4, each=2)
    first = world.use("a"), world.use("b")
    with pytest.raises(QueryLimitError, match="You have 2 sessions open"):
        world.use("c")
    assert (world.use("a"), world.use("b")) == first
    assert world.use("a", "bob") is not first[0]
    world.sessions.close("ann", "a")
    world.use("c")
    world.sessions.close_all()


def test_a_request_that_waits_for_a_session_can_be_cancelled_and_does_not_wait_for_ever(engine: GremlinEngine) -> None:
    service, answers = GremlinService(engine, GremlinSettings(seconds=LONG)), list[Any]()

    def ask(**args: Any) -> None:
        body = {"op": "eval", "processor": "session", "args": {"gremlin": "g.inject(1)", "session": "s", **args}}
        answers.extend(service.answer(CODECS[DEFAULT].read(orjson.dumps(body)), None))

    with service.sessions.using("None", "s"):
        waiting = threading.Thread(target=ask, kwargs={"queryId": "mine"})
        waiting.start()
        until(lambda: "mine" in service.running(None))
        assert service.cancel("mine", None)
        waiting.join()
        ask(evaluationTimeout=50)
    assert [reply.code for reply in answers] == [598, 598]
    assert ["cancelled" in reply.message for reply in answers] == [True, False]
    ask()
    assert (answers[-1].code, answers[-1].data) == (200, [1])
    service.close()


def test_a_session_that_cannot_be_rolled_back_keeps_no_other_open() -> None:
    world = World(SOON)

    def fail() -> None:
        raise OSError("the disk is gone")

    world.use("a").undo.append(fail)
    world.use("b")
    until(lambda: world.taken == 1 and not world.sessions._open)


def test_what_an_idle_session_changed_is_gone_for_everybody() -> None:
    with server(session_seconds=SOON) as running:
        url = f"ws://127.0.0.1:{running.port}/gremlin"
        remote = DriverRemoteConnection(url, "g")
        try:
            g = traversal().with_(remote)
            inside = g.tx().begin()
            inside.add_v("draft").iterate()
            assert g.V().has_label("draft").count().next() == 1
            until(lambda: g.V().has_label("draft").count().next() == 0)
        finally:
            remote.close()


def test_locks_of_the_served_graph_are_free_afterwards(engine: GremlinEngine) -> None:
    service = GremlinService(engine, GremlinSettings(session_seconds=SOON))
    assert submit(service, "g.addV('draft').count()", session="a") == [1]
    until(lambda: submit(service, "g.V().hasLabel('draft').count()") == [0])
    assert submit(service, "g.addV('kept').count()") == [1]
    service.close()
