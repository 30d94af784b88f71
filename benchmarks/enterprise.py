"""The whole job on one company in pieces: database, JSON exports, PDFs and scans.

Registers the sources of ``$BIFROST_DATA/enterprise``, builds, answers the review questions from ``truth.json`` as a
person would (counting the answers), and compares the edges of the served graph with the truth, per kind of link. The
customer ids of the CRM are withheld from matching: the benchmark's copy of the database gets opaque customer ids.

``--fresh-scans N`` adds N scans of pages that were never scanned before (benchmarks/scans.py), as another folder with its
own figures: a measure of reading scans on which nothing can have been tuned.

The baseline of each figure is what joining equal values without any question gives: exact equality of the named columns,
and literal occurrence of the key in the text of a document.
"""

import json
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2

from api.compose import open_service
from api.service import Service
from benchmarks.building import timed_build
from benchmarks.report import Report, arguments, data_folder, f1_score
from benchmarks.scans import fresh_scans
from bifrost.links import Column, LinkKind, LinkType, Verdict
from bifrost.log import configure_logging
from bifrost.pipeline import Step
from bifrost.settings import load_settings

Pairs = set[tuple[str, ...]]

_MAX_ANSWERS = 40
_PRODUCT_ID = re.compile(r"\bB0[A-Z0-9]{8}\b")

TRUE_REFERENCES = {
    ("crm/sales", "product_id"): ("crm/products", "product_id"),
    ("crm/sales", "customer_id"): ("crm/customers", "customer_id"),
    ("crm/support_chats", "product_id"): ("crm/products", "product_id"),
    ("crm/support_chats", "customer_id"): ("crm/customers", "customer_id"),
    ("crm/support_chats", "emp_id"): ("hr/employees", "emp_id"),
    ("finance/vendors", "management_representative_employee"): ("hr/employees", "emp_id"),
    ("it/tickets", "emp_id"): ("hr/employees", "emp_id"),
    ("it/tickets", "raised_by_emp_id"): ("hr/employees", "emp_id"),
    ("hr/employees", "reports_to"): ("hr/employees", "emp_id"),
    ("hr/employees", "reportees"): ("hr/employees", "emp_id"),
}
"""What the reviewer knows about columns; the last four are not scored."""
TRUE_MENTIONS = {
    (documents, head)
    for documents in ("orders/files", "scans/files", "fresh/files")
    for head in (("crm/customers", "customer_id"), ("crm/products", "product_id"))
}
BARS = {
    "pdf_customer": 0.95, "pdf_product": 0.95, "scan_customer": 0.8, "scan_product": 0.8, "crm_northwind": 0.9,
    "sale_product": 0.95, "sale_customer": 0.95, "chat_product": 0.95, "chat_customer": 0.95, "chat_employee": 0.95,
    "vendor_employee": 0.95,
}  # fmt: skip
FRESH_BARS = {"fresh_customer": 0.8, "fresh_product": 0.8}


@dataclass
class Reviewer:
    """Answers the questions that are asked, in the order in which they are asked."""

    service: Service
    answers: int = 0
    log: list[str] = field(default_factory=list)

    def work(self) -> None:
        while self.answers < _MAX_ANSWERS:
            questions = self.service.questions()
            if not questions:
                return
            question = questions[0]
            verdict = Verdict.CONFIRM if self.holds(question) else Verdict.REJECT
            self.service.judge(question.id, verdict, "reviewer")
            self.answers += 1
            self.log.append(
                f"{verdict:8} {question.kind:12} {question.probability:.2f} "
                f"{question.tail} -[{question.name}]-> {question.head}"
            )

    def holds(self, question: LinkType) -> bool:
        tail, head = _side(question.tail), _side(question.head)
        match question.kind:
            case LinkKind.REFERENCE:
                return TRUE_REFERENCES.get(tail) == head
            case LinkKind.MENTION:
                return (tail[0], head) in TRUE_MENTIONS
            case LinkKind.SAME_THING:
                return {tail[0], head[0]} == {"crm/customers", "erp/Customers"}
        return False


