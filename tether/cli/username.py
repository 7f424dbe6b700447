"""Who runs this command."""

from __future__ import annotations

import os
import pwd


def user_name() -> str:
    """The user's name as the system's database has it, or the number where it has none. No variable is believed."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
