"""Where the service over a data directory listens: a file that it writes when it starts and removes when it ends."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from bifrost.settings import Settings

__all__ = ["announced", "running_service"]


@contextmanager
def announced(settings: Settings, address: str) -> Iterator[None]:
    """Tells other processes of this machine the address while the body runs."""
    file = _file(settings)
    file.write_bytes(orjson.dumps({"address": address, "pid": os.getpid()}))
    try:
        yield
    finally:
        if _read(file).get("pid") == os.getpid():
            file.unlink(missing_ok=True)


def running_service(settings: Settings) -> str | None:
    """The address of the service that runs; None where none does. One that was killed is forgotten."""
    known = _read(_file(settings))
    pid, address = known.get("pid"), known.get("address")
    if not isinstance(pid, int) or not isinstance(address, str):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except OSError:
        pass  # it runs as somebody else
    return address


def _file(settings: Settings) -> Path:
    return settings.data_dir / "service.json"


def _read(file: Path) -> dict[str, object]:
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}
