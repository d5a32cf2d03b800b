"""wrk, found or installed, and one run of it."""

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from .bench import ROOT

SCRIPTS = ROOT / "benches" / "load"
TOOLS = ROOT / ".tools"


@dataclass(frozen=True)
class Load:
    """What the clients saw of one run."""

    rate: float
    p50_ms: float
    p99_ms: float


def find_wrk() -> list[str]:
    """The command that starts wrk: the system's, or Debian's package, installed or unpacked."""
    if found := shutil.which("wrk"):
        return [found]
    if os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-q"], check=True, stdout=sys.stderr)
        install = ["apt-get", "install", "-y", "-q", "wrk"]
        subprocess.run(install, check=True, stdout=sys.stderr)
        return ["wrk"]
    folder = TOOLS / "wrk"
    if not (folder / "usr").exists():
        folder.mkdir(parents=True, exist_ok=True)
        packages = ["wrk", "libluajit-5.1-2", "libluajit-5.1-common"]
        download = ["apt-get", "download", "-q", *packages]
        subprocess.run(download, cwd=folder, check=True, stdout=sys.stderr)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
    libraries = folder / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    return ["env", f"LD_LIBRARY_PATH={libraries}", str(folder / "usr" / "bin" / "wrk")]


def load(
    wrk: list[str],
    seconds: int,
    connections: int,
    url: str,
    script: str,
    asked: str,
    people: Path,
    headers: list[str],
) -> Load:
    """Asks for as much as is answered; an answer that is no success makes the run worthless."""
    command = [*wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["-s", str(SCRIPTS / script), url, "--", asked, str(people), *headers]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])
    if seen["failed"] or not seen["requests"]:
        sys.exit(f"{script} {asked}: {seen}")
    return Load(seen["requests"] / seen["seconds"], seen["p50_ms"], seen["p99_ms"])
