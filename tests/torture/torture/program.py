"""Runs the program on a job, and checks what must hold of every run whatever it reads."""

import json
import sqlite3
import subprocess
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from torture.report import Faults

Input = TypeVar("Input")

# Far more than any run needs on any machine: only a hang takes so long.
PATIENCE_SECONDS = 240
# Codes that mean a fault of the program's own, never one of its input.
NEVER = {
    "internal_error",
    "connector_panicked",
    "connector_misbehaved",
    "store_corrupt",
    "store_io",
}


@dataclass
class Job:
    """A job with one stream into an empty workspace."""

    connector: str
    config: dict[str, object]
    attributes: dict[str, object]
    record_type: str = "contact"
    default_region: str | None = None
    extra: dict[str, object] = field(default_factory=dict)

    def toml(self) -> str:
        """The job file."""
        lines = []
        if self.default_region:
            lines.append(f"default_region = {toml(self.default_region)}")
        lines += ["[source]", f"connector = {toml(self.connector)}"]
        lines += [f"config = {toml(self.config)}", "[target]", 'workspace = "crm.db"']
        lines += [
            "[[streams]]",
            f"record_type = {toml(self.record_type)}",
            'mode = "create"',
        ]
        lines += [f"{key} = {toml(value)}" for key, value in self.extra.items()]
        lines += ["[streams.attributes]"]
        lines += [
            f"{toml(key)} = {toml(value)}" for key, value in self.attributes.items()
        ]
        return "\n".join(lines) + "\n"


def toml(value: object) -> str:
    """A value of a job file on one line."""
    if isinstance(value, dict):
        return (
            "{"
            + ", ".join(f"{toml(key)} = {toml(item)}" for key, item in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    # A JSON string is a basic string of TOML but for the one control character JSON leaves.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@dataclass
class Run:
    """What a run said and left behind."""

    status: int
    report: dict
    errors: str
    records: list[dict[str, object]]
    rejects: list[dict[str, object]]

    @property
    def stream(self) -> dict:
        """The counts of the one stream; empty if the run did not come so far."""
        streams = self.report.get("streams") or [{}]
        return streams[0]

    @property
    def code(self) -> str | None:
        """The code of the error that ended the run."""
        return (self.report.get("error") or {}).get("code")

    @property
    def message(self) -> str:
        """Everything that the error which ended the run says."""
        return json.dumps(self.report.get("error"))


class Program:
    """The program under test."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    def sync(
        self, place: str, faults: Faults, job: Job, files: dict[str, bytes]
    ) -> Run:
        """Runs a job beside its files in a folder of its own, and checks what always holds."""
        with TemporaryDirectory(prefix="headwater-torture-") as name:
            folder = Path(name)
            for file, data in files.items():
                (folder / file).write_bytes(data)
            (folder / "job.toml").write_text(job.toml(), encoding="utf-8")
            command = [self.path, "sync", "job.toml", "--format", "json"]
            try:
                finished = subprocess.run(
                    command,
                    cwd=folder,
                    capture_output=True,
                    timeout=PATIENCE_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                faults.add(place, f"hung: not done after {PATIENCE_SECONDS} s")
                return Run(-1, {}, "", [], [])
            errors = finished.stderr.decode("utf-8", "replace")
            try:
                report = json.loads(finished.stdout)
            except ValueError:
                faults.add(
                    place,
                    f"stdout is no JSON; status {finished.returncode}; {errors:.400}",
                )
                report = {}
            records, rejects = read_workspace(folder / "crm.db", job.record_type)
        run = Run(finished.returncode, report, errors, records, rejects)
        check(place, faults, run)
        return run


def read_workspace(
    path: Path, record_type: str
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """The records in the order in which they were made, and the refused rows."""
    if not path.exists():
        return [], []
    with closing(sqlite3.connect(path)) as workspace:
        workspace.row_factory = sqlite3.Row

        def rows(query: str) -> list[dict[str, object]]:
            return [dict(row) for row in workspace.execute(query)]

        tables = {row["name"] for row in rows("select name from sqlite_master")}
        if record_type not in tables:
            return [], []
        records = rows(f"select * from {record_type} order by rid")
        return records, rows("select * from headwater_reject order by number")


def check(place: str, faults: Faults, run: Run) -> None:
    """What holds of every run: it ends by itself, says how, and accounts for every row."""
    if run.status not in (0, 1, 2):
        faults.add(place, f"exit status {run.status}; {run.errors:.400}")
    if "panicked" in run.errors or "RUST_BACKTRACE" in run.errors:
        faults.add(place, f"panic: {run.errors:.400}")
    state = run.report.get("state")
    if state == "done":
        faults.equal(f"{place}: exit status", run.status, 2 if run.rejects else 0)
    else:
        faults.equal(f"{place}: state", (state, run.status), ("failed", 1))
        error = run.report.get("error") or {}
        if not all(error.get(key) for key in ("code", "message", "hint")):
            faults.add(place, f"the error lacks its code, message or hint: {error}")
    codes = {run.code, *(reject["code"] for reject in run.rejects)}
    if codes & NEVER:
        faults.add(place, f"{codes & NEVER}: {run.message:.300} {run.rejects!r:.300}")
    counts = {key: run.stream.get(key, 0) for key in ("read", "created", "rejected")}
    others = [run.stream.get(key, 0) for key in ("updated", "unchanged", "archived")]
    found = {
        "read": len(run.records) + len(run.rejects),
        "created": len(run.records),
        "rejected": len(run.rejects),
    }
    faults.equal(f"{place}: rows accounted for", (counts, others), (found, [0, 0, 0]))
    faults.equal(
        f"{place}: by code",
        sum(run.stream.get("rejects", {}).values()),
        len(run.rejects),
    )
    for reject in run.rejects:
        if not (reject["message"] and reject["hint"] and reject["position"]):
            faults.add(
                place, f"a reject without message, hint or place: {reject!r:.300}"
            )


def in_parallel(work: Callable[[Input], None], inputs: Iterable[Input]) -> None:
    """Does the work on each input, some at a time: most of it is waiting for the program."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        for _ in pool.map(work, inputs):
            pass
