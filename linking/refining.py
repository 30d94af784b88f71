"""Counter-examples alone: known link types learn what they must not link."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bifrost.errors import InputError
from bifrost.links import TAUGHT, LinkKind, LinkState, LinkType
from bifrost.ports import TeachRequest
from linking.describing import Evident, describe
from linking.joins import reference_edges
from linking.mentions.apply import mention_edges
from linking.taught_conditions import excluding_condition
from linking.taught_rules import RULES
from linking.workspace import LoadedTable

__all__ = ["refined"]

_KEPT = 0.8
"""The share of its links that a stricter rule must keep."""
Links = dict[tuple[str, str], float]


def refined(evident: Evident, request: TeachRequest) -> list[LinkType]:
    """The known link types that link any of the counter-examples: with a rule, a condition or a threshold that excludes them
    where one is found, else as they are (the pairs themselves are kept apart by the answers about them).

    Raises InputError if no known link type links them.
    """
    wrong = list(dict.fromkeys(request.negatives))
    found = [one for one in request.known if one.state in (LinkState.PROPOSED, LinkState.CONFIRMED)]
    result = [made for one in found if (made := _refined(evident, one, wrong)) is not None]
    if not wrong or not result:
        raise InputError(
            "Teaching needs at least one example pair, or counter-examples that a known link type links.",
            remedy="Give a pair that belongs together, or pairs that are linked and should not be.",
        )
    return sorted(result, key=lambda one: (one.state is not LinkState.CONFIRMED, -one.probability, one.id))


def _refined(evident: Evident, one: LinkType, wrong: Sequence[tuple[str, str]]) -> LinkType | None:
    if one.kind is LinkKind.SAME_THING:
        datasets = {(side.source, side.dataset) for side in (one.tail, one.head)}
        return one if any(_datasets_of(evident, pair) == datasets for pair in wrong) else None
    if one.kind not in (LinkKind.REFERENCE, LinkKind.MENTION) or not _may_link(evident, one, wrong):
        return None
    links = _links(evident, one)
    linked = [pair for pair in wrong if pair in links]
    if not linked:
        return None
    for candidate in _stricter(evident, one, links, linked):
        left = _links(evident, candidate)
        if not any(pair in left for pair in linked) and len(left) >= _KEPT * (len(links) - len(linked)):
            return _described(evident, candidate)
    condition = _condition(evident, one, links, linked)
    return one if condition is None else _described(evident, replace(one, condition=condition))


def _described(evident: Evident, one: LinkType) -> LinkType:
    """A proposal is a taught one from now on: the next search must not give it back as it was."""
    made = describe(evident, one)
    return replace(made, model=f"{TAUGHT}:{one.id}") if one.state is LinkState.PROPOSED else made


def _datasets_of(evident: Evident, pair: tuple[str, str]) -> set[tuple[str, str]]:
    found = set()
    for uid in pair:
        table = _table_of(evident, uid)
        if table is not None:
            found.add((table.source, table.dataset))
    return found


def _table_of(evident: Evident, uid: str) -> LoadedTable | None:
    for table in evident.workspace.tables():
        if evident.workspace.connection.execute(f"SELECT 1 FROM {table.name} WHERE _uid = ? LIMIT 1", [uid]).fetchall():
            return table
    return None


def _may_link(evident: Evident, one: LinkType, wrong: Sequence[tuple[str, str]]) -> bool:
    """Whether any head lies in the head's table: looking at all links of all types would take too long."""
    table = evident.workspace.table(one.head.source, one.head.dataset)
    if table is None:
        return False
    heads = [head for _, head in wrong]
    query = f"SELECT 1 FROM {table.name} WHERE list_contains(?, _uid) LIMIT 1"
    return bool(evident.workspace.connection.execute(query, [heads]).fetchall())


def _links(evident: Evident, one: LinkType) -> Links:
    threshold = one.threshold or 0.0
    if one.kind is LinkKind.MENTION:
        edges = iter(mention_edges(evident.workspace, evident.data, one))
    else:
        edges = iter(reference_edges(evident.workspace, one) or ())
    return {(edge.tail, edge.head): edge.score for edge in edges if edge.score >= threshold}


def _stricter(evident: Evident, one: LinkType, links: Links, linked: Sequence[tuple[str, str]]) -> Iterator[LinkType]:
    """The link type with a threshold above the wrong links, or with rules that let fewer values count as equal."""
    least = max(links[pair] for pair in linked)
    above = [score for score in links.values() if score > least]
    if above:
        yield replace(one, threshold=round((least + min(above)) / 2, 4))
    if one.kind is LinkKind.REFERENCE and any(one.transform.values()):
        for rule in RULES:
            yield replace(one, transform={side: rule for side in ("tail", "head") if rule})


def _condition(evident: Evident, one: LinkType, links: Links, linked: Sequence[tuple[str, str]]) -> str | None:
    table = evident.workspace.table(one.tail.source, one.tail.dataset)
    columns = evident.workspace.profiles_of(one.tail)
    if table is None or columns is None or one.condition.strip():
        return None
    rows = dict(evident.workspace.connection.execute(f"SELECT _uid, _row FROM {table.name}").fetchall())
    wrong = {rows[tail] for tail, _ in linked if tail in rows}
    others = {rows[tail] for tail, _ in links if tail in rows} - wrong
    without = [p.id for p in columns]
    return excluding_condition(evident.workspace, table, others, wrong, without) if wrong and others else None
