"""`python -m tether.web`: build, serve, exit. Why it could not start is left in `run/web.error` for `tether status`."""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import resource
import socket
import sys

from tether import masking, secret_files, service, settings
from tether.errors import TetherError
from tether.paths import Paths
from tether.web import elsewhere
from tether.web.app import make_app
from tether.web.serving import QuietServer, bind, bind_local, configuration

FILES_WANTED = 8192

log = logging.getLogger("tether")


def main() -> int:
    """Serve until SIGTERM. The exit status: 0, or 1 when the settings or the port do not let us."""
    paths = service.start("web")
    # uvicorn's own lines hold request paths with their queries.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    error_file = paths.run / "web.error"
    try:
        port = settings.load(paths.settings).web.port
        masking.hide_logs(paths)
        listener = bind(port)
    except TetherError as error:
        log.error("event=cannot-start message=%r hint=%r", error.message, error.hint)
        secret_files.write(error_file, json.dumps({"message": error.message, "hint": error.hint}))
        return 1
    with contextlib.suppress(FileNotFoundError):
        error_file.unlink()
    _raise_file_limit()
    serve(paths, port, listener)
    return 0


def serve(paths: Paths, port: int, listener: socket.socket) -> None:
    """Run the application until a signal ends it: on `listener`, on a Unix socket for the owner's commands, and where
    the owner opened it."""
    beyond = elsewhere.look(paths)
    app = make_app(paths, port, beyond)
    server = QuietServer(configuration(app.gate), app.close_all, beyond.door)
    log.info("event=listening port=%d", port)
    # What is there now stays for ever: looking for garbage in it takes 12 ms each time, and a key waits for so long.
    gc.collect()
    gc.freeze()
    server.run(sockets=[listener, bind_local(paths.web)])
    with contextlib.suppress(FileNotFoundError):
        paths.web.unlink()


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
