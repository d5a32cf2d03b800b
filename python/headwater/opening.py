"""Opens workspaces."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from os import PathLike, fspath
from typing import Literal

from . import _headwater
from .workspace import Workspace


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
) -> Workspace:
    """Opens a workspace by its path or URL, and makes it where there is none.

    ``create=False`` refuses to make one. ``duplicates`` sets for good whether a second record may
    have a match key that another one has, ``history`` whether changes are logged; ``actor`` is who
    the log names. ``id_seed`` and ``clock`` make ids and times that repeat, for tests.

    A URL of ``http`` or ``https`` is that of a record API, which keeps settings of its own. Requests bring
    ``api_key``, else the key in the environment: ``HEADWATER_API_KEY``, or the file that
    ``HEADWATER_API_KEY_FILE`` names. ``ledger`` is the file in which syncs
    keep their runs; without it that is a file in the present folder, named after the host.

    >>> import headwater as hw, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "crm.db"
    >>> with hw.open(path) as ws:
    ...     sarah = ws.create("contact", {"first_name": "Sarah"})
    >>> with hw.open(path, create=False) as ws:
    ...     ws.get("contact", sarah.id)["first_name"]
    'Sarah'
    """
    if duplicates not in (None, "allow", "reject"):
        raise ValueError(f'expected "allow" or "reject" for duplicates, found {duplicates!r}')
    rejects = None if duplicates is None else duplicates == "reject"
    handle = _headwater.Handle(
        fspath(url), create, rejects, history, actor, id_seed, clock, api_key, ledger
    )
    return Workspace(handle, fspath(url))


def open_temporary(*, id_seed: int | None = None, clock: str | None = None) -> Workspace:
    """Opens a new workspace that is gone when it is closed, for tests and trials.

    >>> import headwater as hw
    >>> with hw.open_temporary(id_seed=42, clock="2026-01-01T00:00:00Z") as ws:
    ...     ws.create("contact", {"first_name": "Sarah"}).created_at.isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    folder = TemporaryFolder()
    path = f"{folder.path}/crm.db"
    handle = _headwater.Handle(path, True, None, None, "python", id_seed, clock, None, None)
    return Workspace(handle, path, folder)


class TemporaryFolder:
    """A folder that is removed with its object: not by a process that was forked meanwhile."""

    def __init__(self) -> None:
        self.path = tempfile.mkdtemp(prefix="headwater-")
        self.remove = weakref.finalize(self, self._remove, self.path, os.getpid())

    @staticmethod
    def _remove(path: str, process: int) -> None:
        if os.getpid() == process:
            shutil.rmtree(path, ignore_errors=True)
