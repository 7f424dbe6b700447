"""What strangers say where hooks report: noted in a line, and nothing more."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from tether.adapters.hooksocket import HookSocket


@pytest.mark.parametrize("said", [b"[]", b"3", b"{}", b'{"token": 3}', b'{"token": "\xc3\xa9"}', b"\0", b"{" * 9000])
def test_garbage_is_a_line_in_the_log(tmp_path: Path, said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def knock() -> bytes:
        hooks = HookSocket(tmp_path / "h")
        await hooks.start()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "h"))
        writer.write(said + b"\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        hooks.close()
        return answer

    with caplog.at_level(logging.INFO):
        assert asyncio.run(knock()) == b""
    assert not [one for one in caplog.records if one.exc_info or one.levelno >= logging.ERROR]
