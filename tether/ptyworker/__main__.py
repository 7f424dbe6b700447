"""`python -m tether.ptyworker SID LOCK MASTER SLAVE [SCREEN]`: a worker that re-executed itself. Not for people."""

from __future__ import annotations

import logging
import os
import sys

from tether.paths import resolve
from tether.ptyworker.process import resume_executed
from tether.service import not_dumpable


def main() -> None:
    """Carry on with the descriptors that were left open."""
    os.umask(0o077)
    not_dumpable()
    logging.basicConfig(stream=sys.stderr, level="INFO", format="%(asctime)s %(levelname)s worker %(message)s")
    resume_executed(resolve().for_workers, bytes.fromhex(sys.argv[1]), *map(int, sys.argv[2:6]))


if __name__ == "__main__":
    main()
