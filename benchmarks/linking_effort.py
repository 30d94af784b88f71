"""How many decisions people take: confirming types of links against reviewing ranked pairs one by one.

A simulated reviewer answers from the truth. The first project is the enterprise data; the second is the demo company, with
and without what the first one taught. The baseline reviews the same links one by one, in the order of their scores.
"""

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api.demo import make_company
from benchmarks.effort_projects import Pairs, Project, demo_company, enterprise
from benchmarks.linking_references import answered_types
from benchmarks.report import Report, f1_score
from bifrost.errors import InputError
from bifrost.links import AUTOMATIC, Judgement, LinkKind, LinkState, LinkType, PairLesson, Verdict
from extraction.encoder_minilm import load_encoder
from linking.accepting import AcceptRule, audits
from linking.asking import Question
from linking.choosing import ask
from linking.knowledge import Knowledge, export_knowledge, import_knowledge
from linking.linker import BifrostLinker
from linking.memory import MemoryData

__all__ = ["Outcome", "review", "run"]

_ENOUGH = 0.95
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_MOST = 60
_PAIRS = 40
"""Questions about pairs that are answered of each true same-thing type."""
_WORTH_ASKING = 0.3
"""With a rule that accepts, questions below this probability are not asked."""


@dataclass
class Outcome:
    """``curve[n]`` is the mean F1 over all kinds of links after n answers."""

    curve: list[float]
    answered: list[LinkType]
    judgements: list[Judgement]
    known: list[LinkType]
    links: dict[str, list[tuple[float, tuple[str, ...]]]]
    confirmed: set[str]
    audited: int
    automatic: set[str]

    def needed(self) -> int:
        """Answers until the mean F1 is high enough, all audits among them; all that may be asked where it never is."""
        return next((n for n, f1 in enumerate(self.curve) if f1 >= _ENOUGH and n >= self.audited), _MOST)


def run(report: Report, seed: int, data: Path, plots: Path | None = None) -> None:
    """Both projects; with ``plots`` the curves are drawn into that folder."""
    if not (data / "enterprise" / "truth.json").exists():
        return
    first = enterprise(data / "enterprise")
    outcome = review(first, Knowledge())
    _report_project(report, "enterprise", first, outcome)
    for n in (5, 10, 15, 20, 30):
        if n < len(outcome.curve):
            report.add(f"effort.enterprise.f1_at_{n}", outcome.curve[n])
    threshold = _safe_threshold(outcome)
    lessons = [lesson for lesson, _ in _pairs_asked(first, outcome, Knowledge(), _PAIRS)]
    knowledge = import_knowledge(export_knowledge(outcome.known, outcome.judgements, lessons))
    with tempfile.TemporaryDirectory() as folder:
        make_company(Path(folder), scale=1, seed=7 + seed)
        second = demo_company(Path(folder))
    alone, carried = review(second, Knowledge()), review(second, knowledge)
    accepted = review(second, knowledge, accept_from=threshold)
    _report_project(report, "demo", second, alone)
    needed = outcome.needed()
    report.add("effort.demo.answers_carried", carried.needed(), baseline=alone.needed(), note="scorer carried over")
    for count in (0, _PAIRS):
        with_lessons, without = (
            [f1 for _, f1 in _pairs_asked(second, alone, taught, count)]
            for taught in (knowledge, replace(knowledge, lessons=()))
        )
        report.add(
            "effort.demo.same_f1" + (f"_at_{count}" if count else ""), sum(with_lessons) / max(len(with_lessons), 1),
            baseline=sum(without) / max(len(without), 1),
            note=f"mean over {len(without)} same-thing types, with {knowledge.about_pairs} answers about pairs carried; without",
        )  # fmt: skip
    right = sum(
        p.id in accepted.confirmed and second.kind_of(p) is not None
        for p in accepted.known
        if p.id in accepted.automatic
    )
    report.add(
        "effort.demo.answers_accepting", accepted.needed(), baseline=needed,
        note=f"carried over and accepting from {threshold:.3f} (the first project had no error above it), audits counted; "
        f"{right} of {len(accepted.automatic)} accepted types are true; F1 {accepted.curve[-1]:.3f}",
    )  # fmt: skip
    report.add(
        "effort.demo.share_of_first",
        accepted.needed() / max(needed, 1),
        bar=0.5,
        note="answers as a share of the first project's",
    )
    if plots is not None:
        curves = {
            "first project (enterprise)": outcome,
            "second project alone (demo)": alone,
            "second, scorer carried over": carried,
            "second, carried over and accepting": accepted,
        }
        pairs = {"first": _pair_curve(first, outcome), "second": _pair_curve(second, alone)}
        draw(plots, curves, {f"{name}, pairs one by one": curve for name, curve in pairs.items()})


