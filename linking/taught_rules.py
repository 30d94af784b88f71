"""The columns and the rule that explain example pairs: one column or several, with a condition where one is needed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bifrost.links import TAUGHT, Column, LinkKind, LinkType, link_type_id
from linking.bounds import least_share
from linking.composites import MOST_COLUMNS
from linking.describe import link_name
from linking.describing import Evident, describe
from linking.joins import count_edges
from linking.profiles import ColumnProfile
from linking.profiling import values_sql
from linking.taught_conditions import separating_condition
from linking.workspace import LoadedTable, Workspace

__all__ = ["ENOUGH", "FOUND", "RULES", "Pairs", "Rule", "agreeing_rules", "references", "values_by_rule"]

RULES = ("", "strip_zeros", "alnum", "digits", "strip_accents", "first_word")
ENOUGH = 0.6
"""The share of the positive examples that a rule must explain."""
FOUND = 5
_USABLE = 8
_AMBIGUOUS = 1.5
"""Records named per value from which on further columns are tried."""
Values = Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Example pairs between two tables, as rows."""

    tail: LoadedTable
    head: LoadedTable
    positives: tuple[tuple[int, int], ...]
    negatives: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """Columns that agree under a transformation in the pairs numbered ``right``, and in the negative ones numbered ``wrong``."""

    tail: tuple[ColumnProfile, ...]
    head: tuple[ColumnProfile, ...]
    transform: Mapping[str, str]
    right: frozenset[int]
    wrong: frozenset[int]
    condition: str = ""
    note: str = ""


def references(evident: Evident, pairs: Pairs, name: str) -> list[LinkType]:
    """References that explain the pairs, best first, with their evidence."""
    workspace = evident.workspace
    singles = agreeing_rules(workspace, pairs)
    rules = [rule for rule in singles if not rule.wrong] or [
        conditioned for rule in singles for conditioned in _with_condition(workspace, pairs, rule)
    ]
    ranked = [_ranked(workspace, pairs, rule, name) for rule in rules]
    for columns in range(2, MOST_COLUMNS + 1):
        if ranked and columns > 2 and min(rank[1] for rank, _ in ranked) < _AMBIGUOUS:
            break
        together = [rule for rule in _composites(singles, columns, pairs) if not rule.wrong]
        ranked += [_ranked(workspace, pairs, rule, name) for rule in together]
    if not ranked:
        return []
    best = {t.id: (rank, t) for rank, t in sorted(ranked, key=lambda item: (item[0], item[1].id), reverse=True)}
    ordered = sorted(best.values(), key=lambda item: (item[0], item[1].id))
    ranks = [rank for rank, _ in ordered]
    kept = [t for rank, t in ordered if rank[1] <= 3 * max(ranks[0][1], 1.0) and not _is_needless(rank, ranks)]
    return [describe(evident, link_type) for link_type in kept[:FOUND]]


def _is_needless(rank: tuple[float, ...], ranks: Sequence[tuple[float, ...]]) -> bool:
    """Whether another one explains as much as clearly with fewer steps or columns."""
    return any(
        other[:2] <= rank[:2] and other[1] <= rank[1] and other[2] <= rank[2] and other[3] <= rank[3]
        and other[2:4] != rank[2:4]
        for other in ranks
    )  # fmt: skip


