"""``bifrost operations ...``: the GraphQL operations that clients may run by their hash."""

from pathlib import Path

import click
import orjson

from api.cli.output import Context, pass_context, user_name
from api.graphql.operations import OperationStore, hash_of
from bifrost.errors import InputError

__all__ = ["commands"]


@click.group("operations")
def operations() -> None:
    """Register, list and remove GraphQL operations; see the setting graphql_operations."""


@operations.command("add")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@pass_context
def add(context: Context, files: tuple[Path, ...]) -> None:
    """Registers documents: .graphql files with one each, or .json files that map hashes to documents."""
    store = OperationStore(context.settings)
    try:
        made = [store.register(document, user_name()) for file in files for document in _documents(file)]
    finally:
        store.close()
    context.show(made, "\n".join(f"sha256:{one.hash}  {_short(one.document)}" for one in made))


@operations.command("list")
@pass_context
def list_operations(context: Context) -> None:
    """Registered operations, used last first."""
    store = OperationStore(context.settings)
    try:
        found = store.registered()
    finally:
        store.close()
    context.table(
        found,
        {
            "hash": [one.hash for one in found],
            "operation": [_short(one.document) for one in found],
            "by": [one.by for one in found],
            "used": [f"{one.used:%Y-%m-%d %H:%M}" for one in found],
        },
        "No operation is registered.",
    )


@operations.command("remove")
@click.argument("hashes", nargs=-1, required=True)
@pass_context
def remove(context: Context, hashes: tuple[str, ...]) -> None:
    """Takes operations from the list; running services follow within seconds."""
    store = OperationStore(context.settings)
    try:
        for one in hashes:
            store.remove(one.removeprefix("sha256:").lower())
    finally:
        store.close()
    context.show({"removed": hashes}, f"Removed {len(hashes)}.")


def _documents(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() != ".json":
        return [text]
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(document, str) for document in found.values()):
        raise InputError(f"{file} does not map hashes to documents.", remedy='Write {"HASH": "query { ... }"}.')
    for given, document in found.items():
        if given.removeprefix("sha256:").lower() != hash_of(document):
            raise InputError(f"{given!r} in {file} is not the SHA-256 of its document.")
    return list(found.values())


def _short(document: str) -> str:
    text = " ".join(document.split())
    return text if len(text) <= 60 else text[:57] + "..."


commands = (operations,)
