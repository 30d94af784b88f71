"""Knowledge carried between projects, over a real service: what others answered about pairs changes the first proposals."""

import csv
from pathlib import Path

import numpy as np
import pytest

from api.compose import open_service
from api.service import Service
from bifrost.links import LinkKind, LinkType, PairQuestion, SamePair, Verdict
from bifrost.settings import load_settings
from tests.api.projects import build, built_project
from tests.linking.records.tables import misspell, people

COUNT = 240


def project(work: Path, seed: int) -> Path:
    """A table of people, a third of them in it twice, badly written and only told by name, city and year."""
    folder = work / "crm"
    folder.mkdir(parents=True)
    everybody = [{"name": p["name"], "city": p["city"], "born": p["born"][:4]} for p in people(COUNT, seed=seed)]
    rows = [*everybody, *misspell(everybody[: COUNT // 3], seed, share=0.8)]
    with (folder / "members.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["no", *rows[0]])
        writer.writeheader()
        writer.writerows({"no": f"m{n:04d}", **row} for n, row in enumerate(rows))
    return built_project(work, "crm")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return project(tmp_path_factory.mktemp("carrying"), 2)


def confirmed(service: Service) -> LinkType:
    found = service.store.links.link_types()
    same = next(t for t in found if t.kind is LinkKind.SAME_THING)
    service.judge(same.id, Verdict.CONFIRM, "ann")
    return same


def taught(work: Path, seed: int) -> bytes:
    """What another project with people exports after forty answers about pairs."""
    project(work, seed)
    service = open_service(load_settings(data_dir=work / "data"))
    same = confirmed(service)
    for _ in range(4):
        for question in service.pair_questions(same.id, 10):
            assert question.pair is not None
            verdict = Verdict.CONFIRM if are_same(question.pair) else Verdict.REJECT
            service.store.links.judge(question.subject, verdict, "ann")
        service.pipeline.links.apply(service.store.links.link_type(same.id))
    content = service.carrying.export()
    service.close()
    return content


def are_same(pair: SamePair | PairQuestion) -> bool:
    return abs(int(pair.left[-4:]) - int(pair.right[-4:])) == COUNT


def found(service: Service, id: str) -> float:
    """F1 of the merged pairs."""
    merged = [p for p in service.store.links.pairs(id, limit=10_000) if p.score >= 0.5]
    return 2 * sum(map(are_same, merged)) / (len(merged) + COUNT // 3)


def test_answers_about_pairs_of_another_project_make_the_proposals_better_until_taken_back(
    service: Service, tmp_path: Path
) -> None:
    same = confirmed(service)
    alone, scores = found(service, same.id), service.store.links.pair_scores(same.id).score
    learnt = service.carrying.add(taught(tmp_path / "other", 3), "ann", "other.json")
    assert (learnt.imported.about_types, learnt.imported.about_pairs) == (1, 40)
    build(service)
    assert found(service, same.id) > alone
    service.carrying.remove(learnt.imported.id)
    build(service)
    assert np.array_equal(service.store.links.pair_scores(same.id).score, scores)
