"""Texts that name records which share their names with others, and which record each text means.

``generated`` are schemas of held-back archetypes; ``companies`` are demo companies whose employees, customers and articles were
given the names of others, in the tables and in all documents; ``tickets`` are the tickets of the enterprise data (prose that
nobody wrote for this), in which employees were given the names of others.
"""

import json
import random
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from api.demo import make_company
from benchmarks.mention_cases import text_of
from benchmarks.tables import add_sqlite
from bifrost.links import Column, LinkKind, LinkState, LinkType, link_type_id
from bifrost.values import make_uid
from linking.memory import MemoryData
from linking.paths import declared_references
from linking.training.namesakes import NamesakeCase, write_namesakes
from linking.training.train_columns import HELD_BACK
from linking.training.values import word

__all__ = ["companies", "corpus", "generated", "tickets"]

_CASES = 60
_COMPANIES = 4
_SHARE = 0.5
"""Of the employees and customers, those that are given the name of another one."""
_NAMES = {"employee": ("first_name", "last_name"), "customer": ("company",), "product": ("title",)}
_KEYS = {"employee": "emp_id", "customer": "customer_no", "product": "article_no"}
_NUMBER = re.compile(r"\s+\d+$")
Rows = list[dict[str, Any]]


def generated(first: int) -> Iterator[NamesakeCase]:
    """Cases of seeds from ``first`` on."""
    yield from filter(None, (write_namesakes(seed, HELD_BACK) for seed in range(first, first + _CASES)))


def companies(first: int, *, keys: bool) -> Iterator[NamesakeCase]:
    """Per company and kind of record a case; without ``keys`` the texts lose the numbers of the records of that kind."""
    for seed in range(first, first + _COMPANIES):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            make_company(folder, scale=1, seed=seed)
            truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
            paths = [path for path in truth["documents"] if not path.startswith("scans/")]
            texts = {path: text_of(folder / "documents" / path) for path in paths}
            plain = MemoryData()
            add_sqlite(plain, folder / "erp.sqlite", "erp", keys=True)
            for kind in _NAMES:
                yield _company(random.Random(f"{kind} {seed}"), plain, kind, texts, truth, keys=keys)


def _company(
    rng: random.Random, plain: MemoryData, kind: str, texts: Mapping[str, str], truth: Mapping[str, Any], *, keys: bool
) -> NamesakeCase:
    data = MemoryData()
    renamed: dict[str, str] = {}
    numbers: list[str] = []
    for summary in plain.datasets():
        rows: Rows = [r for b in plain.rows("erp", summary.info.name) for r in b.to_pylist()]
        for row in rows:
            row.pop("_uid")
        if summary.info.name == kind:
            renamed = _without_numbers(rows) if kind == "product" else _given_names(rng, rows, _NAMES[kind])
            numbers = [str(row[_KEYS[kind]]) for row in rows]
        data.add_rows("erp", summary.info.name, rows, summary.info)
    written = {path: _renamed(text, renamed) for path, text in texts.items()}
    if not keys:
        spelt = {n: r"[\s/-]?".join(re.findall(r"[A-Za-z]+|\d+", n)) for n in numbers}
        spelt |= {n + "/": re.escape(n.rpartition("-")[2]) for n in numbers if kind == "customer"}
        found = re.compile(rf"\b(?:{'|'.join(spelt.values())})\b", re.IGNORECASE)
        written = {path: found.sub("", text) for path, text in written.items()}
    data.add_documents("docs", "files", {path: [text] for path, text in written.items()})
    case = NamesakeCase(data, _mentions(Column("docs", "files"), Column("erp", kind, _NAMES[kind])), [])
    known = [_reference(tail, head) for tail, head in truth["references"].items() if tail[:4] == head[:4] == "erp."]
    case.references = [*declared_references(data), *known]
    for path in written:
        named = truth["documents"][path].get(kind, ())
        case.truth[make_uid("docs", "files", path)] = {make_uid("erp", kind, key) for key in named}
    return case


