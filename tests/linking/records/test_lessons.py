"""What was taught of one pair of tables helps with others like them, and leaves those alone that are not."""

from dataclasses import replace

import numpy as np
import pytest

from bifrost.links import PairLesson
from linking.records import Matching, match_tables
from linking.records.lessons import MOST, carried_to, nearness
from linking.records.prepared import MULTIPLE_FEATURES
from linking.records.questions import choose
from tests.linking.records.tables import misspell, people, table

COUNT = 300


def task(seed: int, lessons: tuple[PairLesson, ...] = (), answers: int = 0) -> tuple[Matching, float]:
    """A third of the people of a table are in it twice, badly written, and only told by name, city and year; the F1 of the
    matching."""
    everybody = [{"name": p["name"], "city": p["city"], "born": p["born"][:4]} for p in people(COUNT, seed=seed)]
    twice = misspell(everybody[: COUNT // 3], seed, share=0.8)
    both = table([*everybody, *twice], "a")
    truth = {(f"a/{k}", f"a/{k + COUNT}") for k in range(COUNT // 3)}
    judged: dict[tuple[str, str], bool] = {}
    while len(judged) < answers:
        for question in choose(match_tables(both, judged=judged), 10, judged):
            judged[question.left, question.right] = (question.left, question.right) in truth
    made = match_tables(both, judged=judged, lessons=lessons)
    found = {(p.left, p.right) for p in made.same_pairs() if p.score >= 0.5}
    return made, 2 * len(found & truth) / (len(found) + len(truth))


@pytest.fixture(scope="module")
def lesson() -> PairLesson:
    taught, _ = task(1, answers=60)
    assert taught.lesson is not None
    return taught.lesson


def test_answers_are_a_lesson_of_numbers(lesson: PairLesson) -> None:
    assert len(lesson) == 60
    assert {len(row) for row in lesson.rows} == {len(MULTIPLE_FEATURES)}
    assert any(lesson.same)
    assert not all(lesson.same)
    assert task(1)[0].lesson is None


def test_a_lesson_makes_the_first_proposals_of_another_project_better(lesson: PairLesson) -> None:
    alone = [task(seed)[1] for seed in (2, 3, 4, 5)]
    carried = [task(seed, (lesson,))[1] for seed in (2, 3, 4, 5)]
    assert np.mean(carried) > np.mean(alone) + 0.03
    assert min(np.subtract(carried, alone)) >= 0


def test_a_lesson_about_other_things_changes_nothing(lesson: PairLesson) -> None:
    strange = replace(lesson, rows=tuple(tuple(value + 3 for value in row) for row in lesson.rows))
    alone, carried = task(2)[0], task(2, (strange,))[0]
    assert np.array_equal(alone.log_odds, carried.log_odds)


def test_people_of_the_project_itself_have_the_last_word(lesson: PairLesson) -> None:
    wrong = replace(lesson, same=tuple(not said for said in lesson.same))
    made, _ = task(2, (wrong,), answers=20)
    assert made.lesson is not None
    taught = {(*row,): said for row, said in zip(made.lesson.rows, made.lesson.same, strict=True)}
    now = np.round(made.prepared.multiple.astype(np.float64), 4)
    said = [taught.get((*row,)) for row in now.tolist()]
    judged = [k for k, one in enumerate(said) if one is not None]
    assert len(judged) >= 20
    assert all(made.accepted[k] == said[k] for k in judged)


def test_a_feature_that_a_lesson_does_not_know_says_nothing(lesson: PairLesson) -> None:
    made, _ = task(2)
    older = replace(lesson, names=(*lesson.names[:-1], "gone"))
    carried = carried_to(made.prepared, made.log_odds, (older,))
    assert len(carried) == len(lesson)
    assert np.allclose(carried.features[:, -1], made.prepared.multiple[:, -1].mean())


def test_a_lesson_counts_as_far_as_it_is_near() -> None:
    rng = np.random.default_rng(0)
    here = rng.normal(size=(2000, 5)).astype(np.float32)
    near, far = (rng.normal(shift, size=(2000, 5)).astype(np.float32) for shift in (0.1, 2.0))
    assert nearness(here, near) > 0.9
    assert nearness(here, far) < 0.01
    assert nearness(here[:0], near) == 0.0


def test_the_newest_answers_are_kept(lesson: PairLesson) -> None:
    assert len(lesson) <= MOST
