"""Peak memory of a first load and a re-sync, at two sizes."""

from .bench import Bench, remove
from .report import count, table, target, targets

LARGEST_MB = 300
LARGEST_GROWTH = 1.2


def measure(bench: Bench) -> str:
    """One run of each: peaks hardly vary."""
    peaks: dict[int, float] = {}
    rows = []
    for size in [bench.rows, bench.large_rows]:
        first, second, changed = bench.first_and_second(size)
        database = bench.path("memory.db")
        remove(database)
        loaded, _ = bench.sync(first, database, created=size, rejected=0)
        synced, _ = bench.sync(
            second, database, updated=changed, unchanged=size - changed
        )
        peaks[size] = max(loaded.peak_mb, synced.peak_mb)
        megabytes = database.stat().st_size / 1e6
        remove(database)
        for name, usage in [("first load", loaded), ("re-sync", synced)]:
            cells = [
                f"{name}, {count(size)} rows",
                f"{usage.peak_mb:.0f}",
                f"{usage.wall:.1f}",
            ]
            cells += [
                count(size / usage.wall),
                f"{usage.written_mb:.0f}",
                f"{megabytes:.0f}",
            ]
            rows.append(cells)
    head = ["", "peak MB", "seconds", "rows/s", "written MB", "workspace MB"]
    small, large = peaks[bench.rows], peaks[bench.large_rows]
    asked = [
        target(
            f"peak at {count(bench.rows)}",
            f"< {LARGEST_MB} MB",
            f"{small:.0f} MB",
            small < LARGEST_MB,
        ),
        target(
            f"peak at {count(bench.large_rows)} against that",
            f"<= {LARGEST_GROWTH}",
            f"{large / small:.2f}",
            large <= LARGEST_GROWTH * small,
        ),
    ]
    return f"Peak is the resident set of the whole process.\n\n{table(head, rows)}\n\n{targets(asked)}"
