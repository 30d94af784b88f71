"""Links that a finished graph lacks."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from api.graphql import predicting
from api.kept_predictions import KeptPredictions, PredictionOptions, Predictions
from api.predictions import find_links, predict_links, rejected_pairs
from bifrost.errors import ConflictError, NotFoundError
from bifrost.links import LinkKind, Verdict
from graphstore.sql import SqlStore
from tests.graphstore.databases import sqlite_template, sqlite_url
from tests.graphstore.worlds import link_type, record, register, say

__all__ = ["sqlite_template", "sqlite_url"]

CUSTOMERS, TOWNS, DEPOTS = 360, 12, 4
UNSERVED = range(0, CUSTOMERS, 31)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[SqlStore]:
    """The town a customer lives in decides which depot serves them. Some are not served yet."""
    made = SqlStore(sqlite_url)
    register(made, "erp/depot", "erp/town", "erp/customer")
    say(made, "erp/depot", *(record("erp/depot", str(i), name=f"Depot {i}") for i in range(DEPOTS)))
    say(made, "erp/town", *(record("erp/town", str(i), name=f"Town {i}") for i in range(TOWNS)))
    customers = []
    for i in range(CUSTOMERS):
        links = [("LIVES_IN", f"erp/town/{i % TOWNS}")]
        if i not in UNSERVED:
            links.append(("SERVED_BY", f"erp/depot/{i % TOWNS % DEPOTS}"))
        customers.append(record("erp/customer", str(i), links, name=f"Customer {i}"))
    say(made, "erp/customer", *customers)
    yield made
    made.close()


def test_links_that_follow_from_others_are_proposed_with_the_path(store: SqlStore) -> None:
    found = predict_links(store.view(), PredictionOptions("SERVED_BY", seconds=10))
    assert found.asked == len(UNSERVED)
    best_of = found.links[: len(UNSERVED)]
    right = [one for one in best_of if one.head == f"erp/depot/{int(one.tail.split('/')[-1]) % TOWNS % DEPOTS}"]
    assert len(right) >= 0.8 * len(UNSERVED)
    assert max(found.validation.values()) > 0.5
    best = right[0]
    assert best.tail_name.startswith("Customer ")
    assert best.head_name.startswith("Depot ")
    assert "-[LIVES_IN]-> Town " in best.paths[0]


def test_proposals_keep_to_the_types_that_have_such_links_and_never_repeat_one(store: SqlStore) -> None:
    found = predict_links(store.view(), PredictionOptions("SERVED_BY", linked=True, seconds=3))
    assert found.links
    assert {one.tail.split("/")[1] for one in found.links} == {"customer"}
    assert {one.head.split("/")[1] for one in found.links} == {"depot"}
    known = {(edge.tail, edge.head) for edge in store.view().edges(limit=1000).items}
    assert not known & {(one.tail, one.head) for one in found.links}


def test_links_of_one_name_between_several_types_stay_between_these(store: SqlStore) -> None:
    register(store, "erp/truck")
    trucks = [
        record("erp/truck", str(i), [("LIVES_IN", f"erp/depot/{i % DEPOTS}")], name=f"Truck {i}") for i in range(40)
    ]
    say(store, "erp/truck", *trucks)
    found = predict_links(store.view(), PredictionOptions("LIVES_IN", linked=True, seconds=3))
    ends = {(one.tail.split("/")[1], one.head.split("/")[1]) for one in found.links}
    assert ends <= {("customer", "town"), ("truck", "depot")}
    assert ("customer", "town") in ends


def test_what_people_rejected_is_not_proposed_again(store: SqlStore) -> None:
    link = link_type(LinkKind.REFERENCE, "erp/customer.depot", "erp/depot.id", "SERVED_BY")
    store.links.save_link_types([link])
    store.links.judge(link.id, Verdict.CONFIRM, "ann")
    store.links.judge(f"{link.id}|erp/customer/0|erp/depot/0", Verdict.REJECT, "ann")
    store.links.judge(f"{link.id}|erp/customer/31|erp/depot/3", Verdict.REJECT, "ann")
    store.links.judge(f"{link.id}|erp/customer/31|erp/depot/3", Verdict.CONFIRM, "ann")
    assert rejected_pairs(store.links, "SERVED_BY") == {"erp/customer/0|erp/depot/0"}
    options = PredictionOptions("SERVED_BY", seconds=3)
    assert ("erp/customer/0", "erp/depot/0") in {
        (one.tail, one.head) for one in predict_links(store.view(), options).links
    }
    found = find_links(store, KeptPredictions(), options, limit=1000)
    assert found.links
    assert ("erp/customer/0", "erp/depot/0") not in {(one.tail, one.head) for one in found.links}


def test_nothing_is_learnt_where_nobody_lacks_the_link(store: SqlStore) -> None:
    reports: list[str] = []
    found = predict_links(store.view(), PredictionOptions("LIVES_IN"), report=reports.append)
    assert (found.asked, found.links, found.validation) == (0, (), {})
    assert reports == ["reading the graph"]


def test_a_label_that_the_graph_lacks_is_refused_with_those_it_has(store: SqlStore) -> None:
    with pytest.raises(NotFoundError, match="MARRIED") as refused:
        predict_links(store.view(), PredictionOptions("MARRIED"))
    assert "LIVES_IN, SERVED_BY" in str(refused.value.remedy)


def test_what_was_found_is_kept_until_the_graph_changes(store: SqlStore, tmp_path: Path) -> None:
    options, reports = PredictionOptions("SERVED_BY", seconds=3), list[str]()
    kept = KeptPredictions(tmp_path / "predictions")
    first = find_links(store, kept, options, limit=5, report=reports.append)
    assert any(report.startswith("learning from") for report in reports)
    assert first.learnt is not None
    reports.clear()
    started = time.perf_counter()
    again = find_links(store, KeptPredictions(tmp_path / "predictions"), options, limit=5, report=reports.append)
    assert time.perf_counter() - started < 0.5
    assert (again, reports) == (first, [])
    say(store, "erp/depot", record("erp/depot", "9", name="Depot 9"))
    say(store, "erp/town", record("erp/town", "0", [("NEAR", "erp/depot/9")], name="Town 0"))
    later = find_links(store, kept, options, limit=5, report=reports.append)
    assert any(report.startswith("learning from") for report in reports)
    assert later.learnt is not None
    assert later.learnt > first.learnt
    assert len(list((tmp_path / "predictions").iterdir())) == 1, "what was found in an earlier graph is gone"


def test_what_cannot_be_written_down_is_answered_all_the_same(store: SqlStore, tmp_path: Path) -> None:
    folder = tmp_path / "predictions"
    folder.write_text("no folder")
    kept, options, reports = KeptPredictions(folder), PredictionOptions("SERVED_BY", seconds=3), list[str]()
    first = find_links(store, kept, options)
    assert first.links
    assert find_links(store, kept, options, report=reports.append) == first
    assert reports == []


def test_only_so_many_answers_are_kept(tmp_path: Path) -> None:
    kept, found = KeptPredictions(tmp_path), Predictions("SERVED_BY", (), 1, "paths", {})
    (tmp_path / "of-a-killed-process.1.new").write_text("half an answer")
    for seed in range(110):
        kept.keep("state", PredictionOptions("SERVED_BY", seed=seed), found)
    assert len(list(tmp_path.iterdir())) == 100
    assert kept.answer("state", PredictionOptions("SERVED_BY", seed=0)) is None
    assert kept.answer("state", PredictionOptions("SERVED_BY", seed=109)) == found


def test_what_is_kept_is_answered_while_others_learn(store: SqlStore) -> None:
    kept, options = KeptPredictions(), PredictionOptions("SERVED_BY", seconds=3)
    find_links(store, kept, options)

    async def ask(about: PredictionOptions) -> list[str]:
        return [event.message async for event in predicting.predicted(store, kept, about, 5)]

    with predicting._busy:
        assert asyncio.run(ask(options))[-1] == "done"
        with pytest.raises(ConflictError, match="already"):
            asyncio.run(ask(replace(options, seed=1)))


def test_a_damaged_file_is_as_good_as_none(store: SqlStore, tmp_path: Path) -> None:
    options = PredictionOptions("SERVED_BY", seconds=3)
    folder = tmp_path / "predictions"
    first = find_links(store, KeptPredictions(folder), options)
    (file,) = folder.iterdir()
    file.write_text(file.read_text()[:-20])
    again = find_links(store, KeptPredictions(folder), options)
    assert again.asked == first.asked
    assert again.learnt != first.learnt


def test_another_question_about_the_same_graph_needs_no_training(store: SqlStore) -> None:
    kept, reports = KeptPredictions(), list[str]()
    first = find_links(store, kept, PredictionOptions("SERVED_BY", seconds=3))
    second = find_links(store, kept, PredictionOptions("SERVED_BY", linked=True, seconds=3), report=reports.append)
    assert second.learnt == first.learnt
    assert second.links != first.links
    assert not any(report.startswith("learning from") for report in reports)


def test_a_rejection_counts_at_once_for_what_is_kept(store: SqlStore) -> None:
    link = link_type(LinkKind.REFERENCE, "erp/customer.depot", "erp/depot.id", "SERVED_BY")
    store.links.save_link_types([link])
    store.links.judge(link.id, Verdict.CONFIRM, "ann")
    kept, options, reports = KeptPredictions(), PredictionOptions("SERVED_BY", seconds=3), list[str]()
    best = find_links(store, kept, options, limit=1).links[0]
    store.links.judge(f"{link.id}|{best.tail}|{best.head}", Verdict.REJECT, "ann")
    again = find_links(store, kept, options, limit=1, report=reports.append)
    assert again.links[0] != best
    assert not any(report.startswith("learning from") for report in reports)
