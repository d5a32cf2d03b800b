"""Syncs: reports, progress, and what ends them."""

import datetime as dt
import io
import json
from concurrent.futures import ThreadPoolExecutor

import headwater as hw
import numpy
import pytest
from headwater import _toml
from headwater import progress as display


def job(people, tmp_path, **more):
    """A job as a mapping."""
    return {
        "source": {"connector": "csv", "config": {"path": str(people)}},
        "target": {"workspace": str(tmp_path / "crm.db"), **more},
        "streams": [
            {
                "record_type": "contact",
                "match": "primary_email",
                "attributes": {
                    "first_name": "First Name",
                    "primary_email": "E-Mail",
                    "title": {"value": 'it\'s "new"\\\n'},
                    "department": {
                        "column": "Department",
                        "optional": True,
                        "default": None,
                    },
                },
            }
        ],
    }


def test_a_job_is_a_file_or_a_mapping(people, tmp_path):
    mapping = job(people(10), tmp_path)
    report = hw.sync(mapping)
    assert (report.state, report.counts["created"]) == ("done", 10)
    with hw.open(tmp_path / "crm.db") as ws:
        assert {one["title"] for one in ws.query("contact")} == {'it\'s "new"\\\n'}
        assert [
            change["actor"]
            for change in ws.history("contact", ws.query("contact").first())
        ]
    path = tmp_path / "job.toml"
    path.write_text(
        """
        source = { connector = "csv", config = { path = "people.csv" } }
        target = { workspace = "crm.db" }
        [[streams]]
        record_type = "contact"
        match = "email"
        [streams.attributes]
        email = "E-Mail"
        """
    )
    assert hw.sync(path).counts["unchanged"] == 10
    assert hw.check(path) == ["people"]
    assert [field["name"] for field in hw.discover(path)[0]["fields"]] == [
        "First Name",
        "E-Mail",
    ]


def test_a_data_file_needs_no_job(people, tmp_path):
    to = tmp_path / "crm.db"
    report = hw.sync(
        people(3), to=to, record_type="contact", match="email", history=False
    )
    assert report.counts["created"] == 3
    with pytest.raises(hw.InvalidRequestError):
        hw.sync(people(3))
    with pytest.raises(TypeError):
        hw.sync(job(people(3), tmp_path), to=to)
    with pytest.raises(hw.InvalidRequestError):
        hw.sync(people(3), to=to, record_type="contact", match="email", mode="upsert")


def test_refused_rows_are_in_the_report_and_in_the_journal(tmp_path):
    path = tmp_path / "people.jsonl"
    rows = [{"primary_email": "a@acme.example"}, {"primary_email": "none"}]
    path.write_text("\n".join(map(json.dumps, rows)))
    to = tmp_path / "crm.db"
    report = hw.sync(path, to=to, record_type="contact", match="primary_email")
    (reject,) = report.rejects
    assert (reject["code"], reject["position"]) == ("field_value_invalid", 2)
    assert report.counts["rejected"] == 1 and "1 rejected" in repr(report)
    assert "<table>" in report._repr_html_()
    with hw.open(to) as ws:
        (run,) = ws.runs()
        assert (run.id, run.state, run.counts) == (report.run, "done", report.counts)
        assert (
            len(ws.rejects(code="field_value_invalid"))
            == len(ws.rejects(run=run.id))
            == 1
        )
        assert len(ws.rejects(code="unknown_field")) == 0
        with pytest.raises(hw.InvalidRequestError):
            ws.rejects(code="no_such_code")
        with pytest.raises(hw.InvalidRequestError):
            ws.rejects(run="7")


def test_progress_is_told_after_every_commit(people, tmp_path):
    events = []
    hw.sync(job(people(100), tmp_path, commit_rows=10), progress=events.append)
    read = [event.counts["read"] for event in events]
    assert read[-1] == 100 and read == sorted(read) and len(read) >= 3
    assert {(event.source, event.record_type) for event in events} == {
        ("people", "contact")
    }
    assert events[0].run and events[0].seconds >= 0 and "read" in repr(events[0])


def test_progress_is_an_iterator_too(people, tmp_path):
    run = hw.start_sync(job(people(100), tmp_path, commit_rows=10))
    counts = [event.counts["created"] for event in run]
    report = run.report()
    assert counts[-1] == report.counts["created"] == 100
    assert run.report() is report


def test_what_the_callback_raises_ends_the_sync(people, tmp_path):
    def fail(event):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        hw.sync(job(people(100), tmp_path, commit_rows=10), progress=fail)
    assert raised.value.report.counts["created"] >= 10
    with hw.open(tmp_path / "crm.db") as ws:
        assert ws.runs()[0].state in ("stopped", "done")
    assert hw.sync(job(people(100), tmp_path, commit_rows=10)).state == "done"


