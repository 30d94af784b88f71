"""References by a key of two columns: order number and line number, country and postcode.

A pair of columns is a key where no single one is and no two rows agree in both. Other tables refer to it when they have
columns of fitting names whose pairs of values are found there, more often than chance would have it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

from linking.joins import side_sql
from linking.names import MEASURE_WORDS, name_similarity, words
from linking.profiles import ColumnProfile
from linking.references import ReferenceCandidate, describe_pair
from linking.workspace import LoadedTable, Workspace

__all__ = ["CompositeCandidate", "composite_candidates", "composite_keys"]

_COLUMNS = 6
_NAMES_FIT = 0.7
_CONTAINED = 0.85
_BY_CHANCE = 1e-4
"""The largest probability that the pairs are found by chance alone, given how many combinations are keys."""

Pair = tuple[ColumnProfile, ColumnProfile]


@dataclass(frozen=True, slots=True)
class CompositeCandidate:
    """``tail`` columns name records by ``head`` columns, in this order."""

    tail: Pair
    head: Pair
    containment: float
    features: Mapping[str, float] = field(default_factory=dict)


def composite_keys(workspace: Workspace, table: LoadedTable) -> list[Pair]:
    """The declared key if it has two columns, else the pairs of its first columns that tell all rows apart."""
    declared = table.summary.info.key
    if len(declared) == 2 and all(name in table.columns for name in declared):
        return [(table.columns[declared[0]], table.columns[declared[1]])]
    if table.rows < 4 or declared:
        return []
    usable = [p for p in table.columns.values() if _may_be_part(p)]
    return [pair for pair in combinations(usable[:_COLUMNS], 2) if _tells_apart(workspace, table, pair)]


def _may_be_part(p: ColumnProfile) -> bool:
    counting = words(p.said)[-1:] and words(p.said)[-1] in MEASURE_WORDS - {"sequence", "position", "version", "index"}
    usable = p.kind in ("integer", "code", "name", "date") and not p.multivalued and not counting
    return usable and p.null_share == 0 and p.distinct >= 2 and p.uniqueness < 0.97


def _tells_apart(workspace: Workspace, table: LoadedTable, pair: Pair) -> bool:
    if pair[0].distinct * pair[1].distinct < table.rows:
        return False
    ((count,),) = workspace.connection.execute(
        f"SELECT count(DISTINCT ({pair[0].sql}, {pair[1].sql})) FROM {table.name}"
    ).fetchall()
    return bool(count == table.rows)


def composite_candidates(workspace: Workspace) -> list[CompositeCandidate]:
    """All candidates with features, in no particular order."""
    found = []
    for head_table in workspace.tables():
        for key in composite_keys(workspace, head_table):
            if not (key[0].distinct and key[1].distinct):
                continue
            density = head_table.rows / (key[0].distinct * key[1].distinct)
            for tail_table in workspace.tables():
                if tail_table is not head_table and tail_table.rows:
                    found += _between(workspace, tail_table, head_table, key, density)
    return found


def _between(
    workspace: Workspace, tail: LoadedTable, head: LoadedTable, key: Pair, density: float
) -> list[CompositeCandidate]:
    options = [[p for p in tail.columns.values() if p.nonnull and _fits(p, column)] for column in key]
    found = []
    for first in options[0][:3]:
        for second in options[1][:3]:
            if first.id == second.id:
                continue
            share, pairs = _containment(workspace, tail, (first, second), head, key)
            if share >= _CONTAINED and _chance(share, pairs, density) <= _BY_CHANCE:
                found.append(_candidate((first, second), key, head, share))
    return sorted(found, key=lambda c: -c.containment)[:1]


def _fits(tail: ColumnProfile, head: ColumnProfile) -> bool:
    same_kind = tail.kind == head.kind or {tail.kind, head.kind} <= {"code", "name", "integer"}
    return same_kind and not tail.multivalued and name_similarity(words(tail.said), words(head.said)) >= _NAMES_FIT


def _containment(
    workspace: Workspace, tail: LoadedTable, left: Pair, head: LoadedTable, right: Pair
) -> tuple[float, int]:
    """The share of the tail's distinct pairs found in the head, and their number."""
    ((share, pairs),) = workspace.connection.execute(
        f"""SELECT count(h.value) / greatest(count(*), 1), count(*) FROM
        (SELECT DISTINCT value FROM ({side_sql(tail, left, {}, "tail")})) t
        LEFT JOIN (SELECT DISTINCT value FROM ({side_sql(head, right, {}, "head")})) h USING (value)"""
    ).fetchall()
    return float(share), int(pairs)


def _chance(share: float, pairs: int, density: float) -> float:
    """A bound on the probability of finding ``share`` of independent pairs in a key of this density (Hoeffding)."""
    return math.exp(-2 * pairs * max(share - min(density, 1.0), 0.0) ** 2)


def _candidate(tail: Pair, head: Pair, table: LoadedTable, share: float) -> CompositeCandidate:
    """Features of the more telling column pair, with what holds for both columns together."""
    each = [describe_pair(ReferenceCandidate(t, h, "", "", share, share)) for t, h in zip(tail, head, strict=True)]
    features = dict(max(each, key=lambda f: f["tail_distinct"]))
    for name in (
        "name_score",
        "name_column",
        "name_equal",
        "name_table",
        "name_trigram",
        "tail_id_name",
        "head_id_name",
    ):
        features[name] = max(f[name] for f in each)
    features.update(
        head_unique=1.0, tail_key_like=0.0, name_margin=features["name_score"], containment_margin=share, rivals=0.0,
        size_rank=0.0, same_table_rivals=0.0, head_tails=0.0, tail_measure=0.0, head_measure=0.0,
    )  # fmt: skip
    return CompositeCandidate(tail, head, share, features)
