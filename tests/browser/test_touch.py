"""Fingers on the terminal: selecting, pinching, tapping an address."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, OpenTab, Tab
from tests.support.gateway import Gateway

Points = Sequence[tuple[float, float]]


class Fingers:
    """Touches as the browser's own, not as events of the page's."""

    def __init__(self, tab: Tab) -> None:
        self.cdp = tab.page.context.new_cdp_session(tab.page)

    def send(self, kind: str, points: Points) -> None:
        touches = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
        self.cdp.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": touches})

    def down(self, *points: tuple[float, float]) -> None:
        self.send("Start", points)

    def move(self, start: Points, end: Points, steps: int = 10) -> None:
        for step in range(1, steps + 1):
            self.send(
                "Move",
                [
                    (a[0] + (b[0] - a[0]) * step / steps, a[1] + (b[1] - a[1]) * step / steps)
                    for a, b in zip(start, end, strict=True)
                ],
            )

    def up(self) -> None:
        self.send("End", [])


def place_of(tab: Tab, text: str, into: int = 1) -> tuple[float, float]:
    """The middle of the `into`th character of the last place where the terminal shows `text`."""
    found = tab.page.evaluate(
        """([text, into]) => {
            for (const row of [...document.querySelectorAll(".xterm-rows > div")].reverse()) {
                const at = row.textContent.lastIndexOf(text);
                if (at < 0) continue;
                let left = at + into;
                const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
                while (walker.nextNode()) {
                    const node = walker.currentNode;
                    if (left < node.length) {
                        const range = document.createRange();
                        range.setStart(node, left);
                        range.setEnd(node, left + 1);
                        const box = range.getBoundingClientRect();
                        return [box.x + box.width / 2, box.y + box.height / 2];
                    }
                    left -= node.length;
                }
            }
            return null;
        }""",
        [text, into],
    )
    assert found is not None, f"{text!r} is not on the screen"
    return found[0], found[1]


def hold(tab: Tab, text: str, into: int = 1) -> Fingers:
    """A finger goes to `text`, stays until the page selects, and is still down."""
    fingers = Fingers(tab)
    fingers.down(place_of(tab, text, into))
    expect(tab.see("grip-to")).to_be_attached()
    return fingers


def clipboard(tab: Tab) -> str:
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return str(tab.page.evaluate("navigator.clipboard.readText()"))


def resizes(gateway: Gateway, session: str) -> int:
    return sum(event.get("type", event.get("tag")) == "resized" for event in gateway.events(session))


def test_a_long_touch_selects_a_word_to_copy(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.type("echo path/to/file_''436.py 你好世界\n")
    tab.expect_text("file_436.py")
    fingers = hold(tab, "path/to/file_436.py", 9)
    fingers.up()
    bar = tab.see("selection")
    expect(bar).to_be_visible()
    for button in bar.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 44
    tab.shot("phone-selection")
    tab.see("selection-copy").tap()
    expect(tab.see("selection-told")).to_have_text("Copied")
    assert clipboard(tab) == "path/to/file_436.py"
    expect(bar).to_have_count(0)
    # Chinese has no spaces: its run is the word.
    hold(tab, "你好世界", 2).up()
    tab.see("selection-copy").tap()
    expect(tab.see("selection-told")).to_have_text("Copied")
    assert clipboard(tab) == "你好世界"


def test_a_finger_that_moves_before_the_time_selects_nothing(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.type("for i in $(seq 1 100); do echo row-$i; done\n")
    tab.expect_text("row-100")
    fingers = Fingers(tab)
    start = place_of(tab, "row-90")
    fingers.down(start)
    fingers.move([start], [(start[0], start[1] + 200)])
    expect(tab.rows).not_to_contain_text("row-100")
    fingers.up()
    hold(tab, "row-7").up()
    expect(tab.see("selection")).to_have_count(1)
    tab.see("selection-off").tap()
    expect(tab.see("selection")).to_have_count(0)


def test_handles_move_the_ends_of_a_selection(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.type("echo alpha bravo ''charlie delta\n")
    tab.expect_text("bravo charlie")
    hold(tab, "bravo charlie").up()
    expect(tab.see("selection")).to_be_visible()
    fingers = Fingers(tab)
    for grip, target in (("to", place_of(tab, "bravo charlie", 12)), ("from", place_of(tab, "alpha bravo charlie", 0))):
        box = tab.see(f"grip-{grip}").evaluate(
            "grip => { const box = grip.getBoundingClientRect(); return [box.x, box.y + 8]; }"
        )
        start = (box[0], box[1])
        fingers.down(start)
        # The finger stays below what it moves.
        fingers.move([start], [(target[0], target[1] + 16)])
        fingers.up()
    tab.shot("phone-selection-handles")
    tab.see("selection-prompt").tap()
    expect(tab.see("compose-text")).to_have_value("alpha bravo charlie")
    expect(tab.see("selection")).to_have_count(0)


def test_a_tapped_address_opens_whole_although_it_is_folded(open_tab: OpenTab, session: str) -> None:
    tab = open_tab(session, phone=True)
    address = "https://example.org/" + "path/" * 20 + "end"
    tab.type(f"printf '%s\\n' {address}\n")
    tab.expect_text("path/end")
    at = place_of(tab, "path/end", 6)
    tab.page.touchscreen.tap(*at)
    expect(tab.see("sheet")).to_have_attribute("data-kind", "link")
    expect(tab.see("sheet-text")).to_have_text(address)
    tab.see("sheet-no").tap()


def test_two_fingers_change_the_font_and_a_reload_keeps_it(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.see("fit").tap()
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    wide = int(tab.size().partition("x")[0])
    before = resizes(gateway, session)
    fingers = Fingers(tab)
    middle = PHONE["width"] / 2
    start, end = [(middle - 45, 300.0), (middle + 45, 300.0)], [(middle - 101, 300.0), (middle + 101, 300.0)]
    fingers.down(start[0])
    fingers.down(*start)
    fingers.move(start, end)
    fingers.up()
    expect(tab.root).not_to_have_attribute("data-size", re.compile(f"^{wide}x"))
    expect(tab.see("size")).to_have_attribute("data-fits", "true")
    assert int(tab.size().partition("x")[0]) * 2 < wide
    assert resizes(gateway, session) == before + 1
    tab.shot("phone-pinched")
    assert tab.page.evaluate("localStorage['tether.font']") == "28"
    narrow = tab.size()
    tab.page.reload()
    tab.expect_state("live")
    tab.expect_size(narrow)
    expect(tab.see("size")).to_have_attribute("data-fits", "true")


def test_an_observer_looks_closer_for_itself_alone(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    desk = open_tab(session)
    desk.see("fit").click()
    expect(desk.see("size")).to_have_attribute("data-fits", "true")
    phone = open_tab(session, phone=True)
    before = resizes(gateway, session)
    pane = phone.page.get_by_test_id("terminal")
    fingers = Fingers(phone)
    fingers.down((150.0, 300.0))
    fingers.down((150.0, 300.0), (240.0, 300.0))
    fingers.move([(150.0, 300.0), (240.0, 300.0)], [(60.0, 300.0), (330.0, 300.0)])
    fingers.up()
    expect(pane).to_have_attribute("data-fit", "panned")
    assert pane.evaluate("pane => pane.scrollWidth > 2 * pane.clientWidth")
    fingers.down((300.0, 300.0))
    fingers.move([(300.0, 300.0)], [(60.0, 300.0)])
    fingers.up()
    assert pane.evaluate("pane => pane.scrollLeft") > 200
    phone.shot("phone-observer-closer")
    assert phone.size() == desk.size()
    assert resizes(gateway, session) == before
    assert phone.page.evaluate("localStorage['tether.font']") is None


PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_a_chosen_picture_is_kept_and_its_path_is_written(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab = open_tab(session, phone=True)
    tab.see("picture-file").set_input_files({"name": "odd'name.png", "mimeType": "image/png", "buffer": PICTURE})
    field = tab.see("compose-text")
    expect(field).to_have_value(re.compile(r"/picture-[\w-]+\.png"))
    path = Path(field.input_value().strip("'"))
    assert path.read_bytes() == PICTURE
    tab.shot("phone-picture")
    tab.see("picture-file").set_input_files({"name": "x.svg", "mimeType": "image/svg+xml", "buffer": b"<svg>" * 9})
    expect(tab.see("notice")).to_contain_text("no picture")


def test_a_pasted_and_a_dropped_picture_are_typed_as_paths(open_tab: OpenTab, gateway: Gateway, session: str) -> None:
    tab, other = open_tab(session), open_tab(session)
    give = """async ([kind, text]) => {
        const bytes = Uint8Array.from(atob(text), char => char.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], "image.png", { type: "image/png" }));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
            : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
        document.querySelector(".xterm-helper-textarea").dispatchEvent(event);
    }"""
    text = base64.b64encode(PICTURE).decode()
    tab.type("ls -l ")
    tab.page.evaluate(give, ["paste", text])
    tab.expect_text(".png")
    tab.page.evaluate(give, ["drop", text])
    gateway.wait_until("both paths", lambda: gateway.raw(session).count(b".png") == 2)
    tab.type("| grep -c ^-rw-------\n")
    tab.expect_text("2")
    # Who only observes types nothing, and gives nothing.
    other.page.evaluate(give, ["paste", text])
    expect(other.see("notice")).to_contain_text("Take control")
    entries = json.loads(gateway.tether("audit", "--session", session, "--kind", "enclosed", "--json").stdout)
    assert len(entries) == 2