def _pairs_asked(
    project: Project, outcome: Outcome, knowledge: Knowledge, count: int
) -> Iterator[tuple[PairLesson, float]]:
    """Per true same-thing type what so many answers about its pairs teach others, and its F1 after them."""
    linker = BifrostLinker(load_encoder(), knowledge=knowledge)
    for link_type in outcome.known:
        kind = project.kind_of(link_type)
        if link_type.kind is not LinkKind.SAME_THING or kind is None or link_type.id not in outcome.confirmed:
            continue
        truth = project.truth.get(kind)
        if truth is None:
            continue
        said: list[Judgement] = []
        while len(said) < count:
            asked = linker.next_pairs(link_type, project.data, said, lambda _: None, (), min(10, count - len(said)))
            if not asked:
                break
            for pair in asked:
                verdict = Verdict.CONFIRM if tuple(sorted((pair.left, pair.right))) in truth else Verdict.REJECT
                said.append(Judgement(len(said), f"{link_type.id}|{pair.left}|{pair.right}", verdict, "reviewer", _AT))
        same = linker.same(link_type, project.data, said, lambda _: None)
        threshold = 0.5 if link_type.threshold is None else link_type.threshold
        found: Pairs = {tuple(sorted((p.left, p.right))) for p in same if p.score >= threshold}
        yield same.matched.lesson or PairLesson((), (), (), ()), f1_score(found, truth)[2]
    linker.close()


def _report_project(report: Report, name: str, project: Project, outcome: Outcome) -> None:
    ours, pairs = outcome.needed(), _one_by_one(project, outcome)
    report.add(
        f"effort.{name}.f1", outcome.curve[-1], bar=_ENOUGH, note=f"mean over {len(project.truth)} kinds of links"
    )
    report.add(f"effort.{name}.answers", ours, baseline=pairs, note="answers until F1 .95; pairs one by one")
    report.add(f"effort.{name}.ratio", pairs / max(ours, 1), bar=10, note="decisions saved")


def draw(folder: Path, outcomes: Mapping[str, Outcome], pairs: Mapping[str, Sequence[tuple[int, float]]]) -> None:
    """The curves as an SVG file that is the same for the same numbers. Needs the extra ``bench``."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "effort"
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), sharey=True)
    for name, outcome in outcomes.items():
        left.plot(range(len(outcome.curve)), outcome.curve, label=name, drawstyle="steps-post")
    for (name, curve), colour in zip(pairs.items(), ("C0", "C1"), strict=False):
        right.plot([n for n, _ in curve], [f1 for _, f1 in curve], "--", color=colour, label=name)
    for (name, outcome), colour in zip(list(outcomes.items())[:2], ("C0", "C1"), strict=False):
        right.plot(
            range(1, len(outcome.curve)),
            outcome.curve[1:],
            color=colour,
            label=f"{name}: types",
            drawstyle="steps-post",
        )
    right.set_xscale("log")
    left.set_ylabel("mean F1 over the kinds of links")
    for axes, label in ((left, "answers"), (right, "decisions (logarithmic)")):
        axes.axhline(_ENOUGH, color="grey", linewidth=0.8, linestyle=":")
        axes.set_xlabel(label)
        axes.legend(fontsize=8, loc="lower right")
        axes.grid(alpha=0.2)
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "effort.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


# ---- the reviewer ----------------------------------------------------------------------------------------------------


def review(
    project: Project,
    knowledge: Knowledge,
    *,
    accept_from: float = 2.0,
    gnn: str | None = "auto",
    draw: int | None = None,
    seed: int = 0,
) -> Outcome:
    """A reviewer's answers, in the order in which Bifrost asks; with ``draw``, a seed, in random order instead."""
    linker = BifrostLinker(load_encoder(), knowledge=knowledge, gnn=gnn)
    known = linker.propose(project.data, (), (), lambda _: None)
    links = {p.id: _links_of(linker, p, project.data) for p in known}
    judgements: list[Judgement] = []
    answered: list[LinkType] = []
    accepted = {p.id for p in known if p.probability >= accept_from}
    confirmed = set(accepted)
    # What was accepted is audited as in the product: of each kind the first by lot, and every tenth.
    taken = [replace(p, state=LinkState.CONFIRMED) for p in known if p.id in accepted]
    automatic = [Judgement(-1, id, Verdict.CONFIRM, AUTOMATIC, _AT) for id in sorted(accepted)]
    checks = audits(taken, automatic, [AcceptRule(None, accept_from, 0.1, "reviewer", _AT)])
    curve = [_mean_f1(project, known, confirmed, links)]
    lot = None if draw is None else random.Random(draw)
    while len(answered) < _MOST:
        done = {p.id for p in answered} | accepted
        open_types = [p for p in known if p.id not in done and (not accepted or p.probability >= _WORTH_ASKING)]
        asked = ask([Question(p) for p in open_types], seed=f"{seed}|{len(answered)}")
        questions = [*checks[len(answered) :], *(one.link_type for one in asked)]
        if not questions:
            break
        question = questions[0] if lot is None else lot.choice(questions)
        right = project.right(question, links[question.id])
        answered.append(question)
        if right:
            confirmed.add(question.id)
        else:
            confirmed.discard(question.id)
        verdict = Verdict.CONFIRM if right else Verdict.REJECT
        judgements.append(Judgement(len(answered), question.id, verdict, "reviewer", _AT, features=question.features))
        known = linker.rescore(answered_types(known, question.id, right), judgements)
        links.update((p.id, _links_of(linker, p, project.data)) for p in known if p.id not in links)
        curve.append(_mean_f1(project, known, confirmed, links))
    linker.close()
    return Outcome(curve, answered, judgements, known, links, confirmed, len(checks), accepted)


