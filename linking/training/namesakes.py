"""Generates texts that name records by names which several of them share, with what else such texts say of the record meant.

A column of names (at times single words, or numbers) of a training schema gets namesakes. Letters and notes then name its
records: beside the name stand, near or far, other values of the record (town, street, date of birth, e-mail), names and codes
of records linked to it, and values of other records that have nothing to do with it; some name somebody who is not in the
table, and some tell nothing but the name.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from bifrost.values import make_uid
from linking.memory import MemoryData
from linking.names import words
from linking.training.generate import GeneratedSchema, generate_schema
from linking.training.values import word

__all__ = ["NamesakeCase", "write_namesakes"]

_ABOUT = (
    "{name}, {value}", "{name} ({value})", "{name} of {value}", "{value}: {name}", "{name}\n{value}", "{name}, {label} {value}",
    "{name} - {label}: {value}", "{label} {value}, {name}",
)  # fmt: skip
_ALSO = (
    "{label}: {value}", "It is about {label} {value}.", "See {value}.", "{value} is concerned as well.", "{label} {value}",
    "This is because of {value}, as agreed.", "({value})", "Your {label}: {value}",
)  # fmt: skip
_NAMED = (
    "We spoke with {} about the delivery.", "Regarding {} there is still an open point.", "{} called again this morning.",
    "The meeting with {} went well.", "Dear {},", "Kind regards\n{}", "{}", "As agreed with {}, we will send it.",
    "Please ask {} before Friday.", "A note for {}",
)  # fmt: skip
_FILLERS = (
    "The service team is open from 8 to 17 on every day of the week.", "Sales went up in the north and down in the south.",
    "Please order early; the standard box holds 24 pieces.", "Payment is due within 30 days, net.", "Page 1 of 3",
    "Transport is free above 1500, express costs extra.", "The main building is closed; use the east gate.",
    "Water, light and power were checked and are fine.", "We look forward to your answer and remain with best wishes.",
)  # fmt: skip
_ACCIDENTS = (
    "The {1} {0} was checked.", "{0} and {1} are as before.", "Total: {1} for the {0}", "{1} {0}s, as ordered",
    "We like the {0} {1}.", "Item {1} {0}",
)  # fmt: skip
_MOST_ROWS = 300
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
Row = dict[str, Any]


@dataclass(slots=True)
class NamesakeCase:
    """``truth``: per text the uids of the records that it truly names. ``link_type`` looks names up by the shared column;
    ``references`` are confirmed link types between the tables."""

    data: MemoryData
    link_type: LinkType
    references: list[LinkType]
    truth: dict[str, set[str]] = field(default_factory=dict)


def write_namesakes(seed: int, archetypes: Sequence[str]) -> NamesakeCase | None:
    """A case determined by its seed; None where the drawn schema has no names."""
    rng = random.Random(f"namesakes {seed}")  # noqa: S311
    schema = generate_schema(seed, archetypes)
    tables = _tables(schema)
    heads = list(_heads(tables, schema))
    if not heads:
        return None
    (source, dataset), columns = rng.choice(heads)
    rows = tables[source, dataset]
    groups = _share_names(rng, rows, columns)
    if not groups:
        return None
    world = _World(schema, tables, (source, dataset), columns)
    data = MemoryData()
    near = world.near()
    for summary in schema.data.datasets():
        made = tables[summary.source, summary.info.name]
        if made and (summary.source, summary.info.name) in near:
            data.add_rows(summary.source, summary.info.name, made, summary.info)
    references = [
        LinkType(link_type_id(LinkKind.REFERENCE, t, h), LinkKind.REFERENCE, t, h, "of", LinkState.CONFIRMED)
        for t, h in sorted(schema.references)
        if rng.random() < 0.8 and {(t.source, t.dataset), (h.source, h.dataset)} <= near
    ]
    return _Writer(rng, data, world, groups, references).write()


def _tables(schema: GeneratedSchema) -> dict[tuple[str, str], list[Row]]:
    """All rows, at most so many of a table."""
    made: dict[tuple[str, str], list[Row]] = {}
    for summary in schema.data.datasets():
        batches = list(schema.data.rows(summary.source, summary.info.name))
        rows = pa.Table.from_batches(batches).slice(0, _MOST_ROWS).to_pylist() if batches else []
        made[summary.source, summary.info.name] = [{k: v for k, v in row.items() if k != "_uid"} for row in rows]
    return made


def _heads(
    tables: Mapping[tuple[str, str], list[Row]], schema: GeneratedSchema
) -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Columns of names in words, and first and last names together, of tables of some size; no keys and references."""
    used = {(c.source, c.dataset, name) for ends in schema.references for c in ends for name in c.columns}
    for (source, dataset), rows in sorted(tables.items()):
        if len(rows) < 8:
            continue
        free = [n for n in rows[0] if (source, dataset, n) not in used]
        first = next((n for n in free if words(n)[:1] in (("first",), ("given",)) or words(n) == ("forename",)), None)
        last = next((n for n in free if words(n)[:1] in (("last",), ("family",)) or words(n) == ("surname",)), None)
        if first and last:
            yield (source, dataset), (first, last)
        for name in free:
            values = [str(r[name]) for r in rows if r.get(name)]
            if len(values) < 8:
                continue
            if _plain(values):
                yield (source, dataset), (name,)
            several = sum(len(v.split()) in (2, 3, 4) and v.replace(" ", "").isalnum() for v in values)
            if several >= 0.7 * len(values) and len(set(values)) >= 0.6 * len(values):
                yield (source, dataset), (name,)


