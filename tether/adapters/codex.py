"""From what codex's app-server says to facts, and from decisions to what it is told. Pure.

The server speaks of several threads: the conversation that the person sees, agents that this one has started, and small
ones of codex's own, which make titles. State is that of the conversation; approvals come from it and from its agents.
"""

from __future__ import annotations

from typing import Any, Final

from tether.adapters import codex_requests as requests
from tether.adapters.codex_requests import Request
from tether.adapters.facts import (
    Conversation,
    Decision,
    Degraded,
    Effect,
    Fact,
    Settled,
    Spoke,
    StateFact,
    ToolUsed,
    Turn,
    Unknown,
    Usage,
)

_ITEMS_MAX: Final = 512
# Said by codex and of no use here.
_KNOWN: Final = frozenset({
    "account/rateLimits/updated", "account/updated", "app/list/updated", "configWarning", "deprecationNotice", "error",
    "hook/completed", "hook/started", "item/agentMessage/delta", "item/commandExecution/outputDelta",
    "item/commandExecution/terminalInteraction", "item/fileChange/outputDelta", "item/fileChange/patchUpdated",
    "item/mcpToolCall/progress", "item/plan/delta", "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta", "item/reasoning/textDelta", "mcpServer/startupStatus/updated",
    "model/rerouted", "remoteControl/status/changed", "skills/changed", "thread/archived", "thread/closed",
    "thread/compacted", "thread/goal/cleared", "thread/goal/updated", "thread/name/updated",
    "thread/environment/connected", "thread/queue/changed", "thread/readState/changed", "thread/settings/updated",
    "turn/diff/updated", "turn/plan/updated", "warning", "guardianWarning",
})  # fmt: skip
_OUTCOMES: Final = {"completed": "done", "failed": "failed", "declined": "refused"}


