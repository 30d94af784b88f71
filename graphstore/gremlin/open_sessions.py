"""Which edits belong to sessions that have not committed, kept in the store: what a process that died left open is taken
back by the next service that starts.
"""

import os
import socket
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import sqlalchemy as sa
import structlog

from bifrost.errors import ConflictError
from graphstore import schema as s
from graphstore.database import Database
from graphstore.edits import Edits

__all__ = ["OpenSessions", "is_alive", "this_process"]

_log = structlog.get_logger(__name__)
_LEASE_SECONDS = 3_600.0
"""A session on another machine that has changed nothing for so long has ended; idle ones end much sooner."""


class OpenSessions:
    """The open sessions of all processes on one store."""

    def __init__(self, database: Database, edits: Edits) -> None:
        self._db, self._edits = database, edits

    def add(self, session: str, made: Sequence[int]) -> None:
        """Notes edits of a session. Call it inside the write that makes them."""
        rows = [{"edit": id, "session": session, "owner": this_process(), "at": time.time()} for id in made]
        with self._db.write() as connection:
            if rows:
                connection.execute(s.uncommitted.insert(), rows)

    def commit(self, session: str) -> None:
        """The session's edits stay. Raises ConflictError where they were taken back, because it seemed to have ended."""
        with self._db.write() as connection:
            if not connection.execute(s.uncommitted.delete().where(s.uncommitted.c.session == session)).rowcount:
                raise ConflictError(
                    "The session's changes were taken back, because its process seemed to have ended.",
                    remedy="Make the changes again.",
                )

    def roll_back(self, made: Sequence[int], by: str) -> None:
        """Takes edits back, the newest first; those that somebody else took back already are left alone."""
        with self._db.write() as connection:
            for id in sorted(made, reverse=True):
                try:
                    self._edits.undo(id, by=by)
                except ConflictError:
                    continue
            self._db.delete(connection, s.uncommitted.c.edit, made)

    def recover(self) -> int:
        """Takes back what sessions of processes that have died left open; returns how many edits those were."""
        u, taken_back = s.uncommitted, 0
        query = sa.select(u, s.edit.c.by).join(s.edit, s.edit.c.id == u.c.edit).order_by(u.c.session, u.c.edit)
        with self._db.read() as connection:
            if connection.execute(sa.select(u.c.edit).limit(1)).first() is None:
                return 0
        with self._db.write() as connection:
            rows = connection.execute(query).all()
            for session, group in groupby(rows, key=lambda row: row.session):
                edits = list(group)
                if not is_alive(edits[-1].owner, edits[-1].at):
                    self.roll_back([row.edit for row in edits], edits[-1].by)
                    _log.warning("gremlin.session_rolled_back", session=session, edits=len(edits), by=edits[-1].by)
                    taken_back += len(edits)
        return taken_back


def this_process() -> str:
    """The machine since its last start, the process, and when that began: no other process is ever called the same."""
    return f"{socket.gethostname()} {_boot()} {os.getpid()} {_began(os.getpid())}"


def is_alive(owner: str, used: float) -> bool:
    """Whether the process that :meth:`this_process` gave may still run. One of another machine counts as running for an
    hour after it was ``used`` last, in seconds since 1970."""
    host, boot, pid, began = owner.split(" ")
    if host != socket.gethostname():
        return time.time() - used < _LEASE_SECONDS
    if boot != _boot():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs as somebody else
    return began == _began(int(pid))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "-"


def _began(pid: int) -> str:
    """When a process began, in ticks since the machine did; a process that has ended, or a zombie, has no such time."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "-"
    return "-" if state == "Z" else fields[18]
