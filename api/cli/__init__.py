"""The command line: ``bifrost``. Exit codes: 0 done, 1 error, 2 wrong usage, 3 a build ended with failed sources."""

import sys

import click

from api.cli import admin, build, links, load, operations, people, publish, query, serve, sources
from api.cli.output import Context, print_error
from bifrost.errors import BifrostError
from bifrost.log import configure_logging
from bifrost.settings import load_settings

__all__ = ["cli", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option(
    "--data-dir", type=click.Path(file_okay=False), help="Folder of the store. [BIFROST_DATA_DIR, bifrost-data]"
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text, on standard output.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="Least level that is logged."
)
@click.version_option(package_name="bifrost-graph", prog_name="bifrost")
@click.pass_context
def cli(context: click.Context, data_dir: str | None, as_json: bool, log_level: str | None) -> None:
    """Builds a company's knowledge graph out of the data it already has.

    \b
    A first tour:
      bifrost demo --scale 1 my-company        make the files of a believable company
      bifrost source add erp sql --option url=sqlite:///my-company/erp.sqlite
      bifrost source add files my-company --option exclude=truth.json
      bifrost build                            crawl, read, find links
      bifrost links list                       the link types that were found; confirm or reject them
      bifrost serve                            the web console and all query languages
    """
    settings = load_settings(data_dir=data_dir, log_level=log_level or _quiet(context.invoked_subcommand))
    configure_logging(settings)
    context.obj = Context(settings, as_json)
    context.call_on_close(context.obj.close)


def _quiet(command: str | None) -> str | None:
    """On a command line, progress bars and results tell enough; a service logs what happens."""
    return None if command == "serve" else "warning"


for module in (admin, build, links, load, operations, people, publish, query, serve, sources):
    for command in module.commands:
        cli.add_command(command)


def main() -> None:
    """The console script."""
    try:
        sys.exit(cli(standalone_mode=False) or 0)  # what a command gave to Context.exit comes back as its result
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except BifrostError as error:
        print_error(error, as_json="--json" in sys.argv)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
