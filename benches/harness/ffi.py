"""libheadwater: rows in bulk as Arrow against the program, single calls against the same calls in Rust."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from .bench import BASELINES, RELEASE, ROOT, Bench, remove
from .process import run
from .report import count, seconds, table, target, targets

LEAST_SHARE = 0.9
MOST_NANOSECONDS = 100.0
LARGEST_RATIO = 1.03


def install() -> Path:
    """Installs the library as it is released; gives the prefix."""
    prefix = RELEASE / "installed"
    make = ["make", "--no-print-directory", "install", f"PREFIX={prefix}"]
    subprocess.run(make, cwd=ROOT, check=True, stdout=sys.stderr)
    return prefix


def compiled(bench: Bench, prefix: Path) -> Path:
    """The program in C, linked with the shared library."""
    program = bench.path("bulk_arrow")
    command = [os.environ.get("CC", "cc"), "-std=c11", "-O2", "-o", program]
    command += [BASELINES / "bulk_arrow.c", "-I", prefix / "include"]
    command += ["-L", prefix / "lib", "-lheadwater", f"-Wl,-rpath,{prefix / 'lib'}"]
    subprocess.run(command, check=True)
    return program


def calls(prefix: Path) -> dict[str, dict[str, float]]:
    """Nanoseconds of single calls in C and in Rust, as medians of rounds in which they take turns."""
    command = ["cargo", "bench", "--quiet", "-p", "headwater-ffi", "--bench", "calls"]
    library = {"HEADWATER_LIBRARY": str(prefix / "lib" / "libheadwater.so")}
    told = subprocess.run(
        command,
        cwd=ROOT,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, **library},
    )
    return json.loads(told.stdout.strip().splitlines()[-1])


def measure(bench: Bench) -> str:
    """The program and the library in turn, round after round; then single calls."""
    prefix = install()
    program = compiled(bench, prefix)
    file = bench.first_and_second(bench.rows)[0]
    database = bench.path("ffi.db")
    taken: dict[str, list[float]] = {"the program": [], "C, Arrow": []}
    remove(database)
    for _ in range(bench.rounds):
        usage, _ = bench.sync(file, database, created=bench.rows, rejected=0)
        taken["the program"].append(usage.wall)
        remove(database)
        told = json.loads(run([program, file, database]).output)
        if told["report"]["created"] != bench.rows:
            sys.exit(f"expected {bench.rows} created, found {told}")
        taken["C, Arrow"].append(told["seconds"])
        remove(database)
    return section(bench, taken, calls(prefix))


def section(
    bench: Bench, taken: dict[str, list[float]], called: dict[str, dict[str, float]]
) -> str:
    """The tables, and the targets."""
    middle = {name: statistics.median(times) for name, times in taken.items()}
    rows = [
        [name, count(bench.rows), seconds(times), count(bench.rows / middle[name])]
        for name, times in taken.items()
    ]
    names = {"cheapest": "the cheapest call", "get": "get", "assert": "assert"}
    single = [
        [name, f"{called[key]['c'] / 1e3:.3f}", f"{called[key]['rust'] / 1e3:.3f}"]
        for key, name in names.items()
    ]
    share = middle["the program"] / middle["C, Arrow"]
    over = called["cheapest"]["c"] - called["cheapest"]["rust"]
    asked = [
        target(
            "bulk through Arrow against the program",
            f">= {LEAST_SHARE}",
            f"{share:.2f}",
            share >= LEAST_SHARE,
        ),
        target(
            "the cheapest call, over Rust's",
            f"<= {MOST_NANOSECONDS:.0f} ns",
            f"{over:.1f} ns",
            over <= MOST_NANOSECONDS,
        ),
    ]
    for name in ("get", "assert"):
        ratio = called[name]["c"] / called[name]["rust"]
        asked.append(
            target(
                f"{name}, against Rust's",
                f"<= {LARGEST_RATIO}",
                f"{ratio:.3f}",
                ratio <= LARGEST_RATIO,
            )
        )
    return (
        f"Medians of {bench.rounds} rounds (least-most); the rows are in memory already, the program reads a "
        f"file.\n\n{table(['', 'rows', 'seconds', 'rows/s'], rows)}\n\n"
        f"{table(['a call', 'C, µs', 'Rust, µs'], single)}\n\n{targets(asked)}"
    )
