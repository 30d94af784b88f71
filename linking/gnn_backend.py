"""Message passing over typed graphs: DGL where it has a wheel, plain torch elsewhere. The only module that imports DGL.

Both backends compute, for every relation, the mean of the transformed neighbours, and sum over relations (Schlichtkrull
et al. 2018, without basis decomposition), or sums of what edges make of their senders (Zhu et al. 2021). They share all
parameters and agree to 1e-5; the torch one is the test oracle.
"""

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
import torch
from torch import Tensor, nn

from bifrost.errors import MissingExtraError, SettingsError

__all__ = ["Backend", "Relation", "RelationGraph", "RelationalConvolution", "choose_backend"]

Relation = tuple[str, str, str]
"""(type of the neighbour that sends, name, type of the node that receives)."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RelationGraph:
    """Nodes per type, and per relation the int64 indices of senders and receivers."""

    nodes: Mapping[str, int]
    edges: Mapping[Relation, tuple[Tensor, Tensor]]


class Backend(Protocol):
    """How neighbours are averaged."""

    name: str

    def prepare(self, graph: RelationGraph) -> Any:
        """Whatever the backend needs of a graph, made once per graph."""

    def aggregate(self, prepared: Any, x: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Node type -> sum over relations of the mean of ``x[sender] @ weights[relation name]``, for types that receive."""

    def weighted_sum(self, ends: tuple[Tensor, Tensor], count: int, x: Tensor, weights: Tensor) -> Tensor:
        """For each of ``count`` receivers the sum of ``x[sender] * weights[edge]``; ``ends`` are senders and receivers."""


class TorchBackend:
    """Plain torch: one ``index_add_`` per relation."""

    name = "torch"

    def prepare(self, graph: RelationGraph) -> Any:
        prepared = {}
        for relation, (senders, receivers) in graph.edges.items():
            degree = torch.zeros(graph.nodes[relation[2]]).index_add_(0, receivers, torch.ones(len(receivers)))
            prepared[relation] = senders, receivers, degree.clamp(min=1.0)[:, None]
        return prepared

    def aggregate(self, prepared: Any, x: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        result: dict[str, Tensor] = {}
        for (source, name, target), (senders, receivers, degree) in prepared.items():
            messages = (x[source] @ weights[name])[senders]
            total = messages.new_zeros(len(degree), messages.shape[1]).index_add_(0, receivers, messages) / degree
            result[target] = result[target] + total if target in result else total
        return result

    def weighted_sum(self, ends: tuple[Tensor, Tensor], count: int, x: Tensor, weights: Tensor) -> Tensor:
        senders, receivers = ends
        return x.new_zeros(count, x.shape[1]).index_add_(0, receivers, x[senders] * weights)


class DglBackend:
    """DGL's HeteroGraphConv over GraphConv with right normalisation, the fastest of its relational layers on processors."""

    name = "dgl"

    def __init__(self) -> None:
        os.environ.setdefault("DGLBACKEND", "pytorch")
        import dgl
        import dgl.nn

        self._dgl = dgl

    def prepare(self, graph: RelationGraph) -> Any:
        made = self._dgl.heterograph(dict(graph.edges), num_nodes_dict=dict(graph.nodes))
        convolution = self._dgl.nn.HeteroGraphConv(
            {
                name: self._dgl.nn.GraphConv(1, 1, norm="right", weight=False, bias=False, allow_zero_in_degree=True)
                for _, name, _ in graph.edges
            },
            aggregate="sum",
        )
        return made, convolution

    def aggregate(self, prepared: Any, x: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        graph, convolution = prepared
        arguments = {name: {"weight": weights[name]} for _, name, _ in graph.canonical_etypes}
        return dict(convolution(graph, dict(x), mod_kwargs=arguments))

    def weighted_sum(self, ends: tuple[Tensor, Tensor], count: int, x: Tensor, weights: Tensor) -> Tensor:
        block = self._dgl.create_block(ends, num_src_nodes=len(x), num_dst_nodes=count)
        total: Tensor = self._dgl.ops.u_mul_e_sum(block, x, weights)
        return total


def choose_backend(name: str = "auto") -> Backend:
    """``dgl``, ``torch``, or ``auto``: DGL where it is installed. The choice is logged."""
    if name not in ("auto", "dgl", "torch"):
        raise SettingsError(f"There is no GNN backend {name!r}.", remedy="Use auto, dgl or torch.")
    installed = importlib.util.find_spec("dgl") is not None
    if name == "dgl" and not installed:
        raise MissingExtraError("dgl", "dgl", "dgl")
    backend: Backend = DglBackend() if installed and name != "torch" else TorchBackend()
    _log.info("gnn backend", backend=backend.name, asked=name)
    return backend


class RelationalConvolution(nn.Module):
    """One layer: own features through a linear map per node type, plus what the backend aggregates from neighbours."""

    def __init__(self, sizes: Mapping[str, int], relations: tuple[Relation, ...], out: int, backend: Backend) -> None:
        """``sizes`` maps node type to input width; all outputs are ``out`` wide."""
        super().__init__()
        self.backend = backend
        self.own = nn.ModuleDict({kind: nn.Linear(size, out) for kind, size in sizes.items()})
        self.weights = nn.ParameterDict(
            {
                name: nn.Parameter(nn.init.xavier_uniform_(torch.empty(sizes[source], out)))
                for source, name, _ in relations
            }
        )

    def forward(self, prepared: Any, x: Mapping[str, Tensor]) -> dict[str, Tensor]:
        received = self.backend.aggregate(prepared, x, dict(self.weights.items()))
        result = {}
        for kind, values in x.items():
            own = self.own[kind](values)
            result[kind] = own + received[kind] if kind in received else own
        return result
