"""Runs the service: the ASGI app under uvicorn, and the builds beside it."""

import socket
from collections.abc import Callable
from contextlib import nullcontext

import click

from api.accounts import Accounts, open_accounts
from api.app import build_app
from api.asgi import serve
from api.auth import Authenticator
from api.gremlin import GremlinEndpoint
from api.gremlin_service import GremlinSettings
from api.permissions import Principal, Scope
from api.running import announced
from api.service import Service
from bifrost.errors import SettingsError
from graphstore.gremlin.engine import GremlinEngine
from graphstore.gremlin.memory import MemoryGraph

__all__ = ["run_server"]


def run_server(service: Service, host: str, port: int, *, scratch: bool = False) -> None:
    """Serves until interrupted. Builds run in this process unless another one already runs them.

    ``scratch`` serves without sign-in; the caller sees to it that ``host`` is a loopback address.
    """
    listener = _listen(host, port)
    accounts = None if scratch else open_accounts(service.settings)
    authenticator = Authenticator(accounts) if accounts else None
    gremlin = GremlinEndpoint(
        GremlinEngine(MemoryGraph()) if scratch else service.gremlin,
        _gremlin_sign_in(authenticator) if authenticator else None,
        settings=GremlinSettings(seconds=service.settings.query_timeout),
        may_write=lambda principal: principal is None or Scope.WRITE in principal.scopes,
    )
    app = build_app(service, accounts, extra_routes=gremlin.routes, authenticator=authenticator)
    if not scratch:
        service.jobs.start()
        service.follower.start()
    gremlin.start()
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    click.echo(f"Bifrost is ready at {address}\n{_how_to_sign_in(service, accounts)}", err=True)
    # A wildcard address is where it listens, not where it is.
    near = address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
    try:
        with nullcontext() if scratch else announced(service.settings, near):
            serve(app, listener)
    except KeyboardInterrupt:
        return
    finally:
        gremlin.close()
        if accounts:
            accounts.close()


def _gremlin_sign_in(authenticator: Authenticator) -> Callable[[str, str, str], Principal]:
    """SASL PLAIN: a user name with its password or one of its tokens, or a token alone."""

    def sign_in(name: str, secret: str, address: str) -> Principal:
        return authenticator.password(name, secret, address) if name else authenticator.token(secret, address)

    return sign_in


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise SettingsError(
            f"The service cannot listen on {host}:{port}: {error.strerror or error}.",
            remedy="Choose another port (--port, BIFROST_PORT), or end the program that uses this one.",
        ) from None


def _how_to_sign_in(service: Service, accounts: Accounts | None) -> str:
    if accounts is None:
        return "This is an empty throw-away graph without sign-in."
    given = service.settings.admin_password
    made = accounts.ensure_admin(given.get_secret_value() if given else None)
    if made:
        return (
            f"Sign in as admin with the password {made}\n(shown only now; change it with: bifrost user password admin)"
        )
    return "Sign in as admin, or with your own account. Password lost? bifrost user password admin"
