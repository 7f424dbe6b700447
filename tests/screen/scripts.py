"""What is recorded: programs, and what is typed at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.screen.recorder import Step

_CURSES = """
import curses
def main(screen):
    curses.start_color(); curses.use_default_colors(); curses.curs_set(0)
    for n in range(1, 8): curses.init_pair(n, n, -1)
    curses.init_pair(8, 7, 4)
    screen.bkgd(" ", curses.color_pair(0)); screen.border(); screen.refresh()
    window = curses.newwin(10, 40, 4, 10); window.bkgd(" ", curses.color_pair(8)); window.box()
    for n in range(1, 8): window.addstr(n, 2, f"row {n}", curses.color_pair(n) | (curses.A_BOLD if n % 2 else curses.A_REVERSE))
    window.refresh(); screen.getch()
    pad = curses.newpad(100, 60)
    for y in range(100): pad.addstr(y, 0, f"pad {y} " + "x" * (y % 40), curses.A_UNDERLINE if y % 5 == 0 else 0)
    for top in range(0, 40, 7): pad.refresh(top, 0, 5, 12, 12, 40)
    screen.getch()
    log = curses.newwin(8, 50, 15, 5); log.scrollok(True); log.idlok(True)
    for n in range(30): log.addstr(f"log {n}\\n"); log.refresh()
    screen.getch(); log.insertln(); log.deleteln(); log.refresh(); screen.getch()
curses.wrapper(main)
"""
_PROGRESS = """
import sys, time
for n in range(0, 101, 4):
    sys.stdout.write(f"\\r\\x1b[K\\x1b[36m{'█' * (n // 4)}{'░' * (25 - n // 4)}\\x1b[0m {n:3d}% \\x1b[2m{'⠋⠙⠹⠸'[n // 4 % 4]} working\\x1b[0m"); sys.stdout.flush()
print("\\n\\x1b[1;32m✔ done\\x1b[0m")
for frame in range(12):
    sys.stdout.write("".join(f"\\x1b[2K\\x1b[38;5;{40 + line * 30 + frame}mtask {line}: {'.' * (frame * line % 9)}\\x1b[0m\\n" for line in range(5)))
    if frame < 11: sys.stdout.write("\\x1b[5A")
print("all done")
"""
_INK = """
import sys
w = sys.stdout.write
w("\\x1b[?2004h\\x1b[?25l\\x1b]0;Agent\\x07")
body = ["\\x1b[2m╭" + "─" * 56 + "╮\\x1b[22m", "\\x1b[2m│\\x1b[22m \\x1b[1m>\\x1b[22m {text:<53}\\x1b[2m│\\x1b[22m", "\\x1b[2m╰" + "─" * 56 + "╯\\x1b[22m", "  \\x1b[38;2;120;120;120m? for help{pad}{n} tokens\\x1b[39m"]
height = 0
for n in range(40):
    w("\\x1b[?2026h")
    w(("\\x1b[2K\\x1b[1A" * (height - 1) + "\\x1b[2K\\x1b[G") if height else "")
    if n % 5 == 4: w(f"\\x1b[38;2;{50 + n * 4};150;200m●\\x1b[39m Step {n}: \\x1b[1mread\\x1b[22m file {n}.py\\r\\n  ⎿  \\x1b[32m+ added {n}\\x1b[39m\\r\\n\\r\\n")
    rows = [row.format(text="typing"[: n % 7], n=n * 37, pad=" " * 30) for row in body[: 3 + n % 2]]
    w("\\r\\n".join(rows)); height = len(rows)
    w("\\x1b[?2026l"); sys.stdout.flush()
"""
_CHAT = """
import sys
w = sys.stdout.write
w("\\x1b[?1049h\\x1b[?1000h\\x1b[?1006h\\x1b[>7u\\x1b[?25l\\x1b[2J\\x1b[H")
for n in range(30):
    w("\\x1b[1;18r\\x1b[18;1H\\r\\n" + f"\\x1b[48;2;20;{n * 6};40m message {n} \\x1b[K\\x1b[0m" + "\\x1b[r")
    w(f"\\x1b[20;1H\\x1b[7m status {n} \\x1b[0m\\x1b[K\\x1b[22;3H\\x1b[?25h")
    sys.stdout.flush()
