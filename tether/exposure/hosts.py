"""What a host name is, for those that come from files and from other programs. Pure."""

from __future__ import annotations

import re
from typing import Final

_HOST: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")


def is_host(text: str) -> bool:
    """A DNS name with at least one dot, in lower case."""
    return _HOST.fullmatch(text) is not None
