"""The static shell: one page for every address of the client, and its assets. Holds no data: needs no credential."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from tether.web.answers import ApiError

STATIC: Final = Path(__file__).parent / "static"
# What lies beside the page: icons, the manifest, a service worker. Everything else is under /assets.
_BESIDE: Final = frozenset({".ico", ".svg", ".png", ".webmanifest", ".js", ".txt"})

_NOT_BUILT: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tether</title></head><body>
<h1>Tether runs, but its web client is not built</h1>
<p>In the source directory, run <code>make web</code>, then load this page again.
An installed package always holds the client: if this is one, install it again.</p>
<p>The API under <code>/api/v1</code> and the <code>tether</code> command work without it.</p>
</body></html>
"""


async def page(request: Request) -> Response:
    """The page. The same for every session: it asks the API for what it shows."""
    index = STATIC / "index.html"
    if not index.is_file():
        return HTMLResponse(_NOT_BUILT, headers={"cache-control": "no-store"})
    # Asked for each time: the page names the assets of this build.
    return FileResponse(index, media_type="text/html", headers={"cache-control": "no-cache"})


async def beside(request: Request) -> Response:
    """A file beside the page, by its plain name."""
    name = request.path_params["name"]
    path = STATIC / name
    if name.startswith(".") or path.suffix not in _BESIDE or path.is_symlink() or not path.is_file():
        raise ApiError(404, "not-found", "There is nothing here")
    headers = {"cache-control": "no-cache"}
    if path.suffix == ".webmanifest":
        return FileResponse(path, media_type="application/manifest+json", headers=headers)
    return FileResponse(path, headers=headers)


async def authority(request: Request) -> Response:
    """The certificate that a phone must trust, where the gateway made it itself. Public, as certificates are."""
    path: Path | None = request.app.state.authority
    if path is None:
        raise ApiError(404, "not-found", "This gateway has no authority of its own", "See: tether lan status")
    headers = {"cache-control": "no-cache", "content-disposition": 'attachment; filename="tether-authority.crt"'}
    return FileResponse(path, media_type="application/x-x509-ca-cert", headers=headers)


class Assets(StaticFiles):
    """Files whose names hold their own hash: they never change."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC / "assets", check_dir=False)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be kept for a year."""
        response = await super().get_response(path, scope)
        if response.status_code in (200, 304):
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
