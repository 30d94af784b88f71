"""The plain HTTP routes: health, metrics, sessions, uploads, page images, exports."""

from functools import partial

import orjson
from anyio.to_thread import run_sync
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from api.auth import OPEN_PRINCIPAL, Authenticator, clear_cookie, read_cookie, session_cookie
from api.http import JsonResponse, client_address, error_response, read_body
from api.metrics import Metrics
from api.permissions import Principal, Rule, check
from api.ports import Service
from api.rendering import PageRenderer
from api.scoped import Readers
from api.uploads import receive_upload
from bifrost.errors import AuthenticationError, BifrostError, InputError, NotFoundError, PermissionDeniedError

__all__ = ["RestRoutes"]

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class RestRoutes:
    """``authenticator`` None: a throw-away service without sign-in."""

    def __init__(
        self, service: Service, readers: Readers, authenticator: Authenticator | None, metrics: Metrics
    ) -> None:
        self.service, self.readers, self.authenticator, self._metrics = service, readers, authenticator, metrics
        self.renderer = PageRenderer()

    def close(self) -> None:
        self.renderer.close()

    async def _audit(self, request: Request, user: str, action: str, subject: str = "", outcome: str = "ok") -> None:
        if self.authenticator is not None:
            note = partial(self.authenticator.accounts.audit, outcome=outcome, address=client_address(request))
            await run_sync(note, user, action, subject)

    # ---- operation

    async def health(self, _: Request) -> Response:
        """Alive: the process answers."""
        return JsonResponse({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """Ready: the store answers."""
        try:
            await run_sync(self.service.store.log.position)
        except BifrostError as error:
            return error_response(error, 503)
        return JsonResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """For who may read, or for a scraper on this machine that no proxy stands before."""
        direct = client_address(request) in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)
        if not direct:
            principal: Principal | None = request.scope["principal"]
            check(principal, Rule.READ, "/metrics")
            if principal is not None and principal.sources is not None:
                raise PermissionDeniedError("The metrics count what all sources say.")
        text = await run_sync(self._metrics.text)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    # ---- sessions

    async def session(self, request: Request) -> Response:
        if request.method == "POST":
            return await self._sign_in(request)
        if request.method == "DELETE":
            return await self._sign_out(request)
        principal: Principal | None = request.scope["principal"]
        if principal is None:
            raise AuthenticationError("You are not signed in.")
        return JsonResponse({"user": _shown(principal)})

    async def _sign_in(self, request: Request) -> Response:
        name, password = await _credentials(request)
        if self.authenticator is None:
            return JsonResponse({"user": _shown(OPEN_PRINCIPAL)})
        address = client_address(request)
        try:
            principal = await run_sync(self.authenticator.password, name, password, address)
        except AuthenticationError as error:
            await self._audit(request, name, "signIn", outcome=error.code)
            raise
        if principal.via == "token":
            raise AuthenticationError("A token is no password.", remedy="Sign in with your password.")
        cookie = await run_sync(self.authenticator.sessions.start, principal.name)
        await self._audit(request, principal.name, "signIn")
        headers = {"Set-Cookie": session_cookie(cookie, request.url.scheme)}
        return JsonResponse({"user": _shown(principal)}, headers=headers)

    async def _sign_out(self, request: Request) -> Response:
        cookie = read_cookie(request.headers)
        principal: Principal | None = request.scope["principal"]
        if self.authenticator is not None and cookie and principal is not None:
            await run_sync(self.authenticator.sessions.end, cookie)
            await self._audit(request, principal.name, "signOut")
        return Response(status_code=204, headers={"Set-Cookie": clear_cookie()})

    # ---- files in and out

    async def upload(self, request: Request) -> Response:
        settings = self.service.settings
        stored = await receive_upload(request, settings.data_dir / "uploads", settings.max_upload_bytes)
        await self._audit(request, request.scope["principal"].name, "upload", f"{stored.files} files")
        return JsonResponse({"path": str(stored.path), "files": stored.files, "bytes": stored.size})

    async def page_image(self, request: Request) -> Response:
        uid = request.query_params.get("id", "")
        number = _whole(request, "number", 1, 1, 100_000)
        width = _whole(request, "width", 1000, 16, 3000)
        image = await run_sync(self._page_image, request.scope["principal"], uid, number, width)
        return Response(image, media_type="image/webp", headers={"Cache-Control": "private, max-age=300"})

    def _page_image(self, principal: Principal | None, uid: str, number: int, width: int) -> bytes:
        service = self.readers.service(principal)
        origins = service.store.view().vertex_origins(uid)
        origin = next((one for one in origins if one.uid == uid), origins[0] if origins else None)
        if origin is None:
            raise NotFoundError(f"There is no document {uid!r}.")
        key = (origin.uid, number, width)
        image = self.renderer.remembered(key)
        if image is None:
            record = service.fetch_file(origin.source, origin.dataset, origin.record)
            image = self.renderer.render(key, record)
        return image

    async def export(self, request: Request) -> Response:
        format_ = request.query_params.get("format", "")
        principal: Principal = request.scope["principal"]
        export = await run_sync(lambda: self.readers.service(principal).export(format_))
        await self._audit(request, principal.name, "export", format_)
        headers = {"Content-Disposition": f'attachment; filename="{export.filename}"'}
        return StreamingResponse(iterate_in_threadpool(export.chunks), media_type=export.media_type, headers=headers)


async def _credentials(request: Request) -> tuple[str, str]:
    # Only JSON: a form of another web site cannot send it, so nobody can be signed in without knowing.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise InputError("Sign-in takes JSON.", remedy="Send the header 'Content-Type: application/json'.")
    try:
        given = orjson.loads(await read_body(request, 16_384))
    except orjson.JSONDecodeError:
        given = None
    match given:
        case {"username": str(name), "password": str(password)} if name and len(password) <= 1000:
            return name[:200], password
    raise InputError('Sign-in takes {"username": "...", "password": "..."}.')


def _shown(principal: Principal) -> dict[str, str]:
    return {"name": principal.name, "role": principal.role.name}


def _whole(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or len(text) > 9 or not least <= int(text) <= most:
        raise InputError(f"{name} is a number between {least} and {most}.")
    return int(text)
