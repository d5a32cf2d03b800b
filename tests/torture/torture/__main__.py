"""Runs one set: `python -m torture SET --program PATH --data PATH`; prints every fault."""

import argparse
import importlib
import sys
from pathlib import Path

from torture.program import Program
from torture.report import Faults, Lacking

SETS = (
    "csv_spectrum",
    "json_test_suite",
    "naughty_strings",
    "phones",
    "truncated",
    "hostile_csv",
    "hostile_json",
)


def main() -> int:
    """0: all as expected, 1: faults, 77: something that the set needs is not there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    faults = Faults()
    try:
        module = importlib.import_module(f"torture.{arguments.set}")
        module.run(Program(arguments.program), arguments.data, faults)
    except (Lacking, ModuleNotFoundError) as lacking:
        print(lacking)
        return 77
    return faults.tell()


sys.exit(main())