class Translator:
    """One session's. `thread` is the conversation ("" is not known yet), `turn` the one that runs ("" is none).

    `due` holds what has to be sent as (method, params) for something that was decided before; its reader empties it.
    """

    def __init__(self) -> None:
        self.thread = ""
        self.turn = ""
        self.due: list[tuple[str, dict[str, Any]]] = []
        self._cwd = ""
        self._ours: set[str] = set()  # the conversation, and agents that it has started
        self._aside: set[str] = set()
        self._items: dict[str, dict[str, Any]] = {}
        self._requests: dict[str, Request] = {}
        self._began: set[str] = set()
        self._used: dict[str, list[int]] = {}
        self._reasons: dict[str, str] = {}  # turn -> what its agent is told when it has ended
        self._decided: dict[str, str] = {}  # item -> key, until its effect is known
        self._state: tuple[str, str] = ("", "")
        self.interrupting = False  # what is open will be withdrawn on our word

    def take(self, raw: dict[str, Any], now: int) -> list[Fact]:
        """The facts in one notification or request of the server."""
        method, params = str(raw.get("method", "")), raw.get("params")
        if not isinstance(params, dict):
            params = {}
        if "id" in raw:
            return self._asked(raw["id"], method, params)
        thread = str(params.get("threadId", ""))
        if thread in self._aside:
            return []
        handler = _HANDLERS.get(method)
        if handler is None:
            return [] if method in _KNOWN else [Unknown(method)]
        try:
            return handler(self, params)
        except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
            return [Unknown(f"{method}: {type(error).__name__}"), _reshaped(method)]

    def answer(self, key: str, decision: Decision) -> list[dict[str, Any]] | None:
        """The messages for a decision, in order: a reason goes first, so that the agent has it before it goes on.
        Those of a method of ours have no id yet. None when nothing of that key is open."""
        request = self._requests.get(key)
        if request is None:
            return None
        request.answered = True
        self._note_decided(request)
        reply = {"id": request.id, "result": requests.result_of(request, decision)}
        if decision.decision != "deny" or not decision.reason:
            return [reply]
        text = f"The user refused this, and says why: {decision.reason}"
        if requests.ends_turn(request, decision):
            self._reasons[request.turn] = text
            return [reply]
        return [{"method": "turn/steer", "params": _steer(request.thread, request.turn, text)}, reply]

    def _note_decided(self, request: Request) -> None:
        if request.item:
            self._decided[request.item] = request.key

    def joined(self, thread: dict[str, Any]) -> list[Fact]:
        """What the server says of the conversation when one joins it. An answer may be read after news that came later:
        of what it says of the state only what nothing was heard of yet counts."""
        facts = self._thread(thread)
        if self._state == ("", ""):
            facts += self._status({"threadId": thread.get("id"), "status": thread.get("status") or {"type": ""}})
        return facts

    def open(self) -> frozenset[str]:
        """The keys of what is asked now."""
        return frozenset(self._requests)

    def disconnected(self) -> None:
        """What is open will be asked again by the same server, with numbers that count on the new connection."""
        self._requests.clear()
        self._state = ("", "")

    # -- threads and turns

    def _thread_started(self, params: dict[str, Any]) -> list[Fact]:
        return self._thread(params["thread"])

    def _thread(self, thread: dict[str, Any]) -> list[Fact]:
        name = str(thread["id"])
        if thread.get("ephemeral") or thread.get("threadSource") == "thread_title":
            self._aside.add(name)
            return []
        self._ours.add(name)
        if thread.get("parentThreadId") or name == self.thread:
            return []
        self.thread, self._cwd, self.turn = name, str(thread.get("cwd") or ""), ""
        facts: list[Fact] = [Conversation(name, str(thread.get("path") or ""))]
        status = thread.get("status")
        return [*facts, *(self._status({"threadId": name, "status": status}) if isinstance(status, dict) else [])]

    def _status(self, params: dict[str, Any]) -> list[Fact]:
        if params["threadId"] != self.thread:
            return []
        status = params["status"]
        kind, flags = status["type"], status.get("activeFlags") or []
        if kind == "active" and "waitingOnApproval" in flags:
            return self._is(StateFact("waiting", "Codex waits for an approval", "api", "approval"))
        if kind == "active" and "waitingOnUserInput" in flags:
            return self._is(StateFact("waiting", "Codex asks a question", "api", "question"))
        if kind == "active":
            return self._is(StateFact("working", "Codex is in a turn", "api"))
        if kind == "idle":
            if self.turn:
                return []  # the end of the turn is told next, and how it ended
            return self._is(StateFact("idle", "Codex waits for a prompt", "api"))
        if kind == "systemError":
            return self._is(StateFact("error", "Codex reports an error of its own", "api"))
        return []

    def _is(self, fact: StateFact) -> list[Fact]:
        now = (fact.state, fact.detail)
        before, self._state = self._state, now
        return [fact] if now != before else []

    def _turn_started(self, params: dict[str, Any]) -> list[Fact]:
        if params["threadId"] == self.thread:
            self.turn = str(params["turn"]["id"])
        return []

    def _turn_completed(self, params: dict[str, Any]) -> list[Fact]:
        turn = params["turn"]
        name, status = str(turn["id"]), str(turn["status"])
        facts = self._withdrawn(lambda one: one.turn == name)
        self._used.pop(name, None)
        if params["threadId"] == self.thread:
            self.turn, self.interrupting = "", False
        if reason := self._reasons.pop(name, ""):
            self.due.append(("turn/start", {"threadId": params["threadId"], "input": _text(reason)}))
        error = turn.get("error") or {}
        if status == "failed":
            why = str(error.get("message") or "it does not say why")
            self._state = ("error", "")
            return [*facts, Turn(name, "failed", detail=why), StateFact("error", f"The turn failed: {why}", "api")]
        if status == "interrupted":
            said, state = Turn(name, "interrupted"), StateFact("idle", "Its turn was interrupted", "api")
        else:
            said, state = Turn(name, "ended"), StateFact("done", "Its turn has ended", "api")
        return [*facts, said, *(self._is(state) if params["threadId"] == self.thread else [])]

    def _withdrawn(self, which: Any) -> list[Fact]:
        facts: list[Fact] = []
        for key, request in list(self._requests.items()):
            if which(request):
                del self._requests[key]
                if not request.answered:
                    facts.append(Settled(key, "cancelled", "codex", "its turn has ended"))
        return facts

    # -- items

    def _item_started(self, params: dict[str, Any]) -> list[Fact]:
        item, turn = params["item"], str(params.get("turnId", ""))
        self._items[str(item["id"])] = item
        while len(self._items) > _ITEMS_MAX:
            del self._items[next(iter(self._items))]
        if params["threadId"] == self.thread and turn:
            self.turn = turn
        return [_used(item, turn, "began")] if item["type"] in _TOOLS else []

    def _item_completed(self, params: dict[str, Any]) -> list[Fact]:
        item, turn = params["item"], str(params.get("turnId", ""))
        kind = item["type"]
        if kind == "userMessage" and turn not in self._began:
            self._began.add(turn)
            return [Turn(turn, "began", "\n".join(str(one.get("text", "")) for one in item["content"]))]
        if kind == "agentMessage" and item.get("text"):
            return [Spoke(str(item["text"]), turn)]
        if kind == "plan" and item.get("text"):
            return [Spoke(str(item["text"]), turn)]
        if kind not in _TOOLS:
            return []
        status = str(item.get("status", "completed"))
        facts: list[Fact] = [_used(item, turn, "ended" if status == "completed" else "failed")]
        key = self._decided.pop(str(item["id"]), "")
        effect = _OUTCOMES.get(status)
        if key and effect == "done":
            facts.append(Effect(key, "done"))
        elif key and effect == "failed":
            facts.append(Effect(key, "failed"))
        elif key and effect == "refused":
            facts.append(Effect(key, "refused"))
        return facts

    def _token_usage(self, params: dict[str, Any]) -> list[Fact]:
        turn, last = str(params["turnId"]), params["tokenUsage"]["last"]
        sums = self._used.setdefault(turn, [0, 0, 0])
        for place, name in enumerate(("inputTokens", "outputTokens", "cachedInputTokens")):
            sums[place] += int(last.get(name) or 0)
        return [Usage(turn, sums[0], sums[1], sums[2])]

    # -- requests

    def _asked(self, number: Any, method: str, params: dict[str, Any]) -> list[Fact]:
        thread = str(params.get("threadId", ""))
        if thread in self._aside:
            return []
        if method in requests.TERMINAL_ONLY:
            return [StateFact("waiting", "Codex asks for wider permissions", "api", "terminal")]
        request = Request(requests.key_of(method, number, params), number, method, params)
        try:
            asked = requests.fact_of(request, self._items.get(request.item, {}), self._cwd)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            asked = None
            return [Unknown(f"{method}: {type(error).__name__}"), _reshaped(method), _at_its_terminal()]
        if asked is None:
            return [Unknown(method)] if not method.startswith(("item/", "mcpServer/")) else [_at_its_terminal()]
        self._requests[request.key] = request
        return [asked]

    def _resolved(self, params: dict[str, Any]) -> list[Fact]:
        for key, request in list(self._requests.items()):
            if request.id == params["requestId"]:
                del self._requests[key]
                if request.answered:
                    return []
                if self.interrupting:
                    return [Settled(key, "cancelled", "codex", "the turn was interrupted")]
                self._note_decided(request)
                return [Settled(key, "terminal", "terminal")]
        return []


