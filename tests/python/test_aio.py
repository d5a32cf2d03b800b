"""The coroutines: the same names, and the same results."""

import asyncio
import inspect
import threading

import counting
import headwater as hw
import headwater.aio
import pytest
from headwater import aio


def names(cls):
    """The public names of a class."""
    return {name for name in dir(cls) if not name.startswith("_")}


def test_there_is_a_coroutine_for_every_call():
    assert names(headwater.aio.Workspace) == names(hw.Workspace)
    for name, method in inspect.getmembers(hw.Workspace, inspect.isfunction):
        if name.startswith("_"):
            continue
        twin = inspect.signature(getattr(headwater.aio.Workspace, name))
        assert twin.parameters.keys() == inspect.signature(method).parameters.keys(), (
            name
        )


def test_calls_queries_and_iterators(tmp_path):
    async def main():
        async with await headwater.aio.open(tmp_path / "crm.db") as ws:
            people = [{"primary_email": f"p{n}@acme.example"} for n in range(1200)]
            report = await ws.assert_many("contact", people, match="primary_email")
            assert report.counts["created"] == 1200
            assert len([one async for one in ws.query("contact")]) == 1200
            assert [len(page) async for page in ws.query("contact").pages()] == [
                1000,
                200,
            ]
            first = await ws.query("contact", sort="created_at").first()
            assert first["primary_email"] == "p0@acme.example"
            changes = [change async for change in ws.history("contact", first)]
            assert [change["operation"] for change in changes]
            with pytest.raises(hw.UnknownFieldError):
                await ws.create("contact", {"titel": "x"})
            made = await asyncio.gather(
                *(ws.create("contact", {"first_name": f"P{n}"}) for n in range(20))
            )
            assert len({record.id for record in made}) == 20
        assert ws.is_closed

    asyncio.run(main())


def test_a_cancelled_task_stops_its_sync(tmp_path):
    path = tmp_path / "crm.db"
    job = {
        "source": {"connector": counting.Endless},
        "target": {"workspace": path, "commit_rows": 20},
        "streams": [{"record_type": "contact", "match": "primary_email"}],
    }

    async def main():
        running = asyncio.Event()
        loop = asyncio.get_running_loop()
        told = lambda event: loop.call_soon_threadsafe(running.set)
        task = asyncio.create_task(headwater.aio.sync(job, progress=told))
        await running.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    with hw.open(path, create=False) as ws:
        assert ws.runs()[0].state == "stopped"


def test_a_query_is_data_in_any_form():
    async def main():
        async with await aio.open_temporary() as ws:
            await ws.create_many("contact", [{"first_name": "A"}, {"first_name": "B"}])
            query = ws.query("contact", sort="first_name")
            assert [record["first_name"] async for record in query] == ["A", "B"]
            arrow = await query.to_arrow()
            assert arrow.column("first_name").to_pylist() == ["A", "B"]
            assert list((await query.to_pandas())["first_name"]) == ["A", "B"]
            assert (await query.to_polars()).height == 2
            assert (await query.to_reader()).read_all().num_rows == 2

    asyncio.run(main())


def test_a_sync_is_watched_checked_and_discovered(people, tmp_path):
    given = {
        "source": {"connector": "csv", "config": {"path": str(people(30))}},
        "target": {"workspace": str(tmp_path / "crm.db"), "commit_rows": 10},
        "streams": [{"record_type": "contact", "match": "email"}],
    }

    async def main():
        assert await aio.check(given) == ["people"]
        assert (await aio.discover(given))[0]["name"] == "people"
        assert "csv" in {one["name"] for one in aio.connectors.list()}
        async with await aio.start_sync(given) as run:
            read = [progress.counts["read"] async for progress in run]
            assert (await run.report()).state == "done"
        assert read[-1] == 30

    asyncio.run(main())


def test_a_sync_begins_beside_the_event_loop(people, tmp_path, monkeypatch):
    begun, start_sync = [], hw.syncs.start_sync

    def start(*arguments, **named):
        begun.append(threading.current_thread())
        return start_sync(*arguments, **named)

    monkeypatch.setattr(hw.syncs, "start_sync", start)
    given = {"to": tmp_path / "crm.db", "record_type": "contact"}
    given["match"] = "email"
    report = asyncio.run(aio.sync(people(3), **given))
    assert report.state == "done"
    assert begun and begun[0] is not threading.main_thread()


def test_what_opens_or_starts_may_be_entered_as_it_is(people, tmp_path):
    given = {
        "source": {"connector": "csv", "config": {"path": str(people(30))}},
        "target": {"workspace": str(tmp_path / "crm.db"), "commit_rows": 10},
        "streams": [{"record_type": "contact", "match": "email"}],
    }

    async def main():
        async with aio.open(tmp_path / "crm.db") as ws:
            assert ws.record_types
        with pytest.raises(hw.InvalidRequestError, match="closed"):
            async with ws:
                pass
        async with aio.start_sync(given) as run:
            assert (await run.report()).counts["created"] == 30
        ws = await asyncio.create_task(aio.open_temporary())
        await ws.close()

    asyncio.run(main())


def test_progress_may_be_a_coroutine_function(people, tmp_path):
    seen = []

    async def told(event):
        await asyncio.sleep(0)
        seen.append(event.counts["read"])

    given = {
        "source": {"connector": "csv", "config": {"path": str(people(30))}},
        "target": {"workspace": str(tmp_path / "crm.db"), "commit_rows": 10},
        "streams": [{"record_type": "contact", "match": "email"}],
    }
    asyncio.run(aio.sync(given, progress=told))
    assert seen[-1] == 30
    with pytest.raises(TypeError, match=r"aio\.sync"):
        hw.sync(given, progress=told)
