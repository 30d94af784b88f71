"""A network over the graph of candidate pairs, beside the prior that scores each pair by itself; neither saw the data.

Nodes are the candidate pairs of one table; (a, b) hears from (a, c) and (b, c) for every record c that both were compared
with, so that what is likely the same as a and as b speaks for the pair. Two rounds of messages correct the prior's log odds;
a share of the correction is added. Each data set (and the disturbed copies of it that are one table) is judged by a prior and
a network that were trained on the others. F1 is over pairs, after the same clustering, as a mean over data sets.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.linking_entities import COPIES, inside, related, without
from benchmarks.report import Report
from linking.records.blocking import Pairs
from linking.records.decide import cluster_records, components
from linking.records.grouping import with_groups
from linking.records.matching import SMALL_FACTOR
from linking.records.options import MatchOptions
from linking.records.prepared import with_pairs
from linking.records.prior import Prior
from linking.records.training import Task, read_labelled, tasks_of

__all__ = ["run"]

Ids = NDArray[np.int64]
Floats = NDArray[np.float64]
SHARES = (0.1, 0.35, 1.0)
"""How much of the network's correction is added."""
EPOCHS = 10
WIDTH = 16
ROUNDS = 2
THIRDS = 30
"""Records c that one pair hears from, at most."""
LIMIT = 4.0


@dataclass(frozen=True)
class Graph:
    """Pairs of one table with what the prior says of them. ``triangles`` are (pair, pair of a and c, pair of b and c)."""

    pairs: Pairs
    records: int
    things: Ids
    features: Floats
    prior: Floats
    weight: float
    triangles: tuple[Ids, Ids, Ids]

    @property
    def same(self) -> NDArray[np.bool_]:
        return np.asarray(self.things[self.pairs.left] == self.things[self.pairs.right])


def run(report: Report, seed: int, data: Path) -> None:
    """F1 of the prior, and of networks with and without messages."""
    folders = sorted(p for p in (data / "entity_resolution").glob("*") if p.is_dir())
    tasks = {folder.name: tasks_of(read_labelled(folder), COPIES, seed) for folder in folders}
    graphs = {}
    for name, made in tasks.items():
        prior = without(name, tasks)
        graphs[name] = [_graph(task, prior, seed) for task in made if task.prepared.comparer.records.dirty]
    alone = _mean({name: [_f1(g, g.prior) for g in made] for name, made in graphs.items()})
    report.add(
        "pair_network.prior.f1", alone, note=f"{sum(map(len, graphs.values()))} tables of {len(graphs)} data sets"
    )
    for label, messages in (("messages", True), ("no_messages", False)):
        corrections = _corrections(graphs, messages, seed)
        for share in SHARES:
            found = {
                name: [_f1(g, g.prior + share * c) for g, c in zip(graphs[name], corrections[name], strict=True)]
                for name in graphs
            }
            report.add(f"pair_network.{label}.f1_at_{share}", _mean(found), baseline=alone, note="the prior alone")


def _mean(found: Mapping[str, Sequence[float]]) -> float:
    return float(np.mean([np.mean(values) for values in found.values() if len(values)]))


def _graph(task: Task, prior: Prior, seed: int) -> Graph:
    prepared, size = task.prepared, task.prepared.comparer.records.shape[0]
    things = components(prepared.pairs, task.truth, size)
    # As in matching, a group of likely pairs is judged by all its pairs.
    grouped = with_groups(prepared, prior.log_odds(prepared), MatchOptions().largest_group)
    prepared = with_pairs(prepared, grouped)
    log_odds = prior.log_odds(prepared).astype(np.float64)
    features = prepared.multiple.astype(np.float64)
    return Graph(prepared.pairs, size, things, features, log_odds, task.weight, _triangles(prepared.pairs, size, seed))


def _triangles(pairs: Pairs, size: int, seed: int) -> tuple[Ids, Ids, Ids]:
    ends = np.r_[pairs.left, pairs.right], np.r_[pairs.right, pairs.left]
    order = np.lexsort((ends[1], ends[0]))
    others, number = ends[1][order], np.tile(np.arange(len(pairs)), 2)[order]
    bounds = np.searchsorted(ends[0][order], np.arange(size + 1))
    generator = np.random.default_rng(seed)
    found: list[Ids] = []
    for k, (a, b) in enumerate(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)):
        of_a, of_b = slice(*bounds[a : a + 2]), slice(*bounds[b : b + 2])
        _, i, j = np.intersect1d(others[of_a], others[of_b], assume_unique=True, return_indices=True)
        if len(i) > THIRDS:
            chosen = generator.choice(len(i), THIRDS, replace=False)
            i, j = i[chosen], j[chosen]
        found.append(np.stack([np.full(len(i), k), number[of_a][i], number[of_b][j]]))
    pair, first, second = np.concatenate(found, axis=1) if found else np.zeros((3, 0), np.int64)
    return pair, first, second


