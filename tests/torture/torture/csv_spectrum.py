"""The CSV spectrum: each file gives the rows that its JSON twin holds."""

import gzip
import json
from pathlib import Path

from torture import texts
from torture.program import Job, Program, in_parallel
from torture.report import Faults, folder

# The twin of this file is no list, and holds another telephone number than the file.
TWIN_IS_WRONG = {"location_coordinates"}


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs every CSV file, plain and compressed, and every twin through the JSON connector."""
    files = sorted((folder(data / "torture_csv") / "csvs").glob("*.csv"))

    def look(path: Path) -> None:
        expected = texts.rows(path.read_bytes().decode("utf-8"))
        twin = path.parent.parent / "json" / f"{path.stem}.json"
        if path.stem not in TWIN_IS_WRONG:
            held = json.loads(twin.read_bytes())
            absent = [{key: cell for key, cell in row.items() if cell} for row in held]
            faults.equal(f"{path.stem}: the two parsers in Python", expected, absent)
        columns = texts.table(path.read_bytes().decode("utf-8"))[0]
        for name, file in (
            (path.name, path.read_bytes()),
            (f"{path.name}.gz", gzip.compress(path.read_bytes())),
        ):
            sync(name, "csv", file, columns, expected)
        if path.stem not in TWIN_IS_WRONG:
            sync(
                twin.name,
                "json",
                twin.read_bytes(),
                columns,
                json.loads(twin.read_bytes()),
            )

    def sync(
        name: str, connector: str, file: bytes, columns: list[str], expected: list
    ) -> None:
        job = Job(connector, {"path": name}, texts.attributes(columns))
        found = program.sync(name, faults, job, {name: file})
        faults.equal(f"{name}: exit status", found.status, 0)
        faults.equal(name, texts.stored(found.records, columns), expected)
        faults.looked_at()

    in_parallel(look, files)
