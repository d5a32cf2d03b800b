"""Syncs: from the rows of a source to records, resumable at every commit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from html import escape
from inspect import iscoroutinefunction
from os import PathLike, fspath
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Literal, TypeAlias, final

from . import _headwater, _toml
from ._error import HeadwaterError
from .bulk import give_report
from .connector import Connector
from .journal import COUNTS, Rejects, counts_of, shown_counts
from .opening import open as open_workspace
from .progress import Display
from .workspace import Workspace

JobLike: TypeAlias = "str | PathLike[str] | Mapping[str, Any]"
"""A job: the path of a job file or of a data file, or what a job file says as a mapping."""
Mode: TypeAlias = Literal["assert", "create", "update"]

PATIENCE = 5.0
"""Seconds that a run which was stopped may take to end; then its thread is left behind."""
HURRY = 0.7
"""The same after Ctrl-C, where somebody waits for the prompt."""


@final
class Progress:
    """How far a sync is, after a commit: the counts of the stream that is being read."""

    __slots__ = ("_document",)

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = dict(document)

    @property
    def run(self) -> str:
        """The id of the run."""
        return str(self._document["run"])

    @property
    def source(self) -> str:
        """The name of the stream at its source."""
        return str(self._document["source"])

    @property
    def record_type(self) -> str:
        """What its rows become."""
        return str(self._document["record_type"])

    @property
    def counts(self) -> dict[str, int]:
        """What became of the rows so far."""
        return {name: int(self._document[name]) for name in COUNTS}

    @property
    def seconds(self) -> float:
        """The time spent on the stream."""
        return float(self._document["seconds"])

    def __repr__(self) -> str:
        return f"<{self.source} -> {self.record_type}: {shown_counts(self.counts)}>"


@final
class SyncReport:
    """What became of every row of a sync, from what was committed."""

    __slots__ = ("_document", "_job", "_workspace")

    def __init__(
        self,
        document: Mapping[str, Any],
        workspace: str,
        job: _headwater.NativeJob | None = None,
    ) -> None:
        self._document = dict(document)
        self._workspace = workspace
        self._job = job

    def __reduce__(self) -> tuple[Any, ...]:
        # A job may hold secrets, and belongs to its process.
        return SyncReport, (self._document, self._workspace)

    @property
    def run(self) -> str | None:
        """The id of the run; ``None`` where it was stopped before it began."""
        run = self._document["run"]
        return None if run is None else str(run)

    @property
    def state(self) -> str:
        """``done``, ``stopped`` or ``failed``."""
        return str(self._document["state"])

    @property
    def streams(self) -> list[dict[str, Any]]:
        """Each stream, with its counts and the columns that nothing used."""
        return list(self._document["streams"])

    @property
    def counts(self) -> dict[str, int]:
        """What became of the rows of all streams."""
        return counts_of(self.streams)

    @property
    def rejects(self) -> Rejects:
        """The rows that were refused, read from the workspace."""
        if self.run is None:
            return Rejects([], of_runs=True)
        with self._open() as workspace:
            return workspace.rejects(run=self.run)

    def _open(self) -> Workspace:
        if self._job is None:
            return open_workspace(self._workspace, create=False)
        return Workspace(self._job.open(), self._workspace)

    def to_dict(self) -> dict[str, Any]:
        """Everything that the report says."""
        return self._document

    def __repr__(self) -> str:
        lines = "".join(
            f"\n  {one['source']} -> {one['record_type']}: "
            f"{shown_counts(counts_of([one]))} in {one['seconds']:.2f} s"
            for one in self.streams
        )
        return f"<sync {self.state}{lines}>"

    def _repr_html_(self) -> str:
        names = ["source", "record_type", *COUNTS]
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(str(one[name]))}</td>" for name in names) + "</tr>"
            for one in self.streams
        )
        return f"<div>sync {escape(self.state)}<table><tr>{head}</tr>{rows}</table></div>"


@final
class SyncRun:
    """A sync that is running: iterate it for its :class:`Progress`, ask it for its report.

    A ``with`` block waits for its end, and stops it where the block raises.

    >>> import headwater as hw, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "people.jsonl").write_text('{"first_name": "Sarah", "email": "s@acme.com"}')
    >>> run = hw.start_sync(
    ...     folder / "people.jsonl", to=folder / "crm.db", record_type="contact", match="email"
    ... )
    >>> [progress.counts["read"] for progress in run]
    [1]
    >>> run.report().state
    'done'
    """

    __slots__ = ("__weakref__", "_error", "_finishing", "_job", "_native", "_report")

    def __init__(self, native: _headwater.SyncRun, job: _headwater.NativeJob) -> None:
        self._native = native
        self._job = job
        self._report: SyncReport | None = None
        self._error: HeadwaterError | None = None
        self._finishing = Lock()

    def __iter__(self) -> Iterator[Progress]:
        while (event := self._native.next()) is not None:
            yield Progress(event)

    def __repr__(self) -> str:
        state = "under way" if self._report is None else self._report.state
        return f"<sync to {self._job.workspace}: {state}>"

    def cancel(self) -> None:
        """Asks the run to stop at the next possible point; what is committed stays."""
        self._native.cancel()

    def logged(self) -> list[tuple[str, str]]:
        """What the connector has logged since this was last asked: level and line."""
        return self._native.logged()

    def report(self) -> SyncReport:
        """Waits for the end of the run and gives its report; raises what made it fail.

        The exception then has the report of what was committed before, as ``report``.
        """
        report = self._finish(PATIENCE)
        if self._error is not None:
            raise self._error
        return report

    def _finish(self, patience: float) -> SyncReport:
        """Waits for the end, and keeps the report and what made the run fail."""
        # Of several threads one is told of the end; the others wait for what it was told.
        with self._finishing:
            if self._report is None:
                stopped: dict[str, Any] = {"run": None, "state": "stopped", "streams": []}
                try:
                    document, self._error = self._native.finish(patience) or (stopped, None)
                except HeadwaterError as error:
                    document, self._error = {**stopped, "state": "failed"}, error
                self._report = SyncReport(document, self._job.workspace, self._job)
                if self._error is not None:
                    self._error.report = self._report
            return self._report

    def __enter__(self) -> SyncRun:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.cancel()
            report = self._finish(HURRY if isinstance(error, KeyboardInterrupt) else PATIENCE)
            if getattr(error, "report", None) is None:
                give_report(error, report)
        elif self._report is None:
            self.report()


def sync(
    job: JobLike,
    *,
    progress: bool | Callable[[Progress], object] = False,
    full: bool = False,
    to: str | PathLike[str] | None = None,
    record_type: str | None = None,
    match: str | None = None,
    mode: Mode | None = None,
    default_region: str | None = None,
    history: bool | None = None,
    actor: str = "python",
) -> SyncReport:
    """Runs a job and gives its report; goes on where an earlier run was stopped.

    ``job`` is the path of a job file, what such a file says as a mapping, or the path of a data
    file, which takes ``to`` (the workspace), ``record_type``, ``match``, ``mode``,
    ``default_region`` and ``history``. ``progress=True`` shows a bar on a terminal and in a
    notebook; a callable is given each :class:`Progress`. ``full`` starts over. Rows that are
    refused are in the report; what ends a run is raised. Ctrl-C stops at the next possible
    point, and the same call resumes.

    >>> import headwater as hw, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> _ = (folder / "people.csv").write_text("First Name,E-Mail\\nSarah,s@acme.com\\nBob,none\\n")
    >>> report = hw.sync(
    ...     folder / "people.csv", to=folder / "crm.db", record_type="contact", match="email"
    ... )
    >>> report.counts["created"], report.rejects[0]["code"]
    (1, 'field_value_invalid')
    """
    if iscoroutinefunction(progress):
        raise TypeError("progress is a coroutine function: headwater.aio.sync awaits it")
    run = start_sync(
        job,
        full=full,
        to=to,
        record_type=record_type,
        match=match,
        mode=mode,
        default_region=default_region,
        history=history,
        actor=actor,
    )
    return watch(run, progress)


def watch(run: SyncRun, progress: bool | Callable[[Progress], object]) -> SyncReport:
    """Shows the progress of a run until its end, and gives its report.

    What ends it, also out of the callable, is raised with the report of what was committed.
    """
    display = Display() if progress is True else None
    show: Callable[[Progress], object] | None = None
    if display is not None:
        show = display.show
    elif callable(progress):
        show = progress
    with run:
        try:
            for event in run:
                if show is not None:
                    show(event)
                _tell(run.logged())
            return run.report()
        finally:
            if display is not None:
                display.finish()
            _tell(run.logged())


def start_sync(
    job: JobLike,
    *,
    full: bool = False,
    to: str | PathLike[str] | None = None,
    record_type: str | None = None,
    match: str | None = None,
    mode: Mode | None = None,
    default_region: str | None = None,
    history: bool | None = None,
    actor: str = "python",
) -> SyncRun:
    """Starts a job as :func:`sync` does, and gives the run while it is under way."""
    given = (to, record_type, match, mode, default_region, history)
    native = _job(job, given)
    return SyncRun(native.start(full, actor), native)


def check(job: JobLike) -> list[str]:
    """Tries a job without reading a row; gives the streams that it would read."""
    return _job(job).check()


def estimate(job: JobLike, *, full: bool = False) -> dict[str, Any]:
    """What a run would ask of a workspace at a URL: its rows are read and mapped, nothing is sent.

    Gives ``rows``, ``refused``, ``unchanged``, ``requests``, and ``seconds`` at the rate that is
    allowed, which is ``None`` while none is known.
    """
    return _job(job).estimate(full)


def verify(job: JobLike) -> list[dict[str, Any]]:
    """Compares what a job has delivered to a workspace at a URL with what is there now.

    Gives for each record type how many records were ``read``, are ``known`` as delivered, were
    ``changed`` by others, and are ``gone``. The next run delivers those again.
    """
    return _job(job).verify()


def discover(job: JobLike) -> list[dict[str, Any]]:
    """The streams and columns that a job's source offers."""
    return _job(job).discover()


def _job(job: JobLike, given: tuple[Any, ...] = (None,) * 6) -> _headwater.NativeJob:
    if not isinstance(job, Mapping):
        to, *rest = given
        return _headwater.NativeJob.of_file(fspath(job), None if to is None else fspath(to), *rest)
    if any(one is not None for one in given):
        raise TypeError("to, record_type, match and so on go with a data file, not with a job")
    source = dict(job.get("source", {}))
    connector = source.get("connector")
    named: type[Connector] | None = None
    if isinstance(connector, type):
        named = connector
        source["connector"] = f"python:{connector.__module__}:{connector.__qualname__}"
    text = _toml.dumps({**job, "source": source})
    return _headwater.NativeJob.of_text(text, str(Path.cwd()), named)


def _tell(lines: list[tuple[str, str]]) -> None:
    for level, line in lines:
        if level != "debug":
            print(f"connector {level}: {line}", file=sys.stderr)
