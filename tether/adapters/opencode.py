"""From what opencode's server says to facts, and from decisions to what it is asked. Pure.

The server tells of every conversation of its directory. State is that of the one which its terminal shows, as far as
that can be known: the newest that no other has started. What is asked comes from it and from its agents alike.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tether.adapters import diffs
from tether.adapters.facts import (
    Asked,
    Conversation,
    Decision,
    Degraded,
    Effect,
    Fact,
    Option,
    Question,
    Settled,
    Spoke,
    StateFact,
    ToolUsed,
    Turn,
    Unknown,
    Usage,
)

_REMEMBERED_MAX: Final = 512
_OPTIONS: Final = (Option("once", "Allow once"), Option("deny", "Deny"))
_KNOWN: Final = frozenset({
    "catalog.updated", "command.executed", "file.edited", "file.watcher.updated", "installation.update-available",
    "installation.updated", "integration.updated", "lsp.client.diagnostics", "lsp.updated", "mcp.tools.changed",
    "message.part.delta", "message.part.removed", "message.removed", "models.updated", "plugin.added",
    "project.updated", "pty.created", "pty.deleted", "pty.exited", "pty.updated", "reference.updated",
    "server.heartbeat",
    "server.instance.disposed", "session.compacted", "session.deleted", "session.diff", "todo.updated",
    "tui.command.execute", "tui.prompt.append", "tui.session.select", "tui.toast.show", "vcs.branch.updated",
})  # fmt: skip


@dataclass
class _Open:
    """One open request. `call` is the tool call that it is about."""

    kind: str  # permission or question
    id: str
    call: str = ""
    answered: bool = False
    questions: list[str] = field(default_factory=list)


class Translator:
    """One session's. `session` is opencode's own name of the conversation ("" is not known yet), `working` whether it
    is in a turn."""

    def __init__(self, cwd: str = "", session: str = "") -> None:
        self.session = session
        self._cwd = cwd
        self._children: set[str] = set()
        self._open: dict[str, _Open] = {}
        self._calls: dict[str, dict[str, Any]] = {}  # tool call -> its newest part
        self._decided: dict[str, str] = {}  # tool call -> key
        self._turn = ""
        self.working = False
        self._stopped: tuple[str, str] = ("", "")  # how the turn went wrong: (interrupted or failed, why)
        self._roles: dict[str, tuple[str, str]] = {}  # message -> (role, turn)
        self._spoken: set[str] = set()
        self._began: set[str] = set()
        self._used: dict[str, Usage] = {}

    def take(self, raw: dict[str, Any], now: int) -> list[Fact]:
        """The facts in one event."""
        kind, given = str(raw.get("type", "")), raw.get("properties")
        handler = _HANDLERS.get(kind)
        if handler is None:
            return [] if kind in _KNOWN else [Unknown(kind)]
        try:
            return handler(self, given if isinstance(given, dict) else {})
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            reason = f"its server says {kind} in another shape than is known here"
            return [Unknown(f"{kind}: {type(error).__name__}"), Degraded(reason)]

    def answer(self, key: str, decision: Decision) -> tuple[str, dict[str, Any]] | None:
        """The path and body of the request that says the decision; None when nothing of that key is open."""
        request = self._open.get(key)
        if request is None:
            return None
        request.answered = True
        if request.call:
            self._decided[request.call] = key
        if request.kind == "question":
            if decision.decision != "answer":
                return f"/question/{request.id}/reject", {}
            answers = [[one for one in decision.answers.get(text, "").split(", ") if one] for text in request.questions]
            return f"/question/{request.id}/reply", {"answers": answers}
        if decision.decision == "deny":
            body = {"reply": "reject", **({"message": decision.reason} if decision.reason else {})}
        else:
            body = {"reply": "once"}
        return f"/permission/{request.id}/reply", body

    def pending(self, permissions: list[Any], questions: list[Any]) -> list[Fact]:
        """What the server says is open, when one joins it; what else was open is so no more."""
        facts: list[Fact] = []
        for kind, rows in (("permission.asked", permissions), ("question.asked", questions)):
            for row in rows:
                facts += self.take({"type": kind, "properties": row}, 0)
        named = {fact.key for fact in facts if isinstance(fact, Asked)}
        for key in [key for key in self._open if key not in named]:
            del self._open[key]
        return facts

    def unexplained(self, permissions: list[Any]) -> set[str]:
        """The conversations whose messages say why these permissions are asked for, as far as nobody heard that yet."""
        about = ((str(row["sessionID"]), (row.get("tool") or {}).get("callID")) for row in permissions)
        return {session for session, call in about if call and call not in self._calls}

    def explain(self, messages: list[dict[str, Any]]) -> None:
        """What the tools were given that these messages speak of: why they ask."""
        for part in (part for message in messages for part in message.get("parts") or []):
            if part.get("type") == "tool" and isinstance(part.get("state"), dict) and "status" in part["state"]:
                self._calls.setdefault(str(part.get("callID")), part)
        _forget(self._calls)

    def begun(self, sessions: list[dict[str, Any]]) -> list[Fact]:
        """What is to be known of conversations that began before anybody listened; the newest is the session's."""
        rows = sorted(sessions, key=lambda row: str(row.get("id")))
        return [fact for row in rows for fact in self.take({"type": "session.created", "properties": {"info": row}}, 0)]

    def history(self, messages: list[dict[str, Any]]) -> list[Fact]:
        """What was said before anybody listened."""
        facts: list[Fact] = []
        for message in messages:
            # The parts first: they are told of a prompt's text, and the message alone is not.
            info = message.get("info") or {}
            self._roles.setdefault(str(info.get("id")), (str(info.get("role")), _turn_of(info)))
            for part in message.get("parts") or []:
                if part.get("type") == "text":
                    facts += self.take({"type": "message.part.updated", "properties": {"part": part}}, 0)
            facts += self.take({"type": "message.updated", "properties": {"info": info}}, 0)
        return facts

    def looked(self, statuses: dict[str, Any], *, waiting: bool) -> list[Fact]:
        """What follows from which conversations are busy now. A turn that is known to have begun and is so no more has
        ended; how, nobody heard."""
        status = statuses.get(self.session)
        if isinstance(status, dict):
            return self.take({"type": "session.status", "properties": {"sessionID": self.session, "status": status}}, 0)
        if waiting or not (self.working or self._turn):
            return []
        self.working = True
        return self.take({"type": "session.idle", "properties": {"sessionID": self.session}}, 0)

    def open(self) -> frozenset[str]:
        """The keys of what is asked now."""
        return frozenset(self._open)

    # -- conversations

    def _connected(self, given: dict[str, Any]) -> list[Fact]:
        return [StateFact("idle", "Opencode waits for a prompt", "api")] if not self.session else []

    def _session(self, given: dict[str, Any]) -> list[Fact]:
        info = given["info"]
        name = str(info["id"])
        if info.get("parentID"):
            self._children.add(name)
            return []
        return self._main(name)

    def _main(self, name: str) -> list[Fact]:
        if name == self.session or name in self._children:
            return []
        self.session, self._turn, self.working = name, "", False
        return [Conversation(name)]

    def _status(self, given: dict[str, Any]) -> list[Fact]:
        facts = self._main(str(given["sessionID"]))
        if given["sessionID"] != self.session:
            return []
        kind = given["status"]["type"]
        if kind == "busy" and not self.working:
            self.working, self._stopped = True, ("", "")
            facts.append(StateFact("working", "Opencode is in a turn", "api"))
        elif kind == "retry":
            why = str(given["status"].get("message") or "its model did not answer")
            facts.append(StateFact("working", f"Opencode tries again: {why}", "api"))
        return facts

    def _idle(self, given: dict[str, Any]) -> list[Fact]:
        if given["sessionID"] != self.session:
            return []
        if not self.working:
            return []
        self.working = False
        how, why = self._stopped
        key, self._turn, self._stopped = self._turn, "", ("", "")
        phase: Any = "interrupted" if how == "interrupted" else "failed" if how else "ended"
        turn: list[Fact] = [Turn(key, phase, detail=why)] if key else []
        if how == "interrupted":
            return [*turn, StateFact("idle", "Its turn was interrupted", "api")]
        if how:
            return [*turn, StateFact("error", f"The turn failed: {why}", "api")]
        return [*turn, StateFact("done", "Its turn has ended", "api")]

    def _error(self, given: dict[str, Any]) -> list[Fact]:
        if given.get("sessionID") not in (None, self.session):
            return []
        error = given.get("error") or {}
        if error.get("name") == "MessageAbortedError":
            self._stopped = ("interrupted", "")
            return []
        why = str((error.get("data") or {}).get("message") or error.get("name") or "it does not say why")
        self._stopped = ("failed", why)
        return [] if self.working else [StateFact("error", f"Opencode says: {why}", "api")]

    # -- messages

    def _message(self, given: dict[str, Any]) -> list[Fact]:
        info = given["info"]
        name, role = str(info["id"]), str(info["role"])
        if info.get("sessionID", self.session) != self.session:
            return []
        turn = _turn_of(info) or self._turn
        self._roles[name] = (role, turn)
        _forget(self._roles)
        facts: list[Fact] = []
        if role == "assistant" and turn and turn not in self._began:
            # Its prompt was given before anybody listened.
            self._began.add(turn)
            self._turn = turn
            facts = [Turn(turn, "began")]
        if role == "assistant" and (info.get("time") or {}).get("completed"):
            facts += self._usage(name, turn, info)
        return facts

    def _usage(self, name: str, turn: str, info: dict[str, Any]) -> list[Fact]:
        if name in self._spoken or not (info.get("tokens") or {}).get("output"):
            return []
        self._spoken.add(name)
        tokens, before = info.get("tokens") or {}, self._used.get(turn, Usage(turn))
        cost = float(before.cost_usd or 0) + float(info.get("cost") or 0)
        self._used[turn] = Usage(
            turn,
            before.input_tokens + int(tokens.get("input") or 0),
            before.output_tokens + int(tokens.get("output") or 0),
            before.cached_tokens + int((tokens.get("cache") or {}).get("read") or 0),
            f"{cost:.6f}" if cost else "",
        )
        _forget(self._used)
        return [self._used[turn]]

    def _part(self, given: dict[str, Any]) -> list[Fact]:
        part = given["part"]
        if part.get("type") == "tool":
            return self._tool(part)
        role, turn = self._roles.get(str(part.get("messageID")), ("", ""))
        if part.get("type") != "text" or part.get("synthetic") or str(part.get("sessionID", "")) != self.session:
            return []
        name, text = str(part["id"]), str(part.get("text") or "")
        if name in self._spoken or not text:
            return []
        if role == "user":
            self._spoken.add(name)
            self._turn = turn
            if turn in self._began:
                return []
            self._began.add(turn)
            return [Turn(turn, "began", text)]
        if role == "assistant" and (part.get("time") or {}).get("end"):
            self._spoken.add(name)
            return [Spoke(text, turn)]
        return []

    def _tool(self, part: dict[str, Any]) -> list[Fact]:
        call, state = str(part["callID"]), part["state"]
        status, before = str(state["status"]), self._calls.get(call)
        self._calls[call] = part
        _forget(self._calls)
        given = state.get("input") or {}
        summary = str(given.get("command") or given.get("filePath") or state.get("title") or "")[:2000]
        files = (str(given["filePath"]),) if given.get("filePath") else ()
        turn = self._roles.get(str(part.get("messageID")), ("", self._turn))[1]
        name = {"bash": "command"}.get(str(part["tool"]), str(part["tool"]))
        if status == "running" and (before is None or before["state"].get("status") != "running"):
            return [ToolUsed(call, name, "began", summary, turn, 0, files)]
        if status not in ("completed", "error"):
            return []
        times = state.get("time") or {}
        took = int(times.get("end") or 0) - int(times.get("start") or 0)
        ended = status == "completed"
        facts: list[Fact] = [ToolUsed(call, name, "ended" if ended else "failed", summary, turn, max(0, took), files)]
        if key := self._decided.pop(call, ""):
            said = str(state.get("error") or "")
            facts.append(Effect(key, "done" if ended else "refused" if "reject" in said.lower() else "failed"))
        return facts

    # -- what is asked

    def _permission(self, given: dict[str, Any]) -> list[Fact]:
        name = str(given["id"])
        call = str((given.get("tool") or {}).get("callID") or "")
        known = self._open.get(name)
        self._open[name] = _Open("permission", name, call, answered=known.answered if known else False)
        about = (self._calls.get(call) or {}).get("state") or {}
        return [permission_fact(given, about.get("input") or {}, self._cwd)]

    def _replied(self, given: dict[str, Any]) -> list[Fact]:
        request = self._open.pop(str(given["requestID"]), None)
        if request is None or request.answered:
            return []
        if request.call:
            self._decided[request.call] = request.id
        return [Settled(request.id, "terminal", "terminal"), StateFact("working", "Opencode goes on", "api")]

    def _question(self, given: dict[str, Any]) -> list[Fact]:
        name = str(given["id"])
        questions = tuple(
            Question(
                str(one["question"]), str(one.get("header") or ""),
                tuple(Option(str(o["label"]), str(o["label"])) for o in one.get("options") or []),
                bool(one.get("multiple")),
            )
            for one in given["questions"]
        )  # fmt: skip
        call = str((given.get("tool") or {}).get("callID") or "")
        self._open[name] = _Open("question", name, call, questions=[one.text for one in questions])
        exact = json.dumps(given["questions"], sort_keys=True).encode()
        return [Asked(name, "question", questions[0].text, "", exact, questions=questions)]


