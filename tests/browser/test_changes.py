"""What an agent changed, and its files, in the page: at a desk and on a phone, on a real repository."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.support.gateway import FAKE_AGENTS, Gateway
from tests.support.repositories import Repo
from tests.support.waiting import wait_until

MARKUP = "<img src=x onerror=\"document.title='owned'\">"
PAINTED = """() => new MutationObserver(() => {
  if (!window.painted && document.querySelector('.code.come')) window.painted = performance.now();
}).observe(document.body, { childList: true, subtree: true })"""
CUT = """[...document.querySelectorAll('.tab-page button:not(.ln, .mark, .hit), .tab-page label')]
  .filter(e => e.offsetWidth && e.scrollWidth > e.clientWidth + 1).map(e => e.textContent)"""
MARKED = f"{MARKUP.replace('/', '')}.txt"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.fixture(scope="module")
def repo(gateway: Gateway) -> Repo:
    made = Repo(gateway.home / "project")
    made.write("src/app.py", "".join(f"line {n}\n" for n in range(80)))
    made.write("src/old_name.py", "x = 1\n" * 30)
    made.write("gone.txt", "gone\n")
    made.write("logo.png", PIXEL)
    made.write(".gitignore", "*.log\nbuild/\n")
    made.commit()
    made.write("src/app.py", "".join(f"line {n}\n" if n != 40 else "line forty of 80\n" for n in range(80)))
    made.git("mv", "src/old_name.py", "src/new_name.py")
    (made.root / "gone.txt").unlink()
    made.write("logo.png", PIXEL + b"\0more")
    made.write("中文 说明.md", "# 你好\n")
    made.write("debug.log", "noise\n")
    made.write(MARKED, f"{MARKUP}\n<script>document.title='owned'</script>\n")
    made.write("long.txt", "word " * 200 + "\n")
    return made


@pytest.fixture(scope="module")
def working(gateway: Gateway, repo: Repo) -> Iterator[str]:
    session = str(gateway.tether("run", "-d", "--title", "fix the auth bug", "shell", cwd=repo.root).stdout).strip()
    yield session
    gateway.tether("stop", session, "--yes", check=False)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_changes_side_by_side_at_a_desk_and_in_one_column_on_a_phone(
    open_tab: OpenTab, working: str, phone: bool
) -> None:
    tab = open_tab(working, phone=phone)
    tab.type("echo still''here\n")
    tab.expect_text("stillhere")
    size = tab.size()
    tab.see("tab-changes").click()
    view = tab.see("changes")
    expect(view).to_have_attribute("data-layout", "inline" if phone else "split")
    expect(tab.see("sum")).to_contain_text("main")
    app = tab.page.locator('[data-testid=change][data-path="src/app.py"]')
    expect(app).to_contain_text("line forty of 80")
    # Not by colour alone: a sign stands before each line, and the words that changed are marked.
    assert app.locator(".code.come .sign").first.inner_text() == "+"
    assert app.locator(".code.gone .sign").first.inner_text() == "−"
    assert app.locator(".code.come mark").all_inner_texts() == ["forty of 80"]
    renamed = tab.page.locator('[data-testid=change][data-path="src/new_name.py"]')
    renamed.scroll_into_view_if_needed()
    expect(renamed).to_have_attribute("data-status", "R")
    expect(renamed).to_contain_text("src/old_name.py")
    expect(tab.page.locator('[data-testid=change][data-path="logo.png"]')).to_contain_text("Binary")
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.shot(f"{'phone' if phone else 'desk'}-changes")
    # Markup of names and contents is text.
    assert tab.page.locator(".changes img, .changes script").count() == 0
    assert "owned" not in tab.page.title()
    tab.see("tab-terminal").click()
    tab.expect_text("stillhere")
    # A view before the terminal is no new size of it.
    assert tab.size() == size


def test_the_header_stays_wrap_ends_sideways_scrolling_and_ticks_are_kept(open_tab: OpenTab, working: str) -> None:
    tab = open_tab(working)
    tab.page.goto(tab.page.url.split("?")[0].split("#")[0] + "/changes")
    view = tab.see("changes")
    expect(view).to_have_attribute("data-ready", "true")
    long = tab.page.locator('[data-testid=change][data-path="long.txt"]')
    long.scroll_into_view_if_needed()
    sideways = "e => [...e.querySelectorAll('.change-lines, .code')].some(x => x.scrollWidth > x.clientWidth)"
    expect(long.locator(".code.come")).to_be_visible()
    assert long.evaluate(sideways)
    tab.see("wrap").check()
    expect(view).to_have_attribute("data-wrap", "true")
    assert not long.evaluate(sideways)
    app = tab.page.locator('[data-testid=change][data-path="src/app.py"]')
    # There has to be enough below it to scroll by, whatever fonts there are.
    tab.page.set_viewport_size({"width": 1440, "height": 420})
    below = "x => x.getBoundingClientRect().top"
    offset = f"e => ({below})(e.querySelector('header')) - ({below})(e.closest('.tab-page'))"

    def stays() -> bool:
        # What is above may be made just now, and be as high as nobody knew.
        app.evaluate("e => e.closest('.tab-page').scrollTop += e.getBoundingClientRect().top - 60")
        return abs(app.evaluate(offset)) < 2

    wait_until("the header stays at the top of what is seen", stays)
    app.get_by_test_id("viewed").check()
    expect(app.locator(".change-lines")).to_have_count(0)
    tab.page.reload()
    expect(tab.see("changes")).to_have_attribute("data-wrap", "true")
    app = tab.page.locator('[data-testid=change][data-path="src/app.py"]')
    expect(app.get_by_test_id("viewed")).to_be_checked()


def test_with_keys_alone_and_a_comment_goes_before_the_agents_cursor(
    open_tab: OpenTab, gateway: Gateway, repo: Repo
) -> None:
    session = str(gateway.tether("run", "-d", "shell", cwd=repo.root).stdout).strip()
    tab = open_tab(session)
    tab.expect_mode("control")
    tab.see("tab-changes").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.see("changes")).to_have_attribute("data-ready", "true")
    tab.see("base").focus()
    tab.see("layout").focus()
    for _ in range(20):
        tab.page.keyboard.press("j")
        if "app.py" in tab.page.evaluate("document.activeElement.textContent"):
            break
    assert "app.py" in tab.page.evaluate("document.activeElement.textContent")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowDown")
    line = tab.page.evaluate("document.activeElement.dataset.line")
    assert line
    tab.page.keyboard.press("Enter")
    expect(tab.see("comment")).to_be_visible()
    tab.page.keyboard.type("why not\nhere?")
    tab.page.keyboard.press("Control+Enter")
    expect(tab.see("comment")).to_contain_text("stands before")
    tab.page.keyboard.press("Escape")
    expect(tab.see("comment")).to_have_count(0)
    tab.see("tab-terminal").click()
    tab.expect_text(f"src/app.py:{line}")
    expect(tab.rows).to_contain_text(re.compile("why not\\s+here"))
    assert "command not found" not in tab.rows.inner_text()  # it was put there, not sent
    gateway.tether("stop", session, "--yes")


def test_ten_thousand_lines_are_there_at_once_and_few_of_them_in_the_document(
    open_tab: OpenTab, gateway: Gateway
) -> None:
    repo = Repo(gateway.home / "large")
    repo.commit()
    repo.write("ten.txt", "".join(f"number {n} of many lines\n" for n in range(10_000)))
    for n in range(300):
        repo.write(f"many/{n:03}.txt", "x\n")
    session = str(gateway.tether("run", "-d", "shell", cwd=repo.root).stdout).strip()
    tab = open_tab(session)
    tab.page.evaluate(PAINTED)
    began = tab.page.evaluate("performance.now()")
    tab.see("tab-changes").click()
    expect(tab.page.locator(".code.come").first).to_be_attached()
    print(f"first lines after {tab.page.evaluate('painted') - began:.0f} ms")
    assert tab.page.evaluate("document.querySelectorAll('*').length") < 5000
    tab.page.evaluate("document.querySelector('.tab-page').scrollTop = 1e9")
    expect(tab.page.locator('[data-testid=change][data-path="ten.txt"] .code.come').last).to_contain_text(
        "number 9999 of"
    )
    assert tab.page.evaluate("document.querySelectorAll('*').length") < 5000
    gateway.tether("stop", session, "--yes")


def test_what_happens_in_the_directory_shows_while_somebody_looks(open_tab: OpenTab, gateway: Gateway) -> None:
    repo = Repo(gateway.home / "live")
    repo.write("a.txt", "a\n")
    repo.commit()
    session = str(gateway.tether("run", "-d", "shell", cwd=repo.root).stdout).strip()
    tab = open_tab(session)
    tab.see("tab-changes").click()
    expect(tab.page.get_by_text("Nothing changed")).to_be_visible()
    repo.write("a.txt", "b\n")
    expect(tab.page.locator('[data-path="a.txt"]')).to_be_visible()
    tab.see("tab-files").click()
    leaf = tab.page.locator('[role=treeitem][data-path="a.txt"]')
    expect(leaf).to_have_attribute("data-change", "M")
    repo.write("new.txt", "n\n")
    expect(tab.page.locator('[role=treeitem][data-path="new.txt"]')).to_have_attribute("data-change", "?")
    gateway.tether("stop", session, "--yes")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_files_are_read_with_keys_and_nothing_leads_out(
    open_tab: OpenTab, working: str, repo: Repo, phone: bool
) -> None:
    if not (repo.root / "way-out").is_symlink():
        (repo.root / "way-out").symlink_to("/etc")
    tab = open_tab(working, phone=phone)
    tab.see("tab-files").click()
    tree = tab.see("tree")
    expect(tree).to_have_attribute("role", "tree")
    names = tree.locator("[role=treeitem]")
    expect(names.first).to_have_attribute("data-path", "src")
    assert not any("debug.log" in name for name in names.all_inner_texts())
    names.first.focus()
    tab.page.keyboard.press("ArrowRight")
    expect(names.first).to_have_attribute("aria-expanded", "true")
    expect(tab.page.locator('[data-path="src/app.py"]')).to_have_attribute("data-change", "M")
    expect(names.first).to_have_attribute("data-change", "M")
    tab.shot(f"{'phone' if phone else 'desk'}-files")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    expect(tab.see("viewer")).to_contain_text("line forty of 80")
    assert "/files/src/app.py" in tab.page.url
    tab.shot(f"{'phone' if phone else 'desk'}-file")
    tab.page.reload()
    expect(tab.see("viewer")).to_contain_text("line forty of 80")
    session = tab.page.url.partition("/files/")[0]
    for way, words in (("way-out/passwd", "symbolic link"), ("..%2Fproject", "climbs"), (".git/config", "git's own")):
        tab.page.goto(f"{session}/files/{way}")
        expect(tab.page.locator("[data-state=refused]")).to_contain_text(words)
    tab.page.goto(f"{session}/files/logo.png")
    expect(tab.page.locator(".picture img")).to_have_attribute("src", re.compile("^data:image/png;base64,"))
    tab.page.goto(f"{session}/files/{quote(quote(MARKED))}")
    expect(tab.see("viewer")).to_contain_text("<script>")
    assert "owned" not in tab.page.title()


def test_a_directory_without_a_repository_says_so(open_tab: OpenTab, gateway: Gateway) -> None:
    plain = Path(gateway.home / "plain")
    plain.mkdir()
    (plain / "only.txt").write_text("only\n")
    session = str(gateway.tether("run", "-d", "shell", cwd=plain).stdout).strip()
    tab = open_tab(session)
    tab.see("tab-changes").click()
    expect(tab.page.get_by_text("No git repository")).to_be_visible()
    tab.page.locator(".splash a.button").click()
    expect(tab.page.locator('[role=treeitem][data-path="only.txt"]')).to_be_visible()
    gateway.tether("stop", session, "--yes")


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_in_chinese_and_in_light_no_label_is_cut_or_left_in_english(
    open_tab: OpenTab, working: str, repo: Repo, phone: bool
) -> None:
    tab = open_tab(working, phone=phone, dark=False)
    tab.page.evaluate("localStorage['tether.language'] = 'zh-CN'")
    address = tab.page.url.split("?")[0].split("#")[0]
    for view in ("changes", "files", "timeline"):
        tab.page.goto(f"{address}/{view}")
        expect(tab.see(view)).to_be_visible()
        expect(
            tab.page.locator({"changes": ".code", "files": ".leaf", "timeline": ".mark"}[view]).first
        ).to_be_visible()
        assert tab.page.evaluate("document.documentElement.lang") == "zh-CN"
        cut = tab.page.evaluate(CUT)
        assert cut == []
        labels = tab.page.locator(f"[data-testid={view}]").locator(
            "button:not(.mark), label > span, option, h2.timeline-title"
        )
        for words in labels.all_inner_texts():
            assert not re.search("[A-Za-z]{3,}", words) or "/" in words or "." in words, words
        tab.shot(f"{'phone' if phone else 'desk'}-{view}-zh-light")


def test_one_turn_of_the_agent(open_tab: OpenTab, gateway: Gateway) -> None:
    gateway.add_provider("turner", [sys.executable, "-I", str(FAKE_AGENTS / "asks.py")], channel="claude")
    made = Repo(gateway.home / "turns")
    made.write("a.txt", "one\n")
    made.commit()
    made.write("before.txt", "a person's\n")
    session = str(gateway.tether("run", "turner", "-d", cwd=made.root).stdout).strip()
    gateway.wait_until("its turn", lambda: "go" in gateway.tether("turns", session).stdout)
    made.write("a.txt", "two\n")
    page = open_tab(session).page
    page.goto(gateway.url(path=f"/s/{session}/changes"))
    expect(page.get_by_test_id("sum")).to_contain_text("2 files")
    expect(page.get_by_test_id("base").locator("optgroup")).to_have_attribute("label", "Turns of the agent")
    page.get_by_test_id("base").select_option("turn 1: go")
    expect(page.get_by_test_id("sum")).to_contain_text("1 file")
    expect(page).to_have_url(re.compile(r"base=turn%3A1"))
    made.commit()
    made.write("a.txt", "three\n")
    page.reload()
    expect(page.get_by_test_id("sum")).to_contain_text("1 file")
    expect(page.locator(".code", has_text="three").first).to_be_visible()
    gateway.tether("stop", session, "--yes")
