"""A sync: what a build costs after a few records of large sources have changed.

Three made-up databases: customers, orders that name them by number, and tickets whose text names them by name or number. The
first build finds the link types, which are confirmed; then a thousand orders, a hundred tickets and a hundred customers change
and everything is built again: by the service that goes on running, and by one that was started anew. The baseline of a sync is
the first build with applying its link types. The edges after each build are compared with the truth.
"""

import random
import resource
import sqlite3
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from api.compose import open_service
from api.service import Service
from benchmarks.building import timed_build
from benchmarks.report import Report, arguments, f1_score
from bifrost.links import LinkKind, Verdict
from bifrost.log import configure_logging
from bifrost.settings import load_settings
from linking.training.values import word

_TABLES = {
    "erp": ("customer", "customer_no TEXT PRIMARY KEY, name TEXT, city TEXT, street TEXT"),
    "shop": ("orders", "order_id INTEGER PRIMARY KEY, cust_no TEXT, amount REAL, placed TEXT"),
    "desk": ("ticket", "ticket_id INTEGER PRIMARY KEY, subject TEXT, body TEXT"),
}
_NAMED = 5
"""Customers in a ticket."""
_CHANGED_ORDERS, _CHANGED_TICKETS, _CHANGED_CUSTOMERS = 1_000, 100, 100


@dataclass
class Company:
    """The databases in a folder, and the customers that each order and ticket names, by their numbers."""

    folder: Path
    seed: int
    names: list[str] = field(default_factory=list)
    orders: list[int] = field(default_factory=list)
    tickets: list[list[int]] = field(default_factory=list)

    def make(self, customers: int, orders: int, tickets: int) -> None:
        chosen = random.Random(self.seed)
        filler = [word(chosen, 1, 3) for _ in range(3_000)]
        cities = [word(chosen, 2, 3).capitalize() for _ in range(300)]
        # The number keeps names apart: a name that several have would be nobody's.
        self.names = [
            f"{word(chosen, 2, 3).capitalize()} {word(chosen, 2, 3).capitalize()} {n}" for n in range(customers)
        ]
        self.orders = [chosen.randrange(customers) for _ in range(orders)]
        self.tickets = [[chosen.randrange(customers) for _ in range(_NAMED)] for _ in range(tickets)]
        rows: dict[str, list[tuple[object, ...]]] = {
            "erp": [(_number(n), name, chosen.choice(cities), f"Street {n % 99}") for n, name in enumerate(self.names)],
            "shop": [
                (n, _number(who), round(chosen.random() * 1_000, 2), f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}")
                for n, who in enumerate(self.orders)
            ],
            "desk": [
                (n, " ".join(chosen.choices(filler, k=4)), self._body(chosen, filler, named))
                for n, named in enumerate(self.tickets)
            ],
        }
        for source, (table, columns) in _TABLES.items():
            with sqlite3.connect(self.folder / f"{source}.sqlite") as database:
                database.execute(f"CREATE TABLE {table} ({columns})")
                marks = ", ".join("?" * len(rows[source][0]))
                database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows[source])
            database.close()

    def _body(self, chosen: random.Random, filler: list[str], named: list[int]) -> str:
        said = (self.names[who] if chosen.random() < 0.6 else _number(who) for who in named)
        return "\n".join(f"{one} {' '.join(chosen.choices(filler, k=30))}." for one in said)

    def change(self, seed: int) -> None:
        """Orders go to others, tickets name one more by number, customers move."""
        chosen = random.Random(seed)
        with sqlite3.connect(self.folder / "shop.sqlite") as database:
            for order in chosen.sample(range(len(self.orders)), min(_CHANGED_ORDERS, len(self.orders))):
                self.orders[order] = chosen.randrange(len(self.names))
                said = (_number(self.orders[order]), order)
                database.execute("UPDATE orders SET cust_no = ? WHERE order_id = ?", said)
        with sqlite3.connect(self.folder / "desk.sqlite") as database:
            for ticket in chosen.sample(range(len(self.tickets)), min(_CHANGED_TICKETS, len(self.tickets))):
                who = chosen.randrange(len(self.names))
                self.tickets[ticket].append(who)
                said = f" {_number(who)}", ticket
                database.execute("UPDATE ticket SET body = body || ? WHERE ticket_id = ?", said)
        with sqlite3.connect(self.folder / "erp.sqlite") as database:
            for who in chosen.sample(range(len(self.names)), min(_CHANGED_CUSTOMERS, len(self.names))):
                database.execute("UPDATE customer SET city = 'Moved' WHERE customer_no = ?", (_number(who),))

    def truth(self) -> set[tuple[str, ...]]:
        placed = {(f"shop/orders/{n}", f"erp/customer/{_number(who)}") for n, who in enumerate(self.orders)}
        return placed | {
            (f"desk/ticket/{n}", f"erp/customer/{_number(who)}")
            for n, named in enumerate(self.tickets)
            for who in named
        }


