"""A workspace at a URL: the package against a server of its own."""

import asyncio
import subprocess
import sys

import headwater as hw
import headwater.aio
import pandas
import pytest


@pytest.fixture
def served(tmp_path):
    """Starts the server on a workspace of the test's own; gives its URL."""
    started = []

    def serve(*arguments):
        command = [
            sys.executable,
            "-m",
            "headwater",
            "serve",
            "--listen",
            "127.0.0.1:0",
        ]
        process = subprocess.Popen(
            [*command, "--workspace", tmp_path / "crm.db", *arguments],
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process.stdout.readline().strip()

    yield serve
    for process in started:
        process.terminate()
        assert process.wait(timeout=60) == 0
        process.stdout.close()


def test_the_same_calls_as_on_a_file(served, tmp_path):
    ledger = tmp_path / "ledger.db"
    with hw.open(served("--no-auth"), ledger=ledger) as ws:
        acme = ws.create("account", {"name": "Acme", "domains": ["acme.com"]})
        sarah = ws.create(
            "contact", {"first_name": "Sarah", "primary_email": "s@acme.com"}
        )
        assert ws.patch("contact", sarah, {"title": "CTO"})["title"] == "CTO"
        assert ws.get("contact", sarah.id)["first_name"] == "Sarah"
        again = ws.assert_("contact", {"primary_email": "S@acme.com"}, {"title": None})
        assert (again.action, again.id) == ("updated", sarah.id)
        assert ws.get("contact", sarah)["title"] is None
        ws.link("contact", sarah, "accounts", acme)
        found = ws.query("contact", where=hw.field("accounts.name") == "Acme").to_list()
        assert [record.id for record in found] == [sarah.id]
        ws.archive("account", acme)
        with pytest.raises(hw.RecordNotFoundError):
            ws.get("account", acme.id)
        with pytest.raises(hw.UnknownFieldError) as refused:
            ws.patch("contact", sarah, {"titel": "CTO"})
        assert refused.value.field == "titel"


def test_frames_go_there_and_come_back(served, tmp_path):
    frame = pandas.DataFrame(
        {
            "first_name": [f"P{n}" for n in range(250)] + ["X"],
            "primary_email": [f"p{n}@acme.com" for n in range(250)] + ["none"],
        }
    )
    with hw.open(served("--no-auth"), ledger=tmp_path / "ledger.db") as ws:
        report = ws.assert_many("contact", frame, match="primary_email")
        assert (report.counts["created"], report.counts["rejected"]) == (250, 1)
        assert report.rejects.to_pandas()["field"].tolist() == ["primary_email"]
        back = ws.query("contact", sort="first_name").to_pandas()
        assert len(back) == 250 and "P7" in set(back["first_name"])
    assert not (tmp_path / "ledger.db").exists(), "calls need no ledger"


def test_a_sync_goes_there_and_a_second_one_has_nothing_to_do(
    served, people, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    url = served("--no-auth")
    told = {"to": url, "record_type": "contact", "match": "email"}
    file = people(30)
    assert hw.sync(file, **told).counts["created"] == 30
    assert hw.sync(file, **told).counts["unchanged"] == 30
    with hw.open(url) as ws:
        assert len(ws.runs()) == 2


def test_a_job_brings_its_own_key_ledger_and_rate(
    served, people, tmp_path, monkeypatch
):
    with hw.open(tmp_path / "crm.db"):
        pass
    make = [sys.executable, "-m", "headwater", "keys", "create", "--name", "test"]
    make += ["--workspace", tmp_path / "crm.db", "--scope", "contact:write"]
    key = subprocess.run(
        make, check=True, capture_output=True, text=True
    ).stdout.strip()
    monkeypatch.setenv("CRM_KEY", key)
    monkeypatch.chdir(tmp_path)
    rows = people(20)
    with rows.open("a") as file:
        file.write("X,none\n")
    job = {
        "source": {"connector": "csv", "config": {"path": str(rows)}},
        "target": {
            "workspace": served(),
            "api_key": "${CRM_KEY}",
            "ledger": "delivered.db",
        },
        "streams": [
            {
                "source": "people",
                "record_type": "contact",
                "match": "primary_email",
                "attributes": {"first_name": "First Name", "primary_email": "E-Mail"},
            }
        ],
    }
    asked = hw.estimate(job)
    assert (asked["rows"], asked["refused"], asked["unchanged"]) == (21, 1, 0)
    assert 0 < asked["requests"] <= 60
    report = hw.sync(job)
    assert (report.counts["created"], report.counts["rejected"]) == (20, 1)
    assert report.rejects[0]["field"] == "primary_email"
    assert (tmp_path / "delivered.db").exists()
    assert hw.estimate(job)["requests"] == 0
    (drift,) = hw.verify(job)
    assert (drift["record_type"], drift["known"], drift["gone"]) == ("contact", 20, 0)
    with pytest.raises(hw.ConfigInvalidError):
        hw.sync({**job, "target": {**job["target"], "duplicates": "reject"}})
    with pytest.raises(hw.OperationNotSupportedError):
        hw.verify({**job, "target": {"workspace": str(tmp_path / "crm.db")}})


def test_a_key_is_brought_and_never_shown(served, tmp_path, monkeypatch):
    with hw.open(tmp_path / "crm.db"):
        pass
    make = [sys.executable, "-m", "headwater", "keys", "create", "--name", "test"]
    make += ["--workspace", tmp_path / "crm.db", "--scope", "contact:read"]
    key = subprocess.run(
        make, check=True, capture_output=True, text=True
    ).stdout.strip()
    url = served()
    with hw.open(url) as ws, pytest.raises(hw.UnauthorizedError):
        ws.query("contact").to_list()
    with hw.open(url, api_key=key) as ws:
        assert ws.query("contact").to_list() == []
        with pytest.raises(hw.ForbiddenError) as refused:
            ws.create("contact", {"first_name": "Sarah"})
        assert key not in str(refused.value) + repr(ws)
    monkeypatch.setenv("HEADWATER_API_KEY", key)
    with hw.open(url) as ws:
        assert ws.query("contact").to_list() == []
    with pytest.raises(hw.ConfigInvalidError) as refused:
        hw.open(url, api_key=f"{key} and more")
    assert key not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "option"),
    [
        ("https://crm.example/api/v2", {"duplicates": "reject"}),
        ("https://crm.example/api/v2", {"clock": "2026-01-01T00:00:00Z"}),
        ("crm.db", {"api_key": "hw_key"}),
        ("crm.db", {"ledger": "ledger.db"}),
    ],
)
def test_an_option_of_the_other_kind_is_refused(url, option, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(hw.ConfigInvalidError) as refused:
        hw.open(url, **option)
    assert refused.value.field == next(iter(option))
    assert list(tmp_path.iterdir()) == []


async def opened(url):
    async with await headwater.aio.open(url) as ws:
        sarah = await ws.create("contact", {"first_name": "Sarah"})
        return [record.id async for record in ws.query("contact")] == [sarah.id]


def test_coroutines_do_the_same(served):
    assert asyncio.run(opened(served("--no-auth")))
