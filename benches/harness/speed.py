"""First load and re-sync, against the limit and against what others use."""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .bench import RELEASE, Bench, remove
from .process import Usage, run
from .report import count, seconds, table, target, targets

LIMIT_COMMITS = [50_000, 100_000]


@dataclass
class Contender:
    """Someone who loads a file and then the later one."""

    name: str
    rows: int
    first: list[Usage] = field(default_factory=list)
    second: list[Usage] = field(default_factory=list)

    def rate(self, usages: list[Usage]) -> float:
        """Rows a second, by the median."""
        return self.rows / statistics.median(usage.wall for usage in usages)

    def cells(self) -> list[str]:
        """Its row in the table."""
        both = [*self.first, *self.second]
        return [
            self.name,
            count(self.rows),
            seconds([usage.wall for usage in self.first]),
            count(self.rate(self.first)),
            seconds([usage.wall for usage in self.second]),
            count(self.rate(self.second)),
            f"{statistics.median(usage.cpu for usage in self.first):.1f}",
            f"{max(usage.peak_mb for usage in both):.0f}",
        ]


def measure(bench: Bench) -> str:
    """All contenders in turn, round after round, so that a slow hour of the machine hits all."""
    others: list[tuple[Contender, Callable[[Path, Path], Usage]]] = [
        (
            Contender("(b) Python `executemany` upsert, one bare table", bench.rows),
            lambda file, database: bench.python("executemany.py", file, database),
        ),
        (
            Contender("(c) `sqlite-utils upsert`", bench.slow_rows),
            lambda *at: utils(bench, *at),
        ),
        (
            Contender("(d) dlt merge into SQLite", bench.slow_rows),
            lambda file, database: bench.python("dlt_merge.py", file, database),
        ),
    ]
    first, second, changed = bench.first_and_second(bench.rows)
    slow = bench.first_and_second(bench.slow_rows)[:2]
    product = Contender("**headwater sync**", bench.rows)
    sizes = [*(size for size in LIMIT_COMMITS if size < bench.rows), bench.rows]
    limits: dict[int, list[float]] = {size: [] for size in sizes}
    for _ in range(bench.rounds):
        database = bench.path("speed-product.db")
        remove(database)
        product.first.append(
            bench.sync(first, database, created=bench.rows, rejected=0)[0]
        )
        for commit, taken in limits.items():
            taken.append(limit(bench, database, commit))
        unchanged = bench.rows - changed
        usage, _ = bench.sync(second, database, updated=changed, unchanged=unchanged)
        product.second.append(usage)
        remove(database)
        for contender, load in others:
            files = (first, second) if contender.rows == bench.rows else slow
            database = bench.path("speed-other.db")
            remove(database)
            contender.first.append(load(files[0], database))
            contender.second.append(load(files[1], database))
            remove(database)
    return section(bench, product, [contender for contender, _ in others], limits)


def utils(bench: Bench, file: Path, database: Path) -> Usage:
    """As its users run it."""
    program = bench.venv / "bin" / "sqlite-utils"
    return run(
        [program, "upsert", database, "contact", file, "--csv", "--pk", "primary_email"]
        + ["--no-detect-types", "--silent"]
    )


def limit(bench: Bench, workspace: Path, commit: int) -> float:
    """The seconds that the limit takes; the program verifies that its tables are the product's."""
    out = bench.path("speed-limit.db")
    remove(out)
    command = [RELEASE / "limit", "--workspace", workspace, "--out", out]
    usage = run([*command, "--commit-records", str(commit)])
    remove(out)
    return float(json.loads(usage.output)["seconds"])


def section(
    bench: Bench,
    product: Contender,
    others: list[Contender],
    limits: dict[int, list[float]],
) -> str:
    """The table of contenders, and the targets."""
    best = min(limits, key=lambda commit: statistics.median(limits[commit]))
    limit_rate = bench.rows / statistics.median(limits[best])
    rows = [product.cells()]
    for commit, taken in limits.items():
        each = "everything" if commit == bench.rows else f"{count(commit)} records"
        name = f"(a) the limit, {each} a transaction" + (
            " (fastest)" if commit == best else ""
        )
        rate = count(bench.rows / statistics.median(taken))
        rows.append([name, count(bench.rows), seconds(taken), rate, "", "", "", ""])
    rows.extend(contender.cells() for contender in others)
    head = [
        "",
        "rows",
        "first load, s",
        "rows/s",
        "re-sync, s",
        "rows/s",
        "CPU first, s",
        "peak MB",
    ]
    first, second = product.rate(product.first), product.rate(product.second)
    asked = [
        target(
            "first load against (a)",
            ">= 0.60",
            f"{first / limit_rate:.2f}",
            first >= 0.6 * limit_rate,
        ),
        target(
            "re-sync against first load",
            ">= 1.00",
            f"{second / first:.2f}",
            second >= first,
        ),
    ]
    for other in others:
        ahead = first / other.rate(other.first), second / other.rate(other.second)
        measured = f"{ahead[0]:.1f}, {ahead[1]:.1f}"
        asked.append(
            target(
                f"first load, re-sync against {other.name[:3]}",
                "> 1",
                measured,
                min(ahead) > 1,
            )
        )
    return (
        f"Medians of {bench.rounds} rounds (least-most); in each round everyone has a turn.\n\n"
        f"{table(head, rows)}\n\n{targets(asked)}"
    )
