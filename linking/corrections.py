"""What a person may change about a link type: everything is looked at before anything is stored."""

from collections.abc import Mapping, Sequence

from bifrost.errors import InputError
from bifrost.links import Column, LinkKind, LinkType
from bifrost.ports import LinkingData
from bifrost.values import DatasetKind
from linking.conditions import condition_sql
from linking.forms import check_transform, has_split
from linking.workspace import Workspace

__all__ = ["check_link_type"]

_SHOWN = 12


def check_link_type(data: LinkingData, workspace: Workspace, link_type: LinkType) -> None:
    """Raises InputError, with what is possible instead, for a link type that could not be applied."""
    for side, column in (("tail", link_type.tail), ("head", link_type.head)):
        _check_side(data, workspace, link_type.kind, side, column)
    _check_ends(link_type)
    _check_through(data, workspace, link_type)
    _check_transform(workspace, link_type)
    _check_condition(workspace, link_type)
    if link_type.threshold is not None and not 0 <= link_type.threshold <= 1:
        raise InputError("A threshold lies between 0 and 1.")
    if not link_type.name.strip():
        raise InputError("A link type needs a name.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _check_side(data: LinkingData, workspace: Workspace, kind: LinkKind, side: str, column: Column) -> None:
    summaries = {(s.source, s.info.name): s for s in data.datasets()}
    summary = summaries.get((column.source, column.dataset))
    if summary is None:
        known = _listed(sorted(f"{source}/{name}" for source, name in summaries))
        raise InputError(f"There is no dataset {column.source}/{column.dataset}.", remedy=f"Datasets: {known}.")
    table = workspace.table(column.source, column.dataset)
    names = sorted(table.columns) if table is not None else []
    for name in column.columns:
        if name not in names:
            raise InputError(
                f"{column.source}/{column.dataset} has no column {name!r}.", remedy=f"Columns: {_listed(names)}."
            )
    if len(set(column.columns)) < len(column.columns):
        raise InputError(f"The {side} names a column twice.")
    if kind is LinkKind.MENTION:
        _check_mention_side(side, column, is_documents=summary.info.kind is DatasetKind.DOCUMENTS)


def _check_mention_side(side: str, column: Column, *, is_documents: bool) -> None:
    if side == "head" and not column.columns:
        raise InputError("A mention needs the columns that name the records.", remedy="Give the head's columns.")
    if side == "tail" and not (len(column.columns) == 1 or (is_documents and not column.columns)):
        raise InputError(
            f"The tail of a mention is one text column, or documents; {column} is neither.",
            remedy="Give one column that holds text, or choose another kind.",
        )


def _check_ends(link_type: LinkType) -> None:
    tail, head, kind = link_type.tail, link_type.head, link_type.kind
    if kind is LinkKind.REFERENCE and not (tail.columns and len(tail.columns) == len(head.columns)):
        raise InputError(
            "A reference needs as many tail columns as head columns, and at least one.",
            remedy=f"The tail is {tail}, the head is {head}.",
        )
    if kind is LinkKind.SAME_THING and len(tail.columns) != len(head.columns):
        raise InputError("Records are compared by pairs of columns.", remedy="Give as many tail as head columns.")
    if kind is LinkKind.SAME_CONCEPT and not (len(tail.columns) == len(head.columns) == 1):
        raise InputError("The same concept holds between two columns.", remedy="Give one column on either side.")
    if tail == head and kind not in (LinkKind.SAME_THING, LinkKind.JOIN_TABLE):
        raise InputError("Tail and head are the same columns.", remedy="Choose other columns on one side.")


def _check_through(data: LinkingData, workspace: Workspace, link_type: LinkType) -> None:
    through = link_type.through
    if link_type.kind is not LinkKind.JOIN_TABLE:
        return
    if through is None:
        raise InputError(
            "No table joins these two.", remedy="Confirm a link type that was proposed through a join table."
        )
    _check_side(data, workspace, link_type.kind, "through", through)
    columns = len(link_type.tail.columns), len(link_type.head.columns)
    if not all(columns) or len(through.columns) != sum(columns):
        raise InputError(
            "A join table names each end by as many columns as its key has.",
            remedy=f"The ends are {link_type.tail} and {link_type.head}, the table between them is {through}.",
        )
    if through.source not in (link_type.tail.source, link_type.head.source):
        raise InputError("A join table is of the source of one of its ends.", remedy="Correct the other end only.")


def _check_transform(workspace: Workspace, link_type: LinkType) -> None:
    given = {side: chain for side, chain in link_type.transform.items() if chain.strip()}
    match link_type.kind:
        case LinkKind.REFERENCE | LinkKind.JOIN_TABLE:
            sides = [("tail", link_type.tail), ("head", link_type.head)]
            sides += [("through", link_type.through)] if link_type.through else []
            allowed = [side for side, _ in sides]
            for side, column in sides:
                allowed += [f"{side}.{name}" for name in column.columns]
            for side, chain in given.items():
                if side not in allowed:
                    raise InputError(f"A rule has no side {side!r}.", remedy=f"Sides: {_listed(allowed)}.")
                check_transform(chain)
            if len(link_type.tail.columns) > 1 and any(has_split(chain) for chain in given.values()):
                raise InputError("A key of several columns cannot contain lists.", remedy="Leave out the step split.")
        case LinkKind.MENTION:
            _check_also(workspace, link_type, given)
        case _ if given:
            raise InputError("Rules of steps are for references.", remedy="Leave the rule empty.")
        case _:
            pass


def _check_also(workspace: Workspace, link_type: LinkType, given: Mapping[str, str]) -> None:
    if unknown := [side for side in given if side != "also"]:
        raise InputError(
            f"A mention has no rule {unknown[0]!r}.",
            remedy="'also' lists the further columns that name the records, separated by commas.",
        )
    table = workspace.table(link_type.head.source, link_type.head.dataset)
    names = sorted(table.columns) if table is not None else []
    for text in given.get("also", "").split(",") if given else []:
        for name in text.split("+"):
            if name.strip() not in names:
                raise InputError(
                    f"{link_type.head.source}/{link_type.head.dataset} has no column {name.strip()!r}.",
                    remedy=f"Columns: {_listed(names)}.",
                )


def _check_condition(workspace: Workspace, link_type: LinkType) -> None:
    if not link_type.condition.strip():
        return
    if link_type.kind is LinkKind.SAME_CONCEPT:
        raise InputError("Two columns mean the same in all rows or not at all.", remedy="Leave the condition empty.")
    filtered = link_type.through or link_type.tail
    table = workspace.table(filtered.source, filtered.dataset)
    condition_sql(link_type.condition, {} if table is None else {name: p.sql for name, p in table.columns.items()})
