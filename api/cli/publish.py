"""``bifrost publish``: the graph in another engine."""

import os
import time
from typing import Any

import click

from api.cli.output import Context, pass_context
from bifrost.errors import InputError, StoreUnavailableError

__all__ = ["commands"]

_PASSWORD = "BIFROST_REMOTE_PASSWORD"  # noqa: S105 - a name, not a secret


@click.group("publish")
def publish() -> None:
    """Publish the graph into another engine, and keep it in step. A publication that was cut off goes on where it stopped.

    The password or token is taken from the environment variable BIFROST_REMOTE_PASSWORD.
    """


def _options(command: Any) -> Any:
    for option in (
        click.option("--again", is_flag=True, help="Publish everything again; empty the target before."),
        click.option("--verify", is_flag=True, help="Compare the whole graph with its copy afterwards."),
        click.option("--follow", is_flag=True, help="Go on following the change log until you press Ctrl-C."),
        click.option("--user", default="", help="User name, where the engine asks for one."),
    ):
        command = option(command)
    return command


@publish.command("gremlin")
@click.argument("url")
@click.option("--source", default="g", show_default=True, help="Name of the traversal source.")
@click.option(
    "--ids", type=click.Choice(["auto", "native", "property"]), default="auto", show_default=True,
    help="Whether elements keep their ids, or have them in the property bifrost_id; auto tries.",
)  # fmt: skip
@_options
@pass_context
def gremlin(
    context: Context, url: str, source: str, ids: str, again: bool, verify: bool, follow: bool, user: str
) -> None:
    """Into Amazon Neptune, JanusGraph or any Gremlin Server: ws://HOST:8182/gremlin or wss://…."""
    from graphstore.remote_gremlin import RemoteGremlin

    password = os.environ.get(_PASSWORD, "")
    store = _store(context)
    remote = RemoteGremlin(store, url, traversal_source=source, username=user, password=password, ids=ids)
    _publish(context, store, remote, again=again, verify=verify, follow=follow)


@publish.command("sparql")
@click.argument("url")
@click.option("--query-url", default="", help="Where the store answers queries, if elsewhere; used by --verify.")
@_options
@pass_context
def sparql(context: Context, url: str, query_url: str, again: bool, verify: bool, follow: bool, user: str) -> None:
    """Into any RDF store, through its SPARQL 1.1 Update endpoint. Without --user the password is sent as a token."""
    from graphstore.remote_sparql import RemoteSparql

    password = os.environ.get(_PASSWORD, "")
    store = _store(context)
    remote = RemoteSparql(
        store, url, context.settings.base_iri, query_url=query_url, username=user,
        password=password if user else "", token="" if user else password,
    )  # fmt: skip
    _publish(context, store, remote, again=again, verify=verify, follow=follow)


def _store(context: Context) -> Any:
    from api.compose import open_store

    return open_store(context.settings)


def _publish(context: Context, store: Any, remote: Any, *, again: bool, verify: bool, follow: bool) -> None:
    try:
        if again:
            remote.rebuild()
        applied = remote.catch_up()
        shown: dict[str, Any] = {"changes": applied, "position": remote.position()}
        text = f"Published up to position {remote.position()} of the change log."
        if verify:
            compared = remote.verify()
            shown |= {
                "same": compared.same, "vertices": compared.vertices, "edges": compared.edges,
                "checksum": compared.checksum, "differences": compared.differences,
            }  # fmt: skip
            if not compared.same:
                context.show(shown, "\n".join(compared.differences))
                raise InputError("The copy differs from the graph.", remedy="Empty it, then publish with --again.")
            text += f" The copy is the same: {compared.vertices:,} vertices, {compared.edges:,} edges."
        context.show(shown, text)
        if follow:
            _follow(remote)
    finally:
        remote.close()
        store.close()


def _follow(remote: Any) -> None:
    """Until Ctrl-C; a target that does not answer is asked again, more and more seldom."""
    pause = 1.0
    while True:
        try:
            time.sleep(pause)
            remote.catch_up()
            pause = 1.0
        except StoreUnavailableError as error:
            pause = min(pause * 2, 60.0)
            click.secho(f"{error.message} Next try in {pause:g} seconds.", fg="yellow", err=True)
        except KeyboardInterrupt:
            return


commands = (publish,)
