"""Files that end too early: cut at every byte, the rows before the cut are there, and no others."""

import csv
import io
import json
from pathlib import Path

from torture import texts
from torture.program import Job, Program, in_parallel
from torture.report import Faults

CSV = (
    "name,näme2,third\r\n"
    'Sarah,"Chen, ""CEO""",1\r\n'
    "Łukasz,𝄞,2\n"
    '"line\nbreak",,\n'
    "\n"
    "short\n"
    "last,“x”,9\r\n"
).encode()
ROWS: list[dict[str, object]] = [
    {"a": "1", "b": 'quote " and \\ and ]}'},
    {"a": "Łukasz 𝄞", "b": [{"c": "]"}, "}"]},
    {"a": "\u2028", "n": -1.5e3, "t": True, "z": None},
]
LAST = {"a": "last"}
WHOLE_ROW = {"last_name": {"value": "x"}, "title": {"expression": "row | tojson"}}


def run(program: Program, data: Path, faults: Faults) -> None:
    """Cuts a CSV file, JSON Lines and an array at every byte."""
    del data  # made here
    array = (
        "["
        + ",\n ".join(json.dumps(row, ensure_ascii=False) for row in [*ROWS, LAST])
        + "]\n"
    ).encode()
    lines = "".join(
        json.dumps(row, ensure_ascii=False) + "\n" for row in [*ROWS, LAST]
    ).encode()
    works = [
        lambda cut=cut: cut_csv(program, faults, CSV[:cut])
        for cut in range(len(CSV) + 1)
    ]
    works += [
        lambda cut=cut: cut_array(program, faults, array[:cut])
        for cut in range(len(array) + 1)
    ]
    works += [
        lambda cut=cut: cut_lines(program, faults, lines[:cut])
        for cut in range(len(lines) + 1)
    ]
    in_parallel(lambda work: work(), works)


def cut_csv(program: Program, faults: Faults, file: bytes) -> None:
    """An open quote ends the run; a letter cut in two refuses its row; a short row is a row."""
    place = f"CSV cut after byte {len(file)}"
    names = texts.table(CSV.decode("utf-8"))[0]
    job = Job("csv", {"path": "cut.csv", "delimiter": ","}, texts.attributes(names))
    found = program.sync(place, faults, job, {"cut.csv": file})
    faults.looked_at()
    # Cut letters become lone surrogates, which tell the rows that hold them.
    text = file.decode("utf-8", "surrogateescape")
    is_open = text.count('"') % 2 == 1
    whole = text[: text.rindex('"')] if is_open else text
    whole = whole[: max(whole.rfind("\n"), 0) + 1] if is_open else whole
    table = [row for row in csv.reader(io.StringIO(whole, newline="")) if row]
    if not table or not table[0][0].isprintable() or "\udcc3" in "".join(table[0]):
        faults.equal(
            f"{place}: code", (found.code, found.records), ("source_data_invalid", [])
        )
        return
    header, *rows = table
    good = [
        row for row in rows if not any(0xDC00 <= ord(c) <= 0xDFFF for c in "".join(row))
    ]
    expected = [
        {name: cell for name, cell in zip(header, row, strict=False) if cell}
        for row in good
    ]
    stored = texts.stored(found.records, names)
    faults.equal(place, stored, expected)
    faults.equal(f"{place}: rejects", len(found.rejects), len(rows) - len(good))
    faults.equal(
        f"{place}: ended by", found.code, "source_data_invalid" if is_open else None
    )


def cut_array(program: Program, faults: Faults, file: bytes) -> None:
    """The elements that are whole are taken, then the run fails where the file ends."""
    place = f"array cut after byte {len(file)}"
    found = program.sync(
        place, faults, Job("json", {"path": "cut.json"}, WHOLE_ROW), {"cut.json": file}
    )
    faults.looked_at()
    text = file.decode("utf-8", "ignore")
    at, expected = 1, []
    while True:
        try:
            row, at = json.JSONDecoder().raw_decode(
                text, at + len(text[at:]) - len(text[at:].lstrip(" ,\n"))
            )
        except ValueError:
            break
        expected.append(row)
    is_whole = text.rstrip().endswith("]") and len(expected) == len(ROWS) + 1
    faults.equal(
        place, [json.loads(str(row["title"])) for row in found.records], expected
    )
    faults.equal(
        f"{place}: ended by", found.code, None if is_whole else "source_data_invalid"
    )
    if not is_whole and "line" not in found.message:
        faults.add(place, f"no place in {found.message}")


def cut_lines(program: Program, faults: Faults, file: bytes) -> None:
    """Each line stands for itself: the one that is cut is refused alone."""
    place = f"lines cut after byte {len(file)}"
    found = program.sync(
        place,
        faults,
        Job("json", {"path": "cut.jsonl"}, WHOLE_ROW),
        {"cut.jsonl": file},
    )
    faults.looked_at()
    expected, refused = [], 0
    for line in filter(None, file.split(b"\n")):
        try:
            expected.append(json.loads(line.decode("utf-8")))
        except ValueError:
            refused += 1
    faults.equal(
        place, [json.loads(str(row["title"])) for row in found.records], expected
    )
    codes = [reject["code"] for reject in found.rejects]
    faults.equal(f"{place}: refused", codes, ["source_data_invalid"] * refused)
    faults.equal(f"{place}: exit status", found.status, 2 if refused else 0)