def _f1(graph: Graph, log_odds: Floats) -> float:
    options = MatchOptions()
    label = cluster_records(
        graph.pairs, (1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))).astype(np.float32), graph.records,
        threshold=options.linkage * options.threshold, largest=options.largest_component, small_factor=SMALL_FACTOR,
    )  # fmt: skip
    hits = inside(np.unique(np.stack([label, graph.things]), axis=1, return_inverse=True)[1])
    return 2 * hits / max(inside(label) + inside(graph.things), 1)


class PairNetwork(nn.Module):
    """Corrections of log odds; ``messages`` False leaves all triangles out."""

    def __init__(self, inputs: int, messages: bool) -> None:
        super().__init__()
        self.messages = messages
        self.start = nn.Linear(inputs, WIDTH)
        self.heard = nn.ModuleList(nn.Linear(2 * WIDTH, WIDTH) for _ in range(ROUNDS))
        self.change = nn.ModuleList(nn.Linear(3 * WIDTH, WIDTH) for _ in range(ROUNDS))
        self.end = nn.Linear(WIDTH, 1)
        nn.init.zeros_(self.end.weight)
        nn.init.zeros_(self.end.bias)

    def forward(self, features: Tensor, triangles: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """float32 [pairs]."""
        pair, first, second = triangles
        state = torch.relu(self.start(features))
        count = torch.zeros(len(state), 1).index_add(0, pair, torch.ones(len(pair), 1)).clamp(min=1)
        for heard, change in zip(self.heard, self.change, strict=True):
            mean, most = torch.zeros_like(state), torch.zeros_like(state)
            if self.messages and len(pair):
                a, b = state[first], state[second]
                message = torch.relu(heard(torch.cat([a * b, (a - b).abs()], 1)))
                mean = mean.index_add(0, pair, message) / count
                most = most.scatter_reduce(0, pair[:, None].expand_as(message), message, "amax")
            state = state + torch.relu(change(torch.cat([state, mean, most], 1)))
        correction: Tensor = self.end(state)[:, 0]
        return correction


def _corrections(graphs: Mapping[str, Sequence[Graph]], messages: bool, seed: int) -> dict[str, list[Floats]]:
    """What a network that saw only the other data sets adds to the log odds of each graph."""
    every = [g.features for made in graphs.values() for g in made]
    mean, scale = np.mean([x.mean(axis=0) for x in every], axis=0), np.mean([x.std(axis=0) for x in every], axis=0)

    def inputs(graph: Graph) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        features = np.clip((graph.features - mean) / (scale + 1e-3), -LIMIT, LIMIT)
        rows = np.column_stack([features, graph.prior / LIMIT]).astype(np.float32)
        pair, first, second = (torch.from_numpy(ids) for ids in graph.triangles)
        return torch.from_numpy(rows), (pair, first, second)

    result = {}
    for name, made in graphs.items():
        torch.manual_seed(seed)
        network = PairNetwork(len(mean) + 1, messages)
        others = [g for other, more in graphs.items() if not related(name, other) for g in more]
        _train(network, [(inputs(g), g) for g in others], seed)
        with torch.no_grad():
            result[name] = [network(*inputs(g)).numpy().astype(np.float64) for g in made]
    return result


def _train(
    network: PairNetwork, graphs: Sequence[tuple[tuple[Tensor, tuple[Tensor, Tensor, Tensor]], Graph]], seed: int
) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=1e-2)
    for epoch in range(EPOCHS):
        for k in np.random.default_rng([seed, epoch]).permutation(len(graphs)):
            inputs, graph = graphs[k]
            log_odds = torch.from_numpy(graph.prior.astype(np.float32)) + network(*inputs)
            same = torch.from_numpy(graph.same.astype(np.float32))
            loss = graph.weight * nn.functional.binary_cross_entropy_with_logits(log_odds, same)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
