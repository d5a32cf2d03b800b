"""Writes headwater/aio.py from the signatures of headwater/workspace.py: generate/aio.py [--check]."""

import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "headwater"
PATH = FOLDER / "aio.py"
# What is written by hand below, or is no call.
OTHER = {"close", "query", "url", "record_types", "is_closed"}
HEADER = '''"""The package for asyncio: the same names, as coroutines. Written by generate/aio.py: do not edit.

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
'''


def arguments_of(function: ast.FunctionDef) -> str:
    """The arguments of a call that passes on those of a function."""
    given = function.args
    positional = [one.arg for one in given.args if one.arg != "self"]
    named = [f"{one.arg}={one.arg}" for one in given.kwonlyargs]
    return ", ".join(positional + named)


def method(function: ast.FunctionDef) -> str:
    """The method that runs a method of the workspace on a thread."""
    returned = ast.unparse(function.returns)
    arguments = arguments_of(function)
    called = f"self._workspace.{function.name}"
    doc = f'"""See :meth:`headwater.Workspace.{function.name}`."""'
    signature = ast.unparse(function.args)
    if returned.startswith("Iterator["):
        head = f"def {function.name}({signature}) -> Async{returned}:"
        body = f"return iterate({called}({arguments}))"
    else:
        head = f"async def {function.name}({signature}) -> {returned}:"
        comma = ", " if arguments else ""
        on_thread = "bulk" if function.name.endswith("_many") else "asyncio.to_thread"
        body = f"return await {on_thread}({called}{comma}{arguments})"
    return f"\n    {head}\n        {doc}\n        {body}\n"


def opener(function: ast.FunctionDef) -> str:
    """The function that opens a workspace on a thread."""
    signature, arguments = ast.unparse(function.args), arguments_of(function)
    return (
        f"\n\ndef {function.name}({signature}) -> Opening[Workspace]:\n"
        f'    """See :func:`headwater.{function.name}`."""\n\n'
        f"    async def opened() -> Workspace:\n"
        f"        call = asyncio.to_thread(opening.{function.name}, {arguments})\n"
        f"        return Workspace(await call)\n\n"
        f"    return Opening(opened())\n"
    )


def source() -> str:
    """The text of aio.py, before it is formatted."""
    tree = ast.parse((FOLDER / "workspace.py").read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = [node for node in classes[0].body if isinstance(node, ast.FunctionDef)]
    public = [one for one in methods if not one.name.startswith("_") and one.name not in OTHER]
    opening = ast.parse((FOLDER / "opening.py").read_text())
    openers = [node for node in opening.body if isinstance(node, ast.FunctionDef)]
    return HEADER + "".join(map(method, public)) + "".join(map(opener, openers))


def formatted(text: str) -> str:
    """The text as ruff formats it."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "100", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> None:
    """Writes the file, or says that it is not what it should be."""
    text = formatted(source())
    if "--check" not in sys.argv:
        PATH.write_text(text)
    elif PATH.read_text() != text:
        raise SystemExit(f"{PATH} is not what workspace.py makes: run generate/aio.py")


if __name__ == "__main__":
    main()
