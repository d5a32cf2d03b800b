"""Sources: rows of the CSV and JSON files, empty CSV cells left out."""

import csv
import io
import json

from .decisions import Undecided

CSV_KEYS = {"path", "delimiter", "encoding"}
JSON_KEYS = {"path", "rows"}


def csv_rows(config):
    """A row is a mapping; an empty cell, or one missing at the end of a short line, is absent."""
    if set(config) - CSV_KEYS:
        raise Undecided(f"csv config {config}")
    with open(config["path"], "rb") as file:
        data = file.read()
    content = data.decode(config.get("encoding", "utf-8")).removeprefix("\ufeff")
    reader = csv.reader(
        io.StringIO(content, newline=""),
        delimiter=config.get("delimiter", ","),
        strict=True,
    )
    header = next(reader)
    if len(set(header)) != len(header) or not all(header):
        raise Undecided("columns without a name of their own")
    for cells in reader:
        if not cells:
            continue
        if len(cells) > len(header):
            raise Undecided(
                f"line {reader.line_num} has more cells than there are columns"
            )
        yield {name: cell for name, cell in zip(header, cells) if cell != ""}


def json_rows(config):
    """The elements of one JSON array, or of the array under `rows`."""
    if set(config) - JSON_KEYS:
        raise Undecided(f"json config {config}")
    with open(config["path"], encoding="utf-8") as file:
        document = json.load(file)
    yield from document[config["rows"]] if "rows" in config else document


READERS = {"csv": csv_rows, "json": json_rows}
