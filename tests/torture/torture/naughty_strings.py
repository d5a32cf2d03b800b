"""The big list of naughty strings: text comes back byte by byte, typed values by their rules."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from torture import values
from torture.program import Job, Program, in_parallel
from torture.report import Faults, folder

# Beside the list: what is read by the type, so that each type has values that are accepted.
VALID = [
    *(
        " Ada.Lovelace@Example.org ",
        "ünï@例え.テスト",
        *(
            "a@b.c.",
            "a@10.0.0.1",
            "a@b.c4",
            "a@b.c, d@e.f",
            "Ada <a@b.c>",
            "a\u200b@b.c",
        ),
        "o'brien+x@sub.domain-x.co",
    ),
    *(
        "+1 415 555 2671",
        "(415) 555-2671",
        "+49 1512 3456789 ext. 5",
        "tel:+44-20-7946-0018",
    ),
    *("\uff0b1 (415) 555\u20102671", "011 49 1512 3456789", "0800", "+7 800 200-00-00"),
    *("TRUE", " yes", "No ", "0", "1", "2", "1.0", "on"),
    *("qualified", "working", "Qualified", "customer", "target"),
    *(
        "1234.50",
        "-3",
        "1.5e3",
        "+7",
        "1,234",
        "$5",
        "1e400",
        "9" * 28,
        "9" * 29,
        ".5",
        "5.",
    ),
    *(
        "acme.com",
        "ACME.example.",
        "https://acme.com",
        "a..b",
        "-a.b",
        "xn--bcher-kva.example",
    ),
    *("c2a5a0d6-3c3f-4b0e-8f0e-5d9f1f3f6f10", "{c2a5a0d6-3c3f-4b0e-8f0e-5d9f1f3f6f10}"),
]
# (record type, attribute, column in the table that holds it, the rule)
TYPED: list[tuple[str, str, str, Callable[[str], str | int | None]]] = [
    ("contact", "primary_email", "primary_email", values.email),
    ("contact", "primary_phone_number", "primary_phone_number", values.phone),
    ("contact", "sms_consent", "sms_consent", values.boolean),
    ("contact", "stage", "stage", values.contact_stage),
    ("contact", "contact_emails", "primary_email", values.email),
    ("contact", "contact_phone_numbers", "primary_phone_number", values.phone),
    ("account", "stage", "stage", values.account_stage),
    ("account", "estimated_annual_revenue", "estimated_annual_revenue", values.decimal),
    # Teams are not kept, so their ids are taken as they are.
    ("note", "owner_team_id", "owner_team_id", values.uuid),
]
DEFAULTS = {("contact", "stage"): "new", ("account", "stage"): "target"}
NAME = {"contact": "last_name", "account": "name", "note": "note_html"}
STORED_NAME = {**NAME, "account": "display_name"}


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs every string as a value of every kind, from CSV and from JSON."""
    listed = json.loads((folder(data / "torture_strings") / "blns.json").read_bytes())
    lines = (
        (data / "torture_strings" / "blns.txt").read_text(encoding="utf-8").splitlines()
    )
    strings = list(dict.fromkeys([*listed, *lines, *VALID]))
    works = [
        lambda connector=connector, kind=kind: as_text(
            program, faults, connector, kind, strings
        )
        for connector in ("csv", "json")
        for kind in (("contact", "title"), ("account", "description"))
    ]
    works += [
        lambda connector=connector, kind=kind: typed(
            program, faults, connector, kind, strings
        )
        for connector in ("csv", "json")
        for kind in TYPED
    ]
    works += [lambda: domains(program, faults, strings)]
    in_parallel(lambda work: work(), works)


def source(connector: str, strings: list[str]) -> tuple[str, bytes]:
    """A file that holds the strings in the column `s`, and their number in `n`."""
    if connector == "json":
        rows = [{"n": str(n), "s": string} for n, string in enumerate(strings)]
        return "strings.json", json.dumps(rows, ensure_ascii=False).encode("utf-8")
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerows(
        [["n", "s"], *([str(n), string] for n, string in enumerate(strings))]
    )
    return "strings.csv", file.getvalue().encode("utf-8")


def as_text(
    program: Program,
    faults: Faults,
    connector: str,
    kind: tuple[str, str],
    strings: list[str],
) -> None:
    """Text is never changed; an empty cell of CSV is absent."""
    record_type, attribute = kind
    place = f"{connector} to {record_type}.{attribute}"
    file, content = source(connector, strings)
    job = Job(
        connector, {"path": file}, {NAME[record_type]: "n", attribute: "s"}, record_type
    )
    found = program.sync(place, faults, job, {file: content})
    faults.equal(f"{place}: records", len(found.records), len(strings))
    for record, string in zip(found.records, strings, strict=False):
        absent = connector == "csv" and not string
        faults.equal(
            f"{place}: {string!r}", record[attribute], None if absent else string
        )
    faults.looked_at(len(strings))


def typed(
    program: Program,
    faults: Faults,
    connector: str,
    kind: tuple[str, str, str, Callable[[str], str | int | None]],
    strings: list[str],
) -> None:
    """A value is stored by the rule of its type, or its row is refused for it and kept."""
    record_type, attribute, column, rule = kind
    place = f"{connector} to {record_type}.{attribute}"
    file, content = source(connector, strings)
    mapped = {NAME[record_type]: "n", attribute: "s"}
    job = Job(connector, {"path": file}, mapped, record_type, default_region="US")
    found = program.sync(place, faults, job, {file: content})
    by_number = {
        str(record[STORED_NAME[record_type]]): record for record in found.records
    }
    refused = {str(json.loads(str(r["source_row"]))["n"]): r for r in found.rejects}
    accepted = 0
    for number, string in enumerate(strings):
        record, reject = by_number.get(str(number)), refused.get(str(number))
        absent = connector == "csv" and not string
        expected = None if absent else rule(string)
        at = f"{place}: {string!r}"
        if absent or expected is not None:
            accepted += not absent
            unset = DEFAULTS.get((record_type, attribute))
            faults.equal(at, record and record[column], unset if absent else expected)
            continue
        told = reject and (reject["code"], reject["field"], reject["is_cut"])
        faults.equal(at, told, ("field_value_invalid", attribute, 0))
        if reject:
            faults.equal(
                f"{at}: kept", json.loads(str(reject["source_row"]))["s"], string
            )
    if not accepted:
        faults.add(place, "no value was accepted: the test shows nothing")
    faults.looked_at(len(strings))


def domains(program: Program, faults: Faults, strings: list[str]) -> None:
    """A domain is stored in a table of its own; the record tells which rows were taken."""
    file, content = source("json", strings)
    job = Job("json", {"path": file}, {"name": "n", "domains": "s"}, "account")
    found = program.sync("domains", faults, job, {file: content})
    taken = {str(record["display_name"]) for record in found.records}
    for number, string in enumerate(strings):
        expected = values.domain(string) is not None
        faults.equal(f"domains: {string!r}: taken", str(number) in taken, expected)
    faults.looked_at(len(strings))
