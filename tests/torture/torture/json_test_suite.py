"""JSONTestSuite: what is JSON is taken row by row, what is none is refused with its place."""

import json
import re
from pathlib import Path

from torture import texts
from torture.program import Job, Program, Run, in_parallel
from torture.report import Faults, folder

# A stream of rows hands over what stands complete before a fault, then fails with its place. In
# these files a whole row stands before it.
ROWS_BEFORE_THE_FAULT: dict[str, list[object]] = {
    "n_array_unclosed_with_object_inside.json": [{}],
    "n_object_trailing_comment.json": [{"a": "b"}],
    "n_object_trailing_comment_open.json": [{"a": "b"}],
    "n_object_trailing_comment_slash_open.json": [{"a": "b"}],
    "n_object_trailing_comment_slash_open_incomplete.json": [{"a": "b"}],
    "n_object_with_trailing_garbage.json": [{"a": "b"}],
    "n_structure_object_followed_by_closing_object.json": [{}],
    "n_structure_object_with_trailing_garbage.json": [{"a": True}],
    "n_structure_trailing_#.json": [{"a": "b"}],
}
WHOLE_ROW = {"last_name": {"value": "x"}, "title": {"expression": "row | tojson"}}
# Of an array the program says the element, of lines the line, of a document the line and column.
PLACE = re.compile(r"\b(line|element|column|byte)\b|position")


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs every file as it is."""
    files = sorted((folder(data / "torture_json") / "test_parsing").glob("*.json"))

    def look(path: Path) -> None:
        file = path.read_bytes()
        job = Job("json", {"path": path.name}, WHOLE_ROW)
        found = program.sync(path.name, faults, job, {path.name: file})
        kind = path.name[0]
        if kind == "y":
            accepted(path.name, found, texts.strict_json(file.decode("utf-8")), faults)
        elif kind == "n":
            refused(path.name, found, faults)
        else:
            either(path.name, found, file, faults)
        faults.looked_at()

    in_parallel(look, files)


def accepted(name: str, found: Run, document: object, faults: Faults) -> None:
    """Rows are objects: an array's elements, or the document. Anything else is refused as data."""
    if isinstance(document, list):
        objects = [element for element in document if isinstance(element, dict)]
        others = len(document) - len(objects)
    elif isinstance(document, dict):
        objects, others = [document], 0
    else:
        objects, others = [], 1
    faults.equal(name, held(found), objects)
    refusals = [reject["code"] for reject in found.rejects] or [found.code] * bool(
        found.code
    )
    faults.equal(f"{name}: refused", refusals, ["source_data_invalid"] * others)


def refused(name: str, found: Run, faults: Faults) -> None:
    """It is refused for its text, with a place; only whole rows before the fault are taken."""
    before = ROWS_BEFORE_THE_FAULT.get(name, [])
    faults.equal(f"{name}: records", held(found), before)
    if before:
        faults.equal(f"{name}: ended by", found.code, "source_data_invalid")
    codes = {found.code, *(reject["code"] for reject in found.rejects)} - {None}
    faults.equal(f"{name}: codes", codes, {"source_data_invalid"})
    if found.code and not PLACE.search(found.message):
        faults.add(name, f"no place in {found.message}")


def either(name: str, found: Run, file: bytes, faults: Faults) -> None:
    """What the standard leaves open may be refused; what is taken is what Python reads."""
    if not found.records:
        codes = {found.code, *(reject["code"] for reject in found.rejects)} - {None}
        faults.equal(f"{name}: codes", codes, {"source_data_invalid"})
        return
    document = texts.strict_json(file.decode("utf-8-sig"))
    faults.equal(
        name, held(found), document if isinstance(document, list) else [document]
    )


def held(found: Run) -> list[object]:
    """The rows as the records hold them: whole, as JSON."""
    return [json.loads(str(record["title"])) for record in found.records]
