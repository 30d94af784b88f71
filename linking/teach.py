"""Teaching by example pairs: finds the columns and the rule that explain them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkType, link_type_id
from bifrost.ports import LinkingData, TeachRequest
from bifrost.values import DatasetKind, make_uid
from linking.describe import link_name, with_reference_evidence
from linking.joins import count_edges
from linking.mentions.apply import mention_edges
from linking.profiles import ColumnProfile
from linking.profiling import values_sql
from linking.workspace import LoadedTable, Workspace

__all__ = ["explain_pairs"]

_RULES = ("", "strip_zeros", "alnum", "digits", "strip_accents", "first_word")
_ENOUGH = 0.6
"""The share of the positive examples that a rule must explain."""
_FOUND = 5
Values = Mapping[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Rule:
    tail: tuple[ColumnProfile, ...]
    head: tuple[ColumnProfile, ...]
    transform: Mapping[str, str]
    explained: float


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Example pairs between two tables, as rows."""

    tail: LoadedTable
    head: LoadedTable
    positives: tuple[tuple[int, int], ...]
    negatives: tuple[tuple[int, int], ...]


def explain_pairs(data: LinkingData, workspace: Workspace, request: TeachRequest) -> list[LinkType]:
    """Link types that explain the pairs, best first. Raises InputError when none does."""
    if not request.positives:
        raise InputError("Teaching needs at least one example pair.")
    pairs = _locate(workspace, request)
    found: list[LinkType] = []
    if pairs is not None:
        found = _references(workspace, pairs, request.name)
        found += _mentions(data, workspace, request, [*_text_columns(pairs.tail)], pairs.head) if not found else []
    else:
        documents, head = _documents_and_head(data, workspace, request)
        found = _mentions(data, workspace, request, [documents], head)
    if not found:
        raise InputError(
            "No column of these records explains the examples.",
            remedy="Give pairs whose records share a value, a code or a name, or correct a proposed link type instead.",
        )
    return found[:_FOUND]


# ---- where the examples lie ------------------------------------------------------------------------------------------


def _rows_of(workspace: Workspace, uids: Iterable[str]) -> dict[str, tuple[LoadedTable, int]]:
    wanted = list(dict.fromkeys(uids))
    found: dict[str, tuple[LoadedTable, int]] = {}
    for table in workspace.tables():
        rows = workspace.connection.execute(
            f"SELECT _uid, min(_row) FROM {table.name} WHERE list_contains(?, _uid) GROUP BY _uid", [wanted]
        ).fetchall()
        found.update({uid: (table, row) for uid, row in rows})
    return found


def _locate(workspace: Workspace, request: TeachRequest) -> _Pairs | None:
    """The examples as rows of the two tables most of them are about; None when the tails are not rows of a table."""
    everything = [uid for pair in (*request.positives, *request.negatives) for uid in pair]
    rows = _rows_of(workspace, everything)
    if not any(tail in rows for tail, _ in request.positives):
        return None
    tables = Counter(
        (rows[tail][0].name, rows[head][0].name) for tail, head in request.positives if tail in rows and head in rows
    )
    if not tables:
        raise InputError("The examples name records that do not exist.", remedy="Use the ids that the console shows.")
    names = tables.most_common(1)[0][0]

    def of(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[int, int], ...]:
        both = [(rows[t], rows[h]) for t, h in pairs if t in rows and h in rows]
        return tuple((t[1], h[1]) for t, h in both if (t[0].name, h[0].name) == names)

    by_name = {table.name: table for table, _ in rows.values()}
    return _Pairs(by_name[names[0]], by_name[names[1]], of(request.positives), of(request.negatives))


