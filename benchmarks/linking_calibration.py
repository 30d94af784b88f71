"""How far the probabilities of link types can be trusted: expected calibration error and reliability, by kind.

Everything is held back: references and mentions come from archetypes of schemas that no weight was fitted on, and from demo
companies of other seeds; same things from examples of other seeds; same concepts from tables left out one at a time. Counted
are the link types that a person is shown (of same concepts and same things: all candidates), from a probability of .02 on.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import mention_cases
from benchmarks.report import Report
from bifrost.links import LinkKind
from extraction.encoder_minilm import load_encoder
from linking.concepts import concept_log_odds
from linking.linker import BifrostLinker
from linking.scoring import load_priors
from linking.semantics import NameVectors
from linking.training.documents import write_case
from linking.training.generate import generate_schema
from linking.training.train_columns import HELD_BACK, expected_calibration_error
from linking.training.train_concepts import fit_concepts, load_matchings
from linking.training.train_same_things import examples
from linking.workspace import Workspace

__all__ = ["run"]

_BAR = 0.05
_SHOWN = 0.02
_BINS = 5
_SCHEMAS = 40
_CASES = 40
_FIRST = 40_000
"""Seeds from here on are used by no training."""

Said = Iterator[tuple[float, bool]]
"""Probability, and whether it is so."""


def run(report: Report, seed: int, data: Path) -> None:
    """Error and reliability table of each kind."""
    first = _FIRST + 1_000 * seed
    _add(report, LinkKind.REFERENCE, _references(first))
    _add(report, LinkKind.MENTION, _mentions(first))
    _add(report, LinkKind.SAME_THING, _same_things(first))
    _add(report, LinkKind.SAME_CONCEPT, _same_concepts(data))


def _add(report: Report, kind: LinkKind, said: Said) -> None:
    pairs = [(p, right) for p, right in said if p >= _SHOWN]
    if not pairs:
        return
    p, right = np.array([x for x, _ in pairs]), np.array([y for _, y in pairs])
    place = np.minimum((p * _BINS).astype(int), _BINS - 1)
    rows = (
        f"{p[place == b].mean():.2f}/{right[place == b].mean():.2f} ({(place == b).sum()})" for b in np.unique(place)
    )
    report.add(
        f"calibration.{kind.value}.ece",
        expected_calibration_error(p, right),
        bar=_BAR,
        note=f"{len(p)} types; said/true by fifths: {', '.join(rows)}",
    )
    report.add(f"calibration.{kind.value}.accuracy", float(((p >= 0.5) == right).mean()))


def _references(first: int) -> Said:
    linker = BifrostLinker(load_encoder())
    for seed in range(first, first + _SCHEMAS):
        schema = generate_schema(seed, HELD_BACK)
        for p in linker.propose(schema.data, (), (), lambda _: None):
            if p.kind is LinkKind.REFERENCE and (p.tail, p.head) not in schema.ignored:
                yield p.probability, (p.tail, p.head) in schema.references
    linker.close()


def _mentions(first: int) -> Said:
    linker, workspace = BifrostLinker(load_encoder()), Workspace()
    written = (write_case(seed, HELD_BACK, workspace) for seed in range(first, first + _CASES))
    for case in (*mention_cases.cases("test"), *written):
        for p in linker.propose(case.data, (), (), lambda _: None) if case is not None else ():
            if p.kind is LinkKind.MENTION and case is not None:
                links = [(e.tail, e.head) for e in linker.links(p, case.data, (), lambda _: None)]
                right = sum(head in case.truth.get(tail, ()) for tail, head in links)
                yield p.probability, right >= 0.5 * len(links) > 0
    linker.close()
    workspace.close()


def _same_things(first: int) -> Said:
    prior = load_priors()[LinkKind.SAME_THING]
    found = list(examples(None, 5 * _SCHEMAS, first))
    z = prior.log_odds([e.features for e in found])
    yield from zip((1 / (1 + np.exp(-z))).tolist(), (e.same for e in found), strict=True)


def _same_concepts(data: Path) -> Said:
    vectors = NameVectors(load_encoder())
    for folder in sorted(path.parent for path in data.glob("schema_matching/*/target.csv")):
        matchings = load_matchings(folder, vectors)
        for matching in matchings if len(matchings) >= 3 else ():
            prior = fit_concepts([m for m in matchings if m is not matching])
            p = 1 / (1 + np.exp(-concept_log_odds(matching.features, prior)))
            yield from zip(p.ravel().tolist(), matching.labels().ravel().tolist(), strict=True)
