"""What a sync makes of the rows and checkpoints that a connector in Python yields."""

import sqlite3
import urllib.error
from typing import ClassVar

import counting
import headwater as hw
import pandas
import polars
import pyarrow
import pytest
from test_connectors import job


class Log(hw.Connector):
    """Grows between runs, and is read from where the last one ended."""

    entries = 0
    begun: ClassVar[list]
    form: staticmethod

    def streams(self):
        return [hw.Stream("log", ["first_name", "primary_email"], is_incremental=True)]

    def read(self, stream, checkpoint):
        type(self).begun.append(checkpoint)
        rows = [counting.row(number) for number in range(checkpoint or 0, self.entries)]
        if rows:
            yield type(self).form(rows)
        yield hw.Checkpoint(self.entries)


@pytest.mark.parametrize(
    "form", [list, pyarrow.Table.from_pylist], ids=["rows", "arrow"]
)
def test_a_source_that_grows_gives_each_row_once(ws, form):
    class Growing(Log):
        begun: ClassVar = []

    Growing.form = staticmethod(form)
    created = []
    # As many as a batch has, fewer, none, and again some.
    for Growing.entries in (5, 8, 8, 9):
        report = hw.sync(job(ws, Growing, {}, commit_rows=5))
        assert report.counts["read"] == report.counts["created"]
        created.append(report.counts["created"])
    assert created == [5, 3, 0, 1]
    assert Growing.begun == [None, 5, 8, 8]


def test_a_checkpoint_without_rows_is_stored(ws):
    class Skipping(Log):
        begun: ClassVar = []
        entries = 7

        def read(self, stream, checkpoint):
            type(self).begun.append(checkpoint)
            yield hw.Checkpoint(7)

    for _ in range(2):
        assert hw.sync(job(ws, Skipping, {})).counts["read"] == 0
    assert Skipping.begun == [None, 7]


def test_a_checkpoint_that_is_said_again_passes_over_what_was_read(ws):
    class Again(hw.Connector):
        is_broken = True

        def streams(self):
            return [hw.Stream("rows", ["first_name", "primary_email"])]

        def read(self, stream, checkpoint):
            first = checkpoint or 0
            for number in range(first, 40):
                if number % 10 == 0:
                    yield hw.Checkpoint(number)
                if number == 25 and Again.is_broken:
                    raise ConnectionError("the line is cut")
                yield counting.row(number)

    with pytest.raises(hw.SourceUnavailableError):
        hw.sync(job(ws, Again, {}, commit_rows=5))
    Again.is_broken = False
    report = hw.sync(job(ws, Again, {}, commit_rows=5))
    assert report.counts["read"] == report.counts["created"] == 15


SCANNED = """
import sys, headwater as hw, pyarrow, counting
from pyarrow import dataset, fs, parquet

class Handler(fs.FileSystemHandler):
    def get_type_name(self):
        return "python"
    def normalize_path(self, path):
        return path
    def get_file_info(self, paths):
        return fs.LocalFileSystem().get_file_info(paths)
    def open_input_file(self, path):
        return pyarrow.PythonFile(open(path, "rb"), "r")
    def unused(self, *arguments):
        raise NotImplementedError

unused = {name: Handler.unused for name in Handler.__abstractmethods__}
Whole = type("Whole", (Handler,), unused)

class Scanned(counting.Numbers):
    def read(self, stream, checkpoint):
        path = sys.argv[1] + ".parquet"
        parquet.write_table(pyarrow.Table.from_pylist([counting.row(n) for n in range(5)]), path)
        # Reads the file on threads of its own, with what is written in Python.
        files = dataset.dataset([path], filesystem=fs.PyFileSystem(Whole()))
        yield files.scanner().to_reader()

print(hw.sync({
    "source": {"connector": Scanned, "config": {"count": 5}},
    "target": {"workspace": sys.argv[1]},
    "streams": [{"record_type": "contact", "match": "primary_email"}],
}).counts["created"])
"""


def test_a_stream_whose_threads_need_python_is_read(start, tmp_path):
    out, err = start(SCANNED, tmp_path / "crm.db").communicate(timeout=60)
    assert out == "5\n", err


