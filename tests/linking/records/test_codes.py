"""Codes in names tell the models of a catalogue apart, and nothing where they are only part of texts that vary."""

import numpy as np
import pyarrow as pa

from linking.records import match_tables
from tests.linking.records.tables import CITY, LAST, table

Rows = list[dict[str, str]]


def catalogue(seed: int = 3) -> tuple[pa.Table, set[tuple[str, str]]]:
    """Series of six models in nearly the same words; a third of them is described a second time, otherwise."""
    generator = np.random.default_rng(seed)
    rows: Rows = []
    again: list[tuple[int, dict[str, str]]] = []
    for k in range(60):
        brand, kind, trait, other = (LAST[(k * n) % len(LAST)] for n in (7, 11, 13, 17))
        for model in range(6):
            code = f"{brand[:2]}{generator.integers(1_000, 9_999)}{'abcdef'[model]}"
            if model < 2:
                again.append((len(rows), {"name": f"{code} {kind} by {brand}", "about": f"{other} {trait}"}))
            rows.append({"name": f"{brand} {kind} {code} {trait}", "about": f"{trait} {kind} with {other}"})
    truth = {(f"a/{first}", f"a/{len(rows) + k}") for k, (first, _) in enumerate(again)}
    return table([*rows, *(row for _, row in again)], "a"), truth


def test_models_of_a_series_are_told_apart_by_their_codes() -> None:
    rows, truth = catalogue()
    matching = match_tables(rows)
    assert matching.telling == ("name",)
    found = {(p.left, p.right): p.evidence for p in matching.same_pairs() if p.score >= 0.5}
    assert len(found.keys() & truth) > 0.8 * len(truth)
    assert len(found.keys() & truth) > 0.8 * len(found)
    assert all(said["text:codes in names and texts"] > 0 for pair, said in found.items() if pair in truth)


def test_codes_in_texts_that_vary_tell_nothing_apart() -> None:
    """An author's works have titles of their own."""
    generator = np.random.default_rng(8)
    rows = []
    for k in generator.integers(0, 30, 300).tolist():
        words = [LAST[w] for w in generator.integers(0, len(LAST), 4).tolist()]
        title = " ".join([*words[:2], f"x{generator.integers(10_000)}", *words[2:]])
        rows.append({"name": f"{LAST[k]} {LAST[k + 5]}", "city": CITY[k % 10], "title": title})
    assert match_tables(table(rows, "a")).telling == ()
