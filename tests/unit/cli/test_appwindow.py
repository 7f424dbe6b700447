"""Which browser opens a window of its own."""

from tether.cli.appwindow import arguments, find

EDGE = "/Users/a/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge"


def nowhere(_: str) -> None:
    return None


def test_the_first_that_is_on_the_path_wins():
    on_path = {"microsoft-edge": "/usr/bin/microsoft-edge", "google-chrome": "/opt/google-chrome"}
    assert find(on_path.get, lambda _: False, "/home/a", "linux") == "/opt/google-chrome"


def test_applications_are_looked_for_where_macos_keeps_them():
    assert find(nowhere, lambda path: path == EDGE, "/Users/a", "darwin") == EDGE
    assert find(nowhere, lambda path: path == EDGE, "/Users/a", "linux") is None
    assert find(nowhere, lambda _: False, "/Users/a", "darwin") is None


def test_the_address_is_one_argument_whatever_is_in_it():
    address = "http://127.0.0.1:4789/s/k3v9#ticket=a.b;rm -rf"
    assert arguments("/usr/bin/chromium", address)[:2] == ["/usr/bin/chromium", f"--app={address}"]
