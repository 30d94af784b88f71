"""``bifrost load``: a graph that was exported, put into an empty store."""

from pathlib import Path

import click

from api.cli.output import Context, pass_context, user_name

__all__ = ["commands"]


@click.command("load")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", default="graph", show_default=True, help="Name of the source that the graph becomes.")
@pass_context
def load(context: Context, path: Path, name: str) -> None:
    """Loads an exported graph into an empty store, all of it or nothing.

    PATH is what `bifrost export` wrote as graphson, graphml, parquet, neptune-csv or opencypher-csv, or a folder of such
    files; files may be compressed by gzip. Vertices and edges keep their ids and become what one source says, which builds
    leave as it is. graphson keeps every value as it was; the tables have one type per column; graphml has few types and no
    lists.

    \b
      bifrost export parquet -o graph.zip
      bifrost --data-dir elsewhere load graph.zip
    """
    from api.compose import open_store
    from api.service import check_source_name
    from graphstore.load import GraphLoading

    check_source_name(name)
    store = open_store(context.settings)
    try:
        loading = GraphLoading(store, path)
        done = context.working(lambda tell: loading.load(name, by=user_name(), tell=tell))
    finally:
        store.close()
    text = f"Loaded {done.vertices:,} vertices and {done.edges:,} edges in {done.seconds:.1f} s as the source [bold]{name}[/bold]."
    context.show(done, text + "\nNext: bifrost serve")


commands = (load,)
