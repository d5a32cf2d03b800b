"""What it takes to add a field to a type with many records, against one with none."""

import statistics

from .bench import RELEASE, Bench, remove
from .process import Usage, run
from .report import count, table, target, targets

LARGEST_RATIO = 1.5
PAIRS = 9


def measure(bench: Bench) -> str:
    """Pairs of both in turn, each time another field; the workspace's file is in the system's cache."""
    file = bench.first_and_second(bench.rows)[0]
    full, empty = bench.path("fields.db"), bench.path("fields-none.db")
    for database in (full, empty):
        remove(database)
    bench.sync(file, full, created=bench.rows, rejected=0)
    usages: dict[str, list[Usage]] = {full.stem: [], empty.stem: []}
    # The first makes what is made once.
    for number in range(PAIRS + 1):
        for database in (full, empty):
            usage = add(bench, f"field_{number}", database)
            if number:
                usages[database.stem].append(usage)
    for database in (full, empty):
        remove(database)
    return section(bench, usages[full.stem], usages[empty.stem])


def add(bench: Bench, name: str, database: object) -> Usage:
    """Adds a text field to contacts, as a user does."""
    declared = bench.path("field.toml")
    declared.write_text(
        f'[[custom_fields]]\nrecord_type = "contact"\nattributes = [{{ api_name = "{name}", '
        f'display_name = "{name}", value_type = "string" }}]\n'
    )
    command = [RELEASE / "headwater", "schema", "apply", declared]
    return run([*command, "--workspace", database])


def section(bench: Bench, full: list[Usage], empty: list[Usage]) -> str:
    """The medians, and their ratio: the median over the pairs."""
    head = ["a field added to", "milliseconds", "written MB"]
    rows = []
    for name, usages in ((f"{count(bench.rows)} records", full), ("none", empty)):
        walls = [usage.wall * 1e3 for usage in usages]
        middle, written = (
            statistics.median(walls),
            statistics.median(usage.written_mb for usage in usages),
        )
        rows.append(
            [
                name,
                f"{middle:.1f} ({min(walls):.1f}-{max(walls):.1f})",
                f"{written:.2f}",
            ]
        )
    pairs = zip(full, empty, strict=True)
    ratio = statistics.median(one.wall / other.wall for one, other in pairs)
    name, wanted = "time against an empty type", f"<= {LARGEST_RATIO}"
    asked = [target(name, wanted, f"{ratio:.2f}", ratio <= LARGEST_RATIO)]
    told = f"Whole process. Medians of {PAIRS} pairs (least-most)."
    return f"{told}\n\n{table(head, rows)}\n\n{targets(asked)}"