def test_the_bar_moves_on_a_terminal_and_is_lines_elsewhere(
    people, tmp_path, monkeypatch, capsys
):
    hw.sync(job(people(10), tmp_path), progress=True)
    assert "10 read" in capsys.readouterr().err

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(display.sys, "stderr", terminal)
    hw.sync(job(people(10), tmp_path), progress=True)
    assert terminal.getvalue().startswith("\r") and terminal.getvalue().endswith("\n")


def test_a_sync_that_fails_raises_and_has_its_report(people, tmp_path):
    wrong = job(people(10), tmp_path)
    wrong["streams"][0]["attributes"] = {"titel": "First Name"}
    with pytest.raises(hw.ConfigInvalidError):
        hw.sync(wrong)
    with pytest.raises(hw.ConnectorNotFoundError, match="no_such"):
        hw.sync({**wrong, "source": {"connector": "no_such"}})
    stopping = job(people(10), tmp_path)
    path = people(10)
    path.write_text(path.read_text() + "P,none\n")
    stopping["streams"][0]["max_rejects"] = 0
    with pytest.raises(hw.HeadwaterError) as raised:
        hw.sync(stopping)
    assert raised.value.report.state == "failed"
    with hw.open(tmp_path / "crm.db") as ws:
        assert ws.runs()[0].state == "failed"


def test_a_job_cannot_hold_everything(tmp_path):
    for wrong in (
        {"source": {"connector": object()}},
        {7: "x"},
        {"source": {"config": {1: 2}}},
    ):
        with pytest.raises(TypeError):
            hw.sync(wrong)


def test_a_job_may_hold_any_text_and_dates():
    tomllib = pytest.importorskip("tomllib")
    said = {"\U0001f30a \x7f \u20ac": ["\U0001f30a", "\x7f", '"\\\n\x00']}
    times = [dt.date(2026, 1, 1), dt.datetime(2026, 1, 1, 7, tzinfo=dt.UTC), dt.time(7)]
    document = {**said, "times": times}
    assert tomllib.loads(_toml.dumps(document)) == document


def test_a_sync_that_failed_says_so_each_time(people, tmp_path):
    stopping = job(people(10), tmp_path)
    path = people(10)
    path.write_text(path.read_text() + "P,none\n")
    stopping["streams"][0]["max_rejects"] = 0
    run = hw.start_sync(stopping)
    raised = []
    for _ in range(2):
        with pytest.raises(hw.HeadwaterError) as failed:
            run.report()
        raised.append(failed.value)
    assert raised[0] is raised[1] and raised[0].report.state == "failed"


def test_a_block_waits_for_its_sync(people, tmp_path):
    with hw.start_sync(job(people(1000), tmp_path, commit_rows=10)):
        pass
    with hw.open(tmp_path / "crm.db") as ws:
        assert ws.runs()[0].state == "done"
    stopping = job(people(10), tmp_path)
    stopping["streams"][0]["match"] = "nothing"
    with pytest.raises(hw.ConfigInvalidError), hw.start_sync(stopping):
        pass


def test_the_log_is_shown_though_the_sync_fails(tmp_path, capsys, monkeypatch):
    lines = [("warning", "the disk is slow"), ("debug", "x")]
    monkeypatch.setattr(
        hw.SyncRun, "logged", lambda run: [lines.pop(0)] if lines else []
    )
    wrong = {
        "source": {"connector": "csv", "config": {"path": str(tmp_path / "none.csv")}},
        "target": {"workspace": str(tmp_path / "crm.db")},
        "streams": [{"record_type": "contact", "match": "primary_email"}],
    }
    with pytest.raises(hw.HeadwaterError):
        hw.sync(wrong)
    assert "connector warning: the disk is slow" in capsys.readouterr().err


def test_a_run_tells_each_thread_of_its_end(people, tmp_path):
    for _ in range(5):
        run = hw.start_sync(job(people(2000), tmp_path), full=True)
        with ThreadPoolExecutor(4) as threads:
            reports = list(threads.map(lambda _, run=run: run.report(), range(4)))
        assert {report.state for report in reports} == {"done"}
        assert len({id(report) for report in reports}) == 1


def test_numbers_of_numpy_are_numbers_of_a_job():
    text = _toml.dumps({"a": numpy.float64(5.0), "b": numpy.int64(7)})
    assert text == '"a" = 5.0\n"b" = 7\n'


@pytest.mark.parametrize("path", ["", ":memory:", "~/crm.db"])
def test_what_can_be_no_path_of_a_workspace_is_refused(people, tmp_path, path):
    with pytest.raises(hw.ConfigInvalidError) as raised:
        hw.open(path)
    assert raised.value.field == "workspace"
    wrong = job(people(1), tmp_path)
    wrong["target"]["workspace"] = path
    with pytest.raises(hw.ConfigInvalidError, match="line ") as raised:
        hw.check(wrong)
    assert raised.value.field == "target.workspace"