def _side(column: Column) -> tuple[str, str]:
    return f"{column.source}/{column.dataset}", "+".join(column.columns)


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--keep", type=Path, help="folder to keep the built graph in, or to go on with")
    parser.add_argument(
        "--fresh-scans", type=int, default=0, metavar="N", help="also scan N pages that nobody has seen"
    )
    parser.add_argument("--verbose", action="store_true", help="print every question with its answer")
    options = parser.parse_args()
    folder = data_folder() / "enterprise"
    if not folder.is_dir():
        sys.exit(f"{folder} does not exist; set BIFROST_DATA.")
    report = Report("enterprise", options.seed)
    with tempfile.TemporaryDirectory(prefix="bifrost-enterprise-") as scratch:
        work = options.keep or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        run(folder, work, report, verbose=options.verbose, fresh=options.fresh_scans)
    report.write(options.json)


def run(folder: Path, work: Path, report: Report, *, verbose: bool = False, fresh: int = 0) -> None:
    """Builds and reviews in ``work``, and adds all figures to the report."""
    pages = fresh_scans(_unscanned(folder), work / "fresh", fresh, report.seed) if fresh else {}
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    customer_ids = _withhold_ids(folder / "northwind.sqlite", work / "northwind.sqlite")
    settings = load_settings(data_dir=work / "data", log_level="error")
    configure_logging(settings)
    service = open_service(settings)
    started = time.monotonic()
    _register(service, folder, work)
    stages = timed_build(service, _stage)
    build_seconds = time.monotonic() - started
    reviewer = Reviewer(service)
    asked = time.monotonic()
    reviewer.work()
    review_seconds = time.monotonic() - asked
    if verbose:
        print("\n".join(reviewer.log))
        for left in service.questions():
            print("unanswered", left.kind, f"{left.probability:.2f}", left.tail, left.name, left.head)
    expected = _truth(folder, truth, customer_ids, pages)
    found = _found(service)
    trivial = _trivial(folder)
    for kind, bar in (BARS | FRESH_BARS if fresh else BARS).items():
        precision, recall, f1 = f1_score(found[kind], expected[kind])
        report.add(
            f"f1.{kind}",
            f1,
            baseline=f1_score(trivial[kind], expected[kind])[2],
            bar=bar,
            note=f"precision {precision:.3f}, recall {recall:.3f}, {len(expected[kind])} true",
        )
        report.figures[f"precision.{kind}"], report.figures[f"recall.{kind}"] = precision, recall
    report.add("answers", reviewer.answers, bar=_MAX_ANSWERS)
    report.add("seconds", build_seconds, bar=360, note="registering and building")
    report.add("seconds.review", review_seconds, note="retraining and applying after all answers")
    for stage, (seconds, records) in stages.items():
        report.add(f"seconds.{stage}", seconds, note=f"{records:,} records" if records else "")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    workers = service.settings.reading_workers
    report.add("peak_mb", (own + workers * worker) / 1024, bar=3072, note=f"this process and {workers} workers")
    vertices, edges = service.store.view().label_counts()
    report.add("vertices", sum(vertices.values()))
    report.add("edges", sum(edges.values()))
    service.close()


def _withhold_ids(source: Path, target: Path) -> dict[str, str]:
    """Copies the database with opaque customer ids; returns the original id of each opaque one."""
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with sqlite3.connect(target) as database:
        old = [row[0] for row in database.execute("SELECT CustomerID FROM Customers ORDER BY CompanyName, CustomerID")]
        opaque = {f"{n * 37 + 1009}": key for n, key in enumerate(old)}
        for new, key in opaque.items():
            for table in ("Customers", "Orders", "CustomerCustomerDemo"):
                database.execute(f'UPDATE "{table}" SET CustomerID = ? WHERE CustomerID = ?', (new, key))
    database.close()
    return opaque


