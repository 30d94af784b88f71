"""What each part is worth: the same figures without the GNN, the graph signal, the prior, or the choice of questions.

* no GNN: references by explicit features alone (and answers until F1 .95 with them); links inside the graph are ablated by
  the part ``links`` (decoder alone, encoder alone, both, rules).
* no graph signal: records matched without what they are linked to, and without asking which pairs compete for the same record.
* no prior: references by inclusion and equal names; records by Fellegi-Sunter weights that were learnt without labels.
* no active choice: link types and pairs drawn at random instead of chosen.
"""

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from api.demo import make_company
from benchmarks.effort_projects import demo_company, enterprise
from benchmarks.linking_effort import review
from benchmarks.linking_entities import asked, score
from benchmarks.linking_graph import FIRST, compare
from benchmarks.linking_references import inclusion_and_names, said, tasks
from benchmarks.report import Report, f1_score
from extraction.encoder_minilm import load_encoder
from linking.knowledge import Knowledge
from linking.linker import BifrostLinker
from linking.records.matching import match_records
from linking.records.options import MatchOptions
from linking.records.prepared import Prepared
from linking.records.prior import Prior, load_prior
from linking.records.training import read_labelled

__all__ = ["run"]

_RECORDS = ("abt_buy", "cora", "dblp_acm", "fake_1000", "restaurants")
_ASKED = ("abt_buy", "fake_1000")
_LINKED = ("chinook", "northwind")
_DRAWS = 5


def run(report: Report, seed: int, data: Path) -> None:
    """Every figure with the part (``value``) and without it (``baseline``)."""
    _references(report, seed, data)
    _records(report, seed, data)
    _links(report, seed, data)
    _answers(report, seed, data)


def _references(report: Report, seed: int, data: Path) -> None:
    for name, database, truth in tasks(data, seed):
        values = []
        for gnn in ("auto", None):
            linker = BifrostLinker(load_encoder(), gnn=gnn)
            values.append(f1_score(said(linker.propose(database, (), (), lambda _: None)), truth)[2])
            linker.close()
        plain = f1_score(inclusion_and_names(database), truth)[2]
        report.add(f"ablation.references.{name}.gnn", values[0], baseline=values[1], note="F1; without the GNN")
        report.add(f"ablation.references.{name}.prior", values[0], baseline=plain, note="F1; no fitted weights")


class _Unfitted(Prior):
    """Fellegi-Sunter weights from the data at hand; every record is thought to have one partner."""

    def log_odds(self, prepared: Prepared) -> NDArray[np.float32]:
        left, right = prepared.comparer.statistics.shape
        return np.asarray(prepared.table.contributions.sum(axis=1) - np.log(max(left, right)), np.float32)


def _records(report: Report, seed: int, data: Path) -> None:
    unfitted = _Unfitted(load_prior().forest)
    for name in _RECORDS:
        folder = data / "entity_resolution" / name
        if not folder.is_dir():
            continue
        task = read_labelled(folder)
        matching = match_records(task.records)
        whole = score(task, matching)[2]
        key = f"ablation.records.{name}"
        without = score(task, match_records(task.records, prior=unfitted))[2]
        report.add(
            f"{key}.prior", whole, baseline=without, note="F1, shipped prior, which saw this; Fellegi-Sunter weights"
        )
        if not task.records.dirty:
            alone = score(task, match_records(task.records, MatchOptions(once=(False, False))))[2]
            report.add(f"{key}.competition", whole, baseline=alone, note="F1; pairs do not compete for records")
        if name in _ASKED:
            chosen, drawn = (asked(task, matching, seed, random=how)[-1] for how in (None, "any"))
            report.add(f"{key}.active_choice", chosen, baseline=drawn, note="F1 after 100 answers; random candidates")


def _links(report: Report, seed: int, data: Path) -> None:
    for name in _LINKED:
        for records, found in compare(name, data, [FIRST + seed]).items():
            (alone, linked, *_) = found[0]
            key = f"ablation.records.{name}.{records}.graph_signal"
            report.add(key, linked, baseline=alone, note="F1; what records are linked to does not count")


def _answers(report: Report, seed: int, data: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        make_company(Path(folder), scale=1, seed=7 + seed)
        projects = {"demo": demo_company(Path(folder))}
    if (data / "enterprise" / "truth.json").exists():
        projects["enterprise"] = enterprise(data / "enterprise")
    for name, project in projects.items():
        ours = review(project, Knowledge()).needed()
        without = review(project, Knowledge(), gnn=None).needed()
        drawn = [review(project, Knowledge(), draw=seed + n).needed() for n in range(_DRAWS)]
        note = "answers until F1 .95 (60 at most)"
        report.add(f"ablation.effort.{name}.gnn", ours, baseline=without, note=f"{note}; without the GNN")
        report.add(
            f"ablation.effort.{name}.active_choice",
            ours,
            baseline=float(np.mean(drawn)),
            note=f"{note}; drawn at random",
        )
