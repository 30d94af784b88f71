"""Link predictor: learns from a graph's edges, proposes missing ones, and says what speaks for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bifrost.errors import InputError
from linking.gnn_backend import choose_backend
from linking.prediction.decoder import DecoderOptions, train_decoder
from linking.prediction.encoder import EncoderOptions, PathEncoder
from linking.prediction.encoder_training import train_encoder
from linking.prediction.mixing import Held, Mean, Mixture, Part, chosen
from linking.prediction.paths import Path, PathFinder
from linking.prediction.rules import RuleModel, mine_rules
from linking.prediction.triples import Ids, Triple, TripleSet, index_triples

__all__ = ["PredictedLink", "Predictor", "fit_predictor", "options_for"]

SMALL = 50
"""With fewer held-out edges nothing is chosen: the decoder serves alone."""
LARGE = 200_000
"""The encoder is left out of graphs with more entities."""
_RULE_WEIGHTS = (0.25, 0.5, 1.0, 2.0)
_ENCODER_WEIGHTS = (0.1, 0.25, 0.5, 1.0, 2.0, 4.0)


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
    """``decoder`` is shown beside ``model``, which may be more or something else.

    ``validation`` holds the filtered MRR on held-out edges of the decoder and of what was tried beside it.
    """

    data: TripleSet
    model: Mixture
    decoder: Mixture
    finder: PathFinder
    validation: dict[str, float]

    @property
    def serves(self) -> str:
        """What won on validation: the decoder, the encoder, the rules, or some of them together."""
        return self.model.names

    def tails(self, head: str, relation: str, limit: int = 10) -> list[PredictedLink]:
        """The likeliest missing tails of ``(head, relation)``. Raises InputError for names the graph does not have."""
        h, r = self._numbers(head, relation)
        probability = self._probability(h, r)
        best = [k for k in np.argsort(-probability, kind="stable")[:limit].tolist() if probability[k] > 0]
        return [self._link(head, relation, self.data.entities[k], float(probability[k])) for k in best]

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
            if probability[k] > 0:  # else it has all the links that there can be
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


def options_for(
    triples: Sequence[Triple], *, seconds: float = 1_800.0, seed: int = 0
) -> tuple[DecoderOptions, EncoderOptions]:
    """Settings by the shape of the graph. Half of the time is for each of the two, which seldom take all of it.

    Sparse graphs over many entities want a decoder with more regularisation and a sampled softmax, and an encoder that
    follows longer paths; where edges are many, paths of three edges reach everything.
    """
    entities = len({t[0] for t in triples} | {t[2] for t in triples})
    dense = len(triples) / max(entities, 1) > 5
    decoder = DecoderOptions(
        rank=256 if dense else 128,
        batch=128 if dense else 512,
        regularisation=0.02 if dense else 0.05,
        sample=4_096 if entities > 20_000 else 0,
        epochs=60 if dense else 10,
        check_every=5,
        seconds=seconds / 2,
        seed=seed,
    )
    encoder = EncoderOptions(
        width=16 if dense else 32,
        layers=3 if dense else 4,
        negatives=256 if dense else 1_024,
        asked=60_000 if dense else 80_000,
        learning_rate=1e-2 if dense else 5e-3,
        seconds=seconds / 2,
        seed=seed,
    )
    return decoder, encoder


def fit_predictor(
    triples: Sequence[Triple],
    valid: Sequence[Triple] = (),
    options: DecoderOptions | None = None,
    *,
    encoder: EncoderOptions | None = None,
    rules: bool = True,
    decoders: int = 1,
    backend: str = "auto",
    report: Callable[[str], None] | None = None,
) -> Predictor:
    """Learns from ``triples``. Without ``valid`` a tenth of them is held out, and learnt from at the end again.

    With options for it, the graph encoder is trained too, and serves, beside the decoder or instead of it, only where it is
    better on the held-out edges; so do rules. ``decoders`` trains several with different seeds and takes their mean.
    """
    options = options or DecoderOptions()
    everything = index_triples(triples)
    if valid:
        data, asked = everything, everything.encode(valid)
    else:
        data, asked = _hold_out(everything, options.seed)
    held = Held(data, asked, np.concatenate([data.triples, asked]))
    use = len(asked) >= SMALL
    decoder = _decoders(data, options, decoders, held if use else None, report)
    alone = best = Mixture((decoder,))
    if not use:
        return Predictor(everything, best, alone, PathFinder(everything, options.seed), {})
    validation = {"decoder": held.mrr(best)[0]}
    if encoder is not None and len(data.entities) <= LARGE:
        follower = train_encoder(data, encoder, choose_backend(backend), report)
        best = _with_encoder(best, follower, held, validation)
    if rules:
        best = _with_rules(best, mine_rules(data, seed=options.seed), held, validation)
    if not valid:
        best = Mixture(tuple(_on_everything(part, everything, options, decoders) for part in best.parts))
    return Predictor(everything, best, alone, PathFinder(everything, options.seed), validation)


def _decoders(
    data: TripleSet, options: DecoderOptions, count: int, held: Held | None, report: Callable[[str], None] | None = None
) -> Part:
    sample = held.sample() if held is not None else None
    validate = None if sample is None else lambda model: sample.mrr(Mixture((Part("decoder", model),)))[0]
    models = [
        train_decoder(data, replace(options, seed=options.seed + n), validate, report) for n in range(max(count, 1))
    ]
    return Part("decoder" if len(models) == 1 else f"{len(models)} decoders", Mean(tuple(models)))


def _with_encoder(best: Mixture, encoder: PathEncoder, held: Held, validation: dict[str, float]) -> Mixture:
    """The encoder beside the decoder, or alone, whichever is best on held-out edges; without it where it does not help."""
    alone = Mixture((Part("encoder", encoder),))
    beside = [Mixture((*best.parts, Part("encoder", encoder, weight))) for weight in _ENCODER_WEIGHTS]
    found = chosen(held, [best, *beside, alone])
    validation["encoder"], validation["decoder_and_encoder"] = held.mrr(alone, found)
    return found if validation["decoder_and_encoder"] > validation["decoder"] else best


def _with_rules(best: Mixture, mined: RuleModel, held: Held, validation: dict[str, float]) -> Mixture:
    """The rules with the length and the weight that are best on held-out edges; without them where none helps."""
    options = [best]
    for length in (1, 2, 3):
        shorter = mined.shorter(length)
        options += [Mixture((*best.parts, Part("rules", shorter, weight))) for weight in _RULE_WEIGHTS]
    found = chosen(held, options)
    before, validation["with_rules"] = held.mrr(best, found)
    return found if validation["with_rules"] > before else best


def _on_everything(part: Part, everything: TripleSet, options: DecoderOptions, decoders: int) -> Part:
    """A part that was chosen on held-out edges, now with those edges."""
    if isinstance(part.model, PathEncoder):
        part.model.on(everything)
        return part
    if isinstance(part.model, RuleModel):
        mined = mine_rules(everything, length=part.model.longest, seed=options.seed)
        return replace(part, model=mined)
    return _decoders(everything, replace(options, epochs=max(options.epochs // 2, 1)), decoders, None)


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
