"""A running service with a small graph, and chromium signed in to its console."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from api.demo import make_company
from ui import DIST

CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "a-password-for-tests"
READY = re.compile(r"http://[\d.]+:\d+")


@dataclass(frozen=True, slots=True)
class Served:
    """A service that listens on ``url``; ``admin`` signs in with PASSWORD. ``folder`` holds the company's files."""

    url: str
    folder: Path


@dataclass(slots=True)
class Console:
    """The console in a browser page, with everything that the browser complained about."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, route: str) -> None:
        self.page.goto(f"{self.url}/#/{route}")

    def expect_question(self, timeout: float) -> None:
        """Waits until a question can be answered: one about a link type, or, chosen as worth more, about two records."""
        ready = self.page.get_by_role("button", name=re.compile(r"^(Confirm|The same|Right)\b"))
        expect(ready).to_be_enabled(timeout=timeout)

    def sign_in(self, name: str = "admin", password: str = PASSWORD) -> None:
        self.page.goto(self.url)
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()


def _environment(data: Path) -> dict[str, str]:
    return {
        **os.environ,
        "BIFROST_DATA_DIR": str(data),
        "BIFROST_ADMIN_PASSWORD": PASSWORD,
        "OMP_NUM_THREADS": "1",
    }


def _bifrost(data: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "api.cli", *arguments]
    ran = subprocess.run(command, env=_environment(data), capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


def _company(folder: Path) -> Path:
    """The demo company with few documents, so that its build is short."""
    made = folder / "made"
    make_company(made, scale=1, seed=7)
    company = folder / "company"
    company.mkdir()
    shutil.copy(made / "erp.sqlite", company)
    shutil.copytree(made / "crm", company / "crm")
    for kind, most in (("invoices", 4), ("mail", 4)):
        (company / "documents" / kind).mkdir(parents=True)
        for file in sorted((made / "documents" / kind).iterdir())[:most]:
            shutil.copy(file, company / "documents" / kind)
    (company / "documents" / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    return company


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """``bifrost serve`` on a free port over the demo company, built once."""
    if not (DIST / "index.html").is_file():
        pytest.skip("the console is not built: make ui")
    folder = tmp_path_factory.mktemp("console")
    data, company = folder / "data", _company(folder)
    _bifrost(data, "source", "add", "erp", f"sqlite:///{company / 'erp.sqlite'}")
    _bifrost(data, "source", "add", "crm", str(company / "crm"))
    _bifrost(data, "source", "add", "documents", str(company / "documents"))
    _bifrost(data, "build")
    with serving(data) as url:
        yield Served(url, company)


@contextmanager
def serving(data: Path) -> Iterator[str]:
    """``bifrost serve`` on a free port over a data directory; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "api.cli", "serve", "--port", "0"],
        env=_environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()
            process.wait(30)


def _address(process: "subprocess.Popen[str]") -> str:
    """Reads what the service prints until it says where it listens; the rest is read on, so that its pipe never fills."""
    assert process.stderr
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := READY.search(line):
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return found.group()
    raise AssertionError("bifrost serve ended: " + "".join(said[-20:]))


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: apt-get install chromium")
    return {
        "executable_path": str(CHROMIUM),
        "args": ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none", "--force-color-profile=srgb"],
    }


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    return {"viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce", "locale": "en-US"}


@pytest.fixture
def anonymous(page: Page, served: Served) -> Console:
    """The console before anybody signed in."""
    console = Console(page, served.url)
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: console.complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            console.complaints.append(message.text)
            if message.type == "error" and "status of 40" not in message.text
            else None
        ),
    )
    return console


@pytest.fixture
def console(anonymous: Console) -> Iterator[Console]:
    """The console as the administrator sees it. Script errors and policy violations fail the test."""
    anonymous.sign_in()
    anonymous.page.get_by_role("heading", name="Home", exact=True).wait_for()
    yield anonymous
    assert anonymous.complaints == []
