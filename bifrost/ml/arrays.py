"""A heterogeneous graph as numpy arrays, and as DGL and PyG graphs."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bifrost.errors import InputError, MissingExtraError

__all__ = ["Edges", "GraphArrays", "Nodes", "Relation", "Split"]

Relation = tuple[str, str, str]
"""(type of the tails, edge label, type of the heads), as DGL and PyG name edge types."""
Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]
_REVERSE = "rev_"


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows are for training, validation and test: three boolean arrays, exactly one of them true for each row.

    An element's part depends on its id and the seed alone, so it stays where it is when the graph grows.
    """

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, repr=False)
class Nodes:
    """The vertices of one type. ``features`` is float32 [n, d] with a name per column, ``target`` int64 classes (-1: none)
    or float32 numbers (nan: none), ``classes`` the names of the classes."""

    ids: tuple[str, ...]
    features: Floats
    names: tuple[str, ...]
    split: Split
    target: NDArray[Any] | None = None
    classes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        of = f"of {len(self.classes)} classes" if self.classes else "a number"
        target = "" if self.target is None else f", target {of}"
        return f"Nodes({len(self.ids)}, {len(self.names)} features{target})"


@dataclass(frozen=True, slots=True, repr=False)
class Edges:
    """The edges of one relation: ``tail[i]`` and ``head[i]`` are rows of their types' nodes; ``score`` below 1 is a model's."""

    ids: tuple[str, ...]
    tail: Numbers
    head: Numbers
    score: Floats
    features: Floats
    names: tuple[str, ...]
    split: Split

    def __repr__(self) -> str:
        return f"Edges({len(self.ids)}, {len(self.names)} features)"


@dataclass(frozen=True)
class GraphArrays:
    """The whole graph. ``seed`` made the splits."""

    nodes: Mapping[str, Nodes]
    edges: Mapping[Relation, Edges]
    seed: int = 0
    _known: dict[Relation, NDArray[np.int64]] = field(default_factory=dict, repr=False)

    def negatives(self, relation: Relation, part: str, per_edge: int = 1) -> tuple[Numbers, Numbers]:
        """Tails and heads of pairs that are no edges: for each edge of a part of the split (train, validation, test) its
        tail with ``per_edge`` heads drawn at random. The same at every call. Raises InputError for another part."""
        edges = self._of(relation)
        tails = np.repeat(edges.tail[_part(edges.split, part)], per_edge)
        size = len(self.nodes[relation[2]].ids)
        if relation not in self._known:
            self._known[relation] = np.unique(edges.tail * size + edges.head)
        random = np.random.default_rng([self.seed, *part.encode()])
        heads = random.integers(0, size, len(tails))
        for _ in range(20):  # where nearly everything is linked, a few known pairs may stay
            wrong = np.flatnonzero(np.isin(tails * size + heads, self._known[relation]))
            if not len(wrong):
                break
            heads[wrong] = random.integers(0, size, len(wrong))
        return tails, heads

    def to_dgl(self, *, edges: str = "all", reverse: bool = True) -> Any:
        """A DGL heterograph: ``ndata`` has feat, train_mask, val_mask, test_mask, and label for types with a target;
        ``edata`` has feat, score and the masks.

        ``edges`` is all, or train: the others are left out, so that messages tell nothing about the links to predict.
        ``reverse`` adds each relation the other way round, as ``rev_<label>``. Raises MissingExtraError without DGL.
        """
        os.environ.setdefault("DGLBACKEND", "pytorch")
        try:
            import dgl
            import torch
        except ImportError:
            raise MissingExtraError("DGL", "ml", "dgl") from None
        pairs: dict[Relation, Any] = {}
        data: dict[Relation, dict[str, Any]] = {}
        for relation, found, keep in self._kept(edges):
            tail, head = torch.from_numpy(found.tail[keep]), torch.from_numpy(found.head[keep])
            pairs[relation], data[relation] = (tail, head), _edge_data(found, keep)
            if reverse:
                back = (relation[2], _REVERSE + relation[1], relation[0])
                pairs[back], data[back] = (head, tail), data[relation]
        graph = dgl.heterograph(pairs, {label: len(nodes.ids) for label, nodes in self.nodes.items()})
        for label, nodes in self.nodes.items():
            for name, tensor in _node_data(nodes).items():
                graph.nodes[label].data["label" if name == "y" else "feat" if name == "x" else name] = tensor
        for relation, tensors in data.items():
            for name, tensor in tensors.items():
                graph.edges[relation].data["feat" if name == "edge_attr" else name] = tensor
        return graph

    def to_pyg(self, *, edges: str = "all", reverse: bool = True) -> Any:
        """A PyG HeteroData: per node type x, train_mask, val_mask, test_mask, and y where there is a target; per edge type
        edge_index, edge_attr, score and the masks. Arguments as in :meth:`to_dgl`. Raises MissingExtraError without PyG."""
        try:
            import torch
            from torch_geometric.data import HeteroData
        except ImportError:
            raise MissingExtraError("PyG", "ml", "torch_geometric") from None
        graph = HeteroData()
        for label, nodes in self.nodes.items():
            graph[label].num_nodes = len(nodes.ids)
            for name, tensor in _node_data(nodes).items():
                graph[label][name] = tensor
        for relation, found, keep in self._kept(edges):
            index = torch.from_numpy(np.stack([found.tail[keep], found.head[keep]]))
            ways = [(relation, index)]
            if reverse:
                ways.append(((relation[2], _REVERSE + relation[1], relation[0]), index.flip(0)))
            for way, both in ways:
                graph[way].edge_index = both
                for name, tensor in _edge_data(found, keep).items():
                    graph[way][name] = tensor
        return graph

    def _of(self, relation: Relation) -> Edges:
        if relation not in self.edges:
            raise InputError(
                f"There is no relation {relation}.", remedy=f"There are: {', '.join(map(str, self.edges))}."
            )
        return self.edges[relation]

    def _kept(self, which: str) -> Any:
        if which not in ("all", "train"):
            raise InputError(f"edges is all or train, not {which!r}.")
        for relation, found in self.edges.items():
            yield relation, found, found.split.train if which == "train" else np.ones(len(found.ids), np.bool_)


def _part(split: Split, part: str) -> NDArray[np.bool_]:
    if part not in ("train", "validation", "test"):
        raise InputError(f"A part is train, validation or test, not {part!r}.")
    found: NDArray[np.bool_] = getattr(split, part)
    return found


def _masks(split: Split, keep: Any = slice(None)) -> dict[str, Any]:
    import torch

    parts = {"train_mask": split.train, "val_mask": split.validation, "test_mask": split.test}
    return {name: torch.from_numpy(mask[keep]) for name, mask in parts.items()}


def _node_data(nodes: Nodes) -> dict[str, Any]:
    import torch

    found = {"x": torch.from_numpy(nodes.features), **_masks(nodes.split)}
    return found if nodes.target is None else {**found, "y": torch.from_numpy(nodes.target)}


def _edge_data(edges: Edges, keep: NDArray[np.bool_]) -> dict[str, Any]:
    import torch

    found = {"edge_attr": torch.from_numpy(edges.features[keep]), "score": torch.from_numpy(edges.score[keep])}
    return {**found, **_masks(edges.split, keep)}
