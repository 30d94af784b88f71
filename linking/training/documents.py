"""Generates documents over training schemas: letters and notes that name records, and what they truly name.

Some columns are named on purpose, in sentences, lists and labelled fields, with the slips that people make; ordinary words,
amounts, dates and lists of statuses hit other columns by accident. Everything is invented (:mod:`linking.training.values`).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from linking.memory import MemoryData
from linking.mentions.heads import mention_heads
from linking.mentions.scan import Head
from linking.names import words
from linking.training.generate import generate_schema
from linking.training.values import word
from linking.workspace import Workspace

__all__ = ["WrittenCase", "write_case"]

_SENTENCES = (
    "We spoke with {} about the delivery.", "Regarding {} there is still an open point.", "{} called again this morning.",
    "Please send the papers for {} to the office.", "The meeting with {} went well.", "{} arrived late and was sent back.",
    "As agreed, {} will be charged in two parts.", "Dear {},", "Kind regards\n{}", "{}", "This concerns {}, as we wrote before.",
    "Attached you find everything on {} and the other matter.", "Our notes on {} are not complete yet.",
)  # fmt: skip
_FILLERS = (
    "The service team is open from 8 to 17 on every day of the week.", "Sales went up in the north and down in the south.",
    "Please order early; the standard box holds 24 pieces.", "Payment is due within 30 days, net.", "Page 1 of 3",
    "The old model was basic, the new one is premium.", "Finance and purchasing have to sign it first.",
    "Transport is free above 1500, express costs extra.", "The main building is closed; use the east gate.",
    "It is urgent, the priority is high, the state is pending.", "Research and support are working on it.",
    "Water, light and power were checked and are fine.", "Silver or gold, both are active until the end of the year.",
)  # fmt: skip
_ORDINARY = (
    "Sales", "Service", "North", "South", "East", "West", "Open", "Closed", "Pending", "High", "Low", "Urgent", "Basic",
    "Premium", "Standard", "Gold", "Silver", "Finance", "Purchasing", "Research", "Support", "Transport", "Express", "Water",
    "Light", "Power", "Active", "Order", "Box", "Office", "Team", "Model",
)  # fmt: skip
_ENTITIES = 2
_TABLES = 6
_DOCUMENTS = (6, 120)


@dataclass(slots=True)
class WrittenCase:
    """Data with documents (or a text column), and per text the uids of the records that it names."""

    data: MemoryData
    truth: dict[str, set[str]] = field(default_factory=dict)


def write_case(seed: int, archetypes: Sequence[str], workspace: Workspace) -> WrittenCase | None:
    """A schema with texts that name records of one or two of its tables; None where no column can be named."""
    rng = random.Random(f"documents {seed}")  # noqa: S311
    data = _smaller(generate_schema(seed, archetypes).data, rng, rng.choice((30, 150, 400)))
    if rng.random() < 0.5:
        names = rng.sample(_ORDINARY, rng.randint(4, 12))
        table = rng.choice(("state", "department", "category", "area", "kind"))
        data.add_rows("db", table + "_list", [{"id": n, "name": name} for n, name in enumerate(names, 1)])
    with workspace.using(data):
        heads = mention_heads(workspace)
        by_table: dict[str, list[Head]] = {}
        for head in heads:
            by_table.setdefault(head.table, []).append(head)
        usable = {t: h for t, h in by_table.items() if not h[0].column.dataset.endswith("_list")}
        if not usable:
            return None
        chosen = rng.sample(sorted(usable), min(rng.randint(1, _ENTITIES), len(usable)))
        named = [_Named(rng, workspace, usable[table]) for table in chosen]
        others = [h for table, hs in sorted(by_table.items()) if table not in chosen for h in hs]
        accidents = _accidents(rng, workspace, others)
    return _write(rng, data, [entity for entity in named if entity.rows], accidents)


def _accidents(rng: random.Random, workspace: Workspace, heads: Sequence[Head]) -> list[tuple[float, list[str]]]:
    """Values of other columns that texts hold without naming the record: a brand, a town, an ordinary word.

    Each with the share of the texts that hold one of the values.
    """
    found = []
    for head in rng.sample(list(heads), min(len(heads), rng.choice((0, 1, 2, 3)))):
        value = " || ' ' || ".join(f"trim({sql})" for sql in head.sql)
        rows = workspace.connection.execute(f"SELECT DISTINCT {value} AS v FROM {head.table} ORDER BY v").fetchall()
        values = [str(v) for (v,) in rows if v]
        if values:
            found.append(
                (rng.choice((0.05, 0.15, 0.4)), rng.sample(values, min(len(values), rng.choice((1, 1, 2, 6)))))
            )
    return found


def _smaller(data: MemoryData, rng: random.Random, rows: int) -> MemoryData:
    """Some of the tables with at most so many rows: a few hundred are enough to be named."""
    smaller = MemoryData()
    summaries = data.datasets()
    for summary in rng.sample(summaries, min(len(summaries), _TABLES)):
        batches = list(data.rows(summary.source, summary.info.name))
        if batches:
            table = pa.Table.from_batches(batches).slice(0, rows)
            smaller.add_table(summary.source, summary.info.name, table, summary.info)
    return smaller


class _Named:
    """A table whose records are named, by one or two of its columns."""

    def __init__(self, rng: random.Random, workspace: Workspace, heads: Sequence[Head]) -> None:
        self.heads = rng.sample(list(heads), min(len(heads), rng.choice((1, 1, 2, 3))))
        values = ", ".join(" || ' ' || ".join(f"trim({sql})" for sql in head.sql) for head in self.heads)
        self.rows: list[tuple[Any, ...]] = workspace.connection.execute(
            f"SELECT _uid, {values} FROM {heads[0].table} LIMIT 3000"
        ).fetchall()
        rng.shuffle(self.rows)
        self.rows = self.rows[: rng.choice((5, 30, 200, 3000))]
        self.labelled = [
            rng.random() < (0.6 if _numeric(head, self.rows, n) else 0.25) for n, head in enumerate(self.heads, 1)
        ]
        self.share = rng.choice((0.15, 0.3, 0.6, 0.9, 1.0))
        self.several = rng.choice((1, 1, 2, 4))
        self.sloppy = rng.choice((0.0, 0.0, 0.2, 0.5))


def _numeric(head: Head, rows: Sequence[tuple[Any, ...]], n: int) -> bool:
    return all(str(row[n] or "").isdigit() for row in rows[:20])


def _write(
    rng: random.Random, data: MemoryData, named: Sequence[_Named], accidents: Sequence[tuple[float, list[str]]]
) -> WrittenCase | None:
    if not named:
        return None
    case = WrittenCase(data)
    texts: list[str] = []
    truths: list[set[str]] = []
    nouns = [word(rng, 1, 2) for _ in range(60)]
    cities = [word(rng, 2, 3).capitalize() for _ in range(10)]
    # A letterhead that every text has: at times one of the records themselves.
    own = word(rng, 2, 3).capitalize() + " Ltd"
    for _ in range(rng.randint(*_DOCUMENTS)):
        parts = [f"{own}, {rng.choice(cities)}"] if rng.random() < 0.7 else []
        truth: set[str] = set()
        for entity in named:
            if rng.random() < entity.share:
                for row in rng.sample(entity.rows, min(rng.randint(1, entity.several), len(entity.rows))):
                    parts += _said(rng, entity, row)
                    truth.add(row[0])
        for _ in range(rng.randint(1, 6)):
            parts.append(_filler(rng, nouns, cities))
        for share, values in accidents:
            if rng.random() < share:
                parts.append(f"{rng.choice(nouns)} {rng.choice(values)} {rng.choice(nouns)}, as before.")
        rng.shuffle(parts)
        texts.append("\n".join(parts))
        truths.append(truth)
    if rng.random() < 0.3:
        data.add_rows("desk", "notes", [{"note": text.replace("\n", " ")} for text in texts])
        case.truth = {f"desk/notes/{n}": truth for n, truth in enumerate(truths)}
    else:
        data.add_documents("post", "letters", {f"{n}.txt": [text] for n, text in enumerate(texts)})
        case.truth = {f"post/letters/{n}.txt": truth for n, truth in enumerate(truths)}
    return case


def _said(rng: random.Random, entity: _Named, row: tuple[Any, ...]) -> list[str]:
    parts = []
    for head, labelled, value in zip(entity.heads, entity.labelled, row[1:], strict=True):
        if value is None:
            continue
        text = _slip(rng, str(value)) if rng.random() < entity.sloppy else str(value)
        if labelled:
            label = (
                " ".join(words(head.column.columns[0])) if rng.random() < 0.7 else min(head.label_words, default="no")
            )
            text = f"{label.capitalize()}{rng.choice((': ', ' ', ' no. '))}{text}"
        parts.append(rng.choice(_SENTENCES).format(text))
    return parts


def _slip(rng: random.Random, text: str) -> str:
    options = (text.lower(), text.upper(), text.replace("-", ""), text.replace("-", " "), text.lstrip("0") or text)
    return rng.choice(options)


def _filler(rng: random.Random, nouns: Sequence[str], cities: Sequence[str]) -> str:
    match rng.randrange(5):
        case 0:
            return rng.choice(_FILLERS)
        case 1:
            return " ".join(rng.choice(nouns) for _ in range(rng.randint(4, 14))).capitalize() + "."
        case 2:
            price = f"{rng.randint(1, 9000)}.{rng.randint(0, 99):02d}"
            return f"{rng.randint(1, 40)} x {rng.choice(nouns)}  {price}  total {rng.randint(100, 99999)}"
        case 3:
            day = f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.{rng.randint(1990, 2025)}"
            return f"{rng.choice(cities)}, {day}, room {rng.randint(1, 400)}"
        case _:
            return f"{rng.choice(_ORDINARY)} and {rng.choice(_ORDINARY).lower()} are as before."
