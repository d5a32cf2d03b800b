"""The programs that are measured, and the files that they read."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .process import Usage, run

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"
BASELINES = ROOT / "benches" / "baselines"
CHANGED = 0.1


@dataclass(frozen=True)
class Bench:
    """Where things are, and how much is measured."""

    folder: Path
    rows: int
    rounds: int
    slow_rows: int
    large_rows: int
    growth_rows: list[int]
    load_records: int
    load_seconds: int
    venv: Path = field(default=ROOT / "target" / "bench" / "venv")

    def path(self, name: str) -> Path:
        """A place for a file that a part makes and may leave."""
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / name

    def contacts(self, name: str, *arguments: str) -> tuple[Path, dict[str, int]]:
        """Generates a file of contacts, and says what it holds. It takes a second a million rows."""
        file = self.path(f"{name}.csv")
        usage = run([RELEASE / "generate", *arguments, "--out", file])
        return file, json.loads(usage.output)

    def first_and_second(self, rows: int) -> tuple[Path, Path, int]:
        """Contacts, the same contacts later in another order, and how many of them changed."""
        first, _ = self.contacts(f"first-{rows}", "--rows", str(rows))
        second, held = self.contacts(
            f"second-{rows}",
            "--rows",
            str(rows),
            "--changed",
            str(CHANGED),
            "--order",
            "2",
        )
        return first, second, held["changed"]

    def sync(
        self, file: Path, workspace: Path, *options: str, **counts: int
    ) -> tuple[Usage, dict[str, Any]]:
        """Runs the product as a user runs it; its report must have exactly these counts."""
        usage = run(
            [
                RELEASE / "headwater",
                "sync",
                file,
                "--to",
                workspace,
                "--type",
                "contact",
            ]
            + ["--match", "primary_email", "--format", "json", *options]
        )
        report = json.loads(usage.output)
        stream = report["streams"][0]
        found = {name: stream[name] for name in counts}
        if found != counts:
            sys.exit(f"{file}: expected {counts}, the product reports {found}")
        return usage, report

    def python(self, script: str, *arguments: Path) -> Usage:
        """Runs a baseline of ours."""
        command = [self.venv / "bin" / "python", BASELINES / script, *arguments]
        return run(command, {"RUNTIME__DLTHUB_TELEMETRY": "false"})


def remove(database: Path) -> None:
    """Removes a database and everything beside it that belongs to it."""
    for beside in (".*", "__*"):
        for path in database.parent.glob(f"{database.stem}{beside}"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def build() -> None:
    """Builds what is measured, as it is released."""
    packages = ["headwater-cli", "headwater-connector-csv", "headwater-benches"]
    command = ["cargo", "build", "--release", "--quiet"]
    command += [word for name in packages for word in ("-p", name)]
    subprocess.run(command, cwd=ROOT, check=True)
