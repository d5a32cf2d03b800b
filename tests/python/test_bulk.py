"""Rows in bulk: whatever they come in, each row learns its outcome, and nulls are what was said."""

import datetime as dt
import pickle
import weakref

import headwater as hw
import numpy
import pandas
import polars
import pyarrow
import pytest

ROWS = [
    {"primary_email": "a@acme.example", "title": "CTO", "department": None},
    {"primary_email": "none", "title": "CEO", "department": "Sales"},
    {"primary_email": "b@acme.example", "title": None, "department": "Sales"},
]


class Foreign:
    """Shows itself as a stream of Arrow data, and as nothing else."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


FORMS = {
    "dicts": lambda rows: rows,
    "generator": lambda rows: (row for row in rows),
    "pandas": pandas.DataFrame,
    "pandas that no Arrow takes": lambda rows: pandas.DataFrame(rows).assign(
        last_name=(["x", 7] * len(rows))[: len(rows)]
    ),
    "pandas with an index": lambda rows: pandas.DataFrame(
        rows, index=[5, 6, 7][: len(rows)]
    ),
    "polars": polars.DataFrame,
    "lazy polars": polars.LazyFrame,
    "pyarrow table": pyarrow.Table.from_pylist,
    "pyarrow batch": pyarrow.RecordBatch.from_pylist,
    "pyarrow reader": lambda rows: pyarrow.Table.from_pylist(rows).to_reader(),
    "any stream": lambda rows: Foreign(pyarrow.Table.from_pylist(rows)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same(ws, form):
    report = ws.assert_many("contact", FORMS[form](ROWS), match="primary_email")
    assert report.counts["created"] == 2 and report.counts["rejected"] == 1
    assert [one.action for one in report] == ["created", None, "created"]
    assert isinstance(report[1].error, hw.FieldValueInvalidError)
    assert ws.get("contact", report[0].id)["title"] == "CTO"
    assert ws.get("contact", report[-1].id)["department"] == "Sales"
    (reject,) = report.rejects
    assert (reject["position"], reject["field"]) == (1, "primary_email")
    assert '"title":"CEO"' in reject["row"].replace(" ", "")
    again = ws.assert_many("contact", FORMS[form](ROWS), match="primary_email")
    assert again.counts["unchanged"] == 2


@pytest.mark.parametrize("form", ["dicts", "pandas", "polars", "pyarrow table"])
def test_what_a_null_means_is_said(ws, form):
    ws.create(
        "contact",
        {"primary_email": "a@acme.example", "title": "CTO", "department": "Sales"},
    )
    rows = FORMS[form](
        [{"primary_email": "a@acme.example", "title": None, "department": None}]
    )

    def now():
        record = ws.query("contact").first()
        return record["title"], record["department"]

    ws.assert_many("contact", rows, match="primary_email", nulls="keep")
    assert now() == ("CTO", "Sales")
    ws.assert_many(
        "contact",
        rows,
        match="primary_email",
        nulls="keep",
        nulls_of={"title": "clear"},
    )
    assert now() == (None, "Sales")
    ws.assert_many(
        "contact", rows, match="primary_email", nulls_of={"department": "keep"}
    )
    assert now() == (None, "Sales")
    ws.assert_many("contact", rows, match="primary_email")
    assert now() == (None, None)


def test_a_key_that_a_mapping_does_not_have_leaves_the_attribute(ws):
    ws.create("contact", {"primary_email": "a@acme.example", "title": "CTO"})
    ws.assert_many(
        "contact", [{"primary_email": "a@acme.example"}], match="primary_email"
    )
    assert ws.query("contact").first()["title"] == "CTO"


MISSING = {
    "numpy nan": pandas.DataFrame({"size": [numpy.nan]}),
    "NaN among texts": pandas.DataFrame({"title": ["x", numpy.nan]}).tail(1),
    "pandas NA": pandas.DataFrame({"size": pandas.array([pandas.NA], dtype="Int64")}),
    "NaT": pandas.DataFrame({"seen_at": [pandas.NaT]}),
    "NA in a row": [{"size": pandas.NA}],
    "NaT in a row": [{"seen_at": pandas.NaT}],
    "NaN in a row": [{"size": float("nan")}],
    "polars NaN": polars.DataFrame({"size": [float("nan")]}),
    "pyarrow NaN": pyarrow.table(
        {"size": pyarrow.array([float("nan")], pyarrow.float32())}
    ),
}


@pytest.mark.parametrize("name", MISSING)
def test_nan_nat_and_na_are_null(ws, name):
    declared = [("size", "number"), ("seen_at", "timestamp")]
    attributes = [
        {"api_name": n, "display_name": n, "value_type": t} for n, t in declared
    ]
    ws.declare(
        {"custom_fields": [{"record_type": "contact", "attributes": attributes}]}
    )
    seen_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    given = {
        "primary_email": "a@acme.example",
        "size": 7,
        "seen_at": seen_at,
        "title": "x",
    }
    ws.create("contact", given)
    rows = MISSING[name]
    if isinstance(rows, list):
        column = next(iter(rows[0]))
        rows = [{**rows[0], "primary_email": "a@acme.example"}]
    elif isinstance(rows, pandas.DataFrame):
        column = rows.columns[0]
        rows = rows.assign(primary_email="a@acme.example")
    elif isinstance(rows, polars.DataFrame):
        column = rows.columns[0]
        rows = rows.with_columns(primary_email=polars.lit("a@acme.example"))
    else:
        column = rows.column_names[0]
        rows = rows.append_column("primary_email", pyarrow.array(["a@acme.example"]))
    report = ws.assert_many("contact", rows, match="primary_email")
    assert report.counts["updated"] == 1, report.rejects
    assert ws.query("contact").first()[column] is None


def test_columns_of_several_types_are_taken_row_by_row(ws):
    frame = pandas.DataFrame(
        {"primary_email": ["a@acme.example", 7], "title": ["x", "y"]}
    )
    report = ws.assert_many("contact", frame, match="primary_email")
    assert report.counts == {**report.counts, "created": 1, "rejected": 1}


def test_columns_are_named_and_unknown_ones_refused(ws):
    rows = pandas.DataFrame({"Mail": ["a@acme.example"], "Shoe": [38]})
    with pytest.raises(hw.UnknownFieldError) as raised:
        ws.assert_many(
            "contact", rows, match="primary_email", columns={"Mail": "primary_email"}
        )
    assert raised.value.field == "Shoe"
    report = ws.assert_many(
        "contact",
        rows,
        match="primary_email",
        columns={"Mail": "primary_email"},
        ignore_unknown=True,
    )
    assert report.counts["created"] == 1 and report.unused_columns == ["Shoe"]


def test_all_or_nothing(ws):
    with pytest.raises(hw.FieldValueInvalidError) as raised:
        ws.assert_many("contact", ROWS, match="primary_email", all_or_nothing=True)
    assert raised.value.record == "row 1"
    assert raised.value.report.counts["created"] == 0
    assert ws.query("contact").first() is None


def test_create_and_update(ws):
    assert ws.create_many("contact", ROWS[:1]).counts["created"] == 1
    assert ws.create_many("contact", ROWS[:1]).counts["created"] == 1
    report = ws.update_many("contact", [ROWS[2]], match="primary_email")
    assert report[0].error.code == "record_not_found"
    report = ws.update_many(
        "account", [{"domain_name": "x.example"}], match="domain_name"
    )
    assert report.counts["rejected"] == 1


def test_rows_that_are_none_are_refused_and_the_others_taken(ws):
    rows = [
        {"first_name": "A"},
        7,
        {"first_name": {1, 2}},
        {7: "x"},
        {"first_name": "B"},
    ]
    report = ws.create_many("contact", rows)
    assert [one.action for one in report] == ["created", None, None, None, "created"]
    assert [row["position"] for row in report.rejects] == [1, 2, 3]
    assert "set" in report.rejects[1]["message"]


def test_what_the_rows_raise_is_raised(ws):
    def rows():
        yield {"first_name": "A"}
        raise KeyError("gone")

    with pytest.raises(KeyError, match="gone"):
        ws.create_many("contact", rows())
    for wrong in ("text", b"bytes", {"first_name": "A"}, 7, None, pandas.Series([1])):
        with pytest.raises(TypeError):
            ws.create_many("contact", wrong)


def test_a_stream_that_fails_says_so(ws):
    def batches():
        yield pyarrow.RecordBatch.from_pylist([{"first_name": "A"}])
        raise ValueError("the network is gone")

    schema = pyarrow.schema([("first_name", pyarrow.string())])
    reader = pyarrow.RecordBatchReader.from_batches(schema, batches())
    with pytest.raises(hw.SourceDataInvalidError) as raised:
        ws.create_many("contact", reader)
    assert raised.value.report.counts["created"] == 1


FOUND = ["dicts", "pandas", "pandas that no Arrow takes", "polars", "pyarrow table"]


@pytest.mark.parametrize("form", FOUND)
def test_columns_are_found_in_one_way_in_every_form(ws, form):
    made = ws.create("contact", {"primary_email": "a@acme.example"})
    rows = [{"id": made.id, "Title": "CTO", "address.city": "Oslo"}]
    assert ws.update_many("contact", FORMS[form](rows), match="id").counts["updated"]
    rows = [{"Primary Email": "a@acme.example", "Town": "Rome"}] * 2
    report = ws.assert_many(
        "contact",
        FORMS[form](rows),
        match="primary_email",
        columns={"Town": "address.city"},
    )
    assert report.counts["updated"] >= 1, report.rejects
    record = ws.get("contact", made.id)
    assert (record["title"], record["address"]["city"]) == ("CTO", "Rome")
    if form != "pandas that no Arrow takes":
        rows = [{"Company": "Acme", "domains": "acme.example"}]
        ws.assert_many(
            "account", FORMS[form](rows), match="domains", columns={"Company": "name"}
        )
        assert ws.query("account").first()["display_name"] == "Acme"


def test_labels_are_text_and_periods_are_what_they_say(ws):
    months = pandas.period_range("2026-11", periods=2, freq="M")
    frame = pandas.DataFrame({7: ["a", 1], "title": months, 8: ["x", "y"]})
    columns = {"7": "last_name", "8": "department"}
    report = ws.create_many("contact", frame.drop(index=1), columns=columns)
    assert ws.get("contact", report[0].id)["title"] == "2026-11"
    report = ws.create_many("contact", frame[["title", 8]], columns={"8": "first_name"})
    assert ws.get("contact", report[1].id)["title"] == "2026-12"
    with pytest.raises(hw.UnknownFieldError) as raised:
        ws.create_many("contact", frame)
    assert raised.value.field == "7" and raised.value.report is None


@pytest.mark.parametrize("empty", [[], pandas.DataFrame([]), pyarrow.table({})])
def test_nothing_at_all_is_no_mistake(ws, empty):
    report = ws.assert_many("contact", empty, match="primary_email")
    assert len(report) == report.counts["read"] == 0


@pytest.mark.parametrize("failure", [KeyError, KeyboardInterrupt])
def test_what_was_given_before_a_failure_is_applied_and_told(ws, failure):
    def rows():
        for number in range(4500):
            yield {"first_name": f"n{number}"}
        raise failure("gone")

    with pytest.raises(failure) as raised:
        ws.create_many("contact", rows())
    assert raised.value.report.counts["created"] == 4500
    assert len(raised.value.report) == len(ws.query("contact").to_list()) == 4500


def test_what_is_held_weakly(ws):
    report = ws.create_many("contact", [{"first_name": "A"}])
    query = ws.query("contact")
    for one in (ws, report, query, query.first()):
        assert weakref.ref(one)() is one


def test_the_report_is_data(ws):
    report = ws.assert_many("contact", ROWS, match="primary_email")
    frame = report.to_pandas()
    assert list(frame["action"].fillna("-")) == ["created", "-", "created"]
    assert frame["code"][1] == "field_value_invalid"
    assert report.to_polars()["row"].to_list() == [0, 1, 2]
    assert report.to_arrow().num_rows == len(report) == 3
    assert report.rejects.to_pandas()["field"][0] == "primary_email"
    assert report.rejects.to_polars().height == report.rejects.to_arrow().num_rows == 1
    assert repr(report) == "<3 read, 2 created, 1 rejected>"
    assert "field_value_invalid" in report._repr_html_()
    assert [one.id for one in report[0:1]] == [report[0].id]
    with pytest.raises(IndexError):
        report[3]


def test_many_rows_over_many_commits(ws):
    rows = [
        {"primary_email": f"p{n}@acme.example", "title": f"t{n}"} for n in range(60_000)
    ]
    table = pyarrow.Table.from_pylist(rows)
    report = ws.assert_many("contact", table, match="primary_email")
    assert report.counts["created"] == 60_000
    assert ws.get("contact", report[59_999].id)["title"] == "t59999"


def test_rejects_have_their_columns_where_there_are_none(ws):
    rejects = ws.assert_many("contact", ROWS[:1], match="primary_email").rejects
    columns = ["position", "position_unit", "code", "field", "message", "hint", "row"]
    assert list(rejects.to_pandas().columns) == columns
    assert rejects.to_polars().columns == rejects.to_arrow().column_names == columns


def test_columns_of_the_same_name_are_refused(ws):
    frame = pandas.DataFrame([["a@acme.example", "x", 7]])
    frame.columns = ["primary_email", "title", "title"]
    with pytest.raises(ValueError, match="title"):
        ws.assert_many("contact", frame, match="primary_email")
    assert ws.query("contact").first() is None


def test_an_index_with_a_name_is_a_column(ws):
    frame = pandas.DataFrame(ROWS).set_index("primary_email")
    report = ws.assert_many("contact", frame, match="primary_email")
    assert report.counts["created"] == 2


def test_times_of_numpy_are_times(ws):
    seen = {"api_name": "seen_at", "display_name": "Seen", "value_type": "timestamp"}
    ws.declare({"custom_fields": [{"record_type": "contact", "attributes": [seen]}]})
    time = numpy.datetime64("2026-01-01T10:00:00.000000000", "ns")
    ws.create_many("contact", [{"first_name": "A", "seen_at": time}])
    seen_at = ws.query("contact").first()["seen_at"]
    assert seen_at == dt.datetime(2026, 1, 1, 10, tzinfo=dt.UTC)


def test_a_row_may_change_while_it_is_read(ws):
    row = {"first_name": "A"}

    class Odd:
        def tolist(self):
            row["last_name"] = "B"
            return "x"

    row["title"] = Odd()
    assert ws.create_many("contact", [row]).counts["created"] == 1
    assert ws.create("contact", row)["title"] == "x"


@pytest.mark.parametrize("wrong", [[2**70], [2**63, -1], [1j]])
def test_what_no_arrow_takes_is_taken_row_by_row(ws, wrong):
    frame = pandas.DataFrame({"first_name": "A", "title": wrong}, dtype=object)
    report = ws.create_many("contact", frame)
    assert report.counts["read"] == len(wrong)
    assert [str(value) for value in wrong if value != 1j] == [
        ws.get("contact", one.id)["title"] for one in report if one.id
    ]


SPLIT = {
    "batches": lambda table: table.to_batches(max_chunksize=2),
    "generator": lambda table: iter(table.to_batches(max_chunksize=2)),
    "tables": lambda table: [table.slice(0, 1), table.slice(1)],
    "pandas": lambda table: [table.to_pandas()[:1], table.to_pandas()[1:]],
    "polars": lambda table: (
        polars.from_arrow(table)[start : start + 2] for start in (0, 2)
    ),
    "foreign": lambda table: [Foreign(table)],
}


@pytest.mark.parametrize("form", SPLIT)
def test_several_frames_or_batches_are_one_stream(ws, form):
    names = ["A", "B", "C"]
    table = pyarrow.table({"first_name": names, "title": ["x", None, "y"]})
    report = ws.create_many("contact", SPLIT[form](table))
    assert [ws.get("contact", one.id)["first_name"] for one in report] == names


def test_pieces_that_do_not_belong_together_are_refused(ws):
    piece = pyarrow.table({"first_name": ["A"]})
    for other in ({"first_name": "B"}, pyarrow.table({"title": ["x"]})):
        with pytest.raises(hw.SourceDataInvalidError) as raised:
            ws.create_many("contact", [piece, other])
        assert raised.value.report.counts["created"] == 1
    with pytest.raises(TypeError, match="found a DataFrame"):
        ws.create_many("contact", [pandas.DataFrame({"title": ["x", 7]})])


def test_what_the_first_row_raises_has_a_report(ws):
    with pytest.raises(ZeroDivisionError) as raised:
        ws.create_many("contact", ({"title": 1 / 0} for _ in range(3)))
    assert len(raised.value.report) == 0


def test_the_tables_of_rejects_have_the_same_columns_with_and_without_rows(ws):
    good, bad = {"primary_email": "a@acme.example"}, {"primary_email": "none"}
    none, some = (
        ws.assert_many("contact", [row], match="primary_email").rejects
        for row in (good, bad)
    )
    assert none.to_arrow().schema == some.to_arrow().schema
    assert pyarrow.concat_tables([none.to_arrow(), some.to_arrow()]).num_rows == 1
    assert list(none.to_pandas().dtypes) == list(some.to_pandas().dtypes)
    assert none.to_polars().schema == some.to_polars().schema
    assert ws.rejects().to_arrow().column_names == [*none.to_arrow().column_names, *RUN]


RUN = ["run", "source", "is_cut"]


def test_all_or_nothing_says_what_became_of_every_row(ws):
    with pytest.raises(hw.FieldValueInvalidError) as raised:
        ws.assert_many("contact", ROWS, match="primary_email", all_or_nothing=True)
    for report in (
        raised.value.report,
        pickle.loads(pickle.dumps(raised.value.report)),
    ):
        assert (report.counts["read"], report.counts["rejected"]) == (3, 1)
        codes = ["cancelled", "field_value_invalid", "cancelled"]
        assert [one.error.code for one in report] == codes
        assert report.to_arrow().column("code").to_pylist() == codes
        assert len(report.rejects) == 1


def test_a_cell_that_is_no_json_is_refused_at_its_attribute(ws):
    rows = [{"first_name": "A", "title": {1}}, {"address": {"city": {1}}}, {7: 1}]
    report = ws.create_many("contact", rows)
    assert [row["field"] for row in report.rejects] == ["title", "address", None]


def test_a_report_equals_its_pickle_and_no_other(ws):
    report = ws.create_many("contact", [{"first_name": "A"}])
    again = pickle.loads(pickle.dumps(report))
    assert again == report and hash(again) == hash(report)
    assert ws.create_many("contact", [{"first_name": "A"}]) != report


def test_a_row_with_an_unknown_key_is_refused_alone(ws):
    rows = ({"first_name": f"P{number}"} for number in range(5000))
    rows = [
        {**row, "titel": "x"} if row["first_name"] == "P4500" else row for row in rows
    ]
    report = ws.create_many("contact", rows)
    assert report.counts == {**report.counts, "created": 4999, "rejected": 1}
    (reject,) = report.rejects
    assert (reject["position"], reject["field"]) == (4500, "titel")
    assert isinstance(report[4500].error, hw.UnknownFieldError)
    assert "title" in reject["hint"]


def test_a_column_that_was_named_and_no_row_has_is_told(ws):
    rows = [{"first_name": "A"}, {"first_name": "B", "Role": "CTO"}]
    columns = {"Role": "title", "Rolle": "department"}
    report = ws.create_many("contact", rows, columns=columns)
    for one in (report, pickle.loads(pickle.dumps(report))):
        assert one.missing_columns == ["Rolle"]
        assert repr(one) == "<2 read, 2 created; no row has 'Rolle'>"
