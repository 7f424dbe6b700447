"""What is on the pictures: a gateway, a repository with changes, and agents in every state."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.gateway import Gateway
from tests.support.repositories import Repo

AGENT = Path(__file__).with_name("agent.py")
# Where the sessions seem to work: it is on the pictures.
PLACE = Path("/tmp/demo")  # noqa: S108 - made by this run alone, or it fails
_CLIENT = '''"""Sends orders to the bank."""

from shop.http import Http
from shop.orders import Order, Receipt


class PaymentClient:
    """One bank's end of the line."""

    def __init__(self, http: Http, url: str) -> None:
        self.http = http
        self.url = url

    def charge(self, order: Order) -> Receipt:
        return self.http.post(self.url, order.body())
'''
_CHANGED = (
    _CLIENT.replace("from shop.orders", "from shop.policy import Policy, retries\nfrom shop.orders")
    .replace(
        "        return self.http.post(self.url, order.body())",
        "        for attempt in retries(self.policy):\n            with attempt:\n"
        "                return self.http.post(self.url, order.body())",
    )
    .replace("url: str) -> None:", "url: str, policy: Policy) -> None:")
    .replace("        self.url = url\n", "        self.url = url\n        self.policy = policy\n")
)
_TEST = """from shop.payments.client import PaymentClient
from tests.doubles import Bank


def test_a_busy_bank_is_asked_again(policy):
    bank = Bank(answers=[503, 503, 200])
    assert PaymentClient(bank, "/charge", policy).charge(order()).paid
    assert bank.asked == 3
"""


@dataclass(frozen=True)
class Scene:
    """The gateway, and the ids of its sessions by their scene."""

    gateway: Gateway
    sessions: dict[str, str]


@contextlib.contextmanager
def scene() -> Iterator[Scene]:
    """Everything runs and is in the state that the pictures show."""
    PLACE.mkdir()
    try:
        shop = _repository(PLACE / "shop")
        with Gateway() as gateway:
            for name in ("claude", "codex", "opencode"):
                gateway.add_provider(name, [sys.executable, "-I", str(AGENT)], channel="claude")
            yield Scene(gateway, _sessions(gateway, shop))
    finally:
        shutil.rmtree(PLACE)


def _repository(root: Path) -> Path:
    repo = Repo(root)
    repo.write("shop/payments/client.py", _CLIENT)
    repo.write("shop/payments/__init__.py", "")
    repo.write("shop/orders.py", "class Order: ...\n\n\nclass Receipt: ...\n")
    repo.write("docs/webhooks.md", "# Webhooks\n\nWebhooks are sent as JSON.\n")
    repo.write("README.md", "# Shop\n\nSells things.\n")
    repo.write("pyproject.toml", '[project]\nname = "shop"\n')
    repo.commit("begin")
    repo.write("shop/payments/client.py", _CHANGED)
    repo.write("tests/payments/test_client.py", _TEST)
    return root


# In the order of their making: scene, agent, title, and what shows that the scene is played.
_PLAYED = (
    ("images", "opencode", "Smaller product images", "working"),
    ("search", "codex", "Search that forgives typos", "working"),
    ("lint", "codex", "Linter findings", "idle"),
    ("schema", "claude", "Split the address table", "waiting"),
    ("docs", "opencode", "Document the webhooks", "waiting"),
    ("payments", "claude", "Retry failed payments", "waiting"),
)


def _sessions(gateway: Gateway, shop: Path) -> dict[str, str]:
    made = {}
    over = _run(gateway, shop, "Release notes", "shell")
    gateway.tether("send", over, "exit 0", "--enter")
    gateway.wait_state(over, "exited")
    for name, agent, title, state in _PLAYED:
        made[name] = _run(gateway, shop, title, agent, "--", name)
        gateway.wait_until(
            f"{name} is {state}", lambda name=name, state=state: _doing(gateway, made[name]) == state, 30
        )  # type: ignore[misc]
    made["shell"] = _run(gateway, shop, "Staging server", "shell")
    gateway.tether("send", made["shell"], "clear; git log --oneline; git status --short", "--enter")
    return made


def _run(gateway: Gateway, place: Path, title: str, *words: str) -> str:
    return str(gateway.tether("run", "-d", "--title", title, *words, cwd=place).stdout).strip()


def _doing(gateway: Gateway, session: str) -> str:
    doing = (gateway.session(session).get("activity") or {}).get("state", "")
    return "idle" if doing == "done" else str(doing)
