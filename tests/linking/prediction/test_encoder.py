"""The graph encoder: what follows paths, how it learns, and when it serves."""

import numpy as np
import pytest
import torch

from linking.gnn_backend import DglBackend, TorchBackend
from linking.prediction.decoder import DecoderOptions
from linking.prediction.encoder import EncoderOptions, PathEncoder
from linking.prediction.encoder_training import train_encoder
from linking.prediction.mixing import Held, Mixture, Part
from linking.prediction.predictor import fit_predictor, options_for
from linking.prediction.triples import index_triples
from tests.linking.prediction.test_prediction import families

QUICK = EncoderOptions(width=8, layers=2, asked=3_000, negatives=20)
DECODER = DecoderOptions(rank=8, epochs=4, batch=64, check_every=2)


def test_dgl_and_plain_torch_score_alike() -> None:
    pytest.importorskip("dgl")
    data = index_triples(families()[0])
    ours, theirs = PathEncoder(data, QUICK, TorchBackend()), PathEncoder(data, QUICK, DglBackend())
    theirs.load_state_dict(ours.state_dict())
    head, relation = np.arange(12), np.arange(12) % 6
    np.testing.assert_allclose(ours.scores(head, relation), theirs.scores(head, relation), atol=1e-5)


def test_weighted_sums_agree_also_where_nothing_is_sent() -> None:
    pytest.importorskip("dgl")
    x, weights = torch.randn(4, 3), torch.randn(5, 3)
    ends = torch.tensor([0, 0, 3, 2, 1]), torch.tensor([1, 5, 1, 0, 5])
    none = torch.zeros(0, dtype=torch.int64)
    for edges, weight in ((ends, weights), ((none, none), weights[:0])):
        a, b = (backend.weighted_sum(edges, 6, x, weight) for backend in (TorchBackend(), DglBackend()))
        torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-6)


def test_it_learns_the_path_that_goes_with_a_link() -> None:
    triples, absent = families()
    data = index_triples(triples)
    held = Held(data, data.encode(absent), np.concatenate([data.triples, data.encode(absent)]))
    before = Mixture((Part("encoder", PathEncoder(data, QUICK, TorchBackend())),))
    after = Mixture((Part("encoder", train_encoder(data, QUICK, TorchBackend())),))
    untrained, trained = held.mrr(before, after)
    assert trained > max(untrained, 0.5)


def test_gradients_are_finite_and_reach_every_parameter() -> None:
    data = index_triples(families()[0])
    model = PathEncoder(data, QUICK, TorchBackend())
    found = model(torch.arange(10), torch.arange(10) % 6)
    (found.score.sum() + found.elsewhere.sum()).backward()
    for parameter in model.parameters():
        assert parameter.grad is not None
        assert torch.isfinite(parameter.grad).all()


def test_the_same_seed_gives_the_same_encoder() -> None:
    data = index_triples(families()[0])
    options = EncoderOptions(width=8, layers=2, asked=160)
    first, second = (train_encoder(data, options, TorchBackend()) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


def test_a_hidden_edge_is_followed_in_neither_direction() -> None:
    data = index_triples([("a", "r", "b"), ("b", "s", "c")])
    model = PathEncoder(data, EncoderOptions(width=4, layers=1), TorchBackend())
    row = int(np.flatnonzero(data.triples[:, 1] == data.relation_number["r"])[0])
    left = model.neighbours.without(np.array([row]))
    a, b, c = (data.entity_number[name] for name in "abc")
    reached = {
        tuple(divmod(pair, 3)) for pair in model(torch.tensor([a, b]), torch.tensor([0, 0]), left).pairs.tolist()
    }
    assert reached == {(0, a), (1, b), (1, c)}


def test_vertices_seen_after_training_are_ranked_too() -> None:
    triples, _ = families()
    model = train_encoder(index_triples(triples), QUICK, TorchBackend())
    later = index_triples([*triples, ("newcomer", "works for", "company3")])
    model.on(later)
    numbers = later.entity_number
    scores = model.scores(np.array([numbers["newcomer"]]), np.array([later.relation_number["lives in"]]))[0]
    assert scores[numbers["city3"]] > scores[numbers["city4"]]


def test_it_serves_only_where_it_is_better_on_held_out_links() -> None:
    triples, absent = families(180, 60)
    predictor = fit_predictor(triples, absent, DECODER, encoder=QUICK, rules=False, backend="torch")
    better = predictor.validation["decoder_and_encoder"] > predictor.validation["decoder"]
    assert ("encoder" in predictor.serves) == better
    assert better
    useless = EncoderOptions(width=2, layers=1, asked=0, negatives=2)
    strong = DecoderOptions(rank=16, epochs=25, batch=64, regularisation=0.01, check_every=5)
    assert fit_predictor(triples, absent, strong, encoder=useless, rules=False, backend="torch").serves in (
        "decoder",
        "decoder and encoder",
    )


def test_without_validation_links_the_held_out_ones_are_followed_in_the_end() -> None:
    triples, absent = families(600, 200)
    predictor = fit_predictor(triples, options=DECODER, encoder=QUICK, rules=False, backend="torch")
    assert "encoder" in predictor.serves
    encoder = next(part.model for part in predictor.model.parts if part.name == "encoder")
    assert isinstance(encoder, PathEncoder)
    assert len(encoder.neighbours.target) == 2 * len(set(triples))
    head, relation, _ = absent[0]
    assert all(0 <= link.score <= 1 and link.tail != head for link in predictor.tails(head, relation))


def test_options_follow_the_shape_of_the_graph() -> None:
    sparse, dense = [("a", "r", "b")], [(f"v{h}", "r", f"v{t}") for h in range(9) for t in range(9)]
    assert options_for(sparse)[1].layers > options_for(dense)[1].layers
    decoder, encoder = options_for(dense, seconds=100)
    assert decoder.seconds + encoder.seconds <= 100
