"""What a batch costs in workspaces of several sizes."""

import hashlib
import shutil
import statistics
from pathlib import Path

from .bench import CHANGED, RELEASE, Bench, remove
from .process import Usage
from .report import count, seconds, table, target, targets

BATCH = 100_000
LARGEST_RATIO = 2.5


def measure(bench: Bench) -> str:
    """Half the batch is known, half is new; each run starts from a copy of the same workspace."""
    costs: dict[float, dict[int, float]] = {}
    rows = []
    for changed in [CHANGED, 1.0]:
        costs[changed] = {}
        for size in bench.growth_rows:
            usages = [run_batch(bench, size, changed) for _ in range(bench.rounds)]
            walls = [usage.wall for usage in usages]
            cost = statistics.median(walls) / BATCH
            costs[changed][size] = cost
            name = f"{count(size)} records, {changed:.0%} of the known half changed"
            cells = [name, seconds(walls), count(1 / cost), f"{cost * 1e6:.1f}"]
            middle = statistics.median
            cells.append(f"{middle([usage.cpu for usage in usages]):.2f}")
            cells.append(f"{middle([usage.written_mb for usage in usages]):.0f}")
            rows.append(cells)
    head = [
        f"{count(BATCH)} asserts into",
        "seconds",
        "rows/s",
        "us a row",
        "CPU, s",
        "written MB",
    ]
    smallest, largest = bench.growth_rows[0], bench.growth_rows[-1]
    asked = []
    for changed, by_size in costs.items():
        ratio = by_size[largest] / by_size[smallest]
        name = f"cost a row at {count(largest)} against {count(smallest)}, {changed:.0%} changed"
        wanted = f"<= {LARGEST_RATIO}"
        asked.append(target(name, wanted, f"{ratio:.2f}", ratio <= LARGEST_RATIO))
    return (
        f"Whole process; the files are in the system's cache. Medians of {bench.rounds}.\n\n"
        f"{table(head, rows)}\n\n{targets(asked)}"
    )


def run_batch(bench: Bench, size: int, changed: float) -> Usage:
    """One batch into a fresh copy."""
    batch, held = bench.contacts(
        f"growth-batch-{size}",
        *("--people", str(size), "--known", str(BATCH // 2), "--new", str(BATCH // 2)),
        *("--changed", str(changed), "--order", "3"),
    )
    copy = bench.path("growth-copy.db")
    remove(copy)
    shutil.copyfile(workspace(bench, size), copy)
    unchanged = BATCH // 2 - held["changed"]
    usage, _ = bench.sync(
        batch,
        copy,
        created=BATCH // 2,
        updated=held["changed"],
        unchanged=unchanged,
        rejected=0,
    )
    remove(copy)
    return usage


def workspace(bench: Bench, size: int) -> Path:
    """A workspace that the product has filled; kept until the product is another."""
    product = hashlib.sha256((RELEASE / "headwater").read_bytes()).hexdigest()
    database, note = (
        bench.path(f"growth-base-{size}.db"),
        bench.path(f"growth-of-{size}"),
    )
    if note.exists() and note.read_text() == product and database.exists():
        return database
    remove(database)
    file, _ = bench.contacts(f"growth-first-{size}", "--rows", str(size))
    bench.sync(file, database, created=size, rejected=0)
    file.unlink()
    note.write_text(product)
    return database
