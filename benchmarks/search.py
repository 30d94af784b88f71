"""Keyword search: questions of rare and of frequent words on a large index, in SQLite or (``--database URL``) PostgreSQL.

Each thing has a name of two words, two words that all have, a city, a state and a note whose words are the rarer the later
they come in the vocabulary (Zipf's law). Figures are medians: of processor time for SQLite, of wall-clock for PostgreSQL, which
works in processes of its own.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.report import Report, arguments
from graphstore.database import Database
from graphstore.search_fts import FtsIndex
from graphstore.search_pg import PgIndex
from graphstore.search_text import Entry, TextIndex, parse_terms
from graphstore.search_words import words_of

_BATCH, _TIMES = 2_000, 7
_CITIES = (
    "berlin", "hamburg", "munich", "cologne", "frankfurt", "stuttgart", "dusseldorf", "leipzig", "dortmund", "essen",
    "bremen", "dresden",
)  # fmt: skip
_STATES = ("open", "paid", "shipped", "cancelled")
_LABELS = ("Order", "Order", "Order", "Customer", "Ticket")
_VOCABULARY, _NOTE = 50_000, 12
QUESTIONS = {
    "rare": "w40000 w41000",
    "rare_and_frequent": "w45000 berlin shipped nowhere",
    "one_frequent": "berlin",
    "beginning": "be",
    "all_of_two": "berlin open",
    "all_of_three": "order open w1",
    "all_of_three_rarer": "hamburg paid w30",
    "all_of_everything": "stock item",
    "any_of_two": "berlin hamburg",
    "any_of_three": "berlin hamburg open",
    "any_of_five": "berlin hamburg open paid w2",
    "any_of_many": "berlin hamburg munich cologne open paid shipped w1 w2 w3",
}
"""Words that begin with w are those of the notes, the most frequent one first; any_of: no thing has all of them."""


def entries(count: int, seed: int) -> Iterator[Entry]:
    chosen = random.Random(seed)
    words = [f"w{i}" for i in range(_VOCABULARY)]
    totals = list(accumulate(1 / (i + 3) for i in range(_VOCABULARY)))
    cities = list(accumulate(1 / (i + 1) for i in range(len(_CITIES))))
    for i in range(count):
        (city,), state = chosen.choices(_CITIES, cum_weights=cities), chosen.choice(_STATES)
        note = chosen.choices(words, cum_weights=totals, k=_NOTE)
        name = f"{note[0]} {note[-1]}"
        label = chosen.choice(_LABELS)
        yield Entry(f"erp/thing/{i}", label, name, "\n".join((name, "stock item", city, state, " ".join(note))))


def fill(index: TextIndex, count: int, seed: int) -> float:
    started, given = time.perf_counter(), entries(count, seed)
    while batch := list(islice(given, _BATCH)):
        index.apply((), batch, 0)
    index.apply((), (), count)
    return time.perf_counter() - started


def ask(index: TextIndex, text: str) -> list[Any]:
    """As a search does it: what has all words, or else what has some."""
    terms = parse_terms(text)
    return [*index.find(terms, (), 20, 0)] or [*index.find_any(words_of(terms), (), 20, 0)]


def median(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Milliseconds."""
    taken = []
    for _ in range(_TIMES):
        started = clock()
        work()
        taken.append((clock() - started) * 1_000)
    return statistics.median(taken)


def main() -> None:
    parser = arguments("Keyword search on a large index.")
    parser.add_argument("--things", type=int, default=1_000_000)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; SQLite without it")
    chosen = parser.parse_args()
    report = Report("search", chosen.seed)
    clock = time.perf_counter if chosen.database else time.process_time
    with tempfile.TemporaryDirectory(prefix="bifrost-bench-") as folder:
        database = Database(chosen.database) if chosen.database else None
        index: TextIndex = PgIndex(database) if database else FtsIndex(Path(folder) / "search.sqlite", 1, chosen.things)
        report.add("fill.things_per_second", chosen.things / fill(index, chosen.things, chosen.seed))
        if database:
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(sa.text("VACUUM ANALYZE search_part"))
        for name, text in QUESTIONS.items():
            found = ask(index, text)
            lacking = len(getattr(found[0], "missing", ())) if found else 0
            taken = median(partial(ask, index, text), clock)
            report.add(f"{name}_ms", taken, bar=500, note=f"{text}; the best lacks {lacking}")
        index.close()
        if database:
            database.close()
    report.write(chosen.json)


if __name__ == "__main__":
    main()
