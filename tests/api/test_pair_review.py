"""Review of pairs of records: what is known of them as a whole, what is asked, and what answers do. Over a real service."""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.compose import open_service
from api.service import Service
from bifrost.links import LinkKind, LinkState, LinkType, Verdict
from bifrost.settings import load_settings
from tests.linking.records.tables import misspell, people


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables of people, half of them the same ones, misspelt."""
    work = tmp_path_factory.mktemp("pairs")
    folder = work / "crm"
    folder.mkdir()
    everybody = people(240)
    for name, rows in (("clients", everybody[:160]), ("members", misspell(everybody[80:], share=0.5))):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["no", *rows[0]])
            writer.writeheader()
            writer.writerows({"no": f"{name[0]}{n:04d}", **row} for n, row in enumerate(rows))
    made = open_service(load_settings(data_dir=work / "data"))
    made.add_source("crm", "files", {"path": str(folder)}, {})
    assert made.pipeline.run(made.store.catalog.add_build(()).id) == {}
    made.close()
    return work


@pytest.fixture
def service(built: Path, tmp_path: Path) -> Iterator[Service]:
    shutil.copytree(built / "data", tmp_path / "data")
    made = open_service(load_settings(data_dir=tmp_path / "data"))
    yield made
    made.close()


def same_thing(service: Service) -> LinkType:
    return next(t for t in service.store.links.link_types() if t.kind is LinkKind.SAME_THING)


def confirmed(service: Service) -> LinkType:
    service.judge(same_thing(service).id, Verdict.CONFIRM, "ann")
    return same_thing(service)


def test_precision_and_recall_are_those_of_all_compared_pairs(service: Service) -> None:
    before = same_thing(service)
    assert before.state is LinkState.PROPOSED
    assert service.review.recall(before) is None
    one = confirmed(service)
    same = service.pipeline.linker.same(one, service.store.linking_data(), service.store.links.judgements(), print)
    assert service.review.recall(one) == same.matched.recall
    assert service.review.precision(one) == same.matched.precision
    assert 0 < same.matched.recall.low < same.matched.recall.value <= same.matched.recall.high
