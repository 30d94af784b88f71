"""``bifrost query``, ``bifrost search`` and ``bifrost export``."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from api.cli.output import Context, pass_context, user_name
from bifrost.errors import InputError, StoreUnavailableError

if TYPE_CHECKING:
    from api.ports import SparqlService
    from bifrost.ports import SearchIndex

__all__ = ["commands"]


@click.group("query")
def query() -> None:
    """Ask the graph in Gremlin, SPARQL or GraphQL. The query is an argument, or - for standard input."""


def _text(argument: str) -> str:
    return sys.stdin.read() if argument == "-" else argument


@query.command("gremlin")
@click.argument("text")
@click.option("--explain", is_flag=True, help="Show how the query would be run instead of running it.")
@pass_context
def gremlin(context: Context, text: str, explain: bool) -> None:
    """For example: bifrost query gremlin "g.V().groupCount().by(label)"."""
    from graphstore.gremlin.engine import Request
    from graphstore.gremlin.graphson import UntypedGraphSON
    from graphstore.gremlin.traverser import Limits

    engine = context.service.gremlin
    if explain:
        click.echo(engine.explain(_text(text)))
        return
    writer = UntypedGraphSON()
    found = engine.run(
        _text(text), Request(limits=Limits(seconds=context.settings.query_timeout), principal=user_name())
    )
    _print([writer.write(traverser.obj) for traverser in found for _ in range(traverser.bulk)])


@query.command("sparql")
@click.argument("text")
@click.option("--accept", default="application/sparql-results+json, text/turtle", help="Media types of the result.")
@pass_context
def sparql(context: Context, text: str, accept: str) -> None:
    """For example: bifrost query sparql "SELECT * { ?s ?p ?o } LIMIT 5". Where a service runs, it is asked."""
    from api.cli.beside import ask_service
    from api.running import running_service
    from api.sparql import BEHIND

    asked = _text(text)
    try:
        _in_step(context, context.service.sparql)
        _, body = context.service.sparql.query(asked, accept, context.settings.query_timeout)
    except StoreUnavailableError:
        # One process alone can hold the RDF data, and a running service does.
        if running_service(context.settings) is None:
            raise
        answer = ask_service(context.settings, "/sparql", {"query": asked}, accept)
        body = answer.content
        if BEHIND in answer.headers:
            click.echo(f"The answer is behind the graph: {answer.headers[BEHIND]}", err=True)
    sys.stdout.buffer.write(body)
    click.echo()


@query.command("graphql")
@click.argument("text")
@click.option("--variables", default="{}", help="Variables as a JSON object.")
@pass_context
def graphql(context: Context, text: str, variables: str) -> None:
    """For example: bifrost query graphql "{ statistics { vertices edges } }"."""
    from api.graphql.local import execute_local

    try:
        values: dict[str, Any] = orjson.loads(variables)
    except orjson.JSONDecodeError as error:
        raise InputError(f"--variables is not a JSON object: {error}") from None
    result = execute_local(context.service, _text(text), values)
    _print(result)
    if result.get("errors"):
        click.get_current_context().exit(1)


@click.command()
@click.argument("words", nargs=-1, required=True)
@click.option("--label", "labels", multiple=True, help="Only vertices with this label; repeatable.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@pass_context
def search(context: Context, words: tuple[str, ...], labels: tuple[str, ...], limit: int) -> None:
    """Finds vertices by words; the last word may be the beginning of one. Where nothing has all words, what has some."""
    _in_step(context, context.service.search)
    hits = context.service.search.search(" ".join(words), labels=labels, limit=limit)
    columns = {
        "label": [hit.vertex.label for hit in hits],
        "name": [hit.vertex.display_name() for hit in hits],
        "id": [hit.vertex.id for hit in hits],
    }
    if any(hit.missing for hit in hits):
        columns["without"] = [" ".join(hit.missing) for hit in hits]
    context.table(
        hits,
        columns,
        "Nothing was found.",
    )


class _ExportCommand(click.Command):
    """Names the formats there are in its help, and loads them only then."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from graphstore.export import FORMATS

        super().format_help_text(ctx, formatter)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(f"FORMAT is one of: {', '.join(FORMATS)}.")


@click.command(cls=_ExportCommand)
@click.argument("format")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write; default: standard output."
)
@pass_context
def export(context: Context, format: str, output: Path | None) -> None:
    """Writes the whole graph as a file."""
    made = context.service.export(format)
    if output is None:
        stream = sys.stdout.buffer
        for chunk in made.chunks:
            stream.write(chunk)
        return
    partial = output.with_name(output.name + ".part")
    with partial.open("wb") as file:
        for chunk in made.chunks:
            file.write(chunk)
    partial.replace(output)
    context.show(
        {"file": str(output), "bytes": output.stat().st_size}, f"Wrote {output} ({output.stat().st_size:,} bytes)."
    )


def _in_step(context: Context, followed: "SearchIndex | SparqlService") -> None:
    """Follows the change log to its end, as a service does by itself."""

    def work(tell: Callable[[str], None]) -> None:
        while (left := followed.follow(0.5)).changes:
            tell(f"reading what has changed: {left.changes:,} changes to go")

    if followed.lag().changes:
        context.working(work)


def _print(value: Any) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS, default=str).decode())


commands = (query, search, export)
