"""Answers on made-up tasks: how many questions chosen by the system do the work of a hundred random ones.

The tasks are hard on purpose (relatives in one house, variants of one product, papers with follow-ups, records that recur) and
are those that the constants of learning from answers were chosen on, with the seeds 0 and 1. Other seeds are unseen.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa

from benchmarks.linking_entities import ANSWERS, ROUND, asked, drawn, saved, score
from benchmarks.linking_scale import SYLLABLES
from benchmarks.report import Report
from linking.records.alignment import records_of
from linking.records.matching import match_records
from linking.records.training import Labelled, typo

Generator: TypeAlias = np.random.Generator
Row: TypeAlias = dict[str, str]
COUNT = 1_300


def run(report: Report, seed: int, data: Path) -> None:
    """Adds F1 without answers, after 20, 50 and 100, and how many random answers one chosen answer replaces."""
    for name, made in (
        ("people", people),
        ("products", products),
        ("papers", papers),
        ("recurring", recurring),
        ("citations", citations),
    ):
        task = made(np.random.default_rng([seed, len(name)]))
        matching = match_records(task.records)
        chosen = asked(task, matching, seed)
        best, _ = drawn(task, matching, seed, "best")
        report.add(f"answers.{name}.f1", score(task, matching)[2])
        for count in (20, 50, ANSWERS):
            at = count // ROUND - 1
            report.add(
                f"answers.{name}.f1_at_{count}", chosen[at], baseline=best[at], note="random, of each record's best"
            )
        report.add(f"answers.{name}.saved", saved(chosen, best), note="random answers that a chosen one replaces")


def people(g: Generator) -> Labelled:
    """Families at one address; no first name, street or year is rare."""
    first, last, cities = _words(g, 60, 2), _words(g, 250, 3), _words(g, 12, 2)
    streets = [f"{w} street" for w in _words(g, 120, 3)]
    things: list[Row] = []
    while len(things) < COUNT:
        family, street, city = _one(g, last), f"{_one(g, streets)} {g.integers(1, 90)}", _one(g, cities)
        for _ in range(1 + int(g.random() < 0.45) + int(g.random() < 0.3)):
            born = str(g.integers(1940, 2005))
            things.append({"given": _one(g, first), "surname": family, "street": street, "city": city, "born": born})
    return _two_tables("people", g, [(t, t) for t in things], wrong=0.45, blank=0.2)


def products(g: Generator) -> Labelled:
    """Variants of a product that differ in the model and the colour, which one side often leaves out."""
    brands, kinds, colours = _words(g, 25, 2), _words(g, 15, 2), _words(g, 8, 2)
    traits = {kind: _words(g, 30, 2) for kind in kinds}
    things: list[tuple[Row, Row]] = []
    while len(things) < COUNT:
        brand, kind, model = _one(g, brands), _one(g, kinds), f"{_words(g, 1, 1)[0]}{g.integers(100, 999)}"
        for variant in range(1 + int(g.integers(4))):
            what = [str(w) for w in g.choice(traits[kind], 4)]
            name, colour, price = (
                f"{model}{'bwx'[variant % 3]}{variant}",
                _one(g, colours),
                float(np.exp(g.normal(4.5, 1))),
            )
            right = [brand, *what[1:3], kind, *([name] * (g.random() < 0.6)), *([colour] * (g.random() < 0.4))]
            things.append(
                (
                    _product(g, [brand, kind, name, *what[:2], colour], what, price),
                    _product(g, [str(w) for w in g.permutation(right)], what, price),
                )
            )
    return _two_tables("products", g, things, wrong=0.1, blank=0.0)


def _product(g: Generator, title: Sequence[str], traits: Sequence[str], price: float) -> Row:
    told = " ".join(str(w) for w in g.permutation(traits)) if g.random() < 0.5 else ""
    asked_for = f"{price * g.normal(1, 0.06):.2f}" if g.random() < 0.7 else ""
    return {"title": " ".join(title), "description": told, "price": asked_for}


def papers(g: Generator) -> Labelled:
    """Papers, some with a follow-up of nearly the same title; one side shortens authors and venues."""
    words, last = _words(g, 400, 2), _words(g, 150, 2)
    venues = [_words(g, 4, 2) for _ in range(10)]
    things: list[tuple[Row, Row]] = []
    while len(things) < COUNT:
        title = [str(w) for w in g.choice(words, int(g.integers(4, 9)))]
        authors = [f"{_one(g, words)[0]} {_one(g, last)}" for _ in range(int(g.integers(1, 4)))]
        for follow in range(1 + int(g.random() < 0.3)):
            full, venue, year = (
                [*title, *(["revisited"] * follow)],
                venues[int(g.integers(10))],
                str(g.integers(1990, 2006)),
            )
            left = {"title": " ".join(full), "authors": ", ".join(authors), "venue": " ".join(venue), "year": year}
            short = " ".join(full if g.random() < 0.7 else full[:-1])
            several = authors if g.random() < 0.6 else authors[:1]
            right = {"title": short, "authors": ", ".join(several), "venue": "".join(w[0] for w in venue), "year": year}
            things.append((left, right | ({"year": ""} if g.random() < 0.2 else {})))
    return _two_tables("papers", g, things, wrong=0.3, blank=0.1)


def recurring(g: Generator) -> Labelled:
    """One table in which a person stands one to seven times."""
    first, last, streets = _words(g, 60, 2), _words(g, 200, 3), _words(g, 150, 3)
    rows: list[Row] = []
    entity: list[int] = []
    for k in range(COUNT // 2):
        street, phone = f"{_one(g, streets)} {g.integers(1, 60)}", str(g.integers(10**6, 10**7))
        row = {
            "name": f"{_one(g, first)} {_one(g, last)}",
            "street": street,
            "born": str(g.integers(1940, 2005)),
            "phone": phone,
        }
        copies = 1 + int(g.pareto(1.5)) % 6
        rows += [_worse(g, row, 0.5, 0.25) for _ in range(copies)]
        entity += [k] * copies
    number = np.array(entity, np.int64)
    return Labelled("recurring", records_of(_table(rows), None), number, number)


def citations(g: Generator) -> Labelled:
    """One table of references to papers, some cited once and some fifty times, shortened in every way; papers have follow-ups."""
    words, last = _words(g, 300, 2), _words(g, 120, 2)
    venues = [_words(g, 4, 2) for _ in range(12)]
    rows: list[Row] = []
    entity: list[int] = []
    paper = 0
    while len(rows) < COUNT:
        title = [str(w) for w in g.choice(words, int(g.integers(4, 9)))]
        authors = [f"{_one(g, words)[0]}. {_one(g, last)}" for _ in range(int(g.integers(1, 4)))]
        for follow in range(1 + int(g.random() < 0.4)):
            full, venue, year = (
                [*title, *(["revisited"] * follow)],
                venues[int(g.integers(12))],
                int(g.integers(1990, 2006)),
            )
            copies = min(1 + int(3 * g.pareto(1.1)), 60)
            rows += [_citation(g, full, authors, venue, year) for _ in range(copies)]
            entity += [paper] * copies
            paper += 1
    number = np.array(entity, np.int64)
    return Labelled("citations", records_of(_table(rows), None), number, number)


def _citation(g: Generator, title: Sequence[str], authors: Sequence[str], venue: Sequence[str], year: int) -> Row:
    cut = title if g.random() < 0.8 else title[: max(2, len(title) - 2)]
    named = authors if g.random() < 0.7 else [*authors[:1], *(["et al"] if len(authors) > 1 else [])]
    if g.random() < 0.4:
        named = [name.split()[-1] for name in named]
    place = " ".join(venue) if g.random() < 0.5 else "".join(w[0] for w in venue)
    row = {"title": " ".join(cut), "authors": ", ".join(named), "venue": place}
    row["year"] = str(year if g.random() < 0.9 else year + 1)
    return _worse(g, row, 0.3, 0.0) | {k: "" for k in ("venue", "year") if g.random() < 0.3}


def _two_tables(name: str, g: Generator, things: Sequence[tuple[Row, Row]], *, wrong: float, blank: float) -> Labelled:
    """Two thirds of the things in each table, the right one written worse."""
    order, part = g.permutation(len(things)), 2 * len(things) // 3
    ends = order[:part], order[len(things) - part :]
    left = [_worse(g, things[k][0], wrong / 4, blank / 3) for k in ends[0].tolist()]
    right = [_worse(g, things[k][1], wrong, blank) for k in ends[1].tolist()]
    columns = [(c, c) for c in left[0]]
    return Labelled(name, records_of(_table(left), _table(right), columns), *ends)


def _worse(g: Generator, row: Row, wrong: float, blank: float) -> Row:
    """The row with typing errors (a second one in a third of the values that may have one) and gaps."""
    made = {}
    for column, value in row.items():
        errors = int(g.random() < wrong) + int(g.random() < wrong / 3)
        for _ in range(errors):
            value = typo(value, g)
        made[column] = "" if g.random() < blank else value
    return made


def _words(g: Generator, count: int, syllables: int) -> list[str]:
    return ["".join(g.choice(SYLLABLES, syllables)) for _ in range(count)]


def _one(g: Generator, values: Sequence[str]) -> str:
    return values[int(g.integers(len(values)))]


def _table(rows: Sequence[Row]) -> pa.Table:
    columns = {c: pa.array([r[c] for r in rows], pa.string()) for c in rows[0]}
    return pa.table({"_uid": pa.array([str(k) for k in range(len(rows))], pa.string()), **columns})