def _plain(values: Sequence[str]) -> bool:
    """Single words or plain numbers, most of them different."""
    words_ = all(v.isalpha() and len(v) >= 4 for v in values)
    numbers = all(v.isdigit() and 4 <= len(v) <= 8 for v in values)
    return (words_ or numbers) and len(set(values)) >= 0.6 * len(values)


def _share_names(rng: random.Random, rows: list[Row], columns: Sequence[str]) -> list[list[int]]:
    """Gives some rows the name of others: groups of rows of one name."""
    usable = [n for n, row in enumerate(rows) if all(row.get(c) for c in columns)]
    rng.shuffle(usable)
    share, most = rng.choice(((0.1, 2), (0.3, 2), (0.3, 3), (0.8, 4)))
    if _plain([str(rows[n][c]) for n in usable for c in columns]) and rng.random() < 0.6:
        return [[n] for n in usable]
    left = usable[: max(int(share * len(usable)), 4)]
    while len(left) >= 2:
        size = min(rng.randint(2, most), len(left))
        group, left = left[:size], left[size:]
        for n in group[1:]:
            rows[n].update({c: rows[group[0]][c] for c in columns})
    names: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for n in usable:
        names[tuple(rows[n][c] for c in columns)].append(n)
    return [group for group in names.values() if 2 <= len(group) <= 20]


