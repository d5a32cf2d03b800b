"""Records, as they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any, TypeAlias, final
from uuid import UUID

from . import _headwater
from ._error import HeadwaterError
from ._pickled import PickledRecord

Id: TypeAlias = "str | UUID | Record"
"""What names a record: its id, or the record itself."""
Attributes: TypeAlias = Mapping[str, Any]
"""Attributes by name: a key that is missing leaves an attribute alone, ``None`` clears it."""


@final
class Record(Mapping[str, Any]):
    """A record: a mapping from the names of its attributes to their values, as it was read.

    Texts are ``str``, numbers ``int`` or ``float``, amounts and percents ``Decimal``, times
    ``datetime`` in UTC, references the other record's id, e-mails and the like a ``dict`` for each
    item; an attribute without a value is ``None``, an array without elements ``[]``.

    >>> import headwater as hw
    >>> ws = hw.open_temporary()
    >>> sarah = ws.create("contact", {"first_name": "Sarah", "primary_email": "Sarah@acme.com"})
    >>> sarah["first_name"], sarah["title"], sarah["contact_emails"][0]["is_primary"]
    ('Sarah', None, True)
    >>> sarah.record_type
    'contact'
    >>> ws.close()
    """

    __slots__ = ("__weakref__", "_native")

    def __init__(self, native: _headwater.Record | PickledRecord) -> None:
        self._native = native

    @property
    def id(self) -> str:
        """The record's id, a UUID as text."""
        return self._native.id

    @property
    def record_type(self) -> str:
        """The name of its type, for example ``contact``."""
        return self._native.record_type

    @property
    def created_at(self) -> datetime:
        """When it was created, in UTC."""
        return self._native.created_at

    @property
    def updated_at(self) -> datetime:
        """When an attribute last changed, in UTC."""
        return self._native.updated_at

    def to_dict(self) -> dict[str, Any]:
        """Every attribute with its value."""
        return self._native.values()

    def to_wire(self) -> dict[str, Any]:
        """The record as the API shows it, each value in an envelope with its type."""
        return self._native.to_wire()

    def __getitem__(self, name: str) -> Any:
        return self._native.value(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._native.names())

    def __len__(self) -> int:
        return len(self._native.names())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Record):
            return bool(self._native == other._native)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __reduce__(self) -> tuple[Any, ...]:
        return Record, (PickledRecord(self._native),)

    def _shown(self) -> dict[str, Any]:
        """What a person wants to see: what there is, without what is always there."""
        hidden = {"id", "organization_id", "created_at", "updated_at"}
        values = self.to_dict().items()
        return {
            name: value
            for name, value in values
            if name not in hidden and value is not None and value != []
        }

    def __repr__(self) -> str:
        lines = "".join(f"\n  {name}: {value!r}" for name, value in self._shown().items())
        return f"<{self.record_type} {self.id}{lines}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th>"
            f"<td style='text-align:left'>{escape(str(value))}</td></tr>"
            for name, value in self._shown().items()
        )
        title = f"<b>{escape(self.record_type)}</b> <code>{escape(self.id)}</code>"
        return f"<div>{title}<table>{rows}</table></div>"


@final
class Asserted:
    """What an assert did: the record, and whether it was created, updated or left unchanged.

    >>> import headwater as hw
    >>> with hw.open_temporary() as ws:
    ...     done = ws.assert_("contact", {"primary_email": "a@acme.com"}, {"title": "CTO"})
    >>> done.action, done.record["title"]
    ('created', 'CTO')
    """

    __slots__ = ("action", "record")

    record: Record
    """The record, as it is now."""
    action: str
    """``created``, ``updated`` or ``unchanged``."""

    def __init__(self, record: Record, action: str) -> None:
        self.record = record
        self.action = action

    @property
    def id(self) -> str:
        """The record's id."""
        return self.record.id

    def __repr__(self) -> str:
        return f"<{self.action} {self.record!r}>"


@final
class Outcome:
    """What became of one operation of a batch: its ``action`` and ``id``, or its ``error``."""

    __slots__ = ("action", "error", "id", "record")

    action: str | None
    """``created``, ``updated``, ``unchanged``, ``archived``, ``restored`` or ``removed``."""
    id: str | None
    """The id of the record."""
    record: Record | None
    """The record, where it was asked for."""
    error: HeadwaterError | None
    """Why the operation was refused."""

    def __init__(
        self,
        action: str | None = None,
        id: str | None = None,
        record: Record | None = None,
        error: HeadwaterError | None = None,
    ) -> None:
        self.action = action
        self.id = id
        self.record = record
        self.error = error

    def __repr__(self) -> str:
        if self.error is not None:
            return f"<refused: {self.error!r}>"
        return f"<{self.action} {self.id}>"
