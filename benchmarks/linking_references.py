"""Finding undeclared references in databases whose keys were stripped."""

import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from api.demo import erp
from api.demo.company import make
from benchmarks.report import Report, f1_score
from benchmarks.tables import References, add_sqlite
from bifrost.links import Column, Judgement, LinkKind, LinkState, LinkType, Verdict
from extraction.encoder_minilm import load_encoder
from linking.asking import order_types
from linking.linker import BifrostLinker
from linking.memory import MemoryData
from linking.names import core_words, name_similarity, table_words, words
from linking.profiles import ColumnProfile
from linking.references import reference_candidates
from linking.workspace import Workspace

__all__ = ["databases", "inclusion_and_names", "run", "said", "tasks"]

Pairs = set[tuple[str, ...]]
_ANSWERS = 5
_CHOICES = 8
_BAR = 0.93


def run(report: Report, seed: int, data: Path) -> None:
    """F1 per database without an answer and after five, beside a rule of inclusion and equal names; and what of the rest is
    still right when one of five answers was a mistake."""
    for name, database, truth in tasks(data, seed):
        _measure(report, name, database, truth, seed)


def tasks(data: Path, seed: int) -> Iterator[tuple[str, MemoryData, Pairs]]:
    """Name, tables and true references of each database."""
    with tempfile.TemporaryDirectory() as folder:
        for path, undeclared in (*((path, ()) for path in databases(data)), *_demo_companies(Path(folder), seed)):
            database = MemoryData()
            truth = _pairs(add_sqlite(database, path, "db", keys=False)) | set(undeclared)
            if truth:
                yield path.stem, database, truth


def _demo_companies(folder: Path, seed: int) -> Iterator[tuple[Path, tuple[tuple[str, ...], ...]]]:
    """The demo company's database at two sizes, with the references that hold without being declared."""
    undeclared = tuple(tuple(f"db/{side}" for side in pair) for pair in erp.REFERENCES)
    for scale in (1, 10):
        work = folder / str(scale)
        work.mkdir()
        erp.write(make(scale, random.Random(7 + seed)), work)
        yield (work / "erp.sqlite").rename(work / f"demo_{scale}.sqlite"), undeclared


def _measure(report: Report, name: str, database: MemoryData, truth: Pairs, seed: int) -> None:
    linker = BifrostLinker(load_encoder())
    proposals = linker.propose(database, (), (), lambda _: None)
    linker.close()
    found = said(proposals)
    precision, recall, f1 = f1_score(found, truth)
    baseline = f1_score(inclusion_and_names(database), truth)[2]
    wrong = ", ".join(f"+{t}" for t in sorted(" -> ".join(p) for p in found - truth)[:3])
    missed = ", ".join(f"-{t}" for t in sorted(" -> ".join(p) for p in truth - found)[:3])
    note = f"precision {precision:.2f}, recall {recall:.2f}, {len(truth)} keys {wrong} {missed}"
    report.add(f"references.{name}.f1", f1, baseline=baseline, bar=_BAR, note=note)
    after, asked = _after_answers(proposals, truth)
    report.add(f"references.{name}.f1_at_5", f1_score(after, truth)[2], bar=1.0, note=f"{asked} answers")
    rest = _after_a_mistake(proposals, truth, seed)
    if rest:
        f1 = sum(rest) / len(rest)
        note = f"mean of {len(rest)} random choices of {_ANSWERS} answers, one mistaken; of what was not asked"
        report.add(f"references.{name}.f1_after_mistake", f1, note=note)


def databases(data: Path) -> list[Path]:
    """All SQLite databases of the data folder's layout."""
    return sorted((*data.glob("relational/*.sqlite"), *data.glob("enterprise/*.sqlite")))


def _pairs(references: References) -> Pairs:
    return {_pair(tail, head) for tail, head in references}


