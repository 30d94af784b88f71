"""Random histories of a store, to publish."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal

from hypothesis import strategies as st

from bifrost.links import LinkKind, SamePair, Verdict
from graphstore.edits import Edits
from graphstore.sql import SqlStore
from tests.graphstore.worlds import link_type, record_of, register, say

__all__ = ["HISTORIES", "live_through", "start"]

VALUES = st.sampled_from(
    ["", "Ann", 'say "hi"\\', "a\nb\x01", "ß日", 0, -3, 2**40, 2**70, 0.5, 1e300, float("inf"), True, False,
     Decimal("1.10"), date(2024, 1, 2), datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), time(1, 2)]
)  # fmt: skip
LABELS = ("Person", "Big City")
KEYS = ("1", "2", "3 ü/%")
EDGES = ("KNOWS", "lives in")
PROPERTIES = st.dictionaries(
    st.sampled_from(["name", "full name", "age"]), st.lists(VALUES, min_size=1, max_size=2, unique=True).map(tuple)
)
LINKS = st.lists(st.tuples(st.sampled_from(EDGES), st.sampled_from(KEYS)), max_size=2)
STEPS = st.one_of(
    st.tuples(st.just("say"), st.sampled_from(KEYS), st.sampled_from(LABELS), PROPERTIES, LINKS),
    st.tuples(st.just("remove"), st.sampled_from(KEYS)),
    st.tuples(st.just("edit"), st.sampled_from(KEYS), PROPERTIES),
    st.tuples(st.just("merge")),
    st.tuples(st.just("unmerge")),
    st.tuples(st.just("publish")),
)
HISTORIES = st.lists(STEPS, min_size=1, max_size=12)
SAME = link_type(LinkKind.SAME_THING, "b/copies.name", "a/things.name")


def start(store: SqlStore) -> None:
    register(store, "a/things", "b/copies", rank={"b": 1})
    say(store, "b/copies", record_of("b/copies", "1", {"name": "Ann"}))
    store.links.save_link_types([SAME])


def live_through(store: SqlStore, history: list[tuple[object, ...]]) -> Iterator[None]:
    """Yields where the copy is to be brought up to date."""
    judged: list[int] = []
    for number, (what, *arguments) in enumerate(history, 2):
        match what, arguments:
            case "say", [str(key), str(label), dict(properties), list(links)]:
                heads = [(name, f"a/things/{head.replace('%', '%25').replace('/', '%2F')}") for name, head in links]
                made = record_of("a/things", key, properties, heads, type=label)
                say(store, "a/things", made, build=number)
            case "remove", [str(key)]:
                store.fragments.remove_records("a", "things", [key])
            case "edit", [str(key), dict(properties)]:
                uid = f"a/things/{key.replace('%', '%25').replace('/', '%2F')}"
                if store.view().vertex(uid) is not None:
                    Edits(store).update_vertex(uid, properties, ["age"], by="ann")
            case "merge", _:
                if store.view().vertex("a/things/1") is not None and not judged:
                    judged.append(store.links.judge(SAME.id, Verdict.CONFIRM, "ann").id)
                    store.links.write_same(SAME, [SamePair("b/copies/1", "a/things/1", 1.0)])
            case "unmerge", _:
                if judged:
                    store.links.undo(judged.pop(), "ann")
            case _:
                yield
    yield
