"""The demo company's CRM export: other keys, other column names, other spellings, duplicates, prospects."""

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.demo import words
from api.demo.company import Company, Customer

__all__ = ["Crm", "make", "write"]


@dataclass(frozen=True, slots=True)
class Crm:
    """The exported rows, and what is true about them: account id -> customer number."""

    accounts: tuple[dict[str, Any], ...]
    opportunities: tuple[dict[str, Any], ...]
    tickets: tuple[dict[str, Any], ...]
    same: dict[str, str]


def make(company: Company, rng: random.Random) -> Crm:
    """About 80% of the customers, some twice, and prospects that the ERP does not know."""
    accounts: list[dict[str, Any]] = []
    same: dict[str, str] = {}
    known: list[Customer | None] = [c for c in company.customers if rng.random() < 0.8]
    known += [customer for customer in known if rng.random() < 0.06]
    known += [None] * (len(company.customers) * 15 // 100)
    rng.shuffle(known)
    for n, customer in enumerate(known):
        account = f"{n * 13 + 1700:07d}"
        accounts.append(_account(account, customer, company, rng))
        if customer is not None:
            same[account] = customer.number
    return Crm(tuple(accounts), _opportunities(accounts, company, rng), _tickets(accounts, company, rng), same)


def write(crm: Crm, folder: Path) -> None:
    """Writes ``crm/accounts.csv``, ``crm/opportunities.json`` and ``crm/tickets.jsonl``."""
    folder = folder / "crm"
    folder.mkdir(exist_ok=True)
    with (folder / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(crm.accounts[0]), delimiter=";", lineterminator="\n")
        writer.writeheader()
        writer.writerows(crm.accounts)
    text = json.dumps({"exported": "2025-07-01", "opportunities": crm.opportunities}, ensure_ascii=False, indent=1)
    (folder / "opportunities.json").write_text(text, encoding="utf-8")
    lines = "".join(json.dumps(ticket, ensure_ascii=False) + "\n" for ticket in crm.tickets)
    (folder / "tickets.jsonl").write_text(lines, encoding="utf-8")


def _account(id: str, customer: Customer | None, company: Company, rng: random.Random) -> dict[str, Any]:
    if customer is None:
        stem, trade = rng.choice(words.COMPANY_STEMS), rng.choice(words.COMPANY_TRADES)
        city, postcode, country, prefix = rng.choice(words.CITIES)
        name, number = f"{stem} {rng.choice(words.LAST_NAMES)} {trade}", words.phone(prefix, rng)
        contact = f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"
        owner, email = rng.choice(company.employees), ""
    else:
        name, city, postcode, country = customer.name, customer.city, customer.postcode, customer.country
        number, contact, owner, email = customer.phone, customer.contact, customer.rep, customer.email
    return {
        "acct_id": id,
        "acct_name": words.company_variant(name, rng),
        "town": words.ascii_fold(city) if rng.random() < 0.4 else city,
        "zip": postcode if rng.random() < 0.85 else "",
        "ctry": country[:2].upper(),
        "tel": words.phone_variant(number, rng) if rng.random() < 0.8 else "",
        "main_contact": ", ".join(reversed(contact.split(" ", 1))) if rng.random() < 0.5 else contact,
        "mail": email if rng.random() < 0.5 else "",
        "account_owner": owner.email,
    }


def _opportunities(accounts: list[dict[str, Any]], company: Company, rng: random.Random) -> tuple[dict[str, Any], ...]:
    made = []
    for n in range(len(accounts) * 3 // 2):
        product = rng.choice(company.products)
        made.append(
            {
                "opp": f"OPP-{n + 1:05d}",
                "acct": int(rng.choice(accounts)["acct_id"]),
                "stage": rng.choice(words.STAGES),
                "amount": round(product.cents / 100 * rng.randrange(1, 20), 2),
                "interest": {
                    "articles": sorted(
                        {words.article_variant(product.article, rng), rng.choice(company.products).article}
                    )
                },
            }
        )
    return tuple(made)


def _tickets(accounts: list[dict[str, Any]], company: Company, rng: random.Random) -> tuple[dict[str, Any], ...]:
    made = []
    service = [employee for employee in company.employees if employee.department == 1]
    for n in range(len(accounts)):
        product = rng.choice(company.products)
        text = rng.choice(words.COMPLAINTS).format(product=product.title, article=product.article)
        made.append(
            {
                "ticket": 90000 + n,
                "account": rng.choice(accounts)["acct_id"],
                "handled_by": rng.choice(service).email.upper() if rng.random() < 0.2 else rng.choice(service).email,
                "priority": rng.choice(("low", "normal", "high")),
                "text": text,
            }
        )
    return tuple(made)
