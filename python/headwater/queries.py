"""Queries: records page by page, as they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, final, overload

from . import _headwater
from .errors import BY_NUMBER, OperationNotSupportedError
from .filters import Where, nodes_of
from .records import Record

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Sort: TypeAlias = "str | Iterable[str] | None"
"""The order of a query: names of attributes, with ``-`` before those that descend."""


@final
class Page:
    """One page of records, and the cursor that gives the next one; ``None`` at the end."""

    __slots__ = ("next_cursor", "records")

    records: list[Record]
    """The records, in order."""
    next_cursor: str | None
    """Opaque; gives the next page."""

    def __init__(self, records: list[Record], next_cursor: str | None) -> None:
        self.records = records
        self.next_cursor = next_cursor

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)

    def __repr__(self) -> str:
        more = "" if self.next_cursor is None else ", more follow"
        return f"<page of {len(self.records)} records{more}>"


@final
class Query:
    """The records that a query selects; nothing is read before it is iterated, and then in pages.

    Every iteration asks anew. Paging is by key: it is stable while others write.

    >>> import headwater as hw
    >>> with hw.open_temporary() as ws:
    ...     for name in ["Ada", "Bob", "Cleo"]:
    ...         _ = ws.create("contact", {"first_name": name})
    ...     found = ws.query("contact", where=hw.field("first_name") != "Bob", sort="-first_name")
    ...     [record["first_name"] for record in found]
    ['Cleo', 'Ada']
    """

    __slots__ = ("__weakref__", "_body", "_handle", "_limit", "_record_type")

    def __init__(
        self,
        handle: _headwater.Handle,
        record_type: str,
        where: Where,
        sort: Sort,
        limit: int | None,
    ) -> None:
        self._handle = handle
        self._record_type = record_type
        self._limit = check_limit(limit)
        self._body: dict[str, Any] = {"filters": nodes_of(where), "sort": sort_of(sort)}

    def pages(self) -> Iterator[Page]:
        """The records, a page at a time."""
        left = self._limit
        body = dict(self._body)
        while left != 0:
            page = next_page(self._handle, self._record_type, body, left)
            yield page
            if page.next_cursor is None:
                return
            if left is not None:
                left -= len(page)
            body["cursor"] = page.next_cursor

    def __iter__(self) -> Iterator[Record]:
        for page in self.pages():
            yield from page.records

    def first(self) -> Record | None:
        """The first record, or ``None`` where there is none."""
        if self._limit == 0:
            return None
        records = next_page(self._handle, self._record_type, self._body, 1).records
        return records[0] if records else None

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return _headwater.query_stream(self._handle, self._record_type, self._body, self._limit)

    def to_reader(self) -> pyarrow.RecordBatchReader:
        """The records as a reader of pyarrow, which reads them as it is asked for them."""
        import pyarrow

        return pyarrow.RecordBatchReader.from_stream(self)

    def to_arrow(self) -> pyarrow.Table:
        """The records as a table of pyarrow: a column for each attribute of the record type.

        ``OperationNotSupportedError`` where a number has more digits than its column keeps: the
        records of :meth:`to_list` have all of them.
        """
        reader = self.to_reader()
        with _told():
            return reader.read_all()

    def to_pandas(self) -> pandas.DataFrame:
        """The records as a frame of pandas."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """The records as a frame of polars."""
        import polars

        with _told():
            return polars.DataFrame(self)

    def to_list(self) -> list[Record]:
        """All records."""
        return list(self)

    def __repr__(self) -> str:
        filters, sort = self._body["filters"], self._body["sort"]
        limit = "" if self._limit is None else f", limit {self._limit}"
        return f"<query of {self._record_type}: filters {filters!r}, sort {sort!r}{limit}>"


@contextmanager
def _told() -> Iterator[None]:
    """Raises what a stream of Arrow data could only tell as text as the exception that it was."""
    try:
        yield
    except Exception as raised:
        found = re.search(r"External error: (\w+): (.*)", str(raised), re.DOTALL)
        classes = {one.code: one for one in BY_NUMBER.values()}
        if found is None or found[1] not in classes:
            raise
        error = classes[found[1]](found[2])
        if isinstance(error, OperationNotSupportedError):
            error.hint = "use to_list(), or iterate the query: its records have every digit"
        raise error from raised


def read_page(handle: _headwater.Handle, record_type: str, body: Mapping[str, Any]) -> Page:
    """One page of a query in the words of the API."""
    records, cursor = _headwater.page(handle, record_type, body)
    return Page([Record(record) for record in records], cursor)


def next_page(
    handle: _headwater.Handle, record_type: str, body: Mapping[str, Any], wanted: int | None
) -> Page:
    """As many records as are quick to read at a time, or as are wanted."""
    records, cursor = _headwater.next_records(handle, record_type, body, wanted)
    return Page([Record(record) for record in records], cursor)


@overload
def check_limit(limit: int) -> int: ...
@overload
def check_limit(limit: int | None) -> int | None: ...
def check_limit(limit: int | None) -> int | None:
    """A number of records, or none."""
    if limit is None:
        return None
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise TypeError(f"expected an int for limit, found {type(limit).__name__}")
    if limit < 0:
        raise ValueError(f"expected a limit of 0 or more, found {limit}")
    return limit


def sort_of(sort: Sort) -> list[dict[str, str]]:
    """The order in the words of the API."""
    if sort is None:
        return []
    names = [sort] if isinstance(sort, str) else list(sort)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"expected names (str) for sort, found {type(name).__name__}")
    return [
        {"field": name.removeprefix("-"), "direction": "desc" if name[:1] == "-" else "asc"}
        for name in names
    ]


def all_pages(read: Any) -> Iterator[dict[str, Any]]:
    """What pages hold, one after the other; ``read`` gives a page and the next cursor."""
    parameters: dict[str, Any] = {}
    while True:
        items, cursor = read(parameters)
        yield from items
        if cursor is None:
            return
        parameters = {"cursor": cursor}
