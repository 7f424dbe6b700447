"""What the tunnels' programs are asked, and what is read from their answers."""

from __future__ import annotations

import json

import pytest

from tether.exposure import tunnels

HOST = "box.tail1.ts.net"
SITE = f"{HOST}:443"


def served(**more: object) -> str:
    return json.dumps({"Web": {SITE: {"Handlers": {"/": {"Proxy": "http://127.0.0.1:4789"}}}}, **more})


def test_the_name_in_the_tailnet() -> None:
    assert (
        tunnels.tailscale_name(json.dumps({"BackendState": "Running", "Self": {"DNSName": "Box.tail1.ts.net."}}))
        == HOST
    )
    for text in (
        "",
        "[]",
        "{}",
        '{"Self": 1}',
        '{"Self": {"DNSName": "x"}}',
        '{"BackendState": "Stopped", "Self": {"DNSName": "a.b."}}',
    ):
        assert tunnels.tailscale_name(text) == ""


def test_what_is_served_must_be_the_gateway_and_nothing_else() -> None:
    assert tunnels.tailscale_problems(served(), HOST, 4789) == []
    assert "does not lead" in tunnels.tailscale_problems(served(), HOST, 4790)[0]
    assert "does not lead" in tunnels.tailscale_problems("{}", HOST, 4789)[0]
    assert "whole internet" in tunnels.tailscale_problems(served(AllowFunnel={SITE: True}), HOST, 4789)[0]
    more = {"Web": {SITE: {"Handlers": {"/": {"Proxy": "http://127.0.0.1:4789"}, "/x": {"Path": "/etc"}}}}}
    assert "/x is served too" in tunnels.tailscale_problems(json.dumps(more), HOST, 4789)[0]


def test_the_name_that_cloudflared_announces() -> None:
    said = "INF |  https://quick-brown-fox.trycloudflare.com  |"
    assert tunnels.quick_host(said) == "quick-brown-fox.trycloudflare.com"
    for text in (
        "",
        "https://evil.example",
        "https://api.trycloudflare.com.evil.example/",
        "http://a.trycloudflare.com",
    ):
        assert tunnels.quick_host(text) == ""


def test_a_tunnels_name_is_never_an_option() -> None:
    assert tunnels.cloudflared_named(4789, "home")[-1] == "home"
    for name in ("", "-x", "--url=http://127.0.0.1:22", "a b", "a;b", "a" * 101):
        with pytest.raises(ValueError, match="no name"):
            tunnels.cloudflared_named(4789, name)


def test_whoever_answers_must_be_this_gateway() -> None:
    good = json.dumps({"ok": True, "version": "1.2"}).encode()
    assert tunnels.health_problem(200, good, "1.2") == ""
    assert "502" in tunnels.health_problem(502, b"", "1.2")
    for body in (b"", b"{}", b"<html>", b"\xff", json.dumps({"ok": True, "version": "1.1"}).encode()):
        assert tunnels.health_problem(200, body, "1.2") == "somebody else answers there"
