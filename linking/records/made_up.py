"""Made-up matching tasks of all shapes, so that the prior meets more than the few public data sets look like.

A task has things, most of them relatives of others, and fields that know a thing in one of four ways: a value of its own, one
that it shares with its relatives, one of a small vocabulary, or another one in every record (the title of each of an author's
papers). In some tasks things come in series, called alike but for a number: seasons, editions, sizes. Records are copies with
errors, gaps, abbreviations, words left out and words that say nothing. How often things recur runs from never to hundreds of
times.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from linking.records.alignment import UID, records_of
from linking.records.training import Labelled, typo

__all__ = ["made_up"]

Generator: TypeAlias = np.random.Generator
Ids: TypeAlias = NDArray[np.int64]
LETTERS = ("bcdfghklmnprstvw", "aeiou")
COUNTS = (1, 1, 2, 3, 4, 5, 6, 8)
"""Numbers of fields."""
LARGEST_GROUP = 250
MOST_RECORDS = 2_500
PLAIN = ("name", "words", "text")
"""Shapes that are made of words."""
FORMS = ("{n} {name}", "{name} {n}", "{name} ({n})", "{name} no. {n}", "{n}. {name}")
"""How a thing of a series is called."""
TELLING = 500
"""One field at least has a value of the thing's own out of so many."""


@dataclass(frozen=True, slots=True)
class _Maker:
    """How the values of a field come about: ``shape`` of a value, the size of the vocabulary, and whom a value belongs to.

    ``belongs`` is own, relatives, few or varying. Of a value's copies ``wrong`` have an error, ``gap`` are missing,
    ``short`` are abbreviated or lose words, and ``noise`` gain a word that says nothing.
    """

    shape: str
    size: int
    belongs: str
    wrong: float
    gap: float
    short: float
    noise: float


@dataclass(frozen=True, slots=True)
class _Series:
    """The series that each thing is of and its number there. ``forms`` are how each table writes name and number.

    Of the copies ``lost`` come without their number.
    """

    of: Ids
    number: Ids
    forms: tuple[str, str]
    lost: float


def made_up(seed: int, most_fields: int = 8) -> Labelled:
    """The task of this seed: of one table or of two, with up to so many fields."""
    g = np.random.default_rng([seed, 601])
    words = _words(g, int(g.choice([300, 1_500, 6_000])))
    fields = [_maker(g) for _ in range(int(g.choice([n for n in COUNTS if n <= most_fields])))]
    if not any(f.belongs == "own" and f.size >= TELLING for f in fields):
        fields[0] = _Maker(str(g.choice(["words", "name"])), 5_000, "own", *_harm(g))
    things = int(g.choice([60, 200, 600, 1_500]))
    family = np.cumsum(g.random(things) > g.choice([0.0, 0.2, 0.5])) - 1
    vocabularies = [_vocabulary(f, words, g) for f in fields]
    told = next(
        (k for k, f in enumerate(fields) if f.belongs == "own" and f.shape in PLAIN and f.size >= TELLING), None
    )
    series = None if told is None else _series(things, np.random.default_rng([seed, 602]))
    two = bool(g.random() < 0.4)
    counts = [_counts(things, g) for _ in range(1 + two)]
    sides = []
    for side, times in enumerate(counts):
        if two and times.max() <= 1:
            times = times * (g.random(things) < g.choice([0.3, 0.7, 1.0]))
        entity = g.permutation(np.repeat(np.arange(things), times))[:MOST_RECORDS]
        columns = [_column(f, v, entity, family, g) for f, v in zip(fields, vocabularies, strict=True)]
        if told is not None and series is not None:
            names = _column(fields[told], vocabularies[told], entity, series.of, g)
            columns[told] = _numbered(names, series, entity, side, np.random.default_rng([seed, 603, side]))
        sides.append((entity, _table(columns, side)))
    left, right = sides[0], sides[-1]
    records = records_of(left[1], right[1] if two else None, [(f"f{k}", f"f{k}") for k in range(len(fields))])
    return Labelled(f"made up {seed}", records, left[0], right[0])


def _maker(g: Generator) -> _Maker:
    shape = str(g.choice(["name", "name", "words", "text", "number", "code", "date", "category"]))
    belongs = str(g.choice(["own", "own", "own", "relatives", "varying"]))
    size = int(g.choice([30, 200, 1_000, 5_000]))
    if shape == "category":
        return _Maker("name", int(g.choice([2, 5, 20])), belongs, *_harm(g))
    return _Maker(shape, size, belongs, *_harm(g))


def _harm(g: Generator) -> tuple[float, float, float, float]:
    return (
        float(g.choice([0.0, 0.05, 0.15, 0.4])), float(g.choice([0.0, 0.0, 0.05, 0.2, 0.4])),
        float(g.choice([0.0, 0.0, 0.1, 0.4])), float(g.choice([0.0, 0.0, 0.0, 0.5, 0.9])),
    )  # fmt: skip


