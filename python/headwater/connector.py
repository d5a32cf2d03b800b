"""Connectors written in Python."""

from __future__ import annotations

import copy
import importlib
import inspect
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, final

from . import _headwater
from .bulk import FRAMES
from .errors import ConfigInvalidError, ConnectorMisbehavedError, ConnectorNotFoundError

SAMPLE = 100
"""How many rows are looked at where a stream does not say which fields it has."""


@final
class Checkpoint:
    """Yielded between rows: started again from it, a read gives exactly the rows after it.

    Its value is anything that JSON can say, at most 64 KiB of it.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"Checkpoint({self.value!r})"


@final
class Stream:
    """A stream of rows that a source offers.

    ``fields`` are the names of what a row may hold, as far as that is known, or tuples of name,
    type (``string``, ``number``, ``boolean``, ``array``, ``object``, or empty) and whether it
    identifies a row. Where there are none, the first hundred rows are read to see them, which
    naming them saves; of a source with several streams, or of Arrow data, they are read again.
    """

    __slots__ = ("fields", "fields_are_complete", "is_incremental", "name", "position_unit")

    def __init__(
        self,
        name: str,
        fields: Iterable[str | tuple[str, str, bool]] = (),
        *,
        fields_are_complete: bool = False,
        is_incremental: bool = False,
        position_unit: str = "row",
    ) -> None:
        self.name = name
        self.fields = [(field, "", False) if isinstance(field, str) else field for field in fields]
        self.fields_are_complete = fields_are_complete
        self.is_incremental = is_incremental
        self.position_unit = position_unit

    def __repr__(self) -> str:
        return f"Stream({self.name!r}, {[name for name, _, _ in self.fields]!r})"


class Connector:
    """A kind of source system; subclass it, and use the class in :func:`headwater.sync`.

    A job names it ``python:package.module:Class``, also for the ``headwater`` command.

    >>> import headwater as hw
    >>> class People(hw.Connector):
    ...     name = "people"
    ...     version = "1.0.0"
    ...     config_schema = {
    ...         "type": "object",
    ...         "properties": {"count": {"type": "integer"}},
    ...         "required": ["count"],
    ...         "additionalProperties": False,
    ...     }
    ...
    ...     def read(self, stream, checkpoint):
    ...         for number in range(checkpoint or 0, self.config["count"]):
    ...             yield {"first_name": f"Number {number}", "primary_email": f"{number}@acme.com"}
    ...             yield hw.Checkpoint(number + 1)
    >>> ws = hw.open_temporary()
    >>> report = hw.sync({
    ...     "source": {"connector": People, "config": {"count": 3}},
    ...     "target": {"workspace": ws.url},
    ...     "streams": [{"record_type": "contact", "match": "primary_email"}],
    ... })
    >>> report.counts["created"]
    3
    >>> ws.close()
    """

    name: ClassVar[str] = ""
    """A short name in lower case; that of the class where there is none."""
    version: ClassVar[str] = "0.1.0"
    """The connector's version: three numbers."""
    config_schema: ClassVar[Mapping[str, Any]] = {"type": "object"}
    """The JSON Schema of the configuration, which is checked before :meth:`open`."""

    config: dict[str, Any]
    """The configuration."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.open()

    def open(self) -> None:
        """Takes up the configuration; touches no network. Raise ``ConfigInvalidError`` here."""

    def streams(self) -> Iterable[Stream]:
        """Reaches the source and says which streams it offers: one, ``rows``, without this."""
        return [Stream("rows")]

    def read(self, stream: str, checkpoint: Any) -> Iterator[Any]:
        """Yields rows (mappings), lists of rows or Arrow data, and checkpoints between them.

        ``checkpoint`` is the value of the one to go on from, ``None`` at the beginning. A read
        that yields none is read again from the beginning when a sync is resumed, and the rows
        that were committed are passed over; so it has to give them in the same order.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to read")


def _import(named: str) -> type[Connector]:
    """The class of ``python:package.module:Class``."""
    module, _, name = named.removeprefix("python:").partition(":")
    if not module or not name:
        raise ConnectorNotFoundError(
            f"expected python:package.module:Class, found {named!r}", hint="name the class"
        )
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as cause:
        raise ConnectorNotFoundError(
            f"{named} cannot be imported: {cause}",
            hint="install the module in this environment, or add its folder to PYTHONPATH",
        ) from cause
    return _class(found)


def _class(given: Any) -> type[Connector]:
    if isinstance(given, type) and issubclass(given, Connector):
        return given
    raise ConnectorNotFoundError(
        f"expected a subclass of headwater.Connector, found {given!r}",
        hint="give a class, not an instance",
    )


