"""The product from Python: a bulk assert of rows that are in memory already.

python assert_many.py FORM FILE DATABASE      FORM is pyarrow, polars, pandas or dicts

Says on stdout, in JSON, how many seconds the assert and the closing took; the reading of the file is not
counted, and a child that the CLI is compared with reads it at its own cost.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import headwater as hw
from pyarrow import Table, csv


def table(file: Path) -> Table:
    """The rows; everything is text, and an empty cell null."""
    with file.open(encoding="utf-8") as opened:
        names = opened.readline().strip().split(",")
    convert = csv.ConvertOptions(
        strings_can_be_null=True,
        null_values=[""],
        column_types=dict.fromkeys(names, "string"),
    )
    return csv.read_csv(file, convert_options=convert)


def rows(form: str, file: Path) -> Any:
    """The rows in a form; an empty cell of a mapping is left out, as the CLI has it."""
    if form == "pyarrow":
        return table(file)
    if form == "polars":
        import polars

        return polars.from_arrow(table(file))
    if form == "pandas":
        return table(file).to_pandas()
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in table(file).to_pylist()
    ]


def main() -> None:
    """One assert into a workspace; nulls keep, as an empty cell does in a CSV file."""
    form, file, database = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    given = rows(form, file)
    with hw.open(database) as workspace:
        start = time.perf_counter()
        report = workspace.assert_many(
            "contact", given, match="primary_email", nulls="keep"
        )
    print(json.dumps({"seconds": time.perf_counter() - start, "counts": report.counts}))


if __name__ == "__main__":
    main()
