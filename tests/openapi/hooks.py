"""What Schemathesis needs to know beyond the document: formats, and which records there are."""

import json
import os

import schemathesis
from hypothesis import strategies as st

IDS = json.loads(os.environ.get("HEADWATER_IDS", "{}"))

digits = st.text("0123456789", min_size=4, max_size=4)
schemathesis.openapi.format("phone-number", st.builds("+1415555{}".format, digits))

label = st.from_regex(r"[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,5})?", fullmatch=True)
schemathesis.openapi.format("hostname", st.builds("{}.{}".format, label, label))


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """Every other request is about a record that is there."""
    given = path_parameters or {}
    record_type = context.operation.path.split("/")[3:4]
    known = IDS.get(record_type[0]) if record_type else None
    if known and isinstance(given.get("id"), str) and sum(given["id"].encode()) % 2 == 0:
        return {**given, "id": known[len(given["id"]) % len(known)]}
    return path_parameters
