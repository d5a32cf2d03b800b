"""Threads, forks and Ctrl-C."""

import os
import signal
import sqlite3
import threading
import time

import headwater as hw
import pytest

ENDLESS = """
import sys, headwater as hw, counting
job = {
    "source": {"connector": counting.Endless},
    "target": {"workspace": sys.argv[1], "commit_rows": 50},
    "streams": [{"record_type": "contact", "match": "primary_email"}],
}
def told(event):
    print("running", flush=True)
try:
    hw.sync(job, progress=told)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
ENDLESS_ROWS = """
import sys, itertools, headwater as hw
def rows():
    for number in itertools.count():
        if number == 100:
            print("running", flush=True)
        yield {"primary_email": f"p{number}@acme.example"}
with hw.open(sys.argv[1]) as ws:
    try:
        ws.assert_many("contact", rows(), match="primary_email")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""
ENDLESS_COROUTINE = """
import sys, asyncio, headwater.aio, counting
async def main():
    await headwater.aio.sync({
        "source": {"connector": counting.Endless},
        "target": {"workspace": sys.argv[1], "commit_rows": 50},
        "streams": [{"record_type": "contact", "match": "primary_email"}],
    }, progress=lambda event: print("running", flush=True))
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
SLOW_ROWS = """
import sys, time, headwater as hw
def rows():
    yield {"primary_email": "p@acme.example"}
    print("running", flush=True)
    time.sleep(60)
with hw.open(sys.argv[1]) as ws:
    try:
        ws.assert_many("contact", rows(), match="primary_email")
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""
SLOW_CONNECTOR = """
import sys, time, headwater as hw, counting
class Slow(counting.Numbers):
    def read(self, stream, checkpoint):
        yield counting.row(1)
        print("running", flush=True)
        time.sleep(60)
try:
    hw.sync({
        "source": {"connector": Slow, "config": {"count": 2}},
        "target": {"workspace": sys.argv[1]},
        "streams": [{"record_type": "contact", "match": "primary_email"}],
    })
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
ROWS_OF_A_COROUTINE = """
import sys, asyncio, itertools, headwater.aio
def rows():
    for number in itertools.count():
        if number == 100:
            print("running", flush=True)
        yield {"primary_email": f"p{number}@acme.example"}
async def main():
    async with await headwater.aio.open(sys.argv[1]) as ws:
        await ws.assert_many("contact", rows(), match="primary_email")
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
INTERRUPTED = {
    "a sync": ENDLESS,
    "rows": ENDLESS_ROWS,
    "a coroutine": ENDLESS_COROUTINE,
    "rows that are slow": SLOW_ROWS,
    "a connector that is slow": SLOW_CONNECTOR,
    "rows of a coroutine": ROWS_OF_A_COROUTINE,
}
# One is what is promised, on a machine that does nothing else.
SOON = 2


@pytest.mark.parametrize("code", INTERRUPTED.values(), ids=INTERRUPTED)
def test_ctrl_c_ends_it_soon_and_leaves_the_workspace_whole(start, tmp_path, code):
    path = tmp_path / "crm.db"
    process = start(code, path)
    assert process.stdout.readline() == "running\n", process.stderr.read()
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    while (line := process.stdout.readline()) == "running\n":
        pass
    took = time.monotonic() - begun
    _, err = process.communicate(timeout=30)
    assert line == "interrupted\n", err
    assert process.returncode == 0, err
    assert took < SOON
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    with hw.open(path, create=False) as ws:
        for run in ws.runs():
            assert run.state == "stopped"
            assert run.counts["created"] == len(ws.query("contact").to_list())


