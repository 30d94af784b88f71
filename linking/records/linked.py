"""What the records of a matching task are linked to, as sparse matrices, and how much of it a candidate pair shares."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse

from linking.records.blocking import Pairs, union
from linking.records.vectors import shared_terms, sums

__all__ = ["Beyond", "Linked", "Overlap", "linked_pairs", "overlap", "said"]

Csr: TypeAlias = sparse.csr_matrix
Float: TypeAlias = NDArray[np.float32]
Ids: TypeAlias = NDArray[np.int64]
BLOCK = 50_000
MOST_PER_THING = 1_000
"""Pairs that one thing may make; ``PAIRS_PER_RECORD`` bounds all of them, rare things first."""
PAIRS_PER_RECORD = 20
SURE = 0.5
"""Things that are the same at least so probably are said to be shared."""
NOTHING = 1e-4
"""A share of all that a record is linked to below which nothing is left of it but errors of rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Beyond:
    """What already tells that a pair shares things: nearer things that it shares, or values that it is compared by.

    ``left`` and ``right`` are float32 [records, nearer things] as in :class:`Linked`, ``steps`` float32 [nearer things,
    things]: what follows from each.
    """

    left: Csr
    right: Csr
    steps: Csr


@dataclass(frozen=True, slots=True)
class Linked:
    """Things of one kind that both records of a pair may be linked to.

    ``left`` and ``right`` are float32 [records, things]: the probability that a record is linked to a thing, which for a
    thing of another table is the probability that both are the same. ``totals`` and ``counts`` are, per record of each
    side, the rarity and the number of all things that it is linked to, whether the other table knows them or not.
    ``rarity`` is in nats, ``labels`` are what things are called (empty without names), and ``name`` says what they are.
    ``beyond`` tells what follows from something nearer: two customers of one port share the country of that port as well.
    """

    name: str
    left: Csr
    right: Csr
    totals: tuple[Float, Float]
    counts: tuple[Float, Float]
    rarity: Float
    labels: pa.Array
    beyond: Beyond | None = None

    @classmethod
    def of(
        cls,
        name: str,
        left: Csr,
        right: Csr,
        same: Csr | None,
        labels: pa.Array | None = None,
        beyond: Beyond | None = None,
    ) -> "Linked":
        """From what each side is linked to. ``same`` [things of right, things of left] holds the probability that two things
        are the same; without it both sides are linked to the same things. In one table ``right`` is ``left``."""
        seen = right if same is None else _limited((right @ same).tocsr())
        dirty = right is left
        linked = sum(int((np.diff(side.indptr) > 0).sum()) for side in ((left,) if dirty else (left, right)))
        degree = [_column_sums(m) for m in (left, right, seen)]
        rarity = _rarity(degree[2] if dirty else degree[0] + degree[2], linked)
        if same is None:
            other = rarity
        else:
            # A thing of the right table is as common as the thing of the left one that it seems to be, and itself.
            known = np.asarray(same @ degree[0]).ravel()
            other = _rarity(np.maximum(known, degree[1]) if dirty else known + degree[1], linked)
        totals = (_dot(left, rarity), _dot(right, other))
        names = pa.array([], pa.string()) if labels is None else labels
        return cls(name, left, seen, totals, (_row_sums(left), _row_sums(right)), rarity, names, beyond)


@dataclass(frozen=True, slots=True)
class Overlap:
    """Per pair what both share that does not follow from something nearer, which counts by itself.

    The rarity and the number of these things, their share of the smaller side, and whether both sides have any.
    """

    amount: Float
    number: Float
    share: Float
    present: NDArray[np.bool_]


