"""Calls leave nothing behind, also those that fail."""

import os
from pathlib import Path

import headwater as hw
import pytest

# make python-leaks asks for more.
CALLS = int(os.environ.get("HEADWATER_LEAK_CALLS", "10000"))
# What the allocator and SQLite's cache may keep.
TOLERATED = 4 << 20


def resident():
    """The memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def fail(ws, sarah):
    """A call that is refused."""
    with pytest.raises(hw.UnknownFieldError):
        ws.patch("contact", sarah, {"titel": "CTO"})


KINDS = {
    "get": lambda ws, sarah: ws.get("contact", sarah).to_dict(),
    "assert_": lambda ws, sarah: ws.assert_(
        "contact", {"email": "s@acme.example"}, {"title": "CTO"}
    ),
    "query": lambda ws, sarah: ws.query("contact").first().to_wire(),
    "refused": fail,
    "bulk": lambda ws, sarah: ws.assert_many(
        "contact", [{"email": "s@acme.example"}], match="email"
    ),
    "arrow": lambda ws, sarah: ws.query("contact").to_arrow(),
}
# How much dearer one call of a kind is than a read.
COST = {"bulk": 10, "arrow": 10, "refused": 5}


@pytest.mark.parametrize("kind", KINDS)
def test_memory_stays_flat(ws, kind):
    sarah = ws.create("contact", {"primary_email": "s@acme.example", "title": "CTO"}).id
    calls = CALLS // COST.get(kind, 1)

    def repeat(times):
        for _ in range(times):
            KINDS[kind](ws, sarah)

    repeat(calls // 4)
    # A leak grows every time; what grows once is a cache.
    for _ in range(3):
        before = resident()
        repeat(calls)
        grown = resident() - before
        if grown <= TOLERATED:
            return
    pytest.fail(f"{calls} calls took {grown} bytes")