def _links_of(linker: BifrostLinker, p: LinkType, data: MemoryData) -> list[tuple[float, tuple[str, ...]]]:
    if p.kind is LinkKind.SAME_THING:
        threshold = 0.5 if p.threshold is None else p.threshold
        try:
            found = [(s.score, s.left, s.right) for s in linker.same(p, data, (), lambda _: None)]
        except InputError:  # Tables without a column in common: the product asks for columns, and there are no pairs.
            return []
        return [(score, tuple(sorted((a, b)))) for score, a, b in found if score >= threshold]
    if p.kind is LinkKind.SAME_CONCEPT:
        return []
    return [(e.score, (e.tail, e.head)) for e in linker.links(p, data, (), lambda _: None)]


def _found(
    project: Project, known: Sequence[LinkType], confirmed: set[str], links: Mapping[str, Any]
) -> dict[str, Pairs]:
    found: dict[str, Pairs] = {kind: set() for kind in project.truth}
    for p in known:
        kind = project.kind_of(p)
        if p.id in confirmed and kind is not None and kind not in project.truth:
            continue
        if p.id in confirmed and kind is not None:
            found[kind] |= {pair for _, pair in links[p.id]}
        elif p.id in confirmed:  # a wrong type that was accepted spoils a kind with the same tail
            spoiled = [name for sides, name in project.types.items() if str(p.tail) in sides]
            for name in spoiled[:1]:
                found[name] |= {pair for _, pair in links[p.id]}
    return found


def _mean_f1(project: Project, known: Sequence[LinkType], confirmed: set[str], links: Mapping[str, Any]) -> float:
    found = _found(project, known, confirmed, links)
    return sum(f1_score(found[kind], truth)[2] for kind, truth in project.truth.items()) / len(project.truth)


def _one_by_one(project: Project, outcome: Outcome) -> int:
    """Decisions until the mean F1 is reached when the links themselves are reviewed."""
    return next((n for n, f1 in _pair_curve(project, outcome) if f1 >= _ENOUGH), sum(map(len, outcome.links.values())))


def _pair_curve(project: Project, outcome: Outcome) -> list[tuple[int, float]]:
    """Decisions and the mean F1 they give when links are reviewed one by one, surest first, wrong ones refused."""
    later = {p.otherwise.id for p in outcome.known if p.otherwise is not None}  # what came in the place of others
    ranked = sorted(
        (
            (p.probability * score, project.kind_of(p), pair)
            for p in outcome.known
            if p.id not in later
            for score, pair in outcome.links[p.id]
        ),
        key=lambda item: (-item[0], item[2]),
    )
    random.Random(0).shuffle(ranked)
    ranked.sort(key=lambda item: -item[0])
    hits = dict.fromkeys(project.truth, 0)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    curve: list[tuple[int, float]] = [(1, 0.0)]
    for n, (_, kind, pair) in enumerate(ranked, 1):
        if kind in project.truth and pair in project.truth[kind] and (kind, pair) not in seen:
            seen.add((kind, pair))
            hits[kind] += 1
            # Only right pairs are accepted, so precision is 1 and F1 follows from recall.
            curve.append((n, sum(2 * hits[k] / (hits[k] + len(t)) for k, t in project.truth.items()) / len(hits)))
    return curve


def _safe_threshold(outcome: Outcome) -> float:
    """The least probability above which every answered type was confirmed."""
    states = {j.subject: j.verdict for j in outcome.judgements}
    wrong = [p.probability for p in outcome.answered if states[p.id] is Verdict.REJECT]
    return min(max([0.9, *wrong]) + 1e-3, 0.9999)
