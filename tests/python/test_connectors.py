"""Connectors: libraries that are found, and ones that are written in Python."""

import shutil
import sys
from typing import ClassVar

import counting
import headwater as hw
import pytest
from headwater import command


def job(ws, connector, config, **more):
    """A job for a connector."""
    return {
        "source": {"connector": connector, "config": config},
        "target": {"workspace": ws.url, **more},
        "streams": [{"record_type": "contact", "match": "primary_email"}],
    }


def test_the_bundled_connectors_are_found():
    found = {one["name"]: one for one in hw.connectors.list()}
    assert {"csv", "json"} <= set(found)
    assert found["csv"]["error"] is None and found["csv"]["version"]
    assert "path" in hw.connectors.info("json")["config_schema"]["properties"]
    with pytest.raises(hw.ConnectorNotFoundError, match="looked in"):
        hw.connectors.info("cvs_")


def test_a_folder_can_be_added(tmp_path):
    path = hw.connectors.info("csv")["path"]
    shutil.copy(path, tmp_path / "libheadwater_connector_csv.so")
    (tmp_path / "libheadwater_connector_broken.so").write_text("not a library")
    hw.connectors.add_path(tmp_path)
    assert hw.connectors.info("csv")["path"] == str(
        tmp_path / "libheadwater_connector_csv.so"
    )
    broken = [one for one in hw.connectors.list() if one["name"] == "broken"]
    assert isinstance(broken[0]["error"], hw.ConnectorIncompatibleError)
    shutil.rmtree(tmp_path)
    assert hw.connectors.info("csv")["path"] == path
    assert hw.connectors.info(path)["name"] == "csv"


@pytest.mark.parametrize(
    "connector", [counting.Numbers, counting.Plain, counting.Columns]
)
@pytest.mark.parametrize("is_named", [False, True])
def test_a_connector_in_python_brings_records(ws, connector, is_named):
    named = f"python:counting:{connector.__name__}" if is_named else connector
    report = hw.sync(job(ws, named, {"count": 120}))
    assert report.counts["created"] == 120
    assert ws.runs()[0].to_dict()["connector"] == connector.__name__.lower()
    assert hw.sync(job(ws, named, {"count": 120})).counts["unchanged"] == 120


@pytest.mark.parametrize(
    "connector", [counting.Numbers, counting.Plain, counting.Columns]
)
def test_a_connector_in_python_keeps_the_contract(connector):
    checks = hw.connectors.test(connector, {"count": 101}, repeats=300)
    failed = [check for check in checks if check.outcome == "failed"]
    assert not failed
    passed = {check.name for check in checks if check.outcome == "passed"}
    for rule in (
        "names an unknown key",
        "names a key of another type",
        "refuses an unknown stream",
    ):
        assert rule in passed
    assert any(name.startswith("resumes from every checkpoint") for name in passed)
    assert any(name.startswith("refuses a foreign checkpoint") for name in passed)
    assert any(name.startswith("opens and closes with flat memory") for name in passed)


def test_what_was_read_before_a_failure_is_kept(ws):
    connector = counting.Numbers
    with pytest.raises(
        hw.ConnectorPanickedError, match=r"KeyError.*counting\.py:\d+"
    ) as raised:
        hw.sync(job(ws, connector, {"count": 100, "fail_at": 50}, commit_rows=10))
    assert raised.value.report.counts["created"] == 50
    assert len(ws.query("contact").to_list()) == 50


def test_a_run_is_resumed_at_its_checkpoint(ws, tmp_path):
    begun = []

    class Once(counting.Numbers):
        is_broken = True

        def read(self, stream, checkpoint):
            begun.append(checkpoint)
            for one in super().read(stream, checkpoint):
                yield one
                if (
                    Once.is_broken
                    and isinstance(one, hw.Checkpoint)
                    and one.value == 30
                ):
                    raise ConnectionError("the line is cut")

    with pytest.raises(hw.SourceUnavailableError) as raised:
        hw.sync(job(ws, Once, {"count": 60}, commit_rows=6))
    assert raised.value.retryable and isinstance(raised.value, ConnectionError)
    Once.is_broken = False
    report = hw.sync(job(ws, Once, {"count": 60}, commit_rows=6))
    # The last checkpoint came after the last rows: it is stored all the same.
    assert begun[-1] == 30
    assert report.counts["created"] == 30 and len(ws.query("contact").to_list()) == 60