def test_other_threads_run_while_a_call_waits(ws):
    """The call waits for a lock that another Python thread holds, and can only give up by running."""
    waiting = threading.Event()
    holder = sqlite3.connect(ws.url, isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")

    def give_up():
        waiting.wait()
        time.sleep(0.05)
        holder.execute("ROLLBACK")

    thread = threading.Thread(target=give_up)
    thread.start()
    waiting.set()
    ws.create("contact", {"first_name": "Sarah"})
    thread.join()
    holder.close()


def test_other_threads_run_while_a_sync_and_a_bulk_wait(ws, people):
    for work in (
        lambda: hw.sync(people(10), to=ws.url, record_type="contact", match="email"),
        lambda: ws.assert_many("contact", [{"email": "a@acme.example"}], match="email"),
    ):
        waiting = threading.Event()
        holder = sqlite3.connect(ws.url, isolation_level=None, check_same_thread=False)
        holder.execute("BEGIN IMMEDIATE")

        def give_up(waiting=waiting, holder=holder):
            waiting.wait()
            time.sleep(0.05)
            holder.execute("ROLLBACK")

        thread = threading.Thread(target=give_up)
        thread.start()
        waiting.set()
        work()
        thread.join()
        holder.close()


def test_threads_share_a_workspace(ws):
    failures = []

    def work(number):
        try:
            for turn in range(30):
                match = {"primary_email": f"p{turn}@acme.example"}
                done = ws.assert_("contact", match, {"title": f"{number}"})
                ws.get("contact", done.id)
                ws.query("contact", limit=3).to_list()
        except hw.HeadwaterError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(ws.query("contact").to_list()) == 30


def test_a_workspace_may_be_closed_under_other_threads(ws):
    seen = []
    sarah = ws.create("contact", {"first_name": "Sarah"})
    begun = threading.Event()

    def work():
        try:
            while True:
                ws.get("contact", sarah)
                begun.set()
        except hw.InvalidRequestError as error:
            seen.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    begun.wait()
    ws.close()
    for thread in threads:
        thread.join()
    assert len(seen) == 4


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_to_open_its_own(tmp_path):
    path = tmp_path / "crm.db"
    with hw.open(path) as ws:
        sarah = ws.create("contact", {"first_name": "Sarah"})
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with pytest.raises(hw.InvalidRequestError, match="forked"):
                    ws.get("contact", sarah)
                ws.close()
                del ws
                with hw.open(path) as own:
                    own.patch("contact", sarah, {"title": "CTO"})
                status = 0
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert ws.get("contact", sarah)["title"] == "CTO"
        ws.patch("contact", sarah, {"title": "CEO"})
    with hw.open(path) as ws:
        assert ws.get("contact", sarah)["title"] == "CEO"


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("closes", [True, False])
def test_a_forked_process_leaves_a_temporary_workspace_be(start, closes):
    code = f"""
import os, sys, headwater as hw
ws = hw.open_temporary()
sarah = ws.create("contact", {{"first_name": "Sarah"}})
if os.fork() == 0:
    {"ws.close()" if closes else "pass"}
    sys.exit()
assert os.wait()[1] == 0
assert os.path.exists(ws.url)
print(ws.patch("contact", sarah, {{"title": "CTO"}})["title"])
ws.close()
print(os.path.exists(os.path.dirname(ws.url)))
"""
    out, err = start(code).communicate(timeout=60)
    assert out == "CTO\nFalse\n", err


LEFT_BEHIND = """
import asyncio, sys, threading, time
import headwater as hw, headwater.aio as aio
from headwater import _ending

# Many end at once here.
_ending.PATIENCE = 10.0
READING = threading.Event()

class Slow(hw.Connector):
    name = "slow"
    version = "1.0.0"

    def streams(self):
        return [hw.Stream("rows", ["first_name"])]

    def read(self, stream, checkpoint):
        READING.set()
        while True:
            time.sleep(0.01)
            if YIELDS:
                yield {"first_name": "a"}
        yield

ws = hw.open_temporary()
job = {
    "source": {"connector": Slow},
    "target": {"workspace": ws.url},
    "streams": [{"record_type": "contact", "mode": "create"}],
}

def begun():
    run = hw.start_sync(job)
    READING.wait()
    return run

async def given_up():
    task = asyncio.create_task(aio.sync(job))
    await asyncio.to_thread(READING.wait)
    task.cancel()
    await task
"""

ENDS = {
    "a run that was cancelled": "run = begun(); run.cancel(); print(run.report().state)",
    "a run that goes on": "run = begun()",
    "a run that nobody holds": "begun()",
    "an exit": "run = begun(); sys.exit(3)",
    "a block that raises": "with begun(): raise SystemExit(3)",
    "a task that is given up": """
try:
    asyncio.run(given_up())
except asyncio.CancelledError:
    print("given up")
""",
}


@pytest.mark.parametrize("yields", [True, False], ids=["rows", "no rows"])
def test_the_interpreter_ends_well_while_a_connector_is_in_a_call(start, yields):
    scripts = [f"YIELDS = {yields}{LEFT_BEHIND}{end}" for end in ENDS.values()]
    # Some ended badly only now and then.
    started = [(script, start(script)) for script in scripts * 2]
    for script, process in started:
        out, err = process.communicate(timeout=60)
        expected = 3 if "(3)" in script else 0
        assert (process.returncode, err) == (expected, ""), (script, out)


def test_the_command_ends_well_while_a_connector_is_in_a_call(start, tmp_path):
    (tmp_path / "slow_source.py").write_text(
        "import time\nimport headwater as hw\n"
        "class Slow(hw.Connector):\n"
        "    def streams(self):\n"
        '        return [hw.Stream("rows", ["first_name"])]\n'
        "    def read(self, stream, checkpoint):\n"
        '        print("reading", flush=True)\n'
        "        while True:\n"
        "            time.sleep(0.01)\n"
        '            yield {"first_name": "a"}\n'
    )
    job = tmp_path / "job.toml"
    job.write_text(
        '[source]\nconnector = "python:slow_source:Slow"\n'
        '[target]\nworkspace = "crm.db"\n'
        '[[streams]]\nrecord_type = "contact"\nmode = "create"\n'
    )
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
sys.argv = ["headwater", "sync", {str(job)!r}]
from headwater.command import main
main()
"""
    for _ in range(3):
        process = start(code)
        assert process.stdout.readline() == "reading\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
