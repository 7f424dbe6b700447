"""What stands where on the command line, decided before typer sees it. Pure.

Global options may stand anywhere; they are moved to the front. `run` is special: Tether's own flags are recognised
anywhere before `--`, and everything that Tether does not know belongs to the provider, unchanged and in order.
"""

from __future__ import annotations

from typing import Final

GLOBAL_FLAGS: Final = frozenset({"--json", "-q", "--quiet", "--no-color", "--yes", "-y", "--no-input"})
GLOBAL_VALUES: Final = frozenset({"--timeout"})
RUN_FLAGS: Final = frozenset(
    {"-d", "--detach", "--no-reconnect", "--observe", "--nest", "--json", "--no-input", "-h", "--help"}
)
RUN_VALUES: Final = frozenset({"--title", "--cwd", "--transport", "--detach-keys"})


def arrange(argv: list[str]) -> list[str]:
    """`argv` in the order that the parser wants: global options, verb, the verb's own options, the rest."""
    front, rest = _leading_globals(argv)
    if not rest or rest[0].startswith("-"):
        return front + rest
    verb, words = rest[0], rest[1:]
    if verb == "run":
        own, provider_args = split_run(words)
        hoisted = [word for word in own if word in ("--json", "--no-input")]
        kept = [word for word in own if word not in ("--json", "--no-input")]
        return [*front, *hoisted, "run", *kept, *(["--", *provider_args] if provider_args else [])]
    hoisted, kept = _pull_globals(words)
    return [*front, *hoisted, verb, *kept]


def split_run(words: list[str]) -> tuple[list[str], list[str]]:
    """Part what follows `run` into Tether's own words (flags and the provider's name) and the provider's arguments."""
    own: list[str] = []
    theirs: list[str] = []
    provider = False
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            rest = words[at:]
            if not provider and rest:
                own.append(rest.pop(0))
            theirs += rest
            break
        name, equals, _ = word.partition("=")
        if word in RUN_FLAGS or (equals and name in RUN_VALUES):
            own.append(word)
        elif not provider and (word in GLOBAL_FLAGS or word in GLOBAL_VALUES):
            own.append(word)
            if word in GLOBAL_VALUES and at < len(words):
                own.append(words[at])
                at += 1
        elif word in RUN_VALUES:
            own.append(word)
            if at < len(words):
                own.append(words[at])
                at += 1
        elif not provider:
            own.append(word)
            provider = not word.startswith("-")
        else:
            theirs.append(word)
    return own, theirs


def _leading_globals(argv: list[str]) -> tuple[list[str], list[str]]:
    at = 0
    while at < len(argv) and argv[at].startswith("-") and argv[at] != "--":
        at += 2 if argv[at] in GLOBAL_VALUES else 1
    return argv[:at], argv[at:]


def _pull_globals(words: list[str]) -> tuple[list[str], list[str]]:
    hoisted: list[str] = []
    kept: list[str] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            kept += [word, *words[at:]]
            break
        if word in GLOBAL_FLAGS or word.partition("=")[0] in GLOBAL_VALUES:
            hoisted.append(word)
            if word in GLOBAL_VALUES and at < len(words):
                hoisted.append(words[at])
                at += 1
        else:
            kept.append(word)
    return hoisted, kept
