"""Writes the exception classes from the table of error codes: python generate/errors.py [--check]."""

import importlib.util
import subprocess
import sys
from pathlib import Path

PATH = Path(__file__).parents[1] / "headwater" / "errors.py"

# What Python itself raises in a like case, so that code that knows nothing of Headwater does the
# right thing. A code that is not here takes the base of its group.
BASES = {
    "unknown_record_type": "LookupError",
    "unknown_field": "LookupError",
    "unknown_relationship": "LookupError",
    "record_not_found": "LookupError",
    "target_record_not_found": "LookupError",
    "operation_not_supported": "NotImplementedError",
    "unauthorized": "PermissionError",
    "forbidden": "PermissionError",
    "rate_limited": "ConnectionError",
    "connector_not_found": "LookupError",
    "connector_incompatible": "ImportError",
    "connector_misbehaved": "RuntimeError",
    "connector_panicked": "RuntimeError",
    "source_unauthorized": "PermissionError",
    "source_unavailable": "ConnectionError",
    "unavailable": "ConnectionError",
    "timeout": "TimeoutError",
}
GROUPS = {
    "record": "ValueError",
    "query": "ValueError",
    "request": "ValueError",
    "source": "ValueError",
    "store": "OSError",
    "other": "RuntimeError",
}
HEADER = '''"""An exception class for each error code. Written by generate/errors.py: do not edit."""

from __future__ import annotations

from typing import ClassVar

from ._error import HeadwaterError

'''
CLASS = '''
class {python_class}(HeadwaterError, {base}):
    """``{name}``: {hint}."""

    code: ClassVar[str] = "{name}"
    number: ClassVar[int] = {number}
    group: ClassVar[str] = "{group}"
    http_status: ClassVar[int] = {http_status}
    _hint: ClassVar[str] = "{hint}"
{retry}
'''


def table() -> list[dict[str, object]]:
    """The table of codes, from the native module of the package that is installed.

    It is loaded without the package, which needs the file that is to be written.
    """
    package = importlib.util.find_spec("headwater")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("the package is not installed: make python")
    native = next(Path(package.submodule_search_locations[0]).glob("_headwater*.so"))
    spec = importlib.util.spec_from_file_location("_headwater", native)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ERROR_CODES


def source() -> str:
    """The text of errors.py."""
    rows = table()
    unknown = set(BASES) - {row["name"] for row in rows}
    if unknown:
        raise SystemExit(f"no such code: {', '.join(sorted(unknown))}")
    names = ["HeadwaterError", *(row["python_class"] for row in rows)]
    text = HEADER + "__all__ = [\n"
    text += "".join(f'    "{name}",\n' for name in ["BY_NUMBER", *sorted(names)]) + "]\n\n"
    for row in rows:
        base = BASES.get(row["name"], GROUPS[row["group"]])
        retry = "    _retryable: ClassVar[bool] = True\n" if row["retryable"] else ""
        text += CLASS.format(base=base, retry=retry, **row)
    text += "\nBY_NUMBER = {cls.number: cls for cls in HeadwaterError.__subclasses__()}\n"
    return text + '"""The class of each code, by the code\'s number."""\n'


def formatted(text: str) -> str:
    """The text as ruff formats it."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "100", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Writes the file, or says that it is not what it should be."""
    text = formatted(source())
    if "--check" not in sys.argv:
        PATH.write_text(text)
    elif PATH.read_text() != text:
        raise SystemExit(f"{PATH} is not what the table of codes makes: run generate/errors.py")


if __name__ == "__main__":
    main()
