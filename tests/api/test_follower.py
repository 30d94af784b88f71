"""Search and SPARQL keep in step while the service runs, and an answer that is behind says so."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner
from structlog.testing import LogCapture

from api import follower as follower_module
from api.cli import cli
from api.compose import open_service, open_store
from api.follower import Follower
from api.service import Service
from bifrost.errors import StoreUnavailableError
from bifrost.ports import Lag
from bifrost.settings import Settings, load_settings
from graphstore import following
from graphstore.sql import SqlStore
from tests.api.conftest import Client, Shop
from tests.graphstore.worlds import record, register, say


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path / "data")


@pytest.fixture
def other(settings: Settings) -> Iterator[SqlStore]:
    """The same store as another process opens it."""
    store = open_store(settings)
    register(store, "a/x")
    yield store
    store.close()


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    opened = open_service(settings)
    yield opened
    opened.close()


def write(store: SqlStore, count: int) -> None:
    say(store, "a/x", *(record("a/x", f"{store.log.position()}-{i}", n=i) for i in range(count)))


def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def in_step(service: Service) -> bool:
    return all(one.behind == 0 and one.position == service.store.log.position() for one in service.projections())


def test_what_anybody_writes_is_followed_without_a_query(service: Service, other: SqlStore) -> None:
    service.follower.start()
    for count in (3_000, 1):
        write(other, count)
        until(lambda: in_step(service))
    assert [one.seconds for one in service.projections()] == [0.0, 0.0]
    service.follower.close()
    assert [thread for thread in threading.enumerate() if thread.name.startswith("follow-")] == []


def test_one_service_follows_and_the_next_takes_over(
    service: Service, other: SqlStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower_module, "_TAKE_OVER_SECONDS", 0.1)
    second = open_service(settings)
    try:
        service.follower.start()
        write(other, 5)
        until(lambda: in_step(service))
        second.follower.start()
        write(other, 5)
        until(lambda: in_step(service))
        service.close()
        write(other, 5)
        until(lambda: in_step(second))
    finally:
        second.close()


def test_queries_and_the_end_of_a_build_go_on_beside_it(service: Service, other: SqlStore) -> None:
    service.follower.start()
    for _ in range(10):
        write(other, 200)
        service.pipeline.publish()
        assert in_step(service)
        write(other, 1)
        assert service.search.search("x", limit=1)
        body = service.sparql.query("SELECT (COUNT(*) AS ?n) { ?s a ?t }", "text/csv", 30)[1]
        assert int(body.split()[1]) == service.store.view().count()


def test_the_command_line_follows_first_and_tells_the_lag(
    other: SqlStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_PATIENCE", 0.0)
    monkeypatch.setattr("api.cli.configure_logging", lambda settings: None)  # of the whole process
    write(other, 4_500)
    time.sleep(0.2)  # the lag is told in tenths of a second

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["--data-dir", str(settings.data_dir), "--json", *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    status = {one["name"]: one for one in json.loads(run("projection", "status"))}
    assert {name: one["behind"] for name, one in status.items()} == {"search": 4_500, "sparql": 4_500}
    assert all(one["seconds"] > 0 for one in status.values())
    assert len(json.loads(run("search", "x", "--limit", "1000"))) == 1_000
    assert run("query", "sparql", "SELECT (COUNT(*) AS ?n) { ?s a ?t }", "--accept", "text/csv").split()[1] == "4500"
    assert [one["behind"] for one in json.loads(run("projection", "status"))] == [0, 0]


class Failing:
    """A projection that fails until it is mended."""

    name = "failing"

    def __init__(self) -> None:
        self.asked, self.works = 0, False

    def follow(self, seconds: float) -> Lag:
        self.asked += 1
        if not self.works:
            raise StoreUnavailableError("It cannot be reached.")
        return Lag(0, 0.0)


def test_a_failure_is_logged_once_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captured = LogCapture()  # of all levels, whatever the process is configured to log
    log = structlog.wrap_logger(None, processors=[captured], wrapper_class=structlog.make_filtering_bound_logger(0))
    monkeypatch.setattr(follower_module, "_log", log)
    failing = Failing()
    follower = Follower([failing], tmp_path / "lock")  # type: ignore[list-item]
    follower.start()
    until(lambda: failing.asked >= 3)
    assert [entry["event"] for entry in captured.entries] == ["follower.failed"]
    failing.works = True
    until(lambda: len(captured.entries) == 2)
    follower.close()
    assert captured.entries[1]["event"] == "follower.recovered"


@pytest.mark.anyio
async def test_answers_that_are_behind_say_so(shop: Shop, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, count = '{ search(text: "late") { score } }', "SELECT (COUNT(*) AS ?n) { ?s a ?t }"
    assert "extensions" not in await admin.execute(ask)
    response = await admin.http.get("/sparql", params={"query": count})
    assert "bifrost-behind" not in response.headers
    monkeypatch.setattr(following, "_PATIENCE", 0.0)
    register(shop.service.store, "late/x")
    say(shop.service.store, "late/x", *(record("late/x", str(i), name="late") for i in range(6_000)))
    answer = await admin.execute(ask)
    assert len(answer["data"]["search"]) > 0
    assert answer["extensions"]["behind"]["search"]["changes"] == 4_000
    assert answer["extensions"]["behind"]["search"]["seconds"] > 0
    response = await admin.http.get("/sparql", params={"query": count})
    assert response.headers["bifrost-behind"].startswith("changes=4000, seconds=")
    assert json.loads(response.content)["results"]["bindings"]
