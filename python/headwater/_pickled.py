"""What stands for the native half of a record or a report that was pickled: its plain values."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import _headwater


class PickledRecord:
    """A record; it needs no workspace to be read."""

    def __init__(self, native: _headwater.Record | PickledRecord) -> None:
        self.id: str = native.id
        self.record_type: str = native.record_type
        self.created_at: datetime = native.created_at
        self.updated_at: datetime = native.updated_at
        self._values = native.values()
        self._wire = native.to_wire()

    def names(self) -> list[str]:
        """The names of all attributes."""
        return list(self._values)

    def value(self, name: str) -> Any:
        """The value of an attribute."""
        return self._values[name]

    def values(self) -> dict[str, Any]:
        """Every attribute with its value."""
        return dict(self._values)

    def to_wire(self) -> dict[str, Any]:
        """The record as the API shows it."""
        return dict(self._wire)

    def __eq__(self, other: object) -> bool:
        values = getattr(other, "values", None)
        return (
            values is not None
            and (self.id, self.updated_at) == (other.id, other.updated_at)  # type: ignore[attr-defined]
            and bool(self._values == values())
        )

    def __hash__(self) -> int:
        return hash(self.id)


class PickledResult:
    """What became of rows."""

    def __init__(self, native: _headwater.BulkResult | PickledResult) -> None:
        self._counts = native.counts()
        self._unused_columns = native.unused_columns()
        self._missing_columns = native.missing_columns()
        self._rejects = native.rejects()
        self._outcomes = [native.outcome(place) for place in range(len(native))]
        undone = [place for place, (action, _) in enumerate(self._outcomes) if action is None]
        self._errors = {place: native.error(place) for place in undone}

    def counts(self) -> dict[str, int]:
        """How many rows ended in each way."""
        return dict(self._counts)

    def unused_columns(self) -> list[str]:
        """Columns that no attribute used."""
        return list(self._unused_columns)

    def missing_columns(self) -> list[str]:
        """Columns that were named and that no row had."""
        return list(self._missing_columns)

    def rejects(self) -> list[dict[str, Any]]:
        """The refused rows."""
        return list(self._rejects)

    def outcome(self, index: int) -> tuple[str | None, str | None]:
        """What became of a row, and the id of its record."""
        return self._outcomes[index]

    def error(self, index: int) -> Any:
        """The exception of a row that was refused or held back."""
        return self._errors.get(index)

    def __len__(self) -> int:
        return len(self._outcomes)

    def _fault(self, row: int) -> dict[str, Any]:
        error = self.error(row)
        if error is None:
            return {}
        return {"code": error.code, "field": error.field, "message": error.message}

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        import pyarrow

        text = [(name, pyarrow.string()) for name in ("action", "id", "code", "field", "message")]
        schema = pyarrow.schema([pyarrow.field("row", pyarrow.uint64(), nullable=False), *text])
        rows = [
            {"row": row, "action": action, "id": id, **self._fault(row)}
            for row, (action, id) in enumerate(self._outcomes)
        ]
        table = pyarrow.Table.from_pylist(rows, schema=schema)
        return table.__arrow_c_stream__(requested_schema)
