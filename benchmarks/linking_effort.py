"""How many decisions people take: confirming types of links against reviewing ranked pairs one by one.

A simulated reviewer answers from the truth. The first project is the enterprise data; the second is the demo company, with
and without what the first one taught. The baseline reviews the same links one by one, in the order of their scores.
"""

import csv
import email
import email.policy
import io
import json
import os
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pypdfium2

from api.demo import make_company
from benchmarks.report import Report, f1_score
from benchmarks.tables import add_sqlite
from bifrost.links import Column, Judgement, LinkKind, LinkType, Verdict
from bifrost.values import make_uid
from extraction.encoder_minilm import load_encoder
from linking.asking import order_questions
from linking.knowledge import Knowledge, export_knowledge, import_knowledge
from linking.linker import BifrostLinker
from linking.memory import MemoryData

__all__ = ["run"]

Pairs = set[tuple[str, ...]]
_ENOUGH = 0.95
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_MOST = 60


@dataclass
class Project:
    """Data, the true pairs of uids per kind of link, and the kinds by their two sides (of texts and tables: by datasets)."""

    data: MemoryData
    truth: dict[str, Pairs]
    types: dict[frozenset[str], str]

    def kind_of(self, p: LinkType) -> str | None:
        """The kind of link that a link type is about, whatever column of the head it uses."""
        if p.kind is LinkKind.REFERENCE:
            return self.types.get(frozenset((str(p.tail), str(p.head))))
        return self.types.get(frozenset((str(p.tail), f"{p.head.source}/{p.head.dataset}")))

    def right(self, p: LinkType, links: Sequence[tuple[float, tuple[str, ...]]]) -> bool:
        """A person confirms a type when most of the links that it shows are right."""
        kind = self.kind_of(p)
        found = {pair for _, pair in links}
        if kind is not None and kind not in self.truth:
            return True  # true, but the data's truth does not list its links
        return kind is not None and bool(found) and len(found & self.truth[kind]) >= 0.5 * len(found)


@dataclass
class Outcome:
    """``curve[n]`` is the mean F1 over all kinds of links after n answers."""

    curve: list[float]
    answered: list[LinkType]
    judgements: list[Judgement]
    known: list[LinkType]
    links: dict[str, list[tuple[float, tuple[str, ...]]]]
    confirmed: set[str]

    def needed(self) -> int:
        """Answers until the mean F1 is high enough; all that may be asked where it never is."""
        return next((n for n, f1 in enumerate(self.curve) if f1 >= _ENOUGH), _MOST)


def run(report: Report, seed: int, data: Path) -> None:
    if not (data / "enterprise" / "truth.json").exists():
        return
    first = _enterprise(data / "enterprise")
    outcome = _review(first, Knowledge())
    ours = outcome.needed()
    pairs = _one_by_one(first, outcome)
    report.add(
        "effort.enterprise.f1", outcome.curve[-1], bar=_ENOUGH, note=f"mean over {len(first.truth)} kinds of links"
    )
    report.add("effort.enterprise.answers", ours, baseline=pairs, note="answers until F1 .95; pairs one by one")
    report.add("effort.enterprise.ratio", pairs / max(ours, 1), bar=10, note="decisions saved")
    for n in (5, 10, 15, 20, 30):
        if n < len(outcome.curve):
            report.add(f"effort.enterprise.f1_at_{n}", outcome.curve[n])
    threshold = _safe_threshold(outcome)
    knowledge = import_knowledge(export_knowledge(outcome.known, outcome.judgements))
    with tempfile.TemporaryDirectory() as folder:
        make_company(Path(folder), scale=1, seed=7 + seed)
        second = _demo(Path(folder))
    alone, carried = _review(second, Knowledge()), _review(second, knowledge)
    accepted = _review(second, knowledge, accept_from=threshold)
    report.add(
        "effort.demo.answers",
        alone.needed(),
        note=f"second project, nothing carried over; F1 {alone.curve[-1]:.2f}",
    )
    report.add(
        "effort.demo.answers_carried",
        carried.needed(),
        baseline=alone.needed(),
        note="scorer carried over",
    )
    report.add(
        "effort.demo.answers_accepting", accepted.needed(), baseline=alone.needed(),
        note=f"and accepting from {threshold:.3f}, above which the first project had no error; F1 {accepted.curve[-1]:.2f}",
    )  # fmt: skip


