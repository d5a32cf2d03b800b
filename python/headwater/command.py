"""The ``headwater`` command."""

from __future__ import annotations

import os
import sys

from . import _ending, _headwater


def main() -> None:
    """Runs the command with the arguments of this process, and ends it with the command's status."""
    # Connectors in Python are looked for here, too, but never in place of what is installed.
    if "" not in sys.path:
        sys.path.append(os.getcwd())
    _ending.status = _headwater.run_command(sys.argv)
    sys.exit(_ending.status)
