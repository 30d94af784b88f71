"""GraphQL: a nested query of 1,110 objects and single look-ups, beside bare strawberry answering the same from memory.

Both run under uvicorn in a process of their own and are asked by the same client. Ours reads the store for each request,
signs the caller in by a token, checks rights, depth and cost; the baseline resolves fields of ready-made objects.
"""

import asyncio
import json
import multiprocessing
import socket
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.report import Report, arguments

CUSTOMERS, ORDERS, LINES = 100, 10, 10
NESTED = """{ customers(first: 10) { nodes { id name city orders(first: 10) { id number total lines(first: 10) {
  id product quantity price } } } } }"""
LOOK_UP = "query($id: ID!) { customer(id: $id) { id name city } }"


# ---- the two services ------------------------------------------------------------------------------------------------


def _customers() -> Iterator[dict[str, Any]]:
    """The same company for both services."""
    for c in range(CUSTOMERS):
        orders = []
        for o in range(ORDERS):
            number = c * ORDERS + o
            lines = [
                {"id": f"shop/lines/{number}-{n}", "product": f"Product {n}", "quantity": n + 1, "price": 9.5 + n}
                for n in range(LINES)
            ]
            orders.append({"id": f"shop/orders/{number}", "number": number, "total": 100.5 + o, "lines": lines})
        yield {"id": f"shop/customers/{c}", "name": f"Customer {c}", "city": f"City {c % 7}", "orders": orders}


def _serve(app: Any, listener: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(app, log_level="critical", access_log=False)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def serve_bare(listener: socket.socket, _: str) -> None:
    """Strawberry as its documentation shows it, the objects in memory."""
    import strawberry
    from strawberry.asgi import GraphQL

    @strawberry.type
    class Line:
        id: strawberry.ID
        product: str
        quantity: int
        price: float

    @strawberry.type
    class Order:
        id: strawberry.ID
        number: int
        total: float
        all_lines: strawberry.Private[list[Any]]

        @strawberry.field
        def lines(self, first: int = 50) -> list[Line]:
            return self.all_lines[:first]

    @strawberry.type
    class Customer:
        id: strawberry.ID
        name: str
        city: str
        all_orders: strawberry.Private[list[Any]]

        @strawberry.field
        def orders(self, first: int = 50) -> list[Order]:
            return self.all_orders[:first]

    @strawberry.type
    class Connection:
        nodes: list[Customer]

    everybody = [
        Customer(
            id=c["id"],
            name=c["name"],
            city=c["city"],
            all_orders=[
                Order(id=o["id"], number=o["number"], total=o["total"], all_lines=[Line(**line) for line in o["lines"]])
                for o in c["orders"]
            ],
        )
        for c in _customers()
    ]
    by_id = {customer.id: customer for customer in everybody}

    @strawberry.type
    class Query:
        @strawberry.field
        def customers(self, first: int = 50) -> Connection:
            return Connection(nodes=everybody[:first])

        @strawberry.field
        def customer(self, id: strawberry.ID) -> Customer | None:
            return by_id.get(id)

    for local in (Line, Order, Customer, Connection):  # annotations are resolved in the module
        globals()[local.__name__] = local
    _serve(GraphQL(strawberry.Schema(query=Query), graphql_ide=None), listener)


def fill(folder: str) -> str:
    """Makes the store and an account; returns a token."""
    from api.accounts import open_accounts
    from api.permissions import Principal, Role
    from bifrost.catalog import Source
    from bifrost.settings import load_settings
    from bifrost.values import DatasetInfo, DatasetKind, Fragment, LinkStatement, RecordFragments, digest_of
    from graphstore.sql import SqlStore

    settings = load_settings(data_dir=Path(folder))
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    store = SqlStore(settings.effective_store_url)
    store.migrate()
    store.catalog.add_source(Source("shop", "sql"))
    infos = [DatasetInfo(name, DatasetKind.TABLE) for name in ("customers", "orders", "lines")]
    store.catalog.save_datasets("shop", infos, {"customers": "Customer", "orders": "Order", "lines": "Line"})
    build = store.catalog.add_build(()).id

    def record(type_: str, values: dict[str, Any], links: Sequence[tuple[str, str]]) -> RecordFragments:
        uid = values["id"]
        properties = {name: (value,) for name, value in values.items() if name not in ("id", "orders", "lines")}
        statements = tuple(LinkStatement(f"{uid}#{label}", label, uid, head) for label, head in links)
        return RecordFragments(
            uid.rpartition("/")[2], digest_of((uid.encode(),)), (Fragment(uid, type_, properties),), statements
        )

    customers = list(_customers())
    orders = [(c["id"], o) for c in customers for o in c["orders"]]
    lines = [(o["id"], line) for _, o in orders for line in o["lines"]]
    rows = {
        "customers": [record("Customer", c, ()) for c in customers],
        "orders": [record("Order", o, (("placed_by", customer),)) for customer, o in orders],
        "lines": [record("Line", line, (("part_of", order),)) for order, line in lines],
    }
    for dataset, records in rows.items():
        store.fragments.replace("shop", dataset, records, build)
    store.close()
    accounts = open_accounts(settings)
    accounts.ensure_admin("password-of-the-benchmark")
    token = accounts.create_token(Principal.of("admin", Role.ADMIN, via="session"), "benchmark", ["read"]).secret
    accounts.close()
    return token


@dataclass
class StoreService:
    """As much of a service as reading needs."""

    settings: Any
    store: Any


def serve_ours(listener: socket.socket, folder: str) -> None:
    import logging

    import structlog

    from api.accounts import open_accounts
    from api.app import build_app
    from bifrost.settings import load_settings
    from graphstore.sql import SqlStore

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    settings = load_settings(data_dir=Path(folder))
    service: Any = StoreService(settings, SqlStore(settings.effective_store_url))
    _serve(build_app(service, open_accounts(settings)), listener)


@contextmanager
def running(target: Callable[[socket.socket, str], None], folder: str) -> Iterator[int]:
    """The port of a service in its own process."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=target, args=(listener, folder), daemon=True)
    process.start()
    try:
        yield listener.getsockname()[1]
    finally:
        process.terminate()
        process.join()
        listener.close()


# ---- the client ------------------------------------------------------------------------------------------------------


class Client:
    """HTTP/1.1 with keep-alive and nothing else, so that the client costs little."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token = port, token

    async def __aenter__(self) -> "Client":
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, query: str, variables: dict[str, Any]) -> bytes:
        body = json.dumps({"query": query, "variables": variables}).encode()
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return await self._reader.readexactly(int(length.split(b":")[1]))


