"""The two projects of the effort benchmark: the enterprise data and a demo company, in memory, with all their true links."""

import csv
import email
import email.policy
import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docx
import pptx
import pypdfium2

from benchmarks.mention_cases import text_of
from benchmarks.tables import add_sqlite
from bifrost.links import Column, LinkKind, LinkType
from bifrost.values import make_uid
from linking.linker import BifrostLinker
from linking.memory import MemoryData

__all__ = ["Pairs", "Project", "demo_company", "enterprise"]

Pairs = set[tuple[str, ...]]


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


def enterprise(folder: Path) -> Project:
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


def demo_company(folder: Path) -> Project:
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
    for kind in _DEMO_DOCUMENTS:
        files = sorted((folder / "documents" / kind).glob("*.*"))
        pages = {p.name: _pdf(p) if p.suffix == ".pdf" else [text_of(p)] for p in files}
        data.add_documents("docs", kind, pages, properties={p.name: _properties(p) for p in files})
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
    for folder, kinds in _DEMO_DOCUMENTS.items():
        for kind in kinds:
            types[frozenset((f"docs/{folder}", f"erp/{_DEMO_KEYS[kind]}"))] = f"{folder}_{kind}"
    types |= {frozenset(ends): kind for kind, *ends in _DEMO_PROPERTIES}
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
        if kind.split("_")[0] in _DEMO_DOCUMENTS:
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
    "customer": "customer", "product": "product", "order": "sales_order", "invoice": "invoice", "employee": "employee",
}  # fmt: skip
_DEMO_DOCUMENTS = {
    "invoices": ("customer", "product", "order", "invoice"), "mail": ("customer", "product", "order", "employee"),
    "contracts": ("customer", "product", "employee"), "slides": ("customer", "product", "employee"),
}  # fmt: skip
_DEMO_PROPERTIES = (
    ("mail_customer", "docs/mail.from", "erp/customer.contact_email"),
    ("mail_employee", "docs/mail.to", "erp/employee.email"),
    ("slides_employee", "docs/slides.author", "erp/employee"),
)
"""What documents say of themselves names the same things as their texts do."""


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


def _properties(path: Path) -> dict[str, Any]:
    """Sender and receivers of a mail, the author of an office file, as the readers give them."""
    match path.suffix:
        case ".eml":
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            return {name: str(message[name]) for name in ("from", "to") if message[name]}
        case ".docx":
            return {"author": docx.Document(str(path)).core_properties.author}
        case ".pptx":
            return {"author": pptx.Presentation(str(path)).core_properties.author}
        case _:
            return {}
