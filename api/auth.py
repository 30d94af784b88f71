"""Finds out who a request comes from, once, for every surface, and keeps out what may not come in.

Cookie (browser), ``Authorization: Bearer TOKEN``, or HTTP Basic (user and password, or user and token). The result is
``scope["principal"]``: a :class:`~api.permissions.Principal` or None. Whether that is enough is decided by the rule of
the route (:func:`guard`) and of the GraphQL field.
"""

import base64
import binascii
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.accounts import Accounts
from api.http import client_address, error_response, is_same_origin
from api.permissions import ROLE_SCOPES, Principal, Role, Rule, check
from api.sessions import ABSOLUTE, Sessions
from api.throttle import Throttle
from bifrost.errors import AuthenticationError, BifrostError, PermissionDeniedError

__all__ = ["COOKIE", "AuthenticationMiddleware", "Authenticator", "clear_cookie", "guard", "session_cookie"]

COOKIE = "bifrost_session"
OPEN_PRINCIPAL = Principal("scratch", Role.ADMIN, ROLE_SCOPES[Role.ADMIN], "open")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Authenticator:
    """Signs in by whatever a client shows. Blocking; raises AuthenticationError, TooManyAttemptsError."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts
        self.sessions = Sessions(accounts.engine)
        self._by_name = Throttle(free=5)
        # Many people may share an address, so that of one address takes more to be suspicious.
        self._by_address = Throttle(free=50)

    def password(self, name: str, password: str, address: str) -> Principal:
        """User and password, or user and token; also what Gremlin's SASL PLAIN carries."""
        key = f"{name}@{address}"
        self._by_name.check(key)
        self._by_address.check(address)
        try:
            principal = self.accounts.sign_in(name, password)
        except AuthenticationError:
            self._by_name.failed(key)
            self._by_address.failed(address)
            raise
        self._by_name.succeeded(key)
        return principal

    def token(self, secret: str, address: str) -> Principal:
        self._by_address.check(address)
        try:
            return self.accounts.by_token(secret)
        except AuthenticationError:
            self._by_address.failed(address)
            raise

    def authorization(self, header: str, address: str) -> Principal:
        """The value of an ``Authorization`` header."""
        kind, _, value = header.strip().partition(" ")
        value = value.strip()
        if kind.lower() == "bearer":
            return self.token(value, address)
        if kind.lower() == "basic":
            try:
                name, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                colon = ""
            if colon:
                return self.password(name, password, address)
        raise AuthenticationError("The Authorization header is neither 'Bearer <token>' nor Basic.")


class AuthenticationMiddleware:
    """Sets ``scope["principal"]``. ``authenticator`` None lets everybody in as administrator (throw-away services)."""

    def __init__(self, app: ASGIApp, authenticator: Authenticator | None) -> None:
        self.app, self.authenticator = app, authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        if self.authenticator is None:
            scope["principal"] = OPEN_PRINCIPAL
            if not _from_this_machine(scope):
                await _refuse(PermissionDeniedError("Requests from other web pages are refused."), scope, receive, send)
                return
            await self.app(scope, receive, send)
            return
        try:
            principal, cookie = await _identify(self.authenticator, HTTPConnection(scope))
        except BifrostError as error:
            await _refuse(error, scope, receive, send)
            return
        scope["principal"] = principal
        await self.app(scope, receive, send if cookie is None else _with_cookie(send, cookie, scope["scheme"]))


async def _identify(authenticator: Authenticator, connection: HTTPConnection) -> tuple[Principal | None, str | None]:
    header = connection.headers.get("authorization")
    if header is not None:
        address = client_address(connection)
        return await anyio.to_thread.run_sync(authenticator.authorization, header, address), None
    cookie = read_cookie(connection.headers)
    if cookie is None:
        return None, None
    try:
        session = await anyio.to_thread.run_sync(authenticator.sessions.find, cookie)
    except AuthenticationError:
        # An old cookie is like none: the sign-in page and signing in must work; guarded routes answer 401.
        return None, None
    if not _harmless(connection.scope):
        raise PermissionDeniedError(
            "The request does not come from this service's own pages.",
            remedy="Send the header 'X-Bifrost: 1', or use a token instead of the session cookie.",
        )
    return session.principal, session.new_cookie


def _harmless(scope: Scope) -> bool:
    """Whether a request with a session cookie cannot have been made by another web site (CSRF, hijacked WebSockets)."""
    headers = Headers(scope=scope)
    if scope["type"] == "websocket":
        return "origin" not in headers or is_same_origin(headers, scope["scheme"])
    if scope["method"] in _SAFE_METHODS or headers.get("x-bifrost") == "1":
        return True
    return is_same_origin(headers, scope["scheme"])


def _from_this_machine(scope: Scope) -> bool:
    """Whether a request to a service without sign-in is no work of another web site, DNS rebinding included."""
    headers = Headers(scope=scope)
    host = headers.get("host", "").rpartition(":")[0] or headers.get("host", "")
    return host in _LOOPBACK and ("origin" not in headers or is_same_origin(headers, scope["scheme"]))


def read_cookie(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel else None


def session_cookie(value: str, scheme: str) -> str:
    """The Set-Cookie header of a session."""
    secure = "; Secure" if scheme in ("https", "wss") else ""
    return f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={int(ABSOLUTE.total_seconds())}{secure}"


def clear_cookie() -> str:
    return f"{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"


def _with_cookie(send: Send, value: str, scheme: str) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("set-cookie", session_cookie(value, scheme))
        await send(message)

    return sender


def guard(app: ASGIApp, rule: Rule, what: str) -> ASGIApp:
    """Lets requests through to ``app`` that satisfy ``rule``."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                check(scope["principal"], rule, what)
            except BifrostError as error:
                await _refuse(error, scope, receive, send)
                return
        await app(scope, receive, send)

    return guarded


async def _refuse(error: BifrostError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 4403, "reason": error.code})
        return
    headers = {}
    # Browsers answer a Basic challenge with their own dialogue, over the console's sign-in page.
    if isinstance(error, AuthenticationError) and "x-bifrost" not in Headers(scope=scope):
        headers["WWW-Authenticate"] = 'Bearer realm="bifrost", Basic realm="bifrost"'
    await error_response(error, headers=headers)(scope, receive, send)


Authenticate = Callable[[str, str, str], Principal]
"""(user name, password or token, address) -> who it is."""
