"""Rules: paths that go with a relation, and what they say about missing links."""

from itertools import pairwise

import numpy as np

from linking.prediction.decoder import DecoderOptions
from linking.prediction.predictor import Combined, fit_predictor
from linking.prediction.rules import mine_rules
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


def test_rules_serve_beside_the_decoder_where_they_help_on_held_out_links() -> None:
    triples, absent = families(180, 60)
    predictor = fit_predictor(triples, absent, SMALL, encoder=False)
    assert predictor.serves == "decoder and rules"
    assert predictor.validation["rules"] > predictor.validation["decoder"]


def test_several_decoders_are_averaged() -> None:
    triples, absent = families(180, 60)
    predictor = fit_predictor(triples, absent, SMALL, encoder=False, rules=False, decoders=2)
    assert isinstance(predictor.model, Combined)
    assert predictor.serves == "2 decoders"
    h, r = np.array([3, 4]), np.array([0, 1])
    both = [model.scores(h, r) for model in predictor.model.models]
    assert np.allclose(predictor.model.scores(h, r), (both[0] + both[1]) / 2)
