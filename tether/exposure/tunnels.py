"""What is asked of `tailscale` and `cloudflared`, and what their answers mean. Pure: argument vectors and texts.

Nothing here reads who is behind a connection from what a proxy says: both programs pass requests on from 127.0.0.1,
and anybody there can write the same headers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from tether.exposure.hosts import is_host

_QUICK: Final = re.compile(r"https://([a-z0-9-]+\.trycloudflare\.com)(?![a-z0-9.-])")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_HTTPS: Final = 443


def tailscale_up(port: int) -> list[str]:
    """Serve the gateway inside the tailnet, with the tailnet's own certificate."""
    return ["tailscale", "serve", "--bg", f"--https={_HTTPS}", f"http://127.0.0.1:{port}"]


def tailscale_down() -> list[str]:
    """Take it back."""
    return ["tailscale", "serve", f"--https={_HTTPS}", "off"]


def tailscale_name(status: str) -> str:
    """This machine's name in the tailnet, from `tailscale status --json`; "" when it is not connected."""
    document = _object(status)
    own = document.get("Self")
    name = str(own.get("DNSName", "")).rstrip(".").lower() if isinstance(own, dict) else ""
    return name if document.get("BackendState", "Running") == "Running" and is_host(name) else ""


def tailscale_leads_to(served: str, host: str, port: int) -> bool:
    """Does it serve the gateway at `port`, by `tailscale serve status --json`?"""
    root = _object_at(_object(served), "Web", f"{host}:{_HTTPS}", "Handlers").get("/")
    return isinstance(root, dict) and root.get("Proxy") == f"http://127.0.0.1:{port}"


def tailscale_problems(served: str, host: str, port: int) -> list[str]:
    """What of `tailscale serve status --json` is not as it should be, one line each."""
    document = _object(served)
    problems = []
    site = f"{host}:{_HTTPS}"
    handlers = _object_at(document, "Web", site, "Handlers")
    ours = f"http://127.0.0.1:{port}"
    if not tailscale_leads_to(served, host, port):
        problems.append(f"{site} does not lead to {ours}")
    for path, handler in handlers.items():
        if path != "/":
            problems.append(f"{site}{path} is served too: {json.dumps(handler)[:120]}")
    if _object_at(document, "AllowFunnel").get(site):
        problems.append(f"{site} is open to the whole internet (Tailscale Funnel is on): tailscale funnel off")
    return problems


def cloudflared_quick(port: int) -> list[str]:
    """A tunnel under a random name, without an account; ends with its process."""
    return ["cloudflared", "tunnel", "--no-autoupdate", "--url", f"http://127.0.0.1:{port}"]


def cloudflared_named(port: int, tunnel: str) -> list[str]:
    """A tunnel that was made before (`cloudflared tunnel create`). ValueError for what is no name of one."""
    if _NAME.fullmatch(tunnel) is None:
        raise ValueError(f"{tunnel!r} is no name of a tunnel")
    return ["cloudflared", "tunnel", "--no-autoupdate", "run", "--url", f"http://127.0.0.1:{port}", tunnel]


def quick_host(said: str) -> str:
    """The random name that cloudflared announced; "" while it has not."""
    found = _QUICK.search(said)
    return found[1] if found is not None else ""


def health_problem(status: int, body: bytes, version: str) -> str:
    """Why an answer to GET /api/v1/health is not this gateway's; "" when it is."""
    if status != 200:
        return f"it answers with status {status}"
    document = _object(body.decode("utf-8", "replace"))
    if document.get("ok") is not True or document.get("version") != version:
        return "somebody else answers there"
    return ""


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _object_at(document: Mapping[str, Any], *path: str) -> dict[str, Any]:
    found: Any = document
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}
