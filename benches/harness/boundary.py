"""What crossing the connector ABI costs, against the same parser called in the process."""

import json
import statistics

from .bench import RELEASE, Bench
from .process import run
from .report import count, seconds, table, target, targets

LARGEST_LOSS = 0.1


def measure(bench: Bench) -> str:
    """The program reads the same file both ways in turn, and throws each batch away."""
    file, held = bench.contacts(f"first-{bench.rows}", "--rows", str(bench.rows))
    library = RELEASE / "libheadwater_connector_csv.so"
    rounds = str(2 * bench.rounds + 1)
    usage = run(
        [RELEASE / "boundary", "--file", file, "--library", library, "--rounds", rounds]
    )
    taken: dict[str, list[float]] = json.loads(usage.output)
    names = {
        "in_process": "called in the process",
        "abi": "across the ABI, with every check of the host",
    }
    rows = []
    for key, name in names.items():
        middle = statistics.median(taken[key])
        rate = count(held["rows"] / middle)
        rows.append(
            [name, seconds(taken[key]), rate, f"{held['bytes'] / middle / 1e6:.0f}"]
        )
    loss = 1 - statistics.median(taken["in_process"]) / statistics.median(taken["abi"])
    asked = [
        target(
            "rows/s lost", f"<= {LARGEST_LOSS:.0%}", f"{loss:.1%}", loss <= LARGEST_LOSS
        )
    ]
    head = [
        f"{count(held['rows'])} rows of CSV",
        "seconds",
        "rows/s",
        "MB/s of the file",
    ]
    return f"Medians of {rounds} rounds (least-most).\n\n{table(head, rows)}\n\n{targets(asked)}"
