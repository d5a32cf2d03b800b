"""The Python package: bulk asserts against the program, single calls against Rust, and peers."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from .bench import RELEASE, ROOT, Bench, remove
from .process import run
from .report import count, seconds, table, target, targets
from .speed import utils

# How fast each form has to be, as a share of the program on the same rows.
FORMS = {"pyarrow": 0.9, "polars": 0.9, "pandas": 0.8, "dicts": 0.5}
CALLS = 20_000
LARGEST_OVERHEAD = 3.0
LEAD = 5.0


def install(bench: Bench) -> Path:
    """Builds the wheel as it is published and installs it; gives the wheel."""
    out = ROOT / "target" / "wheels"
    python = bench.venv / "bin" / "python"
    build = [python, ROOT / "python" / "build_wheel.py", "--release", "--out", out]
    subprocess.run(build, check=True, stdout=sys.stderr)
    (wheel,) = out.glob("*.whl")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--force-reinstall", "--no-deps", wheel], check=True)
    return wheel


def measure(bench: Bench) -> str:
    """All in turn, round after round, so that a slow hour of the machine hits all."""
    wheel = install(bench)
    file = bench.first_and_second(bench.rows)[0]
    small = bench.first_and_second(bench.slow_rows)[0]
    database = bench.path("python.db")
    taken: dict[str, list[float]] = {name: [] for name in ("cli", *FORMS)}
    peers: dict[str, list[float]] = {}

    def noted(into: dict[str, list[float]], name: str, taken: float) -> None:
        into.setdefault(name, []).append(taken)
        remove(database)

    remove(database)
    for _ in range(bench.rounds):
        usage, _ = bench.sync(file, database, created=bench.rows, rejected=0)
        noted(taken, "cli", usage.wall)
        for form in FORMS:
            told = told_by(bench, "assert_many.py", form, file, database)
            if told["counts"]["created"] != bench.rows:
                sys.exit(f"{form}: expected {bench.rows} created, found {told}")
            noted(taken, form, told["seconds"])
        merged = told_by(bench, "pandas_merge.py", small, database)
        noted(peers, "pandas `to_sql` and a merge in SQL", merged["seconds"])
        noted(peers, "`sqlite-utils upsert`", utils(bench, small, database).wall)
        dlt = bench.python("dlt_merge.py", small, database)
        noted(peers, "dlt merge into SQLite", dlt.wall)
    called = told_by(bench, "calls.py", database, CALLS)
    remove(database)
    rust = json.loads(
        run([RELEASE / "calls", "--workspace", database, "--count", str(CALLS)]).output
    )
    remove(database)
    return section(bench, taken, peers, called, rust, wheel)


def told_by(bench: Bench, script: str, *arguments: object) -> dict:
    """What a script says on stdout."""
    return json.loads(bench.python(script, *map(str, arguments)).output)


def section(
    bench: Bench,
    taken: dict[str, list[float]],
    peers: dict[str, list[float]],
    called: dict[str, float],
    rust: dict[str, float],
    wheel: Path,
) -> str:
    """The tables, and the targets."""
    middle = {name: statistics.median(times) for name, times in taken.items()}
    rows = [
        [name, count(bench.rows), seconds(times), count(bench.rows / middle[name])]
        for name, times in taken.items()
    ]
    rates = {
        name: bench.slow_rows / statistics.median(times)
        for name, times in peers.items()
    }
    rows += [
        [name, count(bench.slow_rows), seconds(times), count(rates[name])]
        for name, times in peers.items()
    ]
    asked = []
    for form, share in FORMS.items():
        found = middle["cli"] / middle[form]
        asked.append(
            target(
                f"{form} against the program",
                f">= {share}",
                f"{found:.2f}",
                found >= share,
            )
        )
    for name in ("get", "assert"):
        over = called[name] - rust[name]
        asked.append(
            target(
                f"{name}, over Rust's {rust[name]:.1f} µs",
                f"<= {LARGEST_OVERHEAD:.0f} µs",
                f"{over:.1f} µs",
                over <= LARGEST_OVERHEAD,
            )
        )
    slowest = bench.rows / max(middle[form] for form in FORMS)
    lead = slowest / max(rates.values())
    asked.append(
        target(
            "slowest form against the best peer",
            f">= {LEAD:.0f}",
            f"{lead:.1f}",
            lead >= LEAD,
        )
    )
    size = wheel.stat().st_size / 2**20
    return (
        f"Medians of {bench.rounds} rounds (least-most); a form is in memory already, the program and two of the "
        f"peers read a file. The wheel has {size:.1f} MiB.\n\n"
        f"{table(['', 'rows', 'seconds', 'rows/s'], rows)}\n\n{targets(asked)}"
    )
