"""The audit log of a whole gateway: what people did is in it, and whoever touches it is found."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx

from tests.support.gateway import Gateway
from tests.support.storeworld import StoreWorld
from tests.support.waiting import wait_until
from tether import audit
from tether.broker.journal import Journal
from tether.wire import decode, encode
from tether.wire.auditing import AuditAck
from tether.wire.ids import NO_SESSION


def shown(gateway: Gateway, *flags: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(gateway.tether("audit", "--json", "-n", "1000", *flags).stdout)
    return rows


def test_what_people_do_is_in_the_log(tmp_path) -> None:
    with Gateway(settings="[web]\nclipboard = true\n") as gateway:
        session = gateway.run("shell")
        screen = gateway.attach(session)
        screen.expect(r"\$ ")
        screen.type("echo a-secret-nobody-logs\r")
        screen.expect("a-secret-nobody-logs")
        assert httpx.get(gateway.url(path="/api/v1/sessions")).status_code == 401
        gateway.tether("stop", session)
        screen.wait_exit()

        def all_there() -> list[dict[str, Any]]:
            rows = shown(gateway)
            kinds = {row["kind"] for row in rows}
            assert {"start", "launch", "attach", "control", "typed", "stop", "ended", "refused", "settings"} <= kinds, (
                kinds
            )
            return rows

        rows = gateway.wait_until("every deed is in the log", all_there)
        assert "a-secret" not in json.dumps(rows)
        settings = next(row["facts"] for row in rows if row["kind"] == "settings")
        digest = hashlib.sha256((gateway.root / "config.toml").read_bytes()).hexdigest()[:16]
        assert {name: settings[name] for name in ("config", "masking", "exposure")} == {
            "config": digest, "masking": "none", "exposure": "none",
        }  # fmt: skip
        typed = next(row for row in rows if row["kind"] == "typed")
        assert typed["facts"]["bytes"] == str(len("echo a-secret-nobody-logs\r"))
        assert typed["session"] == session
        assert {row["session"] for row in shown(gateway, "--session", session[:4])} == {session}

        head = json.loads(gateway.tether("audit", "--verify", "--json").stdout)["head"]
        assert "✔" in gateway.tether("audit", "--verify", "--head", head).stdout
        exported = tmp_path / "audit.jsonl"
        exported.write_text(gateway.tether("audit", "--export", "jsonl").stdout)
        assert gateway.tether("audit", "--verify", "--file", str(exported)).returncode == 0
        lines = exported.read_text().splitlines()
        exported.write_text("\n".join([lines[0], *lines[2:]]) + "\n")
        missing = gateway.tether("audit", "--verify", "--file", str(exported), check=False)
        assert missing.returncode == 1
        assert "rows 2 to 2 are missing" in missing.stdout
        exported.write_text("\n".join(lines).replace("native", "nativE", 1) + "\n")
        changed = gateway.tether("audit", "--verify", "--file", str(exported), check=False)
        assert changed.returncode != 0
        assert "hash" in changed.stderr

        token = {"Authorization": f"Bearer {gateway.owner_token}"}
        page = httpx.get(gateway.url(path="/api/v1/audit?limit=3"), headers=token).json()
        assert [row["seq"] for row in page["entries"]] == sorted((row["seq"] for row in page["entries"]), reverse=True)
        more = httpx.get(gateway.url(path=f"/api/v1/audit?limit=3&before={page['next']}"), headers=token).json()
        assert more["entries"][0]["seq"] == page["entries"][-1]["seq"] - 1


class Speaker:
    """The broker's half of the audit log, on a real connection to a real store."""

    def __init__(self, world: StoreWorld) -> None:
        self._dealer = world.bus.dealer(world.paths.store, monitored=True)
        self.acked = 0
        self.journal = Journal("boot", lambda entry: self._dealer.send(encode(NO_SESSION, entry)), lambda: 1)

    def pump(self) -> None:
        if self._dealer.drain_monitor():
            self.journal.connected()
        while (frame := self._dealer.receive()) is not None:
            message = decode(frame)[1]
            if isinstance(message, AuditAck):
                self.acked = max(self.acked, message.n)
                self.journal.acked(message)


def test_entries_are_kept_once_over_kills_and_an_end_cut_off_is_found() -> None:
    with StoreWorld() as world:
        broker = Speaker(world)
        noted = 0
        for _ in range(4):
            world.start()
            for _ in range(25):
                noted += 1
                broker.journal.note("deed", "somebody", n=str(noted))

            def a_part_is_acknowledged(beyond: int = broker.acked) -> bool:
                broker.pump()
                return broker.acked > beyond

            wait_until("some entries are acknowledged", a_part_is_acknowledged, context=world.log_text)
            world.kill()
        world.start()

        def all_are_acknowledged() -> bool:
            broker.pump()
            return broker.acked == noted

        wait_until("every entry is acknowledged", all_are_acknowledged, context=world.log_text)
        world.kill()
        rows = world.reader.audit(0, 1000)
        assert [audit.decode(body).facts["n"] for _, body in rows] == [str(n) for n in range(1, noted + 1)]
        kept = audit.parse_head(world.paths.audit_head.read_text())
        assert verified(rows, kept).ok
        assert "cut off" in verified(rows[:-3], kept).problems[0]


def verified(rows: list[tuple[int, bytes]], kept: audit.Head | None) -> audit.Verification:
    assert kept is not None
    check = audit.Verification([("audit.head", kept)])
    for seq, body in rows:
        check.row(seq, body)
    check.finish()
    return check
