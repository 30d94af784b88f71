"""``bifrost init``, ``bifrost projection ...``, ``bifrost demo``."""

from pathlib import Path

import click

from api.cli.output import Context, pass_context

__all__ = ["commands"]

_CONFIG = """# Bifrost's settings; every one can also be given as BIFROST_<NAME>. All settings: docs/reference/settings.md
# store_url = "postgresql+psycopg://bifrost@localhost/bifrost"
# host = "127.0.0.1"
# port = 8420
"""


@click.command()
@pass_context
def init(context: Context) -> None:
    """Makes the data directory, its keys and an empty store. Safe to repeat."""
    folder = context.settings.data_dir
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "bifrost.toml"
    if not config.exists():
        config.write_text(_CONFIG, encoding="utf-8")
    position = context.service.store.log.position()
    context.show(
        {"data_dir": str(folder), "changes": position},
        f"{folder} is ready. Next: bifrost source add NAME URL-OR-FOLDER",
    )


@click.group("projection")
def projection() -> None:
    """What is derived from the store: the search index, the SPARQL view."""


@projection.command("status")
@pass_context
def projection_status(context: Context) -> None:
    """How far each projection has followed the change log."""
    found = [{**one._asdict(), "seconds": round(one.seconds, 1)} for one in context.service.projections()]
    context.table(
        found,
        {key: [one[key] for one in found] for key in ("name", "state", "position", "behind", "seconds")},
        "No projections.",
    )


@projection.command("rebuild")
@click.argument("name")
@pass_context
def projection_rebuild(context: Context, name: str) -> None:
    """Builds a projection from zero."""
    context.service.rebuilding.run(name)
    context.show({"rebuilt": name}, f"Rebuilt {name}.")


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--scale", type=click.IntRange(1), default=1, show_default=True, help="Size: 1 is about a hundred customers."
)
@click.option("--seed", type=int, default=7, show_default=True, help="The same seed gives the same company.")
@pass_context
def demo(context: Context, folder: Path, scale: int, seed: int) -> None:
    """Makes the files of a believable company, with the true links in truth.json."""
    from api.demo import make_company

    summary = make_company(folder, scale=scale, seed=seed)
    context.show(
        summary,
        f"Made a company in {folder}: " + ", ".join(f"{count} {name}" for name, count in summary.items()) + ".\n"
        "Its true links are in truth.json: register the folder with --option exclude=truth.json.",
    )


commands = (init, projection, demo)