def _ranked(workspace: Workspace, pairs: Pairs, rule: Rule, name: str) -> tuple[tuple[float, ...], LinkType]:
    """Explains most, names one record, needs the fewest steps and columns, links most: in this order."""
    tail = Column(pairs.tail.source, pairs.tail.dataset, tuple(p.name for p in rule.tail))
    head = Column(pairs.head.source, pairs.head.dataset, tuple(p.name for p in rule.head))
    kind, right = LinkKind.REFERENCE, len(rule.right)
    reasons = [f"Explains {right} of {len(pairs.positives)} examples."]
    link_type = LinkType(
        link_type_id(kind, tail, head), kind, tail, head, name or link_name(kind, tail, head),
        probability=round(least_share(right, len(pairs.positives)), 4), transform=dict(rule.transform),
        condition=rule.condition, reasons=(*reasons, rule.note) if rule.note else tuple(reasons), model=TAUGHT,
    )  # fmt: skip
    edges, values, missing = count_edges(workspace, link_type)
    matched = max(values - missing, 1)
    steps = sum(bool(step) for step in rule.transform.values()) + bool(rule.condition)
    share = right / len(pairs.positives)
    return (-share, round(edges / matched, 1), float(steps), float(len(rule.tail)), -float(matched)), link_type


def _with_condition(workspace: Workspace, pairs: Pairs, rule: Rule) -> list[Rule]:
    """The rule, limited to rows like those of the examples, if the counter-examples differ from them in a column."""
    right = {pairs.positives[n][0] for n in rule.right}
    wrong = {pairs.negatives[n][0] for n in rule.wrong}
    found = separating_condition(workspace, pairs.tail, right, wrong, [p.id for p in rule.tail])
    if found is None:
        return []
    condition, note = found
    return [replace(rule, wrong=frozenset(), condition=condition, note=note)]


def agreeing_rules(workspace: Workspace, pairs: Pairs) -> list[Rule]:
    """Single columns with the simplest transformation that explains enough positives and the fewest negatives."""
    tails = values_by_rule(workspace, pairs.tail, {t for t, _ in (*pairs.positives, *pairs.negatives)})
    heads = values_by_rule(workspace, pairs.head, {h for _, h in (*pairs.positives, *pairs.negatives)})
    found: dict[tuple[int, int], Rule] = {}
    # Known normal forms come first: a beginning cut off to fit few examples may not fit the rest.
    for cutting in (False, True):
        for (tail, tail_rule), tail_values in tails.items():
            for (head, head_rule), head_values in heads.items():
                known = found.get((tail.id, head.id))
                if tail.id == head.id or (known is not None and (cutting or not known.wrong)):
                    continue
                explain = _cuts if cutting else _agreements
                for transform, right, wrong in explain(pairs, tail_rule, tail_values, head_rule, head_values):
                    better = known is None or len(wrong) < len(known.wrong)
                    if len(right) >= ENOUGH * len(pairs.positives) and better:
                        known = found[tail.id, head.id] = Rule((tail,), (head,), transform, right, wrong)
    return list(found.values())


def values_by_rule(workspace: Workspace, table: LoadedTable, rows: set[int]) -> dict[tuple[ColumnProfile, str], Values]:
    """The values that example rows have in each column under each rule; rules that change nothing are left out."""
    result: dict[tuple[ColumnProfile, str], Values] = {}
    for profile in table.columns.values():
        if not profile.nonnull or profile.kind in ("boolean", "text"):
            continue
        seen: list[Values] = []
        starts = (
            ("", "split | ")
            if not profile.is_list and profile.forms[:1] != ("split",)
            else (("split | ",) if profile.forms[:1] == ("split",) else ("",))
        )
        for start in starts:
            chains = [(start + rule).removesuffix(" | ") for rule in RULES]
            for chain in dict.fromkeys((*chains, *profile.forms)):
                query = values_sql(table.name, profile.sql, chain, profile.is_list)
                found: dict[int, set[str]] = {}
                sql = f"SELECT _row, value FROM ({query}) WHERE list_contains(?, _row)"
                for row, value in workspace.connection.execute(sql, [list(rows)]).fetchall():
                    found.setdefault(row, set()).add(value)
                values = {row: frozenset(items) for row, items in found.items()}
                if values and values not in seen:
                    seen.append(values)
                    result[profile, chain] = values
    return result


Explained = tuple[Mapping[str, str], frozenset[int], frozenset[int]]


