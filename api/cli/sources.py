"""``bifrost source ...``: register, test, list, remove and restore sources."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from api.cli.output import Context, key_values, pass_context, user_name
from bifrost.catalog import LOADED
from bifrost.errors import InputError

if TYPE_CHECKING:
    from bifrost.ports import ConnectionReport

__all__ = ["commands"]

_options = click.option(
    "-o", "--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of the source; repeatable."
)
_secrets = click.option(
    "--secret",
    "secrets",
    multiple=True,
    metavar="NAME=VALUE",
    help="A secret option such as password; asked for if VALUE is -.",
)


@click.group("source")
def source() -> None:
    """Register, test, list, remove and restore sources."""


@source.command("kinds")
@pass_context
def kinds(context: Context) -> None:
    """The kinds of sources and their options."""
    found = context.service.source_kinds()
    rows = [
        (
            kind.kind,
            kind.title,
            ", ".join(f"{name}*" if name in kind.secrets else name for name in kind.schema["properties"]),
        )
        for kind in found
    ]
    context.table(
        found, dict(zip(("kind", "what it reads", "options (* secret)"), zip(*rows, strict=True), strict=True)), ""
    )


@source.command("add")
@click.argument("name")
@click.argument("kind_or_location")
@_options
@_secrets
@click.option("--rank", type=int, help="Where values conflict, the source with the lowest rank is shown.")
@click.option(
    "--removal-limit", type=click.FloatRange(0, 1), help="Share of a dataset that one build may remove without asking."
)
@click.option("--no-test", is_flag=True, help="Register without trying the connection.")
@pass_context
def add(
    context: Context, name: str, kind_or_location: str, options: tuple[str, ...], secrets: tuple[str, ...],
    rank: int | None, removal_limit: float | None, no_test: bool,
) -> None:  # fmt: skip
    """Registers a source: a database URL, a folder or file, or a kind with options.

    \b
      bifrost source add erp postgresql://reader@db.example/erp --secret password=-
      bifrost source add contracts ./contracts
      bifrost source add erp sql -o host=db.example -o database=erp -o user=reader --secret password=-
    """
    kind, given = _kind_and_options(context, kind_or_location)
    chosen = given | key_values(options, "--option")
    hidden = _ask(key_values(secrets, "--secret"))
    if not no_test:
        report, datasets = context.service.test_source(name, kind, chosen, hidden)
    registered = context.service.add_source(
        name, kind, chosen, hidden, rank=rank, removal_limit=removal_limit, by=user_name()
    )
    text = f"Registered [bold]{name}[/bold] ({kind})"
    if not no_test:
        text += f": {escape(report.server)}, {_datasets(len(datasets))}.{_warnings(report)}"
    context.show(registered, text + "\nNext: bifrost build")


@source.command("test")
@click.argument("name")
@pass_context
def test(context: Context, name: str) -> None:
    """Tries the connection of a registered source."""
    known = context.service.store.catalog.source(name)
    report, datasets = context.service.test_source(name, known.kind, known.options, {})
    text = f"{escape(report.server)}: {_datasets(len(datasets))}, {report.seconds:.2f} s{_warnings(report)}"
    context.show({"report": report, "datasets": datasets}, text)


def _datasets(count: int) -> str:
    return f"{count} dataset{'s' * (count != 1)}"


def _warnings(report: "ConnectionReport") -> str:
    return "".join(f"\n[yellow]Warning:[/yellow] {escape(warning)}" for warning in report.warnings)


@source.command("list")
@pass_context
def list_sources(context: Context) -> None:
    """Registered sources, their datasets and record counts."""
    catalog = context.service.store.catalog
    summaries = catalog.datasets()
    rows = [
        (known, sorted((s for s in summaries if s.source == known.name), key=lambda s: s.info.name))
        for known in catalog.sources()
    ]
    context.table(
        [{"source": known, "datasets": datasets} for known, datasets in rows],
        {
            "name": [known.name for known, _ in rows],
            "kind": [known.kind for known, _ in rows],
            "records": [sum(s.records for s in datasets) for _, datasets in rows],
            "failures": [sum(s.failures for s in datasets) for _, datasets in rows],
            "datasets": [", ".join(s.info.name for s in datasets) for _, datasets in rows],
        },
        "No sources yet. Register one: bifrost source add NAME URL-OR-FOLDER",
    )


@source.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--forget", is_flag=True, help="Keep nothing to restore it from, its encrypted credentials included.")
@pass_context
def remove(context: Context, name: str, yes: bool, forget: bool) -> None:
    """Removes a source and everything that it alone said; can be taken back for a time."""
    context.service.store.catalog.source(name)
    if not yes:
        click.confirm(f"Remove {name!r} with all its records, links and answers about them?", abort=True)
    context.service.remove_source(name, by=user_name(), forget=forget)
    context.show({"removed": name}, f"Removed {name}." + ("" if forget else "\nTake it back: bifrost source undo"))


@source.command("history")
@pass_context
def history(context: Context) -> None:
    """Who added, changed and removed sources, newest first."""
    found = context.service.source_edits.history()
    context.table(
        found,
        {
            "id": [edit.id for edit in found],
            "what": [edit.action for edit in found],
            "source": [edit.subject for edit in found],
            "by": [edit.by for edit in found],
            "at": [f"{edit.at:%Y-%m-%d %H:%M}" for edit in found],
            "undone by": [edit.undone_by for edit in found],
        },
        "No source was added, changed or removed yet.",
    )


@source.command("undo")
@click.argument("edit", type=int, required=False)
@pass_context
def undo(context: Context, edit: int | None) -> None:
    """Takes an addition, change or removal of a source back (the newest one without an argument).

    A removed source comes back with its credentials; the next build brings its data back.
    """
    if edit is None:
        open_edits = [one.id for one in context.service.source_edits.history() if one.undone_by is None]
        if not open_edits:
            raise InputError("There is no change of a source to take back.")
        edit = open_edits[0]
    undone = context.service.undo_edit(edit, user_name())
    text = f"Took back: {undone.action} {escape(undone.subject)}."
    if undone.action == "delete":
        loaded = context.service.store.catalog.source(undone.subject).kind == LOADED
        again = "its data comes back only by `bifrost load`" if loaded else f"bifrost build {escape(undone.subject)}"
        text += f"\nNext: {again}"
    context.show(undone, text)


def _kind_and_options(context: Context, text: str) -> tuple[str, dict[str, str]]:
    """A kind by name, a database by URL, or a folder or file by path."""
    if text in context.service.connectors.names():
        return text, {}
    if "://" in text:
        return "sql", {"url": text}
    path = Path(text).expanduser()
    if path.exists():
        return "files", {"path": str(path.resolve())}
    raise InputError(
        f"{text!r} is no kind of source, no database URL and no existing path.",
        remedy=f"Kinds: {', '.join(context.service.connectors.names())}. See: bifrost source kinds",
    )


def _ask(secrets: dict[str, str]) -> dict[str, str]:
    return {
        name: click.prompt(name, hide_input=True, err=True) if value == "-" else str(value)
        for name, value in secrets.items()
    }


commands = (source,)