def _number(customer: int) -> str:
    return f"K-{100_000 + customer}"


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--orders", type=int, default=500_000)
    parser.add_argument("--tickets", type=int, default=20_000)
    chosen = parser.parse_args()
    report = Report("sync", chosen.seed)
    with tempfile.TemporaryDirectory(prefix="bifrost-sync-") as folder:
        company = Company(Path(folder), chosen.seed)
        company.make(chosen.customers, chosen.orders, chosen.tickets)
        run(company, report)
    report.add("peak_mb", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, note="of this process")
    report.write(chosen.json)


def run(company: Company, report: Report) -> None:
    """Builds, answers, and syncs twice."""
    settings = load_settings(data_dir=company.folder / "data", log_level="error")
    configure_logging(settings)
    service = open_service(settings)
    for source in _TABLES:
        service.add_source(source, "sql", {"url": f"sqlite:///{company.folder / source}.sqlite"}, {})
    first = _timed(report, "first", service)
    first += _confirm(report, service)
    _check(report, "first", service, company)
    company.change(1)
    _timed(report, "sync", service, baseline=first)
    _check(report, "sync", service, company)
    service.close()
    company.change(2)
    service = open_service(settings)
    _timed(report, "sync_after_start", service, baseline=first)
    _check(report, "sync_after_start", service, company)
    service.close()


def _timed(report: Report, name: str, service: Service, baseline: float | None = None) -> float:
    stages = timed_build(service)
    total = sum(seconds for seconds, _ in stages.values())
    report.add(f"{name}.seconds", total, baseline=baseline)
    for stage, (seconds, records) in stages.items():
        report.add(f"{name}.seconds.{stage}", seconds, note=f"{records:,} records" if records else "")
    return total


def _confirm(report: Report, service: Service) -> float:
    """Confirms what is true, and follows with search and SPARQL."""
    started = time.monotonic()
    for question in service.questions():
        right = question.kind in (LinkKind.REFERENCE, LinkKind.MENTION) and question.head.source == "erp"
        service.judge(question.id, Verdict.CONFIRM if right else Verdict.REJECT, "reviewer")
    applied = time.monotonic() - started
    report.add("first.seconds.apply", applied, note="the links of what was confirmed")
    started = time.monotonic()
    service.pipeline.publish()
    report.add("first.seconds.follow", time.monotonic() - started, note="search and SPARQL")
    return applied + time.monotonic() - started


def _check(report: Report, name: str, service: Service, company: Company) -> None:
    found: set[tuple[str, ...]] = set()
    after = None
    while True:
        page = service.store.view().edges(after=after, limit=10_000)
        found |= {(edge.tail, edge.head) for edge in page.items}
        after = page.cursor
        if after is None:
            break
    precision, recall, f1 = f1_score(found, company.truth())
    report.add(f"{name}.f1", f1, note=f"precision {precision:.3f}, recall {recall:.3f}")


if __name__ == "__main__":
    main()
