"""Asks the service that runs over the same data directory, where one process alone can hold what is asked.

Who may read the data directory may read everything in it, so a token of an administrator is made for the one request.
"""

from collections.abc import Mapping

import httpx
import orjson

from api.accounts import open_accounts
from api.permissions import Principal, Role
from api.running import running_service
from bifrost.errors import StoreUnavailableError
from bifrost.settings import Settings

__all__ = ["ask_service"]


def ask_service(settings: Settings, path: str, form: Mapping[str, str], accept: str) -> httpx.Response:
    """A successful answer. Raises StoreUnavailableError without a service, or with its own message."""
    address = running_service(settings)
    if address is None:
        raise StoreUnavailableError(
            "Another process holds this, and no service is known to run here.",
            remedy="Ask the service where it runs, or end the other process.",
        )
    accounts = open_accounts(settings)
    try:
        names = [user.name for user in accounts.users() if user.role is Role.ADMIN]
        if not names:
            raise StoreUnavailableError("The running service has no administrator yet.", remedy="Sign in to it once.")
        owner = Principal.of(names[0], Role.ADMIN, via="session")
        made = accounts.create_token(owner, "command line", ["read"], 1)
        try:
            headers = {"Authorization": f"Bearer {made.secret}", "Accept": accept}
            response = httpx.post(address + path, data=dict(form), headers=headers, timeout=settings.query_timeout + 10)
        except httpx.HTTPError as error:
            raise StoreUnavailableError(
                f"The service at {address} does not answer: {error or type(error).__name__}"
            ) from None
        finally:
            accounts.revoke_token(owner, made.token.id)
    finally:
        accounts.close()
    if response.status_code >= 400:
        raise StoreUnavailableError(_message(response), remedy="Correct the query, or see the service's log.")
    return response


def _message(response: httpx.Response) -> str:
    try:
        return str(orjson.loads(response.content)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"The service answers {response.status_code}."