def overlap(linked: Linked, pairs: Pairs) -> Overlap:
    """What each pair shares."""
    made = {name: np.zeros(len(pairs), np.float32) for name in ("amount", "number", "share")}
    present = np.zeros(len(pairs), bool)
    for start in range(0, len(pairs), BLOCK):
        block = slice(start, start + BLOCK)
        i, j = pairs.left[block], pairs.right[block]
        shared = shared_terms(linked.left, linked.right, i, j)
        amount, number = _worth(shared, linked.rarity)
        rest = [linked.totals[0][i], linked.totals[1][j]]
        least = [NOTHING * total for total in rest]
        if linked.beyond is not None:
            nearer = shared_terms(linked.beyond.left, linked.beyond.right, i, j)
            much, many = _worth((nearer @ linked.beyond.steps).minimum(shared).tocsr(), linked.rarity)
            amount, number = np.maximum(amount - much, 0), np.maximum(number - many, 0)
            rest = [total - much for total in rest]
        both = (rest[0] > least[0]) & (rest[1] > least[1])
        share = np.divide(amount, np.minimum(*rest), out=np.zeros_like(amount), where=both)
        made["amount"][block], made["number"][block] = np.where(both, amount, 0), np.where(both, number, 0)
        made["share"][block], present[block] = np.minimum(share, 1), both
    return Overlap(present=present, **made)


def _worth(shared: Csr, rarity: Float) -> tuple[Float, Float]:
    """The rarity and the number of the things in each row."""
    return sums(shared.data * rarity[shared.indices], shared.indptr), sums(shared.data, shared.indptr)


def linked_pairs(linked: Sequence[Linked], *, dirty: bool) -> Pairs:
    """Pairs of records that are linked to the same thing, of things that few records are linked to.

    Records that say nearly nothing have no partner among their nearest neighbours; what they are linked to finds it.
    """
    found: list[tuple[Ids, Ids]] = []
    width = linked[0].right.shape[0] if linked else 0
    for one in linked:
        left, right = _likely(one.left), _likely(one.right)
        cost = np.diff(left.tocsc().indptr).astype(np.int64) * np.diff(right.tocsc().indptr)
        order = np.argsort(cost, kind="stable")
        room = np.cumsum(cost[order]) <= PAIRS_PER_RECORD * sum(m.shape[0] for m in (left, right))
        few = order[(cost[order] > 0) & (cost[order] <= MOST_PER_THING) & room]
        both = (left[:, few] @ right[:, few].T).tocoo()
        found.append((both.row.astype(np.int64), both.col.astype(np.int64)))
    return union(found, width, dirty=dirty)


def said(linked: Linked, pairs: Pairs) -> list[str]:
    """What each pair shares, in words: "share 7 of 9: products of orders", "both: albums Big Ones"."""
    shared = shared_terms(linked.left, linked.right, pairs.left, pairs.right)
    fewest = np.minimum(linked.counts[0][pairs.left], linked.counts[1][pairs.right]).round().astype(int).tolist()
    sure = shared.data >= SURE
    number = sums(sure.astype(np.float32), shared.indptr).astype(int).tolist()
    made = []
    for k, (few, many) in enumerate(zip(fewest, number, strict=True)):
        if not many:
            made.append(f"different: {linked.name}")
        elif few <= 1:
            thing = int(
                shared.indices[shared.indptr[k] + np.argmax(shared.data[shared.indptr[k] : shared.indptr[k + 1]])]
            )
            label = linked.labels[thing].as_py() if len(linked.labels) else None
            made.append(f"both: {linked.name} {label or ''}".rstrip())
        else:
            made.append(f"share {min(many, few)} of {few}: {linked.name}")
    return made


def _likely(matrix: Csr) -> Csr:
    kept = matrix.data >= SURE
    bounds = np.r_[0, np.cumsum(kept)][matrix.indptr]
    return sparse.csr_matrix((np.ones(int(kept.sum()), np.int32), matrix.indices[kept], bounds), shape=matrix.shape)


def _limited(matrix: Csr) -> Csr:
    """Several things of one record may each be partly the same as one of the other side: at most 1 together."""
    matrix.data = np.minimum(matrix.data, 1).astype(np.float32)
    matrix.sort_indices()
    return matrix


def _rarity(degree: NDArray[np.float64], linked: int) -> Float:
    return np.log((1.0 + linked) / (1.0 + np.minimum(degree, linked))).astype(np.float32) + np.float32(0.05)


def _column_sums(matrix: Csr) -> NDArray[np.float64]:
    return np.bincount(matrix.indices, matrix.data.astype(np.float64), minlength=matrix.shape[1]).astype(np.float64)


def _row_sums(matrix: Csr) -> Float:
    return sums(matrix.data.astype(np.float32), matrix.indptr)


def _dot(matrix: Csr, weights: Float) -> Float:
    return sums(matrix.data.astype(np.float32) * weights[matrix.indices], matrix.indptr)