def _documents_and_head(
    data: LinkingData, workspace: Workspace, request: TeachRequest
) -> tuple[Column, LoadedTable | None]:
    tail = request.positives[0][0]
    rows = _rows_of(workspace, [head for _, head in request.positives])
    head = Counter(table.name for table, _ in rows.values()).most_common(1)
    table = next((t for t, _ in rows.values() if head and t.name == head[0][0]), None)
    for summary in data.datasets():
        prefix = make_uid(summary.source, summary.info.name) + "/"
        if summary.info.kind is DatasetKind.DOCUMENTS and tail.startswith(prefix):
            return Column(summary.source, summary.info.name), table
    raise InputError(f"There is no record {tail!r}.", remedy="Use the ids that the console shows.")


def _text_columns(table: LoadedTable) -> list[Column]:
    texts = [p for p in table.columns.values() if p.mean_words >= 3]
    return [Column(table.source, table.dataset, (p.name,)) for p in sorted(texts, key=lambda p: -p.mean_words)]


# ---- references ------------------------------------------------------------------------------------------------------


def _references(workspace: Workspace, pairs: _Pairs, name: str) -> list[LinkType]:
    rules = _rules(workspace, pairs)
    if not rules:
        return []
    types = [_link_type(pairs, rule, name) for rule in rules]
    types += [_link_type(pairs, rule, name) for rule in _composites(rules)]
    ranked = []
    for rule_type in {t.id: t for t in reversed(types)}.values():
        edges, values, missing = count_edges(workspace, rule_type)
        matched = max(values - missing, 1)
        ambiguity = edges / matched
        steps = sum(bool(step) for step in rule_type.transform.values())
        ranked.append((rule_type.probability, -ambiguity, -steps, matched, rule_type))
    ranked.sort(key=lambda item: (-item[0], -round(item[1], 1), -item[2], -item[3], item[4].id))
    best = -ranked[0][1]
    kept = [item[4] for item in ranked if -item[1] <= 3 * best][:_FOUND]
    return [_with_evidence(workspace, link_type) for link_type in kept]


def _with_evidence(workspace: Workspace, link_type: LinkType) -> LinkType:
    tail, head = workspace.profiles_of(link_type.tail), workspace.profiles_of(link_type.head)
    assert tail is not None
    assert head is not None
    evidence = with_reference_evidence(workspace, link_type, tail, head)
    return replace(link_type, **evidence)  # type: ignore[arg-type]


def _link_type(pairs: _Pairs, rule: _Rule, name: str) -> LinkType:
    tail = Column(pairs.tail.source, pairs.tail.dataset, tuple(p.name for p in rule.tail))
    head = Column(pairs.head.source, pairs.head.dataset, tuple(p.name for p in rule.head))
    kind = LinkKind.REFERENCE
    return LinkType(
        link_type_id(kind, tail, head), kind, tail, head, name or link_name(kind, tail, head),
        probability=round(0.99 * rule.explained, 4), transform=dict(rule.transform), model="taught",
    )  # fmt: skip


def _rules(workspace: Workspace, pairs: _Pairs) -> list[_Rule]:
    """Single columns and transformations that explain enough positives and no negative, simplest first per column pair."""
    tails = _values_by_rule(workspace, pairs.tail, {t for t, _ in (*pairs.positives, *pairs.negatives)})
    heads = _values_by_rule(workspace, pairs.head, {h for _, h in (*pairs.positives, *pairs.negatives)})
    found: dict[tuple[int, int], _Rule] = {}
    # Known normal forms come first: a beginning cut off to fit few examples may not fit the rest.
    for cutting in (False, True):
        for (tail, tail_rule), tail_values in tails.items():
            for (head, head_rule), head_values in heads.items():
                if (tail.id, head.id) in found or tail.id == head.id:
                    continue
                explain = _cuts if cutting else _agreements
                for transform, share in explain(pairs, tail_rule, tail_values, head_rule, head_values):
                    if share >= _ENOUGH:
                        found[tail.id, head.id] = _Rule((tail,), (head,), transform, share)
                        break
    return list(found.values())


def _values_by_rule(
    workspace: Workspace, table: LoadedTable, rows: set[int]
) -> dict[tuple[ColumnProfile, str], Values]:
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
            chains = [(start + rule).removesuffix(" | ") for rule in _RULES]
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


