"""Rows in bulk: frames, Arrow data and mappings become records, and each row learns its outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from html import escape
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, final

from . import _headwater
from ._error import HeadwaterError
from ._pickled import PickledResult
from .journal import Rejects, shown_counts
from .records import Outcome

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

CONTROL: ContextVar[_headwater.BulkControl | None] = ContextVar("CONTROL", default=None)
"""What stops a call that is made for somebody who may give it up."""

_NONE = object()

Nulls: TypeAlias = Literal["clear", "keep"]
"""What a null means: clear the attribute, or leave it as it is."""


class ArrowStream(Protocol):
    """Anything that shows itself as a stream of Arrow data."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """A capsule with the stream."""


class ArrowArray(Protocol):
    """Anything that shows itself as a batch of Arrow data."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        """Capsules with the schema and the data."""


Columns: TypeAlias = "pandas.DataFrame | ArrowStream | ArrowArray"
"""A frame of pandas or polars, a table of pyarrow, or any Arrow data."""
Rows: TypeAlias = "Columns | Iterable[Columns] | Iterable[Mapping[str, Any]]"
"""Rows: a frame or Arrow data, several of these with the same columns, or mappings."""


@final
class BulkReport(Sequence[Outcome]):
    """What became of rows: a sequence with the :class:`Outcome` of each, in their order.

    >>> import headwater as hw
    >>> with hw.open_temporary() as ws:
    ...     rows = [{"primary_email": "sarah@acme.com", "title": "CTO"}, {"primary_email": "none"}]
    ...     report = ws.assert_many("contact", rows, match="primary_email")
    >>> report.counts["created"], report[0].action, report[1].error.code
    (1, 'created', 'field_value_invalid')
    >>> report.rejects[0]["field"]
    'primary_email'
    """

    __slots__ = ("__weakref__", "_native")

    def __init__(self, native: _headwater.BulkResult | PickledResult) -> None:
        self._native = native

    @property
    def counts(self) -> dict[str, int]:
        """How many rows were read, created, updated, unchanged, archived and rejected."""
        return self._native.counts()

    @property
    def rejects(self) -> Rejects:
        """The rows that were refused: place, code, field, message, hint and the row as JSON."""
        return Rejects(self._native.rejects())

    @property
    def unused_columns(self) -> list[str]:
        """Columns that no attribute used."""
        return self._native.unused_columns()

    @property
    def missing_columns(self) -> list[str]:
        """Columns that ``columns`` named and that no mapping had: of frames that is an error."""
        return self._native.missing_columns()

    def __len__(self) -> int:
        return len(self._native)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(f"there is no row {index}")
        action, id = self._native.outcome(place)
        return Outcome(action, id, error=self._native.error(place))

    def __iter__(self) -> Iterator[Outcome]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether the same became of the same number of rows, as of a report that was pickled."""
        if not isinstance(other, BulkReport):
            return NotImplemented
        mine, others = self._native, other._native
        return (
            self.counts == other.counts
            and all(mine.outcome(place) == others.outcome(place) for place in range(len(mine)))
            and mine.rejects() == others.rejects()
        )

    def __hash__(self) -> int:
        return hash(tuple(self.counts.values()))

    def __reduce__(self) -> tuple[Any, ...]:
        return BulkReport, (PickledResult(self._native),)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._native.__arrow_c_stream__(requested_schema)

    def to_arrow(self) -> pyarrow.Table:
        """The outcomes as a table of pyarrow: row, action, id, code, field, message."""
        import pyarrow

        return pyarrow.table(self)

    def to_pandas(self) -> pandas.DataFrame:
        """The outcomes as a frame of pandas."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The outcomes as a frame of polars."""
        import polars

        # The sequence that the report is too would be taken first.
        return polars.DataFrame(self._native)

    def __repr__(self) -> str:
        missing = "".join(f"; no row has {name!r}" for name in self.missing_columns)
        return f"<{shown_counts(self.counts)}{missing}>"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.counts)
        cells = "".join(f"<td>{count}</td>" for count in self.counts.values())
        rejects = self.rejects._repr_html_() if self.counts["rejected"] else ""
        return f"<div><table><tr>{head}</tr><tr>{cells}</tr></table>{rejects}</div>"


def apply_many(
    handle: _headwater.Handle,
    record_type: str,
    rows: Rows,
    mode: str,
    match: str | None,
    *,
    nulls: Nulls,
    nulls_of: Mapping[str, Nulls] | None,
    columns: Mapping[str, str] | None,
    ignore_unknown: bool,
    default_region: str | None,
    all_or_nothing: bool,
) -> BulkReport:
    """Applies rows; raises what kept the rest from being written, with its ``report``."""
    rows, known_columns = _arrow_or_mappings(rows)
    control = CONTROL.get() or _headwater.BulkControl()
    # It serves one call: not those that the rows make.
    CONTROL.set(None)
    result, error = _headwater.apply_many(
        handle,
        record_type,
        rows,
        known_columns,
        mode,
        match,
        nulls,
        dict(nulls_of or {}),
        dict(columns or {}),
        ignore_unknown,
        default_region,
        all_or_nothing,
        control,
    )
    report = BulkReport(result)
    if error is not None:
        give_report(error, report)
        raise error
    return report


