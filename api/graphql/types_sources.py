"""Sources, datasets, builds and record failures as GraphQL types."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import strawberry
from strawberry.scalars import JSON

from api.graphql.context import Context
from api.graphql.values import json_value
from bifrost import catalog, values
from bifrost.catalog import BuildState
from bifrost.log import mask
from bifrost.ports import ConnectionReport

__all__ = [
    "BuildType",
    "ConnectionReportType",
    "DatasetType",
    "RecordFailureType",
    "SourceInput",
    "SourceKindType",
    "SourceType",
    "TableType",
    "table_of",
]

strawberry.enum(BuildState, description="Where a build is.")
Info = strawberry.Info[Context, None]


@strawberry.type(name="SourceKind", description="A kind of source that can be registered.")
class SourceKindType:
    kind: str
    title: str
    schema: JSON = strawberry.field(description="JSON schema of the options.")
    secrets: list[str] = strawberry.field(description="Names of the options that are kept encrypted and never shown.")


@strawberry.type(name="ColumnInfo")
class ColumnInfoType:
    name: str
    type: str
    nullable: bool
    comment: str


@strawberry.type(name="Reference", description="A declared foreign key.")
class ReferenceType:
    columns: list[str]
    dataset: str
    target_columns: list[str]


@strawberry.type(name="Dataset", description="A table, or the documents of a folder.")
class DatasetType:
    name: str
    kind: str
    type: str = strawberry.field(description="Vertex type of its records; empty before the first build.")
    records: int
    failures: int
    columns: list[ColumnInfoType]
    key: list[str]
    references: list[ReferenceType]
    comment: str

    @classmethod
    def of(cls, info: values.DatasetInfo, type: str = "", records: int = 0, failures: int = 0) -> "DatasetType":
        return cls(
            name=info.name,
            kind=info.kind.value,
            type=type,
            records=records,
            failures=failures,
            columns=[
                ColumnInfoType(name=c.name, type=c.type, nullable=c.nullable, comment=c.comment) for c in info.columns
            ],
            key=list(info.key),
            references=[
                ReferenceType(columns=list(r.columns), dataset=r.dataset, target_columns=list(r.target_columns))
                for r in info.references
            ],
            comment=info.comment,
        )


@strawberry.type(name="Progress", description="One stage of a build: crawl, read, propose, link, publish.")
class ProgressType:
    stage: str
    item: str
    done: int
    total: int | None
    message: str


@strawberry.type(name="Build", description="A run of the whole pipeline. No sources means all.")
class BuildType:
    id: int
    state: BuildState
    sources: list[str]
    started: datetime | None
    finished: datetime | None
    progress: list[ProgressType]
    error: JSON | None = strawberry.field(description="code, message, remedy, retryable.")
    counts: JSON

    @classmethod
    def of(cls, build: catalog.Build) -> "BuildType":
        return cls(
            id=build.id,
            state=build.state,
            sources=list(build.sources),
            started=build.started,
            finished=build.finished,
            progress=[
                ProgressType(stage=p.stage, item=p.item, done=p.done, total=p.total, message=p.message)
                for p in build.progress
            ],
            error=None if build.error is None else JSON(mask(dict(build.error))),
            counts=JSON(dict(build.counts)),
        )

    @strawberry.field(description="Records that this build could not read.")
    def failures(self, info: Info) -> int:
        counted = self.counts.get("failures") if isinstance(self.counts, dict) else None
        if counted is not None:
            return int(counted)
        return len(info.context.service.store.catalog.failures(build=self.id, limit=100_000))


@strawberry.type(name="Source", description="A registered source; its options never hold a secret.")
class SourceType:
    name: str
    kind: str
    options: JSON
    rank: int = strawberry.field(description="Where values conflict, the source with the lowest rank is shown.")
    removal_limit: float = strawberry.field(
        description="Share of a dataset's records that one build may remove unasked."
    )
    created: datetime | None

    @classmethod
    def of(cls, source: catalog.Source) -> "SourceType":
        return cls(
            name=source.name,
            kind=source.kind,
            options=JSON(mask(dict(source.options))),
            rank=source.rank,
            removal_limit=source.removal_limit,
            created=source.created,
        )

    @strawberry.field
    def datasets(self, info: Info) -> list[DatasetType]:
        found = info.context.datasets.get(self.name, [])
        return [DatasetType.of(summary.info, summary.type, summary.records, summary.failures) for summary in found]

    @strawberry.field
    def records(self, info: Info) -> int:
        return sum(summary.records for summary in info.context.datasets.get(self.name, []))

    @strawberry.field
    def failures(self, info: Info) -> int:
        return sum(summary.failures for summary in info.context.datasets.get(self.name, []))

    @strawberry.field
    def last_build(self, info: Info) -> BuildType | None:
        for build in info.context.recent_builds:
            if not build.sources or self.name in build.sources:
                return BuildType.of(build)
        return None


@strawberry.type(name="Table", description="Rows of a preview.")
class TableType:
    columns: list[str]
    rows: list[list[JSON | None]]


@strawberry.type(name="RecordFailure", description="A record that could not be read; the others were.")
class RecordFailureType:
    source: str
    dataset: str
    record: str
    code: str
    message: str
    remedy: str
    build: int

    @classmethod
    def of(cls, failure: catalog.RecordFailure) -> "RecordFailureType":
        return cls(
            source=failure.source,
            dataset=failure.dataset,
            record=failure.record,
            code=failure.code,
            message=failure.message,
            remedy=failure.remedy,
            build=failure.build,
        )


@strawberry.type(name="ConnectionReport", description="What a connection test found.")
class ConnectionReportType:
    server: str
    datasets: int
    seconds: float
    warnings: list[str]
    found: list[DatasetType]

    @classmethod
    def of(cls, report: ConnectionReport, found: Sequence[values.DatasetInfo]) -> "ConnectionReportType":
        return cls(
            server=report.server,
            datasets=report.datasets,
            seconds=report.seconds,
            warnings=list(report.warnings),
            found=[DatasetType.of(info, records=info.estimated_records or 0) for info in found],
        )


@strawberry.input(description="A source to test, register or change. Secrets left out keep their value.")
class SourceInput:
    name: str
    kind: str
    options: JSON
    secrets: JSON | None = None
    rank: int | None = None
    removal_limit: float | None = None


def table_of(table: pa.Table) -> TableType:
    """An Arrow table as JSON rows; bytes are shown as their length, other values as text."""
    return TableType(
        columns=list(table.column_names),
        rows=[[_cell(row[name]) for name in table.column_names] for row in table.to_pylist()],
    )


def _cell(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Mapping):
        return {str(name): _cell(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cell(item) for item in value]
    try:
        return json_value(value)
    except AttributeError:
        return str(value)