class _World:
    """What may be said of a record besides its name."""

    def __init__(
        self,
        schema: GeneratedSchema,
        tables: Mapping[tuple[str, str], list[Row]],
        head: tuple[str, str],
        columns: tuple[str, ...],
    ) -> None:
        self.head, self.columns, self.rows = head, columns, tables[head]
        self._tables = tables
        self._steps: dict[tuple[str, str], list[tuple[tuple[str, str], str, str]]] = defaultdict(list)
        for tail, other in schema.references:
            if len(tail.columns) == 1 == len(other.columns):
                ends = (tail.source, tail.dataset), (other.source, other.dataset)
                self._steps[ends[0]].append((ends[1], tail.columns[0], other.columns[0]))
                self._steps[ends[1]].append((ends[0], other.columns[0], tail.columns[0]))
        for steps in self._steps.values():
            steps.sort()
        self._by_value: dict[tuple[tuple[str, str], str], dict[str, list[int]]] = {}

    def near(self) -> set[tuple[str, str]]:
        """The tables over up to two references."""
        found = {self.head}
        for _ in range(2):
            found |= {table for at in sorted(found) for table, _, _ in self._steps[at]}
        return found

    def name(self, row: Row) -> str:
        return " ".join(str(row[c]) for c in self.columns)

    def own(self, row: Row) -> list[tuple[str, str]]:
        """Label and value of the other columns."""
        return [(_label(name), str(v)) for name, v in row.items() if name not in self.columns and _tells(v)]

    def linked(self, rng: random.Random, row: Row) -> list[tuple[str, str]]:
        """Names and codes of records over one reference, or two."""
        found: list[tuple[str, str]] = []
        for table, here, there in self._steps[self.head]:
            for other in self._rows(rng, table, there, row.get(here)):
                found += self._naming(table, other)
                for far, at, to in self._steps[table]:
                    if far not in (self.head, table):
                        for last in self._rows(rng, far, to, other.get(at)):
                            found += self._naming(far, last)
        return found

    def _naming(self, table: tuple[str, str], row: Row) -> list[tuple[str, str]]:
        return [(_label(table[1]), str(v)) for n, v in list(row.items())[:3] if table != self.head and _tells(v)]

    def _rows(self, rng: random.Random, table: tuple[str, str], column: str, value: Any) -> list[Row]:
        if value is None:
            return []
        if (table, column) not in self._by_value:
            index: dict[str, list[int]] = defaultdict(list)
            for n, row in enumerate(self._tables[table]):
                index[str(row.get(column))].append(n)
            self._by_value[table, column] = index
        found = self._by_value[table, column].get(str(value), [])
        return [self._tables[table][n] for n in rng.sample(found, min(len(found), 2))]


def _label(name: str) -> str:
    return " ".join(words(name))


def _tells(value: Any) -> bool:
    return value is not None and 3 <= len(str(value)) <= 60


