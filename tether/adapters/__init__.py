"""Beside the terminals: what agents themselves say of what they do and what they ask, and how they are answered.

One process for all sessions, in no data path. An agent's side channel (hooks, a second client, an event stream) is
read by its translator, which is pure and says facts (`facts`). What the facts mean for a session is decided by
`desk`, whose reports the session's worker numbers among its events. Nothing here reads a screen.
"""