def _turn_of(info: dict[str, Any]) -> str:
    """A turn is called like the prompt's message, which is the parent of the replies."""
    return str(info["id"]) if info.get("role") == "user" else str(info.get("parentID") or "")


def permission_fact(given: dict[str, Any], about: dict[str, Any], cwd: str) -> Asked:
    """What a permission is asked for; `about` is what the model gave its tool."""
    name, kind, meta = str(given["id"]), str(given["permission"]), given.get("metadata") or {}
    patterns = [str(one) for one in given.get("patterns") or []]
    intent = str(about.get("description") or "")
    if kind == "bash":
        command = str(meta.get("command") or about.get("command") or " ; ".join(patterns))
        return Asked(name, "command", command, intent, command.encode(), "", _OPTIONS)
    if kind == "edit" and meta.get("diff"):
        path = diffs.inside(str(meta.get("filepath") or (patterns or [""])[0]), cwd)
        diff = diffs.renamed(str(meta["diff"]), path)
        return Asked(name, "edit", f"Change {path}", intent, diff.encode(), diff, _OPTIONS)
    exact = json.dumps({"permission": kind, "patterns": patterns, "metadata": meta}, sort_keys=True)
    title = f"{kind} {', '.join(patterns)}".strip()
    return Asked(name, "tool", title[:300], intent, exact.encode(), "", _OPTIONS)


def _forget(memory: dict[str, Any]) -> None:
    while len(memory) > _REMEMBERED_MAX:
        del memory[next(iter(memory))]


_HANDLERS: Final = {
    "server.connected": Translator._connected,
    "session.created": Translator._session,
    "session.updated": Translator._session,
    "session.status": Translator._status,
    "session.idle": Translator._idle,
    "session.error": Translator._error,
    "message.updated": Translator._message,
    "message.part.updated": Translator._part,
    "permission.asked": Translator._permission,
    "permission.replied": Translator._replied,
    "question.asked": Translator._question,
    "question.replied": Translator._replied,
    "question.rejected": Translator._replied,
}
