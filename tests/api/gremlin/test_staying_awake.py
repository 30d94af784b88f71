"""How long the event loop stays awake for the next request."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from api import turns
from api.turns import Turns


class Clock:
    """A clock on which a look takes some seconds."""

    def __init__(self, step: float) -> None:
        self.now, self.step, self.looks = 1000.0, step, 0

    def __call__(self) -> float:
        self.now += self.step
        self.looks += 1
        return self.now


class Wire:
    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    def is_closing(self) -> bool:
        return False


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Answers requests that came one by one, with pauses on the clock; returns how often the clock was read."""
    loop = asyncio.new_event_loop()
    clock = Clock(0)
    monkeypatch.setattr(turns, "perf_counter", clock)

    async def answer(count: int) -> None:
        wire = Wire()
        for turn in [Turns.of(loop)] * count:
            turn.moment(None)
            turn.write(wire, b"x")  # type: ignore[arg-type]
            for _ in range(20):
                await asyncio.sleep(0)
        assert wire.sent == [b"x"] * count

    def ask(step: float, count: int = 1, after: float = 0.0) -> int:
        clock.step, clock.looks = step, 0
        clock.now += after
        loop.run_until_complete(answer(count))
        return clock.looks

    yield ask
    loop.close()


def test_it_looks_again_for_a_moment(asked: Callable[..., int]) -> None:
    assert asked(0.00014) == 4  # at the answer, and thrice until the moment is over
    assert asked(0.00014) == 4


def test_it_rests_when_others_need_the_processor(asked: Callable[..., int]) -> None:
    assert asked(0.005) == 2  # kept from looking
    assert asked(0.00014) == 1  # resting: only the answer
    assert asked(0.00014, after=0.02) == 4


def test_it_rests_longer_each_time(asked: Callable[..., int]) -> None:
    asked(0.005)
    asked(0.005, after=0.011)  # soon again: 20 ms
    assert asked(0.00014, after=0.011) == 1
    assert asked(0.00014, after=0.011) == 4
    asked(0.005, after=1)  # not soon: 10 ms
    assert asked(0.00014, after=0.011) == 4


def test_it_does_not_look_while_many_ask() -> None:
    loop = asyncio.new_event_loop()

    async def many() -> None:
        wire, turn = Wire(), Turns.of(asyncio.get_running_loop())
        for _ in range(3):
            turn.moment(None)
            for _ in range(3):
                turn.write(wire, b"x")  # type: ignore[arg-type]
            for _ in range(3):
                await asyncio.sleep(0)
        assert len(wire.sent) == 9
        assert not turn._is_awake

    loop.run_until_complete(many())
    loop.close()
