"""Another copy of SQLite in the process: Python has one of its own, and a notebook reads with it."""

import signal
import subprocess
import sys
from pathlib import Path

import headwater as hw
import pytest

WRITE = """
import os, signal, sqlite3, subprocess, sys
import headwater as hw

path, ending = sys.argv[1:]
ws = hw.open(path)
ws.create("contact", {"first_name": "first"})
reading = sqlite3.connect(path)
assert reading.execute("SELECT count(*) FROM contact").fetchall() == [(1,)]
reading.close()
ws.create_many("contact", [{"first_name": f"n{row}"} for row in range(100)])
if ending != "close":
    other = (
        "import sys, headwater as hw\\n"
        "with hw.open(sys.argv[1]) as ws:\\n"
        "    ws.create_many('contact', [{'first_name': 'other'} for _ in range(50)])\\n"
    )
    subprocess.run([sys.executable, "-c", other, path], check=True)
    os.kill(os.getpid(), signal.SIGKILL)
ws.close()
"""


@pytest.mark.parametrize(("ending", "written"), [("close", 101), ("kill", 151)])
def test_what_was_written_stays_when_sqlite3_has_read_beside_it(
    tmp_path: Path, ending: str, written: int
) -> None:
    path = tmp_path / "crm.db"
    ended = subprocess.run(
        [sys.executable, "-c", WRITE, str(path), ending], check=False
    )
    assert ended.returncode == (0 if ending == "close" else -signal.SIGKILL)
    with hw.open(str(path)) as ws:
        assert sum(1 for _ in ws.query("contact")) == written
