"""Jobs and mappings: from a row to a match value and attributes."""

import tomllib

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from . import values
from .decisions import (
    ABSENT,
    ADDRESS_PARTS,
    ALIASES,
    ATTRIBUTES,
    ITEM_TEXT,
    MATCH_KEYS,
    PRIMARY_OF,
    Rejected,
    Undecided,
)


class RowEnvironment(SandboxedEnvironment):
    """Jinja2 as near to minijinja as the jobs need: `row.x` is always the key x."""

    def getattr(self, obj, attribute):
        if isinstance(obj, dict):
            return (
                obj[attribute]
                if attribute in obj
                else self.undefined(obj=obj, name=attribute)
            )
        return super().getattr(obj, attribute)


ENVIRONMENT = RowEnvironment()
ENVIRONMENT.filters["split"] = lambda text, separator=None: text.split(separator)


def load(path, environment):
    """Reads a job file, ${NAME} replaced from `environment`."""
    with open(path, encoding="utf-8") as file:
        job_text = file.read()
    for name, value in environment.items():
        job_text = job_text.replace("${" + name + "}", value)
    job = tomllib.loads(job_text)
    if len(job["streams"]) != 1:
        raise Undecided("several streams")
    return job


class Mapping:
    """The compiled attributes of one stream."""

    def __init__(self, job, reading):
        stream = job["streams"][0]
        self.record_type = stream["record_type"]
        self.match = stream["match"]
        self.searched = MATCH_KEYS[self.record_type][self.match]
        self.region = job.get("default_region")
        self.reading = reading
        if stream.get("mode", "assert") != "assert":
            raise Undecided("mode")
        null = stream.get("null", "clear")
        self.entries = {}
        for name, origin in stream["attributes"].items():
            if isinstance(origin, str):
                origin = {"column": origin}
            elif not isinstance(origin, dict):
                origin = {"value": origin}
            origin = {"null": null} | origin
            if "expression" in origin:
                # undefined_to_none=False: undefined must stay apart from none.
                origin["run"] = ENVIRONMENT.compile_expression(
                    origin["expression"], undefined_to_none=False
                )
            self.entries[name] = origin

    def raw(self, origin, row):
        """The value of one entry before it is validated: ABSENT, None or a value."""
        if "value" in origin:
            return origin["value"]
        if "run" in origin:
            value = origin["run"](row=row)
            if isinstance(value, jinja2.Undefined):
                value = ABSENT if self.reading.undefined == "absent" else None
        else:
            value = row.get(origin["column"], ABSENT)
            if "split" in origin and isinstance(value, str):
                value = [
                    part
                    for part in map(str.strip, value.split(origin["split"]))
                    if part
                ]
        if value is ABSENT or value is None:
            value = origin.get("default", value)
        return ABSENT if value is None and origin["null"] == "keep" else value

    def apply(self, row):
        """Gives (match values, attributes); attributes hold validated values, ABSENT left out.

        An address is {part: value or None} with the parts that were given. An array of items is
        (items, whether the items themselves name the primary one). A primary e-mail or phone
        number is (value, what was written).
        """
        attributes, match, fault = {}, ABSENT, None
        for name, origin in self.entries.items():
            value = self.raw(origin, row)
            if name == self.match:
                match = value
            if value is ABSENT or name in ("email", "domain_name"):
                continue
            try:
                self.put(attributes, ALIASES.get((self.record_type, name), name), value)
            except Rejected as rejected:
                fault = fault or rejected
        keys = []
        try:
            keys = self.keys(match)
        except Rejected as rejected:
            if fault and rejected.code != fault.code:
                raise Undecided(
                    f"two faults in one row: {fault}; {rejected}"
                ) from rejected
            fault = fault or rejected
        if fault:
            raise fault
        return keys, attributes

    def put(self, attributes, name, value):
        name, _, part = name.partition(".")
        kind, is_array = ATTRIBUTES[self.record_type][name]
        if part:
            if part not in ADDRESS_PARTS or kind != "address":
                raise Undecided(f"{name}.{part}")
            attributes.setdefault(name, {})[part] = (
                None if value is None else values.text(value)
            )
        elif value is None:
            attributes[name] = None
        elif kind in ITEM_TEXT:
            attributes[name] = values.items(kind, value, self.region)
        elif name in PRIMARY_OF:
            parse = (
                values.email
                if kind == "email"
                else lambda text: values.phone(text, self.region)
            )
            attributes[name] = (parse(value), value.strip())
        elif is_array:
            if not isinstance(value, list):
                raise Undecided(f"{value!r} for an array")
            attributes[name] = [values.text(element) for element in value]
        else:
            parse = {
                "string": values.text,
                "currency": values.currency,
                "address": values.address,
            }[kind]
            attributes[name] = parse(value)

    def keys(self, match):
        """The texts to match by, in order; none is a fault."""
        elements = match if isinstance(match, list) else [match]
        elements = [
            element
            for element in elements
            if element is not ABSENT and element is not None
        ]
        if not elements:
            raise Rejected("field_required_missing", "no value to match by")
        kind, _ = ATTRIBUTES[self.record_type][self.searched]
        return [
            values.item(kind, element, self.region)[ITEM_TEXT[kind]]
            for element in elements
        ]
