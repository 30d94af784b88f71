"""What is proposed at once in the place of a rejected reference, over a real service."""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.service import Service
from bifrost.links import Correction, LinkState, LinkType, Verdict
from tests.api.projects import build, built_project


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Concerts whose performers may be artists or bands: the values are keys of both, and the name says neither."""
    work, rng = tmp_path_factory.mktemp("likeliest"), random.Random(11)
    folder = work / "stage"
    folder.mkdir()
    tables = {
        "artist": ("id,artist_name,born", [f"{n},Artist {n * 7},{1950 + n % 50}" for n in range(1, 71)]),
        "band": ("id,band_name,town", [f"{n},Band {n * 11},Town {n % 7}" for n in range(1, 76)]),
        "concert": ("id,performer_id,price", [f"{n},{rng.randint(1, 70)},{rng.random():.4f}" for n in range(1, 301)]),
    }
    for name, (header, rows) in tables.items():
        (folder / f"{name}.csv").write_text("\n".join([header, *rows]) + "\n")
    return built_project(work, "stage")


def performers(service: Service) -> list[LinkType]:
    return [t for t in service.store.links.link_types() if str(t.tail) == "stage/concert.performer_id"]


def test_a_no_is_followed_by_the_next_likeliest_and_its_undo_takes_that_back(service: Service) -> None:
    (asked,) = performers(service)
    outcome = service.judge(asked.id, Verdict.REJECT, "ann")
    (instead,) = outcome.proposed
    assert {t.id: t.state for t in performers(service)} == {
        asked.id: LinkState.REJECTED,
        instead.id: LinkState.PROPOSED,
    }
    assert instead.id in [question.link_type.id for question in service.queue("ann")]
    build(service)
    assert len(performers(service)) == 2, "the next build finds the same"

    undone = service.undo(outcome.judgement.id, "ann")
    assert not undone.proposed
    assert [t.id for t in performers(service)] == [asked.id]

    service.judge(asked.id, Verdict.REJECT, "ann")
    confirmed = service.judge(instead.id, Verdict.CONFIRM, "ann")
    assert confirmed.edges_changed == 300
    assert not confirmed.proposed


def test_a_correction_to_another_column_leaves_nothing_to_propose(service: Service) -> None:
    (asked,) = performers(service)
    assert asked.otherwise is not None
    outcome = service.judge(asked.id, Verdict.CONFIRM, "ann", Correction(head=asked.otherwise.head))
    assert not outcome.proposed
    states = {str(t.head): t.state for t in performers(service)}
    assert states[str(asked.otherwise.head)] is LinkState.CONFIRMED
    assert LinkState.PROPOSED not in states.values()


def test_the_command_line_names_it(service: Service, tmp_path: Path) -> None:
    (asked,) = performers(service)
    service.close()
    at = ["--data-dir", str(tmp_path / "data")]
    answer = CliRunner().invoke(cli, [*at, "links", "reject", asked.id])
    assert answer.exit_code == 0, answer.output
    assert "proposed instead: " in answer.output
    undone = CliRunner().invoke(cli, [*at, "--json", "links", "undo"])
    assert json.loads(undone.stdout)["proposed"] == []
