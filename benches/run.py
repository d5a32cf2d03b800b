"""`make bench`: measures everything that RESULTS.md shows, and writes it there.

python3 benches/run.py                         # everything, as it is published
python3 benches/run.py --only speed,profile    # parts of it; the other sections stay
python3 benches/run.py --rows 20000 --large-rows 50000 --growth-rows 1000,5000 --dry-run
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from harness import (
    boundary,
    ffi,
    fields,
    growth,
    history,
    load,
    machine,
    memory,
    profile,
    remote,
    speed,
)
from harness import python as package
from harness.bench import ROOT, Bench, build
from harness.report import write_section

PARTS: dict[str, Callable[[Bench], str]] = {
    "speed": speed.measure,
    "memory": memory.measure,
    "profile": profile.measure,
    "growth": growth.measure,
    "boundary": boundary.measure,
    "fields": fields.measure,
    "history": history.measure,
    "load": load.measure,
    "ffi": ffi.measure,
    "python": package.measure,
    "remote": remote.measure,
}


def main() -> None:
    """Builds, measures part after part, and writes each as soon as it is there."""
    arguments = parse()
    parts = arguments.only.split(",") if arguments.only else list(PARTS)
    if unknown := set(parts) - set(PARTS):
        sys.exit(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    bench = Bench(
        folder=arguments.folder,
        rows=arguments.rows,
        rounds=arguments.rounds,
        slow_rows=arguments.rows
        if arguments.full
        else min(arguments.slow_rows, arguments.rows),
        large_rows=arguments.large_rows,
        load_records=arguments.load_records,
        load_seconds=arguments.load_seconds,
        growth_rows=[int(rows) for rows in arguments.growth_rows.split(",")],
    )
    build()
    if {"speed", "load", "python"} & set(parts):
        install(bench.venv)
    sections = {"machine": machine.describe} | {part: PARTS[part] for part in parts}
    for name, measure in sections.items():
        print(f"{name} ...", file=sys.stderr, flush=True)
        stamp = machine.stamp()
        text = f"{stamp}\n\n{measure(bench)}"
        if arguments.dry_run:
            print(f"\n## {name}\n\n{text}\n", flush=True)
        else:
            write_section(name, text)


def parse() -> argparse.Namespace:
    """The arguments; their defaults are what is published."""
    parser = argparse.ArgumentParser(
        description="Measures what benches/RESULTS.md shows."
    )
    parser.add_argument("--only", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--slow-rows", type=int, default=200_000, help="for slow baselines"
    )
    parser.add_argument(
        "--full", action="store_true", help="slow baselines get all rows"
    )
    parser.add_argument("--large-rows", type=int, default=10_000_000, help="for memory")
    parser.add_argument("--growth-rows", default="100000,1000000,10000000")
    parser.add_argument("--load-records", type=int, default=100_000)
    parser.add_argument("--load-seconds", type=int, default=60, help="each, in turns")
    parser.add_argument("--folder", type=Path, default=ROOT / "target" / "bench")
    parser.add_argument(
        "--dry-run", action="store_true", help="print, and leave RESULTS.md"
    )
    return parser.parse_args()


def install(venv: Path) -> None:
    """The baselines' packages, once for each list of them."""
    requirements = ROOT / "benches" / "requirements.txt"
    ready = venv / ".ready"
    if ready.exists() and ready.read_text() == requirements.read_text():
        return
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", requirements], check=True)
    ready.write_text(requirements.read_text())


if __name__ == "__main__":
    main()
