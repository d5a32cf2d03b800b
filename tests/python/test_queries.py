"""Queries: filters as expressions, pages as they are asked for, results as frames."""

import datetime as dt
from decimal import Decimal

import headwater as hw
import pyarrow
import pytest
from headwater import queries

field = hw.field


@pytest.fixture
def crowd(ws):
    """A workspace with 2500 contacts."""
    rows = (
        {"first_name": f"P{n:04}", "title": "CTO" if n % 2 else None}
        for n in range(2500)
    )
    ws.create_many("contact", rows)
    return ws


def test_all_pages_are_read_in_order(crowd):
    names = [
        record["first_name"] for record in crowd.query("contact", sort="first_name")
    ]
    assert names == [f"P{n:04}" for n in range(2500)]
    last = crowd.query("contact", sort=["-first_name"], limit=1500).to_list()
    assert len(last) == 1500 and last[0]["first_name"] == "P2499"
    assert crowd.query("contact", limit=0).to_list() == []
    assert crowd.query("contact", sort="first_name").first()["first_name"] == "P0000"


def test_pages_are_read_only_when_they_are_asked_for(crowd, monkeypatch):
    asked = []
    read = queries.next_page

    def counting(*arguments):
        asked.append(arguments)
        return read(*arguments)

    monkeypatch.setattr(queries, "next_page", counting)
    records = iter(crowd.query("contact"))
    assert asked == []
    next(records)
    assert len(asked) == 1
    assert len(list(records)) == 2499
    assert len(asked) == 3


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (None, 2500),
        (field("title") == "CTO", 1250),
        (field("title") != "CTO", 1250),
        (field("title") == None, 1250),
        (~(field("title") == "CTO"), 1250),
        ((field("title") == "CTO") & field("first_name").starts_with("p000"), 5),
        ((field("first_name") == "P0001") | (field("first_name") == "P0002"), 2),
        (field("first_name").is_in(["P0001", "nobody"]), 1),
        (field("first_name").ends_with("499") & field("first_name").contains("P2"), 1),
        ([field("title").exists(), field("first_name") == "P0001"], 1),
        ({"field": "first_name", "operator": "eq", "value": "P0001"}, 1),
        (field("created_at") >= dt.datetime(2000, 1, 1, tzinfo=dt.UTC), 2500),
        (field("created_at") < "2000-01-01", 0),
        (field("created_at").between(dt.date(2000, 1, 1), dt.date(2001, 1, 1)), 0),
    ],
)
def test_filters_select(crowd, where, count):
    assert len(crowd.query("contact", where).to_list()) == count


def test_filters_are_not_joined_by_words():
    with pytest.raises(TypeError, match="&"):
        (field("a") == 1) and (field("b") == 2)
    with pytest.raises(TypeError):
        (field("a") == 1) & 7
    with pytest.raises(TypeError):
        field(7)
    joined = (field("a") == 1) & (field("b") == 2) & (field("c") == 3)
    assert len(joined.to_wire()["and"]) == 3


def test_what_is_wrong_with_a_query_is_told(ws):
    with pytest.raises(hw.InvalidFilterFieldError):
        ws.query("contact", field("titel") == 1).first()
    with pytest.raises(hw.UnsortableFieldError):
        ws.query("contact", sort="address").first()
    with pytest.raises(hw.UnknownRecordTypeError):
        ws.query("contacts").to_list()
    with pytest.raises(hw.InvalidFilterFieldError):
        ws.query("contact", field("titel") == 1).to_arrow()
    for limit in (-1, True, "7", 1.5):
        with pytest.raises((TypeError, ValueError)):
            ws.query("contact", limit=limit)
    for where in ("title = 1", False, 7, field("title"), [field("title")]):
        with pytest.raises(TypeError, match="for where"):
            ws.query("contact", where)
    with pytest.raises(TypeError, match="no condition"):
        ws.query("contact", not field("title"))
    with pytest.raises(TypeError, match="compared with a value"):
        ws.query("contact", field("title") == field("department"))


