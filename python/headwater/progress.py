"""The progress of a sync: a line that moves on a terminal and in a notebook, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from .journal import shown_counts

if TYPE_CHECKING:
    from .syncs import Progress

LINE_INTERVAL = 1.0
"""Seconds between two plain lines, at least."""


class Display:
    """Shows how far a sync is, on stderr or in the notebook's cell."""

    def __init__(self) -> None:
        self._notebook = _notebook()
        self._is_terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._last_line = float("-inf")

    def show(self, progress: Progress) -> None:
        """Shows a progress in place of the one before."""
        rate = progress.counts["read"] / max(time.monotonic() - self._started, 0.001)
        text = f"{progress.source}: {shown_counts(progress.counts)}, {rate:.0f} rows/s"
        if self._notebook is not None:
            self._notebook.update({"text/plain": text}, raw=True)
        elif self._is_terminal:
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._last_line >= LINE_INTERVAL:
            print(text, file=sys.stderr)
            self._last_line = time.monotonic()

    def finish(self) -> None:
        """Leaves what was shown last as it is."""
        if self._notebook is None and self._is_terminal:
            print(file=sys.stderr)


def _notebook() -> Any:
    """A display of the notebook that this runs in, if it does."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython  # type: ignore[attr-defined, import-not-found, unused-ignore]
    from IPython.display import display  # type: ignore[import-not-found, unused-ignore]

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return display({"text/plain": ""}, raw=True, display_id=True)
