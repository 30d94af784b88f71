"""Trains which of several records a mention means: ``python -m linking.training.train_choice [--cases N] [--out FILE]``.

Learned from generated texts with namesakes (:mod:`linking.training.namesakes`). The archetypes in ``HELD_BACK`` take no part in
fitting; one half of their cases calibrates (one temperature, Guo et al. 2017), the other tells the figures that are printed.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from linking.mentions.apply import scan_texts
from linking.mentions.choice import FILE, ChoiceModel
from linking.mentions.context import ALWAYS, EVIDENCE, Doubt
from linking.mentions.settle import doubtful
from linking.scoring import WEIGHTS
from linking.training.archetypes import ARCHETYPES
from linking.training.namesakes import NamesakeCase, write_namesakes
from linking.training.train_columns import HELD_BACK, expected_calibration_error
from linking.training.train_mentions import reliability
from linking.workspace import Workspace

__all__ = ["Choices", "collect", "figures", "fit", "main"]

_L2 = 1.0
_AGAINST = frozenset({"against"})
_PENALTY = 1e-3

Choices = list[tuple[Doubt, int]]
"""Mentions and the place of the record that each means, as many as there are records where it means none of them."""


def collect(cases: Iterable[NamesakeCase | None], workspace: Workspace) -> Choices:
    """The mentions of all cases that mean at most one of the records they fit."""
    made: Choices = []
    for case in cases:
        if case is None:
            continue
        with workspace.using(case.data):
            scanned = scan_texts(workspace, case.data, case.link_type)
            if scanned is None:
                continue
            for doubt in doubtful(
                workspace, case.link_type, scanned.heads, scanned.mentions, case.references, refused=True
            ):
                meant = [n for n, uid in enumerate(doubt.uids) if uid in case.truth[doubt.mention.uid]]
                if len(meant) <= 1:
                    made.append((doubt, meant[0] if meant else len(doubt.uids)))
    return made


def fit(choices: Choices) -> ChoiceModel:
    """Maximum likelihood with a small penalty; evidence can only speak for a record, contradiction only against it."""
    evidence, always, begins, meant = _arrays(choices)
    bounds = [(None, 0.0) if name in _AGAINST else (0.0, None) for name in EVIDENCE] + [(None, None)] * len(ALWAYS)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        z, none = evidence @ w[: len(EVIDENCE)], always @ w[len(EVIDENCE) :]
        top = np.maximum(np.maximum.reduceat(z, begins), none)
        group = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(z))))
        e, e0 = np.exp(z - top[group]), np.exp(none - top)
        total = np.add.reduceat(e, begins) + e0
        p, p0 = e / total[group], e0 / total
        chosen = np.where(meant < 0, p0, p[np.maximum(meant, 0)])
        y, y0 = np.zeros(len(z)), (meant < 0).astype(float)
        y[meant[meant >= 0]] = 1
        gradient = np.concatenate([(p - y) @ evidence, (p0 - y0) @ always]) / len(begins)
        value = -np.log(np.maximum(chosen, 1e-12)).mean() + _PENALTY * float(w @ w)
        return float(value), gradient + 2 * _PENALTY * w

    start = np.zeros(len(EVIDENCE) + len(ALWAYS))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return ChoiceModel(found.x[: len(EVIDENCE)], found.x[len(EVIDENCE) :])


def _arrays(
    choices: Choices,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Evidence of all records, ``always`` of all mentions, where the records of each begin, and the row meant (-1 for none)."""
    sizes = np.array([len(d.uids) for d, _ in choices])
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    place = np.array([m for _, m in choices])
    meant = np.where(place < sizes, begins + place, -1)
    return np.concatenate([d.evidence for d, _ in choices]), np.array([d.always for d, _ in choices]), begins, meant


def calibrated(model: ChoiceModel, choices: Choices) -> ChoiceModel:
    """The model with the temperature of least log loss on mentions that took no part in fitting it."""

    def loss(log_temperature: float) -> float:
        return log_loss(ChoiceModel(model.evidence, model.none, float(np.exp(log_temperature))), choices)

    found = minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded")
    return ChoiceModel(model.evidence, model.none, float(np.exp(found.x)))


def log_loss(model: ChoiceModel, choices: Choices) -> float:
    p = model.probabilities([d for d, _ in choices])
    said = [1 - q.sum() if m == len(q) else q[m] for q, (_, m) in zip(p, choices, strict=True)]
    return float(-np.log(np.maximum(said, 1e-9)).mean())


def figures(model: ChoiceModel, choices: Choices) -> dict[str, Any]:
    """How many mentions of one record link to it, how many links are right, and how far probabilities can be trusted."""
    linked = right = 0
    p, y = [], []
    for q, (_, m) in zip(model.probabilities([d for d, _ in choices]), choices, strict=True):
        best = int(q.argmax())
        linked += bool(q[best] >= 0.5)
        right += bool(q[best] >= 0.5 and best == m)
        p += q.tolist()
        y += [n == m for n in range(len(q))]
    wanted = sum(m < len(d.uids) for d, m in choices)
    said, holds = np.array(p), np.array(y)
    return {
        "mentions": len(choices), "of_a_record": wanted, "linked": linked,
        "precision": round(right / max(linked, 1), 4), "recall": round(right / max(wanted, 1), 4),
        "log_loss": round(log_loss(model, choices), 4), "ece": round(expected_calibration_error(said, holds), 4),
        "reliability": reliability(said, holds),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints the figures and writes the weights."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_choice", description=main.__doc__)
    parser.add_argument("--cases", type=int, default=240)
    parser.add_argument("--out", type=Path, default=WEIGHTS / FILE)
    options = parser.parse_args(arguments)
    others, half = [a for a in ARCHETYPES if a not in HELD_BACK], options.cases // 2
    workspace = Workspace()
    train = collect((write_namesakes(s, others) for s in range(options.cases)), workspace)
    held = collect((write_namesakes(s, HELD_BACK) for s in range(10_000, 10_000 + half)), workspace)
    test = collect((write_namesakes(s, HELD_BACK) for s in range(20_000, 20_000 + half)), workspace)
    workspace.close()
    model = calibrated(fit(train), held)
    told = {"trained": len(train), **figures(model, test)}
    sys.stdout.write(json.dumps(told | model.to_dict(), indent=1) + "\n")
    options.out.write_text(json.dumps(model.to_dict() | {"figures": told}, indent=1) + "\n")


if __name__ == "__main__":
    main()