def _given_names(rng: random.Random, rows: Rows, columns: Sequence[str]) -> dict[str, str]:
    """Gives some rows the names of others; returns what each name became."""
    chosen = rng.sample(rows, int(_SHARE * len(rows)) // 2 * 2)
    renamed = {}
    for row, other in zip(chosen[::2], chosen[1::2], strict=True):
        renamed[_name(row, columns)] = _name(other, columns)
        row.update({c: other[c] for c in columns})
    return renamed


def _without_numbers(rows: Rows) -> dict[str, str]:
    """Takes the numbers off the titles, so that articles are variants of one another."""
    renamed = {}
    for row in rows:
        renamed[row["title"]] = row["title"] = _NUMBER.sub("", row["title"])
    return {old: new for old, new in renamed.items() if old != new}


def _name(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    return " ".join(str(row[c]) for c in columns)


def _renamed(text: str, renamed: Mapping[str, str]) -> str:
    if not renamed:
        return text
    spaced = {" ".join(old.split()): new for old, new in renamed.items()}
    longest = sorted(spaced, key=len, reverse=True)
    spelt = (r"\s+".join(map(re.escape, old.split())) for old in longest)
    found = re.compile("|".join(rf"\b{one}(?!\w)" for one in spelt))
    return found.sub(lambda m: spaced[" ".join(m.group().split())], text)


def tickets(data: Path) -> Iterator[NamesakeCase]:
    """The texts of tickets name employees, who raised them or answer; which ones, two columns tell that are taken away."""
    people: Rows = _json(data / "enterprise" / "hr" / "employees.json")
    all_tickets: Rows = _json(data / "enterprise" / "it" / "tickets.json")
    for text, truth in (("Issue", "raised_by_emp_id"), ("Resolution", "emp_id")):
        rng = random.Random(f"tickets {text}")
        rows = [dict(row) for row in people]
        named = {row[truth] for row in all_tickets}
        pairs = [row for row in rows if row["emp_id"] in named]
        renamed: dict[str, str] = {}
        for row in pairs:
            other = rng.choice(rows)
            if other["Name"] not in renamed.values() and other["Name"] not in renamed and row is not other:
                renamed[row["Name"]] = other["Name"]
                row["Name"] = other["Name"]
        made = MemoryData()
        made.add_rows("hr", "employees", rows)
        written = [_renamed(str(row[text]), renamed) for row in all_tickets]
        made.add_rows(
            "it", "tickets", [{"text": t, "priority": r["priority"]} for t, r in zip(written, all_tickets, strict=True)]
        )
        link_type = _mentions(Column("it", "tickets", ("text",)), Column("hr", "employees", ("Name",)))
        place = {row["emp_id"]: n for n, row in enumerate(rows)}
        told = {
            make_uid("it", "tickets", str(n)): {make_uid("hr", "employees", str(place[row[truth]]))}
            for n, row in enumerate(all_tickets)
            if row[truth] in place
        }
        yield NamesakeCase(made, link_type, [], told)


def corpus(share: float, texts: int = 10_000) -> NamesakeCase:
    """Many texts that name 20 of 20,000 customers each, with town and an order; ``share`` of the customers have a namesake."""
    rng = random.Random("corpus")
    names = [f"{word(rng, 2, 3)} {word(rng, 2, 3)}".title() for _ in range(20_000)]
    pairs = int(share * len(names) / 2)
    names[:pairs] = names[-pairs:]
    towns = [word(rng, 2, 3).capitalize() for _ in range(300)]
    rows = [
        {
            "customer_no": f"K-{100_000 + n}",
            "name": name,
            "town": rng.choice(towns),
            "email": f"m{n}@x{n % 999}.example",
        }
        for n, name in enumerate(names)
    ]
    data = MemoryData()
    data.add_rows("erp", "customer", rows)
    orders = [{"order_no": f"45{100_000 + n}", "customer": rows[n // 3]["customer_no"]} for n in range(3 * len(rows))]
    data.add_rows("erp", "sales_order", orders)
    words = [word(rng, 1, 3) for _ in range(3_000)]
    written = {}
    for n in range(texts):
        chosen = rng.sample(range(len(rows)), 20)
        lines = [
            f"{names[i]}, {rows[i]['town']} {' '.join(rng.choices(words, k=12))} {orders[3 * i]['order_no']}"
            for i in chosen
        ]
        written[str(n)] = ["\n".join(lines)]
    data.add_documents("post", "letters", written)
    link_type = _mentions(Column("post", "letters"), Column("erp", "customer", ("name",)))
    return NamesakeCase(data, link_type, [_reference("erp.sales_order.customer", "erp.customer.customer_no")])


def _json(path: Path) -> Rows:
    found: Rows = json.loads(path.read_text(encoding="utf-8"))
    return [{k: v if isinstance(v, list) else str(v) for k, v in row.items()} for row in found]


def _mentions(tail: Column, head: Column) -> LinkType:
    id_ = link_type_id(LinkKind.MENTION, tail, head)
    return LinkType(id_, LinkKind.MENTION, tail, head, "mentions", LinkState.CONFIRMED)


def _reference(tail: str, head: str) -> LinkType:
    ends = []
    for name in (tail, head):
        source, table, column = name.split(".")
        ends.append(Column(source, table, (column,)))
    made = LinkType("", LinkKind.REFERENCE, ends[0], ends[1], "of", LinkState.CONFIRMED)
    return replace(made, id=link_type_id(LinkKind.REFERENCE, made.tail, made.head))