def _reshaped(what: str) -> Degraded:
    return Degraded(f"its server says {what} in another shape than is known here")


def _at_its_terminal() -> StateFact:
    return StateFact("waiting", "Codex asks something that only its terminal can answer", "api", "terminal")


_TOOLS: Final = frozenset({"commandExecution", "fileChange", "mcpToolCall", "dynamicToolCall", "webSearch"})


def _used(item: dict[str, Any], turn: str, phase: Any) -> ToolUsed:
    kind = str(item["type"])
    files = tuple(str(one.get("path", "")) for one in item.get("changes") or [])
    name, summary = kind, ""
    match kind:
        case "commandExecution":
            name, summary = "command", str(item.get("command") or "")
        case "fileChange":
            name, summary = "edit", ", ".join(files)
        case "mcpToolCall" | "dynamicToolCall":
            name = ".".join(str(item[part]) for part in ("server", "tool") if item.get(part))
        case "webSearch":
            name, summary = "search", str(item.get("query") or "")
    return ToolUsed(str(item["id"]), name, phase, summary[:2000], turn, int(item.get("durationMs") or 0), files)


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": text}]


def _steer(thread: str, turn: str, text: str) -> dict[str, Any]:
    return {"threadId": thread, "expectedTurnId": turn, "input": _text(text)}


def prompt_request(thread: str, turn: str, text: str) -> tuple[str, dict[str, Any]]:
    """The method and its parameters that give codex a prompt, whether it works or waits."""
    if turn:
        return "turn/steer", _steer(thread, turn, text)
    return "turn/start", {"threadId": thread, "input": _text(text)}


_HANDLERS: Final = {
    "thread/started": Translator._thread_started,
    "thread/status/changed": Translator._status,
    "turn/started": Translator._turn_started,
    "turn/completed": Translator._turn_completed,
    "item/started": Translator._item_started,
    "item/completed": Translator._item_completed,
    "thread/tokenUsage/updated": Translator._token_usage,
    "serverRequest/resolved": Translator._resolved,
}
