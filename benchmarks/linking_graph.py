"""Records that are told apart by what they are linked to: each world of :mod:`benchmarks.graph_worlds`, with and without links.

``graph.<world>.<records>.f1`` is pair F1 with confirmed references and the other same-thing types of the world; the baseline is the
same matching by what records say themselves. Means over SEEDS seeds, those after the ones that anything was tuned with; the
range of the seeds is in the note. The shipped prior has seen cora, dblp_acm, febrl4 and fake_1000 as they are.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.graph_worlds import WORLDS, Question
from benchmarks.report import Report
from bifrost.links import LinkType
from bifrost.ports import LinkingData
from linking.linker import BifrostLinker

SEEDS = 3
FIRST = 2
"""Seeds 0 and 1 were used while the method was made."""


def run(report: Report, seed: int, data: Path) -> None:
    """Adds the figures of all worlds."""
    first = FIRST + seed * SEEDS
    for name in WORLDS:
        for asked, found in compare(name, data, range(first, first + SEEDS)).items():
            alone_f1, linked_f1, alone_precision, precision = np.mean(found, axis=0).tolist()
            spread = [f[1] - f[0] for f in found]
            note = f"{len(found)} seeds, gain {min(spread):+.3f} to {max(spread):+.3f}; without links"
            report.add(f"graph.{name}.{asked}.f1", linked_f1, baseline=alone_f1, note=note)
            report.add(f"graph.{name}.{asked}.precision", precision, baseline=alone_precision, note="without links")


def compare(name: str, data: Path, seeds: Iterable[int]) -> dict[str, list[tuple[float, float, float, float]]]:
    """Per question and seed: F1 without and with links, then precision; empty where the data is not there."""
    values: dict[str, list[tuple[float, float, float, float]]] = {}
    for seed in seeds:
        try:
            world = WORLDS[name](data, seed)
        except (OSError, sqlite3.OperationalError):
            break
        linker = BifrostLinker(gnn=None)
        for question in world.questions:
            alone = _score(question, linker, world.data, ())
            linked = _score(question, linker, world.data, world.known)
            values.setdefault(question.name, []).append((alone[2], linked[2], alone[0], linked[0]))
        linker.close()
    return values


def _score(
    question: Question, linker: BifrostLinker, data: LinkingData, known: Sequence[LinkType]
) -> tuple[float, float, float]:
    """Precision, recall and F1 over the pairs that merging makes."""
    pairs = linker.same(question.link_type, data, (), lambda _: None, known)
    merged = [(p.left, p.right) for p in pairs if p.score >= (question.link_type.threshold or 0.5)]
    group = _groups(question.thing, merged)
    tables = {f"{side.source}/{side.dataset}/" for side in (question.link_type.tail, question.link_type.head)}
    if len(tables) == 1:
        found, true = (_pairs(Counter(x.values())) for x in (group, question.thing))
        hits = _pairs(Counter((group[uid], question.thing[uid]) for uid in group))
    else:
        sides = [Counter(t for u, t in question.thing.items() if u.startswith(table)) for table in sorted(tables)]
        found, true = len(merged), sum(n * sides[1][t] for t, n in sides[0].items())
        hits = sum(question.thing[a] == question.thing[b] for a, b in merged)
    return hits / max(found, 1), hits / max(true, 1), 2 * hits / max(found + true, 1)


def _pairs(sizes: Counter[Any]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def _groups(uids: Iterable[str], merged: Sequence[tuple[str, str]]) -> dict[str, str]:
    parent = {uid: uid for uid in uids}

    def find(uid: str) -> str:
        while parent[uid] != uid:
            parent[uid] = parent[parent[uid]]
            uid = parent[uid]
        return uid

    for a, b in merged:
        parent[find(a)] = find(b)
    return {uid: find(uid) for uid in parent}
