"""What is always true of the store, tried on random worlds."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bifrost.catalog import Source
from bifrost.links import Correction, LinkEdge, LinkKind, LinkType, SamePair, Verdict
from graphstore.search import SearchProjection
from graphstore.sql import SqlStore
from tests.fixtures.searching import examples
from tests.graphstore.databases import empty, postgres_url, shared_postgres_url
from tests.graphstore.worlds import beliefs, graph, link_type, record, register, say

__all__ = ["postgres_url", "shared_postgres_url"]

DATASETS = ("a/x", "b/y", "c/z")
KEYS = ("1", "2", "3")
UIDS = [f"{dataset}/{key}" for dataset in DATASETS for key in KEYS]
LINK_TYPES = [
    link_type(LinkKind.SAME_THING, "a/x.v", "b/y.v", "same"),
    link_type(LinkKind.SAME_THING, "a/x.v", "c/z.v", "same"),
    link_type(LinkKind.SAME_THING, "a/x.v", "a/x.v", "same"),
    link_type(LinkKind.REFERENCE, "a/x.v", "b/y.v", "REFERS"),
    link_type(LinkKind.REFERENCE, "c/z.v", "a/x.v", "REFERS"),
]
Operation = tuple[Any, ...]


def uids_of(dataset: str) -> st.SearchStrategy[str]:
    return st.sampled_from([f"{dataset}/{key}" for key in KEYS])


@st.composite
def pairs_of(draw: st.DrawFn) -> Operation:
    known = draw(st.sampled_from(LINK_TYPES))
    tail, head = (f"{side.source}/{side.dataset}" for side in (known.tail, known.head))
    scores = st.sampled_from([0.2, 0.6, 0.9])
    return ("pairs", known, draw(st.lists(st.tuples(uids_of(tail), uids_of(head), scores), max_size=4)))


@st.composite
def pair_answers(draw: st.DrawFn) -> Operation:
    known = draw(st.sampled_from(LINK_TYPES))
    tail, head = (draw(uids_of(f"{side.source}/{side.dataset}")) for side in (known.tail, known.head))
    return ("answer", known, f"|{tail}|{head}", draw(st.sampled_from(list(Verdict))), None)


saying = st.tuples(
    st.just("say"), st.sampled_from(DATASETS), st.sampled_from(KEYS), st.sampled_from(["p", "q", "r"]),
    st.lists(st.tuples(st.sampled_from(["TO", "OF"]), st.sampled_from(UIDS)), max_size=2),
)  # fmt: skip
dropping = st.tuples(st.just("drop"), st.sampled_from(DATASETS), st.sampled_from(KEYS))
answering = st.tuples(
    st.just("answer"), st.sampled_from(LINK_TYPES), st.just(""), st.sampled_from(list(Verdict)),
    st.sampled_from([None, Correction(name="NAMED"), Correction(threshold=0.7), Correction(flip=True)]),
)  # fmt: skip
ranking = st.tuples(st.just("rank"), st.sampled_from("abc"), st.integers(-2, 2))
operations = st.lists(
    st.one_of(saying, saying, saying, dropping, pairs_of(), pairs_of(), answering, pair_answers(), ranking),
    max_size=25,
)


def sources_of(operation: Operation) -> set[str]:
    """The sources without which an operation could not have happened."""
    match operation[0]:
        case "say" | "drop":
            return {operation[1][0]}
        case "rank":
            return {operation[1]}
    return {operation[1].tail.source, operation[1].head.source}


def perform(store: SqlStore, operation: Operation, build: int) -> None:
    match operation:
        case "say", dataset, key, value, links:
            say(store, dataset, record(dataset, key, links, v=value, name=(dataset, value)), build=build)
        case "drop", dataset, key:
            source, name = dataset.split("/")
            store.fragments.remove_records(source, name, [key])
        case "pairs", known, pairs:
            if known.kind is LinkKind.SAME_THING:
                store.links.write_same(known, [SamePair(*pair) for pair in pairs])
            else:
                store.links.write_links(known, [LinkEdge(*pair) for pair in pairs])
        case "answer", known, pair, verdict, correction:
            store.links.judge(known.id + pair, verdict, "ann", correction=correction)
        case "rank", source, rank:
            store.catalog.update_source(Source(source, "table", rank=rank))


def build_world(folder: Path, name: str, sources: str, script: Sequence[tuple[int, Operation]]) -> SqlStore:
    return build_at(f"sqlite:///{folder}/{name}.sqlite", sources, script)


def build_at(url: str, sources: str, script: Sequence[tuple[int, Operation]]) -> SqlStore:
    store = SqlStore(url)
    store.migrate()
    register(store, *(dataset for dataset in DATASETS if dataset[0] in sources))
    store.links.save_link_types([known for known in LINK_TYPES if needs(known) <= set(sources)])
    for build, operation in script:
        if sources_of(operation) <= set(sources):
            with store.batch():
                perform(store, operation, build)
    return store


def needs(known: LinkType) -> set[str]:
    return {known.tail.source, known.head.source}


QUESTIONS = ("p q", "p nothing", "q r a", "who has q and x or z?", "r y b p nothing", "x y z", "named q r c")
"""Hardly anything has all of these words."""


def found(store: SqlStore) -> dict[str, Any]:
    search = SearchProjection(store)
    try:
        words = ("p", "q", "x", "y", "a", "b/y", "X")
        hits = {word: sorted((hit.vertex.id, hit.snippet) for hit in search.search(word, limit=50)) for word in words}
        answers = {
            question: [
                (hit.vertex.id, hit.missing, hit.score, hit.snippet) for hit in search.search(question, limit=50)
            ]
            for question in QUESTIONS
        }
        return hits | answers
    finally:
        search.close()


@examples(12)
@given(operations)
def test_removing_a_source_leaves_what_the_others_alone_would_have_given(script: list[Operation]) -> None:
    numbered = list(enumerate(script, 1))
    with tempfile.TemporaryDirectory() as name:
        both = build_world(Path(name), "both", "abc", numbered)
        found(both)
        both.catalog.remove_source("b")
        alone = build_world(Path(name), "alone", "ac", numbered)
        try:
            assert graph(both) == graph(alone)
            assert beliefs(both) == beliefs(alone)
            assert found(both) == found(alone)
        finally:
            both.close()
            alone.close()


@examples(8)
@given(operations, st.lists(st.integers(0, 30), max_size=6))
def test_undoing_an_answer_restores_the_state_without_it(script: list[Operation], undone: list[int]) -> None:
    answers = [i for i, operation in enumerate(script) if operation[0] == "answer"]
    skipped = {answers[i % len(answers)] for i in undone} if answers else set()
    with tempfile.TemporaryDirectory() as name:
        undoing_store = build_world(Path(name), "undoing", "abc", list(enumerate(script, 1)))
        for i in sorted(skipped):
            undoing_store.links.undo(answers.index(i) + 1, "bob")
        never = [(i + 1, operation) for i, operation in enumerate(script) if i not in skipped]
        without = build_world(Path(name), "without", "abc", never)
        try:
            assert graph(undoing_store) == graph(without)
            assert beliefs(undoing_store) == beliefs(without)
        finally:
            undoing_store.close()
            without.close()


@examples(6)
@given(operations)
def test_doing_everything_twice_changes_nothing(script: list[Operation]) -> None:
    last = {operation[1:3]: operation for operation in script if operation[0] == "say"}
    with tempfile.TemporaryDirectory() as name:
        store = build_world(Path(name), "store", "abc", list(enumerate(last.values(), 1)))
        try:
            before, position = graph(store), store.log.position()
            for operation in last.values():
                perform(store, operation, 99)
            assert (graph(store), store.log.position()) == (before, position)
        finally:
            store.close()


@examples(8)
@given(operations, st.booleans())
def test_the_log_replayed_from_its_beginning_gives_the_graph(script: list[Operation], is_compact: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        store = build_world(Path(name), "store", "abc", list(enumerate(script, 1)))
        try:
            if is_compact:
                store.log.compact(slack=-100)
                assert store.log.compact(slack=-100) == 0
            alive: dict[str, set[str]] = {"vertex": set(), "edge": set()}
            position = 0
            while changes := store.log.changes(position, 7):
                for change in changes:
                    (alive[change.element].add if change.op == "put" else alive[change.element].discard)(change.id)
                position = changes[-1].seq
            served = graph(store)
            assert alive == {
                kind: {row[0] for row in served[many]} for kind, many in (("vertex", "vertices"), ("edge", "edges"))
            }
        finally:
            store.close()


scripts_with_looks = (
    operations,
    st.sets(st.integers(0, 25), max_size=3),
    st.sampled_from([frozenset("ac"), frozenset("b"), frozenset("ab")]),
)


@examples(10)
@given(*scripts_with_looks)
def test_a_scoped_reader_sees_a_graph_built_without_the_other_sources(
    script: list[Operation], looks: set[int], scope: frozenset[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        compare_scoped(f"sqlite:///{name}/store.sqlite", Path(name), script, looks, scope)


@settings(examples(4), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(*scripts_with_looks)
def test_so_does_one_of_a_store_on_postgresql(
    postgres_url: str, script: list[Operation], looks: set[int], scope: frozenset[str]
) -> None:
    empty(postgres_url)
    with tempfile.TemporaryDirectory() as name:
        compare_scoped(postgres_url, Path(name), script, looks, scope)


def compare_scoped(url: str, folder: Path, script: list[Operation], looks: set[int], scope: frozenset[str]) -> None:
    """Somebody looks and searches in between, so that copies and indexes follow what comes and goes."""
    numbered = list(enumerate(script, 1))
    store = build_at(url, "abc", [])
    for i, (build, operation) in enumerate(numbered):
        with store.batch():
            perform(store, operation, build)
        if i in looks:
            found(store.scoped(scope))
    alone = build_world(folder, "alone", "".join(sorted(scope)), numbered)
    try:
        scoped = store.scoped(scope)
        assert graph(scoped) == graph(alone)
        assert beliefs(scoped) == beliefs(alone)
        assert found(scoped) == found(alone)
    finally:
        store.close()
        alone.close()