def _agreements(
    pairs: _Pairs, tail_rule: str, tail: Values, head_rule: str, head: Values
) -> Iterable[tuple[Mapping[str, str], float]]:
    """The two rules as a transformation, with the share of positives that agree under them."""
    if _clean(pairs, tail, head):
        yield (
            {side: rule for side, rule in (("tail", tail_rule), ("head", head_rule)) if rule},
            _share(pairs, tail, head),
        )


def _cuts(
    pairs: _Pairs, tail_rule: str, tail: Values, head_rule: str, head: Values
) -> Iterable[tuple[Mapping[str, str], float]]:
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
                if _clean(pairs, *sides):
                    yield {**base, side: chain}, _share(pairs, *sides)


def _share(pairs: _Pairs, tail: Values, head: Values) -> float:
    nothing: frozenset[str] = frozenset()
    right = sum(bool(tail.get(t, nothing) & head.get(h, nothing)) for t, h in pairs.positives)
    return right / len(pairs.positives)


def _clean(pairs: _Pairs, tail: Values, head: Values) -> bool:
    nothing: frozenset[str] = frozenset()
    return not any(tail.get(t, nothing) & head.get(h, nothing) for t, h in pairs.negatives)


def _common_rest(pairs: _Pairs, tail: Values, head: Values, side: str, step: str) -> str:
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
    return rest if count >= _ENOUGH * len(pairs.positives) and " | " not in rest else ""


def _strip(values: Values, step: str, cut: str) -> Values:
    def strip(value: str) -> str:
        return value.removeprefix(cut) if step == "strip_prefix" else value.removesuffix(cut)

    return {row: frozenset(strip(v) for v in items) for row, items in values.items()}


def _composites(rules: Sequence[_Rule]) -> list[_Rule]:
    """Two rules together, for keys of two columns: more telling than each alone."""
    found = []
    usable = [r for r in rules if not any("split" in step for step in r.transform.values())]
    for a, b in combinations(usable[:8], 2):
        tails, heads = (*a.tail, *b.tail), (*a.head, *b.head)
        if len({p.id for p in tails}) == 2 and len({p.id for p in heads}) == 2:
            transform = {
                f"{side}.{rule_side[0].name}": rule.transform[side]
                for rule in (a, b)
                for side, rule_side in (("tail", rule.tail), ("head", rule.head))
                if side in rule.transform
            }
            found.append(_Rule(tails, heads, transform, min(a.explained, b.explained)))
    return found


# ---- mentions --------------------------------------------------------------------------------------------------------


def _mentions(
    data: LinkingData, workspace: Workspace, request: TeachRequest, tails: Sequence[Column], head: LoadedTable | None
) -> list[LinkType]:
    """Texts that name the head records: the columns whose names or codes are found in the example texts."""
    if head is None:
        return []
    wanted, unwanted = set(request.positives), set(request.negatives)
    found = []
    for tail in tails[:4]:
        for profile in head.columns.values():
            if profile.kind in ("boolean", "number", "date", "text") or profile.uniqueness < 0.5:
                continue
            side = Column(head.source, head.dataset, (profile.name,))
            kind = LinkKind.MENTION
            draft = LinkType(
                link_type_id(kind, tail, side),
                kind,
                tail,
                side,
                request.name or link_name(kind, tail, side),
                model="taught",
            )
            edges = {(edge.tail, edge.head) for edge in mention_edges(workspace, data, draft)}
            explained = len(edges & wanted) / len(wanted)
            if explained >= _ENOUGH and not edges & unwanted:
                reason = (
                    f"{len(edges & wanted)} of {len(wanted)} example pairs are found by {profile.name} in the text."
                )
                found.append(
                    replace(
                        draft,
                        probability=round(0.99 * explained, 4),
                        estimated_edges=len(edges),
                        cardinality="many-to-many",
                        reasons=(reason,),
                    )
                )
    return sorted(found, key=lambda t: (-t.probability, -t.estimated_edges, t.id))
