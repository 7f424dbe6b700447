"""Standing grants: what somebody allowed for a session is allowed again, as often as the agent asks. Pure.

A grant is an approval that was allowed with the scope "session". It is Tether's and not the agent's: so it means the
same for every agent, stands in the log, is listed, and can be undone. It ends with its session. It covers

- the very same command, under the same conditions (directory, network) as far as the agent told them,
- edits of the same files, none of them reached through a link,
- the same tool of the same MCP server, a tool that was given an address on the same host, any other tool with the very
  same input.

A rule that denies beats every grant.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlsplit

from msgspec.structs import replace

from tether.policy import Request, edited_files
from tether.wire.agents import Approval, Option

SESSION: Final = "session"
_KINDS: Final = frozenset({"command", "edit", "tool"})
_LABEL: Final = "Allow for the session"


def stands(record: Approval) -> bool:
    """Is it a grant, and not undone?"""
    return record.state == "allowed" and record.scope == SESSION


def may_stand(record: Approval) -> bool:
    """Can it be allowed for the session: is it told for certain what that would be?"""
    if record.kind not in _KINDS or record.cut:
        return False
    return record.kind != "edit" or "" not in edited_files(Request.of(record, "/"))


def offered(record: Approval) -> Approval:
    """The record, with the session among its options just when that can be."""
    if not record.options:
        return record
    options = [one for one in record.options if one.id != SESSION]
    if may_stand(record):
        options.insert(1, Option(SESSION, _LABEL))
    return replace(record, options=options)


def covering(
    records: Iterable[Approval], record: Approval, directory: str, resolve: Callable[[str], str]
) -> Approval | None:
    """The grant among `records` that covers what is asked in a session whose directory is `directory`; None when none
    does. `resolve` makes a path absolute and free of links."""
    if not may_stand(record):
        return None
    return next((one for one in records if stands(one) and _covers(one, record, directory, resolve)), None)


def _covers(grant: Approval, record: Approval, directory: str, resolve: Callable[[str], str]) -> bool:
    if (grant.kind, grant.provider, grant.detail) != (record.kind, record.provider, record.detail):
        return False
    match record.kind:
        case "command":
            return (grant.sha256, grant.size) == (record.sha256, record.size)
        case "edit":
            return bool(directory) and _same_files(grant, record, directory, resolve)
        case _:
            return _tool(grant) == _tool(record)


def _same_files(grant: Approval, record: Approval, directory: str, resolve: Callable[[str], str]) -> bool:
    known = {posixpath.join(directory, one) for one in edited_files(Request.of(grant, directory))}
    for name in edited_files(Request.of(record, directory)):
        path = posixpath.join(directory, name)
        # What was allowed is a file, and not whatever a link in its place leads to.
        if path not in known or resolve(path) != posixpath.normpath(path):
            return False
    return True


def _tool(record: Approval) -> tuple[str, ...]:
    """What tells a use of a tool from another one."""
    name = record.title.split(" ", 1)[0]
    try:
        given = json.loads(record.exact)
        given = given if isinstance(given, dict) else {}
        host = urlsplit(str(given.get("url", ""))).netloc.lower()
    except (ValueError, RecursionError):
        given, host = {}, ""
    if isinstance(given.get("server"), str) and isinstance(given.get("tool"), str):
        return "server", given["server"], given["tool"]
    if name.startswith("mcp__"):
        return "tool", name
    return ("host", name, host) if host else ("input", name, record.sha256)
