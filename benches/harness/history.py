"""What the change log costs a sync."""

import statistics

from .bench import Bench, remove
from .process import Usage
from .report import count, seconds, table, target, targets

LARGEST_LOSS = 0.15
KEPT = {"on": "with the change log", "off": "without it"}
RUNS = ("first load", "re-sync")


def measure(bench: Bench) -> str:
    """Pairs of both in turn, the other one first each time."""
    first, second, changed = bench.first_and_second(bench.rows)
    size = bench.rows
    usages: dict[tuple[str, str], list[Usage]] = {}
    megabytes: dict[tuple[str, str], float] = {}
    database = bench.path("history.db")
    for number in range(bench.rounds):
        for history in sorted(KEPT, reverse=number % 2 == 1):
            remove(database)
            option = f"--history={history}"
            loaded, _ = bench.sync(first, database, option, created=size, rejected=0)
            megabytes["first load", history] = database.stat().st_size / 1e6
            synced, _ = bench.sync(
                second, database, option, updated=changed, unchanged=size - changed
            )
            megabytes["re-sync", history] = database.stat().st_size / 1e6
            for run, usage in zip(RUNS, (loaded, synced), strict=True):
                usages.setdefault((run, history), []).append(usage)
    remove(database)
    return section(bench, usages, megabytes, changed)


def section(
    bench: Bench,
    usages: dict[tuple[str, str], list[Usage]],
    megabytes: dict[tuple[str, str], float],
    changed: int,
) -> str:
    """The medians, and what is lost: the median over the pairs."""
    rows, asked = [], []
    for run in RUNS:
        for history, name in KEPT.items():
            walls = [usage.wall for usage in usages[run, history]]
            cpu = statistics.median(usage.cpu for usage in usages[run, history])
            written = statistics.median(
                usage.written_mb for usage in usages[run, history]
            )
            rate = count(bench.rows / statistics.median(walls))
            cells = [f"{run}, {name}", seconds(walls), rate, f"{cpu:.1f}"]
            size = f"{megabytes[run, history]:.0f}"
            rows.append([*cells, f"{written:.0f}", size])
        pairs = zip(usages[run, "on"], usages[run, "off"], strict=True)
        loss = statistics.median(1 - off.wall / on.wall for on, off in pairs)
        wanted = f"<= {LARGEST_LOSS:.0%}"
        name = f"{run}: rows/s lost"
        asked.append(target(name, wanted, f"{loss:.1%}", loss <= LARGEST_LOSS))
    head = [f"{count(bench.rows)} rows, {count(changed)} changed later", "seconds"]
    head += ["rows/s", "CPU, s", "written MB", "workspace MB"]
    told = f"Medians of {bench.rounds} pairs (least-most)."
    return f"{told}\n\n{table(head, rows)}\n\n{targets(asked)}"
