"""Link types in plain words: names, reasons, cardinality, examples with their values."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import inflection

from bifrost.links import Column, LinkKind, LinkType, PairExample, Role
from linking.chance import CHANCE
from linking.forms import said
from linking.hierarchies import hierarchy_of, hierarchy_reason
from linking.joins import Examples, are_unique, examples
from linking.names import core_words, table_words, words
from linking.profiles import ColumnProfile
from linking.same_things import SameThingCandidate, identifying_columns
from linking.workspace import LoadedTable, Workspace

__all__ = ["describe_rows", "link_name", "percent", "property_link_name", "same_evidence", "with_reference_evidence"]

_SHOWN = 160
_EXAMPLES = 5
_PROPERTY_NAMES = {
    "from": "sent_by", "to": "sent_to", "cc": "copied_to", "bcc": "copied_to", "reply_to": "answered_to",
    "author": "written_by", "last_modified_by": "changed_by",
}  # fmt: skip


def percent(share: float) -> str:
    """A share as a person says it; 100% only when nothing is missing, 0% only when nothing is there."""
    if share <= 0 or share >= 1:
        return "100%" if share >= 1 else "0%"
    return f"{min(max(round(100 * share), 1), 99)}%"


def link_name(kind: LinkKind, tail: Column, head: Column) -> str:
    """A suggestion: what the column says beyond its id word, else the thing that it names.

    >>> link_name(LinkKind.REFERENCE, Column("s", "tickets", ("raised_by_emp_id",)), Column("s", "employees", ("id",)))
    'raised_by_employee'
    >>> first = Column("s", "pages", ("first_chapter", "first_verse"))
    >>> link_name(LinkKind.REFERENCE, first, Column("s", "verses", ("chapter_id", "number")))
    'first_verse'
    """
    thing = "_".join(table_words(head.dataset)) or "record"
    if kind is LinkKind.MENTION:
        return f"mentions_{thing}"
    if kind is LinkKind.SAME_THING:
        return f"same_{thing}"
    if kind is LinkKind.SAME_CONCEPT:
        return "same_concept"
    if kind is LinkKind.REFERENCE and len(tail.columns) == len(head.columns) > 1:
        return "_".join((*_role(tail, head), thing))
    own = core_words(tail.columns[0]) if len(tail.columns) == 1 else ()
    raw = [p.lower() for p in re.findall(r"[^\W_]+", inflection.underscore(tail.columns[0]))] if own else []
    if (
        own
        and (tail.source, tail.dataset) == (head.source, head.dataset)
        and set(own) <= set(table_words(head.dataset))
    ):
        return _name_above(table_words(head.dataset))
    if own and all(w in words(head.columns[0]) or w in table_words(head.dataset) for w in own):
        return thing
    if raw and raw[-1] in ("id", "key", "code", "no", "nr", "num", "number", "fk", "ref"):
        raw = list(own)
    return "_".join(raw) or thing


def _role(tail: Column, head: Column) -> tuple[str, ...]:
    """What stands before the names of a key's parts, where it is the same before all that have something there."""
    roles = set()
    for own, other in zip(tail.columns, head.columns, strict=True):
        said, thing = core_words(own), core_words(other) or table_words(head.dataset)[-1:]
        if thing and said[-len(thing) :] == thing != said:
            roles.add(said[: -len(thing)])
    return roles.pop() if len(roles) == 1 else ()


_WHOLES = frozenset({
    "area", "assembly", "category", "component", "department", "folder", "group", "location", "part", "place", "region",
    "section", "team", "topic", "unit",
})  # fmt: skip
_PEOPLE = frozenset({"agent", "clerk", "colleague", "employee", "person", "staff", "user", "worker"})


def _name_above(table: Sequence[str]) -> str:
    """How a reference of a table to itself is called where its column only names the table."""
    if _WHOLES & set(table):
        return "part_of"
    return "manager" if _PEOPLE & set(table) else "parent"


def property_link_name(workspace: Workspace, tail: Column) -> str:
    """How what a document says of itself is called as a link (``sent_by``); empty for any other column."""
    table = workspace.table(tail.source, tail.dataset)
    if table is None or not table.of_documents or len(tail.columns) != 1:
        return ""
    return _PROPERTY_NAMES.get(tail.columns[0], "")


