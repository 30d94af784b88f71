"""The demo company's office files: price list (xlsx), contracts (docx), account reviews (pptx)."""

import io
import random
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from docx import Document
from openpyxl import Workbook
from pptx import Presentation

from api.demo import company as world
from api.demo.company import Company
from api.demo.words import PRODUCT_KINDS, article_variant, ascii_fold, company_variant

__all__ = ["Paper", "write_contracts", "write_price_list", "write_slides"]

Paper = tuple[str, dict[str, list[str]]]
"""A written file relative to the documents folder, and what it truly mentions: kind -> keys."""

_WRITTEN = datetime(2025, 7, 1, 9, 0, 0)


def write_price_list(company: Company, folder: Path, rng: random.Random) -> None:
    """Writes ``prices/price_list.xlsx``: a sheet per product group, articles without dashes or in lower case."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for group, (title, _, _) in enumerate(PRODUCT_KINDS):
        sheet = book.create_sheet(title)
        sheet.append(["Art.-Nr.", "Description", "List price EUR", "Valid from"])
        for product in company.products:
            if product.group == group:
                article = product.article.replace("-", " ") if rng.random() < 0.5 else product.article.lower()
                sheet.append([article, ascii_fold(product.title), round(product.cents * 1.04 / 100, 2), "2025-07-01"])
    book.properties.creator, book.properties.created, book.properties.modified = world.NAME, _WRITTEN, _WRITTEN
    (folder / "prices").mkdir(exist_ok=True)
    buffer = io.BytesIO()
    book.save(buffer)
    _save(buffer, folder / "prices" / "price_list.xlsx")


def write_contracts(
    company: Company, folder: Path, count: int, rng: random.Random, slips: random.Random
) -> Iterator[Paper]:
    """Framework agreements with customers over some products. ``slips`` decides how names are misspelt."""
    (folder / "contracts").mkdir(exist_ok=True)
    for n, customer in enumerate(rng.sample(company.customers, k=min(count, len(company.customers)))):
        products = sorted(rng.sample(company.products, k=rng.randrange(2, 6)), key=lambda p: p.article)
        number = f"FA-{2023 + n % 3}-{n + 1:03d}"
        document = Document()
        document.core_properties.author, document.core_properties.title = world.NAME, f"Framework agreement {number}"
        document.core_properties.created = document.core_properties.modified = _WRITTEN
        document.add_heading(f"Framework agreement {number}", level=1)
        document.add_paragraph(
            f"between {world.NAME} and {company_variant(customer.name, slips)}, {customer.street}, "
            f"{customer.postcode} {customer.city}, represented by {customer.contact}."
        )
        document.add_paragraph(f"Account manager: {customer.rep.name}. The following articles are covered:")
        table = document.add_table(rows=1, cols=3)
        for cell, heading in zip(table.rows[0].cells, ("Article", "Description", "Rebate"), strict=True):
            cell.text = heading
        for product in products:
            for cell, text in zip(
                table.add_row().cells,
                (article_variant(product.article, slips), product.title, f"{rng.randrange(3, 15)} %"),
                strict=True,
            ):
                cell.text = text
        document.add_paragraph("This agreement is renewed by a year unless it is ended three months before.")
        path = Path("contracts") / f"{number}.docx"
        buffer = io.BytesIO()
        document.save(buffer)
        _save(buffer, folder / path)
        yield (
            path.as_posix(),
            {
                "customer": [customer.number],
                "product": [product.article for product in products],
                "employee": [str(customer.rep.id)],
            },
        )


def write_slides(
    company: Company, folder: Path, count: int, rng: random.Random, slips: random.Random
) -> Iterator[Paper]:
    """Account reviews that name customers, products by their titles, and colleagues."""
    (folder / "slides").mkdir(exist_ok=True)
    buyers = sorted({order.customer for order in company.orders}, key=lambda c: c.number)
    for n, customer in enumerate(rng.sample(buyers, k=min(count, len(buyers)))):
        bought = sorted(
            {line.product for order in company.orders if order.customer is customer for line in order.lines},
            key=lambda p: p.article,
        )[:5]
        show = Presentation()
        show.core_properties.author, show.core_properties.title = customer.rep.name, "Account review"
        show.core_properties.created = show.core_properties.modified = _WRITTEN
        first = show.slides.add_slide(show.slide_layouts[0])
        first.shapes.title.text = f"Account review: {company_variant(customer.name, slips)}"
        first.placeholders[1].text = f"{customer.rep.name}, Sales"
        second = show.slides.add_slide(show.slide_layouts[1])
        second.shapes.title.text = "What they buy"
        second.placeholders[1].text = "\n".join(product.title for product in bought)
        second.notes_slide.notes_text_frame.text = f"Talk to {customer.contact} about renewals."
        path = Path("slides") / f"review-{n + 1:03d}.pptx"
        buffer = io.BytesIO()
        show.save(buffer)
        _save(buffer, folder / path)
        yield (
            path.as_posix(),
            {
                "customer": [customer.number],
                "product": [product.article for product in bought],
                "employee": [str(customer.rep.id)],
            },
        )


def _save(buffer: io.BytesIO, path: Path) -> None:
    """Writes an office file with fixed time stamps, so that the same seed gives the same bytes."""
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            data = source.read(entry)
            if entry.filename == "docProps/core.xml":
                data = _fixed_times(data)
            target.writestr(zipfile.ZipInfo(entry.filename, (2025, 7, 1, 9, 0, 0)), data, zipfile.ZIP_DEFLATED)


def _fixed_times(core: bytes) -> bytes:
    """openpyxl stamps the moment of saving into ``dcterms:modified`` whatever its properties say."""
    head, separator, rest = core.partition(b"<dcterms:modified")
    if not separator:
        return core
    attributes, _, tail = rest.partition(b">")
    return head + separator + attributes + b">" + _WRITTEN.isoformat().encode() + b"Z" + tail[tail.index(b"<") :]
