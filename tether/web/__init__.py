"""The browser's attach point: HTTP, WebSocket and the static page, on 127.0.0.1.

Holds no truth: what it shows comes from the log (read-only) and from the workers' live events, what
it is asked goes to the broker. It may be killed at any time; clients come back with their cursor.

`admission`, `attachment`, `flow`, `outbox`, `arrivals`, `mirror` and `offsets` are pure.
`gate` stands before everything; `busside` owns the sockets; `connection` serves one client whatever
carries its frames (`attach`: WebSocket, `stream`: plain HTTP).
"""