def test_what_belongs_to_a_thread_stays_on_it(ws, tmp_path):
    path = tmp_path / "people.db"
    with sqlite3.connect(path) as people:
        people.execute("CREATE TABLE people (first_name, primary_email)")
        people.executemany(
            "INSERT INTO people VALUES (?, ?)",
            [("A", "a@x.example"), ("B", "b@x.example")],
        )

    class People(hw.Connector):
        config_schema: ClassVar = {
            "type": "object",
            "properties": {"path": {"type": "string"}},
        }

        def open(self):
            self.people = sqlite3.connect(self.config["path"])
            self.people.row_factory = sqlite3.Row

        def streams(self):
            self.people.execute("SELECT 1")
            return [hw.Stream("people", ["first_name", "primary_email"])]

        def read(self, stream, checkpoint):
            return (dict(row) for row in self.people.execute("SELECT * FROM people"))

    report = hw.sync(job(ws, People, {"path": str(path)}))
    assert report.counts["created"] == 2
    people.row_factory = sqlite3.Row
    rows = (dict(row) for row in people.execute("SELECT * FROM people"))
    report = ws.assert_many("contact", rows, match="primary_email")
    assert report.counts["unchanged"] == 2
    people.close()


FRAMES = {
    "polars": polars.DataFrame,
    "pandas": pandas.DataFrame,
    "pyarrow": lambda columns: pyarrow.table(columns),
    "float16": lambda columns: pyarrow.table(
        {**columns, "size": pyarrow.array(columns["size"], pyarrow.float16())}
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_rows_and_their_nan_is_null(ws, name):
    size = {"api_name": "size", "display_name": "Size", "value_type": "number"}
    ws.declare({"custom_fields": [{"record_type": "contact", "attributes": [size]}]})

    class Frames(hw.Connector):
        def read(self, stream, checkpoint):
            emails = ["a@x.example", "b@x.example"]
            sizes = pyarrow.array([1.5, float("nan")]).to_numpy()
            if name != "float16":
                sizes = sizes.tolist()
            else:
                sizes = sizes.astype("float16")
            yield FRAMES[name](
                {"primary_email": emails, "size": sizes, "title": [None, None]}
            )

    report = hw.sync(job(ws, Frames, {}))
    assert report.counts == {**report.counts, "created": 2, "rejected": 0}
    found = ws.query("contact", sort="primary_email").to_list()
    assert [record["size"] for record in found] == [1.5, None]
    (stream,) = hw.discover(job(ws, Frames, {}))
    assert [field["name"] for field in stream["fields"]] == [
        "primary_email",
        "size",
        "title",
    ]


def test_a_connector_without_a_schema_takes_any_configuration(ws):
    class Free(counting.Numbers):
        config_schema: ClassVar = {"type": "object"}

    assert hw.sync(job(ws, Free, {"count": 2, "more": "x"})).counts["created"] == 2

    class Named(counting.Numbers):
        config_schema: ClassVar = {"properties": {"count": {"type": "integer"}}}

    with pytest.raises(hw.ConfigInvalidError) as raised:
        hw.sync(job(ws, Named, {"count": 2, "more": "x"}))
    assert raised.value.field == "more"


class ReadTimeout(Exception):
    """As httpx has it: no exception of Python's own says what it is."""


@pytest.mark.parametrize(
    "failure", [urllib.error.URLError("gone"), OSError("reset"), ReadTimeout("slow")]
)
def test_a_network_that_fails_is_a_source_that_is_unavailable(ws, failure):
    class Far(counting.Numbers):
        def read(self, stream, checkpoint):
            yield counting.row(1)
            raise failure

    with pytest.raises(hw.SourceUnavailableError) as raised:
        hw.sync(job(ws, Far, {"count": 1}))
    assert raised.value.retryable and raised.value.__cause__ is failure


def test_whether_a_retry_helps_is_kept(ws):
    class Gone(counting.Numbers):
        def read(self, stream, checkpoint):
            raise hw.SourceUnavailableError("closed for good", retryable=False)

    with pytest.raises(hw.SourceUnavailableError) as raised:
        hw.sync(job(ws, Gone, {"count": 1}))
    assert raised.value.retryable is False


def test_a_row_that_is_no_json_is_refused_and_the_others_are_read(ws):
    class Odd(hw.Connector):
        def streams(self):
            return [hw.Stream("numbers", ["first_name", "primary_email"])]

        def read(self, stream, checkpoint):
            yield counting.row(0)
            yield {"first_name": "\ud800", "primary_email": "x@acme.example"}
            yield {"first_name": {1, 2}}
            yield counting.row(1)

    report = hw.sync(job(ws, Odd, {}))
    assert (report.counts["created"], report.counts["rejected"]) == (2, 2)
    assert [row["position"] for row in report.rejects] == [2, 3]