# ---- the reviewer ----------------------------------------------------------------------------------------------------


def _review(project: Project, knowledge: Knowledge, *, accept_from: float = 2.0) -> Outcome:
    linker = BifrostLinker(load_encoder(), knowledge=knowledge)
    known = linker.propose(project.data, (), (), lambda _: None)
    links = {p.id: _links_of(linker, p, project.data) for p in known}
    judgements: list[Judgement] = []
    answered: list[LinkType] = []
    accepted = {p.id for p in known if p.probability >= accept_from}
    confirmed = set(accepted)
    curve = [_mean_f1(project, known, confirmed, links)]
    while len(answered) < _MOST:
        done = {p.id for p in answered} | accepted
        questions = order_questions([p for p in known if p.id not in done], judgements)
        if not questions:
            break
        question = questions[0]
        right = project.right(question, links[question.id])
        answered.append(question)
        if right:
            confirmed.add(question.id)
        verdict = Verdict.CONFIRM if right else Verdict.REJECT
        judgements.append(Judgement(len(answered), question.id, verdict, "reviewer", _AT, features=question.features))
        known = linker.rescore(known, judgements)
        curve.append(_mean_f1(project, known, confirmed, links))
    linker.close()
    return Outcome(curve, answered, judgements, known, links, confirmed)


def _links_of(linker: BifrostLinker, p: LinkType, data: MemoryData) -> list[tuple[float, tuple[str, ...]]]:
    if p.kind is LinkKind.SAME_THING:
        threshold = 0.5 if p.threshold is None else p.threshold
        found = [(s.score, s.left, s.right) for s in linker.same(p, data, (), lambda _: None)]
        return [(score, tuple(sorted((a, b)))) for score, a, b in found if score >= threshold]
    if p.kind is LinkKind.SAME_CONCEPT:
        return []
    return [(e.score, (e.tail, e.head)) for e in linker.links(p, data, (), lambda _: None)]


def _found(
    project: Project, known: Sequence[LinkType], confirmed: set[str], links: Mapping[str, Any]
) -> dict[str, Pairs]:
    found: dict[str, Pairs] = {kind: set() for kind in project.truth}
    for p in known:
        kind = project.kind_of(p)
        if p.id in confirmed and kind is not None and kind not in project.truth:
            continue
        if p.id in confirmed and kind is not None:
            found[kind] |= {pair for _, pair in links[p.id]}
        elif p.id in confirmed:  # a wrong type that was accepted spoils a kind with the same tail
            spoiled = [name for sides, name in project.types.items() if str(p.tail) in sides]
            for name in spoiled[:1]:
                found[name] |= {pair for _, pair in links[p.id]}
    return found


def _mean_f1(project: Project, known: Sequence[LinkType], confirmed: set[str], links: Mapping[str, Any]) -> float:
    found = _found(project, known, confirmed, links)
    return sum(f1_score(found[kind], truth)[2] for kind, truth in project.truth.items()) / len(project.truth)


def _one_by_one(project: Project, outcome: Outcome) -> int:
    """Decisions until the mean F1 is reached when the links themselves are reviewed, surest first, wrong ones refused."""
    ranked = sorted(
        (
            (p.probability * score, project.kind_of(p), pair)
            for p in outcome.known
            for score, pair in outcome.links[p.id]
        ),
        key=lambda item: (-item[0], item[2]),
    )
    random.Random(0).shuffle(ranked)
    ranked.sort(key=lambda item: -item[0])
    hits = dict.fromkeys(project.truth, 0)
    for n, (_, kind, pair) in enumerate(ranked, 1):
        if kind in project.truth and pair in project.truth[kind]:
            hits[kind] += 1
            # Only right pairs are accepted, so precision is 1 and F1 follows from recall.
            f1 = sum(2 * hits[k] / (hits[k] + len(t)) for k, t in project.truth.items()) / len(hits)
            if f1 >= _ENOUGH:
                return n
    return len(ranked)


def _safe_threshold(outcome: Outcome) -> float:
    """The least probability above which every answered type was confirmed."""
    states = {j.subject: j.verdict for j in outcome.judgements}
    wrong = [p.probability for p in outcome.answered if states[p.id] is Verdict.REJECT]
    return min(max([0.9, *wrong]) + 1e-3, 0.9999)


