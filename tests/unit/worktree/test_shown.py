"""What is shown of changes and files: text, cut where it is endless, with what is secret hidden."""

from __future__ import annotations

import random
import string

from tether.masking import Mask
from tether.redact.finding import Finder
from tether.redact.rules import shipped
from tether.worktree import shown
from tether.worktree.changes import Changes
from tether.worktree.confined import Content, Entry
from tether.worktree.patch import FileChange, Hunk

TOKEN = "ghp_" + "".join(random.Random(5).choices(string.ascii_letters + string.digits, k=36))
MASK = Mask(Finder(shipped()))


def change(path: bytes, lines: list[bytes]) -> FileChange:
    return FileChange(path, path, "M", 0o100644, 0o100644, hunks=[Hunk(1, 1, b"", lines)])


def test_secrets_in_lines_names_and_over_lines_are_hidden() -> None:
    key = [
        b"-----BEGIN RSA PRIVATE KEY-----",
        *([b"MIIEpAIBAAKCAQEA" + b"x" * 48] * 4),
        b"-----END RSA PRIVATE KEY-----",
    ]
    found = Changes("git", files=[
        change(f"{TOKEN}.txt".encode(), [b"-old", f"+token = {TOKEN}".encode()]),
        change(b"key.pem", [b"+" + line for line in key]),
    ])  # fmt: skip
    document = shown.changes(found, MASK)
    assert TOKEN not in str(document)
    assert "MIIEpAIBAAKCAQEA" not in str(document)
    first, second = document["files"]
    assert first["key"] == ""  # it would tell the name
    assert second["key"] == "key.pem"
    assert first["hunks"][0]["lines"][1] == "+token = " + "*" * len(TOKEN)
    assert [line[0] for line in second["hunks"][0]["lines"]] == ["+"] * 6
    assert TOKEN in str(shown.changes(found, None))


def test_endless_lines_are_cut_and_markup_is_text() -> None:
    markup = b"<img src=x onerror=alert(1)>"
    document = shown.changes(Changes("git", files=[change(markup, [b"+" + b"x" * 9000, b"+" + markup])]), None)
    lines = document["files"][0]["hunks"][0]["lines"]
    assert len(lines[0]) == shown.LINE_CHARS_MAX + 2
    assert lines[1] == "+" + markup.decode()
    assert document["files"][0]["path"] == markup.decode()


def test_more_lines_than_one_answer_holds_are_asked_for_one_by_one() -> None:
    files = [change(b"%d" % n, [b"+x"] * 10) for n in range(3)]
    document = shown.changes(Changes("git", files=files), None, lines_max=20)
    assert [one["deferred"] for one in document["files"]] == [False, False, True]
    assert document["added"] == 30


def test_a_file_s_digest_is_its_contents() -> None:
    def digest(line: bytes) -> str:
        return str(shown.changes(Changes("git", files=[change(b"a", [line])]), None)["files"][0]["digest"])

    assert digest(b"+a") == digest(b"+a") != digest(b"+b")


def test_a_listing_marks_what_changed_and_leaves_out_what_is_ignored() -> None:
    found = [Entry(b"src", "directory", 0, 0.0), Entry(b"a", "file", 1, 0.0), Entry(b"x.log", "file", 1, 0.0),
             Entry(b"l", "link", 0, 0.0, target=b"/etc/passwd")]  # fmt: skip
    document = shown.listing([b"d"], found, True, {b"d/x.log"}, {b"d/src/deep/b": "M", b"d/a": "?"}, MASK)
    assert [(row["name"], row["change"]) for row in document["entries"]] == [("src", "M"), ("a", "?"), ("l", "")]
    assert document["entries"][2]["target"] == "/etc/passwd"
    assert document["ignored"] == 1


def test_a_file_as_text_picture_or_neither() -> None:
    def of(data: bytes, size: int = -1) -> dict[str, object]:
        return shown.file([b"f"], Content(data, len(data) if size < 0 else size, 0.0), MASK)

    text = str(of(f"a {TOKEN}\r\nb".encode())["text"])
    assert TOKEN not in text
    assert (len(text), text[-2:]) == (len(TOKEN) + 4, "\nb")
    assert of(b"\x89PNG\r\n\x1a\n")["data"] == "iVBORw0KGgo="
    assert of(b"\x89PNG\r\n\x1a\n", 1 << 30)["data"] == ""
    assert of(b"a\0b")["text"] == ""
    assert of(b"x\n" * (1 << 20))["cut"]
