"""The adapters' process: python -m tether.adapters."""

from __future__ import annotations

import asyncio

from tether import service
from tether.adapters.loop import Service


def main() -> None:
    """Serve until SIGTERM."""
    paths = service.start("adapters")

    async def serve() -> None:
        await Service(paths).run()

    asyncio.run(serve())


if __name__ == "__main__":
    main()