@dataclass(frozen=True)
class Timing:
    per_second: float
    median_ms: float
    p95_ms: float


async def measure(
    port: int, token: str, query: str, variables: Sequence[dict[str, Any]], clients: int
) -> tuple[list[float], float]:
    """Sends one request for each of ``variables``, ``clients`` at a time; seconds of each, and of all together."""
    waiting = list(reversed(variables))
    times: list[float] = []

    async def work() -> None:
        async with Client(port, token) as client:
            while waiting:
                given = waiting.pop()
                started = time.perf_counter()
                answer = await client.ask(query, given)
                times.append(time.perf_counter() - started)
                assert b'"errors"' not in answer, answer[:500]

    started = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(clients)))
    return times, time.perf_counter() - started


async def ask_once(port: int, token: str, query: str, variables: dict[str, Any]) -> Any:
    async with Client(port, token) as client:
        return json.loads(await client.ask(query, variables))["data"]


@dataclass
class Measured:
    """What a service answered and how long it took."""

    port: int
    token: str
    times: dict[str, list[float]]
    seconds: dict[str, float]

    def ask(self, name: str, query: str, variables: Sequence[dict[str, Any]], clients: int) -> None:
        times, seconds = asyncio.run(measure(self.port, self.token, query, variables, clients))
        self.times[name] += times
        self.seconds[name] += seconds

    def timing(self, name: str) -> Timing:
        ordered = sorted(self.times[name])
        return Timing(
            len(ordered) / self.seconds[name],
            1000 * statistics.median(ordered),
            1000 * ordered[int(0.95 * (len(ordered) - 1))],
        )


def run(services: Sequence[Measured], nested: int, look_ups: int, rounds: int = 5) -> None:
    """Asks the services in turn, so that other work on the machine meets both; a first round is not counted."""
    ids = [{"id": f"shop/customers/{number % CUSTOMERS}"} for number in range(look_ups // rounds)]
    for count in range(rounds + 1):
        for service in services:
            service.ask("nested", NESTED, [{}] * max(1, nested // rounds), 1)
            service.ask("look_up", LOOK_UP, ids, 32)
            if not count:
                service.times, service.seconds = {"nested": [], "look_up": []}, {"nested": 0.0, "look_up": 0.0}


def _without_order(value: Any) -> Any:
    """Lists sorted by id: the order of links is the store's own."""
    if isinstance(value, list):
        return sorted((_without_order(item) for item in value), key=lambda item: str(item.get("id")))
    return {name: _without_order(item) for name, item in value.items()} if isinstance(value, dict) else value


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--nested", type=int, default=100, help="nested queries to send")
    parser.add_argument("--look-ups", type=int, default=5000, help="single look-ups to send, by 32 clients")
    options = parser.parse_args()
    report = Report("graphql", options.seed)
    with tempfile.TemporaryDirectory(prefix="bifrost-benchmark-") as folder:
        token = fill(folder)
        with running(serve_bare, folder) as bare_port, running(serve_ours, folder) as our_port:
            bare, ours = (
                Measured(port, token, {"nested": [], "look_up": []}, {"nested": 0.0, "look_up": 0.0})
                for port in (bare_port, our_port)
            )
            answers = [asyncio.run(ask_once(one.port, token, NESTED, {})) for one in (bare, ours)]
            run((bare, ours), options.nested, options.look_ups)
    assert _without_order(answers[0]) == _without_order(answers[1]), "both must give the same answer"
    for name, note in (("nested", "one client, 1,110 objects"), ("look_up", "32 clients")):
        our, base = ours.timing(name), bare.timing(name)
        report.add(f"{name}.per_second", our.per_second, baseline=base.per_second, note=note)
        report.add(f"{name}.median_ms", our.median_ms, baseline=base.median_ms)
        report.add(f"{name}.p95_ms", our.p95_ms, baseline=base.p95_ms)
        report.add(f"{name}.ratio", our.per_second / base.per_second, bar=0.5, note="requests/s, to bare strawberry")
    report.write(options.json)


if __name__ == "__main__":
    main()