# ---- projects --------------------------------------------------------------------------------------------------------


def _enterprise(folder: Path) -> Project:
    data = MemoryData()
    add_sqlite(data, folder / "northwind.sqlite", "erp", keys=True)
    tables: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(folder.glob("*/*.json")):
        if path.parent.name != "scans":
            name = f"{path.parent.name}/{path.stem}"
            tables[name] = json.loads(path.read_text(encoding="utf-8"))
            data.add_rows(path.parent.name, path.stem, tables[name])
    data.add_documents("orders", "files", {p.name: _pdf(p) for p in sorted(folder.glob("orders_pdf/*.pdf"))})
    scans = {p.name: [_ocr(p)] for p in sorted(folder.glob("scans/*.jpg"))}
    data.add_documents("scans", "files", scans, from_ocr=True)
    return Project(data, _enterprise_truth(folder, tables), _ENTERPRISE_TYPES)


_ENTERPRISE_TYPES = {
    frozenset(sides): kind
    for kind, *sides in (
        ("sale_product", "crm/sales.product_id", "crm/products.product_id"),
        ("sale_customer", "crm/sales.customer_id", "crm/customers.customer_id"),
        ("chat_product", "crm/support_chats.product_id", "crm/products.product_id"),
        ("chat_customer", "crm/support_chats.customer_id", "crm/customers.customer_id"),
        ("chat_employee", "crm/support_chats.emp_id", "hr/employees.emp_id"),
        ("vendor_employee", "finance/vendors.management_representative_employee", "hr/employees.emp_id"),
        ("pdf_customer", "orders/files", "crm/customers"),
        ("pdf_product", "orders/files", "crm/products"),
        ("scan_customer", "scans/files", "crm/customers"),
        ("scan_product", "scans/files", "crm/products"),
        ("crm_erp", "crm/customers", "erp/Customers"),
        ("unscored", "it/tickets.emp_id", "hr/employees.emp_id"),
        ("unscored", "it/tickets.raised_by_emp_id", "hr/employees.emp_id"),
        ("unscored", "hr/employees.reports_to", "hr/employees.emp_id"),
        ("unscored", "hr/employees.reportees", "hr/employees.emp_id"),
        ("unscored", "it/tickets.Issue", "hr/employees"),
        ("unscored", "it/tickets.Resolution", "hr/employees"),
    )
}


