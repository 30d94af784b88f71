"""Link prediction on every folder of ``link_prediction``: filtered MRR and hits on the test triples.

Options are chosen on the validation triples and by the shape of the graph alone. The decoder alone, the graph encoder alone,
both, and rules beside them are all shown on validation; what is best there is tested, with the decoder alone beside it.
``BIFROST_BENCH_SECONDS`` bounds the CPU seconds per folder (default 1,800). Where ``BIFROST_PYKEEN`` names a Python with
PyKEEN, its ComplEx and R-GCN are trained beside (:mod:`benchmarks.pykeen_peer`).
"""

import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pykeen_peer import pykeen_mrr
from benchmarks.report import Report
from linking.prediction.mixing import Held
from linking.prediction.predictor import Predictor, fit_predictor, options_for
from linking.prediction.ranking import filtered_ranking
from linking.prediction.triples import Ids, Triple, TripleSet

BARS = {"codex-s": 0.47, "wn18rr": 0.49}


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all folders; ``BIFROST_BENCH_LINKS`` names one of them to run alone."""
    limit = float(os.environ.get("BIFROST_BENCH_SECONDS", "1800"))
    only = os.environ.get("BIFROST_BENCH_LINKS")
    for folder in sorted(p for p in (data / "link_prediction").glob("*") if p.is_dir()):
        if only in (None, folder.name):
            _one(report, folder, seed, limit)


def _one(report: Report, folder: Path, seed: int, limit: float) -> None:
    name = folder.name
    train, valid, test = (read(folder / f"{part}.txt") for part in ("train", "valid", "test"))
    clock = time.process_time()
    # The budget is for everything: validation, mining and choosing the rules take about a tenth of it.
    decoder, encoder = options_for(train, seconds=0.9 * limit, seed=seed)
    predictor = fit_predictor(train, valid, decoder, encoder=encoder, report=lambda line: print(name, line, flush=True))
    seconds = time.process_time() - clock
    for model, value in predictor.validation.items():
        report.add(f"links.{name}.valid_mrr_{model}", value)
    _tested(report, name, predictor, valid, test, seed)
    report.add(f"links.{name}.cpu_seconds", seconds, bar=limit, note="training and validation")
    for model, value in pykeen_mrr(folder, seconds / 2, seed).items():
        report.add(f"links.{name}.mrr_pykeen_{model}", value, note=f"{seconds / 2:.0f} CPU seconds")


def _tested(
    report: Report, name: str, predictor: Predictor, valid: list[Triple], test: list[Triple], seed: int
) -> None:
    index = predictor.data
    asked, held = index.encode(test), index.encode(valid)
    known = np.concatenate([index.triples, held, asked])
    # A test triple with an entity that training never saw cannot be ranked and counts 0.
    share = len(asked) / max(len(test), 1)
    found = filtered_ranking(index, asked, known, predictor.model.scores)
    low, high = _interval(found.reciprocal, seed)
    weights = ", ".join(f"{part.name} {part.weight:g}" for part in predictor.model.parts)
    note = f"{weights}; 95% {low * share:.3f}-{high * share:.3f}; tail frequency"
    frequent = _frequency_mrr(index, asked, known)
    report.add(f"links.{name}.mrr", found.mrr * share, baseline=frequent * share, bar=BARS.get(name), note=note)
    report.add(f"links.{name}.hits_at_10", found.hits[2] * share)
    alone = filtered_ranking(index, asked, known, predictor.decoder.scores).mrr
    report.add(f"links.{name}.mrr_decoder_alone", alone * share)
    usual = Held(index, held, known).mrr(predictor.model, predictor.decoder)
    note = "filtered by the test triples too, as is usual; the decoder alone"
    report.add(f"links.{name}.valid_mrr_usual", usual[0], baseline=usual[1], note=note)


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