def describe_rows(workspace: Workspace, table: LoadedTable, rows: Iterable[int]) -> dict[int, str]:
    """A short text for each row: its most telling columns."""
    telling = identifying_columns(workspace, table) or list(table.columns.values())
    chosen = sorted(sorted(telling, key=lambda p: p.mean_length > 80)[:3], key=lambda p: p.position)
    if not chosen:
        return {}
    parts = ", ".join(
        f"left(array_to_string({p.sql}, '; '), 60)" if p.is_list else f"left({p.sql}, 60)" for p in chosen
    )
    found = workspace.connection.execute(
        f"SELECT _row, concat_ws(' · ', {parts}) FROM {table.name} WHERE list_contains(?, _row)", [list(set(rows))]
    ).fetchall()
    return {row: text[:_SHOWN] for row, text in found}


def with_reference_evidence(
    workspace: Workspace,
    link_type: LinkType,
    tail: Sequence[ColumnProfile],
    head: Sequence[ColumnProfile],
    rivals: Sequence[str] = (),
) -> dict[str, object]:
    """The fields of a reference link type that its data give: edges, cardinality, reasons, examples."""
    tail_table = workspace.table(link_type.tail.source, link_type.tail.dataset)
    head_table = workspace.table(link_type.head.source, link_type.head.dataset)
    assert tail_table is not None
    assert head_table is not None
    read = (link_type.tail, link_type.head, tuple(sorted(link_type.transform.items())), link_type.condition)
    found, tails, heads = workspace.recall(
        (tail_table, head_table), ("examples", read), lambda: _examples(workspace, link_type, tail_table, head_table)
    )
    shown = _example_text
    reasons = _reasons(link_type, tail, head, found.values, found.missing, rivals)
    if tail_table is head_table and not tail[0].multivalued:
        shape = hierarchy_of(workspace, tail_table, tail, head, link_type.transform)
        reasons += [] if shape is None else [hierarchy_reason(shape)]
    return {
        "estimated_edges": found.edges,
        "cardinality": _cardinality(tail, head) if len(tail) == 1 else _of_unique(*are_unique(workspace, link_type)),
        "reasons": tuple(reasons),
        "examples": tuple(
            PairExample(t, h, shown(value, tails.get(tr, "")), shown(value, heads.get(hr, "")), 1.0)
            for t, h, value, tr, hr in found.pairs
        )
        + tuple(
            PairExample(
                t, h, shown(value, tails.get(tr, "")), shown(value, heads.get(hr, "")), score, note, "borderline"
            )
            for t, h, value, tr, hr, score, note in found.borderline
        ),
        "counter_examples": tuple(
            PairExample(t, "", shown(value, tails.get(row, "")), "", 0.0, "names no record", "counter")
            for t, value, row in found.unmatched
        ),
    }


def _examples(
    workspace: Workspace, link_type: LinkType, tail: LoadedTable, head: LoadedTable
) -> tuple[Examples, dict[int, str], dict[int, str]]:
    """Examples, and what the rows of tail and head that they name say."""
    found = examples(workspace, link_type, _EXAMPLES)
    shown = [*(p[3:5] for p in found.pairs), *(p[3:5] for p in found.borderline)]
    tails = describe_rows(workspace, tail, [*(t for t, _ in shown), *(row for _, _, row in found.unmatched)])
    return found, tails, describe_rows(workspace, head, [h for _, h in shown])


def _example_text(value: str, row: str) -> str:
    value = value.replace("\x1f", " + ")
    return value if not row or row.lower() == value else f"{value} — {row}"


def _cardinality(tail: Sequence[ColumnProfile], head: Sequence[ColumnProfile]) -> str:
    one_head = head[0].uniqueness >= 0.999
    one_tail = tail[0].uniqueness >= 0.999
    if tail[0].multivalued:
        return "one-to-many" if one_tail else "many-to-many"
    return _of_unique(one_tail, one_head)


def _of_unique(tail: bool, head: bool) -> str:
    return f"{'one' if tail else 'many'}-to-{'one' if head else 'many'}"