def test_a_query_and_a_run_show_what_they_are(ws, people, tmp_path):
    assert repr(ws.query("contact", limit=7)).endswith("limit 7>")
    run = hw.start_sync(
        people(1), to=tmp_path / "crm.db", record_type="contact", match="email"
    )
    assert repr(run).endswith("crm.db: under way>")
    run.report()
    assert repr(run).endswith("crm.db: done>")


def test_a_page_has_a_cursor(crowd):
    page = crowd.page("contact", {"limit": 10})
    assert len(page) == 10 and page.next_cursor
    after = crowd.page("contact", {"limit": 10, "cursor": page.next_cursor})
    assert not {one.id for one in page} & {one.id for one in after}


def test_results_are_arrow_data(crowd):
    query = crowd.query("contact", sort="first_name")
    table = query.to_arrow()
    assert table.num_rows == 2500
    assert table["first_name"].to_pylist()[:2] == ["P0000", "P0001"]
    assert table.schema.field("updated_at").type == pyarrow.timestamp("us", "UTC")
    reader = query.to_reader()
    assert isinstance(reader, pyarrow.RecordBatchReader)
    assert [batch.num_rows for batch in reader] == [1000, 1000, 500]
    assert crowd.query("contact", limit=1200).to_arrow().num_rows == 1200
    assert crowd.query("contact", limit=0).to_arrow().num_rows == 0
    assert query.to_polars()["title"].null_count() == 1250
    assert query.to_pandas()["title"].isna().sum() == 1250


def test_every_kind_of_value_has_its_column(ws):
    ws.create(
        "account",
        {
            "name": "Acme",
            "domains": ["a.example"],
            "websites": ["https://a.example"],
            "estimated_annual_revenue": "12.50",
            "address": {"city": "Rome"},
        },
    )
    ws.create(
        "contact",
        {
            "primary_phone_number": "+14155552671",
            "contact_emails": ["a@a.example"],
            "sms_consent": True,
        },
    )
    (account,) = ws.query("account").to_arrow().to_pylist()
    assert account["estimated_annual_revenue"] == Decimal("12.5")
    assert account["address"]["city"] == "Rome"
    assert account["domains"] == [{"domain_name": "a.example", "is_primary": True}]
    assert account["websites"] == ["https://a.example"]
    (contact,) = ws.query("contact").to_arrow().to_pylist()
    assert contact["contact_emails"][0]["email"] == "a@a.example"
    assert contact["sms_consent"] is True and contact["stage"] == "new"
    for record_type in ws.record_types:
        assert ws.query(record_type).to_arrow().num_columns == len(
            ws.schema(record_type)["attributes"]
        )


def test_digits_that_a_column_would_lose_are_refused(ws):
    size = {"api_name": "size", "display_name": "Size", "value_type": "number"}
    ws.declare({"custom_fields": [{"record_type": "contact", "attributes": [size]}]})
    ws.create("contact", {"first_name": "A", "size": 2**53})
    assert ws.query("contact").to_arrow()["size"].to_pylist() == [float(2**53)]
    long = ws.create("contact", {"first_name": "B", "size": 2**53 + 1})
    for form in ("to_arrow", "to_pandas", "to_polars"):
        with pytest.raises(
            hw.OperationNotSupportedError, match="0993 has more digits"
        ) as raised:
            getattr(ws.query("contact"), form)()
        assert "to_list()" in raised.value.hint
    assert ws.get("contact", long.id)["size"] == 2**53 + 1
    ws.create("account", {"name": "A", "estimated_annual_revenue": "0.12345678901"})
    with pytest.raises(hw.OperationNotSupportedError, match="more digits"):
        ws.query("account").to_arrow()


@pytest.mark.parametrize("name", ["is_in", "not_in"])
def test_one_text_is_no_list_of_letters(name):
    with pytest.raises(TypeError, match="CEO"):
        getattr(hw.field("title"), name)("CEO")


def test_a_stream_outlives_its_query(ws):
    ws.create("contact", {"first_name": "Sarah"})
    reader = ws.query("contact").to_reader()
    ws.close()
    assert reader.read_all().num_rows == 1
