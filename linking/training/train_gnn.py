"""Trains the column GNN: ``python -m linking.training.train_gnn EXAMPLES [--out FILE]``.

``EXAMPLES`` is the file that ``train_columns --examples`` wrote. The GNN learns on the same schemas as the trees, whose
log-odds for them come from five-fold cross-fitting, so that it sees them as good as they are on new schemas, no better.
Which share of its correction is added is chosen on one half of the held-back schemas; on the other half the result is
compared with the explicit-feature model, and serves only if it is better there.
"""

import argparse
import json
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from linking.column_gnn import ColumnGnn, PreparedGraph, prepare_graph, save_gnn
from linking.column_graph import ColumnGraph
from linking.gnn_backend import choose_backend
from linking.gnn_scoring import LARGEST_CORRECTION
from linking.scoring import WEIGHTS, choice_inputs, odds_shares
from linking.training.train_columns import (
    Examples,
    choice_matrix,
    expected_calibration_error,
    figures_of,
    fit,
    fit_choice,
    load,
)
from linking.trees import Forest

__all__ = ["main", "train"]

Scalar = TypeVar("Scalar", bound=np.generic)
_EPOCHS = 25
_FOLDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Trains, prints both models' figures, and writes the weights and whether the GNN serves."""
    parser = argparse.ArgumentParser(prog="python -m linking.training.train_gnn", description=main.__doc__)
    parser.add_argument("examples", type=Path)
    parser.add_argument("--backend", default="auto", choices=["auto", "dgl", "torch"])
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args(arguments)
    examples, held = load(options.examples)
    with options.examples.with_suffix(".graphs.pickle").open("rb") as file:
        graphs, held_graphs = pickle.load(file)  # noqa: S301  our own file, written by train_columns
    forest = fit(examples.names, examples.x, examples.y)
    half = held.schema % 2 == 0
    choice = fit_choice(forest, held.take(half))
    baseline = choice_matrix(forest, held) @ np.array(choice.weights) + choice.bias
    crossed = _cross_fitted(examples) @ np.array(choice.weights) + choice.bias
    torch.manual_seed(0)
    torch.set_num_threads(1)
    backend = choose_backend(options.backend)
    prepared = [prepare_graph(graph, backend) for graph in graphs]
    model = ColumnGnn(graphs[0].columns.shape[1], graphs[0].table_names.shape[1], len(examples.names), backend)
    with torch.no_grad():
        model.mean.copy_(torch.from_numpy(np.nanmean(examples.x, axis=0)))
        model.scale.copy_(torch.from_numpy(np.maximum(np.nanstd(examples.x, axis=0), 1e-3)))
    train(model, prepared, _split(crossed, graphs), _split(examples.y, graphs))
    parts = _split(baseline, held_graphs)
    z = np.concatenate([model.log_odds(prepare_graph(g, backend), p) for g, p in zip(held_graphs, parts, strict=True)])
    change = np.clip(z - baseline, -LARGEST_CORRECTION, LARGEST_CORRECTION)
    trust = _trust(baseline[half], change[half], held.y[half])
    test = ~half
    served = baseline + trust * change
    report = {"baseline": _report(baseline[test], held.y[test]), "gnn": _report(served[test], held.y[test])}
    serves = (
        report["gnn"]["log_loss"] < report["baseline"]["log_loss"] and report["gnn"]["f1"] > report["baseline"]["f1"]
    )
    sys.stdout.write(json.dumps({**report, "trust": trust, "serves": serves}, indent=1) + "\n")
    save_gnn(model, options.weights / "column_gnn.npz", examples.names)
    path = options.weights / "columns.json"
    data = json.loads(path.read_text())
    data["gnn"] = {"serves": serves, "trust": trust, "figures": report}
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n")


def train(
    model: ColumnGnn,
    graphs: Sequence[PreparedGraph],
    baselines: Sequence[NDArray[np.float64]],
    labels: Sequence[NDArray[np.bool_]],
    epochs: int = _EPOCHS,
) -> list[float]:
    """Full-graph steps, one schema at a time; returns the mean loss per epoch."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=epochs * len(graphs))
    order = np.random.default_rng(0)
    losses = []
    for _ in range(epochs):
        model.train()
        total = 0.0
        for i in order.permutation(len(graphs)).tolist():
            target = torch.from_numpy(labels[i].astype(np.float32))
            z = model(graphs[i], torch.from_numpy(baselines[i].astype(np.float32)))
            loss = torch.nn.functional.binary_cross_entropy_with_logits(z, target, reduction="sum") / 30
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        losses.append(total / len(graphs))
    return losses


def _cross_fitted(examples: Examples) -> NDArray[np.float64]:
    """The inputs of the choice, with log-odds of trees that did not see the schema."""
    fold = examples.schema % _FOLDS
    z = np.zeros(len(examples.y))
    for part in range(_FOLDS):
        forest: Forest = fit(examples.names, examples.x[fold != part], examples.y[fold != part])
        z[fold == part] = forest.log_odds(examples.x[fold == part])
    shares = odds_shares(z, list(zip(examples.schema.tolist(), examples.tail.tolist(), strict=True)))
    rows = [dict(zip(examples.names, row, strict=True)) for row in examples.x.tolist()]
    return np.array([choice_inputs(v, s, row) for v, s, row in zip(z, shares, rows, strict=True)], np.float64)


def _trust(baseline: NDArray[np.float64], change: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    """The share of the change, in steps of .05, with the least log loss."""
    return min((round(0.05 * n, 2) for n in range(21)), key=lambda share: _log_loss(baseline + share * change, y))


def _split(values: NDArray[Scalar], graphs: Sequence[ColumnGraph]) -> list[NDArray[Scalar]]:
    return np.split(values, np.cumsum([len(graph.tail) for graph in graphs])[:-1])


def _report(z: NDArray[np.float64], y: NDArray[np.bool_]) -> dict[str, float]:
    p = _probability(z)
    return {
        **figures_of(p, y),
        "log_loss": round(_log_loss(z, y), 5),
        "ece": round(expected_calibration_error(p, y), 4),
    }


def _log_loss(z: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    p = _probability(z)
    return float(-np.where(y, np.log(p), np.log(1 - p)).mean())


def _probability(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(z, -12, 12))), np.float64)


if __name__ == "__main__":
    main()