def _register(service: Service, folder: Path, work: Path) -> None:
    if service.store.catalog.sources():
        return  # a graph that an earlier run kept: only what changed is read again
    service.add_source("erp", "sql", {"url": f"sqlite:///{work / 'northwind.sqlite'}"}, {})
    for name, path in {
        "crm": "crm", "hr": "hr", "it": "it", "finance": "finance", "orders": "orders_pdf", "scans": "scans",
    }.items():  # fmt: skip
        service.add_source(name, "files", {"path": str((folder / path).resolve()), "exclude": ["truth.json"]}, {})
    if (work / "fresh").is_dir():
        service.add_source("fresh", "files", {"path": str((work / "fresh").resolve())}, {})


def _stage(step: Step) -> str:
    if step.stage == "crawl":
        return {"orders": "read_pdfs", "scans": "read_scans", "fresh": "read_scans"}.get(step.source, "crawl_rows")
    return step.stage


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))


def _pdf_texts(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted((folder / "orders_pdf").glob("*.pdf")):
        document = pypdfium2.PdfDocument(path)
        yield path.name, "\n".join(page.get_textpage().get_text_bounded() for page in document)
        document.close()


def _row_links(folder: Path) -> dict[str, Pairs]:
    """The links that the truth describes as fields of the exports: equal values, where the named record exists."""
    products = {row["product_id"] for row in _rows(folder, "crm/products")}
    customers = {row["customer_id"] for row in _rows(folder, "crm/customers")}
    employees = {row["emp_id"] for row in _rows(folder, "hr/employees")}

    def links(file: str, key: str, column: str, targets: set[str]) -> Pairs:
        return {(str(row[key]), row[column]) for row in _rows(folder, file) if row[column] in targets}

    return {
        "sale_product": links("crm/sales", "sales_record_id", "product_id", products),
        "sale_customer": links("crm/sales", "sales_record_id", "customer_id", customers),
        "chat_product": links("crm/support_chats", "text", "product_id", products),
        "chat_customer": links("crm/support_chats", "text", "customer_id", customers),
        "chat_employee": links("crm/support_chats", "text", "emp_id", employees),
        "vendor_employee": links("finance/vendors", "client_id", "management_representative_employee", employees),
    }


def _unscanned(folder: Path) -> list[Path]:
    """The PDFs of kinds and customers of which the folder has no scan."""
    scanned = set()
    for name, entry in json.loads((folder / "scans" / "truth.json").read_text(encoding="utf-8")).items():
        kind = name.removeprefix("scan_").rpartition("_")[0]
        scanned.add(f"{kind}_{entry['customer_id']}.pdf")
    return [path for path in sorted((folder / "orders_pdf").glob("*.pdf")) if path.name not in scanned]


def _named(text: str, keys: set[str]) -> set[str]:
    """Keys in a text, those that a narrow column breaks over two lines too."""
    joined = re.sub(r"\s*\n\s*", "", text)
    return {key for key in keys if key in joined} | (set(_PRODUCT_ID.findall(text)) & keys)


def _truth(
    folder: Path, truth: dict[str, Any], customer_ids: dict[str, str], fresh: dict[str, str]
) -> dict[str, Pairs]:
    products = {row["product_id"] for row in _rows(folder, "crm/products")}
    customers = {row["customer_id"] for row in _rows(folder, "crm/customers")}
    scans = json.loads((folder / "scans" / "truth.json").read_text(encoding="utf-8"))
    pdf_products: Pairs = set()
    for name, text in _pdf_texts(folder):
        pdf_products |= {(name, key) for key in _named(text, products)}
    opaque = {original: new for new, original in customer_ids.items()}
    return _row_links(folder) | {
        "pdf_customer": set(truth["pdf_to_customer"].items()),
        "pdf_product": pdf_products,
        "fresh_customer": {
            (name, key) for name, text in fresh.items() for key in customers if re.search(rf"ID:\s*{key}\b", text)
        },
        "fresh_product": {(name, key) for name, text in fresh.items() for key in _named(text, products)},
        "scan_customer": {(name, entry["customer_id"]) for name, entry in scans.items()},
        "scan_product": {(name, key) for name, entry in scans.items() for key in entry["product_ids"]},
        "crm_northwind": {(crm, opaque[key]) for crm, key in truth["crm_customer_to_northwind_customer"].items()},
    }


_ENDS = {
    "pdf_customer": ("orders/files", "path", "crm/customers", "customer_id"),
    "pdf_product": ("orders/files", "path", "crm/products", "product_id"),
    "scan_customer": ("scans/files", "path", "crm/customers", "customer_id"),
    "scan_product": ("scans/files", "path", "crm/products", "product_id"),
    "fresh_customer": ("fresh/files", "path", "crm/customers", "customer_id"),
    "fresh_product": ("fresh/files", "path", "crm/products", "product_id"),
    "sale_product": ("crm/sales", "sales_record_id", "crm/products", "product_id"),
    "sale_customer": ("crm/sales", "sales_record_id", "crm/customers", "customer_id"),
    "chat_product": ("crm/support_chats", "text", "crm/products", "product_id"),
    "chat_customer": ("crm/support_chats", "text", "crm/customers", "customer_id"),
    "chat_employee": ("crm/support_chats", "text", "hr/employees", "emp_id"),
    "vendor_employee": ("finance/vendors", "client_id", "hr/employees", "emp_id"),
}


def _found(service: Service) -> dict[str, Pairs]:
    """The pairs that the served graph links, named by the same keys as the truth."""
    view = service.store.view()
    members: dict[str, list[tuple[str, dict[str, tuple[Any, ...]]]]] = {}

    def origins(vertex: str) -> list[tuple[str, dict[str, tuple[Any, ...]]]]:
        if vertex not in members:
            found = view.vertex_origins(vertex)
            members[vertex] = [(f"{one.source}/{one.dataset}", dict(one.properties)) for one in found]
        return members[vertex]

    ends = {(tail, head): (kind, tail_key, head_key) for kind, (tail, tail_key, head, head_key) in _ENDS.items()}
    pairs: dict[str, Pairs] = defaultdict(set)
    cursor = None
    while True:
        page = view.edges(after=cursor, limit=5000)
        for edge in page.items:
            for tail, tail_properties in origins(edge.tail):
                for head, head_properties in origins(edge.head):
                    if (tail, head) in ends:
                        kind, tail_key, head_key = ends[tail, head]
                        pairs[kind].add((str(tail_properties[tail_key][0]), str(head_properties[head_key][0])))
        cursor = page.cursor
        if cursor is None:
            break
    pairs["crm_northwind"] = _merged(service, "Customer", origins)
    return pairs


def _merged(service: Service, label: str, origins: Any) -> Pairs:
    view, pairs, cursor = service.store.view(), set[tuple[str, ...]](), None
    while True:
        page = view.vertices(label, after=cursor, limit=1000)
        for vertex in page.items:
            here = origins(vertex.id)
            left = [str(p["customer_id"][0]) for dataset, p in here if dataset == "crm/customers"]
            right = [str(p["CustomerID"][0]) for dataset, p in here if dataset == "erp/Customers"]
            pairs |= {(a, b) for a in left for b in right}
        cursor = page.cursor
        if cursor is None:
            return pairs


def _trivial(folder: Path) -> dict[str, Pairs]:
    """Equal values and literal occurrence: what a join and a text search give."""
    products = {row["product_id"] for row in _rows(folder, "crm/products")}
    customers = {row["customer_id"] for row in _rows(folder, "crm/customers")}
    found: dict[str, Pairs] = defaultdict(set, _row_links(folder))
    for name, text in _pdf_texts(folder):
        words = set(re.split(r"\W+", text))
        found["pdf_customer"] |= {(name, key) for key in customers & words}
        found["pdf_product"] |= {(name, key) for key in products & words}
    return found


if __name__ == "__main__":
    main()
