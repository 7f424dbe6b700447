"""The protocol's version. Minor: additive. Major: refused with a sentence the user can act on."""

from typing import Final

PROTOCOL: Final = "1.0"


def major(version: str) -> int | None:
    """The major number of `version` ("1.0" -> 1), or None when it is not a version at all."""
    head, _, tail = version.partition(".")
    return int(head) if head.isascii() and head.isdigit() and tail.isascii() and tail.isdigit() else None


def compatible(theirs: str) -> bool:
    """True when a peer that speaks `theirs` may talk to us: the major numbers are equal."""
    return major(theirs) == major(PROTOCOL)
