"""Trains the prior of same-thing types: ``python -m linking.training.train_same_things [DATA] [--out FILE] [--seeds N]``.

Pairs of tables, and tables by themselves, of which it is known whether they hold the same things: generated people,
companies, products and papers (shared or not, duplicated or not, with errors, other column names and other tables
beside them), all pairs of tables of generated schemas, and the folders of ``DATA/entity_resolution``. Boosted trees with
monotone constraints give the log-odds. Their calibration is measured on families of examples that they did not see.
"""

import argparse
import json
import math
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from linking.duplicates import duplicate_candidates
from linking.memory import MemoryData
from linking.same_things import same_thing_candidates
from linking.scoring import WEIGHTS
from linking.training.generate import generate_schema
from linking.training.train_columns import expected_calibration_error, export_forest
from linking.training.values import makers
from linking.trees import Forest
from linking.workspace import Workspace

__all__ = ["NAMES", "Example", "examples", "fit"]

SIGNS = {
    "agreeing_overlap": 1, "word_overlap": 1, "agreeing_share": 1, "agreeing": 1, "table_names": 1, "same_source": -1,
    "reference_between": -1, "within": 0, "twins_share": 1, "twins": 1, "duplicate_share": 1, "hard_agreement": 1,
}  # fmt: skip
"""The features, and whether more of one may only speak for (1) or against (-1) the same things."""
NAMES = tuple(SIGNS)
TREES = 80
FOLDS = 5
KINDS = {
    "person": ("first", "last", "email", "phone", "street", "city", "date"),
    "company": ("company", "street", "city", "country", "phone"),
    "product": ("product", "price", "sentence", "small"),
    "paper": ("phrase", "person", "year", "noun"),
    "place": ("noun", "street", "city", "country"),
}
TABLES = {
    "person": ("customers", "contacts", "clients", "people", "members"),
    "company": ("accounts", "companies", "suppliers", "customers", "vendors"),
    "product": ("products", "articles", "price_list", "catalog", "items"),
    "paper": ("papers", "publications", "references", "titles"),
    "place": ("sites", "shops", "locations", "branches"),
}
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """Features of a candidate and whether its tables hold the same things; ``family`` is what it was made from."""

    family: str
    features: Mapping[str, float]
    same: bool


