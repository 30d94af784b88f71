"""The demo company's ERP database: SQLite, and the same as SQL for PostgreSQL.

Some keys are declared, some are not, as in real systems that grew: ``sales_order.rep``, ``invoice.order_no``,
``product.group_code`` and the customer number on invoices have no constraint.
"""

import sqlite3
from pathlib import Path
from typing import Any

from api.demo.company import Company
from api.demo.words import DEPARTMENTS, PRODUCT_KINDS

__all__ = ["REFERENCES", "write"]

_TABLES = {
    "department": ("id INTEGER PRIMARY KEY", "name VARCHAR(40) NOT NULL"),
    "employee": (
        "emp_id INTEGER PRIMARY KEY", "first_name VARCHAR(40)", "last_name VARCHAR(40)", "email VARCHAR(120) UNIQUE",
        "department_id INTEGER REFERENCES department(id)", "manager_id INTEGER",
    ),
    "product_group": ("code VARCHAR(4) PRIMARY KEY", "title VARCHAR(40)"),
    "product": ("article_no VARCHAR(20) PRIMARY KEY", "title VARCHAR(80)", "group_code VARCHAR(4)", "list_price NUMERIC(10,2)"),
    "supplier": ("id INTEGER PRIMARY KEY", "company VARCHAR(120)", "country VARCHAR(40)"),
    "product_supplier": (
        "article_no VARCHAR(20) REFERENCES product(article_no)", "supplier_id INTEGER REFERENCES supplier(id)",
        "PRIMARY KEY (article_no, supplier_id)",
    ),
    "customer": (
        "customer_no VARCHAR(12) PRIMARY KEY", "company VARCHAR(120) NOT NULL", "street VARCHAR(80)", "postcode VARCHAR(12)",
        "city VARCHAR(60)", "country VARCHAR(40)", "vat_id VARCHAR(20)", "phone VARCHAR(30)", "contact_person VARCHAR(80)",
        "contact_email VARCHAR(120)",
    ),
    "sales_order": (
        "order_no VARCHAR(12) PRIMARY KEY", "customer_no VARCHAR(12) REFERENCES customer(customer_no)", "rep INTEGER",
        "ordered_on DATE",
    ),
    "order_line": (
        "order_no VARCHAR(12) REFERENCES sales_order(order_no)", "line_no INTEGER",
        "article_no VARCHAR(20) REFERENCES product(article_no)", "quantity INTEGER", "unit_price NUMERIC(10,2)",
        "PRIMARY KEY (order_no, line_no)",
    ),
    "invoice": ("invoice_no VARCHAR(16) PRIMARY KEY", "order_no VARCHAR(12)", "debtor VARCHAR(12)", "total NUMERIC(12,2)"),
}  # fmt: skip

REFERENCES = [
    ("employee.manager_id", "employee.emp_id"),
    ("product.group_code", "product_group.code"),
    ("sales_order.rep", "employee.emp_id"),
    ("invoice.order_no", "sales_order.order_no"),
    ("invoice.debtor", "customer.customer_no"),
]
"""The references that hold but are not declared."""


def write(company: Company, folder: Path) -> None:
    """Writes ``erp.sqlite`` and ``erp_postgres.sql``."""
    rows = _rows(company)
    database = folder / "erp.sqlite"
    database.unlink(missing_ok=True)
    with sqlite3.connect(database) as connection:
        for name, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns)})")
            marks = ", ".join("?" * len(rows[name][0])) if rows[name] else ""
            if marks:
                connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])
    connection.close()
    with (folder / "erp_postgres.sql").open("w", encoding="utf-8") as file:
        for name, columns in _TABLES.items():
            file.write(f"CREATE TABLE {name} (\n  " + ",\n  ".join(columns) + "\n);\n")
            for row in rows[name]:
                file.write(f"INSERT INTO {name} VALUES ({', '.join(_literal(value) for value in row)});\n")


def _rows(company: Company) -> dict[str, list[tuple[Any, ...]]]:
    prefix = [kind[2] for kind in PRODUCT_KINDS]
    return {
        "department": list(enumerate(DEPARTMENTS)),
        "employee": [(e.id, e.first, e.last, e.email, e.department, e.manager) for e in company.employees],
        "product_group": [(code, title) for title, _, code in PRODUCT_KINDS],
        "product": [(p.article, p.title, prefix[p.group], p.price) for p in company.products],
        "supplier": [(s.id, s.name, s.country) for s in company.suppliers],
        "product_supplier": [(p.article, s.id) for p in company.products for s in p.suppliers],
        "customer": [
            (c.number, c.name, c.street, c.postcode, c.city, c.country, c.vat_id, c.phone, c.contact, c.email)
            for c in company.customers
        ],
        "sales_order": [(o.number, o.customer.number, o.rep.id, o.day.isoformat()) for o in company.orders],
        "order_line": [
            (o.number, n, line.product.article, line.quantity, f"{line.cents / 100:.2f}")
            for o in company.orders
            for n, line in enumerate(o.lines, 1)
        ],
        "invoice": [(o.invoice, o.number, o.customer.number, f"{o.cents / 100:.2f}") for o in company.invoiced],
    }


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
