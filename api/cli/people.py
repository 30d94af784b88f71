"""``bifrost user ...`` and ``bifrost token ...``: who may sign in, from the machine that Bifrost runs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from api.cli.output import Context, pass_context
from api.permissions import Principal, Role, Scope
from bifrost.errors import InputError

if TYPE_CHECKING:
    from api.accounts import Accounts

__all__ = ["commands"]


@contextmanager
def _accounts(context: Context) -> Iterator["Accounts"]:
    from api.accounts import open_accounts

    context.settings.data_dir.mkdir(parents=True, exist_ok=True)
    accounts = open_accounts(context.settings)
    try:
        yield accounts
    finally:
        accounts.close()


def _ask_password() -> str:
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))


_limited = click.option(
    "--source", "sources", multiple=True, metavar="NAME", help="A reader sees this source alone; repeatable."
)


def _registered(context: Context, sources: tuple[str, ...]) -> tuple[str, ...] | None:
    """None for all sources. A misspelt name would hide everything, so it is refused."""
    known = {one.name for one in context.service.store.catalog.sources()} if sources else set()
    for name in sources:
        if name not in known:
            raise InputError(
                f"There is no source {name!r}.", remedy=f"Registered: {', '.join(sorted(known)) or 'none yet'}."
            )
    return tuple(dict.fromkeys(sources)) or None


def _said(sources: tuple[str, ...] | None) -> str:
    """What somebody sees, in words."""
    return "all sources" if sources is None else ", ".join(sources) or "nothing"


@click.group("user")
def user() -> None:
    """People who may sign in."""


@user.command("list")
@pass_context
def list_users(context: Context) -> None:
    """All people and their roles."""
    with _accounts(context) as accounts:
        found = accounts.users()
    columns: dict[str, list[object]] = {
        "name": [u.name for u in found],
        "role": [u.role for u in found],
        "sees": [_said(u.sources) for u in found],
        "since": [f"{u.created:%Y-%m-%d}" for u in found],
    }
    context.table(found, columns, "Nobody yet: the admin account is made when the service starts first.")


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in Role]), default=Role.READER.value, show_default=True)
@_limited
@pass_context
def add(context: Context, name: str, role: str, sources: tuple[str, ...]) -> None:
    """Adds a person; asks for the password."""
    limited = _registered(context, sources)
    with _accounts(context) as accounts:
        made = accounts.add_user(name, _ask_password(), Role(role), limited)
        accounts.audit("command line", "add user", name)
    context.show(made, f"Added {name} as {role}, who sees {_said(limited)}.")


@user.command("sources")
@click.argument("name")
@_limited
@click.option("--all", "every", is_flag=True, help="All sources, as at first.")
@pass_context
def limit(context: Context, name: str, sources: tuple[str, ...], every: bool) -> None:
    """Limits a reader to some sources, on every surface, or lifts that."""
    if bool(sources) == every:
        raise InputError("Say which sources.", remedy="Name them with --source NAME, or take --all.")
    limited = _registered(context, sources)
    with _accounts(context) as accounts:
        changed = accounts.set_sources(name, limited)
        accounts.audit("command line", "set sources", name)
    context.show(changed, f"{name} sees {_said(limited)} from now on.")


@user.command("password")
@click.argument("name")
@pass_context
def password(context: Context, name: str) -> None:
    """Sets a person's password, for example when the admin's is lost."""
    with _accounts(context) as accounts:
        accounts.set_password(name, _ask_password())
        accounts.audit("command line", "set password", name)
    context.show({"changed": name}, f"Changed the password of {name}.")


@user.command("remove")
@click.argument("name")
@pass_context
def remove(context: Context, name: str) -> None:
    """Removes a person with sessions and tokens."""
    with _accounts(context) as accounts:
        accounts.remove_user(name)
        accounts.audit("command line", "remove user", name)
    context.show({"removed": name}, f"Removed {name}.")


@click.group("token")
def token() -> None:
    """Personal API tokens, for programs."""


@token.command("create")
@click.argument("name")
@click.option("--user", "user_name", default="admin", show_default=True, help="Whose token.")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([s.value for s in Scope]),
    multiple=True,
    default=("read",),
    show_default=True,
)
@click.option("--days", type=click.IntRange(1, 3660), help="Expires after this many days.")
@pass_context
def create(context: Context, name: str, user_name: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Makes a token and prints its secret once."""
    with _accounts(context) as accounts:
        accounts.ensure_admin(_given_password(context))
        owner = accounts.user(user_name)
        made = accounts.create_token(Principal.of(owner.name, owner.role, via="password"), name, scopes, days)
        accounts.audit("command line", "create token", f"{user_name}/{name}")
    context.show({"token": made.secret}, made.secret)


def _given_password(context: Context) -> str | None:
    given = context.settings.admin_password
    return given.get_secret_value() if given else None


commands = (user, token)
