"""A shop behind the real application: in process for most tests, on a socket for real clients."""

import asyncio
import shutil
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn
from argon2 import PasswordHasher

from api.accounts import Accounts, open_accounts
from api.app import Application, build_app
from api.compose import open_service
from api.direct_socket import DirectWebSocket
from api.permissions import Role
from api.service import Service
from bifrost.settings import load_settings
from tests.api.projects import built_project
from tests.api.shop import ShopService, fill

PASSWORDS = {"admin": "admin-password", "rita": "reviewer-password", "rob": "reader-password"}
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Weak, so that tests need not wait."""


@pytest.fixture(scope="session", autouse=True)
def quiet() -> None:
    """Logs of requests and of errors that tests provoke help nobody."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Shop:
    """``app`` is not started; the fixtures below do that."""

    service: ShopService
    accounts: Accounts
    app: Application


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory to copy: filling a store and hashing passwords take their time."""
    folder = tmp_path_factory.mktemp("shop") / "data"
    service = ShopService.at(folder)
    fill(service.store)
    service.search.catch_up()
    accounts = open_accounts(service.settings, QUICK)
    accounts.ensure_admin(PASSWORDS["admin"])
    accounts.add_user("rita", PASSWORDS["rita"], Role.REVIEWER)
    accounts.add_user("rob", PASSWORDS["rob"], Role.READER)
    accounts.close()
    service.close()
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tables that refer to a fourth; built, so that there are open questions."""
    work = tmp_path_factory.mktemp("review")
    folder = work / "shop"
    folder.mkdir()
    people = "".join(f"P{n:03d},Person {n}\n" for n in range(1, 40))
    (folder / "people.csv").write_text(f"person_id,name\n{people}")
    for table in ("orders", "visits", "letters"):
        rows = "".join(f"{table[0]}{n:04d},P{1 + n * 7 % 39:03d}\n" for n in range(120))
        (folder / f"{table}.csv").write_text(f"{table}_no,person_id\n{rows}")
    return built_project(work, "shop")


@pytest.fixture
def service(built: Path, tmp_path: Path) -> Iterator[Service]:
    """A copy of the project that ``built`` holds; modules may have a ``built`` of their own."""
    shutil.copytree(built / "data", tmp_path / "data")
    made = open_service(load_settings(data_dir=tmp_path / "data"))
    yield made
    made.close()


@pytest.fixture
def shop(tmp_path: Path, stocked: Path) -> Iterator[Shop]:
    shutil.copytree(stocked, tmp_path / "data")
    service = ShopService.at(tmp_path / "data")
    accounts = open_accounts(service.settings, QUICK)
    app = build_app(service, accounts)
    yield Shop(service, accounts, app)
    app.close()
    accounts.close()
    service.close()


class Client:
    """Talks to the application in process, as one user."""

    def __init__(self, http: httpx.AsyncClient, name: str) -> None:
        self.http, self.name = http, name

    async def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data; fails the test on errors."""
        answer = await self.execute(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    async def execute(self, query: str, **variables: Any) -> dict[str, Any]:
        response = await self.http.post("/graphql", json={"query": query, "variables": variables})
        answer: dict[str, Any] = response.json()
        return answer


def connect(app: Application, name: str | None = None, **options: Any) -> httpx.AsyncClient:
    """``name`` signs in by Basic; None is nobody."""
    auth = None if name is None else (name, PASSWORDS[name])
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 1234))
    return httpx.AsyncClient(transport=transport, base_url="http://bifrost.test", auth=auth, **options)


@pytest.fixture
async def admin(shop: Shop) -> AsyncIterator[Client]:
    async with connect(shop.app, "admin") as http:
        yield Client(http, "admin")


@pytest.fixture
async def nobody(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    async with connect(shop.app) as http:
        yield http


class Server:
    """The application on a loopback port, in a thread."""

    def __init__(self, app: Any) -> None:
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws=DirectWebSocket))
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.run(self._server.serve([self._socket]))

    def __enter__(self) -> "Server":
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    with Server(shop.app) as running:
        yield running
