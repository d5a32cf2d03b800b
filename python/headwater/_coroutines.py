"""The coroutines that are no calls of a workspace: queries and syncs, and how a call is run.

A call runs on a thread of its own, as the library blocks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Iterator
from os import PathLike
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, final

from . import syncs
from ._headwater import BulkControl
from .bulk import CONTROL, BulkReport
from .queries import Page, Query
from .records import Record
from .syncs import JobLike, Mode, Progress, SyncReport

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

_T = TypeVar("_T")
_END = object()


class _Entered(Protocol):
    async def __aenter__(self) -> Any: ...
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


_E = TypeVar("_E", bound=_Entered)


@final
class Opening(Coroutine[Any, Any, _E]):
    """What opens or starts something: await it, or use it in ``async with`` as it is."""

    __slots__ = ("_coroutine", "_opened")

    def __init__(self, coroutine: Coroutine[Any, Any, _E]) -> None:
        self._coroutine = coroutine
        self._opened: _E | None = None

    def send(self, value: Any) -> Any:
        """See :class:`collections.abc.Coroutine`."""
        return self._coroutine.send(value)

    def throw(self, *raised: Any) -> Any:
        """See :class:`collections.abc.Coroutine`."""
        return self._coroutine.throw(*raised)

    def close(self) -> None:
        """See :class:`collections.abc.Coroutine`."""
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, _E]:
        return self._coroutine.__await__()

    async def __aenter__(self) -> _E:
        self._opened = await self._coroutine
        await self._opened.__aenter__()
        return self._opened

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opened is not None:
            await self._opened.__aexit__(kind, error, trace)


async def stoppable(
    cancel: Callable[[], None], call: Callable[..., _T], *arguments: Any, **named: Any
) -> _T:
    """Runs a call on a thread; where the task is cancelled, the call is, too, and ends first."""
    done = asyncio.ensure_future(asyncio.to_thread(call, *arguments, **named))
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        cancel()
        await asyncio.gather(done, return_exceptions=True)
        raise


async def bulk(call: Callable[..., BulkReport], *arguments: Any, **named: Any) -> BulkReport:
    """Applies rows on a thread."""
    control = BulkControl()
    token = CONTROL.set(control)
    try:
        return await stoppable(control.cancel, call, *arguments, **named)
    finally:
        CONTROL.reset(token)


async def iterate(iterator: Iterator[_T]) -> AsyncIterator[_T]:
    """What an iterator gives, each step on a thread."""
    while (item := await asyncio.to_thread(next, iterator, _END)) is not _END:
        yield item  # type: ignore[misc]


@final
class AsyncQuery:
    """The records that a query selects; see :class:`headwater.Query`."""

    __slots__ = ("_query",)

    def __init__(self, query: Query) -> None:
        self._query = query

    async def __aiter__(self) -> AsyncIterator[Record]:
        async for page in self.pages():
            for record in page:
                yield record

    def pages(self) -> AsyncIterator[Page]:
        """The records, a page at a time."""
        return iterate(self._query.pages())

    async def first(self) -> Record | None:
        """The first record, or ``None`` where there is none."""
        return await asyncio.to_thread(self._query.first)

    async def to_list(self) -> list[Record]:
        """All records."""
        return await asyncio.to_thread(self._query.to_list)

    async def to_reader(self) -> pyarrow.RecordBatchReader:
        """See :meth:`headwater.Query.to_reader`; the reader itself blocks."""
        return await asyncio.to_thread(self._query.to_reader)

    async def to_arrow(self) -> pyarrow.Table:
        """See :meth:`headwater.Query.to_arrow`."""
        return await asyncio.to_thread(self._query.to_arrow)

    async def to_pandas(self) -> pandas.DataFrame:
        """See :meth:`headwater.Query.to_pandas`."""
        return await asyncio.to_thread(self._query.to_pandas)

    async def to_polars(self) -> polars.DataFrame:
        """See :meth:`headwater.Query.to_polars`."""
        return await asyncio.to_thread(self._query.to_polars)

    def __repr__(self) -> str:
        return repr(self._query)


async def sync(
    job: JobLike,
    *,
    progress: bool | Callable[[Progress], object | Awaitable[object]] = False,
    full: bool = False,
    to: str | PathLike[str] | None = None,
    record_type: str | None = None,
    match: str | None = None,
    mode: Mode | None = None,
    default_region: str | None = None,
    history: bool | None = None,
    actor: str = "python",
) -> SyncReport:
    """Runs a job; see :func:`headwater.sync`. Where the task is cancelled, the run is stopped.

    ``progress`` may be a coroutine function: it is awaited here before the next one.
    """
    if callable(progress):
        progress = _awaiting(progress)
    run = await asyncio.to_thread(
        syncs.start_sync,
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
    return await stoppable(run.cancel, syncs.watch, run, progress)


def _awaiting(
    progress: Callable[[Progress], object | Awaitable[object]],
) -> Callable[[Progress], object]:
    """Calls it on the thread that watches the run, and awaits what it gives beside the others."""
    loop = asyncio.get_running_loop()

    async def awaited(given: Awaitable[object]) -> None:
        await given

    def show(event: Progress) -> None:
        given = progress(event)
        if isinstance(given, Awaitable):
            asyncio.run_coroutine_threadsafe(awaited(given), loop).result()

    return show


@final
class SyncRun:
    """A sync that is running; see :class:`headwater.SyncRun`."""

    __slots__ = ("_run",)

    def __init__(self, run: syncs.SyncRun) -> None:
        self._run = run

    def __aiter__(self) -> AsyncIterator[Progress]:
        return iterate(iter(self._run))

    def cancel(self) -> None:
        """Asks the run to stop at the next possible point; what is committed stays."""
        self._run.cancel()

    def logged(self) -> list[tuple[str, str]]:
        """What the connector has logged since this was last asked: level and line."""
        return self._run.logged()

    async def report(self) -> SyncReport:
        """See :meth:`headwater.SyncRun.report`. Where the task is cancelled, the run is stopped."""
        return await stoppable(self._run.cancel, self._run.report)

    async def __aenter__(self) -> SyncRun:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await stoppable(self._run.cancel, self._run.__exit__, kind, error, trace)


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
) -> Opening[SyncRun]:
    """Starts a job; see :func:`headwater.start_sync`."""

    async def started() -> SyncRun:
        run = await asyncio.to_thread(
            syncs.start_sync,
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
        return SyncRun(run)

    return Opening(started())


async def check(job: JobLike) -> list[str]:
    """See :func:`headwater.check`."""
    return await asyncio.to_thread(syncs.check, job)


async def estimate(job: JobLike, *, full: bool = False) -> dict[str, Any]:
    """See :func:`headwater.estimate`."""
    return await asyncio.to_thread(syncs.estimate, job, full=full)


async def verify(job: JobLike) -> list[dict[str, Any]]:
    """See :func:`headwater.verify`."""
    return await asyncio.to_thread(syncs.verify, job)


async def discover(job: JobLike) -> list[dict[str, Any]]:
    """See :func:`headwater.discover`."""
    return await asyncio.to_thread(syncs.discover, job)
