import os
from pathlib import Path

import pytest

from linking.records.parallel import processors


@pytest.mark.parametrize(
    ("said", "count"),
    [("max 100000\n", 8), ("150000 100000\n", 2), ("50000 100000\n", 1), ("900000 100000\n", 8), ("", 8)],
)
def test_a_container_uses_no_more_processors_than_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    (tmp_path / "cpu.max").write_text(said)
    assert processors(tmp_path / "cpu.max") == count


def test_without_a_share_all_processors_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert processors(tmp_path / "nothing") == 2
