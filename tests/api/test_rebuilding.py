"""Projections are rebuilt while the service runs, and everybody who looks sees how far that is."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.compose import open_service, open_store
from api.ports import ProjectionState
from api.rebuilding import Rebuilding
from api.service import Service
from bifrost.errors import ConflictError, NotFoundError, StoreUnavailableError
from bifrost.settings import load_settings
from graphstore.search import SearchProjection
from tests.api.conftest import Client, Shop, connect
from tests.api.test_follower import until, write
from tests.graphstore.worlds import register

REBUILD = "mutation($name: String!) { rebuildProjection(name: $name) { name state progress problem } }"


class Slow:
    """A projection whose rebuild is half done until somebody lets it go on."""

    name = "slow"

    def __init__(self) -> None:
        self.half, self.go_on, self.ended = threading.Event(), threading.Event(), False

    def rebuild(self, progress: Callable[[float], object]) -> None:
        progress(0.5)
        self.half.set()
        assert self.go_on.wait(20)
        progress(1.0)
        self.ended = True


class Broken:
    """A projection that cannot be rebuilt at first."""

    name = "broken"

    def __init__(self) -> None:
        self.works = False

    def rebuild(self, progress: Callable[[float], object]) -> None:
        if not self.works:
            raise StoreUnavailableError("Another process serves it.")


def rebuilding(*projections: object) -> Rebuilding:
    return Rebuilding(projections)  # type: ignore[arg-type]


def test_a_rebuild_tells_its_share_and_does_not_start_twice() -> None:
    slow = Slow()
    made = rebuilding(slow)
    assert made.share("slow") is None
    made.start("slow")
    assert slow.half.wait(20)
    assert made.share("slow") == 0.5
    with pytest.raises(ConflictError, match="already"):
        made.start("slow")
    slow.go_on.set()
    until(lambda: made.share("slow") is None)
    assert slow.ended
    made.start("slow")
    made.close()


def test_a_stop_ends_it_at_its_next_step() -> None:
    slow = Slow()
    made = rebuilding(slow)
    made.start("slow")
    assert slow.half.wait(20)
    closing = threading.Thread(target=made.close)
    closing.start()
    until(made._stop.is_set)
    slow.go_on.set()
    closing.join()
    assert not slow.ended
    assert (made.share("slow"), made.failure("slow")) == (None, "")


def test_a_failure_is_told_until_the_next_try() -> None:
    broken = Broken()
    made = rebuilding(broken)
    made.start("broken")
    until(lambda: made.share("broken") is None)
    assert made.failure("broken") == "Another process serves it."
    broken.works = True
    made.start("broken")
    until(lambda: made.share("broken") is None)
    assert made.failure("broken") == ""


def test_what_is_not_there_is_not_rebuilt() -> None:
    with pytest.raises(NotFoundError, match="There is no projection 'wrong'"):
        rebuilding(Slow()).start("wrong")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    settings = load_settings(data_dir=tmp_path / "data")
    store = open_store(settings)
    register(store, "a/x")
    write(store, 4_500)
    store.close()
    opened = open_service(settings)
    yield opened
    opened.close()


def test_search_and_sparql_answer_as_before_when_rebuilt_beside_the_follower(service: Service) -> None:
    count = "SELECT (COUNT(*) AS ?n) { ?s a ?t }"
    service.follower.start()
    for name in ("search", "sparql"):
        service.rebuild_projection(name)
    until(lambda: all(one.state is ProjectionState.IN_STEP for one in service.projections()))
    assert len(service.search.search("x", limit=5_000)) == 4_500
    assert service.sparql.query(count, "text/csv", 30)[1].split()[1] == b"4500"
    assert [one.problem for one in service.projections()] == ["", ""]


def test_each_projection_tells_its_steps(service: Service) -> None:
    for projection in service.pipeline.projections:
        shares: list[float] = []
        projection.rebuild(shares.append)
        assert len(shares) >= 3
        assert shares == sorted(shares)
        assert shares[-1] == 1.0


def test_a_rebuild_that_ended_early_is_followed_to_the_end(service: Service) -> None:
    class StopError(Exception):
        pass

    def stop(share: float) -> None:
        raise StopError

    for projection in service.pipeline.projections:
        with pytest.raises(StopError):
            projection.rebuild(stop)
        assert projection.lag().changes > 0
        projection.catch_up()
    assert len(service.search.search("x", limit=5_000)) == 4_500


def test_states(service: Service) -> None:
    assert [one.state for one in service.projections()] == [ProjectionState.FOLLOWING] * 2
    service.follower._failed["search"] = "The disk is full."
    assert [(one.state, one.problem) for one in service.projections()] == [
        (ProjectionState.FAILED, "The disk is full."),
        (ProjectionState.FOLLOWING, ""),
    ]


@pytest.mark.anyio
async def test_administrators_rebuild_through_graphql(
    shop: Shop, admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    rebuild = SearchProjection.rebuild

    def slowly(self: SearchProjection, progress: Callable[[float], object]) -> None:
        begun.set()
        assert go_on.wait(20)
        rebuild(self, progress)

    monkeypatch.setattr(SearchProjection, "rebuild", slowly)
    answer = await admin.graphql(REBUILD, name="search")
    assert begun.wait(20)
    assert [(one["name"], one["state"]) for one in answer["rebuildProjection"]] == [("search", "REBUILDING")]
    again = await admin.execute(REBUILD, name="search")
    assert again["errors"][0]["extensions"]["code"] == "conflict"
    go_on.set()
    until(lambda: shop.service.projections()[0].state is ProjectionState.IN_STEP)
    wrong = await admin.execute(REBUILD, name="wrong")
    assert wrong["errors"][0]["extensions"]["code"] == "not_found"


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["rita", "rob"])
async def test_nobody_else_does(shop: Shop, name: str) -> None:
    async with connect(shop.app, name) as http:
        answer = await Client(http, name).execute(REBUILD, name="search")
    assert answer["errors"][0]["extensions"]["code"] == "forbidden"
