"""Rules that accept link types, the audits that check them, reviewers and the log of choices, over a real service."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli import cli
from api.compose import open_service
from api.service import Service
from bifrost.errors import ConflictError, InputError
from bifrost.links import AUTOMATIC, LinkKind, LinkState, Verdict
from bifrost.settings import load_settings
from tests.api.projects import build


def test_nothing_is_accepted_before_a_person_sets_a_rule(service: Service) -> None:
    assert service.review.rules() == []
    assert all(one.state is LinkState.PROPOSED for one in service.questions())


def test_a_rule_confirms_what_is_sure_enough_and_leaves_a_sample_to_audit(service: Service) -> None:
    before = service.questions()
    accepted = service.review.set_rule(LinkKind.REFERENCE, 0.9, 0.1, "ann")
    assert accepted
    assert {one.id for one in accepted} == {one.id for one in before if one.probability >= 0.9}
    assert sum(service.store.view().label_counts()[1].values()) >= 120
    (answer, *_) = service.store.links.judgements(subject_prefix=accepted[0].id)
    assert answer.by == AUTOMATIC
    assert "ann" in answer.note
    audits = service.review.audits()
    assert 1 <= len(audits) <= len(accepted)
    assert service.questions()[: len(audits)] == audits


def test_an_audit_is_answered_once_and_tells_the_precision(service: Service) -> None:
    service.review.set_rule(None, 0.9, 1.0, "ann")
    first, second = service.review.audits()[:2]
    service.judge(first.id, Verdict.CONFIRM, "bob")
    edges = sum(service.store.view().label_counts()[1].values())
    service.judge(second.id, Verdict.REJECT, "bob")
    assert sum(service.store.view().label_counts()[1].values()) < edges
    assert not {first.id, second.id} & {one.id for one in service.review.audits()}
    (result,) = service.review.audited()
    assert (result.checked, result.right) == (2, 1)
    assert result.precision.low < result.precision.value < result.precision.high


def test_what_a_person_undid_is_not_accepted_again(service: Service) -> None:
    (first, *_) = service.review.set_rule(None, 0.9, 0.5, "ann")
    (answer, *_) = service.store.links.judgements(subject_prefix=first.id)
    service.undo(answer.id, "bob")
    assert service.store.links.link_type(first.id).state is LinkState.PROPOSED


def test_a_rule_is_taken_back_with_what_it_confirmed(service: Service) -> None:
    accepted = service.review.set_rule(LinkKind.REFERENCE, 0.9, 0.1, "ann")
    checked, *others = accepted
    service.judge(checked.id, Verdict.CONFIRM, "bob")
    (change,) = service.review.rule_changes()
    taken_back = service.review.undo_rule(change.id, "ann")
    assert {one.id for one in taken_back} == {one.id for one in others}
    assert service.review.rules() == []
    states = {one.id: one.state for one in service.store.links.link_types()}
    assert states[checked.id] is LinkState.CONFIRMED
    assert all(states[one.id] is LinkState.PROPOSED for one in others)


def test_a_build_accepts_what_it_newly_found(service: Service, built: Path) -> None:
    service.review.set_rule(None, 0.9, 0.5, "ann")
    rows = "".join(f"c{n:04d},P{1 + n % 39:03d}\n" for n in range(90))
    (built / "shop" / "calls.csv").write_text(f"calls_no,person_id\n{rows}")
    build(service)
    (built / "shop" / "calls.csv").unlink()
    calls = [one for one in service.store.links.link_types((LinkState.CONFIRMED,)) if one.tail.dataset == "calls"]
    assert len(calls) == 1


def test_a_rule_ends_and_foolish_ones_are_refused(service: Service) -> None:
    for probability, audit in ((0.2, 0.1), (1.1, 0.1), (0.9, 0.0), (0.9, 2.0)):
        with pytest.raises(InputError):
            service.review.set_rule(None, probability, audit, "ann")
    service.review.set_rule(None, 1.0, 0.1, "ann")
    service.review.set_rule(None, None, 0.1, "ann")
    assert service.review.rules() == []


def test_reviewers_who_answer_the_same_questions_are_compared(service: Service) -> None:
    for number, one in enumerate(service.questions()[:2]):
        service.judge(one.id, Verdict.CONFIRM, "ann")
        service.judge(one.id, Verdict.CONFIRM if number else Verdict.REJECT, "bob")
    found = service.review.reviewed()
    assert {(r.name, r.answers) for r in found.reviewers} == {("ann", 2), ("bob", 2)}
    (agreement,) = found.agreements
    assert (agreement.common, agreement.agreeing) == (2, 1)


def test_choices_are_logged_and_other_ways_to_ask_replayed(service: Service) -> None:
    service.judge(service.questions("ann")[0].id, Verdict.CONFIRM, "ann")
    service.judge(service.questions("ann")[-1].id, Verdict.REJECT, "ann")
    service.judge(service.questions("ann")[0].id, Verdict.UNSURE, "ann")
    found = service.asking.replayed()
    assert {one.policy for one in found.policies} >= {"worth", "probability", "uncertainty"}
    assert (found.policies[0].answers, found.own, found.undone) == (1, 1, 0)


def test_answers_that_were_taken_back_tell_nothing_about_ways_to_ask(service: Service) -> None:
    first = service.judge(service.questions("ann")[0].id, Verdict.CONFIRM, "ann")
    service.judge(service.questions("ann")[0].id, Verdict.CONFIRM, "ann")
    service.undo(first.judgement.id, "ann")
    found = service.asking.replayed()
    assert (found.policies[0].answers, found.undone) == (1, 1)


def test_projects_explore_at_different_answers(service: Service, built: Path, tmp_path: Path) -> None:
    shutil.copytree(built / "data", tmp_path / "other", ignore=shutil.ignore_patterns("accounts.sqlite*"))
    other = open_service(load_settings(data_dir=tmp_path / "other"))
    draws = [tuple(place.asking.queue(str(n))[0].subject for n in range(40)) for place in (service, other, service)]
    other.close()
    assert draws[0] == draws[2] != draws[1]


def test_a_way_to_ask_is_replaced_only_by_one_that_the_log_shows_to_be_better(service: Service) -> None:
    assert service.asking.replayed().policy == "worth"
    with pytest.raises(ConflictError, match="do not show"):
        service.asking.use_policy("edges")
    with pytest.raises(InputError):
        service.asking.use_policy("the moon", force=True)
    service.asking.use_policy("edges", force=True)
    assert service.asking.replayed().policy == "edges"
    asked = [one.estimated_edges for one in service.questions("ann")[1:]]
    assert asked == sorted(asked, reverse=True)


def test_every_link_type_tells_how_right_and_complete_it_is(service: Service) -> None:
    (one, *_) = service.questions()
    precision, recall = service.review.precision(one), service.review.recall(one)
    assert 0 <= precision.low <= precision.value <= precision.high <= 1
    assert recall is not None
    assert recall.value > 0.9
    service.judge(one.id, Verdict.CONFIRM, "ann")
    edge = next(e for e in service.store.view().edges(limit=10).items if e.label == one.name)
    surer = service.review.precision(service.store.links.link_type(one.id))
    service.judge_pair(one.id, edge.tail, edge.head, Verdict.REJECT, "ann")
    assert service.review.precision(service.store.links.link_type(one.id)).value < surer.value


def test_knowledge_is_carried_to_another_project(service: Service, tmp_path: Path) -> None:
    service.judge(service.questions()[0].id, Verdict.CONFIRM, "ann")
    service.close()
    runner, file = CliRunner(), tmp_path / "taught.json"
    made = runner.invoke(cli, ["--data-dir", str(tmp_path / "data"), "links", "export-knowledge", str(file)])
    assert "1 answers" in made.output
    assert "person" not in file.read_text()
    other = ["--data-dir", str(tmp_path / "other")]
    assert "1 answers" in runner.invoke(cli, [*other, "links", "import-knowledge", str(file)]).output
    second = open_service(load_settings(data_dir=tmp_path / "other"))
    assert second.pipeline.linker.version != service.pipeline.linker.version
    second.close()
    (imported,) = json.loads(runner.invoke(cli, ["--json", *other, "links", "import-knowledge"]).output)
    assert (imported["name"], imported["about_types"]) == ("taught.json", 1)
    assert "taken back" in runner.invoke(cli, [*other, "links", "import-knowledge", "--undo", imported["id"]]).output
    assert "Nothing was imported" in runner.invoke(cli, [*other, "links", "import-knowledge"]).output
    file.write_text("{}")
    assert runner.invoke(cli, [*other, "links", "import-knowledge", str(file)]).exit_code != 0


def test_the_command_line_sets_shows_and_ends_a_rule(service: Service, tmp_path: Path) -> None:
    runner, data = CliRunner(), ["--data-dir", str(tmp_path / "data")]
    service.close()
    made = runner.invoke(cli, [*data, "links", "accept", "--from", "0.9", "--kind", "reference"])
    assert "confirmed: " in made.output
    shown = runner.invoke(cli, [*data, "links", "accept"])
    assert "reference: from 0.9, 10% audited" in shown.output
    assert "accepted, none checked yet" in shown.output
    assert "The rule has ended" in runner.invoke(cli, [*data, "links", "accept", "--off", "--kind", "reference"]).output
    assert "No answers" in runner.invoke(cli, [*data, "links", "reviewers"]).output
    assert runner.invoke(cli, [*data, "links", "replay"]).exit_code == 0
