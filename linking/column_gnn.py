"""A GNN over the column graph that corrects the explicit-feature model for each candidate reference.

Two relational convolutions over columns, tables and sources; a pair head reads both columns, their product, the
explicit features and the log-odds of the explicit-feature model, and adds a correction to the latter. It starts as no
correction at all, so that it can only depart from the baseline where training shows it should.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from linking.column_graph import ColumnGraph
from linking.gnn_backend import Backend, Relation, RelationalConvolution, RelationGraph

__all__ = ["RELATIONS", "ColumnGnn", "PreparedGraph", "load_gnn", "prepare_graph", "save_gnn"]

RELATIONS: tuple[Relation, ...] = (
    ("column", "in", "table"),
    ("table", "has", "column"),
    ("table", "of", "source"),
    ("source", "holds", "table"),
    ("column", "found_in", "column"),
    ("column", "contains", "column"),
)
_HIDDEN = 48
_NAME = 32
_FOUND = 0.9
"""The containment from which a candidate is an edge of the graph."""


class PreparedGraph:
    """A column graph as tensors, for one backend."""

    def __init__(self, graph: ColumnGraph, backend: Backend) -> None:
        def tensor(values: NDArray[np.float32]) -> Tensor:
            return torch.from_numpy(np.ascontiguousarray(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)))

        self.columns, self.tables = tensor(graph.columns), tensor(graph.table_names)
        self.names = tensor(graph.column_names)
        self.sources = int(graph.source_of.max()) + 1 if len(graph.source_of) else 0
        self.tail, self.head = torch.from_numpy(graph.tail), torch.from_numpy(graph.head)
        self.features = tensor(graph.candidates)
        self.missing = torch.from_numpy(np.isnan(graph.candidates).astype(np.float32))
        place = graph.feature_names.index("containment")
        kept = torch.from_numpy(np.nan_to_num(graph.candidates[:, place], nan=0.0) >= _FOUND)
        tail, head = self.tail[kept], self.head[kept]
        column, table = torch.arange(len(graph.columns)), torch.arange(len(graph.source_of))
        table_of, source_of = torch.from_numpy(graph.table_of), torch.from_numpy(graph.source_of)
        edges = {
            RELATIONS[0]: (column, table_of),
            RELATIONS[1]: (table_of, column),
            RELATIONS[2]: (table, source_of),
            RELATIONS[3]: (source_of, table),
            RELATIONS[4]: (tail, head),
            RELATIONS[5]: (head, tail),
        }
        nodes = {"column": len(graph.columns), "table": len(graph.source_of), "source": self.sources}
        self.graph = backend.prepare(RelationGraph(nodes, edges))


def prepare_graph(graph: ColumnGraph, backend: Backend) -> PreparedGraph:
    """A graph made ready for a backend, once."""
    return PreparedGraph(graph, backend)


class ColumnGnn(nn.Module):
    """Log-odds of every candidate of a graph. ``mean`` and ``scale`` standardise the explicit features."""

    mean: Tensor
    scale: Tensor

    def __init__(self, columns: int, dimension: int, features: int, backend: Backend) -> None:
        """Widths of the column features, the name vectors and the explicit features."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("scale", torch.ones(features))
        self.name = nn.Linear(dimension, _NAME)
        self.column = nn.Linear(columns + _NAME, _HIDDEN)
        self.table = nn.Linear(_NAME, _HIDDEN)
        self.source = nn.Parameter(torch.zeros(_HIDDEN))
        sizes = {"column": _HIDDEN, "table": _HIDDEN, "source": _HIDDEN}
        self.first = RelationalConvolution(sizes, RELATIONS, _HIDDEN, backend)
        self.second = RelationalConvolution(sizes, RELATIONS, _HIDDEN, backend)
        self.dropout = nn.Dropout(0.3)
        self.hidden = nn.Linear(3 * _HIDDEN + 2 * features + 1, 64)
        self.out = nn.Linear(64, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, graph: PreparedGraph, baseline: Tensor) -> Tensor:
        """float32 [candidates] from the log-odds of the explicit-feature model, float32 [candidates]."""
        names = torch.relu(self.name(self.dropout(graph.names)))
        tables = torch.relu(self.name(self.dropout(graph.tables)))
        x = {
            "column": torch.relu(self.column(torch.cat([graph.columns, names], dim=1))),
            "table": torch.relu(self.table(tables)),
            "source": self.source.expand(graph.sources, -1),
        }
        x = {kind: self.dropout(torch.relu(values)) for kind, values in self.first(graph.graph, x).items()}
        columns = self.second(graph.graph, x)["column"]
        tail, head = columns[graph.tail], columns[graph.head]
        explicit = ((graph.features - self.mean) / self.scale).clamp(-4, 4) * (1 - graph.missing)
        pair = torch.cat([tail, head, tail * head, explicit, graph.missing, baseline[:, None] / 4], dim=1)
        correction: Tensor = self.out(self.dropout(torch.relu(self.hidden(pair))))[:, 0]
        return baseline + correction

    @torch.no_grad()
    def log_odds(self, graph: PreparedGraph, baseline: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same without gradients and dropout, as numpy."""
        self.eval()
        result = self(graph, torch.from_numpy(baseline.astype(np.float32)))
        return np.asarray(result.numpy(), np.float64)


def save_gnn(model: ColumnGnn, path: Path, names: Sequence[str]) -> None:
    """Writes the weights as half-precision arrays, readable without pickle."""
    arrays = {key: value.detach().numpy().astype(np.float16) for key, value in model.state_dict().items()}
    np.savez_compressed(path, feature_names=np.array(names), **arrays)


def load_gnn(path: Path, backend: Backend) -> tuple[ColumnGnn, tuple[str, ...]]:
    """The model with its weights, and the names of the explicit features it reads."""
    data = np.load(path)
    names = tuple(str(name) for name in data["feature_names"])
    columns = data["column.weight"].shape[1] - _NAME
    model = ColumnGnn(columns, data["name.weight"].shape[1], len(names), backend)
    model.load_state_dict({k: torch.from_numpy(data[k].astype(np.float32)) for k in data.files if k != "feature_names"})
    model.eval()
    return model, names
