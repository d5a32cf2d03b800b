"""The package for asyncio: the same names, as coroutines. Written by generate/aio.py: do not edit.

A call runs on a thread of its own, as the library blocks; what it does is described there.

>>> import asyncio, headwater.aio
>>> async def main():
...     async with headwater.aio.open_temporary() as ws:
...         sarah = await ws.create("contact", {"first_name": "Sarah"})
...         return [record["first_name"] async for record in ws.query("contact")]
>>> asyncio.run(main())
['Sarah']
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from os import PathLike
from types import TracebackType
from typing import Any, Literal, final

from . import connectors, opening, workspace
from ._coroutines import (
    AsyncQuery,
    Opening,
    SyncRun,
    bulk,
    check,
    discover,
    estimate,
    iterate,
    start_sync,
    sync,
    verify,
)
from .bulk import BulkReport, Nulls, Rows
from .filters import Where
from .journal import Rejects, Run
from .queries import Page, Sort
from .records import Asserted, Attributes, Id, Outcome, Record

__all__ = [
    "AsyncQuery",
    "SyncRun",
    "Workspace",
    "check",
    "connectors",
    "discover",
    "estimate",
    "open",
    "open_temporary",
    "start_sync",
    "sync",
    "verify",
]


@final
class Workspace:
    """An open workspace; see :class:`headwater.Workspace`."""

    __slots__ = ("_workspace",)

    def __init__(self, opened: workspace.Workspace) -> None:
        self._workspace = opened

    @property
    def url(self) -> str:
        """Where it was opened."""
        return self._workspace.url

    @property
    def record_types(self) -> list[str]:
        """The names of its record types."""
        return self._workspace.record_types

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self._workspace.is_closed

    def query(
        self,
        record_type: str,
        where: Where = None,
        *,
        sort: Sort = None,
        limit: int | None = None,
    ) -> AsyncQuery:
        """See :meth:`headwater.Workspace.query`."""
        return AsyncQuery(self._workspace.query(record_type, where, sort=sort, limit=limit))

    async def close(self) -> None:
        """Closes the workspace; doing so twice is no mistake."""
        await asyncio.to_thread(self._workspace.close)

    async def __aenter__(self) -> Workspace:
        self._workspace.__enter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return repr(self._workspace)

    async def create(self, record_type: str, attributes: Attributes) -> Record:
        """See :meth:`headwater.Workspace.create`."""
        return await asyncio.to_thread(self._workspace.create, record_type, attributes)

    async def get(self, record_type: str, id: Id) -> Record:
        """See :meth:`headwater.Workspace.get`."""
        return await asyncio.to_thread(self._workspace.get, record_type, id)

    async def patch(self, record_type: str, id: Id, attributes: Attributes) -> Record:
        """See :meth:`headwater.Workspace.patch`."""
        return await asyncio.to_thread(self._workspace.patch, record_type, id, attributes)

    async def archive(self, record_type: str, id: Id) -> None:
        """See :meth:`headwater.Workspace.archive`."""
        return await asyncio.to_thread(self._workspace.archive, record_type, id)

    async def restore(self, record_type: str, id: Id) -> Record:
        """See :meth:`headwater.Workspace.restore`."""
        return await asyncio.to_thread(self._workspace.restore, record_type, id)

    async def assert_(
        self, record_type: str, match: Mapping[str, Any], attributes: Attributes
    ) -> Asserted:
        """See :meth:`headwater.Workspace.assert_`."""
        return await asyncio.to_thread(self._workspace.assert_, record_type, match, attributes)

    async def update(
        self, record_type: str, match: Mapping[str, Any], attributes: Attributes
    ) -> Asserted:
        """See :meth:`headwater.Workspace.update`."""
        return await asyncio.to_thread(self._workspace.update, record_type, match, attributes)

    async def apply(
        self,
        operations: Iterable[Mapping[str, Any]],
        *,
        all_or_nothing: bool = False,
        records: bool = True,
    ) -> list[Outcome]:
        """See :meth:`headwater.Workspace.apply`."""
        return await asyncio.to_thread(
            self._workspace.apply, operations, all_or_nothing=all_or_nothing, records=records
        )

    async def assert_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        match: str,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """See :meth:`headwater.Workspace.assert_many`."""
        return await bulk(
            self._workspace.assert_many,
            record_type,
            rows,
            match=match,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    async def create_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """See :meth:`headwater.Workspace.create_many`."""
        return await bulk(
            self._workspace.create_many,
            record_type,
            rows,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    async def update_many(
        self,
        record_type: str,
        rows: Rows,
        *,
        match: str,
        nulls: Nulls = "clear",
        nulls_of: Mapping[str, Nulls] | None = None,
        columns: Mapping[str, str] | None = None,
        ignore_unknown: bool = False,
        default_region: str | None = None,
        all_or_nothing: bool = False,
    ) -> BulkReport:
        """See :meth:`headwater.Workspace.update_many`."""
        return await bulk(
            self._workspace.update_many,
            record_type,
            rows,
            match=match,
            nulls=nulls,
            nulls_of=nulls_of,
            columns=columns,
            ignore_unknown=ignore_unknown,
            default_region=default_region,
            all_or_nothing=all_or_nothing,
        )

    async def page(self, record_type: str, body: Mapping[str, Any]) -> Page:
        """See :meth:`headwater.Workspace.page`."""
        return await asyncio.to_thread(self._workspace.page, record_type, body)

    async def add_item(
        self, record_type: str, id: Id, attribute: str, item: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """See :meth:`headwater.Workspace.add_item`."""
        return await asyncio.to_thread(self._workspace.add_item, record_type, id, attribute, item)

    async def update_item(
        self, record_type: str, id: Id, attribute: str, item: str, changes: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """See :meth:`headwater.Workspace.update_item`."""
        return await asyncio.to_thread(
            self._workspace.update_item, record_type, id, attribute, item, changes
        )

    async def remove_item(self, record_type: str, id: Id, attribute: str, item: str) -> None:
        """See :meth:`headwater.Workspace.remove_item`."""
        return await asyncio.to_thread(
            self._workspace.remove_item, record_type, id, attribute, item
        )

    async def link(
        self,
        record_type: str,
        id: Id,
        relationship: str,
        target: Id | None = None,
        attributes: Attributes | None = None,
        *,
        match: Mapping[str, Any] | None = None,
    ) -> tuple[str, dict[str, Any]]:
        """See :meth:`headwater.Workspace.link`."""
        return await asyncio.to_thread(
            self._workspace.link, record_type, id, relationship, target, attributes, match=match
        )

    async def relink(
        self, record_type: str, id: Id, relationship: str, target: Id, attributes: Attributes
    ) -> tuple[str, dict[str, Any]]:
        """See :meth:`headwater.Workspace.relink`."""
        return await asyncio.to_thread(
            self._workspace.relink, record_type, id, relationship, target, attributes
        )

    async def unlink(self, record_type: str, id: Id, relationship: str, target: Id) -> None:
        """See :meth:`headwater.Workspace.unlink`."""
        return await asyncio.to_thread(
            self._workspace.unlink, record_type, id, relationship, target
        )

    def links(self, record_type: str, id: Id, relationship: str) -> AsyncIterator[dict[str, Any]]:
        """See :meth:`headwater.Workspace.links`."""
        return iterate(self._workspace.links(record_type, id, relationship))

    async def links_page(
        self, record_type: str, id: Id, relationship: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """See :meth:`headwater.Workspace.links_page`."""
        return await asyncio.to_thread(
            self._workspace.links_page, record_type, id, relationship, parameters
        )

    async def log_activity(self, attributes: Attributes) -> dict[str, Any]:
        """See :meth:`headwater.Workspace.log_activity`."""
        return await asyncio.to_thread(self._workspace.log_activity, attributes)

    def activities(
        self,
        *,
        contact_id: Id | None = None,
        account_id: Id | None = None,
        opportunity_id: Id | None = None,
        created_from: Any = None,
        created_to: Any = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """See :meth:`headwater.Workspace.activities`."""
        return iterate(
            self._workspace.activities(
                contact_id=contact_id,
                account_id=account_id,
                opportunity_id=opportunity_id,
                created_from=created_from,
                created_to=created_to,
            )
        )

    async def activities_page(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """See :meth:`headwater.Workspace.activities_page`."""
        return await asyncio.to_thread(self._workspace.activities_page, body)

    def history(self, record_type: str, id: Id) -> AsyncIterator[dict[str, Any]]:
        """See :meth:`headwater.Workspace.history`."""
        return iterate(self._workspace.history(record_type, id))

    async def history_page(
        self, record_type: str, id: Id, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        """See :meth:`headwater.Workspace.history_page`."""
        return await asyncio.to_thread(self._workspace.history_page, record_type, id, parameters)

    async def runs(self, limit: int = 20) -> list[Run]:
        """See :meth:`headwater.Workspace.runs`."""
        return await asyncio.to_thread(self._workspace.runs, limit)

    async def rejects(self, *, run: str | None = None, code: str | None = None) -> Rejects:
        """See :meth:`headwater.Workspace.rejects`."""
        return await asyncio.to_thread(self._workspace.rejects, run=run, code=code)

    async def schema(self, record_type: str) -> dict[str, Any]:
        """See :meth:`headwater.Workspace.schema`."""
        return await asyncio.to_thread(self._workspace.schema, record_type)

    async def declare(self, declarations: str | Mapping[str, Any]) -> dict[str, list[str]]:
        """See :meth:`headwater.Workspace.declare`."""
        return await asyncio.to_thread(self._workspace.declare, declarations)

    async def pipelines(self) -> list[dict[str, Any]]:
        """See :meth:`headwater.Workspace.pipelines`."""
        return await asyncio.to_thread(self._workspace.pipelines)

    async def seed(self, records: Iterable[Mapping[str, Any]]) -> list[Outcome]:
        """See :meth:`headwater.Workspace.seed`."""
        return await asyncio.to_thread(self._workspace.seed, records)

    async def snapshot(self, path: str | PathLike[str]) -> None:
        """See :meth:`headwater.Workspace.snapshot`."""
        return await asyncio.to_thread(self._workspace.snapshot, path)

    async def reset(self, path: str | PathLike[str]) -> None:
        """See :meth:`headwater.Workspace.reset`."""
        return await asyncio.to_thread(self._workspace.reset, path)


def open(
    url: str | PathLike[str],
    *,
    create: bool = True,
    duplicates: Literal["allow", "reject"] | None = None,
    history: bool | None = None,
    actor: str = "python",
    id_seed: int | None = None,
    clock: str | None = None,
    api_key: str | None = None,
    ledger: str | PathLike[str] | None = None,
) -> Opening[Workspace]:
    """See :func:`headwater.open`."""

    async def opened() -> Workspace:
        call = asyncio.to_thread(
            opening.open,
            url,
            create=create,
            duplicates=duplicates,
            history=history,
            actor=actor,
            id_seed=id_seed,
            clock=clock,
            api_key=api_key,
            ledger=ledger,
        )
        return Workspace(await call)

    return Opening(opened())


def open_temporary(*, id_seed: int | None = None, clock: str | None = None) -> Opening[Workspace]:
    """See :func:`headwater.open_temporary`."""

    async def opened() -> Workspace:
        call = asyncio.to_thread(opening.open_temporary, id_seed=id_seed, clock=clock)
        return Workspace(await call)

    return Opening(opened())
