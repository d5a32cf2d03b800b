"""Where the time of both runs goes, by the product's own stopwatches."""

from typing import Any

from .bench import Bench, remove
from .report import table, target, targets

LARGEST_SHARE = 0.7
STAGES = {
    "read": "read and parse: the connector",
    "parse": "parse",
    "map": "map and validate",
    "validate": "validate",
    "resolve": "resolve: look keys up, load records",
    "decide": "decide: compare, plan the change",
    "write": "write",
    "commit": "commit",
}


def measure(bench: Bench) -> str:
    """One run of each kind; a stage's time leaves its waiting out."""
    first, second, changed = bench.first_and_second(bench.rows)
    database = bench.path("profile.db")
    remove(database)
    _, loaded = bench.sync(first, database, created=bench.rows, rejected=0)
    _, synced = bench.sync(second, database, updated=changed)
    remove(database)
    return section({"first load": loaded, "re-sync": synced})


def section(reports: dict[str, dict[str, Any]]) -> str:
    """Shares of the sum of the stages, and how far they overlap."""
    names = [
        name
        for name in STAGES
        if any(name in stages(report) for report in reports.values())
    ]
    rows = [[STAGES[name]] for name in names]
    asked, total, wall = [], ["sum of the stages"], ["the run"]
    for run, report in reports.items():
        taken = stages(report)
        whole = sum(taken.values())
        elapsed = sum(stream["seconds"] for stream in report["streams"])
        for row, name in zip(rows, names, strict=True):
            row += [f"{taken.get(name, 0):.2f}", f"{taken.get(name, 0) / whole:.0%}"]
        total += [f"{whole:.2f}", "100%"]
        wall += [f"{elapsed:.2f}", f"{elapsed / whole:.0%}"]
        share = elapsed / whole
        wanted, measured = f"<= {LARGEST_SHARE}", f"{share:.2f}"
        asked.append(
            target(
                f"{run}: run / sum of the stages",
                wanted,
                measured,
                share <= LARGEST_SHARE,
            )
        )
    head = ["stage"] + [cell for run in reports for cell in (f"{run}, s", "share")]
    return f"{table(head, [*rows, total, wall])}\n\n{targets(asked)}"


def stages(report: dict[str, Any]) -> dict[str, float]:
    """Seconds by stage."""
    found = report.get("stages") or {}
    unknown = set(found) - set(STAGES)
    if unknown or not found:
        raise SystemExit(
            f"stages in the report: {sorted(found)}; known are {sorted(STAGES)}"
        )
    return found
