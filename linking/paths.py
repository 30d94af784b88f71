"""What the records of two tables are linked to by confirmed link types, over up to three links: a customer's orders' products.

Links come from the rules of confirmed references, join tables and mentions and from declared keys, applied to the data at hand;
nothing depends on which links were written before.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import sparse

from bifrost.errors import InputError
from bifrost.links import Column, LinkEdge, LinkKind, LinkState, LinkType, link_type_id
from bifrost.ports import LinkingData
from linking.join_tables import join_edges
from linking.joins import reference_edges
from linking.mentions.apply import mention_edges
from linking.names import trigram_similarity
from linking.records.blocking import Pairs
from linking.records.fields import FieldKind, Records
from linking.records.linked import Beyond, Linked
from linking.same_things import identifying_columns
from linking.workspace import LoadedTable, Workspace

__all__ = ["Likely", "Step", "declared_references", "linked_things", "ways"]

Csr: TypeAlias = sparse.csr_matrix
Table: TypeAlias = tuple[str, str]
LONGEST = 3
MOST_WAYS = 12
MOST_PATHS = 200
BUDGET = 5e7
"""Multiplications that following one link more may cost; dearer ways are left out."""
LIKELY = 0.05
"""Pairs of things below this probability are taken to differ."""


@dataclass(frozen=True, slots=True)
class Likely:
    """Pairs of records of a same-thing type, by row of both tables of uids, and how probably each is the same thing."""

    left_uids: pa.Array
    right_uids: pa.Array
    pairs: Pairs
    probability: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Step:
    """A link type followed from tail to head (``forward``) or back."""

    link_type: LinkType
    forward: bool

    @property
    def end(self) -> Table:
        return _table(self.link_type.head if self.forward else self.link_type.tail)


Path: TypeAlias = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """Paths from both tables that end at things which can be compared; ``same`` are the same-thing types that compare them."""

    left: Path
    right: Path
    same: tuple[LinkType, ...]

    def goes_on_from(self, other: "Way") -> bool:
        """Whether both paths begin with those of the other way."""
        m, n = len(other.left), len(other.right)
        return (m, n) < (len(self.left), len(self.right)) and (self.left[:m], self.right[:n]) == (
            other.left,
            other.right,
        )


def declared_references(data: LinkingData) -> list[LinkType]:
    """The references that sources declare, as confirmed link types."""
    made = []
    for summary in data.datasets():
        for reference in summary.info.references:
            tail = Column(summary.source, summary.info.name, reference.columns)
            head = Column(summary.source, reference.dataset, reference.target_columns)
            id = link_type_id(LinkKind.REFERENCE, tail, head)
            made.append(LinkType(id, LinkKind.REFERENCE, tail, head, "", LinkState.CONFIRMED, declared=True))
    return made


def ways(link_type: LinkType, known: Sequence[LinkType]) -> list[Way]:
    """How records of both tables of a same-thing type may be linked to the same things, the shortest first.

    ``known`` are confirmed types. A path never comes back to a table that it has seen, nor to the two tables, and stays
    in the two sources: whoever may see both may see all that speaks for a pair, and nobody learns what a third one says.
    """
    sources = {link_type.tail.source, link_type.head.source}
    known = [t for t in known if {side.source for side in (t.tail, t.head, t.through) if side is not None} <= sources]
    tail, head = _table(link_type.tail), _table(link_type.head)
    references = [t for t in known if t.kind in (LinkKind.REFERENCE, LinkKind.MENTION, LinkKind.JOIN_TABLE)]
    compared: dict[frozenset[Table], list[LinkType]] = {}
    for one in known:
        if one.kind is LinkKind.SAME_THING:
            compared.setdefault(frozenset((_table(one.tail), _table(one.head))), []).append(one)
    left = _paths(tail, references, frozenset((tail, head)))
    found = []
    if tail == head:
        found = [Way(p, p, tuple(compared.get(frozenset((p[-1].end,)), ()))) for p in left]
        return found[:MOST_WAYS]
    right = _paths(head, references, frozenset((tail, head)))
    options = []
    for i, p in enumerate(left):
        for j, q in enumerate(right):
            same = tuple(compared.get(frozenset((p[-1].end, q[-1].end)), ()))
            if len(p) == len(q) and _shape(p) == _shape(q) and (same or p[-1].end == q[-1].end):
                options.append((len(p), -_alike(p, q), i, j, same))
    used: set[tuple[int, int]] = set()
    for _, _, i, j, same in sorted(options, key=lambda o: o[:4]):
        if (0, i) in used or (1, j) in used:
            continue
        used |= {(0, i), (1, j)}
        found.append(Way(left[i], right[j], same))
    return found[:MOST_WAYS]


def _paths(start: Table, references: Sequence[LinkType], closed: frozenset[Table]) -> list[Path]:
    done: list[Path] = []
    open_: list[Path] = [()]
    while open_ and len(done) < MOST_PATHS:
        path = open_.pop(0)
        at = path[-1].end if path else start
        seen = closed | {step.end for step in path}
        for one in references:
            for forward in (True, False):
                step = Step(one, forward)
                if _table(one.tail if forward else one.head) == at and step.end not in seen:
                    done.append((*path, step))
                    if len(path) + 1 < LONGEST:
                        open_.append(done[-1])
    return done


def _shape(path: Path) -> tuple[bool, ...]:
    return tuple(step.forward for step in path)


def _alike(p: Path, q: Path) -> float:
    return trigram_similarity(_spelt(p), _spelt(q))


def _spelt(path: Path) -> str:
    return " ".join(" ".join((*step.link_type.tail.columns, step.end[1])) for step in path)


def _table(side: Column) -> Table:
    return side.source, side.dataset


def linked_things(
    workspace: Workspace,
    data: LinkingData,
    link_type: LinkType,
    records: Records,
    found: Sequence[Way],
    likely: Callable[[LinkType], Likely],
) -> list[Linked]:
    """The things that the records of a same-thing type are linked to, one per way.

    ``likely`` tells which things of other same-thing types are probably the same. Ways that nobody shares are left out.
    """
    walker = _Walker(workspace, data)
    dirty = _table(link_type.tail) == _table(link_type.head)
    made: list[tuple[Way, Linked]] = []
    for way in found:
        left = walker.reached(_table(link_type.tail), way.left, records.left_uids)
        right = left if dirty else walker.reached(_table(link_type.head), way.right, records.right_uids)
        if left is None or right is None:
            continue
        ends = way.left[-1].end, way.right[-1].end
        same = walker.same(ends, [(one, likely(one)) for one in way.same])
        beyond = walker.beyond(way, made) or _told(way, records, left)
        linked = Linked.of(walker.words(way.left), left, right, same, walker.labels(ends[0]), beyond)
        if _shared(linked, dirty):
            made.append((way, linked))
    return [linked for _, linked in made]


def _told(way: Way, records: Records, left: Csr) -> Beyond | None:
    """The things that follow from values which the records are compared by: those of the columns that both sides refer by."""
    first = way.left[0], way.right[0]
    if not all(step.forward and step.link_type.kind is LinkKind.REFERENCE for step in first):
        return None
    # Numbers are compared by how near they are, which says little about what they refer to.
    compared = {(f.name, f.other): f for f in records.fields if f.kind is not FieldKind.NUMBER}
    columns = list(zip(*(step.link_type.tail.columns for step in first), strict=False))
    if any(pair not in compared for pair in columns):
        return None
    fields = [compared[pair] for pair in columns]
    sides = [_joined([f.left for f in fields]), _joined([f.right for f in fields])]
    values = pc.unique(sides[0].drop_null())
    mine, other = (_ones(_rows(values, side), len(values)) for side in sides)
    steps = (mine.T @ left).tocsr()
    steps.data = np.minimum(steps.data, 1)
    return Beyond(mine, other, steps)


def _joined(columns: Sequence[pa.Array]) -> pa.Array:
    """The values of each row as one text, null where one of them is absent."""
    filled = [pc.if_else(pc.equal(c, ""), None, c) for c in columns]
    return pc.binary_join_element_wise(*filled, "\x1f")


def _ones(column: NDArray[np.int64], width: int) -> Csr:
    """A matrix with a one in the given column of each row, and nothing where it is negative."""
    row = np.flatnonzero(column >= 0)
    return sparse.csr_matrix((np.ones(len(row), np.float32), (row, column[row])), shape=(len(column), width))


def _shared(linked: Linked, dirty: bool) -> bool:
    """Whether there is a thing that two records are linked to."""
    left = np.bincount(linked.left.indices, minlength=linked.left.shape[1])
    if dirty:
        return bool((np.bincount(linked.right.indices, minlength=len(left)) > 1).any())
    return bool(((left > 0) & (np.bincount(linked.right.indices, minlength=len(left)) > 0)).any())


class _Walker:
    """Follows links through the tables of a workspace; each link is looked up once."""

    def __init__(self, workspace: Workspace, data: LinkingData) -> None:
        self._workspace, self._data = workspace, data
        self._links: dict[str, tuple[pa.Array, pa.Array, NDArray[np.float32]]] = {}
        self._uids: dict[Table, pa.Array] = {}

    def uids(self, table: Table) -> pa.Array:
        """The uids of a table's rows, or of documents."""
        if table not in self._uids:
            loaded = self._workspace.table(*table)
            if loaded is None:
                pages = [batch.column("_uid") for batch in self._data.pages(*table)]
                self._uids[table] = pc.unique(pa.chunked_array(pages, pa.string()))
            else:
                query = f"SELECT _uid FROM {loaded.name} ORDER BY _row"
                column = self._workspace.connection.sql(query).to_arrow_table().column(0)
                self._uids[table] = column.cast(pa.string()).combine_chunks()
        return self._uids[table]

    def reached(self, start: Table, path: Path, uids: pa.Array) -> Csr | None:
        """float32 [uids, rows of the path's end], None where following it costs too much or no link is there."""
        at, made = uids, None
        for step in path:
            matrix = self._step(step, at)
            if made is not None:
                if (np.bincount(made.indices, minlength=made.shape[1]) * np.diff(matrix.indptr)).sum() > BUDGET:
                    return None
                matrix = (made @ matrix).tocsr()
                matrix.data = np.minimum(matrix.data, 1)
            made, at = matrix, self.uids(step.end)
        if made is None or not made.nnz:
            return None
        made.sort_indices()
        return made.astype(np.float32)

    def beyond(self, way: Way, nearer: Sequence[tuple[Way, Linked]]) -> Beyond | None:
        """The things of the longest of the nearer ways that this one goes on from, and what leads on from them."""
        found = [pair for pair in nearer if way.goes_on_from(pair[0])]
        if not found:
            return None
        other, linked = max(found, key=lambda pair: len(pair[0].left))
        end = other.left[-1].end
        steps = self.reached(end, way.left[len(other.left) :], self.uids(end))
        return None if steps is None else Beyond(linked.left, linked.right, steps)

    def same(self, ends: tuple[Table, Table], matched: Sequence[tuple[LinkType, Likely]]) -> Csr | None:
        """[things of right, things of left]: how probably they are the same; None where both are the same and no pair is."""
        shape = len(self.uids(ends[1])), len(self.uids(ends[0]))
        total = sparse.identity(shape[0], np.float32, "csr") if ends[0] == ends[1] else None
        for link_type, likely in matched:
            keep = likely.probability >= LIKELY
            sides = [likely.left_uids.take(pa.array(likely.pairs.left[keep])),
                     likely.right_uids.take(pa.array(likely.pairs.right[keep]))]  # fmt: skip
            if (_table(link_type.tail), _table(link_type.head)) != ends:
                sides.reverse()
            x, y = _rows(self.uids(ends[0]), sides[0]), _rows(self.uids(ends[1]), sides[1])
            known = (x >= 0) & (y >= 0)
            x, y, p = x[known], y[known], likely.probability[keep][known]
            if ends[0] == ends[1]:
                x, y, p = np.r_[x, y], np.r_[y, x], np.r_[p, p]
            part = sparse.csr_matrix((p.astype(np.float32), (y, x)), shape=shape)
            total = part if total is None else total.maximum(part)
        return None if ends[0] == ends[1] and not matched else total

    def labels(self, table: Table) -> pa.Array | None:
        """What a person calls each row: its most telling column."""
        loaded = self._workspace.table(*table)
        columns = identifying_columns(self._workspace, loaded) if loaded is not None else []
        if loaded is None or not columns:
            return None
        query = f"SELECT left({columns[0].sql}, 60) FROM {loaded.name} ORDER BY _row"
        return self._workspace.connection.sql(query).to_arrow_table().column(0).combine_chunks()

    def words(self, path: Path) -> str:
        """``products of orders``; tables that only join two others are left out."""
        between = []
        for step, after in pairwise(path):
            joins = not step.forward and after.forward
            if not (joins and (len(path) > 2 or self._only_joins(self._workspace.table(*step.end), step, after))):
                between.append(step.end[1])
        last = path[-1]
        via = last.link_type.tail.columns if last.forward and last.link_type.kind is LinkKind.REFERENCE else ()
        end = last.end[1]
        if via and trigram_similarity(" ".join(via), end) < 0.3:
            end += f" ({'+'.join(via)})"
        return " of ".join((end, *reversed(between)))

    def _only_joins(self, table: LoadedTable | None, *steps: Step) -> bool:
        used = {c for step in steps for c in step.link_type.tail.columns}
        return table is not None and len([c for c in table.columns if c not in used]) <= 1

    def _step(self, step: Step, at: pa.Array) -> Csr:
        """float32 [uids at hand, rows of the step's end]."""
        tail, head, score = self._edges(step.link_type)
        if not step.forward:
            tail, head = head, tail
        i, j = _rows(at, tail), _rows(self.uids(step.end), head)
        known = (i >= 0) & (j >= 0)
        shape = len(at), len(self.uids(step.end))
        made = sparse.csr_matrix((score[known], (i[known], j[known])), shape=shape)
        made.data = np.minimum(made.data, 1)
        return made

    def _edges(self, link_type: LinkType) -> tuple[pa.Array, pa.Array, NDArray[np.float32]]:
        if link_type.id not in self._links:
            found = [e for e in self._found(link_type) if e[2] >= (link_type.threshold or 0.0)]
            tails, heads = (pa.array([e[k] for e in found], pa.string()) for k in (0, 1))
            self._links[link_type.id] = tails, heads, np.array([e[2] for e in found], np.float32)
        return self._links[link_type.id]

    def _found(self, link_type: LinkType) -> Iterator[tuple[str, str, float]]:
        try:
            edges: Iterable[LinkEdge]
            if link_type.kind is LinkKind.MENTION:
                edges = mention_edges(self._workspace, self._data, link_type)
            elif link_type.kind is LinkKind.JOIN_TABLE:
                edges = join_edges(self._workspace, link_type)
            else:
                edges = reference_edges(self._workspace, link_type) or ()
            for edge in edges:
                yield edge.tail, edge.head, edge.score
        except InputError:
            return


def _rows(uids: pa.Array, wanted: pa.Array) -> NDArray[np.int64]:
    """The row of each uid, -1 where it is not there."""
    place = pc.index_in(wanted, value_set=uids)
    return np.asarray(pc.fill_null(place, -1).to_numpy(zero_copy_only=False), np.int64)
