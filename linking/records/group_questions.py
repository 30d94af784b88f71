"""Which pairs of one table to ask about: an answer about two records joins or parts the groups that they are in.

The constants were chosen on made-up tasks (benchmarks.linking_answers: recurring, citations; seeds 0 to 3).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import linkage

from linking.records.adapt import Answers
from linking.records.decide import SMALL
from linking.records.matching import SMALL_FACTOR, Matching

__all__ = ["GroupQuestions", "group_questions"]

Ids = NDArray[np.int64]
Float = NDArray[np.float64]
SETTLED_POWER = 0.5
"""An answer is worth the doubt times this power of the number of pairs that it settles: groups may be mixed."""
PARTS = 0.25
"""What parting a group is worth beside joining two, by the doubt about the pair that is asked about as well: groups that were
formed mostly stand."""
SINGLE = 0.3
"""What a pair that settles nothing but itself is worth: it still teaches what speaks for a pair."""
ANSWERED = 0.1
"""What is left of the worth once an answer about the same two groups spoke against the change."""
SEARCHED, LARGEST = 300, 400
"""So many groups, those with most to lose, of so many records at most are searched for parts that may not belong together."""


@dataclass(frozen=True, slots=True)
class GroupQuestions:
    """``value`` and the two ``groups`` (the same one twice where it is asked whether it holds together), per candidate pair."""

    value: Float
    groups: tuple[Ids, Ids]


def group_questions(matching: Matching, answers: Answers | None) -> GroupQuestions:
    """Values of the candidate pairs of a task of one table."""
    pairs, p = matching.pairs, matching.probability.astype(np.float64)
    said = np.zeros(len(pairs), np.int8)
    if answers is not None and len(answers.same):
        position, same = answers.locate(pairs, matching.records.shape[1])
        said[position] = np.where(same, 1, -1)
    group = matching.clusters()[0]
    value = SINGLE * 4 * p * (1 - p)
    asked = _Asked(matching, group, p, said, value)
    asked.join()
    asked.part()
    return GroupQuestions(value, (group[pairs.left], group[pairs.right]))


@dataclass(frozen=True, slots=True)
class _Asked:
    """``said`` holds 1 or -1 per pair that was answered. Methods raise ``value`` where an answer would settle more."""

    matching: Matching
    group: Ids
    p: Float
    said: NDArray[np.int8]
    value: Float

    def join(self) -> None:
        """Of each two groups with candidates between them, an undecided pair of typical records is worth what joining them
        settles: the least decided pair of all is often one with a record that stands in the wrong group."""
        left, right = self.group[self.matching.pairs.left], self.group[self.matching.pairs.right]
        rows = np.flatnonzero(left != right)
        if not len(rows):
            return
        size = np.bincount(self.group)
        low, high = np.minimum(left, right)[rows], np.maximum(left, right)[rows]
        _, first, of = np.unique(low * len(size) + high, return_index=True, return_inverse=True)
        settled = (size[low] * size[high])[first].astype(np.float64)
        mean = np.bincount(of, self.p[rows]) / settled
        worth = self._doubt(mean, (size[low] + size[high])[first]) * settled**SETTLED_POWER
        worth[np.bincount(of, self.said[rows] < 0) > 0] *= ANSWERED
        of_record = self._typical()
        typical = of_record[self.matching.pairs.left[rows]] * of_record[self.matching.pairs.right[rows]]
        order = np.lexsort((self.p[rows] * (1 - self.p[rows]) * typical, of))
        last = np.append(np.flatnonzero(of[order][1:] != of[order][:-1]), len(order) - 1)
        np.maximum.at(self.value, rows[order[last]], worth)

    def _typical(self) -> Float:
        """Per record the mean probability of its pairs with the others of its group; 1 where there are none."""
        pairs, size = self.matching.pairs, np.bincount(self.group)[self.group]
        inside = self.group[pairs.left] == self.group[pairs.right]
        ends = np.concatenate([pairs.left[inside], pairs.right[inside]])
        total = np.bincount(ends, np.tile(self.p[inside], 2), minlength=len(size))
        return np.where(size > 1, total / np.maximum(size - 1, 1), 1.0)

    def part(self) -> None:
        """Of each two parts that a group was made of, the pair of their most typical records is worth what parting them
        settles."""
        pairs, size = self.matching.pairs, np.bincount(self.group)
        order, start = np.argsort(self.group, kind="stable"), np.append(0, np.cumsum(size))
        inside = np.flatnonzero(self.group[pairs.left] == self.group[pairs.right])
        inside = inside[np.argsort(self.group[pairs.left[inside]], kind="stable")]
        of = self.group[pairs.left[inside]]
        lost = size * (size - 1) / 2 - np.bincount(of, self.p[inside], minlength=len(size))
        lost[(size < 2) | (size > LARGEST)] = 0
        for group in np.argsort(-lost, kind="stable")[:SEARCHED].tolist():
            if lost[group] <= 0:
                break
            first, last = np.searchsorted(of, (group, group + 1))
            self._part_one(order[start[group] : start[group + 1]], inside[first:last])

    def _part_one(self, members: Ids, rows: Ids) -> None:
        n = len(members)
        i = np.searchsorted(members, self.matching.pairs.left[rows])
        j = np.searchsorted(members, self.matching.pairs.right[rows])
        distance = np.ones((n, n))
        distance[i, j] = distance[j, i] = 1 - self.p[rows]
        parts = [[k] for k in range(n)]
        near = np.zeros(n)  # the sum of the probabilities with the rest of the own part
        for a, b, height, count in linkage(distance[np.triu_indices(n, 1)], "average").tolist():
            left, right = parts[int(a)], parts[int(b)]
            parts.append(left + right)
            side = np.zeros(n, np.int8)
            side[left], side[right] = 1, -1
            typical = np.ones(n)
            for part in (left, right):
                if len(part) > 1:
                    typical[part] = near[part] / (len(part) - 1)
            between = 1 - distance[np.ix_(left, right)]
            near[left] += between.sum(axis=1)
            near[right] += between.sum(axis=0)
            apart = side[i] * side[j] < 0
            across = rows[apart]
            if not len(across):
                continue
            worth = PARTS * float(self._doubt(1 - height, int(count))) * (len(left) * len(right)) ** SETTLED_POWER
            if (self.said[across] > 0).any():
                worth *= ANSWERED
            best = across[np.argmax(typical[i[apart]] * typical[j[apart]])]
            self.value[best] = max(self.value[best], worth * 4 * self.p[best] * (1 - self.p[best]))

    def _doubt(self, mean: Float | float, records: Ids | int) -> Float:
        """How undecided two groups are, by the mean probability over all of their pairs: 1 where it meets the threshold."""
        threshold = self.matching.options.linkage * self.matching.options.threshold
        q = mean / (mean + np.where(np.asarray(records) <= SMALL, SMALL_FACTOR * threshold, threshold))
        return np.asarray(4 * q * (1 - q))
