"""Record what real programs print: tests/screen/streams. `python tools/record_streams.py [NAME...]`

Agents are recorded when TETHER_RECORD_AGENTS names the directory of their commands; TETHER_RECORD_MODEL is then the
address of a model made for tests, which does what a prompt tells it in double brackets.

Each program runs in a terminal, in a made-up home with made-up files, and is typed at by a script. Programs that show
processes run in a namespace of their own. A recording is made once and kept; the tests read it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.screen.recorder import Recorder
from tests.screen.scripts import AGENTS, PROGRAMS, Program
from tests.screen.streams import Stream, save

_ENV = {
    "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "PS1": "$ ",
    "PATH": "/usr/local/bin:/usr/bin:/bin", "USER": "user", "LOGNAME": "user", "PAGER": "less", "HISTFILE": "",
    "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z",
    "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
    "PYTHON_HISTORY": "/dev/null", "TZ": "UTC",
}  # fmt: skip
_WORDS = [
    "lorem",
    "ipsum",
    "dolor",
    "sit",
    "amet",
    "consetetur",
    "sadipscing",
    "elitr",
    "sed",
    "diam",
    "nonumy",
    "eirmod",
    "tempor",
    "invidunt",
]
_CODE = '''"""An example."""
import sys

TABLE = {"one": 1, "two": 2.5, "three": None}


class Example:
    """Does nothing."""

    def run(self, count: int = 3) -> str:
        for index in range(count):  # three times
            print(f"{index}: {TABLE!r}", file=sys.stderr)
        return "done" * count
'''
_PAGE = """.TH EXAMPLE 1 2026-01-02
.SH NAME
example \\- shows what a page looks like
.SH SYNOPSIS
.B example
[\\fB\\-v\\fR] \\fIFILE\\fR...
.SH DESCRIPTION
.B example
reads each \\fIFILE\\fR and prints \\fBnothing\\fR.
"""


def world(home: Path) -> None:
    """Make the files that the programs look at."""
    home.mkdir()
    text = [
        " ".join(_WORDS[(line * 7 + word) % len(_WORDS)] for word in range(5 + line * 5 % 11)) for line in range(200)
    ]
    (home / "text.txt").write_text("\n".join(f"{n}: {line}" for n, line in enumerate(text)) + "\n")
    (home / "long.txt").write_text("\n".join(" ".join(text[n : n + 4]) for n in range(0, 100, 4)) + "\n")
    (home / "wide.txt").write_text(
        "中文和英文 mixed\n日本語テキスト ok\n한국어 텍스트\nnaïve café e\u0301a\u0308\n😀 😃 ⚙️ ✔ ░▒▓█ ─┼─\n" * 8
    )
    (home / "example.py").write_text(_CODE)
    (home / "example.1").write_text(_PAGE + "".join(f".SH SECTION {n}\n{line}.\n" for n, line in enumerate(text[:40])))
    (home / ".vimrc").write_text("syntax on\nset number ruler showcmd noswapfile viminfo=\n")
    (home / ".tmux.conf").write_text(
        "set -g status-right ''\nset -g default-command 'sh -i'\nset -g window-status-format '#I'\nset -g window-status-current-format '#I*'\nset -g automatic-rename off\n"
    )
    (home / ".screenrc").write_text("startup_message off\nhardstatus alwayslastline '%w'\nshell sh\n")
    folder = home / "folder"
    folder.mkdir()
    for name, mode in (("script.sh", 0o755), ("notes.md", 0o644), ("archive.tar.gz", 0o644), ("picture.png", 0o600)):
        (folder / name).write_text(name)
        (folder / name).chmod(mode)
    (folder / "link").symlink_to("notes.md")
    (folder / "broken").symlink_to("nowhere")
    many = home / "many"
    many.mkdir()
    for n, word in enumerate(_WORDS * 8):
        (many / f"{word}{n}{('', '.txt', '.zip', '.mp3')[n % 4]}").write_text(word)
    for path in sorted(home.rglob("*")):
        os.utime(path, (1767323045, 1767323045), follow_symlinks=False)
    repo = home / "repo"
    repo.mkdir()
    run = lambda *argv: subprocess.run(argv, cwd=repo, env={**_ENV, "HOME": str(home)}, check=True, capture_output=True)  # noqa: E731
    run("git", "init", "-q", "-b", "main")
    for n in range(12):
        (repo / "file.py").write_text(_CODE.replace("3", str(n + 3)))
        run("git", "add", "-A")
        run("git", "commit", "-qm", f"Change {n}: {text[n]}")
        if n == 5:
            run("git", "checkout", "-qb", "side")
            (repo / "other").write_text("x")
            run("git", "add", "-A")
            run("git", "commit", "-qm", "On the side")
            run("git", "checkout", "-q", "main")
    run("git", "merge", "-q", "--no-edit", "side")
    (repo / "file.py").write_text(_CODE.replace("done", "ready").replace("index", "number"))


def recorded(program: Program) -> Stream:
    """Run a program and return what it printed."""
    with tempfile.TemporaryDirectory(prefix="record") as directory:
        home = Path(directory) / "home"
        world(home)
        env = {**_ENV, "HOME": str(home), "TMUX_TMPDIR": directory, "SCREENDIR": str(home / ".s"), **program.env}
        (home / ".s").mkdir(mode=0o700)
        for name, content in program.files.items():
            (home / name).parent.mkdir(exist_ok=True)
            (home / name).write_text(content)
        ops = Recorder(program.argv, env, home, program.cols, program.rows).run(program.steps)
        for op in ops:
            if isinstance(op[1], bytes) and directory.encode() in op[1]:
                raise SystemExit(f"{program.name} shows its directory")
        if program.after:
            subprocess.run(program.after, env=env, cwd=home, check=False, capture_output=True)
    return Stream(program.group, program.name, program.cols, program.rows, tuple(ops))


def main() -> int:
    """Record what is named, or everything."""
    agents = os.environ.get("TETHER_RECORD_AGENTS", "")
    found = AGENTS(agents, os.environ.get("TETHER_RECORD_MODEL", "http://127.0.0.1:18080")) if agents else ()
    for program in (*PROGRAMS, *found):
        if sys.argv[1:] and program.name not in sys.argv[1:]:
            continue
        if shutil.which(program.argv[0]) is None:
            print(f"{program.name}: {program.argv[0]} is not here")
            continue
        stream = recorded(program)
        save(stream)
        print(f"{stream.group}/{stream.name}: {stream.size} bytes, {len(stream.ops)} parts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