class _Writer:
    def __init__(
        self,
        rng: random.Random,
        data: MemoryData,
        world: _World,
        groups: Sequence[Sequence[int]],
        references: list[LinkType],
    ) -> None:
        self.rng, self.data, self.world, self.groups, self.references = rng, data, world, groups, references
        self.clear = rng.choice((0.5, 0.75, 0.9))
        self.stranger = rng.choice((0.0, 0.1, 0.25))
        self.noise = rng.choice((0, 1, 3))
        self.nouns = [word(rng, 1, 2) for _ in range(60)]
        self.accidents = rng.choice((0.0, 0.5, 2.0))
        own = world.own(rng.choice(world.rows))
        self.letterhead = f"{word(rng, 2, 3).capitalize()} Ltd, {rng.choice(own)[1] if own else ''}"
        self.has_letterhead = rng.random() < 0.5

    def write(self) -> NamesakeCase:
        rng = self.rng
        texts: list[str] = []
        truths: list[set[int]] = []
        said: list[Row] = []
        for _ in range(rng.randint(20, 60)):
            text, truth, properties = self._text()
            texts.append(text)
            truths.append(truth)
            said.append(properties)
        source, dataset = self.world.head
        if rng.random() < 0.3:
            tail, names = Column("desk", "notes", ("note",)), [str(n) for n in range(len(texts))]
            rows = [{"note": t.replace("\n", " "), **s} for t, s in zip(texts, said, strict=True)]
            self.data.add_rows("desk", "notes", rows)
        else:
            tail, names = Column("post", "letters"), [f"{n}.txt" for n in range(len(texts))]
            pages = {name: [text] for name, text in zip(names, texts, strict=True)}
            self.data.add_documents("post", "letters", pages, properties=dict(zip(names, said, strict=True)))
        uids = self._uids()
        head = Column(source, dataset, self.world.columns)
        id_ = link_type_id(LinkKind.MENTION, tail, head)
        case = NamesakeCase(
            self.data, LinkType(id_, LinkKind.MENTION, tail, head, "mentions", LinkState.CONFIRMED), self.references
        )
        for name, truth in zip(names, truths, strict=True):
            case.truth[make_uid(tail.source, tail.dataset, name)] = {uids[n] for n in truth}
        return case

    def _uids(self) -> list[str]:
        batches = self.data.rows(*self.world.head)
        return [uid for batch in batches for uid in batch.column("_uid").to_pylist()]

    def _text(self) -> tuple[str, set[int], Row]:
        rng, rows = self.rng, self.world.rows
        parts: list[str] = [self.letterhead] if self.has_letterhead else []
        truth: set[int] = set()
        properties: Row = {"subject": " ".join(rng.choice(self.nouns) for _ in range(3))}
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            chosen = rng.choice(rng.choice(self.groups)) if rng.random() < 0.85 else rng.randrange(len(rows))
            row = rows[chosen]
            if not all(row.get(c) for c in self.world.columns):
                continue
            if rng.random() < self.stranger:
                meant = self._stranger(chosen)
            else:
                meant = row
                truth.add(chosen)
            parts.append("\n".join(self._about(row, meant, properties)))
        for _ in range(rng.randint(0, self.noise)):
            parts += [rng.choice(_ALSO).format(label=label, value=v) for label, v in self._known(rng.choice(rows), 1)]
        if len(self.world.columns) == 1 and all(_plain([self.world.name(rows[g[0]])]) for g in self.groups[:9]):
            for _ in range(int(rng.random() < self.accidents) + int(rng.random() < self.accidents - 1)):
                value = self.world.name(rows[rng.choice(rng.choice(self.groups))])
                value = value.lower() if rng.random() < 0.4 else value
                parts.insert(rng.randint(0, len(parts)), rng.choice(_ACCIDENTS).format(rng.choice(self.nouns), value))
        for _ in range(rng.randint(1, 6)):
            line = rng.choice(_FILLERS) if rng.random() < 0.5 else " ".join(rng.choice(self.nouns) for _ in range(9))
            parts.insert(rng.randint(0, len(parts)), line)
        return "\n".join(parts), truth, properties

    def _stranger(self, chosen: int) -> Row:
        """Somebody of that name who is not in the table, with values such as the others have."""
        other = self.world.rows[self.rng.randrange(len(self.world.rows))]
        made = {k: (v if self.rng.random() < 0.5 else word(self.rng, 2, 3).capitalize()) for k, v in other.items()}
        return made | {c: self.world.rows[chosen][c] for c in self.world.columns}

    def _known(self, row: Row, count: int) -> list[tuple[str, str]]:
        own, linked = self.world.own(row), self.world.linked(self.rng, row)
        chosen = []
        for _ in range(count):
            options = linked if linked and (not own or self.rng.random() < 0.35) else own
            if options:
                label, value = self.rng.choice(options)
                chosen.append((label, self._spelt(value)))
        return chosen

    def _spelt(self, value: str) -> str:
        """Values as people write them: days in their order, capitals or not."""
        if match := _DAY.fullmatch(value):
            year, month, day = match.groups()
            return self.rng.choice((value, f"{day}.{month}.{year}", f"{int(day)}.{int(month)}.{year}"))
        return self.rng.choice((value.upper(), value.lower())) if self.rng.random() < 0.1 else value

    def _about(self, row: Row, meant: Row, properties: Row) -> list[str]:
        """Lines with the name and what is said of whom it means."""
        rng, name = self.rng, self.world.name(row)
        facts = self._known(meant, rng.choice((1, 1, 2, 3, 4)) if rng.random() < self.clear else 0)
        lines: list[str] = []
        near = rng.random() < 0.6
        if facts and near:
            label, value = facts.pop()
            lines.append(rng.choice(_ABOUT).format(name=name, label=label, value=value))
        else:
            lines.append(rng.choice(_NAMED).format(name))
        for label, value in facts:
            if rng.random() < 0.12:
                properties[rng.choice(("from", "to", "author", "keywords"))] = value
                continue
            lines += rng.choices(_FILLERS, k=rng.choice((0, 0, 1, 3)))
            lines.append(rng.choice(_ALSO).format(label=label, value=value))
        if rng.random() < 0.2:
            lines.append(rng.choice(_NAMED).format(name))
        return lines
