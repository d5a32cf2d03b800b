"""Runs a program to its end and measures the whole process."""

import os
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 512


@dataclass(frozen=True)
class Usage:
    """What a process took, from its start to its end."""

    wall: float
    cpu: float
    peak_mb: float
    written_mb: float
    output: str


class CommandFailed(Exception):
    """A program ended with another status than 0."""


def run(command: list[str | Path], environment: dict[str, str] | None = None) -> Usage:
    """Runs a command; what the disk still has to write is written before the clock starts."""
    os.sync()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            env={**os.environ, **(environment or {})},
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            told = errors.read().decode(errors="replace")[-2000:]
            words = " ".join(str(word) for word in command)
            raise CommandFailed(f"{words}: exit status {process.returncode}\n{told}")
        return Usage(
            wall=wall,
            cpu=used.ru_utime + used.ru_stime,
            peak_mb=used.ru_maxrss / 1024,
            written_mb=used.ru_oublock * BLOCK_BYTES / 1e6,
            output=output.read().decode(),
        )