def _agreements(pairs: Pairs, tail_rule: str, tail: Values, head_rule: str, head: Values) -> Iterable[Explained]:
    """The two rules as a transformation, with the positives and the negatives that agree under them."""
    rule = {side: rule for side, rule in (("tail", tail_rule), ("head", head_rule)) if rule}
    yield rule, *_agreeing(pairs, tail, head)


def _cuts(pairs: Pairs, tail_rule: str, tail: Values, head_rule: str, head: Values) -> Iterable[Explained]:
    """Transformations that cut a fixed beginning or ending from one side."""
    if tail_rule not in ("", "split") or head_rule not in ("", "split"):
        return
    base = {side: rule for side, rule in (("tail", tail_rule), ("head", head_rule)) if rule}
    for side in ("tail", "head"):
        for step in ("strip_prefix", "strip_suffix"):
            cut = _common_rest(pairs, tail, head, side, step)
            if cut:
                chain = " | ".join(filter(None, (base.get(side, ""), f"{step}:{cut}")))
                stripped = _strip(tail if side == "tail" else head, step, cut)
                sides = (stripped, head) if side == "tail" else (tail, stripped)
                yield {**base, side: chain}, *_agreeing(pairs, *sides)


def _agreeing(pairs: Pairs, tail: Values, head: Values) -> tuple[frozenset[int], frozenset[int]]:
    nothing: frozenset[str] = frozenset()

    def those(examples: Sequence[tuple[int, int]]) -> frozenset[int]:
        return frozenset(n for n, (t, h) in enumerate(examples) if tail.get(t, nothing) & head.get(h, nothing))

    return those(pairs.positives), those(pairs.negatives)


def _common_rest(pairs: Pairs, tail: Values, head: Values, side: str, step: str) -> str:
    """What one side's values have before (or after) the other side's, if it is the same for most examples."""
    rests: Counter[str] = Counter()
    for t, h in pairs.positives:
        for a in tail.get(t, ()):
            for b in head.get(h, ()):
                longer, shorter = (a, b) if side == "tail" else (b, a)
                if shorter and len(longer) > len(shorter):
                    if step == "strip_prefix" and longer.endswith(shorter):
                        rests[longer[: -len(shorter)]] += 1
                    elif step == "strip_suffix" and longer.startswith(shorter):
                        rests[longer[len(shorter) :]] += 1
    if not rests:
        return ""
    rest, count = rests.most_common(1)[0]
    return rest if count >= ENOUGH * len(pairs.positives) and " | " not in rest else ""


def _strip(values: Values, step: str, cut: str) -> Values:
    def strip(value: str) -> str:
        return value.removeprefix(cut) if step == "strip_prefix" else value.removesuffix(cut)

    return {row: frozenset(strip(v) for v in items) for row, items in values.items()}


def _composites(rules: Sequence[Rule], columns: int, pairs: Pairs) -> list[Rule]:
    """Several rules together, for keys of several columns: what each alone takes for a match, all together may not."""
    found = []
    usable = [r for r in rules if not any("split" in step for step in r.transform.values())]
    usable.sort(key=lambda r: (-len(r.right), len(r.wrong), -r.head[0].distinct, r.tail[0].id, r.head[0].id))
    for chosen in combinations(usable[:_USABLE], columns):
        tails, heads = tuple(r.tail[0] for r in chosen), tuple(r.head[0] for r in chosen)
        right = frozenset.intersection(*(r.right for r in chosen))
        if min(len({p.id for p in tails}), len({p.id for p in heads})) < columns:
            continue
        if len(right) >= ENOUGH * len(pairs.positives):
            transform = {
                f"{side}.{profile.name}": rule.transform[side]
                for rule in chosen
                for side, profile in (("tail", rule.tail[0]), ("head", rule.head[0]))
                if side in rule.transform
            }
            wrong = frozenset.intersection(*(r.wrong for r in chosen))
            found.append(Rule(tails, heads, transform, right, wrong))
    return found
