"""Exceptions: a class for each code, with a base of the package and one of Python."""

import copy
import pickle

import headwater as hw
import pytest
from headwater import _headwater, errors

CODES = _headwater.ERROR_CODES


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["name"])
def test_every_code_has_its_class(row):
    cls = getattr(hw, row["python_class"])
    assert (
        cls is errors.BY_NUMBER[row["number"]] is getattr(errors, row["python_class"])
    )
    assert issubclass(cls, hw.HeadwaterError)
    builtin = [base for base in cls.__bases__ if base.__module__ == "builtins"]
    assert len(builtin) == 1 and issubclass(builtin[0], Exception)
    assert (cls.code, cls.number, cls.group) == (
        row["name"],
        row["number"],
        row["group"],
    )
    assert cls.__module__ == "headwater.errors"
    assert row["python_class"] in hw.__all__


@pytest.mark.parametrize("row", CODES, ids=lambda row: row["name"])
def test_an_exception_survives_pickling_and_copying(row):
    cls = getattr(hw, row["python_class"])
    error = cls(
        "what", field="title", record="7", retry_after=2.5, hint="do", errors=[{"a": 1}]
    )
    assert error.report is None
    error.report = "more"
    for again in (
        pickle.loads(pickle.dumps(error)),
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(again) is cls
        assert again.__dict__ == error.__dict__
        assert str(again) == str(error) == "what (field title, record 7)\nhint: do"


def test_there_are_as_many_classes_as_codes():
    assert len(errors.BY_NUMBER) == len(CODES) == len(set(errors.BY_NUMBER.values()))


def test_python_s_own_handlers_catch_them(ws):
    with pytest.raises(LookupError):
        ws.get("contact", "01a20a46-feca-7654-a24f-4ce742e8730e")
    with pytest.raises(ValueError):
        ws.create("contact", {"primary_email": "none"})
    with pytest.raises(OSError):
        hw.open("/nowhere/at/all/crm.db")
    with pytest.raises(NotImplementedError):
        ws.create("user", {"email": "a@acme.example"})


def test_an_exception_says_everything_that_is_known(ws):
    with pytest.raises(hw.UnknownFieldError) as raised:
        ws.create("contact", {"titel": "CTO", "nick": "S"})
    error = raised.value
    assert (error.field, error.hint) == ("titel", 'did you mean "title"?')
    assert [one["code"] for one in error.errors] == [
        "unknown_field",
        "unknown_field",
        "field_required_missing",
    ]
    assert error.retryable is False and error.retry_after is None
    assert "titel" in str(error) and "did you mean" in str(error)


def test_a_closed_workspace_says_so(ws):
    ws.close()
    ws.close()
    assert ws.is_closed and "closed" in repr(ws)
    with pytest.raises(hw.InvalidRequestError, match="closed"), ws:
        pass
    with pytest.raises(hw.InvalidRequestError, match="closed"):
        ws.get("contact", "01a20a46-feca-7654-a24f-4ce742e8730e")


def test_an_exception_is_pickled_with_its_report(ws):
    rows = [{"primary_email": "a@acme.example"}, {"primary_email": "none"}]
    with pytest.raises(hw.FieldValueInvalidError) as raised:
        ws.assert_many("contact", rows, match="primary_email", all_or_nothing=True)
    again = pickle.loads(pickle.dumps(raised.value))
    assert again.report.counts == raised.value.report.counts
    assert list(again.report.rejects) == list(raised.value.report.rejects)


def test_records_and_reports_are_pickled(ws):
    rows = [{"primary_email": "a@acme.example"}, {"primary_email": "none"}]
    report = ws.assert_many("contact", rows, match="primary_email")
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(report))))
    assert again.counts == report.counts and repr(again) == repr(report)
    assert [(one.action, one.id) for one in again] == [
        (one.action, one.id) for one in report
    ]
    assert again[1].error.field == "primary_email" and again[0].error is None
    assert again.to_arrow().equals(report.to_arrow())
    assert again.to_polars().equals(report.to_polars())
    record = ws.get("contact", report[0].id)
    for copied in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record)):
        assert copied == record == copied and hash(copied) == hash(record)
        assert copied.to_dict() == record.to_dict() and copied.id == record.id
        assert copied.to_wire() == record.to_wire() and repr(copied) == repr(record)
        assert ws.patch("contact", copied, {"title": "CTO"})["title"] == "CTO"
    assert copied != ws.get("contact", record.id)
    with pytest.raises(KeyError):
        copied["nothing"]
