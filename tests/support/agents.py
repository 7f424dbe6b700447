"""The real agents in a gateway of one's own, with the mock model behind them.

`with AgentGateway() as world:` gives a gateway whose user has codex, claude and opencode installed and signed in to
the mock model: `world.start_agent("codex", "[[say hello]]")`. Their homes are the gateway's.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from types import TracebackType

from tests.screen.oracle import Op
from tests.screen.streams import Stream, packed
from tests.support.gateway import Gateway
from tests.support.mockmodel import MockModel
from tests.support.repositories import Repo
from tether.cli import owner
from tether.errors import TetherError
from tether.paths import resolve
from tether.store.reader import LogReader
from tether.wire.codec import decode_body
from tether.wire.events import Output, Resized
from tools import agents_setup

# Any string does as a key. Claude asks whether it may use one of the environment, unless its end is noted.
_KEY = "sk-ant-mock-" + "0123456789abcdef" * 3


class AgentGateway(Gateway):
    """A gateway, its mock model, and the agents' settings in the user's home. `project` is where sessions run."""

    def __init__(self, *, settings: str = "", start: bool = True) -> None:
        super().__init__(settings=settings, start=start)
        self.model = MockModel()
        self.project = self.user_home / "project"
        repository = Repo(self.project)
        (self.project / "calc.py").write_text("def add(a, b):\n    return a - b\n")
        repository.commit("first")
        temporary = self.home / "tmp"
        temporary.mkdir()
        self.env["PATH"] = f"{agents_setup.BIN}:{self.env['PATH']}"
        # Codex makes no links to itself in a home below the temporary directory.
        self.env["TMPDIR"] = str(temporary)
        self._set_up_codex()
        self._set_up_claude()
        self._set_up_opencode()

    def __enter__(self) -> AgentGateway:
        self.model.__enter__()
        super().__enter__()
        return self

    def __exit__(self, kind: type | None, value: BaseException | None, traceback: TracebackType | None) -> None:
        if kind is not None or self.failed:
            print(self.model.transcript())
        try:
            super().__exit__(kind, value, traceback)
        finally:
            self.model.__exit__(kind, value, traceback)

    def start_agent(self, provider: str, prompt: str = "", *more: str, title: str = "") -> str:
        """Start a session of the agent with a first prompt, in the project, without attaching; its id."""
        args = [*more, *([prompt] if prompt and provider != "opencode" else [])]
        if prompt and provider == "opencode":
            args = [*more, "--prompt", prompt]
        own = ["--title", title] if title else []
        done = self.tether("run", "-d", *own, provider, *(["--", *args] if args else []), cwd=self.project)
        with contextlib.suppress(AssertionError):
            self._remember()
        return str(done.stdout).strip()

    def prompt(self, session: str, text: str) -> None:
        """Give the agent a prompt as another client does; waits until it may be given one."""

        def given() -> bool:
            try:
                owner.ask(resolve(self.env), "POST", f"/api/v1/sessions/{session}/prompt", {"text": text})
            except TetherError as error:
                raise AssertionError(f"{error.code}: {error.message}") from None
            return True

        self.wait_until("the prompt is taken", given, 30)

    def interrupt(self, session: str) -> None:
        """Have the agent leave off, as another client does."""
        owner.ask(resolve(self.env), "POST", f"/api/v1/sessions/{session}/interrupt", {})

    def processes_of(self, session: str) -> list[str]:
        """Every living process that carries the session's mark, as pid and command line."""
        mark = f"TETHER_SESSION_ID={session}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    if words != [b""]:
                        found.append(f"{entry.name} {b' '.join(words).decode('utf-8', 'replace')[:200]}")
        return found

    def keep_recording(self, session: str, agent: str) -> None:
        """Keep what the ended session's terminal showed: build/recordings/AGENT.cast to be looked at, and the same for
        tests/screen. Where it ran is given another name of the same length."""
        folder = agents_setup.ROOT / "build" / "recordings"
        folder.mkdir(parents=True, exist_ok=True)
        cast = folder / f"{agent}.cast"
        self.tether("export", session, "--format", "cast", "-o", str(cast))
        cast.write_text(self._elsewhere(cast.read_text()))
        ops: list[Op] = []
        with contextlib.closing(LogReader(resolve(self.env))) as reader:
            sid = bytes.fromhex(self.session(session)["sid"])
            for _seq, body in reader.events(sid, 0, 100_000, 1 << 26):
                match decode_body(body):
                    case Output() as event:
                        ops.append(("w", self._elsewhere(event.data.decode("latin-1")).encode("latin-1")))
                    case Resized() as event:
                        ops.append(("r", event.cols, event.rows))
        view = self.session(session)
        (folder / f"{agent}.json.gz").write_bytes(
            packed(Stream("agents", f"{agent}-asked", view["cols"], view["rows"], tuple(ops)))
        )

    def _elsewhere(self, text: str) -> str:
        """With another name for where it ran, of the same length; a line may end behind its directory."""
        here, cut = str(self.home), len(str(self.home.parent)) + 1
        alias = ("/home/" + "developer" * 9)[: len(here)]
        for part in (slice(None), slice(cut, None), slice(None, cut)):
            text = text.replace(here[part], alias[part])
        return text

    def crash(self) -> None:
        """Kill everything of the gateway at once but its sessions, and start it again."""
        pids = [self.pid(name) for name in ("supervisord", "store", "broker", "spawner", "adapters", "web")]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.start()

    def shown(self, session: str) -> str:
        """The session's screen now, as text, with what was wrapped or padded brought onto one line."""
        return " ".join(str(self.tether("snapshot", session, "--text").stdout).split())

    def _set_up_codex(self) -> None:
        home = self.user_home / ".codex"
        home.mkdir()
        (home / "config.toml").write_text(
            'model = "mock-model"\nmodel_provider = "mock"\ncheck_for_update_on_startup = false\n'
            f'[model_providers.mock]\nname = "mock"\nbase_url = "{self.model.url}/v1"\nenv_key = "OPENAI_API_KEY"\n'
            'wire_api = "responses"\nrequest_max_retries = 0\nstream_max_retries = 0\n'
            f'[projects."{self.project}"]\ntrust_level = "trusted"\n'
        )
        self.env["OPENAI_API_KEY"] = _KEY

    def _set_up_claude(self) -> None:
        (self.user_home / ".claude.json").write_text(
            json.dumps(
                {
                    "hasCompletedOnboarding": True,
                    "theme": "dark",
                    "customApiKeyResponses": {"approved": [_KEY[-20:]], "rejected": []},
                    "projects": {str(self.project): {"hasTrustDialogAccepted": True}},
                }
            )
        )
        self.env.update(
            ANTHROPIC_BASE_URL=self.model.url,
            ANTHROPIC_API_KEY=_KEY,
            DISABLE_AUTOUPDATER="1",
            CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
        )

    def _set_up_opencode(self) -> None:
        folder = self.user_home / ".config" / "opencode"
        folder.mkdir(parents=True)
        model = {"tool_call": True, "limit": {"context": 100000, "output": 8000}}
        options = {"baseURL": f"{self.model.url}/v1", "apiKey": "mock"}
        provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"mock-model": model}}
        settings = {
            "model": "mock/mock-model",
            "small_model": "mock/mock-model",
            "autoupdate": False,
            "share": "disabled",
            "enabled_providers": ["mock"],
            "provider": {"mock": provider},
        }
        (folder / "opencode.json").write_text(json.dumps(settings))
        for what in ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "DEFAULT_PLUGINS"):
            self.env[f"OPENCODE_DISABLE_{what}"] = "1"


def missing() -> str:
    """Why the agents can't be run here; "" when they can."""
    return agents_setup.missing()
