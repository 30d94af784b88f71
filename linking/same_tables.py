"""Tables about the same things become scored link types, and only those worth a person's time are kept."""

from collections.abc import Mapping, Sequence

from bifrost.links import Column, LinkKind, LinkType
from bifrost.ports import Encoder
from linking.candidates import CERTAIN, MIN_PROBABILITY, Scorers, make_link_type
from linking.describe import same_evidence
from linking.kindred import SURELY_NAMED
from linking.names import core_words, table_words
from linking.profiles import ColumnProfile
from linking.records.alignment import align
from linking.same_things import same_thing_candidates
from linking.workspace import LoadedTable, Workspace

__all__ = ["can_be_matched", "find_same_things"]

_SAMPLED_ROWS = 3_000


def find_same_things(
    workspace: Workspace,
    scorers: Scorers,
    references: Sequence[LinkType],
    between: Mapping[tuple[str, str], float],
    *,
    keep: frozenset[str] = frozenset(),
    encoder: Encoder | None = None,
) -> list[LinkType]:
    """Pairs of tables about the same things. A many-to-one reference between two tables speaks against it; where no two
    columns can be compared, records cannot be matched, and nothing is proposed."""
    found = []
    for candidate in same_thing_candidates(workspace, _referring(workspace, references)):
        a, b = candidate.left, candidate.right
        reference = max(between.get((a.name, b.name), 0.0), between.get((b.name, a.name), 0.0))
        if reference == 1.0:
            continue
        features = {**candidate.features, "reference_between": reference}
        left, right = Column(a.source, a.dataset), Column(b.source, b.dataset)
        tail, head = (right, left) if left < right else (left, right)
        link_type = make_link_type(LinkKind.SAME_THING, tail, head, features, scorers, **same_evidence(candidate, tail))
        wanted = link_type.probability >= MIN_PROBABILITY and can_be_matched(workspace, a, b, encoder)
        if wanted or link_type.id in keep:
            found.append(link_type)
    return found


def can_be_matched(workspace: Workspace, left: LoadedTable, right: LoadedTable, encoder: Encoder | None = None) -> bool:
    """Whether record matching would find a column to compare, told from the first rows of both tables."""
    samples = []
    for table in (left, right):
        filled = [p for p in table.columns.values() if p.nonnull]
        values = (f"array_to_string({p.sql}, ' ')" if p.is_list else p.sql for p in filled)
        query = f"SELECT {', '.join(values)} FROM {table.name} WHERE _row < {_SAMPLED_ROWS}"
        found = workspace.connection.sql(query).to_arrow_table()
        samples.append(found.rename_columns([p.name for p in filled]))
    return bool(align(samples[0], samples[1], encoder))


def _referring(workspace: Workspace, references: Sequence[LinkType]) -> frozenset[int]:
    """The columns that probably name other records, as far as they do not also identify their own."""
    return frozenset(
        p.id
        for r in references
        if r.probability >= CERTAIN
        for p in workspace.profiles_of(r.tail) or ()
        if not p.key_like or _named_after(p, r) or _holds_keys(p, r)
    )


def _holds_keys(column: ColumnProfile, reference: LinkType) -> bool:
    """Whether the codes in a column are the own key of another table of the same source, though each occurs once: they tell which
    record is meant, and nothing by which a person would recognise one (handles, slugs)."""
    f = reference.features
    own = bool(f.get("head_first")) or bool(f.get("head_id_name"))
    return (column.kind == "code" or column.is_slug) and own and reference.tail.source == reference.head.source


def _named_after(column: ColumnProfile, reference: LinkType) -> bool:
    """Whether a key is another table's of the same source, as its name says: its records tell more about that one's."""
    own = core_words(column.said)[-1:] == table_words(column.dataset)[-1:]
    within = reference.tail.source == reference.head.source
    return within and not own and reference.features.get("name_score", 0.0) >= SURELY_NAMED
