"""Rules: paths that go with a relation, and what they say about missing links."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from linking.prediction.decoder import DecoderOptions
from linking.prediction.mixing import Mean
from linking.prediction.predictor import fit_predictor
from linking.prediction.rules import mine_rules
from linking.prediction.simple_paths import PathCounts, SimplePaths
from linking.prediction.triples import index_triples
from tests.linking.prediction.test_prediction import families

SMALL = DecoderOptions(rank=8, epochs=4, batch=64, check_every=2)


def test_a_path_that_goes_with_a_relation_becomes_a_sure_rule() -> None:
    triples, _ = families()
    data = index_triples(triples)
    lives, works, located = (data.relation_number[name] for name in ("lives in", "works for", "located in"))
    rules = mine_rules(data).rules[lives]
    assert rules[0].body == (works, located)
    assert rules[0].confidence > 0.6
    assert all(a.confidence >= b.confidence for a, b in pairwise(rules))


def test_rules_reach_the_missing_tails_and_nothing_else() -> None:
    triples, absent = families()
    data = index_triples(triples)
    asked = data.encode(absent)
    scores = mine_rules(data).scores(asked[:, 0], asked[:, 1])
    assert scores.shape == (len(absent), len(data.entities))
    assert (scores >= 0).all()
    assert np.array_equal(scores.argmax(axis=1), asked[:, 2])


def test_no_rule_is_the_link_itself_or_leads_back_to_where_it_began() -> None:
    triples, _ = families()
    model = mine_rules(index_triples(triples))
    assert all(rule.body != (relation,) for relation, rules in model.rules.items() for rule in rules)
    heads = np.arange(10)
    for relation in range(6):
        scores = model.scores(heads, np.full(10, relation))
        assert (scores[heads, heads] == 0).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 5)), min_size=1, max_size=20, unique=True),
    st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
def test_path_counts_agree_with_walking_by_hand(rows: list[tuple[int, int, int]], body: list[int]) -> None:
    triples = np.array([*rows, *((t, r + 2, h) for h, r, t in rows)])
    counts = PathCounts(SimplePaths(triples, 6, 2), np.arange(6)).to(tuple(body)).toarray()
    paths: list[tuple[int, ...]] = [(v,) for v in range(6)]
    for relation in body:
        edges = [(h, t) for h, r, t in triples.tolist() if r == relation]
        paths = [(*path, t) for path in paths for h, t in edges if h == path[-1] and t not in path]
    expected = np.zeros((6, 6))
    for path in paths:
        expected[path[0], path[-1]] += 1
    np.testing.assert_allclose(counts, expected)


def test_a_link_is_no_evidence_of_itself() -> None:
    # Towns are twinned both ways, so lives in, twin of, twin of leads back to everybody's own town by way of its twin.
    towns = [(f"town{k}", f"twin{k}", f"other{k}") for k in range(30)]
    twinned = [(x, "twin of", y) for a, b, c in towns for x, y in ((a, b), (b, a), (b, c), (c, b))]
    homes = [(f"person{k}", "lives in", town) for k, (town, _, _) in enumerate(towns)]
    second = [(f"person{k}", "lives in", other) for k, (_, _, other) in enumerate(towns[:4])]
    data = index_triples([*twinned, *homes, *second])
    lives, twin = data.relation_number["lives in"], data.relation_number["twin of"]
    rule = next(rule for rule in mine_rules(data).rules[lives] if rule.body == (lives, twin, twin))
    assert rule.confidence < 0.3


def test_rules_serve_beside_the_decoder_where_they_help_on_held_out_links() -> None:
    triples, absent = families(180, 60)
    predictor = fit_predictor(triples, absent, SMALL)
    assert predictor.serves == "decoder and rules"
    assert predictor.validation["with_rules"] > predictor.validation["decoder"]


def test_several_decoders_are_averaged() -> None:
    triples, absent = families(180, 60)
    predictor = fit_predictor(triples, absent, SMALL, rules=False, decoders=2)
    mean = predictor.model.parts[0].model
    assert isinstance(mean, Mean)
    assert predictor.serves == "2 decoders"
    h, r = np.array([3, 4]), np.array([0, 1])
    both = [model.scores(h, r) for model in mean.models]
    assert np.allclose(predictor.model.scores(h, r), (both[0] + both[1]) / 2)
