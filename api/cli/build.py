"""``bifrost build`` and ``bifrost status``."""

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.cli.output import Context, pass_context, plain
from bifrost.catalog import Build, BuildState

if TYPE_CHECKING:
    from api.service import Service

__all__ = ["commands"]


@click.command()
@click.argument("sources", nargs=-1)
@click.option("--allow-removal", is_flag=True, help="Let this build remove any share of a source's records.")
@click.pass_context
@pass_context
def build(context: Context, click_context: click.Context, sources: tuple[str, ...], allow_removal: bool) -> None:
    """Crawls the sources (all, or those named), reads them, finds links and updates the graph.

    A build that was interrupted is continued. Unchanged records cost next to nothing.
    """
    service = context.service
    service.jobs.start()
    open_builds = [b for b in service.store.catalog.builds() if b.state in (BuildState.QUEUED, BuildState.RUNNING)]
    matching = [b for b in open_builds if set(b.sources) == set(sources)]
    if matching:
        current = matching[0]
        click.echo(f"Continuing build {current.id}.", err=True)
        service.jobs.submit(current.id, allow_removal=allow_removal)
    else:
        current = service.start_build(sources, allow_removal=allow_removal)
    try:
        _follow(service, current.id, quiet=context.as_json)
    except KeyboardInterrupt:
        service.cancel_build(current.id)
        click.echo("Cancelled; the next build continues from here.", err=True)
        click_context.exit(130)
    current = service.store.catalog.build(current.id)
    failures = service.store.catalog.failures(build=current.id)
    questions = len(service.questions())
    context.show(
        {"build": current, "failures": failures, "open_questions": questions},
        _summary(current, len(failures), questions),
    )
    if current.state is BuildState.FAILED:
        click_context.exit(3)


@click.command()
@pass_context
def status(context: Context) -> None:
    """Sources, the newest build, the graph's size and what waits for an answer."""
    store = context.service.store
    vertices, edges = store.view().label_counts()
    builds = store.catalog.builds(1)
    state = {
        "sources": len(store.catalog.sources()),
        "vertices": sum(vertices.values()),
        "edges": sum(edges.values()),
        "vertex_labels": vertices,
        "edge_labels": edges,
        "open_questions": len(context.service.questions()),
        "last_build": builds[0] if builds else None,
        "log_position": store.log.position(),
    }
    last = f"build {builds[0].id} {builds[0].state}" if builds else "no build yet"
    context.show(
        state,
        f"{state['sources']} sources, {state['vertices']} vertices, {state['edges']} edges; {last}; "
        f"{state['open_questions']} link types wait for an answer",
    )


def _follow(service: "Service", id: int, *, quiet: bool) -> None:
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        seen: set[str] = set()

        def report() -> None:
            for progress in service.store.catalog.build(id).progress:
                line = f"{progress.stage} {progress.item}".strip() + f": {progress.message}"
                if progress.message and line not in seen and not quiet:
                    seen.add(line)
                    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress of a command without a terminal

        service.jobs.wait(id, report)
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        TextColumn("{task.fields[message]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as bars:
        tasks: dict[tuple[str, str], int] = {}

        def draw() -> None:
            for progress in service.store.catalog.build(id).progress:
                key = progress.stage, progress.item
                if key not in tasks:
                    tasks[key] = bars.add_task(f"{progress.stage} {progress.item}", total=None, message="")
                total = max(progress.total, progress.done) if progress.total is not None else None
                bars.update(tasks[key], completed=progress.done, total=total, message=progress.message)  # type: ignore[arg-type]

        service.jobs.wait(id, draw)


def _summary(build: Build, failures: int, questions: int) -> str:
    counts = plain(build.counts)
    size = f"{counts.get('vertices', 0)} vertices, {counts.get('edges', 0)} edges"
    lines = [f"Build {build.id} {build.state}: {size}."]
    if build.error:
        for source, error in (build.error.get("sources") or {"build": build.error}).items():
            lines.append(f"[red]{escape(source)}[/red]: {escape(error['message'])} {escape(error['remedy'])}")
    if failures:
        lines.append(f"[yellow]{failures} records could not be read[/yellow]: bifrost failures")
    if questions:
        lines.append(f"{questions} link types wait for an answer: bifrost links list")
    return "\n".join(lines)


@click.command()
@click.option("--build", "build_id", type=int, help="Only those of this build.")
@click.option("--source", "source", help="Only those of this source.")
@click.option("--limit", type=click.IntRange(1), default=200, show_default=True)
@pass_context
def failures(context: Context, build_id: int | None, source: str | None, limit: int) -> None:
    """The records that could not be read, and what to do about each."""
    found = context.service.store.catalog.failures(build_id, source, limit)
    context.table(
        found,
        {
            "source": [f.source for f in found],
            "record": [f"{f.dataset}/{f.record}" for f in found],
            "problem": [f.message for f in found],
            "what to do": [f.remedy for f in found],
        },
        "Every record could be read.",
    )


commands = (build, status, failures)
