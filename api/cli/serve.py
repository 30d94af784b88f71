"""``bifrost serve``: the service with its console."""

import ipaddress
import tempfile
from pathlib import Path

import click

from api.cli.output import Context, pass_context
from bifrost.errors import InputError
from bifrost.settings import load_settings

__all__ = ["commands"]


@click.command()
@click.option("--host", help="Address to listen on. [127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one. [8420]")
@click.option("--scratch", is_flag=True, help="An empty throw-away graph without sign-in, on loopback only.")
@pass_context
def serve(context: Context, host: str | None, port: int | None, scratch: bool) -> None:
    """Starts the service: web console, GraphQL, Gremlin, SPARQL, search, builds."""
    from api.server import run_server

    host = host or context.settings.host
    port = context.settings.port if port is None else port
    if not scratch:
        run_server(context.service, host, port)
        return
    if not _is_loopback(host):
        raise InputError(
            f"--scratch serves without sign-in and therefore only on loopback, not on {host!r}.",
            remedy="Leave --host out, or serve a real graph without --scratch.",
        )
    with tempfile.TemporaryDirectory(prefix="bifrost-scratch-") as folder:
        context.settings = load_settings(data_dir=Path(folder), log_level=context.settings.log_level)
        run_server(context.service, host, port, scratch=True)
        context.close()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


commands = (serve,)
