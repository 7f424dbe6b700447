"""A terminado server as its documentation builds one: a terminal for each WebSocket, and named ones that stay.

python -m tests.bench.terminado_server PROGRAM    (prints its port; ends with its parent's end of the pipe)
"""

from __future__ import annotations

import asyncio
import logging
import sys

import tornado.httpserver
import tornado.netutil
import tornado.web
from terminado import NamedTermManager, TermSocket, UniqueTermManager

TERMINALS_MAX = 1000


class NewTerminal(tornado.web.RequestHandler):
    """Starts one more terminal that nobody watches."""

    def initialize(self, manager: NamedTermManager) -> None:
        self.manager = manager

    def post(self) -> None:
        self.manager.new_named_terminal()


async def main(program: str) -> None:
    """Serve until stdin ends."""
    own = UniqueTermManager(shell_command=[program, "ask"], max_terminals=TERMINALS_MAX)
    named = NamedTermManager(shell_command=[program, "ask"], max_terminals=TERMINALS_MAX)
    application = tornado.web.Application(
        [
            ("/", TermSocket, {"term_manager": own}),
            (r"/at/(\w+)", TermSocket, {"term_manager": named}),
            ("/new", NewTerminal, {"manager": named}),
        ]
    )
    sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
    server = tornado.httpserver.HTTPServer(application)
    server.add_sockets(sockets)
    print(sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin, ended.set)
    await ended.wait()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # a client that goes in mid-flood is an error to it
    asyncio.run(main(sys.argv[1]))
