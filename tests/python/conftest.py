"""What the tests of the Python package share."""

import subprocess
import sys
from pathlib import Path

import headwater as hw
import pytest

TESTS = Path(__file__).resolve().parent


@pytest.fixture
def ws():
    """A workspace of the test's own."""
    with hw.open_temporary() as workspace:
        yield workspace


@pytest.fixture
def people(tmp_path):
    """A file of people, and the workspace that it goes to."""

    def write(count):
        path = tmp_path / "people.csv"
        lines = [f"P{number},p{number}@acme.example" for number in range(count)]
        path.write_text("First Name,E-Mail\n" + "\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture
def start():
    """Starts a script in a process of its own."""
    started = []

    def run(code, *arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            cwd=TESTS,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()