def _describe(given: Any) -> tuple[str, str, Mapping[str, Any], str]:
    """What a class says of itself: name, version, schema of the configuration, file."""
    found = _class(given)
    name = found.name or found.__name__.lower()
    if not isinstance(name, str) or not isinstance(found.version, str):
        raise ConnectorMisbehavedError(f"{found.__name__}: name and version are not text")
    if not isinstance(found.config_schema, Mapping):
        raise ConnectorMisbehavedError(f"{found.__name__}: config_schema is not a mapping")
    try:
        file = os.path.abspath(inspect.getfile(found))
    except (OSError, TypeError):
        file = ""
    return name, found.version, found.config_schema, file


def _open(given: type[Connector], text: str) -> Connector:
    """A source with the configuration that the text holds."""
    try:
        config = json.loads(text)
    except ValueError as cause:
        raise ConfigInvalidError(f"the configuration is not JSON: {cause}") from cause
    if not isinstance(config, dict):
        raise ConfigInvalidError(f"expected a table for the configuration, found {config!r}")
    _check(given.config_schema, config)
    return given(config)


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def _check(schema: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Refuses keys that the schema does not have, those of another type, and what is missing."""
    properties = schema.get("properties", {})
    if schema.get("additionalProperties", "properties" not in schema) is False:
        for key in config:
            if key not in properties:
                known = ", ".join(properties) or "none"
                raise ConfigInvalidError(
                    f"there is no key {key!r}", field=key, hint=f"the keys are: {known}"
                )
    for key in schema.get("required", ()):
        if key not in config:
            raise ConfigInvalidError(f"{key} is missing", field=key)
    for key, value in config.items():
        kinds = properties.get(key, {}).get("type")
        if kinds is None:
            continue
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not any(_is(value, kind) for kind in kinds):
            expected = " or ".join(kinds)
            raise ConfigInvalidError(f"expected {expected}, found {value!r}", field=key)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES.get(kind, ()))


def _streams(connector: Connector) -> list[Stream]:
    """The streams, each with its fields as far as they can be known."""
    streams = list(connector.streams())
    for stream in streams:
        if not isinstance(stream, Stream):
            raise ConnectorMisbehavedError(f"expected a headwater.Stream, found {stream!r}")
        if not stream.fields:
            # Two streams may share a cursor: one at a time is read from.
            names = _sampled(connector, stream.name, is_only=len(streams) == 1)
            stream.fields = [(name, "", False) for name in names]
    return streams


class _Sample:
    """The first rows of a stream, and those behind them, for the read that begins with them."""

    __slots__ = ("behind", "names", "rows")

    def __init__(self, names: list[str], rows: list[Any], behind: Iterator[Any]) -> None:
        self.names = names
        self.rows = rows
        self.behind = behind


_SAMPLE = "_headwater_sample"


def _sampled(connector: Connector, stream: str, *, is_only: bool) -> list[str]:
    """The names that the first rows hold."""
    kept: _Sample | None = vars(connector).get(_SAMPLE)
    if kept is not None:
        return kept.names
    names: dict[str, None] = {}
    seen: list[Any] = []
    rows = behind = _read(connector, stream, None)
    try:
        for row in itertools.islice(rows, SAMPLE):
            # It may be changed and given again, as cursors do with theirs.
            seen.append(copy.deepcopy(row) if isinstance(row, Mapping) else row)
            if isinstance(row, Mapping):
                names.update(dict.fromkeys(str(name) for name in row))
            elif (columns := _headwater.column_names(row)) is not None:
                names.update(dict.fromkeys(columns))
                # It may be a stream that can be taken only once.
                is_only = False
                break
    except Exception as raised:
        if not names:
            raise
        # What came before it is read, and it is raised again behind that.
        behind = _raising(raised)
    if is_only:
        vars(connector)[_SAMPLE] = _Sample(list(names), seen, behind)
    else:
        rows.close()
    return list(names)


def _raising(raised: Exception) -> Iterator[Any]:
    raise raised
    yield


def _close(connector: Connector) -> None:
    """Ends what was begun for the names of the fields and never read on."""
    kept: _Sample | None = vars(connector).pop(_SAMPLE, None)
    if kept is not None:
        kept.behind.close()  # type: ignore[attr-defined]


def _read(connector: Connector, stream: str, checkpoint: Any) -> Any:
    """What a connector yields, lists of rows one by one."""
    known = [one.name for one in connector.streams()]
    if stream not in known:
        raise ConfigInvalidError(
            f"there is no stream {stream!r}", field="source", hint=f"the streams are {known}"
        )
    if checkpoint is None and (kept := vars(connector).pop(_SAMPLE, None)) is not None:
        return itertools.chain(kept.rows, kept.behind)
    _close(connector)
    return _flat(connector.read(stream, checkpoint))


def _flat(yielded: Iterable[Any]) -> Iterator[Any]:
    for one in yielded:
        frame = FRAMES.get(type(one).__module__.partition(".")[0])
        if frame is not None:
            one, _ = frame(one)
        if isinstance(one, (list, tuple)):
            yield from one
        else:
            yield one
