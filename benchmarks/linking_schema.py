"""Schema matching: for each column of a table, the columns of a wide target that mean the same.

Weights are never chosen on the table that is measured: with three or more tables they are fitted on the others (leave one
table out); with fewer the shipped ones are used.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from benchmarks.report import Report
from bifrost.links import LinkKind
from extraction.encoder_minilm import load_encoder
from linking.concepts import Matrix, concept_log_odds, plain_score
from linking.scoring import load_priors
from linking.semantics import NameVectors
from linking.training.train_concepts import Matching, fit_concepts, load_matchings

__all__ = ["run"]

_BARS = (0.76, 0.46)


def run(report: Report, seed: int, data: Path) -> None:
    """Mean reciprocal rank per source column with a match, and recall among the best as many pairs as are true."""
    vectors = NameVectors(load_encoder())
    for folder in sorted(path.parent for path in data.glob("schema_matching/*/target.csv")):
        matchings = load_matchings(folder, vectors)
        left_out = len(matchings) >= 3
        trained = []
        for matching in matchings:
            others = [m for m in matchings if m is not matching]
            prior = fit_concepts(others) if left_out else load_priors()[LinkKind.SAME_CONCEPT]
            trained.append(_measure(matching, concept_log_odds(matching.features, prior)))
        baseline = _mean(matchings, _grams)
        plain = _mean(matchings, plain_score)
        mrr, recall = np.mean(trained, axis=0)
        how = "fitted on the other tables" if left_out else "shipped weights"
        name = folder.name
        report.add(
            f"schema.{name}.mrr", mrr, baseline=baseline[0], bar=_BARS[0], note=f"{how}; 3-grams of names, values"
        )
        report.add(f"schema.{name}.recall_at_gt", recall, baseline=baseline[1], bar=_BARS[1], note=how)
        report.add(f"schema.{name}.mrr_plain", plain[0], baseline=baseline[0], note="plain mix, no weights fitted")
        report.add(f"schema.{name}.recall_at_gt_plain", plain[1], baseline=baseline[1], note="plain mix")
        without = {k: v for k, v in matchings[0].features.items() if k.startswith("meaning")}
        if without:
            bare = _mean(matchings, lambda f: plain_score({k: v for k, v in f.items() if not k.startswith("meaning")}))
            report.add(f"schema.{name}.mrr_no_encoder", bare[0], note="ablation: plain mix without the encoder")


def _grams(features: Mapping[str, Matrix]) -> Matrix:
    return features["name_grams"] + features["value_grams"]


def _mean(matchings: list[Matching], score: Callable[[Mapping[str, Matrix]], Matrix]) -> tuple[float, float]:
    mrr, recall = np.mean([_measure(m, score(m.features)) for m in matchings], axis=0)
    return float(mrr), float(recall)


def _measure(matching: Matching, scores: Matrix) -> tuple[float, float]:
    labels = matching.labels()
    ranks = []
    for row, right in zip(scores, labels, strict=True):
        if right.any():
            order = np.argsort(-row, kind="stable")
            ranks.append(1.0 / (1 + int(np.argmax(right[order]))))
    best = np.argsort(-scores, axis=None, kind="stable")[: len(matching.truth)]
    return float(np.mean(ranks)), float(labels.ravel()[best].sum() / len(matching.truth))
