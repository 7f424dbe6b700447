"""Tether: the operations layer for AI agents on one's own machine.

This file stays empty of imports: the `tether` command's fast path (see `tether.cli.main`) imports
the package before it knows what it has to do, and every import here would be paid by `tether ls`.
"""

__version__ = "0.1.0"
