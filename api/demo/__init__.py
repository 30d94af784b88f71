"""The demo company: believable files of any size, the same for the same seed, with the true links beside them."""

import json
import random
from pathlib import Path

from api.demo import company, crm, erp, mail, office, paper
from bifrost.errors import InputError

__all__ = ["make_company"]


def make_company(folder: Path, *, scale: int = 1, seed: int = 7) -> dict[str, int]:
    """Writes the company's files into ``folder`` and returns how many of what.

    ``erp.sqlite`` and ``erp_postgres.sql``; ``crm/`` (csv, json, jsonl); ``prices/`` (xlsx); ``documents/`` with
    contracts (docx), slides (pptx), invoices (pdf), scans (png) and mail (eml); ``truth.json``: declared and undeclared
    references, which CRM accounts are which customers, and what each document mentions. Deterministic: the same scale
    and seed give the same bytes. Raises InputError when the folder holds other files.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / "truth.json").exists():
        raise InputError(f"{folder} is not empty.", remedy="Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(seed)
    slips = random.Random(f"{seed} slips")  # apart, so that how people misspell does not change what is true
    made = company.make(scale, rng)
    customers = crm.make(made, rng)
    erp.write(made, folder)
    crm.write(customers, folder)
    office.write_price_list(made, folder, rng)
    documents = folder / "documents"
    documents.mkdir(exist_ok=True)
    papers = {
        "contracts": list(office.write_contracts(made, documents, 12 * scale, rng, slips)),
        "slides": list(office.write_slides(made, documents, 6 * scale, rng, slips)),
        "invoices": list(paper.write_invoices(made, documents, 40 * scale, rng, slips)),
        "scans": list(paper.write_scans(made, documents, 6 * scale, rng, slips)),
        "mails": list(mail.write_mails(made, documents, 40 * scale, rng, slips)),
    }
    truth = {
        "scale": scale,
        "seed": seed,
        "references": {f"erp.{tail}": f"erp.{head}" for tail, head in erp.REFERENCES}
        | {
            "crm.opportunities.acct": "crm.accounts.acct_id",
            "crm.tickets.account": "crm.accounts.acct_id",
            "crm.tickets.handled_by": "erp.employee.email",
            "crm.accounts.account_owner": "erp.employee.email",
            "crm.opportunities.interest.articles": "erp.product.article_no",
            "prices.price_list.Art.-Nr.": "erp.product.article_no",
        },
        "same": {"crm.accounts": "erp.customer", "pairs": customers.same},
        "documents": {path: mentioned for group in papers.values() for path, mentioned in group},
    }
    text = json.dumps(truth, ensure_ascii=False, indent=1, sort_keys=True)
    (folder / "truth.json").write_text(text, encoding="utf-8")
    counts = {"customers": len(made.customers), "products": len(made.products), "orders": len(made.orders)}
    return counts | {"accounts": len(customers.accounts)} | {name: len(group) for name, group in papers.items()}
