"""python -m tests.fuzz.api [--seconds N]: requests made from the API's own document, good and bad ones, at a gateway of
its own. No answer may be a mistake of the gateway's (5xx), whoever asks, and the session goes on."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx

from tests.support.gateway import Gateway

# Asked with a browser's cookie: what it may revoke is itself. Endless by design: the stream.
LEFT_OUT = ["/api/v1/devices/revoke", "/api/v1/sessions/{id}/stream"]


def main() -> int:
    """The status of the run: 0 when nothing was found."""
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=60)
    seconds = options.parse_args().seconds
    with Gateway() as gateway, tempfile.TemporaryDirectory() as directory:
        session = gateway.run("shell")
        token = f"Authorization: Bearer {gateway.owner_token}"
        base = f"http://127.0.0.1:{gateway.port}"
        name, _, value = token.partition(": ")
        document = httpx.get(f"{base}/api/v1/openapi", headers={name: value}, trust_env=False).json()["document"]
        for path in LEFT_OUT:
            document["paths"].pop(path, None)
        for operations in document["paths"].values():
            for operation in operations.values():
                del operation["security"]  # we bring our own, and it is to be right
        file = Path(directory) / "tether.json"
        file.write_text(json.dumps(document))
        statuses = [
            run(file, base, headers, seconds // 2) for headers in ([token], [cookie(gateway), f"Origin: {base}"])
        ]
        assert gateway.session(session)["state"] == "running", "the session is gone"
        log = (gateway.root / "log" / "web.log").read_text()
        assert "Traceback" not in log, "the gateway made a mistake"
    return max(statuses)


def cookie(gateway: Gateway) -> str:
    """The header of a browser that was let in."""
    base = f"http://127.0.0.1:{gateway.port}"
    with httpx.Client(base_url=base, headers={"Origin": base, "X-Tether": "1"}, trust_env=False) as client:
        ticket = gateway.ticket_url("").partition("#ticket=")[2]
        client.post("/api/v1/login", json={"ticket": ticket}).raise_for_status()
        (found,) = client.cookies.jar
        return f"Cookie: {found.name}={found.value}"


def run(file: Path, base: str, headers: list[str], seconds: int) -> int:
    """One run of schemathesis with these credentials."""
    argv = [
        str(Path(sys.executable).parent / "st"), "run", str(file), "--url", base, "--max-time", str(max(10, seconds)),
        "--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--max-failures", "5",
        "--workers", "1", "--seed", "1", *[part for header in [*headers, "X-Tether: 1"] for part in ("-H", header)],
    ]  # fmt: skip
    return subprocess.run(argv, check=False, timeout=seconds + 300).returncode


if __name__ == "__main__":
    sys.exit(main())
