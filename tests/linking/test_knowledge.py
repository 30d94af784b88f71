"""Knowledge of other projects: a file of numbers, several of which count together, each of which can be taken back."""

import json
from pathlib import Path

import pytest

from bifrost.errors import ConflictError, InputError, NotFoundError
from bifrost.links import PairLesson
from linking.kept_knowledge import KeptKnowledge
from linking.knowledge import export_knowledge, import_knowledge
from linking.linker import BifrostLinker

LESSON = PairLesson(("mix", "mean"), ((0.5, 0.25), (0.75, 0.5)), (1.5, -2.0), (True, False))


def file_with(count: int, *lessons: PairLesson) -> bytes:
    examples = [{"confirmed": True, "features": {"containment": 1.0}}] * count
    made = json.loads(export_knowledge((), (), lessons))
    return json.dumps(made | {"kinds": {"reference": examples}}).encode()


def test_what_is_imported_counts_without_a_restart_and_until_it_is_taken_back(tmp_path: Path) -> None:
    kept = KeptKnowledge(tmp_path)
    linker = BifrostLinker(knowledge=kept)
    versions = [linker.version]
    for n in (1, 2):
        KeptKnowledge(tmp_path).add(file_with(n, LESSON), "ann", f"{n}.json")
        versions.append(linker.version)
    assert len(set(versions)) == 3
    assert (kept().about_types, kept().about_pairs) == (3, 4)
    newest, first = kept.imports()
    assert (newest.name, newest.by, newest.about_types, newest.about_pairs) == ("2.json", "ann", 2, 2)
    kept.remove(newest.id)
    assert linker.version == versions[1]
    kept.remove(first.id)
    assert (linker.version, kept.imports()) == (versions[0], [])
    with pytest.raises(NotFoundError):
        kept.remove(first.id)


def test_a_file_counts_once_and_must_teach_something(tmp_path: Path) -> None:
    kept = KeptKnowledge(tmp_path)
    kept.add(file_with(1), "ann")
    with pytest.raises(ConflictError, match="already"):
        kept.add(file_with(1), "bob")
    with pytest.raises(InputError, match="teaches nothing"):
        kept.add(file_with(0), "bob")
    assert len(kept()) == 1


def test_answers_about_pairs_are_carried_as_they_were() -> None:
    knowledge = import_knowledge(export_knowledge((), (), (LESSON,)))
    assert knowledge.lessons == (LESSON,)
    assert len(knowledge) == 2


def test_a_file_of_a_version_without_pairs_is_read() -> None:
    older = json.loads(file_with(2, LESSON))
    del older["pairs"]
    knowledge = import_knowledge(json.dumps(older).encode())
    assert (knowledge.about_types, knowledge.about_pairs) == (2, 0)


@pytest.mark.parametrize(
    "answers", [[[1, 0.5]], [[1, 0.5, "x", 1]], [[1, 0.5, float("nan"), 1]], [[1, 1e300, 1, 1]], 7, [7]]
)
def test_pairs_that_are_no_numbers_are_refused(answers: object) -> None:
    content = json.loads(file_with(1))
    content["pairs"] = [{"features": ["mix", "mean"], "answers": answers}]
    with pytest.raises(InputError, match="no file of linking knowledge"):
        import_knowledge(json.dumps(content).encode())
