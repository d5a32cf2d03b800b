"""What Schemathesis needs to know beyond the document: formats, records, reasons."""

import json
import os

import schemathesis
from hypothesis import strategies as st
from schemathesis.generation.meta import TestPhase

IDS = json.loads(os.environ.get("HEADWATER_IDS", "{}"))

digits = st.text("0123456789", min_size=4, max_size=4)
schemathesis.openapi.format("phone-number", st.builds("+1415555{}".format, digits))

label = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5})?", fullmatch=True)
schemathesis.openapi.format("idn-hostname", st.builds("{}.{}".format, label, label))
schemathesis.openapi.format("idn-email", st.emails())
schemathesis.openapi.format(
    "iri", st.builds("https://{}.{}/{}".format, label, label, label)
)


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other request is about a record that is there."""
    given = path_parameters or {}
    record_type = context.operation.path.split("/")[3:4]
    known = IDS.get(record_type[0]) if record_type else None
    asked = given.get("id")
    if known and isinstance(asked, str) and sum(asked.encode()) % 2 == 0:
        return {**given, "id": known[len(asked) % len(known)]}
    return path_parameters


def is_explained(case, error):
    """Whether a request that the schema allows may be refused so: what no schema can say."""
    code, message = error["code"], error["message"]

    def says(*reasons):
        return any(reason in message for reason in reasons)

    match code:
        # Only the server makes cursors.
        case "invalid_cursor" | "filter_depth_exceeded":
            return True
        # A declaration must make sense among the others.
        case "config_invalid":
            return case.operation.path == "/api/local/schema"
        # The far end of a path through relationships is another type's.
        case "invalid_filter_field" | "invalid_filter_operator":
            return has_path(case.body)
        case "invalid_filter_value":
            return has_path(case.body)
        # What a twin has at the time, and what goes with what.
        case "invalid_request":
            missing = "there is no snapshot"
            return says("`start` is", missing, "snapshots already", "beside now")
        # An assert that creates.
        case "field_required_missing":
            return case.operation.path.endswith("/_assert")
        # One value against another, or against what is stored; a clock has its bounds.
        case "field_value_invalid":
            if case.operation.path == "/api/local/clock":
                return True
            if says("two items", "another item of", "is given twice"):
                return True
            if says("cannot be null while", "take away what is needed"):
                return True
            return says("expected a decimal") and "e" in message.split('"')[1]
    return False


def has_path(json):
    """Whether a filter goes through a relationship."""
    if isinstance(json, dict):
        field = json.get("field")
        return (
            isinstance(field, str) and "." in field or any(map(has_path, json.values()))
        )
    return isinstance(json, list) and any(map(has_path, json))


@schemathesis.check
def allowed_is_accepted(context, response, case):
    """What the schema allows is refused only for a reason that no schema can say."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    if case.meta.phase.name == TestPhase.STATEFUL:
        # What came before may forbid what the schema allows.
        return
    if response.status_code in (400, 405, 413, 415, 422):
        error = response.json()["error"]
        assert is_explained(case, error), (
            f"refused, though the schema allows it: {error}"
        )
