"""`python -m tether.store`: the process that writes the log."""

from __future__ import annotations

import logging
import secrets

from tether import service, settings
from tether.bus import Bus
from tether.errors import TetherError
from tether.paths import Paths
from tether.store import ballast
from tether.store.loop import Loop
from tether.store.opening import open_log
from tether.wire import encode
from tether.wire.ids import NO_SESSION
from tether.wire.storing import StoreHealth

log = logging.getLogger("tether")


def main() -> None:
    """Run the store until it is told to end."""
    paths = service.start("store")
    try:
        _serve(paths)
    except TetherError as error:
        log.error("event=failed message=%r hint=%r", error.message, error.hint)
        raise SystemExit(error.status) from None


def _serve(paths: Paths) -> None:
    quota = settings.quota_bytes(settings.load(paths.settings).log, paths.data)
    boot = secrets.token_hex(8)
    bus = Bus()
    publisher = bus.publisher(paths.store_pub)
    opening = encode(NO_SESSION, StoreHealth("opening", "", 0, quota or 0, boot))
    events, gate = open_log(paths, quota, lambda: publisher.send(opening))
    ballast.lay(paths.ballast)
    loop = Loop(paths, bus.router(paths.store), publisher, events, quota, boot)
    service.on_terminate(loop.stop)
    log.info("event=ready boot=%s quota=%s", boot, quota)
    try:
        loop.run()
    finally:
        bus.close()
        events.close()
        gate.close()
    log.info("event=ended")


if __name__ == "__main__":
    main()
