"""A side program: listens on the Unix socket that it is given, outlives HUP and TERM. With "never" it ends."""

import signal
import socket
import sys

if sys.argv[2:] == ["never"]:
    sys.exit(3)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
    server.bind(sys.argv[1])
    server.listen()
    while True:
        connection, _ = server.accept()
        connection.close()
