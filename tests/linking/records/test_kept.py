"""Kept tasks save work and never change what comes out, but for estimates that large tasks keep for a while."""

from pathlib import Path

import numpy as np
import pytest

from linking.records import KeptTasks
from linking.records.adapt import Answers
from linking.records.blocking import Pairs
from linking.records.fields import Records
from linking.records.matching import Matching, match_records
from linking.records.packing import pack, unpack
from tests.linking.records.test_sync import EVERYBODY, LARGE, OTHERS, assert_same, edited, keyed, task

LEFT, RIGHT = keyed(EVERYBODY, "a"), keyed(OTHERS, "b")


def synced(count: int, dirty: bool = False) -> Records:
    return task(edited(LEFT, np.random.default_rng(3), count, "l"), None if dirty else RIGHT)


@pytest.mark.parametrize("dirty", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_a_packed_task_is_the_same_when_read(tmp_path: Path, dirty: bool, large: bool) -> None:
    matching = match_records(task(LEFT, None if dirty else RIGHT), LARGE if large else None)
    pack(matching, tmp_path)
    read = unpack(tmp_path)
    assert isinstance(read, Matching)
    assert_same(read, matching)
    assert read.precision() == matching.precision()
    assert (read.blocked is read.prepared) == (matching.blocked is matching.prepared)
    assert (read.blocked.comparer.grams.left is read.blocked.comparer.grams.right) == dirty
    assert (read.blocked.comparer.fragments is not None) == large


def test_only_known_classes_are_packed(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="PosixPath"):
        pack((1, tmp_path), tmp_path)
    (tmp_path / "index.json").write_text('{"root": 0, "parts": [{"class": "Popen", "of": {}}]}')
    with pytest.raises(KeyError):
        unpack(tmp_path)


@pytest.mark.parametrize("dirty", [False, True])
def test_a_large_task_is_continued_by_the_next_process(tmp_path: Path, dirty: bool) -> None:
    before = task(LEFT, None if dirty else RIGHT)
    first = KeptTasks(tmp_path, large=50).match("link", before)
    after = synced(8, dirty)
    full = match_records(after, like=first)
    assert_same(KeptTasks(tmp_path, large=50).match("link", after), full)
    assert_same(KeptTasks(tmp_path, large=50).match("link", after), full)


def test_after_many_changes_everything_is_estimated_anew(tmp_path: Path) -> None:
    tasks = KeptTasks(tmp_path, large=50)
    tasks.match("link", task(LEFT, RIGHT))
    after = synced(90)
    assert_same(tasks.match("link", after), match_records(after))


def test_a_small_task_does_not_depend_on_what_is_kept(tmp_path: Path) -> None:
    tasks = KeptTasks(tmp_path)
    tasks.match("link", task(LEFT, RIGHT))
    after = synced(8)
    assert_same(tasks.match("link", after), match_records(after))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["{}", "nonsense", '{"version": "0", "drift": 0}'])
def test_a_damaged_task_is_done_anew(tmp_path: Path, damage: str) -> None:
    KeptTasks(tmp_path, large=50).match("link", task(LEFT, RIGHT))
    (info,) = tmp_path.glob("*/info.json")
    info.write_text(damage)
    after = synced(8)
    assert_same(KeptTasks(tmp_path, large=50).match("link", after), match_records(after))


def test_tasks_of_link_types_that_are_gone_are_deleted(tmp_path: Path) -> None:
    tasks = KeptTasks(tmp_path, large=50)
    for key in ("one", "two"):
        tasks.match(key, task(LEFT[:40], RIGHT[:40]))
    assert len(list(tmp_path.iterdir())) == 2
    tasks.forget(frozenset({"two"}))
    assert len(list(tmp_path.iterdir())) == 1


def test_what_people_confirmed_is_no_estimate_that_is_kept(tmp_path: Path) -> None:
    """Several confirmed partners of a record count while the answers stand, before a sync and after."""
    rows = np.arange(8)
    pairs = Pairs(np.repeat(rows, 2), (np.repeat(rows, 2) + np.tile([0, 40], 8)) % len(RIGHT))
    several = Answers(pairs, np.ones(len(pairs), bool))
    tasks = KeptTasks(tmp_path, large=50)
    assert tasks.match("link", task(LEFT, RIGHT)).once == (True, True)
    assert tasks.match("link", synced(4), answers=several).once == (False, True)
    assert tasks.match("link", synced(8)).once == (True, True)
    assert_same(tasks.match("link", synced(8)), tasks.match("link", synced(8)))
