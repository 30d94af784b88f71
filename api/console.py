"""Serves the console's built files with a strict content security policy; ``index.html`` for its own routes."""

import os
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

import ui

__all__ = ["Console", "console_folder"]

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # the editor and the component library set styles from scripts
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_SERVICE_PATHS = frozenset({"api", "graphql", "gremlin", "sparql", "pg", "rdf", "metrics"})
_NOT_BUILT = """<!doctype html><title>Bifrost</title><p>The console is not built. Run <code>make console</code>, or use the
command line: <code>bifrost --help</code>.</p>"""


def console_folder() -> Path:
    """Where the built console lies in this installation."""
    return Path(ui.__path__[0]) / "console" / "dist"


class Console(StaticFiles):
    """The catch-all route. Files below ``assets/`` carry a hash in their name and are kept by browsers."""

    def __init__(self, folder: Path | None = None) -> None:
        folder = folder or console_folder()
        self._built = (folder / "index.html").is_file()
        super().__init__(directory=folder if self._built else None, check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.partition("/")[0] in _SERVICE_PATHS:
            raise HTTPException(404)
        if not self._built:
            response: Response = Response(_NOT_BUILT, media_type="text/html")
        else:
            response = await self._file(path, scope)
        response.headers.update(_HEADERS)
        return response

    async def _file(self, path: str, scope: Scope) -> Response:
        path = os.path.normpath(path)
        try:
            response = await super().get_response("index.html" if path in (".", "") else path, scope)
        except HTTPException as error:
            if error.status_code != 404 or Path(path).suffix:
                raise
            response, path = await super().get_response("index.html", scope), "index.html"
        hashed = path.startswith("assets/")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if hashed else "no-cache"
        return response