def test_what_a_connector_raises_keeps_its_class(ws):
    with pytest.raises(hw.SourceUnavailableError) as raised:
        hw.sync(job(ws, counting.Unreachable, {}))
    assert raised.value.retry_after == 3
    with pytest.raises(hw.ConfigInvalidError) as raised:
        hw.sync(job(ws, counting.Numbers, {"count": "many"}))
    assert raised.value.field == "count"


@pytest.mark.parametrize(
    "named",
    [
        "python:counting",
        "python:counting:Nothing",
        "python:no_such_module:X",
        "python::",
    ],
)
def test_a_class_that_cannot_be_imported_is_not_found(ws, named):
    with pytest.raises(hw.ConnectorNotFoundError):
        hw.sync(job(ws, named, {}))


def test_what_is_no_connector_is_refused(ws):
    for wrong in (int, counting.Numbers({"count": 1}), 7):
        with pytest.raises((hw.ConnectorNotFoundError, TypeError)):
            hw.connectors.info(wrong)

    class Odd(hw.Connector):
        version = 7

    with pytest.raises(hw.ConnectorMisbehavedError):
        hw.connectors.info(Odd)

    class NoRows(hw.Connector):
        def read(self, stream, checkpoint):
            yield 7

    with pytest.raises(hw.HeadwaterError):
        hw.sync(job(ws, NoRows, {}))


def test_the_command_looks_for_modules_here_last(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["/installed"])
    monkeypatch.setattr(sys, "argv", ["headwater", "--version"])
    with pytest.raises(SystemExit):
        command.main()
    assert sys.path == ["/installed", str(tmp_path)]


class Nameless(hw.Connector):
    """Says no fields, and takes down what is asked of it."""

    given: ClassVar[list] = []
    ended: ClassVar[list] = []

    def read(self, stream, checkpoint):
        try:
            for number in range(checkpoint or 0, 300):
                if number == self.config.get("fail_at"):
                    raise hw.SourceUnavailableError("gone")
                self.given.append(number)
                yield counting.row(number)
                if number % 10 == 9:
                    yield hw.Checkpoint(number + 1)
        finally:
            self.ended.append(True)


def test_rows_that_were_looked_at_for_their_names_are_not_read_again(ws, monkeypatch):
    given, ended = [], []
    monkeypatch.setattr(Nameless, "given", given)
    monkeypatch.setattr(Nameless, "ended", ended)
    assert hw.sync(job(ws, Nameless, {})).counts["created"] == 300
    assert given == list(range(300)) and ended == [True]
    # A check reads on no further, and ends what it began.
    hw.check(job(ws, Nameless, {}))
    assert len(given) < 401 and ended == [True, True]


def test_what_came_before_a_failure_among_the_first_rows_is_delivered(ws):
    with pytest.raises(hw.SourceUnavailableError, match="gone") as raised:
        hw.sync(job(ws, Nameless, {"fail_at": 45}))
    assert raised.value.report.counts["created"] == 45
    assert hw.sync(job(ws, Nameless, {})).state == "done"
    assert len(ws.query("contact").to_list()) == 300
    with pytest.raises(hw.SourceUnavailableError):
        hw.sync(job(ws, Nameless, {"fail_at": 0}, duplicates="allow"))


def test_a_row_that_is_filled_again_is_delivered_as_it_was(ws):
    class Reusing(hw.Connector):
        """Gives one dict again and again, as some cursors do."""

        def read(self, stream, checkpoint):
            row = {}
            for number in range(150):
                row.update(counting.row(number))
                yield row

    hw.sync(job(ws, Reusing, {}))
    emails = {record["primary_email"] for record in ws.query("contact")}
    assert emails == {counting.row(number)["primary_email"] for number in range(150)}


def test_streams_beside_each_other_are_looked_at_one_by_one(ws):
    class Shared(hw.Connector):
        """Two streams of one cursor."""

        def streams(self):
            return [hw.Stream("odd"), hw.Stream("even")]

        def read(self, stream, checkpoint):
            self.numbers = iter(range(stream == "odd", 400, 2))
            while (number := next(self.numbers, None)) is not None:
                yield counting.row(number)

    both = job(ws, Shared, {})
    both["streams"] = [
        {**both["streams"][0], "source": name} for name in ("odd", "even")
    ]
    assert hw.sync(both).counts["created"] == 400