def examples(data: Path | None, seeds: int, first: int = 0) -> Iterator[Example]:
    """All examples of so many seeds from the first on, the same for the same arguments."""
    for seed in range(first, first + seeds):
        yield from _made(seed)
    for seed in range(first, first + seeds // 4):
        yield from _from_schema(seed)
    if data is not None and (data / "entity_resolution").is_dir():
        for folder in sorted((data / "entity_resolution").iterdir()):
            yield from _from_folder(folder)


def _made(seed: int) -> Iterator[Example]:
    rng = random.Random(seed)  # noqa: S311
    make = makers(rng)
    kind = rng.choice(sorted(KINDS))
    things = [{f: make[f]() for f in KINDS[kind]} for _ in range(rng.choice([25, 60, 150, 400, 1_200]))]
    repeated = rng.choice([0.0, 0.0, 0.0, 0.03, 0.08, 0.2, 0.5])
    shared = rng.choice([0.0, 0.0, 0.05, 0.15, 0.4, 0.8, 1.0])
    wrong = rng.choice([0.02, 0.1, 0.2])
    copies = [_spoiled(r, wrong, rng) for r in things if rng.random() < repeated]
    first = things + copies
    others = [{f: make[f]() for f in KINDS[kind]} for _ in range(rng.randint(20, len(things)))]
    common = [_spoiled(r, wrong, rng) for r in things if rng.random() < shared]
    second = common + others
    rng.shuffle(first)
    data = MemoryData()
    same_source = rng.random() < 0.4
    names = rng.sample(TABLES[kind], 2)
    if not same_source and rng.random() < 0.3:
        names[1] = names[0] + rng.choice(["s", "_list", "_old"])
    data.add_rows("a", names[0], _renamed(first, rng))
    data.add_rows("a" if same_source else "b", names[1], _renamed(second, rng))
    # One or two by chance are not what a link type is for.
    if len(copies) in (1, 2) or len(common) in (1, 2):
        return
    truth = {(names[0], names[0]): len(copies) > 0, (names[0], names[1]): len(common) > 0, (names[1], names[1]): False}
    yield from _examples(f"made {seed % FOLDS}", data, truth)


def _spoiled(row: Row, wrong: float, rng: random.Random) -> Row:
    """A copy with errors in a share of the values, and some values gone."""
    result = dict(row)
    for name, value in row.items():
        text = str(value)
        if rng.random() < wrong / 2:
            result[name] = None
        elif rng.random() < wrong and len(text) > 3:
            at = rng.randrange(1, len(text) - 1)
            result[name] = rng.choice(
                [text[:at] + text[at + 1 :], text[:at] + text[at + 1] + text[at] + text[at + 2 :], text.upper()]
            )
    return result


def _renamed(rows: Sequence[Row], rng: random.Random) -> list[Row]:
    """Under other column names, some columns left out or joined, with a number and what only this system knows."""
    kept = [f for f in rows[0] if rng.random() < 0.85] or list(rows[0])
    called = {
        f: rng.choice([f, f"{f}_{rng.choice(['name', 'text', 'value'])}", f[:3] + "_" + str(n)])
        for n, f in enumerate(kept)
    }
    start = rng.choice([1, 1_000, 70_000])
    joined = rng.sample(kept, 2) if len(kept) > 2 and rng.random() < 0.35 else []
    large = rng.random() < 0.2
    made = []
    for n, row in enumerate(rows):
        values = {called[f]: row.get(f) for f in kept if f not in joined}
        if joined:
            values[called[joined[0]]] = ", ".join(str(row[f]) for f in joined if row.get(f) is not None) or None
        if large:
            values = {f: v.upper() if isinstance(v, str) else v for f, v in values.items()}
        made.append({"id": start + n, **values, "status": rng.choice(["new", "old", "gone"])})
    return made


def _from_schema(seed: int) -> Iterator[Example]:
    schema = generate_schema(seed)
    linked = {(tail.dataset, head.dataset) for tail, head in schema.references}
    yield from _examples(f"schema {seed % FOLDS}", schema.data, {}, linked)


def _from_folder(folder: Path) -> Iterator[Example]:
    import pyarrow.csv as pa_csv

    def rows(name: str) -> list[Row]:
        table = pa_csv.read_csv(folder / name, parse_options=pa_csv.ParseOptions(newlines_in_values=True))
        return [{k: (v if v != "" else None) for k, v in row.items()} for row in table.to_pylist()]

    data = MemoryData()
    if (folder / "records.csv").exists():
        data.add_rows("a", "records", rows("records.csv"))
        yield from _examples(folder.name, data, {("records", "records"): True})
        return
    data.add_rows("a", "left", rows("left.csv"))
    data.add_rows("b", "right", rows("right.csv"))
    yield from _examples(folder.name, data, {("left", "right"): True})
    matched = {str(row["left_id"]) for row in rows("matches.csv")}
    strangers = [row for row in rows("left.csv") if str(row["id"]) not in matched]
    if len(strangers) >= 30:
        apart = MemoryData()
        apart.add_rows("a", "left", strangers)
        apart.add_rows("b", "right", rows("right.csv"))
        yield from _examples(folder.name, apart, {})


def _examples(
    family: str,
    data: MemoryData,
    truth: Mapping[tuple[str, str], bool],
    linked: frozenset[tuple[str, str]] | set[tuple[str, str]] = frozenset(),
) -> Iterator[Example]:
    workspace = Workspace()
    with workspace.using(data) as loaded:
        for pair in same_thing_candidates(loaded):
            ends = pair.left.dataset, pair.right.dataset
            between = 0.95 if ends in linked or ends[::-1] in linked else 0.0
            same = truth.get(ends, truth.get(ends[::-1], False))
            yield Example(family, {**pair.features, "reference_between": between}, same)
        for single in duplicate_candidates(loaded):
            name = single.table.dataset
            yield Example(family, single.features, truth.get((name, name), False))
    workspace.close()


def fit(chosen: Sequence[Example]) -> dict[str, Any]:
    """The entry of the weights file."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = _matrix(chosen)
    model = HistGradientBoostingClassifier(
        max_iter=TREES, learning_rate=0.08, max_leaf_nodes=6, min_samples_leaf=20, l2_regularization=5.0,
        monotonic_cst=list(SIGNS.values()), random_state=0, early_stopping=False,
    )  # fmt: skip
    model.fit(x, np.array([e.same for e in chosen]))
    # What a kind of candidate does not have is its mean, so that answers change nothing by it.
    mean, scale = np.nan_to_num(np.nanmean(x, axis=0)), np.nan_to_num(np.nanstd(x, axis=0), nan=1.0)
    return {
        "names": list(NAMES), "mean": mean.round(5).tolist(), "scale": np.maximum(scale, 0.05).round(5).tolist(),
        "forest": export_forest(model).to_dict(),
    }  # fmt: skip


def _matrix(chosen: Sequence[Example]) -> np.ndarray:
    return np.array([[e.features.get(n, math.nan) for n in NAMES] for e in chosen], np.float64)


def _probabilities(entry: Mapping[str, Any], chosen: Sequence[Example]) -> np.ndarray:
    z = Forest.from_dict(entry["forest"]).log_odds(_matrix(chosen))
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -12, 12))))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_same_things")
    parser.add_argument("data", type=Path, nargs="?", help="folder that holds entity_resolution")
    parser.add_argument("--out", type=Path, default=WEIGHTS / "columns.json")
    parser.add_argument("--seeds", type=int, default=960)
    options = parser.parse_args()
    found = list(examples(options.data, options.seeds))
    unseen = np.zeros(len(found))
    for family in sorted({e.family for e in found}):
        entry = fit([e for e in found if e.family != family])
        mine = [k for k, e in enumerate(found) if e.family == family]
        unseen[mine] = _probabilities(entry, [found[k] for k in mine])
    same = np.array([e.same for e in found])
    accuracy = float(((unseen >= 0.5) == same).mean())
    error = expected_calibration_error(unseen, same)
    lines = [f"{len(found)} examples, {same.sum()} same; families unseen: ECE {error:.3f}, accuracy {accuracy:.3f}"]
    for low in range(10):
        inside = (unseen * 10).astype(int) == low
        if inside.any():
            lines.append(
                f"{low / 10:.1f} {inside.sum():5d} said {unseen[inside].mean():.3f}, true {same[inside].mean():.3f}"
            )
    sys.stdout.write("\n".join(lines) + "\n")
    data = json.loads(options.out.read_text(encoding="utf-8"))
    data["kinds"]["same_thing"] = fit(found)
    options.out.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
