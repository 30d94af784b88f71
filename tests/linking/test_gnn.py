import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.errors import SettingsError
from linking.column_gnn import RELATIONS, ColumnGnn, prepare_graph
from linking.column_graph import ColumnGraph
from linking.gnn_backend import DglBackend, RelationalConvolution, RelationGraph, TorchBackend, choose_backend

SIZES = {"column": 5, "table": 3, "source": 2}


def random_graph(seed: int, nodes: dict[str, int], edges: int) -> RelationGraph:
    generator = torch.Generator().manual_seed(seed)

    def pick(count: int) -> torch.Tensor:
        return torch.randint(0, count, (edges,), generator=generator)

    return RelationGraph(nodes, {r: (pick(nodes[r[0]]), pick(nodes[r[2]])) for r in RELATIONS})


def column_graph(seed: int = 0, columns: int = 12, candidates: int = 9) -> ColumnGraph:
    rng = np.random.default_rng(seed)
    features = rng.random((candidates, 4)).astype(np.float32)
    features[0, 1] = np.nan
    return ColumnGraph(
        rng.random((columns, 24)).astype(np.float32),
        rng.random((columns, 8)).astype(np.float32),
        rng.random((3, 8)).astype(np.float32),
        np.sort(rng.integers(0, 3, columns)),
        np.array([0, 0, 1]),
        rng.integers(0, columns, candidates),
        rng.integers(0, columns, candidates),
        features,
        ("containment", "b", "c", "d"),
    )


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(1, 20), st.integers(0, 40))
def test_dgl_and_plain_torch_agree(seed: int, columns: int, edges: int) -> None:
    pytest.importorskip("dgl")
    nodes = {"column": columns, "table": 3, "source": 2}
    graph = random_graph(seed, nodes, edges)
    torch.manual_seed(seed)
    x = {kind: torch.randn(count, SIZES[kind]) for kind, count in nodes.items()}
    ours = RelationalConvolution(SIZES, RELATIONS, 7, TorchBackend())
    theirs = RelationalConvolution(SIZES, RELATIONS, 7, DglBackend())
    theirs.load_state_dict(ours.state_dict())
    a = ours(ours.backend.prepare(graph), x)
    b = theirs(theirs.backend.prepare(graph), x)
    for kind in nodes:
        torch.testing.assert_close(a[kind], b[kind], atol=1e-5, rtol=1e-5)


def test_a_node_without_neighbours_keeps_its_own_features() -> None:
    nodes = {"column": 2, "table": 1, "source": 1}
    empty = (torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.int64))
    layer = RelationalConvolution(SIZES, RELATIONS, 4, TorchBackend())
    x = {kind: torch.ones(count, SIZES[kind]) for kind, count in nodes.items()}
    result = layer(layer.backend.prepare(RelationGraph(nodes, dict.fromkeys(RELATIONS, empty))), x)
    torch.testing.assert_close(result["column"], layer.own["column"](x["column"]))


def test_an_untrained_gnn_says_what_the_baseline_says() -> None:
    backend = TorchBackend()
    model = ColumnGnn(24, 8, 4, backend)
    baseline = np.linspace(-3, 3, 9)
    np.testing.assert_allclose(model.log_odds(prepare_graph(column_graph(), backend), baseline), baseline, atol=1e-6)


def test_gradients_reach_every_weight_and_are_finite() -> None:
    backend = TorchBackend()
    model = ColumnGnn(24, 8, 4, backend)
    torch.nn.init.normal_(model.out.weight)
    model(prepare_graph(column_graph(), backend), torch.zeros(9)).sum().backward()
    for name, parameter in model.named_parameters():
        if "second" not in name or "column" in name or "weights.has" in name:
            assert parameter.grad is None or bool(torch.isfinite(parameter.grad).all()), name
    assert model.name.weight.grad is not None
    assert float(model.name.weight.grad.abs().sum()) > 0


def test_the_backend_is_chosen_by_name() -> None:
    assert choose_backend("torch").name == "torch"
    with pytest.raises(SettingsError):
        choose_backend("jax")
