"""Records of a CRM workspace, and the syncs that bring them there.

>>> import headwater as hw
>>> with hw.open_temporary() as ws:
...     sarah = ws.create("contact", {"first_name": "Sarah", "primary_email": "sarah@acme.com"})
...     ws.patch("contact", sarah.id, {"title": "CTO", "department": None})["title"]
'CTO'
"""

from __future__ import annotations

from . import _ending, connectors, errors
from ._headwater import VERSION as __version__
from .bulk import BulkReport
from .connector import Checkpoint, Connector, Stream
from .errors import *
from .filters import Field, Filter, field
from .journal import Rejects, Run
from .opening import open, open_temporary
from .queries import Page, Query
from .records import Asserted, Outcome, Record
from .syncs import (
    Progress,
    SyncReport,
    SyncRun,
    check,
    discover,
    estimate,
    start_sync,
    sync,
    verify,
)
from .workspace import Workspace

__all__ = [
    "Asserted",
    "BulkReport",
    "Checkpoint",
    "Connector",
    "Field",
    "Filter",
    "Outcome",
    "Page",
    "Progress",
    "Query",
    "Record",
    "Rejects",
    "Run",
    "Stream",
    "SyncReport",
    "SyncRun",
    "Workspace",
    "__version__",
    "check",
    "connectors",
    "discover",
    "errors",
    "estimate",
    "field",
    "open",
    "open_temporary",
    "start_sync",
    "sync",
    "verify",
]
__all__ += errors.__all__

_ending.register()
