"""Providers are data: one TOML file says how an agent is started. Nothing else may name a command line.

Files shipped with Tether stand beside this module; a user's own stand in `providers/` of the
configuration directory and may replace a shipped one of the same name.
"""

from tether.providers.loading import (
    Provider,
    TitleRule,
    child_environment,
    find,
    load_all,
    names,
    offered_environment,
    resolve_argv,
    resolve_side,
    resume_args,
    validate_args,
)
from tether.providers.probing import Found, look

__all__ = [
    "Found",
    "Provider",
    "TitleRule",
    "child_environment",
    "find",
    "load_all",
    "look",
    "names",
    "offered_environment",
    "resolve_argv",
    "resolve_side",
    "resume_args",
    "validate_args",
]
