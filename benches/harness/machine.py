"""The machine and the versions that figures belong to."""

import datetime
import os
import platform
import sqlite3
import subprocess
from importlib import metadata
from pathlib import Path

from .bench import ROOT, Bench
from .report import table
from .served import DIRECTUS


def answer(command: list[str]) -> str:
    """The last line that a program says, or that it is missing."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (done.stdout.splitlines() or ["unknown"])[-1].strip()


def from_file(path: str, key: str) -> str:
    """The value of the first `key: value` line."""
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"


def stamp() -> str:
    """When, of what, and how busy the machine was: a figure without it cannot be compared."""
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    commit = answer(["git", "describe", "--always", "--dirty"])
    return f"Measured {now} at {commit}; load average then {os.getloadavg()[0]:.1f}."


def package(bench: Bench, name: str) -> str:
    """The version of a package that a baseline uses."""
    found = metadata.distributions(
        name=name,
        path=[str(path) for path in bench.venv.glob("lib/python*/site-packages")],
    )
    return next((distribution.version for distribution in found), "not installed")


def describe(bench: Bench) -> str:
    """The section about the machine."""
    memory = int(from_file("/proc/meminfo", "MemTotal").split()[0]) / 1024**2
    filesystem = answer(["df", "--output=fstype", str(bench.path(""))])
    rows = [
        [
            "processor",
            f"{from_file('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        ],
        ["memory", f"{memory:.0f} GiB"],
        [
            "system",
            f"{platform.system()} {platform.release()}, file system {filesystem}",
        ],
        ["compiler", answer(["rustc", "--version"])],
        ["Python", f"{platform.python_version()} with SQLite {sqlite3.sqlite_version}"],
        ["sqlite-utils", package(bench, "sqlite-utils")],
        ["dlt", package(bench, "dlt")],
        ["datasette", package(bench, "datasette")],
        ["directus", DIRECTUS.split("@")[1]],
    ]
    return table(["", ""], rows).replace("| --: |", "| :-- |")
