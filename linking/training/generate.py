"""Generates training schemas: archetypes renamed, re-typed, sub-sampled and made dirty, with their true references."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from bifrost.links import Column
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.memory import MemoryData
from linking.training.archetypes import ARCHETYPES
from linking.training.naming import ALIASES, PERSON_ROLES, PERSONAL, SELF_ROLES, Style
from linking.training.values import KEY_STYLES, make_key, makers

__all__ = ["GeneratedSchema", "generate_schema"]

_TREES = 0.85
"""The share of references of a table to itself that have no cycles."""
_LINE = re.compile(r"(\w+)([/!]?)(?: ~(\d+))?: (.*)")


@dataclass(slots=True)
class GeneratedSchema:
    """Data with keys stripped (or not), the true references and those that are neither right nor wrong."""

    data: MemoryData
    references: set[tuple[Column, Column]] = field(default_factory=set)
    ignored: set[tuple[Column, Column]] = field(default_factory=set)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    joins: set[tuple[str, str]] = field(default_factory=set)
    """The tables that only join two others."""


@dataclass(slots=True)
class _Field:
    name: str
    kind: str
    target: str = ""
    often_empty: bool = False


@dataclass(slots=True)
class _Table:
    name: str
    join: bool
    shares_key: bool
    fixed: int
    fields: list[_Field]


def _parse(text: str) -> list[_Table]:
    tables = []
    for line in filter(None, map(str.strip, text.splitlines())):
        match = _LINE.fullmatch(line)
        assert match, line
        name, mark, fixed, columns = match.groups()
        fields = []
        for spec in columns.split(", "):
            if ">" in spec:
                role, _, target = spec.partition(">")
                fields.append(_Field(role, "reference", target.lstrip(">"), target.startswith(">")))
            else:
                column, _, kind = spec.partition("=")
                fields.append(_Field(column, kind))
        tables.append(_Table(name, mark == "/", mark == "!", int(fixed or 0), fields))
    return tables


def generate_schema(seed: int, archetypes: Sequence[str] = ()) -> GeneratedSchema:
    """A schema of one or two sources, determined by its seed, from some archetypes (all when none is given)."""
    rng = random.Random(seed)  # noqa: S311
    choices = sorted(archetypes or ARCHETYPES)
    tables = _parse(ARCHETYPES[rng.choice(choices)])
    if rng.random() < 0.3:
        other = _parse(ARCHETYPES[rng.choice(choices)])
        taken = {t.name for t in tables}
        if not taken & {t.name for t in other}:
            tables += other
    return _Builder(rng, tables).build()


class _Builder:
    def __init__(self, rng: random.Random, tables: Sequence[_Table]) -> None:
        self.rng = rng
        self.tables = {table.name: table for table in tables}
        self.make = makers(rng)
        if rng.random() < 0.2:
            self._add_settings()
        calendar = self._add_calendar() if rng.random() < 0.15 else ""
        sources = rng.choice([["db"], ["db"], ["db"], ["erp", "crm"]])
        self.styles = {source: Style(rng) for source in sources}
        for table in self.tables:
            if rng.random() < 0.12:
                alias = rng.choice(ALIASES).replace("*", table)
                for writing in self.styles.values():
                    writing.alias[table] = alias
        self.source = {table: rng.choice(sources) for table in self.tables}
        style = rng.choice(KEY_STYLES)
        mixed = rng.random() < 0.4
        self.key_style = {t: rng.choice(KEY_STYLES) if mixed else style for t in self.tables}
        if calendar:
            self.key_style[calendar] = rng.choice(["serial", "day number", "day number", "date digits"])
        self.scale = rng.choice([0.3, 1.0, 1.0, 2.0])
        self.second = rng.choice(["padded", "plain"])
        self.dirt = rng.choice([0.0, 0.0, 0.0, 0.02, 0.08])
        self._add_roles()
        self.keys: dict[str, list[object]] = {}
        self.plain: dict[str, dict[str, list[object]]] = {}
        self.names: dict[str, list[str]] = {}

    def _add_roles(self) -> None:
        """References whose names do not say what they refer to: within a table, and to tables of people."""
        rng = self.rng
        entities = [t for t in self.tables.values() if not t.join and not t.shares_key]
        people = [t for t in entities if sum(f.kind in PERSONAL for f in t.fields) >= 1 and not t.fixed]
        for table in entities:
            if rng.random() < 0.2 and not any(f.target == table.name for f in table.fields):
                table.fields.append(_Field(f"={rng.choice(SELF_ROLES)}", "reference", table.name, often_empty=True))
            if people and rng.random() < 0.15:
                role = f"={rng.choice(PERSON_ROLES)}"
                table.fields.append(_Field(role, "reference", rng.choice(people).name, rng.random() < 0.3))

    def _add_settings(self) -> None:
        """A table of one or two rows, whose values are found all over the place and that nothing refers to."""
        rng = self.rng
        kinds = rng.sample(["city", "country", "flag", "noun", "rank", "small", "title", "street", "company"], k=5)
        name = rng.choice(["settings", "head_office", "own_company", "site"])
        fields = [_Field(kind if rng.random() < 0.5 else f"{name}_{kind}", kind) for kind in kinds]
        self.tables[name] = _Table(name, False, False, rng.choice([1, 1, 2]), fields)

    def _add_calendar(self) -> str:
        """A table of days, as warehouses have it, that many dates refer to; returns its name."""
        rng = self.rng
        name = rng.choice(["date", "day", "calendar"])
        for table in self.tables.values():
            for item in table.fields:
                if item.kind == "date" and rng.random() < 0.8:
                    item.name = rng.choice(["", "="]) + item.name + rng.choice(["", "_date"])
                    item.kind, item.target = "reference", name
        fields = [("full_date", "date"), ("year", "year"), ("month", "rank"), ("weekday", "rank"), ("holiday", "flag")]
        self.tables[name] = _Table(name, False, False, rng.choice([365, 731, 2_000]), [_Field(*f) for f in fields])
        return name

    def build(self) -> GeneratedSchema:
        result = GeneratedSchema(MemoryData())
        for table in self.tables.values():
            self.keys[table.name] = self._keys(table)
            self.plain[table.name] = self._plain(table)
        declared = self.rng.random() < 0.3
        for table in self.tables.values():
            self._add(result, table, declared)
        return result

    def _keys(self, table: _Table) -> list[object]:
        if table.shares_key:
            parent = self.keys[table.fields[0].target]
            return parent[: max(2, int(len(parent) * self.rng.uniform(0.5, 1.0)))]
        rows = table.fixed or int(self.scale * self.rng.choice([8, 15, 40, 90, 200, 400, 700]))
        if len([f for f in table.fields if f.target]) >= 2 and not table.fixed:
            rows = int(rows * self.rng.choice([1, 2, 4]))
        return make_key(self.rng, self.key_style[table.name], table.name, rows if table.fixed else max(rows, 3))

    def _plain(self, table: _Table) -> dict[str, list[object]]:
        """The values of the columns that refer to nothing. E-mail addresses differ from person to person."""
        rows = len(self.keys[table.name])
        values = {f.name: [self.make[f.kind]() for _ in range(rows)] for f in table.fields if not f.target}
        for item in table.fields:
            if item.kind == "email":
                values[item.name] = [str(v).replace("@", f"{n}@") for n, v in enumerate(values[item.name])]
        return values

    def _add(self, result: GeneratedSchema, table: _Table, declared: bool) -> None:
        rng, source = self.rng, self.source[table.name]
        style = self.styles[source]
        dataset, rows = style.table(table.name), len(self.keys[table.name])
        columns: dict[str, list[Any]] = {}
        key = ""
        if not table.join and not table.shares_key:
            key = style.key_name(table.name)
            columns[key] = list(self.keys[table.name])
        for item in table.fields:
            if item.target:
                self._add_reference(result, table, item, columns, dataset, rows)
            else:
                self._put(columns, style.spell(item.name), list(self.plain[table.name][item.name]))
        if rng.random() < 0.2:
            name = rng.choice(["line_no", "seq", "position_no", "item_number", "rank"])
            self._put(columns, style.spell(name), [self.make["rank"]() for _ in range(rows)])
        if rng.random() < 0.15 and not table.join:
            self._put(columns, style.spell("row_number"), list(range(1, rows + 1)))
        if rng.random() < 0.25 and not table.join:
            at_home = any(f.kind in ("street", "city") for f in table.fields)
            names = ["street_number", "house_no"] if at_home else ["floor_no", "version_no", f"{table.name}_number"]
            numbers = self.make[rng.choice(["small", "medium"])]
            self._put(columns, style.spell(rng.choice([*names, table.name])), [numbers() for _ in range(rows)])
        if rng.random() < 0.1 and not table.join:
            self._put(columns, style.spell(table.name, rng.choice(["code", "no", "id"])), self._second_key(rows))
        order = list(columns)
        if rng.random() < 0.1:
            rng.shuffle(order)
        keep = [] if rng.random() < 0.05 else self._kept_rows(rows)
        written = {name: style.column(table.name, name) for name in order}
        records = [{written[name]: columns[name][i] for name in order} for i in keep]
        info = DatasetInfo(
            dataset,
            DatasetKind.TABLE,
            tuple(ColumnInfo(written[n], "integer" if isinstance(columns[n][0], int) else "text") for n in order),
            key=(written[key],) if declared and key else (),
        )
        result.data.add_rows(source, dataset, records, info)
        result.keys[source, dataset] = written[key] if key else ""
        if table.join:
            result.joins.add((source, dataset))

    def _side(self, table: _Table, name: str) -> Column:
        """A column as the finished schema has it."""
        source = self.source[table.name]
        style = self.styles[source]
        return Column(source, style.table(table.name), (style.column(table.name, name),))

    def _second_key(self, rows: int) -> list[object]:
        """Codes that number the records once more, in the same way in each table that has them."""
        return [f"{'A' * 6}{n:05d}" for n in range(rows)] if self.second == "padded" else list(range(1, rows + 1))

    def _kept_rows(self, rows: int) -> list[int]:
        """Sub-sampling: exports often lack some records, so that references to them dangle."""
        if self.rng.random() < 0.12 and rows > 20:
            return sorted(self.rng.sample(range(rows), int(rows * self.rng.uniform(0.7, 0.98))))
        return list(range(rows))

    def _put(self, columns: dict[str, list[Any]], name: str, values: list[Any]) -> str:
        while name in columns or any(name.lower() == other.lower() for other in columns):
            name += "2"
        columns[name] = values
        return name

    def _add_reference(
        self,
        result: GeneratedSchema,
        table: _Table,
        item: _Field,
        columns: dict[str, list[Any]],
        dataset: str,
        rows: int,
    ) -> None:
        rng, source, target = self.rng, self.source[table.name], item.target
        style, head_source = self.styles[source], self.source[target]
        head_style, head_keys = self.styles[head_source], self.keys[target]
        if table.shares_key and item is table.fields[0]:
            name = style.key_name(target) if rng.random() < 0.6 else style.reference_name("", target)
            values = list(self.keys[table.name])
        else:
            few = target == table.name and rng.random() < 0.7
            if self._add_natural(result, table, item, columns, dataset, rows):
                return
            values = self._pick(head_keys[: max(2, len(head_keys) // 4)] if few else head_keys, rows, item.often_empty)
            if target == table.name:
                values = self._as_hierarchy(table.name, item.name, values, head_keys)
            self._add_copy(result, table, item, values, columns)
            name = style.reference_name(item.name, target)
            if source != head_source or rng.random() < 0.08:
                values = self._respelled(values, self.key_style[target])
            elif rng.random() < 0.05 and target != table.name:
                values = self._listed(values)
        name = self._put(columns, name, values)
        head_table = self.tables[target]
        if head_table.shares_key:
            return
        result.references.add((self._side(table, name), self._side(head_table, head_style.key_name(target))))

    def _add_natural(
        self,
        result: GeneratedSchema,
        table: _Table,
        item: _Field,
        columns: dict[str, list[Any]],
        dataset: str,
        rows: int,
    ) -> bool:
        """Sometimes a table refers by e-mail address or unique name instead of by key."""
        rng, target = self.rng, item.target
        options = [
            f
            for f in self.tables[target].fields
            if f.kind in ("email", "company", "product")
            and len(set(self.plain[target][f.name])) == len(self.keys[target])
        ]
        if not options or rng.random() >= 0.12:
            return False
        source, head_source, chosen = self.source[table.name], self.source[target], rng.choice(options)
        style, head_style = self.styles[source], self.styles[head_source]
        thing = item.name.removeprefix("=") or target
        parts = rng.choice([(thing,), (thing,), (thing, chosen.name), (thing, "by"), (chosen.name,)])
        name = self._put(
            columns, style.spell(*parts), self._pick(self.plain[target][chosen.name], rows, item.often_empty)
        )
        head = self._side(self.tables[target], head_style.spell(chosen.name))
        result.references.add((self._side(table, name), head))
        return True

    def _add_copy(
        self, result: GeneratedSchema, table: _Table, item: _Field, values: list[Any], columns: dict[str, list[Any]]
    ) -> None:
        """Sometimes a name is copied beside the key; whether that is a reference of its own is left open."""
        target = item.target
        options = [
            f for f in self.tables[target].fields if f.kind in ("company", "person", "product", "phrase", "city")
        ]
        if not options or self.rng.random() >= 0.12:
            return
        chosen = self.rng.choice(options)
        of_key = dict(zip(self.keys[target], self.plain[target][chosen.name], strict=True))
        head_style = self.styles[self.source[target]]
        spelled = self.styles[self.source[table.name]].spell(
            *self.rng.choice([(target, chosen.name), (target, "name"), (chosen.name,)])
        )
        name = self._put(columns, spelled, [of_key.get(v) for v in values])
        head = self._side(self.tables[target], head_style.spell(chosen.name))
        result.ignored.add((self._side(table, name), head))

    def _listed(self, values: list[Any]) -> list[Any]:
        """Several keys in one cell, as a list or written out."""
        filled = [v for v in values if v is not None]
        if not filled:
            return values
        lists = [[self.rng.choice(filled) for _ in range(self.rng.randint(0, 4))] for _ in values]
        match self.rng.choice(["list", "python", "semicolon"]):
            case "list":
                return lists
            case "python":
                return [str(items) for items in lists]
            case _:
                return ["; ".join(map(str, items)) or None for items in lists]

    def _as_hierarchy(self, table: str, role: str, values: list[Any], keys: Sequence[object]) -> list[Any]:
        """Mostly without cycles: rows name an earlier one. With dice of its own, so that all else stays as it was."""
        rng = random.Random(f"{table} {role} {len(values)} {values[:5]}")  # noqa: S311
        if rng.random() > _TREES:
            return values
        place = {key: n for n, key in enumerate(keys)}
        result: list[Any] = []
        for n, value in enumerate(values):
            at = place.get(value, -1)  # what is not there, or dangles, stays
            result.append(value if at < n else keys[rng.randrange(n)] if n else None)
        return result

    def _pick(self, keys: Sequence[object], rows: int, often_empty: bool) -> list[Any]:
        rng = self.rng
        pool = list(keys)
        if rng.random() < 0.25 and len(pool) > 6:
            pool = rng.sample(pool, max(2, int(len(pool) * rng.uniform(0.1, 0.6))))
        skewed = rng.random() < 0.4
        picked = [
            pool[min(int(rng.paretovariate(0.7)) - 1, len(pool) - 1)] if skewed else rng.choice(pool)
            for _ in range(rows)
        ]
        empty = rng.uniform(0.05, 0.4) if often_empty else rng.choice([0, 0, 0, 0, 0.05, 0.3])
        if rng.random() < 0.03:
            empty = 1.0
        picked = [None if rng.random() < empty else value for value in picked]
        if self.dirt:
            picked = [self._spoiled(v) if v is not None and rng.random() < self.dirt else v for v in picked]
        return picked

    def _sloppy(self, value: str) -> str:
        return self.rng.choice([value, value.lower(), value.replace("-", ""), value.replace("-", "/")])

    def _spoiled(self, value: object) -> object:
        return value + 10**6 if isinstance(value, int) else f"{value}X"

    def _respelled(self, values: list[Any], style: str) -> list[Any]:
        """The same keys as another system writes them."""
        rewrites: list[Callable[[str], str]]
        match style:
            case "code":
                rewrites = [str.lower, lambda v: re.sub(r"^\D+0*", "", v) or v, lambda v: f" {v}"]
            case "article":
                rewrites = [str.lower, lambda v: v.replace("-", ""), lambda v: v.replace("-", " "), self._sloppy]
            case "padded":
                rewrites = [lambda v: v.lstrip("0") or "0", lambda v: f"{v} "]
            case "letters" | "uuid":
                rewrites = [str.lower, str.upper, lambda v: f"{v} "]
            case _:
                rewrites = [lambda v: f"{v}.0", str, lambda v: f"{int(v):06d}" if v.isdigit() else v]
        rewrite = self.rng.choice(rewrites)
        return [None if v is None else rewrite(str(v)) for v in values]