def _reasons(
    link_type: LinkType,
    tail: Sequence[ColumnProfile],
    head: Sequence[ColumnProfile],
    total: int,
    missing: int,
    rivals: Sequence[str],
) -> list[str]:
    t, h = f"{tail[0].dataset}.{'+'.join(p.name for p in tail)}", f"{head[0].dataset}.{'+'.join(p.name for p in head)}"
    found = percent((total - missing) / total) if total else "0%"
    reasons = [f"{found} of the {total:,} values of {t} are found in {h}."]
    names = [(a.name, b.name) for a, b in zip(tail, head, strict=False) if words(a.said) != words(b.said)]
    if not names:
        reasons.append("The columns have the same name." if len(tail) == 1 else "The columns have the same names.")
    elif link_type.features.get("name_score", 0.0) >= 0.6:
        fitting = ", ".join(f"{a} and {head[0].dataset}.{b}" for a, b in names)
        reasons.append(f"The names fit: {fitting}.")
    else:
        reasons.append("The names differ.")
    if len(head) == 1 and head[0].uniqueness >= 0.999:
        reasons.append(f"{h} is different in each of its {head[0].nonnull:,} records.")
    elif len(head) > 1:
        reasons.append(
            f"Only together the {len(head)} columns tell the {head[0].rows:,} records of {head[0].dataset} apart."
        )
    compared = _compared(link_type, tail, head)
    if compared:
        reasons.append(f"Values are compared like this: {'; '.join(compared)}.")
    if tail[0].multivalued:
        reasons.append(f"One value of {t} can name several records.")
    if missing:
        said = "1 value names" if missing == 1 else f"{missing:,} values name"
        reasons.append(f"{said} no record (counter-examples).")
        if CHANCE in link_type.features:
            reasons.append(f"Of any codes of such letters {percent(link_type.features[CHANCE])} would be found there.")
    reasons.extend(rivals)
    return reasons


def _compared(link_type: LinkType, tail: Sequence[ColumnProfile], head: Sequence[ColumnProfile]) -> list[str]:
    """The columns whose values are not compared as they are, with how."""
    found = []
    for side, columns in (("tail", tail), ("head", head)):
        default = link_type.transform.get(side, "")
        how = [(p, said(link_type.transform.get(f"{side}.{p.name}", default))) for p in columns]
        found += [f"{p.text()} {words}" for p, words in how if words]
    return found


def same_evidence(candidate: SameThingCandidate, tail: Column) -> dict[str, Any]:
    """The fields of a same-thing link type that sampled records of its two tables give."""
    flipped = (candidate.left.source, candidate.left.dataset) != (tail.source, tail.dataset)

    def example(pair: tuple[str, str, float, str, str], note: str = "", role: Role = "representative") -> PairExample:
        left, right, score, left_text, right_text = pair
        if flipped:
            left, right, left_text, right_text = right, left, right_text, left_text
        return PairExample(left, right, left_text[:160], right_text[:160], round(score, 3), note, role)

    # Some of all that agree, not only the best, and those nearest to where agreement ends, on both sides of it.
    agreeing, weak = candidate.pairs, candidate.weak_pairs
    shown = agreeing[: max(len(agreeing) - 1, 1) : max(len(agreeing) // 4, 1)][:4]
    edge = [example(p, "hardly agrees", "borderline") for p in agreeing[-1:] if len(agreeing) > 1]
    near = [example(p, "nearly agrees", "borderline") for p in weak[:1]]
    compared = len(candidate.pairs) + len(candidate.weak_pairs)
    aligned = ", ".join(f"{a.name} = {b.name}" for a, b, _ in candidate.aligned[:4])
    reasons = [
        f"{percent(candidate.features['word_overlap'])} of the rare words or names of the smaller table occur in the other one.",
        f"{percent(candidate.features['agreeing_share'])} of the sampled records that share one agree.",
    ]
    if aligned:
        reasons.append(f"Columns that fit: {aligned}.")
    smaller = min(candidate.left.rows, candidate.right.rows)
    estimate = candidate.features["word_overlap"] * candidate.features["agreeing_share"]
    return {
        "reasons": tuple(reasons) if compared else (),
        "examples": (*(example(p) for p in shown), *edge),
        "counter_examples": (*near, *(example(p, "shares a rare word but differs", "counter") for p in weak[1:][-2:])),
        "estimated_edges": round(smaller * min(estimate, 1.0)),
        "cardinality": "one-to-one",
        "threshold": 0.5,
    }
