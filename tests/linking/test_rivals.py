"""Many columns that a column could refer to: how each stands among the others, and which are looked at."""

import math
from dataclasses import replace
from itertools import count

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.links import LinkKind
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.profiles import ColumnProfile
from linking.rivals import MOST_RIVALS, Hits, rivals_of
from linking.workspace import Workspace
from tests.linking.company import quiet

BASE = ColumnProfile(
    id=0, table="t0", sql="c0", source="erp", dataset="d0", name="n", type="integer", comment="", position=0, rows=50,
    nonnull=50, distinct=50, is_list=False, kind="integer", mean_length=2, max_length=2, mean_words=1, digit_share=1,
    letter_share=0, low=0, high=50, prefix="", shapes=(), sample=(), sample_counts=(), forms=("",), said="n",
)  # fmt: skip
SHARES = st.sampled_from([0.5, 0.6, 0.985, 1.0])


@st.composite
def hits(draw: st.DrawFn) -> tuple[Hits, list[float]]:
    tables = draw(st.integers(1, 8))
    columns = [
        replace(BASE, id=2 * t + p, table=f"t{t}", position=p, distinct=draw(st.integers(1, 60)))
        for t in range(tables)
        for p in range(2)
    ]
    pairs = [(a, b) for a in range(len(columns)) for b in range(len(columns)) if a != b]
    chosen = sorted(draw(st.sets(st.sampled_from(pairs), min_size=1)))
    tail, head = np.array(chosen, np.int64).T
    shares = np.array([draw(SHARES) for _ in chosen])
    names = [draw(st.sampled_from([0.0, 0.3, 1.0])) for _ in chosen]
    return Hits(columns, tail, head, shares, shares, [""] * len(chosen), [""] * len(chosen)), names


@settings(max_examples=60, deadline=None)
@given(hits())
def test_rivals_are_counted_and_compared_one_by_one(made: tuple[Hits, list[float]]) -> None:
    found, names = made
    result = rivals_of(found, np.array(names))
    assert result.chosen.tolist() == list(range(len(names)))
    pairs = list(zip(found.tail.tolist(), found.head.tolist(), found.containment.tolist(), names, strict=True))
    for k, (tail, head, share, name) in enumerate(pairs):
        others = [p for p in pairs if p[0] == tail and p[1] != head]
        column = found.columns[head]
        smaller = sum(found.columns[p[1]].distinct < column.distinct for p in others)
        same = [found.columns[p[1]] for p in others if found.columns[p[1]].table == column.table]
        expected = {
            "name_margin": name - max((p[3] for p in others), default=0.0),
            "containment_margin": share - max((p[2] for p in others), default=0.0),
            "rivals": math.log10(1 + sum(p[2] >= share - 0.02 for p in others)),
            "size_rank": smaller / max(len(others), 1),
            "same_table_rivals": float(sum(p.position < column.position for p in same)),
            "mutual": float((head, tail) in {p[:2] for p in pairs}),
            "head_tails": math.log10(sum(p[1] == head for p in pairs)),
        }
        assert {name: values[k] for name, values in result.features.items()} == expected


def test_of_many_the_likeliest_are_looked_at_and_what_is_wanted() -> None:
    columns = [replace(BASE, id=n, table=f"t{n}", distinct=1_000 - n) for n in range(200)]
    tail, head = np.zeros(199, np.int64), np.arange(1, 200)
    hits = Hits(columns, tail, head, np.ones(199), np.ones(199), [""] * 199, [""] * 199)
    names = np.where(head == 120, 0.9, 0.0)
    chosen = rivals_of(hits, names, wanted=head == 150).chosen
    assert len(chosen) == MOST_RIVALS + 1
    assert {119, 149} <= set(chosen.tolist())
    assert set(rivals_of(hits, names).features["rivals"].tolist()) == {math.log10(199)}


def wide(tables: int) -> MemoryData:
    """Tables numbered from 1 in the same way, each with a reference to the one before it."""
    data = MemoryData()
    things = [
        f"{a}{b}" for a in ("car", "ship", "desk", "lamp", "rope", "tent") for b in ("shop", "yard", "hall", "club")
    ]
    for n, thing in enumerate(things[:tables]):
        above = things[n - 1]
        rows = 60 + 5 * n
        data.add_rows("erp", thing, [
            {"id": k + 1, "name": f"{thing} {k * 7919 % 9973}", **({f"{above}_id": k * 31 % (rows - 5) + 1} if n else {})}
            for k in range(rows)
        ])  # fmt: skip
    return data


def test_every_reference_is_found_among_keys_that_all_overlap() -> None:
    data, linker = wide(24), BifrostLinker(gnn=None)
    found = linker.propose(data, (), (), quiet)
    linker.close()
    references = [t for t in found if t.kind is LinkKind.REFERENCE and t.probability >= 0.5]
    assert len(references) == 23
    assert all(t.tail.columns == (f"{t.head.dataset}_id",) for t in references)


def test_what_was_found_is_remembered_until_a_table_changes() -> None:
    data, workspace = wide(3), Workspace()
    numbers = count(1)

    def asked() -> int:
        with workspace.using(data) as loaded:
            tables = [t for t in loaded.tables() if t.dataset in ("carshop", "caryard")]
            return loaded.recall(tables, "question", lambda: next(numbers))

    assert (asked(), asked()) == (1, 1)
    data.add_rows("erp", "carhall", [{"id": 1, "name": "another"}])
    assert asked() == 1
    data.add_rows("erp", "caryard", [{"id": 1, "name": "another"}])
    assert asked() == 2
    workspace.close()
    assert asked() == 3
    workspace.close()
