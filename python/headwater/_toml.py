"""Writes what a job says as the text of a job file: Python's own library only reads TOML."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, time
from os import PathLike, fspath
from typing import Any


def dumps(document: Mapping[str, Any]) -> str:
    """A document whose tables are written inline; ``None`` is left out."""
    lines = [f"{_key(name)} = {_value(value)}" for name, value in _given(document)]
    return "\n".join(lines) + "\n"


def _given(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in table.items() if value is not None]


def _key(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"expected names (str) in a job, found {type(name).__name__}")
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if type(value).__module__ == "numpy" and hasattr(value, "item"):
        return _value(value.tolist())
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return float.__repr__(value)
    if isinstance(value, (str, PathLike)):
        # A string of JSON is one of TOML, but for what JSON leaves as it is.
        return json.dumps(fspath(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in _given(value)) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(element) for element in value) + "]"
    if isinstance(value, (date, time)):
        return value.isoformat()
    raise TypeError(f"a job cannot hold a {type(value).__name__}")
