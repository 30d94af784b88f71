"""The demo company's invoices (pdf) and scans of some of them (png, skewed and noisy)."""

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from api.demo import company as world
from api.demo.company import Company, Order
from api.demo.office import Paper
from api.demo.words import ascii_fold, company_variant, number_variant

__all__ = ["write_invoices", "write_scans"]

_DPI = 200


def write_invoices(
    company: Company, folder: Path, count: int, rng: random.Random, slips: random.Random
) -> Iterator[Paper]:
    """Invoices as PDF; long article descriptions are broken over lines as in real ones."""
    (folder / "invoices").mkdir(exist_ok=True)
    for order in rng.sample(company.invoiced, k=min(count, len(company.invoiced))):
        path = Path("invoices") / f"{order.invoice}.pdf"
        _invoice(order, folder / path, slips)
        yield path.as_posix(), _truth(order)


def write_scans(
    company: Company, folder: Path, count: int, rng: random.Random, slips: random.Random
) -> Iterator[Paper]:
    """Scanned invoices: no text layer, slightly turned, grey and noisy."""
    (folder / "scans").mkdir(exist_ok=True)
    noise = np.random.default_rng(rng.randrange(2**32))
    for n, order in enumerate(rng.sample(company.invoiced, k=min(count, len(company.invoiced)))):
        path = Path("scans") / f"scan-{n + 1:03d}.png"
        pdf = folder / "scans" / "page.pdf"
        _invoice(order, pdf, slips)
        document = pypdfium2.PdfDocument(pdf)
        page = document[0].render(scale=_DPI / 72).to_pil().convert("L")
        document.close()
        pdf.unlink()
        turned = page.rotate(rng.uniform(-0.7, 0.7), fillcolor=255, resample=Image.Resampling.BICUBIC)
        grey = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.5)), dtype=np.float32)
        speckled = grey * 0.93 + noise.normal(6, 11, grey.shape)
        Image.fromarray(np.clip(speckled, 0, 255).astype(np.uint8)).save(folder / path, dpi=(_DPI, _DPI))
        yield path.as_posix(), _truth(order)


def _truth(order: Order) -> dict[str, list[str]]:
    return {
        "customer": [order.customer.number],
        "order": [order.number],
        "invoice": [str(order.invoice)],
        "product": sorted({line.product.article for line in order.lines}),
    }


def _invoice(order: Order, path: Path, slips: random.Random) -> None:
    canvas = Canvas(str(path), pagesize=A4, invariant=1)
    canvas.setTitle(f"Invoice {order.invoice}")
    canvas.setAuthor(world.NAME)
    customer = order.customer
    head = [
        world.NAME, "", company_variant(customer.name, slips), customer.street,
        f"{customer.postcode} {customer.city}", customer.country, "",
        f"Invoice {order.invoice}", f"Date: {order.day:%d.%m.%Y}",
        f"Customer no.: {number_variant(customer.number, slips)}",
        f"Your order: {order.number}", f"Contact: {customer.contact}", "",
    ]  # fmt: skip
    y = 800
    for line in head:
        canvas.setFont("Helvetica-Bold" if line.startswith("Invoice") else "Helvetica", 11)
        canvas.drawString(60, y, _latin(line))
        y -= 17
    canvas.setFont("Helvetica-Bold", 10)
    for x, heading in ((60, "Article"), (160, "Description"), (340, "Quantity"), (400, "Unit price"), (480, "Amount")):
        canvas.drawString(x, y, heading)
    canvas.setFont("Helvetica", 10)
    for entry in order.lines:
        y -= 20
        title = entry.product.title.split(" ")
        canvas.drawString(60, y, entry.product.article)
        canvas.drawString(160, y, _latin(" ".join(title[:2])))
        canvas.drawRightString(380, y, str(entry.quantity))
        canvas.drawRightString(455, y, f"{entry.cents / 100:,.2f}")
        canvas.drawRightString(530, y, f"{entry.quantity * entry.cents / 100:,.2f}")
        if title[2:]:
            y -= 12
            canvas.drawString(160, y, _latin(" ".join(title[2:])))
    canvas.setFont("Helvetica-Bold", 11)
    canvas.drawRightString(530, y - 30, f"Total EUR {order.cents / 100:,.2f}")
    canvas.save()


def _latin(text: str) -> str:
    """The built-in fonts write Latin-1 only; other letters are folded, as many invoice programs do."""
    return "".join(char if ord(char) < 256 else ascii_fold(char) for char in text)
