"""The product from Python: single calls, against the same calls in Rust.

python calls.py DATABASE COUNT

Says on stdout, in JSON, how many microseconds each call took: the mean of the fastest of five turns.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import headwater as hw

TURNS = 5


def fastest(call: Callable[[], object], times: int) -> float:
    """Microseconds a call."""
    taken = []
    for _ in range(TURNS):
        start = time.perf_counter()
        for _ in range(times):
            call()
        taken.append(time.perf_counter() - start)
    return min(taken) / times * 1e6


def main() -> None:
    """A read by id, and an assert that leaves the record as it is: nothing is written."""
    database, times = Path(sys.argv[1]), int(sys.argv[2])
    match, attributes = {"primary_email": "sarah@acme.example"}, {"title": "CTO"}
    with hw.open(database) as workspace:
        id = workspace.assert_("contact", match, attributes).id
        calls = {
            "get": fastest(lambda: workspace.get("contact", id), times),
            "assert": fastest(
                lambda: workspace.assert_("contact", match, attributes), times
            ),
        }
    print(json.dumps(calls))


if __name__ == "__main__":
    main()
