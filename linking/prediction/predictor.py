"""Link predictor: learns from a graph's edges, proposes missing ones, and says what speaks for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bifrost.errors import InputError
from linking.prediction.decoder import Decoder, DecoderOptions, train_decoder
from linking.prediction.encoder import GraphEncoder, train_encoder
from linking.prediction.paths import Path, PathFinder
from linking.prediction.ranking import filtered_ranking
from linking.prediction.rules import RuleModel, mine_rules
from linking.prediction.triples import Triple, TripleSet, index_triples

__all__ = ["Combined", "PredictedLink", "Predictor", "fit_predictor", "options_for"]

Ids = NDArray[np.int64]
SMALL = 50
_RULE_WEIGHTS = (0.25, 0.5, 1.0, 2.0)
_CHOSEN_ON = 1_500
"""At most so many held-out edges choose the weight of the rules."""


class Scorer(Protocol):
    """Anything that scores all entities as tails."""

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Combined:
    """The mean of some models, and rules beside them with a weight chosen on held-out edges."""

    models: tuple[Scorer, ...]
    rules: RuleModel | None = None
    weight: float = 0.0

    @property
    def longest(self) -> int:
        """How many edges the longest rule follows."""
        bodies = self.rules.rules.values() if self.rules is not None else ()
        return max((len(rule.body) for rules in bodies for rule in rules), default=1)

    def scores(self, head: Ids, relation: Ids) -> NDArray[np.float32]:
        """Scores of all entities as tails, float32 [queries, entities]."""
        total = self.models[0].scores(head, relation)
        for model in self.models[1:]:
            total = total + model.scores(head, relation)
        total = total / np.float32(len(self.models))
        if self.rules is not None:
            total = total + np.float32(self.weight) * self.rules.scores(head, relation)
        return np.asarray(total, np.float32)


@dataclass(frozen=True, slots=True)
class PredictedLink:
    """A link that the graph lacks. ``score`` is its probability among all tails; ``paths`` speak for it."""

    head: str
    relation: str
    tail: str
    score: float
    paths: tuple[Path, ...]


@dataclass(frozen=True)
class Predictor:
    """``validation`` holds the filtered MRR on held-out edges of the decoder and of what was tried beside it."""

    data: TripleSet
    model: Combined
    finder: PathFinder
    validation: dict[str, float]

    @property
    def serves(self) -> str:
        """What won on validation: decoder or encoder, and whether rules stand beside it."""
        model = "encoder" if isinstance(self.model.models[0], GraphEncoder) else "decoder"
        several = f"{len(self.model.models)} {model}s" if len(self.model.models) > 1 else model
        return several if self.model.rules is None else f"{several} and rules"

    def tails(self, head: str, relation: str, limit: int = 10) -> list[PredictedLink]:
        """The likeliest missing tails of ``(head, relation)``. Raises InputError for names the graph does not have."""
        h, r = self._numbers(head, relation)
        probability = self._probability(h, r)
        best = np.argsort(-probability, kind="stable")[:limit]
        return [self._link(head, relation, self.data.entities[k], float(probability[k])) for k in best.tolist()]

    def proposals(self, relation: str, limit: int = 20, heads: int = 500, seed: int = 0) -> list[PredictedLink]:
        """The likeliest missing links of a relation, over up to ``heads`` of the vertices that have such links."""
        if relation not in self.data.relation_number:
            raise InputError(f"The graph has no link of type {relation!r}.")
        r = self.data.relation_number[relation]
        known = np.unique(self.data.triples[self.data.triples[:, 1] == r, 0])
        generator = np.random.default_rng(seed)
        chosen = np.sort(generator.choice(known, min(heads, len(known)), replace=False))
        found: list[tuple[float, int, int]] = []
        for h in chosen.tolist():
            probability = self._probability(h, r)
            k = int(np.argmax(probability))
            found.append((float(probability[k]), h, k))
        names = self.data.entities
        return [self._link(names[h], relation, names[t], p) for p, h, t in sorted(found, reverse=True)[:limit]]

    def _numbers(self, head: str, relation: str) -> tuple[int, int]:
        if head not in self.data.entity_number:
            raise InputError(f"No link of vertex {head!r} was known when the model was trained.")
        if relation not in self.data.relation_number:
            raise InputError(f"The graph has no link of type {relation!r}.")
        return self.data.entity_number[head], self.data.relation_number[relation]

    def _probability(self, head: int, relation: int) -> NDArray[np.float64]:
        """Softmax over the tails of a query; those already linked, and the head itself, get 0."""
        score = self.model.scores(np.array([head]), np.array([relation]))[0].astype(np.float64)
        known = self.data.triples
        linked = known[(known[:, 0] == head) & (known[:, 1] == relation), 2]
        weight = np.exp(score - score.max())
        weight[linked] = 0.0
        weight[head] = 0.0
        return np.asarray(weight / max(float(weight.sum()), 1e-300))

    def _link(self, head: str, relation: str, tail: str, score: float) -> PredictedLink:
        return PredictedLink(head, relation, tail, score, tuple(self.finder.between(head, relation, tail)))


def options_for(triples: Sequence[Triple], *, seconds: float = 1_800.0, seed: int = 0) -> DecoderOptions:
    """Settings by the shape of the graph: sparse graphs over many entities want more regularisation, and a sampled softmax."""
    entities = len({t[0] for t in triples} | {t[2] for t in triples})
    dense = len(triples) / max(entities, 1) > 5
    return DecoderOptions(
        rank=256 if dense else 128,
        batch=128 if dense else 512,
        regularisation=0.02 if dense else 0.05,
        sample=4_096 if entities > 20_000 else 0,
        epochs=60,
        check_every=5 if dense else 10,
        seconds=seconds,
        seed=seed,
    )


def fit_predictor(
    triples: Sequence[Triple],
    valid: Sequence[Triple] = (),
    options: DecoderOptions | None = None,
    *,
    encoder: bool = True,
    rules: bool = True,
    decoders: int = 1,
    report: Callable[[str], None] | None = None,
) -> Predictor:
    """Learns from ``triples``. Without ``valid`` a tenth of them is held out, and learnt from at the end again.

    The encoder is fine-tuned from the trained decoder, and serves only where it is better on the held-out edges; so do
    rules beside either. ``decoders`` trains several with different seeds and takes their mean.
    """
    options = options or DecoderOptions()
    everything = index_triples(triples)
    if valid:
        data, held = everything, everything.encode(valid)
    else:
        data, held = _hold_out(everything, options.seed)
    known = np.concatenate([data.triples, held])

    def value(model: Scorer, asked: Ids = held) -> float:
        return filtered_ranking(data, asked, known, model.scores).mrr

    use = len(held) >= SMALL
    decoder = train_decoder(data, options, value if use else None, report)
    models: tuple[Decoder | GraphEncoder, ...] = (decoder,)
    validation = {"decoder": value(decoder)} if use else {}
    if use and encoder:
        state = {k: v.clone() for k, v in decoder.state_dict().items()}
        tuned, validation["encoder"] = train_encoder(decoder, data, options, value)
        if validation["encoder"] > validation["decoder"]:
            models = (tuned,)
        else:
            decoder.load_state_dict(state)
    if isinstance(models[0], Decoder):
        for n in range(1, decoders):
            again = replace(options, seed=options.seed + n)
            models = (*models, train_decoder(data, again, value if use else None, report))
    best = Combined(models)
    if use and decoders > 1:
        validation["together"] = value(best)
    if use and rules:
        best, validation["rules"] = _with_rules(best, mine_rules(data, seed=options.seed), held, value)
    if not valid and isinstance(models[0], Decoder) and len(held):
        whole = train_decoder(everything, replace(options, epochs=max(options.epochs // 2, 1)))
        mined = mine_rules(everything, length=best.longest, seed=options.seed) if best.rules is not None else None
        best = Combined((whole,), mined, best.weight)
    return Predictor(everything, best, PathFinder(everything, options.seed), validation)


def _with_rules(
    model: Combined, mined: RuleModel, held: Ids, value: Callable[[Scorer, Ids], float]
) -> tuple[Combined, float]:
    """The model with the rules and the weight that are best on held-out edges, and its value; the model alone if none helps."""
    chosen = held[np.random.default_rng(0).permutation(len(held))[:_CHOSEN_ON]]
    options = [model]
    for length in (1, 2, 3):
        shorter = mined.shorter(length)
        options += [Combined(model.models, shorter, weight) for weight in _RULE_WEIGHTS]
    best = max(options, key=lambda option: value(option, chosen))
    return best, value(best, held)


def _hold_out(everything: TripleSet, seed: int) -> tuple[TripleSet, Ids]:
    """A tenth of the triples, of those whose entities occur in other triples too."""
    triples = everything.triples
    order = np.random.default_rng(seed).permutation(len(triples))
    degree = np.bincount(triples[:, [0, 2]].ravel(), minlength=len(everything.entities))
    held: list[int] = []
    for k in order.tolist():
        h, _, t = triples[k]
        if degree[h] > 1 and degree[t] > 1:
            degree[[h, t]] -= 1
            held.append(k)
        if len(held) >= len(triples) // 10:
            break
    mask = np.zeros(len(triples), bool)
    mask[held] = True
    return TripleSet(everything.entities, everything.relations, triples[~mask]), triples[mask]