def _pair(tail: Column, head: Column) -> tuple[str, str]:
    """The two sides, with their columns in one order, whichever they were said in."""
    order = sorted(range(len(tail.columns)), key=lambda n: (tail.columns[n], head.columns[n]))
    ends = (replace(side, columns=tuple(side.columns[n] for n in order)) for side in (tail, head))
    return str(next(ends)), str(next(ends))


def said(proposals: Sequence[LinkType]) -> Pairs:
    """What is thought a reference without an answer."""
    return {_pair(p.tail, p.head) for p in proposals if p.kind is LinkKind.REFERENCE and p.probability >= 0.5}


def _after_answers(proposals: Sequence[LinkType], truth: Pairs) -> tuple[Pairs, int]:
    """What is believed after a reviewer answered the least sure questions from the truth."""
    linker = BifrostLinker()
    known = [p for p in proposals if p.kind is LinkKind.REFERENCE]
    judgements: list[Judgement] = []
    answered: dict[str, bool] = {}
    for number in range(_ANSWERS):
        open_types = [p for p in known if p.id not in answered]
        if not open_types:
            break
        question = min(order_types(open_types), key=lambda p: abs(p.probability - 0.5))
        right = _pair(question.tail, question.head) in truth
        answered[question.id] = right
        judgements.append(_judgement(number, question, right))
        known = linker.rescore(answered_types(known, question.id, right), judgements)
    linker.close()
    believed = {p.id: answered.get(p.id, p.probability >= 0.5) for p in known}
    return {_pair(p.tail, p.head) for p in known if believed[p.id]}, len(answered)


def _after_a_mistake(proposals: Sequence[LinkType], truth: Pairs, seed: int) -> list[float]:
    """F1 over the questions that were not asked, per random choice of answers of which the first says the opposite."""
    linker = BifrostLinker()
    known = [p for p in proposals if p.kind is LinkKind.REFERENCE]
    result = []
    for choice in range(_CHOICES):
        asked = random.Random(seed + choice).sample(known, min(_ANSWERS, len(known)))
        remaining = truth & {_pair(p.tail, p.head) for p in known if p not in asked}
        if remaining:
            answers = [_judgement(n, p, (n > 0) == (_pair(p.tail, p.head) in truth)) for n, p in enumerate(asked)]
            rescored = [p for p in linker.rescore(known, answers) if p.id not in {a.subject for a in answers}]
            result.append(f1_score(said(rescored), remaining)[2])
    linker.close()
    return result


def answered_types(known: Sequence[LinkType], id: str, right: bool) -> list[LinkType]:
    """``known`` after an answer about one of them, as the store would say."""
    state = LinkState.CONFIRMED if right else LinkState.REJECTED
    return [replace(t, state=state) if t.id == id else t for t in known]


def _judgement(number: int, question: LinkType, right: bool) -> Judgement:
    verdict = Verdict.CONFIRM if right else Verdict.REJECT
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Judgement(number, question.id, verdict, "reviewer", at, features=question.features)


def inclusion_and_names(data: MemoryData) -> Pairs:
    """The baseline: all values are found in a unique column, and the names fit; the best-named column wins."""
    workspace = Workspace()
    best: dict[int, tuple[float, tuple[str, str]]] = {}
    with workspace.using(data):
        for c in reference_candidates(workspace):
            score = _names_fit(c.tail, c.head)
            if c.containment >= 0.98 and score >= 0.5 and score > best.get(c.tail.id, (0.0, ("", "")))[0]:
                best[c.tail.id] = score, (str(_column(c.tail)), str(_column(c.head)))
    workspace.close()
    return {pair for _, pair in best.values()}


def _names_fit(tail: ColumnProfile, head: ColumnProfile) -> float:
    if tail.table == head.table:
        return 0.0
    same = name_similarity(words(tail.name), words(head.name))
    return max(same, name_similarity(core_words(tail.name), table_words(head.dataset)))


def _column(profile: ColumnProfile) -> Column:
    return Column(profile.source, profile.dataset, (profile.name,))
