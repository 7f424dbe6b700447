"""`tether debug --bundle`: what somebody who helps needs, and nothing that is the owner's alone."""

from __future__ import annotations

import io
import os
import re
import tarfile
import time
from pathlib import Path
from typing import Final

from tether import masking
from tether.errors import TetherError
from tether.paths import Paths

_LOG_BYTES: Final = 1 << 20
# Long runs of hex or base 64, and whatever is assigned to a telling name. Rather too much than too little.
_SECRET: Final = re.compile(
    r"(?i)((?:token|secret|password|passwd|api[_-]?key|authorization|ticket|cookie)[\"']?\s*[=:]\s*[\"']?(?:bearer\s+)?)"
    r"[^\s\"',;]+"
)
_LONG: Final = re.compile(r"\b(?:[0-9a-f]{40,}|[A-Za-z0-9_-]{43,})\b")


def mask(text: str) -> str:
    """`text` with everything that looks like a credential replaced."""
    return _LONG.sub("[masked]", _SECRET.sub(r"\1[masked]", text))


def write(path: Path, paths: Paths, report: str) -> list[str]:
    """Write the bundle; the names in it. Logs of the gateway and settings, masked; never what a terminal showed."""
    hidden = masking.Mask(masking.known(paths).finder)
    entries = {"report.txt": report}
    if paths.settings.is_file():
        entries["config.toml"] = paths.settings.read_text(encoding="utf-8", errors="replace")
    for log in sorted(paths.log.glob("*.log")):
        entries[f"log/{log.name}"] = _end_of(log)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TetherError(f"{path} can't be written: {error.strerror}", hint="Name another file") from None
    with os.fdopen(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, text in entries.items():
            data = mask(hidden.text(text)).encode("utf-8", "replace")
            info = tarfile.TarInfo(f"tether-debug/{name}")
            info.size, info.mtime, info.mode = len(data), int(time.time()), 0o600
            archive.addfile(info, io.BytesIO(data))
    return list(entries)


def _end_of(log: Path) -> str:
    with open(log, "rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - _LOG_BYTES))
        return file.read().decode("utf-8", "replace")