def give_report(error: BaseException, report: Any) -> None:
    """Gives an exception the report, also one that the program itself has raised."""
    with suppress(Exception):
        error.report = report  # type: ignore[attr-defined]
        if not isinstance(error, HeadwaterError) and hasattr(error, "add_note"):
            error.add_note(f"before it: {shown_counts(report.counts)}; see its report")


def _arrow_or_mappings(rows: Any) -> tuple[Any, list[str] | None]:
    """The rows in one of the two forms that are taken, and the columns of mappings, if known."""
    whole = _whole(rows)
    if whole is not None:
        return whole
    # Each row would be refused by itself where the rows are frames or batches.
    iterator = iter(rows)
    try:
        first = next(iterator, _NONE)
    except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001
        return _raising(raised), None
    if first is _NONE:
        return (), None
    if isinstance(first, Mapping) or not (_is_arrow(first) or _package(first) in FRAMES):
        return (rows if isinstance(rows, (list, tuple)) else chain((first,), iterator)), None
    return _stream(first, iterator), None


def _whole(rows: Any) -> tuple[Any, list[str] | None] | None:
    """What is a frame or Arrow data; ``None`` for what has to be iterated."""
    if isinstance(rows, (str, bytes, Mapping)):
        raise TypeError(f"expected rows, found a {type(rows).__name__}")
    package = _package(rows)
    if package in FRAMES:
        return FRAMES[package](rows)
    if _is_arrow(rows):
        return rows, None
    if package == "pyarrow" and hasattr(rows, "to_reader"):
        return rows.to_reader(), None
    return None


def _package(given: Any) -> str:
    return type(given).__module__.partition(".")[0]


def _is_arrow(given: Any) -> bool:
    return hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__")


def _raising(raised: BaseException) -> Iterator[Any]:
    """No rows but an exception, which is raised with a report as a later one is."""
    raise raised
    yield


def _stream(first: Any, others: Iterator[Any]) -> pyarrow.RecordBatchReader:
    """Several frames or batches as one stream, with the columns of the first."""
    import pyarrow

    def table(piece: Any) -> pyarrow.Table:
        given, _ = _whole(piece) or (None, None)
        if not _is_arrow(given):
            kind = type(piece).__name__
            raise TypeError(f"expected only frames that Arrow takes, or Arrow data, found a {kind}")
        return pyarrow.table(given)

    begun = table(first)

    def batches() -> Iterator[pyarrow.RecordBatch]:
        yield from begun.to_batches()
        for piece in others:
            later = table(piece)
            unknown = [name for name in later.column_names if name not in begun.column_names]
            if unknown:
                raise ValueError(f"the first piece has no column {unknown[0]!r}")
            yield from later.select(begun.column_names).cast(begun.schema).to_batches()

    return pyarrow.RecordBatchReader.from_batches(begun.schema, batches())


def _of_polars(frame: Any) -> tuple[Any, None]:
    """A frame of polars; columns of nothing but null are not exported as Arrow has it."""
    import polars

    lazy = frame.lazy() if hasattr(frame, "lazy") else frame
    if not isinstance(lazy, polars.LazyFrame):
        raise TypeError(f"expected a frame, found a {type(frame).__name__}")
    return lazy.with_columns(polars.col(polars.Null).cast(polars.String)).collect(), None


def _of_pandas(frame: Any) -> tuple[Any, list[str] | None]:
    """A frame of pandas; an index that has a name is a column, too.

    Columns that hold values of several types, which Arrow cannot, are taken row by row. Labels are
    text, and periods are: Arrow has them as numbers.
    """
    if not hasattr(frame, "columns"):
        raise TypeError(f"expected a frame, found a {type(frame).__name__}")
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    frame = frame.set_axis([str(label) for label in frame.columns], axis="columns")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ValueError(f"the frame has more than one column {twice!r}: rename or drop one")
    periods = [name for name, kind in frame.dtypes.items() if str(kind).startswith("period[")]
    frame = frame.astype(dict.fromkeys(periods, "string"))
    try:
        import pyarrow

        return pyarrow.Table.from_pandas(frame, preserve_index=False), None
    except (ImportError, NotImplementedError, OverflowError, TypeError, ValueError):
        # pyarrow's own errors are such, too.
        return frame.to_dict("records"), list(frame.columns)


FRAMES: dict[str, Callable[[Any], tuple[Any, list[str] | None]]] = {
    "pandas": _of_pandas,
    "polars": _of_polars,
}
"""What makes Arrow data or mappings of the frames of a package."""
