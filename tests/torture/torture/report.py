"""What went wrong, gathered so that one run tells all of it."""

from pathlib import Path
from threading import Lock

MOST_SHOWN = 40


class Lacking(Exception):
    """Something that a set needs is not there."""


class Faults:
    """The faults of a set, and how many inputs were looked at."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.inputs = 0
        self._lock = Lock()

    def looked_at(self, inputs: int = 1) -> None:
        """Counts inputs whose outcome was compared."""
        with self._lock:
            self.inputs += inputs

    def add(self, place: str, fault: str) -> None:
        """Adds a fault."""
        with self._lock:
            self.found.append(f"{place}: {fault}")

    def equal(self, place: str, found: object, expected: object) -> None:
        """Adds a fault if the two differ."""
        if found != expected:
            self.add(place, f"found {found!r:.600}, expected {expected!r:.600}")

    def tell(self) -> int:
        """Prints the faults; 1 if there are any, or if nothing was looked at."""
        for fault in self.found[:MOST_SHOWN]:
            print(fault)
        if self.found or not self.inputs:
            print(f"{len(self.found)} faults in {self.inputs} inputs")
            return 1
        print(f"{self.inputs} inputs, as expected")
        return 0


def folder(path: Path) -> Path:
    """The folder of a public set, or `Lacking`."""
    if not path.is_dir():
        raise Lacking(f"no data: {path} is missing; set HEADWATER_SHARED to its folder")
    return path