def _enterprise_truth(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> dict[str, Pairs]:
    def uids(table: str, key: str) -> dict[str, str]:
        source, dataset = table.split("/")
        return {str(row[key]): make_uid(source, dataset, str(i)) for i, row in enumerate(tables[table])}

    products, customers = uids("crm/products", "product_id"), uids("crm/customers", "customer_id")
    employees = uids("hr/employees", "emp_id")

    def rows(table: str, column: str, targets: Mapping[str, str]) -> Pairs:
        source, dataset = table.split("/")
        pairs = ((make_uid(source, dataset, str(i)), targets.get(str(r[column]))) for i, r in enumerate(tables[table]))
        return {(tail, head) for tail, head in pairs if head}

    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    scans = json.loads((folder / "scans" / "truth.json").read_text(encoding="utf-8"))
    texts = {p.name: "".join(_pdf(p)).replace("\n", "") for p in folder.glob("orders_pdf/*.pdf")}
    return {
        "sale_product": rows("crm/sales", "product_id", products),
        "sale_customer": rows("crm/sales", "customer_id", customers),
        "chat_product": rows("crm/support_chats", "product_id", products),
        "chat_customer": rows("crm/support_chats", "customer_id", customers),
        "chat_employee": rows("crm/support_chats", "emp_id", employees),
        "vendor_employee": rows("finance/vendors", "management_representative_employee", employees),
        "pdf_customer": {(f"orders/files/{f}", customers[c]) for f, c in truth["pdf_to_customer"].items()},
        "pdf_product": {
            (f"orders/files/{f}", uid) for f, t in texts.items() for key, uid in products.items() if key in t
        },
        "scan_customer": {(f"scans/files/{f}", customers[e["customer_id"]]) for f, e in scans.items()},
        "scan_product": {(f"scans/files/{f}", products[p]) for f, e in scans.items() for p in e["product_ids"]},
        "crm_erp": {
            tuple(sorted((customers[c], make_uid("erp", "Customers", e))))
            for c, e in truth["crm_customer_to_northwind_customer"].items()
        },
    }


def _demo(folder: Path) -> Project:
    data = MemoryData()
    add_sqlite(data, folder / "erp.sqlite", "erp", keys=True)
    text = (folder / "crm" / "accounts.csv").read_text(encoding="utf-8-sig")
    data.add_rows("crm", "accounts", list(csv.DictReader(io.StringIO(text), delimiter=";")))
    opportunities = json.loads((folder / "crm" / "opportunities.json").read_text(encoding="utf-8"))["opportunities"]
    flat = [
        {
            **{k: v for k, v in o.items() if k != "interest"},
            "interest.articles": o.get("interest", {}).get("articles", []),
        }
        for o in opportunities
    ]
    data.add_rows("crm", "opportunities", flat)
    lines = (folder / "crm" / "tickets.jsonl").read_text(encoding="utf-8").splitlines()
    data.add_rows("crm", "tickets", [json.loads(line) for line in lines])
    data.add_documents("docs", "invoices", {p.name: _pdf(p) for p in sorted(folder.glob("documents/invoices/*.pdf"))})
    data.add_documents("docs", "mail", {p.name: [_mail(p)] for p in sorted(folder.glob("documents/mail/*.eml"))})
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return _demo_project(data, truth)


def _demo_project(data: MemoryData, truth: Mapping[str, Any]) -> Project:
    types: dict[frozenset[str], str] = {}
    wanted: dict[str, Pairs] = {}
    linker = BifrostLinker()
    for tail, head in truth["references"].items():
        ends = [_column(name) for name in (tail, head)]
        types[frozenset(map(str, ends))] = tail
        # The truth of a reference: keys are equal but for case, punctuation and leading zeros.
        rule = {"tail": "alnum | strip_zeros", "head": "alnum | strip_zeros"}
        exact = LinkType("", LinkKind.REFERENCE, ends[0], ends[1], tail, transform=rule)
        wanted[tail] = {(edge.tail, edge.head) for edge in linker.links(exact, data, (), lambda _: None)}
    for folder, kinds in {
        "invoices": ("customer", "product", "order", "invoice"),
        "mail": ("customer", "product", "order"),
    }.items():
        for kind in kinds:
            types[frozenset((f"docs/{folder}", f"erp/{_DEMO_KEYS[kind]}"))] = f"{folder}_{kind}"
    types[frozenset(("crm/accounts", "erp/customer"))] = "same"
    types[frozenset(("crm/tickets.text", "erp/product"))] = "unscored"
    linker.close()
    numbers = {f"crm/accounts/{i}": row for i, row in enumerate(_rows(data, "crm", "accounts"))}
    same = truth["same"]["pairs"]
    wanted["same"] = {
        tuple(sorted((uid, make_uid("erp", "customer", same[row["acct_id"]]))))
        for uid, row in numbers.items()
        if row["acct_id"] in same
    }
    for kind in types.values():
        if "_" in kind and kind.split("_")[0] in ("invoices", "mail"):
            folder, thing = kind.split("_")
            table = _DEMO_KEYS[thing]
            wanted[kind] = {
                (f"docs/{folder}/{path.split('/')[1]}", make_uid("erp", table, key))
                for path, named in truth["documents"].items()
                if path.startswith(folder)
                for key in named.get(thing, ())
            }
    return Project(data, {k: v for k, v in wanted.items() if v}, types)


_DEMO_KEYS = {
    "customer": "customer", "product": "product", "order": "sales_order", "invoice": "invoice",
}  # fmt: skip


def _column(name: str) -> Column:
    source, dataset, column = name.split(".", 2)
    return Column(source, dataset, (column,))


def _rows(data: MemoryData, source: str, dataset: str) -> list[dict[str, Any]]:
    return [row for batch in data.rows(source, dataset) for row in batch.to_pylist()]


def _pdf(path: Path) -> list[str]:
    document = pypdfium2.PdfDocument(path)
    pages = [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in document]
    document.close()
    return pages


def _ocr(path: Path) -> str:
    import pytesseract

    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    return str(pytesseract.image_to_string(str(path)))


def _mail(path: Path) -> str:
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = message.get_body()
    return f"{message['subject'] or ''}\n{body.get_content() if body is not None else ''}"
