"""Phone numbers: libphonenumber's examples of every region and type, by libphonenumber's answers.

The oracle is its port to Python. Every number is written in the ways people and programs write
it, and read under several default regions, its own among them.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from torture import values
from torture.program import Job, Program, in_parallel
from torture.report import Faults, folder

# Regions with different digits for dialling abroad, trunk prefixes and country codes; or none.
DEFAULT_REGIONS = [
    "US",
    "GB",
    "DE",
    "FR",
    "JP",
    "BR",
    "IN",
    "RU",
    "AU",
    "IT",
    "MX",
    "KR",
]
FEWEST = 20_000


def run(program: Program, data: Path, faults: Faults) -> None:
    """Syncs one file for each default region."""
    file = folder(data / "torture_phones") / "examples.mobile.json"
    mobile: dict[str, str] = json.loads(file.read_bytes())
    numbers = list(examples())
    for region, national in mobile.items():
        numbers.append((region, phonenumbers.parse(national, region)))
    files: dict[str | None, dict[str, None]] = {None: {}}
    for region in DEFAULT_REGIONS:
        files[region] = {}
    for place, (region, number) in enumerate(numbers):
        files[None].update(dict.fromkeys(international(number)))
        # Each default region dials each number; which one reads it as it is goes round.
        files[DEFAULT_REGIONS[place % len(DEFAULT_REGIONS)]].update(
            dict.fromkeys(international(number))
        )
        for default in DEFAULT_REGIONS:
            dialled = phonenumbers.format_out_of_country_calling_number(number, default)
            files[default][dialled] = None
        if region:
            files.setdefault(region, {}).update(dict.fromkeys(national_forms(number)))
    for region, national in mobile.items():
        files[region][national] = None

    def look(entry: tuple[str | None, dict[str, None]]) -> None:
        sync(program, faults, entry[0], list(entry[1]))

    in_parallel(look, files.items())
    if faults.inputs < FEWEST:
        faults.add("phones", f"only {faults.inputs} numbers were looked at")


def examples() -> Iterator[tuple[str | None, PhoneNumber]]:
    """An example of every type in every region, and of what is no number there."""
    kinds = [
        kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN
    ]
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        found = [phonenumbers.example_number_for_type(region, kind) for kind in kinds]
        found.append(phonenumbers.invalid_example_number(region))
        yield from ((region, number) for number in found if number)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = phonenumbers.example_number_for_non_geo_entity(code)
        if number:
            yield None, number


def international(number: PhoneNumber) -> Iterator[str]:
    """The forms that name the country."""
    for form in (
        PhoneNumberFormat.E164,
        PhoneNumberFormat.INTERNATIONAL,
        PhoneNumberFormat.RFC3966,
    ):
        yield phonenumbers.format_number(number, form)
    yield (
        "\uff0b"
        + phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]
        + " ext. 12"
    )


def national_forms(number: PhoneNumber) -> Iterator[str]:
    """The forms that are written inside the country."""
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    yield from (national, f"tel:{national}", f"{national} x7")
    yield phonenumbers.national_significant_number(number)
    yield phonenumbers.format_number(number, PhoneNumberFormat.E164)


def sync(
    program: Program, faults: Faults, region: str | None, numbers: list[str]
) -> None:
    """Compares what became of each number with the oracle's answer."""
    place = f"default region {region}"
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["n", "phone"], *enumerate(numbers)])
    mapped = {"last_name": "n", "primary_phone_number": "phone"}
    job = Job("csv", {"path": "phones.csv"}, mapped, default_region=region)
    found = program.sync(
        place, faults, job, {"phones.csv": file.getvalue().encode("utf-8")}
    )
    became = {
        str(record["last_name"]): record["primary_phone_number"]
        for record in found.records
    }
    became |= {json.loads(str(r["source_row"]))["n"]: r["code"] for r in found.rejects}
    for row, text in enumerate(numbers):
        expected = values.phone(text, region) or "field_value_invalid"
        faults.equal(f"{place}: {text!r}", became.get(str(row)), expected)
    faults.looked_at(len(numbers))
