"""Generates training schemas: archetypes renamed, re-typed, sub-sampled and made dirty, with their true references."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import inflection

from bifrost.links import Column
from bifrost.values import ColumnInfo, DatasetInfo, DatasetKind
from linking.memory import MemoryData
from linking.training.archetypes import ARCHETYPES
from linking.training.values import KEY_STYLES, make_key, makers

__all__ = ["GeneratedSchema", "generate_schema"]

_LINE = re.compile(r"(\w+)([/!]?)(?: ~(\d+))?: (.*)")
_SHORT = {
    "customer": "cust", "employee": "emp", "product": "prod", "order": "ord", "department": "dept", "category": "cat",
    "supplier": "supp", "account": "acct", "document": "doc", "student": "stud", "manager": "mgr", "vehicle": "veh",
    "number": "no", "patient": "pat", "company": "co", "article": "art", "machine": "mach", "ticket": "tkt",
}  # fmt: skip


_SAYINGS = {
    "manager": ("reports_to", "boss_id", "supervisor", "superior_id", "line_manager", "parent_id"),
    "boss": ("reports_to", "manager_id", "supervisor_id", "belongs_to"),
    "foreman": ("reports_to", "led_by", "supervisor"),
    "mentor": ("advised_by", "supervisor_id", "parent"),
    "captain": ("led_by", "reports_to", "chief_id"),
    "via": ("ship_via", "sent_by", "carried_by", "ship_via_id"),
    "agent": ("support_rep_id", "account_rep", "looked_after_by", "contact_id"),
    "assigned_to": ("assigned_to", "owner_id", "handled_by", "assignee"),
    "raised_by": ("opened_by", "reported_by", "requester_id", "created_by"),
    "contractor": ("done_by", "carried_out_by", "vendor"),
    "tutor": ("looked_after_by", "advisor_id", "mentor"),
}
"""Roles as people name them, without the name of the table they refer to."""
_SELF_ROLES = (
    "parent", "parent_id", "reports_to", "belongs_to", "part_of", "manager", "manager_id", "supervisor", "superior", "head",
    "boss", "boss_id", "replaced_by", "successor_of", "referred_by", "root_id", "reports_to_id", "lead_id", "within",
)  # fmt: skip
_PERSON_ROLES = (
    "support_rep_id", "sales_rep", "account_manager_id", "contact_id", "created_by", "approved_by", "owner", "owner_id",
    "responsible", "handled_by", "salesperson_id", "consultant", "changed_by", "advisor_id", "representative", "coordinator_id",
    "assistant", "reviewer_id", "signed_by", "keeper",
)  # fmt: skip
_PERSONAL = {"first", "last", "person"}


@dataclass(slots=True)
class GeneratedSchema:
    """Data with keys stripped (or not), the true references and those that are neither right nor wrong."""

    data: MemoryData
    references: set[tuple[Column, Column]] = field(default_factory=set)
    ignored: set[tuple[Column, Column]] = field(default_factory=set)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)


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


class _Style:
    """How one schema writes names."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.case = rng.choice(["snake", "snake", "camel", "pascal", "pascal", "upper", "flat"])
        self.plural = rng.random() < 0.5
        self.prefix = rng.choice(["", "", "", "", "tbl_", "t_", "dim_"])
        self.short = rng.random() < 0.25
        self.key = rng.choice(["id", "id", "table_id", "table_id", "table_id", "table_no", "table_code", "table_key"])
        self.reference = rng.choice(["id", "id", "id", "id", "same", "no", "code", "bare", "fk", "key", "ref"])

    def spell(self, *parts: str) -> str:
        words = [w for part in parts for w in part.split("_") if w]
        if self.short:
            words = [_SHORT.get(w, w) for w in words]
        match self.case:
            case "camel":
                return words[0] + "".join(w.capitalize() for w in words[1:])
            case "pascal":
                return "".join("ID" if w == "id" and self.short else w.capitalize() for w in words)
            case "upper":
                return "_".join(words).upper()
            case "flat":
                return "".join(words)
            case _:
                return "_".join(words)

    def table(self, name: str) -> str:
        words = name.split("_")
        if self.plural:
            words[-1] = inflection.pluralize(words[-1])
        return self.prefix + self.spell(*words)

    def key_name(self, table: str) -> str:
        return self.spell("id") if self.key == "id" else self.spell(table, self.key.removeprefix("table_"))

    def reference_name(self, role: str, table: str) -> str:
        if role.startswith("="):
            return self.spell(role[1:])
        if role in _SAYINGS and self.rng.random() < 0.6:
            return self.spell(self.rng.choice(_SAYINGS[role]))
        thing = role or table
        if role and self.rng.random() < 0.3:
            thing = f"{role}_{table}"
        style = self.reference if self.rng.random() < 0.85 else self.rng.choice(["id", "bare", "no", "code"])
        match style:
            case "same":
                suffix = "id" if self.key == "id" else self.key.removeprefix("table_")
                return self.spell(thing, suffix)
            case "bare":
                return self.spell(thing)
            case "fk":
                return self.spell("fk", thing)
            case suffix:
                return self.spell(thing, suffix)


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
        sources = rng.choice([["db"], ["db"], ["db"], ["erp", "crm"]])
        self.styles = {source: _Style(rng) for source in sources}
        self.source = {table: rng.choice(sources) for table in self.tables}
        style = rng.choice(KEY_STYLES)
        mixed = rng.random() < 0.4
        self.key_style = {t: rng.choice(KEY_STYLES) if mixed else style for t in self.tables}
        self.scale = rng.choice([0.3, 1.0, 1.0, 2.0])
        self.dirt = rng.choice([0.0, 0.0, 0.0, 0.02, 0.08])
        self._add_roles()
        self.keys: dict[str, list[object]] = {}
        self.names: dict[str, list[str]] = {}

    def _add_roles(self) -> None:
        """References whose names do not say what they refer to: within a table, and to tables of people."""
        rng = self.rng
        entities = [t for t in self.tables.values() if not t.join and not t.shares_key]
        people = [t for t in entities if sum(f.kind in _PERSONAL for f in t.fields) >= 1 and not t.fixed]
        for table in entities:
            if rng.random() < 0.2 and not any(f.target == table.name for f in table.fields):
                table.fields.append(_Field(f"={rng.choice(_SELF_ROLES)}", "reference", table.name, often_empty=True))
            if people and rng.random() < 0.15:
                role = f"={rng.choice(_PERSON_ROLES)}"
                table.fields.append(_Field(role, "reference", rng.choice(people).name, rng.random() < 0.3))

    def build(self) -> GeneratedSchema:
        result = GeneratedSchema(MemoryData())
        for table in self.tables.values():
            self.keys[table.name] = self._keys(table)
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
        return make_key(self.rng, self.key_style[table.name], table.name, max(rows, 3))

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
                self._put(columns, style.spell(item.name), [self.make[item.kind]() for _ in range(rows)])
        if rng.random() < 0.15 and not table.join:
            self._put(columns, style.spell("row_number"), list(range(1, rows + 1)))
        order = list(columns)
        if rng.random() < 0.1:
            rng.shuffle(order)
        keep = [] if rng.random() < 0.05 else self._kept_rows(rows)
        records = [{name: columns[name][i] for name in order} for i in keep]
        info = DatasetInfo(
            dataset,
            DatasetKind.TABLE,
            tuple(ColumnInfo(n, "integer" if isinstance(columns[n][0], int) else "text") for n in order),
            key=(key,) if declared and key else (),
        )
        result.data.add_rows(source, dataset, records, info)
        result.keys[source, dataset] = key

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
            values = self._pick(head_keys[: max(2, len(head_keys) // 4)] if few else head_keys, rows, item.often_empty)
            name = style.reference_name(item.name, target)
            if source != head_source or rng.random() < 0.08:
                values = self._respelled(values, self.key_style[target])
        name = self._put(columns, name, values)
        head_table = self.tables[target]
        head_key = head_style.key_name(target)
        if head_table.shares_key:
            return
        pair = (Column(source, dataset, (name,)), Column(head_source, head_style.table(target), (head_key,)))
        result.references.add(pair)

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

    def _spoiled(self, value: object) -> object:
        return value + 10**6 if isinstance(value, int) else f"{value}X"

    def _respelled(self, values: list[Any], style: str) -> list[Any]:
        """The same keys as another system writes them."""
        rewrites: list[Callable[[str], str]]
        match style:
            case "code":
                rewrites = [str.lower, lambda v: re.sub(r"^\D+0*", "", v) or v, lambda v: f" {v}"]
            case "padded":
                rewrites = [lambda v: v.lstrip("0") or "0", lambda v: f"{v} "]
            case "letters" | "uuid":
                rewrites = [str.lower, str.upper, lambda v: f"{v} "]
            case _:
                rewrites = [lambda v: f"{v}.0", str, lambda v: f"{int(v):06d}" if v.isdigit() else v]
        rewrite = self.rng.choice(rewrites)
        return [None if v is None else rewrite(str(v)) for v in values]
