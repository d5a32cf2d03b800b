"""Records: absent, null and value stay apart, and values are what Python has for them."""

import datetime as dt
import uuid
from decimal import Decimal

import headwater as hw
import pytest


def test_absent_null_and_value_stay_apart(ws):
    sarah = ws.create(
        "contact", {"first_name": "Sarah", "title": "CEO", "department": "Sales"}
    )
    patched = ws.patch("contact", sarah.id, {"title": "CTO", "department": None})
    assert (patched["first_name"], patched["title"], patched["department"]) == (
        "Sarah",
        "CTO",
        None,
    )
    assert ws.get("contact", sarah.id) == patched != sarah


def test_values_are_python_s_own(ws):
    fields = [
        ("size", "number"),
        ("share", "percent"),
        ("paid", "currency"),
        ("born", "date"),
        ("call_at", "time"),
        ("seen_at", "timestamp"),
    ]
    attributes = [
        {"api_name": n, "display_name": n, "value_type": t} for n, t in fields
    ]
    ws.declare(
        {"custom_fields": [{"record_type": "contact", "attributes": attributes}]}
    )
    zone = dt.timezone(dt.timedelta(hours=2))
    owner = ws.seed(
        [{"record_type": "user", "attributes": {"email": "o@acme.example"}}]
    )[0]
    given = {
        "first_name": "Sarah",
        "size": 38.5,
        "share": Decimal("12.50"),
        "paid": Decimal("0.10"),
        "born": dt.date(1990, 2, 28),
        "call_at": dt.time(9, 30),
        "seen_at": dt.datetime(2026, 6, 1, 10, tzinfo=zone),
        "sms_consent": True,
        "owner_user_id": uuid.UUID(owner.id),
        "address": {"city": "Rome"},
    }
    record = ws.create("contact", given)
    assert record["size"] == 38.5
    assert record["share"] == Decimal("12.50") and isinstance(record["share"], Decimal)
    assert record["paid"] == Decimal("0.10")
    assert record["born"] == dt.date(1990, 2, 28)
    assert record["call_at"] == dt.time(9, 30)
    assert record["seen_at"] == dt.datetime(2026, 6, 1, 8, tzinfo=dt.UTC)
    assert record["sms_consent"] is True
    assert record["owner_user_id"] == owner.id
    assert record["address"]["city"] == "Rome" and record["address"]["state"] is None
    assert record["contact_emails"] == []
    assert record.created_at.utcoffset() == dt.timedelta(0)
    assert record.created_at == record["created_at"]


def test_a_record_is_a_mapping(ws):
    record = ws.create("contact", {"first_name": "Sarah"})
    assert set(record) == {
        one["api_name"] for one in ws.schema("contact")["attributes"]
    }
    assert dict(record) == record.to_dict() and len(record) == len(record.to_dict())
    assert "title" in record and "titel" not in record
    with pytest.raises(KeyError, match="titel"):
        record["titel"]
    assert {record: 1}[ws.get("contact", record.id)] == 1
    assert record.to_wire()["attributes"]["first_name"]["value"] == "Sarah"


def test_a_record_stands_for_its_id(ws):
    acme = ws.create("account", {"name": "Acme"})
    deal = ws.create("opportunity", {"display_name": "Deal", "account_id": acme})
    assert deal["account_id"] == acme.id
    assert ws.get("account", uuid.UUID(acme.id)) == ws.get("account", acme) == acme


def test_a_record_shows_what_it_holds(ws):
    record = ws.create("contact", {"first_name": "<b>Sarah", "title": "CTO"})
    assert record.id in repr(record) and "title: 'CTO'" in repr(record)
    assert "department" not in repr(record)
    assert (
        "&lt;b&gt;Sarah" in record._repr_html_()
        and "<b>Sarah" not in record._repr_html_()
    )


@pytest.mark.parametrize("missing", [float("nan"), Decimal("nan")])
def test_nan_is_null(ws, missing):
    sarah = ws.create("contact", {"first_name": "Sarah", "title": "CTO"})
    assert ws.patch("contact", sarah, {"title": missing})["title"] is None


