"""What changed in a session's directory, as git says it: every shape that a repository can have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.repositories import Repo
from tether.worktree import beginnings, changes, trees, turns
from tether.worktree.changes import Asked, Changes
from tether.worktree.patch import FileChange


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    made.write("a.txt", "one\ntwo\nthree\n")
    made.write("src/b.txt", "b\n" * 20)
    made.commit()
    return made


def asked(directory: Path, **more: int) -> Asked:
    return Asked(str(directory), b"s" * 16, more.get("created", 0), directory.parent / "beginnings")


def diff(directory: Path, base: str = "head", **more: int) -> Changes:
    return changes.read(changes.look(asked(directory, **more), base))


def of(found: Changes) -> dict[bytes, FileChange]:
    return {one.path: one for one in found.files}


def test_a_clean_repository_and_none_at_all(repo: Repo, tmp_path: Path) -> None:
    found = diff(repo.root)
    assert (found.kind, found.files, found.branch, len(found.head)) == ("git", [], "main", 40)
    bare = tmp_path / "plain"
    bare.mkdir()
    assert diff(bare).kind == "none"


def test_changed_staged_new_and_removed_files(repo: Repo) -> None:
    repo.write("a.txt", "one\n2\nthree\n")
    repo.git("add", "a.txt")
    repo.write("a.txt", "one\n2\n3\n")
    repo.write("new.txt", "n\n")
    repo.write(".gitignore", "*.log\n")
    repo.write("noise.log", "n\n")
    (repo.root / "src/b.txt").unlink()
    head = of(diff(repo.root))
    assert {path: one.status for path, one in head.items()} == {
        b"a.txt": "M", b"new.txt": "A", b".gitignore": "A", b"src/b.txt": "D",
    }  # fmt: skip
    assert head[b"a.txt"].hunks[0].lines == [b" one", b"-two", b"-three", b"+2", b"+3"]
    assert head[b"new.txt"].hunks[0].lines == [b"+n"]
    assert head[b"src/b.txt"].count(b"-") == 20
    staged = of(diff(repo.root, "staged"))
    assert list(staged) == [b"a.txt"]
    assert staged[b"a.txt"].hunks[0].lines == [b" one", b"-two", b"+2", b" three"]
    unstaged = of(diff(repo.root, "unstaged"))
    assert unstaged[b"a.txt"].hunks[0].lines == [b" one", b" 2", b"-three", b"+3"]
    assert b"new.txt" in unstaged
    assert repo.git("status", "--porcelain").splitlines()[0] == "MM a.txt"  # nothing of it was touched


def test_a_file_that_keeps_its_size_and_second_has_changed_all_the_same(repo: Repo) -> None:
    """The copy of the index was newer than the file: git then believes what it noted of it."""
    for _ in range(5):
        repo.write("a.txt", "one\ntwo\nthree\n")
        repo.commit()
        repo.write("a.txt", "one\nTWO\nthree\n")
        assert b"a.txt" in of(diff(repo.root))


def test_an_empty_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "empty")
    assert diff(repo.root).files == []
    repo.write("first.txt", "1\n")
    found = diff(repo.root)
    assert (found.head, found.branch) == ("", "main")
    assert of(found)[b"first.txt"].status == "A"


def test_renames_modes_binaries_links_and_types(repo: Repo) -> None:
    repo.write("bin.dat", bytes(range(256)))
    repo.write("run.sh", "#!/bin/sh\n")
    repo.write("kind", "text\n")
    repo.commit()
    repo.git("mv", "src/b.txt", "moved.txt")
    repo.write("bin.dat", bytes(range(255, -1, -1)))
    (repo.root / "run.sh").chmod(0o755)
    (repo.root / "kind").unlink()
    (repo.root / "kind").symlink_to("/etc/passwd")
    (repo.root / "link").symlink_to("a.txt")
    found = of(diff(repo.root))
    moved = found[b"moved.txt"]
    assert (moved.status, moved.old_path, moved.hunks) == ("R", b"src/b.txt", [])
    assert found[b"bin.dat"].binary
    assert not found[b"bin.dat"].hunks
    assert (found[b"run.sh"].old_mode, found[b"run.sh"].new_mode) == (0o100644, 0o100755)
    kind = found[b"kind"]
    assert kind.status == "T"
    assert [line for hunk in kind.hunks for line in hunk.lines if line[:1] != b"\\"] == [b"-text", b"+/etc/passwd"]
    # What a link points to is its content: its target's is not shown.
    assert found[b"link"].hunks[0].lines[0] == b"+a.txt"
    assert not any(b"root:" in line for one in found.values() for hunk in one.hunks for line in hunk.lines)


def test_names_and_contents_that_are_no_utf_8(repo: Repo) -> None:
    name = b'caf\xe9 \n"x".txt'
    repo.write(name, b"\xff\xfe na\xefve\r\nx")
    repo.write("中文/文件.txt", "你好\n")
    found = of(diff(repo.root))
    assert found[name].hunks[0].lines == [b"+\xff\xfe na\xefve\r", b"+x", b"\\ No newline at end of file"]
    assert found["中文/文件.txt".encode()].hunks[0].lines == ["+你好".encode()]


def test_lines_that_look_like_headers_are_lines(repo: Repo) -> None:
    text = "-- a/x\n++ b/x\ndiff --git a/x b/x\n@@ -1 +1 @@\n"
    repo.write("a.txt", text)
    found = diff(repo.root)
    assert [one.path for one in found.files] == [b"a.txt"]
    lines = found.files[0].hunks[0].lines
    assert [line[1:] for line in lines if line[:1] == b"+"] == text.encode().splitlines()


def test_a_session_below_the_root_sees_its_own_directory(repo: Repo) -> None:
    repo.write("a.txt", "changed\n")
    repo.write("src/b.txt", "changed\n")
    repo.write("src/new.txt", "n\n")
    assert list(of(diff(repo.root / "src"))) == [b"b.txt", b"new.txt"]


def test_a_worktree_and_a_submodule(repo: Repo, tmp_path: Path) -> None:
    other = Repo(tmp_path / "other")
    other.write("x", "x\n")
    other.commit()
    repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.root), "sub")
    repo.commit()
    other.write("x", "y\n")
    other.commit()
    repo.git("-C", "sub", "-c", "protocol.file.allow=always", "pull", "-q")
    sub = of(diff(repo.root))[b"sub"]
    assert sub.submodule
    assert sub.hunks[0].lines[0].startswith(b"-Subproject commit ")
    repo.git("worktree", "add", "-q", str(tmp_path / "wt"))
    (tmp_path / "wt/a.txt").write_text("in the worktree\n")
    found = diff(tmp_path / "wt")
    assert found.branch == "wt"
    assert list(of(found)) == [b"a.txt"]


def test_a_conflict_is_named(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    repo.write("a.txt", "side\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a.txt", "main\n")
    repo.commit()
    repo.git("merge", "side", check=False)
    for base in ("head", "unstaged", "staged"):
        assert of(diff(repo.root, base))[b"a.txt"].conflict, base


def test_since_the_session_began(repo: Repo) -> None:
    repo.write("a.txt", "dirty before\n")
    repo.write("untracked.txt", "before\n")
    home, sid = repo.root.parent / "beginnings", b"s" * 16
    kept = beginnings.record(home, sid, str(repo.root), 7)
    assert kept is not None
    assert kept.left_out == 0
    assert diff(repo.root, "start").files == []
    repo.write("untracked.txt", "after\n")
    repo.commit("the agent commits")
    repo.write("b.txt", "new\n")
    found = diff(repo.root, "start")
    assert {path: one.status for path, one in of(found).items()} == {b"untracked.txt": "M", b"b.txt": "A"}
    assert found.since == kept
    assert repo.git("count-objects") == repo.git("count-objects")
    beginnings.forget(home, set())
    assert beginnings.load(home, sid) is None


def test_what_is_too_large_is_not_kept_and_counted(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "_FILE_BYTES_MAX", 1000)
    repo.write("huge.bin", b"x" * 2000)
    kept = beginnings.record(repo.root.parent / "beginnings", b"s" * 16, str(repo.root), 7)
    assert kept is not None
    assert kept.left_out == 1


def test_a_beginning_that_nobody_kept_is_the_reflogs(repo: Repo) -> None:
    repo.write("a.txt", "later\n")
    found = diff(repo.root, "start", created=2_000_000_000 * 1_000_000)
    assert found.since is not None
    assert found.since.kind == "commit"
    assert list(of(found)) == [b"a.txt"]
    empty = Repo(repo.root.parent / "e")
    assert diff(empty.root, "start", created=1).unknown_start


def test_ten_thousand_lines_and_a_file_too_large_to_compare(repo: Repo) -> None:
    repo.write("long.txt", "".join(f"line {n}\n" for n in range(10_000)))
    repo.write("large.txt", b"x\n" * (2 << 20))
    with open(repo.root / "endless.bin", "wb") as file:
        file.truncate(1 << 36)
    found = of(diff(repo.root))
    assert found[b"endless.bin"].binary
    assert found[b"long.txt"].count(b"+") == 10_000
    assert found[b"large.txt"].binary


def test_an_answer_that_is_cut_says_so(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "xyz":
        repo.write(f"{name}.txt", f"{name}\n" * 2000)
    from tether.worktree import gitcall, lens

    def cut(arguments: object, *rest: object, **named: object) -> gitcall.Said:
        limit = 9000 if arguments[0] == "diff" else gitcall.OUTPUT_BYTES_MAX  # type: ignore[index]
        return gitcall.git(arguments, *rest, **{**named, "bytes_max": named.get("bytes_max", limit)})  # type: ignore[arg-type]

    monkeypatch.setattr(lens, "git", cut)
    found = diff(repo.root)
    assert not found.whole
    assert [one.cut for one in found.files] == [False, True, True]


PROGRAMS = {
    "core.fsmonitor": "{}", "diff.external": "{}", "core.pager": "{}", "core.hooksPath": "hooks",
    "diff.own.command": "{}", "diff.own.textconv": "{}", "filter.own.clean": "{}", "filter.own.smudge": "{}",
    "filter.own.process": "{}", "filter.own.required": "true", "diff.own.binary": "false", "core.editor": "{}",
    "core.sshCommand": "{}", "core.askPass": "{}", "extensions.partialClone": "origin",
    "remote.origin.promisor": "true", "remote.origin.url": "ext::{}", "remote.origin.uploadpack": "{}",
    "protocol.ext.allow": "always", "core.alternateRefsCommand": "{}", "gpg.program": "{}", "alias.diff": "!{}",
    "alias.ls-files": "!{}", "uploadpack.packObjectsHook": "{}", "credential.helper": "!{}",
}  # fmt: skip


def test_no_configuration_of_the_repository_runs_a_program(repo: Repo, tmp_path: Path) -> None:
    """An agent can write all of this; what it names would run outside of its session."""
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> {ran}\ncat\n')
    program.chmod(0o755)
    for name, value in PROGRAMS.items():
        repo.git("config", name, value.replace("{}", str(program)))
    repo.git("config", "include.path", str(tmp_path / "more"))
    (tmp_path / "more").write_text(f"[core]\n\tfsmonitor = {program}\n")
    hooks = repo.root / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction"):
        (hooks / hook).symlink_to(program)
        (repo.root / ".git/hooks").mkdir(exist_ok=True)
        (repo.root / ".git/hooks" / hook).symlink_to(program)
    repo.write(".gitattributes", "* diff=own filter=own\n")
    (repo.root / ".git/info").mkdir(exist_ok=True)
    (repo.root / ".git/info/attributes").write_text("* diff=own filter=own\n")
    repo.write("a.txt", "changed\n")
    repo.write("new.txt", "new\n")
    beginnings.record(repo.root.parent / "beginnings", b"s" * 16, str(repo.root), 7)
    for phase in ("began", "ended"):
        turns.note(repo.root.parent / "beginnings", b"s" * 16, str(repo.root), "t1", phase, "", 8)
    for base in changes.BASES:
        assert diff(repo.root, base).kind == "git"
    assert changes.marks(str(repo.root))[b"a.txt"] == "M"
    assert changes.ignored(str(repo.root), [b"a.txt"]) == set()
    assert not ran.exists(), ran.read_text()
    # The trap works: git itself, asked plainly, falls into it.
    repo.git("diff", check=False)
    assert ran.exists()


def test_marks_and_what_is_ignored(repo: Repo) -> None:
    repo.write(".gitignore", "out/\n*.log\n")
    repo.write("x.log", "x")
    repo.write("src/new.txt", "n")
    assert changes.marks(str(repo.root)) == {b".gitignore": "?", b"src/new.txt": "?"}
    names = [b"x.log", b"out", b"a.txt", b"out/deep"]
    (repo.root / "out").mkdir()
    assert changes.ignored(str(repo.root), names) == {b"x.log", b"out", b"out/deep"}


def test_the_repositorys_own_ways_of_comparing_count(repo: Repo) -> None:
    repo.git("config", "core.fileMode", "false")
    (repo.root / "a.txt").chmod(0o755)
    assert diff(repo.root).files == []


def test_somebody_elses_repository_is_none(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    if os.stat(repo.root / ".git").st_uid == 0:
        assert diff(repo.root).kind == "git"  # root's own is trusted
    else:
        assert diff(repo.root).kind == "none"