def _counts(things: int, g: Generator) -> Ids:
    """How often each thing is in a table."""
    law = str(g.choice(["once", "few", "some", "often", "heavy"]))
    if law == "once":
        return np.ones(things, np.int64)
    if law == "few":
        return np.asarray(1 + (g.random(things) < g.choice([0.02, 0.1, 0.25])).astype(np.int64))
    if law == "some":
        return np.asarray(g.geometric(g.choice([0.3, 0.6]), things))
    if law == "often":
        return g.poisson(g.choice([4, 10]), things)
    times = 1 + (g.pareto(0.9, things) * 2).astype(np.int64)
    return np.asarray(np.minimum(times, LARGEST_GROUP))


def _vocabulary(maker: _Maker, words: Sequence[str], g: Generator) -> list[str]:
    def some(count: int) -> str:
        return " ".join(words[k] for k in g.integers(0, len(words), count).tolist())

    def value() -> str:
        match maker.shape:
            case "number":
                return f"{np.exp(g.normal(4, 2)):.{g.integers(0, 3)}f}"
            case "code":
                letters = "".join("abcdefghkmpx"[k] for k in g.integers(0, 12, g.integers(0, 3)).tolist())
                return f"{letters}{g.integers(100, 10**7)}"
            case "date":
                return f"{g.integers(1930, 2020)}-{g.integers(1, 13):02d}-{g.integers(1, 29):02d}"
            case "name":
                return some(int(g.integers(1, 3)))
            case "words":
                return some(int(g.integers(2, 6)))
        return some(int(g.integers(7, 20)))

    return [value() for _ in range(maker.size)]


def _series(things: int, g: Generator) -> _Series | None:
    """In every other task a third of the things or all of them come in series; the others are alone in theirs."""
    if g.random() < 0.5:
        return None
    first = g.random(things) < 1 / float(g.choice([2, 5, 15]))
    if g.random() < 0.5:
        first |= g.random(things) < 0.67
    of = np.cumsum(first, dtype=np.int64)
    starts = np.flatnonzero(np.diff(of, prepend=-1))
    place = np.arange(things) - np.repeat(starts, np.diff(np.append(starts, things)))
    lowest = g.integers(1950, 2020, of[-1] + 1) if g.random() < 0.6 else g.choice([1, 1, 10], of[-1] + 1)
    forms = str(g.choice(FORMS)), str(g.choice(FORMS))
    return _Series(of, lowest[of] + place * int(g.choice([1, 1, 10])), forms, float(g.choice([0.0, 0.0, 0.05, 0.2])))


def _numbered(names: Sequence[str], series: _Series, entity: Ids, side: int, g: Generator) -> list[str]:
    """Names with the numbers of the things that they are of; what is alone in its series has none."""
    alone = (np.bincount(series.of) == 1)[series.of[entity]]
    bare = alone | (g.random(len(entity)) < series.lost)
    numbers = series.number[entity].tolist()
    return [
        name if without or not name else series.forms[side].format(name=name, n=number)
        for name, number, without in zip(names, numbers, bare.tolist(), strict=True)
    ]


def _column(maker: _Maker, vocabulary: Sequence[str], entity: Ids, family: Ids, g: Generator) -> list[str]:
    draw = np.random.default_rng(len(vocabulary) + maker.size)
    # Frequent values are more frequent than rare ones.
    own = (draw.random(len(family)) ** draw.choice([1.0, 2.0]) * len(vocabulary)).astype(np.int64)
    if maker.belongs == "varying":
        # A thing's records have values of a few, or any.
        among = int(g.choice([3, 10, 1_000]))
        index = (own[entity] * 7 + g.integers(0, among, len(entity))) % len(vocabulary)
    else:
        index = own[family[entity]] if maker.belongs == "relatives" else own[entity]
    empty_words = [str(w) for w in g.choice(vocabulary, 6)] if maker.shape != "text" else ["new"]
    return [_copied(vocabulary[k], maker, empty_words, g) for k in index.tolist()]


def _copied(value: str, maker: _Maker, empty_words: Sequence[str], g: Generator) -> str:
    chance = g.random(4)
    if chance[0] < maker.gap:
        return ""
    plain = maker.shape in PLAIN
    if plain and chance[1] < maker.short:
        words = value.split(" ")
        at = int(g.integers(len(words)))
        words[at] = words[at][: int(g.choice([0, 1, 3]))] if len(words) > 1 else words[at][:4]
        value = " ".join(w for w in words if w)
    if chance[2] < maker.wrong:
        value = typo(value, g)
    if plain and chance[3] < maker.noise:
        value = f"{value} {empty_words[int(g.integers(len(empty_words)))].split(' ')[0]}"
    return value


def _table(columns: Sequence[Sequence[str]], side: int) -> pa.Table:
    made = {f"f{k}": pa.array(c, pa.string()) for k, c in enumerate(columns)}
    return pa.table({UID: pa.array([f"{side}/{k}" for k in range(len(columns[0]))]), **made})


def _words(g: Generator, count: int) -> list[str]:
    first, second = LETTERS

    def syllable() -> str:
        a, b, c = g.integers(0, (len(first), len(second), 2 * len(first))).tolist()
        return first[a] + second[b] + first[c : c + 1]

    return ["".join(syllable() for _ in range(int(g.integers(1, 5)))) for _ in range(count)]