def test_pandas_and_numpy_scalars_are_values(ws):
    import numpy
    import pandas

    sarah = ws.create("contact", {"first_name": "Sarah", "title": "CTO"})
    for missing in (pandas.NA, pandas.NaT, numpy.float64("nan")):
        ws.patch("contact", sarah, {"title": "CTO"})
        assert ws.patch("contact", sarah, {"title": missing})["title"] is None
    assert (
        ws.patch("contact", sarah, {"sms_consent": numpy.bool_(True)})["sms_consent"]
        is True
    )
    names = numpy.array(["https://a.example", "https://b.example"])
    acme = ws.create("account", {"name": "Acme", "websites": names})
    assert acme["websites"] == ["https://a.example", "https://b.example"]


def test_links_items_history_and_activities(ws):
    sarah = ws.create("contact", {"primary_email": "s@acme.example"})
    acme = ws.create("account", {"name": "Acme", "domains": ["acme.example"]})
    action, _ = ws.link(
        "contact",
        sarah,
        "accounts",
        match={"domain_name": "acme.example"},
        attributes={"role": "CEO"},
    )
    assert action == "created"
    assert (
        ws.link("contact", sarah, "accounts", acme, {"role": "CEO"})[0] == "unchanged"
    )
    ws.relink("contact", sarah, "accounts", acme, {"role": "CTO"})
    links = list(ws.links("account", acme, "contacts"))
    assert links[0]["through"]["attributes"]["role"]["value"] == "CTO"
    ws.unlink("contact", sarah, "accounts", acme)
    assert list(ws.links("account", acme, "contacts")) == []

    _, item = ws.add_item(
        "contact",
        sarah,
        "contact_emails",
        {"email": "h@acme.example", "is_primary": False},
    )
    ws.update_item("contact", sarah, "contact_emails", item["id"], {"is_primary": True})
    assert ws.get("contact", sarah)["primary_email"] == "h@acme.example"
    ws.remove_item("contact", sarah, "contact_emails", item["id"])
    assert ws.get("contact", sarah)["primary_email"] == "s@acme.example"

    ws.archive("contact", sarah)
    with pytest.raises(hw.RecordNotFoundError):
        ws.get("contact", sarah)
    ws.restore("contact", sarah)
    operations = [change["operation"] for change in ws.history("contact", sarah)]
    assert operations[0] == "restore" and operations[-1] == "create"
    assert next(ws.history("contact", sarah))["actor"] == "python"


def test_a_state_can_be_returned_to(ws, tmp_path):
    ws.snapshot(tmp_path / "empty.db")
    sarah = ws.create("contact", {"first_name": "Sarah"})
    ws.reset(tmp_path / "empty.db")
    with pytest.raises(hw.RecordNotFoundError):
        ws.get("contact", sarah)


def test_a_batch_gives_each_operation_its_outcome(ws):
    make = {"do": "create", "record_type": "contact", "attributes": {"first_name": "A"}}
    wrong = {"do": "create", "record_type": "contact", "attributes": {"shoe": 1}}
    good, bad = ws.apply([make, wrong])
    assert (
        good.action == "created"
        and good.record["first_name"] == "A"
        and good.error is None
    )
    assert isinstance(bad.error, hw.UnknownFieldError) and bad.action is None
    held_back, bad = ws.apply([make, wrong], all_or_nothing=True)
    assert isinstance(held_back.error, hw.CancelledError)
    assert isinstance(bad.error, hw.UnknownFieldError)
    assert len(ws.query("contact").to_list()) == 1
    assert ws.apply([make], records=False)[0].record is None


def test_seeds_take_what_calls_take(ws):
    seen = {"api_name": "seen_at", "display_name": "Seen", "value_type": "timestamp"}
    ws.declare({"custom_fields": [{"record_type": "contact", "attributes": [seen]}]})
    time = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    (done,) = ws.seed(
        [{"record_type": "contact", "attributes": {"first_name": "A", "seen_at": time}}]
    )
    assert ws.get("contact", done.id)["seen_at"] == time


def test_a_number_of_runs_is_none_below_zero(ws):
    with pytest.raises(ValueError):
        ws.runs(-1)
