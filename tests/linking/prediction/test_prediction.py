"""Link prediction learns regularities of a graph, ranks what is missing, and shows the paths behind it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bifrost.errors import InputError
from linking.prediction.decoder import DecoderOptions, train_decoder
from linking.prediction.paths import PathFinder
from linking.prediction.predictor import fit_predictor
from linking.prediction.ranking import filtered_ranking
from linking.prediction.triples import Triple, index_triples

SMALL = DecoderOptions(rank=16, epochs=25, batch=64, regularisation=0.01, check_every=5)


def families(count: int = 60, missing: int = 10) -> tuple[list[Triple], list[Triple]]:
    """Everybody works for a company in a city and lives there; for a few the city is left out."""
    triples: list[Triple] = [(f"company{c}", "located in", f"city{c % 6}") for c in range(12)]
    absent: list[Triple] = []
    for k in range(count):
        company = k % 12
        triples.append((f"person{k}", "works for", f"company{company}"))
        home = (f"person{k}", "lives in", f"city{company % 6}")
        (absent if k >= count - missing else triples).append(home)
    return triples, absent


def test_missing_links_are_ranked_first_and_explained_by_a_path() -> None:
    triples, absent = families()
    predictor = fit_predictor(triples, options=SMALL)
    asked = predictor.data.encode(absent)
    known = np.concatenate([predictor.data.triples, asked])
    assert filtered_ranking(predictor.data, asked[:, :], known, predictor.model.scores).mrr > 0.4
    head, relation, tail = absent[0]
    paths = predictor.finder.between(head, relation, tail)
    assert paths[0].relations == ("works for", "located in")
    assert paths[0].vertices[0] == head
    assert paths[0].vertices[-1] == tail
    assert paths[0].confidence > 0.5


def test_proposals_are_links_that_the_graph_lacks() -> None:
    triples, _ = families()
    predictor = fit_predictor(triples, options=SMALL)
    known = set(triples)
    proposals = predictor.proposals("lives in", limit=5)
    assert len(proposals) == 5
    assert all((p.head, p.relation, p.tail) not in known for p in proposals)
    assert all(0 <= p.score <= 1 for p in proposals)
    assert [p.score for p in proposals] == sorted((p.score for p in proposals), reverse=True)


def test_who_has_every_link_that_there_can_be_is_proposed_none() -> None:
    rounds = [(f"v{a}", "knows", f"v{b}") for a in range(6) for b in range(6) if a != b and (a, b) != (4, 2)]
    predictor = fit_predictor(rounds, options=SMALL)
    assert [(p.head, p.tail) for p in predictor.proposals("knows")] == [("v4", "v2")]
    assert not predictor.tails("v0", "knows")
    assert [p.tail for p in predictor.tails("v4", "knows")] == ["v2"]


def test_losses_are_finite_and_gradients_reach_every_embedding() -> None:
    data = index_triples(families()[0])
    model = train_decoder(data, DecoderOptions(rank=4, epochs=1, batch=1_000))
    assert all(torch.isfinite(p).all() for p in model.parameters())
    assert (model.entity.abs().sum(dim=1) > 0).all()


def test_the_same_seed_gives_the_same_model() -> None:
    data = index_triples(families()[0])
    first, second = (train_decoder(data, SMALL) for _ in range(2))
    assert torch.equal(first.entity, second.entity)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2), st.integers(0, 5)), min_size=1, max_size=30, unique=True)
)
def test_filtered_ranks_agree_with_counting_by_hand(rows: list[tuple[int, int, int]]) -> None:
    triples = [(f"v{h}", f"r{r}", f"v{t}") for h, r, t in rows]
    data = index_triples(triples)
    generator = np.random.default_rng(len(rows))
    table = generator.integers(0, 4, (2 * len(data.relations), len(data.entities), len(data.entities)))
    ranking = filtered_ranking(data, data.triples, data.triples, lambda h, r: table[r, h].astype(np.float32))
    expected = []
    for h, r, t in data.with_reciprocals(data.triples):
        others = [x for x in range(len(data.entities)) if x != t]
        true = {(int(a), int(b), int(c)) for a, b, c in data.with_reciprocals(data.triples)}
        rivals = [table[r, h, x] for x in others if (int(h), int(r), x) not in true]
        above, equal = (sum(1 for v in rivals if v > table[r, h, t]), sum(1 for v in rivals if v == table[r, h, t]))
        expected.append(1 / (above + (equal + 2) / 2))
    assert ranking.mrr == pytest.approx(np.mean(expected))


def test_paths_never_use_the_link_they_explain() -> None:
    triples, _ = families()
    finder = PathFinder(index_triples(triples))
    for path in finder.between("person0", "lives in", "city0"):
        assert path.relations != ("lives in",)
        assert len(set(path.vertices)) == len(path.vertices)


def test_unknown_vertices_and_link_types_are_named() -> None:
    predictor = fit_predictor(families()[0], options=DecoderOptions(rank=4, epochs=1))
    with pytest.raises(InputError, match="nobody"):
        predictor.tails("nobody", "lives in")
    with pytest.raises(InputError, match="hates"):
        predictor.tails("person0", "hates")
    with pytest.raises(InputError, match="no links"):
        fit_predictor([])
