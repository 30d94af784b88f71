"""Review of pairs of records: what is known of them as a whole, what is asked, and what answers do. Over a real service."""

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from api.cli import cli
from api.ports import PairsMoved, pairs_moved
from api.service import Service
from bifrost.links import LinkKind, LinkState, LinkType, SamePair, Verdict
from bifrost.ports import PairScores
from tests.api.projects import built_project
from tests.linking.records.tables import misspell, people


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables of people, half of them the same ones, misspelt and told by name, city and year alone."""
    work = tmp_path_factory.mktemp("pairs")
    folder = work / "crm"
    folder.mkdir()
    everybody = [{"name": p["name"], "city": p["city"], "born": p["born"][:4]} for p in people(240)]
    for name, rows in (("clients", everybody[:160]), ("members", misspell(everybody[80:], share=0.8))):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ["no", *rows[0]])
            writer.writeheader()
            writer.writerows({"no": f"{name[0]}{n:04d}", **row} for n, row in enumerate(rows))
    return built_project(work, "crm")


def same_thing(service: Service) -> LinkType:
    return next(
        t
        for t in service.store.links.link_types()
        if t.kind is LinkKind.SAME_THING and t.tail.dataset != t.head.dataset
    )


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


def test_the_queue_asks_about_pairs_that_teach_most(service: Service) -> None:
    assert all(question.pair is None for question in service.queue("ann"))
    one = confirmed(service)
    asked = [question for question in service.queue("ann") if question.pair is not None]
    assert 0 < len(asked) <= 5
    assert asked[0].link_type == one
    ends = [uid for q in asked if q.pair for uid in (q.pair.left, q.pair.right)]
    assert len(set(ends)) == len(ends)
    wide = service.pair_questions(one.id, 40)
    assert [q.subject for q in wide[:3]] == [q.subject for q in service.pair_questions(one.id, 3)]
    assert len(wide) > 5


def test_an_answer_about_a_pair_is_logged_and_says_what_it_changed(service: Service) -> None:
    one = confirmed(service)
    moved, in_queue = 0, 0
    for _ in range(8):
        question = service.pair_questions(one.id, 1)[0]
        assert question.pair is not None
        in_queue += question.subject in {q.subject for q in service.queue("ann")}
        known = {q.subject for q in service.pair_questions(one.id, 20)}
        number = {uid.split("/")[1]: int(uid[-4:]) for uid in (question.pair.left, question.pair.right)}
        verdict = Verdict.CONFIRM if number["clients"] == number["members"] + 80 else Verdict.REJECT
        outcome = service.judge_pair(one.id, question.pair.left, question.pair.right, verdict, "ann")
        moved += sum(outcome.pairs_moved)
        assert question.subject in known
        assert question.subject not in {q.subject for q in service.pair_questions(one.id, 20)}
    assert moved > 0
    found = service.asking.replayed()
    assert in_queue >= 3
    assert found.policies[0].answers + found.own == 1 + in_queue


def test_undoing_an_answer_about_a_pair_says_what_it_changed_and_asks_again(service: Service) -> None:
    one = confirmed(service)
    question = service.pair_questions(one.id, 1)[0]
    assert question.pair is not None
    before = service.store.links.pairs(one.id, limit=1000)
    outcome = service.judge_pair(one.id, question.pair.left, question.pair.right, Verdict.REJECT, "ann")
    service.undo(outcome.judgement.id, "ann")
    assert service.store.links.pairs(one.id, limit=1000) == before
    assert service.pair_questions(one.id, 1)[0].subject == question.subject


def test_the_command_line_asks_about_pairs_and_says_what_an_answer_moved(service: Service, tmp_path: Path) -> None:
    one = confirmed(service)
    service.close()
    runner, data = CliRunner(), ["--data-dir", str(tmp_path / "data")]
    listed = runner.invoke(cli, [*data, "links", "list"])
    assert "pair" in listed.output
    asked = json.loads(runner.invoke(cli, ["--json", *data, "links", "pairs", one.id, "--ask", "--limit", "3"]).output)
    pair = asked[0]["pair"]
    said = runner.invoke(cli, [*data, "links", "pair", "reject", one.id, pair["left"], pair["right"]])
    assert said.exit_code == 0
    mine = runner.invoke(cli, [*data, "links", "history", "--by", "nobody"])
    assert "No answers" in mine.output
    assert "Not counted" in runner.invoke(cli, [*data, "links", "policy"]).output
    assert runner.invoke(cli, [*data, "links", "policy", "--use", "edges"]).exit_code != 0
    assert "edges (in use)" in runner.invoke(cli, [*data, "links", "policy", "--use", "edges", "--force"]).output


def test_movement_is_told_in_words() -> None:
    before, after = {1: 0.5, 2: 0.5, 3: 0.2, 4: 0.5, 5: 0.5}, {1: 0.95, 2: 0.6, 4: 0.4, 5: 0.51, 9: 0.05}
    old, new = (
        PairScores(np.array(list(one), np.int64), np.array(list(one.values()), np.float32)) for one in (before, after)
    )
    assert pairs_moved(old, new) == PairsMoved(above=1, below=1, likelier=2, less_likely=1)
    assert pairs_moved(new, new) == PairsMoved()


def test_scores_are_read_but_for_the_pair_that_an_answer_is_about(service: Service) -> None:
    one = confirmed(service)
    links = service.store.links
    pairs = links.pairs(one.id, limit=100_000)
    every = links.pair_scores(one.id)
    assert sorted(every.score.tolist()) == pytest.approx(sorted(pair.score for pair in pairs))
    assert (np.diff(every.key) > 0).all()
    for left, right in ((pairs[3].left, pairs[3].right), (pairs[3].right, pairs[3].left)):
        others = links.pair_scores(one.id, without=f"{one.id}|{left}|{right}")
        assert len(others.key) == len(pairs) - 1
        (gone,) = set(every.key.tolist()) - set(others.key.tolist())
        assert every.score[every.key == gone] == pytest.approx(pairs[3].score)


def test_what_an_answer_moved_is_told_of_a_hundred_thousand_pairs_in_a_moment(service: Service) -> None:
    one = confirmed(service)
    service.judge(one.id, Verdict.REJECT, "ann")
    rows = [row["_uid"] for batch in service.store.linking_data().rows("crm", "clients") for row in batch.to_pylist()]
    others = [row["_uid"] for batch in service.store.linking_data().rows("crm", "members") for row in batch.to_pylist()]
    made = [SamePair(a, b, 0.3, {"field:name": 1.0}) for a in rows for b in others]
    service.store.links.write_same(one, made)
    started = time.perf_counter()
    before, after = (service.store.links.pair_scores(one.id, without=f"{one.id}|{rows[0]}|{others[0]}") for _ in "12")
    assert pairs_moved(before, after) == PairsMoved()
    seconds = (time.perf_counter() - started) * 100_000 / len(made)
    assert len(before.key) == len(made) - 1
    assert seconds < 2
