"""The demo company's e-mails: customers write about orders and products."""

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from api.demo.company import Company
from api.demo.office import Paper
from api.demo.words import COMPLAINTS, article_variant, company_variant

__all__ = ["write_mails"]


def write_mails(
    company: Company, folder: Path, count: int, rng: random.Random, slips: random.Random
) -> Iterator[Paper]:
    """One mail per file, from a customer's contact to a sales representative."""
    (folder / "mail").mkdir(exist_ok=True)
    for n, order in enumerate(rng.sample(company.orders, k=min(count, len(company.orders)))):
        line = rng.choice(order.lines)
        customer, rep = order.customer, order.rep
        message = EmailMessage(policy=SMTP)
        message["From"] = f"{customer.contact} <{customer.email}>"
        message["To"] = f"{rep.name} <{rep.email}>"
        message["Subject"] = rng.choice(
            (f"Order {order.number}", f"Your delivery {order.number}", f"Question on {order.number}")
        )
        sent = (
            datetime.combine(order.day + timedelta(days=14), time(8 + n % 9, n % 60)).astimezone().replace(tzinfo=None)
        )
        message["Date"] = format_datetime(sent)
        message["Message-ID"] = f"<{n + 1:05d}.{order.number}@{customer.email.rpartition('@')[2]}>"
        article = article_variant(line.product.article, slips)
        complaint = rng.choice(COMPLAINTS).format(product=line.product.title, article=article)
        message.set_content(
            f"Dear {rep.first},\n\n{complaint}\nIt was part of our order {order.number} of {order.day:%d %B %Y}.\n\n"
            f"Kind regards\n{customer.contact}\n{company_variant(customer.name, slips)}\n{customer.phone}\n"
        )
        path = Path("mail") / f"{n + 1:05d}.eml"
        (folder / path).write_bytes(bytes(message))
        mentioned = {"customer": [customer.number], "order": [order.number], "employee": [str(rep.id)]}
        mentioned["product"] = [line.product.article] if line.product.title in complaint or article in complaint else []
        yield path.as_posix(), mentioned
