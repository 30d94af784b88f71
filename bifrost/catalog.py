"""What the catalog knows of sources, their datasets and the builds that read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bifrost.values import EMPTY, DatasetInfo

__all__ = ["LOADED", "Build", "BuildState", "DatasetSummary", "Progress", "RecordFailure", "Source"]

LOADED = "graph"
"""Kind of a source that was loaded once, whole: no connector reads it again, and builds leave it as it is."""


@dataclass(frozen=True, slots=True)
class Source:
    """A registered source. ``options`` are what its connector takes, without any secret.

    ``rank``: where values conflict, the source with the lowest rank is shown. ``removal_limit``: the share of a
    dataset's records in [0, 1] that one build may remove without asking.
    """

    name: str
    kind: str
    options: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    rank: int = 0
    removal_limit: float = 0.3
    created: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset as stored: what its source declares, the vertex type of its records, and counts."""

    source: str
    info: DatasetInfo
    type: str
    records: int = 0
    failures: int = 0
    last_build: int | None = None


@dataclass(frozen=True, slots=True)
class RecordFailure:
    """A record that could not be read, as counted and shown."""

    source: str
    dataset: str
    record: str
    code: str
    message: str
    remedy: str
    build: int


class BuildState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Progress:
    """One stage of a build: ``done`` of ``total`` units (records, files, link types); ``total`` None if unknown.

    ``stage`` is crawl, read, propose, link, publish; ``item`` names the source/dataset being worked on.
    """

    stage: str
    item: str = ""
    done: int = 0
    total: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Build:
    """A run of the whole pipeline. ``sources`` empty means all."""

    id: int
    state: BuildState
    sources: tuple[str, ...] = ()
    started: datetime | None = None
    finished: datetime | None = None
    progress: tuple[Progress, ...] = ()
    error: Mapping[str, Any] | None = None
    counts: Mapping[str, float] = field(default_factory=lambda: EMPTY)
