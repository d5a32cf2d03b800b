"""Connectors: which can be found, what they are, and whether they keep their contract."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from os import PathLike, fspath
from typing import Any, TypeAlias, final

from . import _headwater
from .connector import Connector

Named: TypeAlias = "str | PathLike[str] | type[Connector]"
"""A connector's name, the path of its library, ``python:package.module:Class``, or the class."""


@final
class Check:
    """A rule of the contract, and whether a connector keeps it."""

    __slots__ = ("detail", "name", "outcome")

    def __init__(self, name: str, outcome: str, detail: str) -> None:
        self.name = name
        self.outcome = outcome
        self.detail = detail

    def __repr__(self) -> str:
        return f"<{self.outcome} {self.name}: {self.detail}>"


def list() -> builtins.list[dict[str, Any]]:
    """Every connector library that is found by its name: ``name``, ``path``, ``version``, or ``error``.

    >>> import headwater as hw
    >>> {"csv", "json"} <= {connector["name"] for connector in hw.connectors.list()}
    True
    """
    return _headwater.list_connectors()


def info(connector: Named) -> dict[str, Any]:
    """What a connector says of itself: ``name``, ``version``, ``path``, ``config_schema``.

    >>> import headwater as hw
    >>> hw.connectors.info("csv")["name"]
    'csv'
    """
    return _headwater.describe_connector(connector)


def add_path(folder: str | PathLike[str]) -> None:
    """Makes a folder one that is searched for connectors before all others, in this process."""
    _headwater.add_connector_path(fspath(folder))


def test(
    connector: Named, config: Mapping[str, Any] | None = None, *, repeats: int = 10_000
) -> builtins.list[Check]:
    """Tries a connector against the contract; without ``config`` only what needs none.

    ``repeats`` is how often a source is opened while its memory is watched.
    """
    return [Check(*check) for check in _headwater.test_connector(connector, config, repeats)]
