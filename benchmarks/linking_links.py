"""Link prediction on every folder of ``link_prediction``: filtered MRR and hits on the test triples.

Options are chosen on the validation triples and by the size of the graph alone. The decoder alone, the graph encoder, the
mean of two decoders and rules beside them are all shown on validation; what is best there is tested.
``BIFROST_BENCH_SECONDS`` bounds the CPU seconds per folder (default 1,800).
"""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Report
from linking.prediction.predictor import fit_predictor, options_for
from linking.prediction.ranking import filtered_ranking
from linking.prediction.triples import Ids, Triple, TripleSet

BARS = {"codex-s": 0.47, "wn18rr": 0.49}
_SMALL = 20_000
"""Up to so many entities the graph encoder is tried and two decoders are trained."""


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all folders."""
    limit = float(os.environ.get("BIFROST_BENCH_SECONDS", "1800"))
    for folder in sorted(p for p in (data / "link_prediction").glob("*") if p.is_dir()):
        _one(report, folder, seed, limit)


def _one(report: Report, folder: Path, seed: int, limit: float) -> None:
    train, valid, test = (read(folder / f"{part}.txt") for part in ("train", "valid", "test"))
    clock = time.process_time()
    small = len({e for h, _, t in train for e in (h, t)}) <= _SMALL
    # The budget is for everything: mining and choosing the rules takes about a tenth of it.
    options = options_for(train, seconds=0.4 * limit if small else 0.85 * limit, seed=seed)
    predictor = fit_predictor(train, valid, options, encoder=small, decoders=2 if small else 1)
    seconds = time.process_time() - clock
    index = predictor.data
    asked = index.encode(test)
    known = np.concatenate([index.triples, index.encode(valid), asked])
    found = filtered_ranking(index, asked, known, predictor.model.scores)
    # A test triple with an entity that training never saw cannot be ranked and counts 0.
    share = len(asked) / max(len(test), 1)
    name = folder.name
    frequent = _frequency_mrr(index, asked, known)
    low, high = _interval(found.reciprocal, seed)
    note = f"{predictor.serves}; 95% {low:.3f}-{high:.3f}; tail frequency"
    report.add(f"links.{name}.mrr", found.mrr * share, baseline=frequent * share, bar=BARS.get(name), note=note)
    report.add(f"links.{name}.hits_at_10", found.hits[2] * share)
    report.add(f"links.{name}.cpu_seconds", seconds, note="training and validation")
    for model, value in predictor.validation.items():
        report.add(f"links.{name}.valid_mrr_{model}", value)


def read(path: Path) -> list[Triple]:
    """Head, relation and tail per line, separated by tabs."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return [(h, r, t) for h, r, t in rows]


def _frequency_mrr(index: TripleSet, asked: Ids, known: Ids) -> float:
    """The baseline: entities ordered by how often they are tails of the relation."""
    both = index.with_reciprocals(index.triples)
    counts = np.zeros((2 * len(index.relations), len(index.entities)), np.float32)
    np.add.at(counts, (both[:, 1], both[:, 2]), 1)
    return filtered_ranking(index, asked, known, lambda _, relation: counts[relation]).mrr


def _interval(values: NDArray[np.float64], seed: int) -> tuple[float, float]:
    """A 95% bootstrap interval of the mean."""
    generator = np.random.default_rng(seed)
    n = max(len(values), 1)
    means = [values[generator.integers(0, n, n)].mean() for _ in range(200)] if len(values) else [0.0]
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
