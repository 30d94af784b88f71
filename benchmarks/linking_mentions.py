"""Names that several records share: which record is meant, with the context of the name, without it, and by a plain count.

``mentions.seconds`` is the processor time of applying a mention type to 10,000 texts with 200,000 names; so many in a hundred of
the records have a namesake; its baseline is the look-up alone.

Counted are the names found in texts that fit several records (benchmarks/namesakes.py): which text was linked to which record,
against the truth. Without context each record has its share, and nothing is linked; the baseline links the record of which the
text holds most other values, letter by letter.
"""

from collections.abc import Iterable
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.namesakes import companies, corpus, generated, tickets
from benchmarks.report import Report, f1_score
from linking.mentions.apply import mention_edges, scan_texts
from linking.mentions.choice import load_choice
from linking.mentions.context import Doubt
from linking.mentions.settle import chosen, doubtful, settle
from linking.training.namesakes import NamesakeCase
from linking.training.train_columns import expected_calibration_error
from linking.workspace import Workspace

__all__ = ["run"]

_FIRST = 60_000
"""Seeds from here on are used by no training."""
_FIRST_COMPANY = 400
Pairs = set[tuple[str, ...]]


def run(report: Report, seed: int, data: Path) -> None:
    """Precision, recall and calibration of each collection."""
    _add(report, "generated", generated(_FIRST + 1_000 * seed))
    _add_refused(report, generated(_FIRST + 1_000 * seed))
    _add(report, "demo", companies(_FIRST_COMPANY + 10 * seed, keys=True))
    _add(report, "demo_without_keys", companies(_FIRST_COMPANY + 10 * seed, keys=False))
    if (data / "enterprise" / "it" / "tickets.json").exists():
        _add(report, "tickets", tickets(data))
    for percent in (1, 10):
        _add_seconds(report, percent)


def _add(report: Report, name: str, cases: Iterable[NamesakeCase]) -> None:
    truth, found, counted = set[tuple[str, ...]](), set[tuple[str, ...]](), set[tuple[str, ...]]()
    said: list[float] = []
    shared: list[float] = []
    right: list[bool] = []
    mentions = 0
    workspace = Workspace()
    for number, case in enumerate(cases):
        with workspace.using(case.data):
            scanned = scan_texts(workspace, case.data, case.link_type)
            if scanned is None:
                continue
            open_ = doubtful(workspace, case.link_type, scanned.heads, scanned.mentions, case.references)
            mentions += len(open_)
            p = load_choice().probabilities(open_)
            for doubt, q in zip(open_, p, strict=True):
                uid = doubt.mention.uid
                named = case.truth.get(uid, set())
                truth |= {(str(number), uid, one) for one in doubt.uids if one in named}
                said += [0.9 / len(q)] * len(q) if doubt.blank else q.tolist()
                shared += [0.9 / len(q)] * len(q)
                right += [one in named for one in doubt.uids]
            counted |= {(str(number), *pair) for pair in _counted(workspace, case, open_)}
            of_names = {(d.mention.uid, one) for d in open_ for one in d.uids}
            edges = mention_edges(workspace, case.data, case.link_type, case.references)
            found |= {(str(number), e.tail, e.head) for e in edges if (e.tail, e.head) in of_names}
    workspace.close()
    precision, recall, f1 = f1_score(found, truth)
    plain = f1_score(counted, truth)
    note = f"{mentions} names in texts, {len(truth)} true; none is linked without context"
    report.add(f"mentions.{name}.f1", f1, baseline=plain[2], note=note)
    report.add(f"mentions.{name}.precision", precision, baseline=plain[0])
    report.add(f"mentions.{name}.recall", recall, baseline=plain[1])
    y = np.array(right)
    ece = [expected_calibration_error(np.array(p), y) for p in (said, shared)]
    report.add(f"mentions.{name}.ece", ece[0], baseline=ece[1], note="the baseline is an equal share for each record")


def _add_seconds(report: Report, percent: int) -> None:
    case = corpus(percent / 100)
    workspace = Workspace()
    with workspace.using(case.data):
        started = process_time()
        scanned = scan_texts(workspace, case.data, case.link_type)
        looked_up = process_time() - started
        if scanned is None:
            return
        settled = settle(workspace, case.link_type, scanned.heads, scanned.mentions, case.references)
        everything = process_time() - started
    workspace.close()
    names = sum(map(len, scanned.mentions.values()))
    note = f"{names:,} names in {len(scanned.place):,} texts, {len(settled.scores):,} decided by their context"
    report.add(f"mentions.seconds.{percent}", everything, baseline=looked_up, note=note)


def _add_refused(report: Report, cases: Iterable[NamesakeCase]) -> None:
    """What context would link of the single words and plain numbers that stay unlinked without their label."""
    linked = right = true = 0
    workspace = Workspace()
    for case in cases:
        with workspace.using(case.data):
            scanned = scan_texts(workspace, case.data, case.link_type)
            if scanned is None:
                continue
            both = [
                doubtful(workspace, case.link_type, scanned.heads, scanned.mentions, case.references, refused=refused)
                for refused in (False, True)
            ]
            usual = {id(doubt.mention) for doubt in both[0]}
            more = [doubt for doubt in both[1] if id(doubt.mention) not in usual]
            for doubt, p in zip(more, load_choice().probabilities(more), strict=True):
                named = case.truth.get(doubt.mention.uid, set())
                true += any(uid in named for uid in doubt.uids)
                best = chosen(doubt, p)
                if best is not None:
                    linked += 1
                    right += doubt.uids[best] in named
    workspace.close()
    note = f"single words and plain numbers, not linked in the product: {linked} of {true} true ones would be"
    report.add("mentions.refused.precision", right / max(linked, 1), note=note)
    report.add("mentions.refused.recall", right / max(true, 1))


def _counted(workspace: Workspace, case: NamesakeCase, open_: Iterable[Doubt]) -> Pairs:
    """The record of which a text holds most other values, where it is one alone."""
    table = workspace.table(case.link_type.head.source, case.link_type.head.dataset)
    if table is None:
        return set()
    columns = [p.sql for p in table.columns.values() if p.name not in case.link_type.head.columns and not p.is_list]
    rows = workspace.connection.execute(f"SELECT _uid, {', '.join(columns)} FROM {table.name}").fetchall()
    values = {row[0]: {str(v) for v in row[1:] if v is not None and len(str(v)) >= 3} for row in rows}
    pairs: Pairs = set()
    for doubt in open_:
        counts = [sum(value in doubt.mention.text for value in values[uid]) for uid in doubt.uids]
        if counts.count(max(counts)) == 1:
            pairs.add((doubt.mention.uid, doubt.uids[int(np.argmax(counts))]))
    return pairs