w("\\x1b]8;;https://example.org/a?b=c\\x1b\\\\a link\\x1b]8;;\\x1b\\\\ \\x1b[4 q")
"""


@dataclass(frozen=True)
class Program:
    """A recording to be made."""

    name: str
    argv: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    cols: int = 80
    rows: int = 24
    group: str = "programs"
    env: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()


_ALONE = ("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c")
_BUSY = "sleep 300 & sleep 301 & sh -c 'while :; do sleep 0.2; done' & exec "

PROGRAMS = (
    Program("ls", ("ls", "--color=always", "-la", "folder")),
    Program("ls-columns", ("ls", "--color=always", "--hyperlink=never", "-C", "many"), cols=100),
    Program("bash", ("bash", "--norc", "-i"), (
        b"echo one two three\x1b[D\x1b[D\x1b[Dxx\x01# \x05 end\r", b"ls folder\r", b"echo ", b"fol\t", b"\x15",
        b"for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done\r", b"\x12echo\x07", b"cat text.txt | head -40\r", b"clear\r",
        b"printf '%0200d' 7\r", b"unfinished",
    )),
    Program("sh-long-lines", ("sh", "-i"), (b"cat long.txt\r", b"head -c 300 text.txt\r"), cols=40, rows=12),
    Program("vim", ("vim", "example.py"), (
        b"jjjjO# new line\x1b", b"/print\r", b"vjj", b"y\x1bGp", b":split text.txt\r", b"\x04\x04\x15", b":set hls\r", b"/dolor\r",
        b"\x17w", b":%s/index/number/g\r", b":vsplit\r", b"ihello \xe4\xb8\xad\xe6\x96\x87\x1b",
    ), cols=100, rows=30),
    Program("vim-quit", ("vim", "text.txt"), (b"50G", b"dd5p", b"u", b":q!\r")),
    Program("vim-wide", ("vim", "wide.txt"), (b"jjj$", b"x", b"iX\x1b", b"ggVGd", b"u", b":set list nowrap\r"), cols=50, rows=16),
    Program("less", ("less", "text.txt"), (b" ", b" ", b"/tempor\r", b"n", b"n", b"b", b"\x1b[B\x1b[B", b"G", b"g", b"-S\r"), env={"LESS": "-R"}),
    Program("less-quit", ("less", "-N", "text.txt"), (b"d", b"d", b"u", b"q")),
    Program("git-log", ("git", "-C", "repo", "log", "--graph", "--color=always", "--decorate"), (b" ", b"j", b"j", b" ", b"k"), env={"LESS": "-R"}),
    Program("git-diff", ("git", "-C", "repo", "diff", "--color=always", "--word-diff"), (b"j",), env={"LESS": "-RF"}),
    Program("git-oneline", ("git", "--no-pager", "-C", "repo", "log", "--oneline", "--graph", "--color=always", "--all")),
    Program("man", ("man", "./example.1"), (b" ", b"/SECTION 3\r", b"j", b"k", b"G"), env={"MANPAGER": "less", "LESS": "-R"}),
    Program("top", (*_ALONE, _BUSY + "top -d 0.3"), (b"1", b"c", b"z", b"x", b"h", b"q", b"M")),
    Program("htop", (*_ALONE, _BUSY + "htop -d 3"), (b"t", b"\x1b[B", b"\x1bOR", b"sl", b"\x1b", b"\x1bOQ"), cols=100, rows=30),
    Program("htop-quit", (*_ALONE, _BUSY + "htop -d 3"), (b"t", b"\x1b[B", b"q")),
    Program("python", ("python3", "-q"), (
        b"1 + 2\r", b"for n in range(3):\r    print(n)\r\r", b"'x' * 200\r", b"1 / 0\r", b"def f(", b"\x03", b"import o\t", b"\x15" b"print('\xc3\xa9\xe2\x9c\x94')\r",
    )),
    Program("curses", ("python3", "curses.txt"), (b"a", b"b", b"c"), files={"curses.txt": _CURSES}),
    Program("curses-quit", ("python3", "curses.txt"), (b"a", b"b", b"c", b"d"), files={"curses.txt": _CURSES}, cols=90, rows=28),
    Program("progress", ("python3", "progress.txt"), files={"progress.txt": _PROGRESS}),
    Program("ink", ("python3", "ink.txt"), files={"ink.txt": _INK}),
    Program("chat", ("python3", "chat.txt"), files={"chat.txt": _CHAT}),
    Program("tmux", ("tmux", "-L", "rec", "new-session"), (
        b"ls --color=always folder\r", b"\x02\"", b"seq 60\r", b"\x02%", b"cat wide.txt\r", b"\x02o", b"\x02[", b"\x1b[5~", b"q", b"\x02c", b"echo new\r", b"\x02n",
    ), after=("tmux", "-L", "rec", "kill-server")),
    Program("tmux-vim", ("tmux", "-L", "rec", "new-session", "vim text.txt"), (b"\x04", b"\x02%", b"git -C repo log --graph --color=always\r", b" ", b"\x02\x1b[D", b"\x06"), cols=110, rows=32, after=("tmux", "-L", "rec", "kill-server")),
    Program("screen", ("screen", "-S", "rec"), (b"ls --color=always folder\r", b"\x01c", b"seq 40\r", b"\x01S", b"\x01\t\x01n", b"vim example.py\r", b"\x04"), after=("screen", "-S", "rec", "-X", "quit")),
    Program("watch", ("watch", "-t", "-c", "-n", "0.3", "ls --color=always -la folder; printf '\\033[1;33mx\\033[0m'"), (b"",)),
    Program("wide", ("cat", "wide.txt"), cols=30, rows=12),
    Program("resize-shell", ("sh", "-i"), (b"cat long.txt | head -6\r", (60, 24), b"echo after\r", (100, 30), (40, 12), b"cat wide.txt | head -9\r", (80, 24)), group="resize"),
    Program("resize-bash", ("bash", "--norc", "-i"), (b"cat long.txt | head -3\r", b"echo " + b"word " * 30, (60, 20), (120, 20), b"\r", (80, 10), (80, 30)), group="resize"),
    Program("resize-vim", ("vim", "text.txt"), (b"20G", (60, 20), b"\x04", (120, 40), b":q!\r"), group="resize"),
    Program("resize-less", ("less", "long.txt"), (b"  ", (60, 20), b"b", (100, 30)), group="resize"),
    Program("resize-tmux", ("tmux", "-L", "rec", "new-session"), (b"cat long.txt\r", b"\x02%", (60, 20), b"seq 30\r", (100, 30)), group="resize", after=("tmux", "-L", "rec", "kill-server")),
    Program("resize-htop", (*_ALONE, _BUSY + "htop -d 3"), ((60, 16), (110, 30)), group="resize"),
    Program("resize-python", ("python3", "-q"), (b"'ab ' * 60\r", (50, 20), b"'cd ' * 60\r", (90, 24)), group="resize"),
    Program("resize-wide", ("sh", "-i"), (b"cat wide.txt\r", (21, 10), (50, 24), (33, 12), b"cat wide.txt\r", (80, 24)), group="resize", cols=60),
    Program("resize-man", ("man", "./example.1"), (b" ", (60, 20), b"j", (100, 30), b"G"), group="resize", env={"MANPAGER": "less", "LESS": "-R"}),
    Program("resize-git", ("git", "-C", "repo", "log", "--graph", "--color=always"), (b" ", (50, 20), b" ", (110, 30), b"k"), group="resize", env={"LESS": "-R"}),
    Program("resize-top", (*_ALONE, _BUSY + "top -d 0.3"), (b"1", (60, 18), (100, 30)), group="resize"),
    Program("resize-screen", ("screen", "-S", "rec2"), (b"cat text.txt | head -30\r", (60, 20), b"echo x\r", (100, 30)), group="resize", after=("screen", "-S", "rec2", "-X", "quit")),
    Program("resize-vim-hidden", ("sh", "-i"), (b"cat long.txt | head -4\r", b"vim text.txt\r", (60, 20), (100, 24), b":q!\r", b"echo back\r"), group="resize"),
    Program("resize-log", ("sh", "-i"), (b"cat text.txt long.txt\r", (50, 24), b"head -20 text.txt\r", (110, 24), b"ls --color=always folder\r", (30, 10), (80, 40)), group="resize"),
    Program("resize-curses", ("python3", "curses.txt"), (b"a", (70, 26), b"b", (90, 28), b"c"), group="resize", files={"curses.txt": _CURSES}),
    Program("resize-rows", ("sh", "-i"), (b"seq 50\r", (80, 10), b"seq 3\r", (80, 40), b"seq 5\r", (80, 24)), group="resize"),
    Program("resize-ink", ("sh", "-i"), (b"python3 ink.txt\r", (60, 24), b"\r", b"python3 ink.txt\r", (100, 20), b"ls\r"), group="resize", files={"ink.txt": _INK}),
    Program("resize-chat", ("sh", "-i"), (b"python3 chat.txt; sleep 1; printf '\\033[?1049l'\r", (60, 20), (90, 30), b"echo back\r"), group="resize", files={"chat.txt": _CHAT}),
    Program("resize-progress", ("sh", "-i"), (b"python3 progress.txt\r", (50, 20), b"python3 progress.txt\r", (90, 24), b"seq 9\r"), group="resize", files={"progress.txt": _PROGRESS}),
    Program("resize-tmux-vim", ("tmux", "-L", "rec3", "new-session", "vim example.py"), (b"jj", (60, 20), b"\x02%", b"ls --color=always many\r", (110, 30), b"\x02o"), group="resize", after=("tmux", "-L", "rec3", "kill-server")),
    Program("resize-diff", ("git", "-C", "repo", "diff", "--color=always", "HEAD~5"), (b" ", (50, 16), b"j", (100, 30)), group="resize", env={"LESS": "-R"}),
    Program("resize-less-wide", ("less", "wide.txt"), (b" ", (33, 14), b"b", (70, 24), b"q"), group="resize", env={"LESS": "-R"}),
)  # fmt: skip


_ALONE_AT_HOME = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c")
_AT_HOME = "mount -t tmpfs none /home && mkdir -p /home/user && cp -a . /home/user && cd /home/user/repo && export HOME=/home/user && exec "
_CLAUDE = '{"hasCompletedOnboarding":true,"theme":"dark","customApiKeyResponses":{"approved":["01234567890123456789"],"rejected":[]},"projects":{"/home/user/repo":{"hasTrustDialogAccepted":true}}}'
_CODEX = """model="mock-model"
model_provider="mock"
check_for_update_on_startup=false
[model_providers.mock]
name="mock"
base_url="MODEL/v1"
env_key="MOCK_API_KEY"
wire_api="responses"
request_max_retries=0
stream_max_retries=0
[projects."/home/user/repo"]
trust_level="trusted"
"""
_OPENCODE = '{"model":"mock/mock-model","small_model":"mock/mock-model","autoupdate":false,"share":"disabled","enabled_providers":["mock"],"provider":{"mock":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"MODEL/v1","apiKey":"mock"},"models":{"mock-model":{"tool_call":true,"limit":{"context":100000,"output":8000}}}}},"permission":{"edit":"ask","bash":"ask","webfetch":"ask"}}'
_SAY = b"[[say:The class Example prints a table. Here is what I found: one, two and three are its rows.]]"
_TALK: tuple[Step, ...] = (
    b"Look at file.py " + _SAY,
    b"\r",
    ("wait", "are its rows"),
    b"Change it [[write:new.txt|hello]] [[say:Changed as asked.]]",
    b"\r",
)


def AGENTS(bin: str, model: str) -> tuple[Program, ...]:
    """The agents, whose commands are in `bin`, against the model at `model`."""
    claude = {
        "ANTHROPIC_BASE_URL": model,
        "ANTHROPIC_API_KEY": "sk-ant-mock-01234567890123456789",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    }
    opencode = {
        "OPENCODE_DISABLE_AUTOUPDATE": "1",
        "OPENCODE_DISABLE_MODELS_FETCH": "1",
        "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
        "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
        "OPENCODE_CONFIG_CONTENT": _OPENCODE.replace("MODEL", model),
    }
    codex_files, codex_env = {".codex/config.toml": _CODEX.replace("MODEL", model)}, {"MOCK_API_KEY": "mock"}
    claude_files = {".claude.json": _CLAUDE}

    def agent(name: str, command: str, steps: tuple[Step, ...], **more: object) -> Program:
        return Program(name, (*_ALONE_AT_HOME, _AT_HOME + f"{bin}/{command}"), steps, group="agents", **more)  # type: ignore[arg-type]

    return (
        agent(
            "claude",
            "claude",
            (("wait", "❯|>"), *_TALK, ("wait", "Do you want"), b"\r", ("wait", "Changed as asked"), b"/help", b"\r"),
            cols=100,
            rows=30,
            env=claude,
            files=claude_files,
        ),
        agent(
            "claude-start",
            "claude",
            (("wait", "❯|>"), b"hello \xe4\xb8\xad\xe6\x96\x87"),
            env=claude,
            files=claude_files,
        ),
        agent(
            "claude-resize",
            "claude",
            (("wait", "❯|>"), *_TALK[:3], (60, 20), b"more", (110, 30), b" text"),
            env=claude,
            files=claude_files,
        ),
        agent(
            "codex",
            "codex",
            (
                ("wait", "›|>"),
                *_TALK,
                ("wait", "Changed as asked|Would you like|approve"),
                b"y",
                ("wait", "."),
                b"/status",
                b"\r",
            ),
            cols=100,
            rows=30,
            env=codex_env,
            files=codex_files,
        ),
        agent("codex-start", "codex", (("wait", "›|>"), b"hello"), env=codex_env, files=codex_files),
        agent(
            "codex-resize",
            "codex",
            (("wait", "›|>"), *_TALK[:3], (60, 20), b"more", (110, 30), b" text"),
            env=codex_env,
            files=codex_files,
        ),
        agent(
            "opencode",
            "opencode",
            (("wait", "Ask anything|Build|mock"), *_TALK, ("wait", "ermission|Allow|Changed"), b"\r", ("wait", ".")),
            cols=100,
            rows=30,
            env=opencode,
        ),
        agent("opencode-start", "opencode", (("wait", "Ask anything|Build|mock"), b"hello"), env=opencode),
    )
