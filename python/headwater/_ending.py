"""The end of the interpreter: threads that call Python end before it."""

from __future__ import annotations

import atexit
import ctypes
import os
import sys

from . import _headwater

PATIENCE = 3.0
"""Seconds that connectors and syncs which are still running may take to end."""
HURRY = 1.0
"""The same at the end of the command, where somebody waits for the prompt."""

status: int | None = None
"""What the process ends with, where that is known: that of the command."""


def end_threads(patience: float) -> bool:
    """Stops what is running; says whether all of it has ended. Nothing can be started after it."""
    left, idents = _headwater.end_threads(patience / 2)
    if not left:
        return True
    for ident in idents:
        # A connector that waits in a loop of its own and yields nothing learns it by that.
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(ident), ctypes.py_object(SystemExit)
        )
    left, _ = _headwater.end_threads(patience / 2)
    return not left


def register() -> None:
    """Has the interpreter do so."""
    atexit.register(_at_exit)


def _at_exit() -> None:
    """What hangs in a connector must not wake while the interpreter is taken down."""
    has_ended = end_threads(PATIENCE if status is None else HURRY)
    if not has_ended and status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
