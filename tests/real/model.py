"""Runs the independent model over the real data: prints figures, writes or checks expected.json."""

import argparse
import itertools
import json
import os
import sys
import tomllib
from collections import Counter
from pathlib import Path

from reference.decisions import Reading, Rejected, Undecided
from reference.mapping import Mapping, load
from reference.sources import READERS
from reference.workspace import Workspace

HERE = Path(__file__).resolve().parent
EXPECTED = HERE / "expected.json"
READINGS = [
    Reading(undefined=undefined, phone_text_counts=counts)
    for undefined, counts in itertools.product(("absent", "null"), (False, True))
]


def shared():
    """The folder of the public data: HEADWATER_SHARED, or `shared` beside the repository."""
    found = os.environ.get("HEADWATER_SHARED")
    return Path(found) if found else HERE.parents[2] / "shared"


def run_step(workspace, name, reading):
    """Runs one job; gives its counts as the report of `headwater sync` does."""
    variables = {
        "HEADWATER_DATA": str(shared() / "data"),
        "HEADWATER_WORKSPACE": "model",
    }
    job = load(HERE / "jobs" / f"{name}.toml", variables)
    mapping = Mapping(job, reading)
    counts, rejects = Counter(), Counter()
    for number, row in enumerate(
        READERS[job["source"]["connector"]](job["source"]["config"])
    ):
        counts["read"] += 1
        try:
            keys, attributes = mapping.apply(row)
            counts[
                workspace.assert_(mapping.record_type, mapping.match, keys, attributes)
            ] += 1
        except Rejected as rejected:
            rejects[rejected.code] += 1
        except Undecided as cause:
            raise Undecided(f"{name}, row {number}: {cause}") from cause
    limit = job["streams"][0].get("max_rejects", 0)
    allowed = (
        float(limit.rstrip("%")) / 100 * counts["read"]
        if isinstance(limit, str)
        else limit
    )
    if rejects.total() > allowed:
        raise Undecided(f"{name}: {rejects.total()} rejects, {limit} allowed")
    figures = {key: counts[key] for key in ("read", "created", "updated", "unchanged")}
    return figures | {
        "rejected": rejects.total(),
        "rejects": dict(sorted(rejects.items())),
    }


def shown(record):
    """A record as expected.json holds it: what is compared with a record of Headwater."""
    result = {}
    for name, value in record.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            hidden = {"written"} | ({"labels"} if "domain_name" in value[0] else set())
            value = [
                {k: v for k, v in item.items() if k not in hidden} for item in value
            ]
        result[name] = value
    for array, key, primary in (
        ("contact_emails", "email", "primary_email"),
        ("contact_phone_numbers", "phone_number", "primary_phone_number"),
    ):
        if array in record:
            result[primary] = next(
                (item[key] for item in record[array] if item["is_primary"]), None
            )
    return result


def run_scenario(scenario, reading):
    """Runs the steps of a scenario into one workspace and looks its records up."""
    workspace = Workspace(reading)
    steps = []
    for step in scenario["steps"]:
        figures = run_step(workspace, step["job"], reading)
        found = [
            figures[key] for key in ("created", "updated", "unchanged", "rejected")
        ]
        if step.get("given", found) != found:
            raise Undecided(
                f"{step['job']}: the model gives {found}, given is {step['given']}"
            )
        steps.append({"job": step["job"], "args": step.get("args", [])} | figures)
    records = []
    for record_type, attribute, value in scenario.get("records", []):
        hits = workspace.hits(record_type, [value])
        if len(hits) != 1:
            raise Undecided(
                f"{len(hits)} records of {scenario['name']} have {attribute} {value}"
            )
        attributes = shown(workspace.records[record_type][hits[0]])
        records.append(
            {
                "record_type": record_type,
                "attribute": attribute,
                "value": value,
                "attributes": attributes,
            }
        )
    return {
        "scenario": scenario["name"],
        "steps": steps,
        "records_in_all": {
            kind: len(held) for kind, held in workspace.records.items() if held
        },
        "records": records,
    }


def run_all(reading):
    with open(HERE / "scenarios.toml", "rb") as file:
        scenarios = tomllib.load(file)["scenarios"]
    return [run_scenario(scenario, reading) for scenario in scenarios]


def render(results):
    """JSON with one line for each step and each record."""
    parts = []
    for result in results:
        fields = []
        for name, value in result.items():
            if name in ("steps", "records"):
                lines = [json.dumps(line, ensure_ascii=False) for line in value]
                value = "[\n   " + ",\n   ".join(lines) + "\n  ]"
            else:
                value = json.dumps(value)
            fields.append(f'  "{name}": {value}')
        parts.append(" {\n" + ",\n".join(fields) + "\n }")
    return "[\n" + ",\n".join(parts) + "\n]\n"


def table(results):
    for result in results:
        for step in result["steps"]:
            counts = " ".join(
                f"{key}={step[key]}"
                for key in ("read", "created", "updated", "unchanged", "rejected")
            )
            yield f"{step['job']} {' '.join(step['args'])}: {counts} {step['rejects'] or ''}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check",
        action="store_true",
        help="fail if expected.json is not what the model gives",
    )
    parser.add_argument("--write", action="store_true", help="write expected.json")
    parser.add_argument(
        "--table", action="store_true", help="print one line per step instead of JSON"
    )
    options = parser.parse_args()
    if not shared().is_dir():
        print(f"no data: {shared()} is missing, set HEADWATER_SHARED", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    results = [run_all(reading) for reading in READINGS]
    for reading, other in zip(READINGS, results):
        if other != results[0]:
            different = [a for a, b in zip(table(results[0]), table(other)) if a != b]
            print(f"figures depend on {reading}: {different}", file=sys.stderr)
            return 1
    found = render(results[0])
    if options.write:
        EXPECTED.write_text(found, encoding="utf-8")
    if options.table:
        print("\n".join(table(results[0])))
    elif not options.check and not options.write:
        print(found, end="")
    if options.check:
        if EXPECTED.read_text(encoding="utf-8") != found:
            print(
                "expected.json is not what the model gives; see model.py --write",
                file=sys.stderr,
            )
            return 1
        print(
            f"{len(results[0])} scenarios as expected, under {len(READINGS)} readings"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
