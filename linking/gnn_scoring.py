"""The GNN's correction of the explicit-feature model, for the candidates of a workspace. Imports torch when first used."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from linking.column_graph import build_graph
from linking.references import ReferenceCandidate
from linking.scoring import WEIGHTS, Prior, gnn_trust
from linking.semantics import NameVectors
from linking.workspace import Workspace

__all__ = ["LARGEST_CORRECTION", "corrections"]

LARGEST_CORRECTION = 6.0
"""In log-odds."""
_MAX_COLUMNS = 20_000


@cache
def _model(backend: str) -> tuple[Any, tuple[str, ...], Any]:
    from linking.column_gnn import load_gnn
    from linking.gnn_backend import choose_backend

    chosen = choose_backend(backend)
    return (*load_gnn(WEIGHTS / "column_gnn.npz", chosen), chosen)


def corrections(
    workspace: Workspace,
    candidates: Sequence[ReferenceCandidate],
    features: Sequence[Mapping[str, float]],
    prior: Prior,
    vectors: NameVectors | None,
    backend: str = "auto",
) -> NDArray[np.float64]:
    """What to add to the log-odds of each candidate, float64 [n]; zeros where the graph is too large to be worth it."""
    profiles = [*workspace.columns(), *workspace.property_columns()]
    if not candidates or len(profiles) > _MAX_COLUMNS:
        return np.zeros(len(candidates))
    from linking.column_gnn import prepare_graph

    model, names, chosen = _model(backend)
    baseline = prior.log_odds(features)
    graph = build_graph(profiles, candidates, names, vectors, model.name.in_features)
    corrected = model.log_odds(prepare_graph(graph, chosen), baseline)
    change = np.clip(corrected - baseline, -LARGEST_CORRECTION, LARGEST_CORRECTION)
    return np.asarray(gnn_trust() * change, np.float64)
