"""What a workspace remembers of its syncs: runs, and the rows that were refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, final, overload

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

COUNTS = ("read", "created", "updated", "unchanged", "archived", "rejected")
REJECT_COLUMNS = ("position", "position_unit", "code", "field", "message", "hint", "row")
RUN_COLUMNS = ("run", "source", "is_cut")
"""What is known besides of rows that a sync refused."""


@final
class Run:
    """A run of a sync, as the workspace's journal has it."""

    __slots__ = ("_document",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    @property
    def id(self) -> str:
        """Its id."""
        return str(self._document["run"])

    @property
    def state(self) -> str:
        """``running``, ``done``, ``stopped`` or ``failed``."""
        return str(self._document["state"])

    @property
    def counts(self) -> dict[str, int]:
        """What became of the rows of all its streams."""
        return counts_of(self._document["streams"])

    def to_dict(self) -> dict[str, Any]:
        """Everything that is known of it."""
        return self._document

    def __repr__(self) -> str:
        return f"<run {self.id}: {self.state}, {shown_counts(self.counts)}>"


@final
class Rejects(Sequence[dict[str, Any]]):
    """Rows that were refused: each with its place, code, field, message, hint and text.

    >>> Rejects([])
    <no rejects>
    """

    __slots__ = ("_names", "_rows")

    def __init__(self, rows: list[dict[str, Any]], *, of_runs: bool = False) -> None:
        self._rows = rows
        self._names = (*REJECT_COLUMNS, *(RUN_COLUMNS if of_runs else ()))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice) -> Rejects: ...
    def __getitem__(self, index: int | slice) -> dict[str, Any] | Rejects:
        if isinstance(index, slice):
            return Rejects(self._rows[index], of_runs=RUN_COLUMNS[0] in self._names)
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def _columns(self, text: Any, number: Any, boolean: Any) -> dict[str, tuple[list[Any], Any]]:
        """The rows by column, with its type: the same ones, also where there is no row."""
        types = {"position": number, "is_cut": boolean}
        return {
            name: ([row.get(name) for row in self._rows], types.get(name, text))
            for name in self._names
        }

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a frame of pandas."""
        import pandas

        # What pandas itself makes of texts, which depends on its version.
        text = pandas.Series([""]).dtype
        columns = self._columns(text, "int64", "bool")
        return pandas.DataFrame(
            {name: pandas.Series(cells, dtype=kind) for name, (cells, kind) in columns.items()}
        )

    def to_polars(self) -> polars.DataFrame:
        """The rows as a frame of polars."""
        import polars

        columns = self._columns(polars.String, polars.Int64, polars.Boolean)
        return polars.DataFrame(
            [polars.Series(name, cells, kind) for name, (cells, kind) in columns.items()]
        )

    def to_arrow(self) -> pyarrow.Table:
        """The rows as a table of pyarrow."""
        import pyarrow

        columns = self._columns(pyarrow.string(), pyarrow.int64(), pyarrow.bool_())
        return pyarrow.table(
            {name: pyarrow.array(cells, kind) for name, (cells, kind) in columns.items()}
        )

    def _shown(self) -> list[tuple[str, str, str]]:
        return [
            (
                f"{row.get('position_unit', 'row')} {row.get('position', '')}",
                str(row["code"]),
                str(row["message"]),
            )
            for row in self._rows[:10]
        ]

    def __repr__(self) -> str:
        if not self._rows:
            return "<no rejects>"
        lines = "".join(f"\n  {' | '.join(row)}" for row in self._shown())
        more = "\n  ..." if len(self._rows) > 10 else ""
        return f"<{len(self._rows)} rejects{lines}{more}>"

    def _repr_html_(self) -> str:
        cells = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self._shown()
        )
        head = "<tr><th>place</th><th>code</th><th>message</th></tr>"
        return f"<div>{len(self._rows)} rejects<table>{head}{cells}</table></div>"


def counts_of(streams: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The sums over streams."""
    return {name: sum(int(stream.get(name, 0)) for stream in streams) for name in COUNTS}


def shown_counts(counts: Mapping[str, int]) -> str:
    """Counts in words; what there is none of is left out, other than what was read."""
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "read")
