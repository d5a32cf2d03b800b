//! What each value type accepts, what it refuses, and what it gives back.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::encode::{EncodeContext, Encoded, to_json};
use super::{Context, SelectOption, Timestamp, Value, ValueType, parse};
use crate::error::ErrorCode;

fn options() -> Vec<SelectOption> {
    vec![SelectOption {
        id: Uuid::from_u128(9),
        api_name: "working".into(),
        display_value: "Working".into(),
        color: "blue".into(),
        stage: None,
    }]
}

fn read(value_type: ValueType, json: Json) -> Result<Option<Value>, ErrorCode> {
    let options = options();
    let context = Context { options: &options, default_region: Some("US") };
    parse(value_type, false, json, context).map_err(|error| error.code())
}

/// The value as it would be read back.
fn shown(value_type: ValueType, json: Json) -> Result<Json, ErrorCode> {
    let options = options();
    let context =
        EncodeContext { options: &options, target: Some("user"), item_id: &|_| Uuid::nil() };
    Ok(read(value_type, json)?
        .map_or(Json::Null, |value| to_json(&Encoded { value: &value, value_type, context })))
}

#[test]
fn what_is_accepted_is_read_back_as_the_contract_shows_it() {
    let nine = Uuid::from_u128(9).to_string();
    let working =
        json!({"id": nine, "api_name": "working", "display_value": "Working", "color": "blue"});
    let reference = json!({"related_record_id": nine, "related_record_type": "user"});
    let cases = [
        (ValueType::String, json!(" kept as it is "), json!(" kept as it is ")),
        (ValueType::String, json!(7), json!("7")),
        (ValueType::String, json!(true), json!("true")),
        (ValueType::LongText, json!("a\nb\0c"), json!("a\nb\0c")),
        (
            ValueType::Email,
            json!(" Ann.O'Neil+x@Acme.example "),
            json!("Ann.O'Neil+x@Acme.example"),
        ),
        (ValueType::Email, json!("用户@例え.jp"), json!("用户@例え.jp")),
        (ValueType::PhoneNumber, json!("(415) 555-2671"), json!("+14155552671")),
        (ValueType::PhoneNumber, json!("+44 20 7946 0018"), json!("+442079460018")),
        (ValueType::PhoneNumber, json!("+1 415 555 2671 x371"), json!("+14155552671")),
        (ValueType::Url, json!("https://example.com/a?b#c"), json!("https://example.com/a?b#c")),
        (ValueType::Number, json!(" 42 "), json!(42)),
        (ValueType::Number, json!("007"), json!(7)),
        (ValueType::Number, json!("+5"), json!(5)),
        (ValueType::Number, json!("-.5"), json!(-0.5)),
        (ValueType::Number, json!("5."), json!(5)),
        (ValueType::Date, json!("1990-01-02T00:00:00"), json!("1990-01-02")),
        (ValueType::Date, json!("1990-01-02 00:00:00.000Z"), json!("1990-01-02")),
        (ValueType::Number, json!(1.0), json!(1)),
        (ValueType::Number, json!("-1.5e3"), json!(-1500)),
        (ValueType::Number, json!(i64::MIN), json!(i64::MIN)),
        (ValueType::Currency, json!("1234.50"), json!({"amount": "1234.50"})),
        (ValueType::Currency, json!({"amount": 7}), json!({"amount": "7"})),
        (ValueType::Percent, json!("12.50"), json!("12.50")),
        (ValueType::Percent, json!(-3), json!("-3")),
        (ValueType::Time, json!(" 17:30 "), json!("17:30:00")),
        (ValueType::Time, json!("23:59:59"), json!("23:59:59")),
        (ValueType::Currency, json!("1e3"), json!({"amount": "1000"})),
        (ValueType::Currency, json!(-0.1), json!({"amount": "-0.1"})),
        (
            ValueType::Currency,
            json!("1234567890123456789012345678"),
            json!({"amount": "1234567890123456789012345678"}),
        ),
        (ValueType::Boolean, json!("Yes"), json!(true)),
        (ValueType::Boolean, json!(0), json!(false)),
        (ValueType::Timestamp, json!("2023-11-07T05:31:56Z"), json!("2023-11-07T05:31:56.000000Z")),
        (
            ValueType::Timestamp,
            json!("2023-11-07T05:31:56.5+02:00"),
            json!("2023-11-07T03:31:56.500000Z"),
        ),
        (ValueType::Timestamp, json!("2023-11-07 05:31:56"), json!("2023-11-07T05:31:56.000000Z")),
        (ValueType::Timestamp, json!("2023-11-07"), json!("2023-11-07T00:00:00.000000Z")),
        (ValueType::Date, json!("2024-02-29"), json!("2024-02-29")),
        (ValueType::Uuid, json!(nine.to_uppercase()), json!(nine)),
        (ValueType::RichText, json!("<p>a</p>"), json!("<p>a</p>")),
        (ValueType::Enum, json!("working"), json!("working")),
        (ValueType::Select, json!("working"), working.clone()),
        (ValueType::ContactStage, json!("Working"), working.clone()),
        (ValueType::AccountStage, json!({"id": nine}), working.clone()),
        (ValueType::Select, json!({"api_name": "working"}), working.clone()),
        (ValueType::OpportunityStage, json!("working"), working.clone()),
        (ValueType::RecordReference, json!(nine), reference.clone()),
        (ValueType::RecordReference, json!({"related_record_id": nine}), reference),
        (
            ValueType::Address,
            json!({"city": "Rome", "zip_code": 187, "state": null}),
            json!({"street_one": null, "street_two": null, "city": "Rome", "state": null,
                   "country": null, "zip_code": "187"}),
        ),
        (
            ValueType::ContactEmail,
            json!({"email": "a@x.org", "is_primary": true, "labels": ["WORK", "WORK", "MOBILE"]}),
            json!({"id": Uuid::nil(), "email": "a@x.org", "is_primary": true, "labels": ["WORK", "MOBILE"]}),
        ),
        (
            ValueType::ContactPhoneNumber,
            json!("415-555-2671"),
            json!({"id": Uuid::nil(), "phone_number": "+14155552671", "is_primary": false, "labels": []}),
        ),
        (
            ValueType::AccountDomain,
            json!({"domain_name": " Acme.Example. ", "status": "x"}),
            json!({"domain_name": "Acme.Example", "is_primary": false, "status": null}),
        ),
    ];
    for (value_type, written, expected) in &cases {
        let name = value_type.name();
        assert_eq!(shown(*value_type, written.clone()).as_ref(), Ok(expected), "{name} {written}");
        let envelope = json!({"value_type": name, "value": written, "extra": 1});
        assert_eq!(
            shown(*value_type, envelope).as_ref(),
            Ok(expected),
            "{name} {written}, enveloped"
        );
    }
    for value_type in ValueType::ALL {
        let is_tried = cases.iter().any(|(tried, ..)| tried == value_type);
        assert!(is_tried, "{} is not tried", value_type.name());
        assert_eq!(read(*value_type, Json::Null), Ok(None));
        assert_eq!(ValueType::from_name(value_type.name()), Some(*value_type));
    }
}

#[test]
fn what_cannot_be_coerced_is_refused() {
    let long = format!("{}@x.example", "a".repeat(250));
    let cases = [
        (ValueType::String, vec![json!({"a": 1}), json!(["a"])]),
        (
            ValueType::Email,
            [
                "",
                "a",
                "a@",
                "@b.example",
                "a@b",
                "a@b@c.example",
                "a b@c.example",
                "a@b..example",
                ".a@b.example",
                "a@-b.example",
                "a\u{0}@b.example",
                "a@b.example\n.",
                &long,
            ]
            .map(Json::from)
            .to_vec(),
        ),
        (
            ValueType::PhoneNumber,
            ["", "abc", "123", "+1 415 555", "+999 123456789"].map(Json::from).to_vec(),
        ),
        (ValueType::Url, ["", "example.com", "/a", "mailto:a@b.example"].map(Json::from).to_vec()),
        (
            ValueType::Number,
            vec![
                json!("1,000"),
                json!("NaN"),
                json!("1e400"),
                json!(""),
                json!(true),
                json!(18_446_744_073_709_551_615_u64),
                json!("9223372036854775808"),
                json!("-123456789012345678901"),
            ],
        ),
        (
            ValueType::Currency,
            vec![
                json!("1,000"),
                json!("$5"),
                json!(""),
                json!({"value": 1}),
                json!(true),
                json!("123456789012345678901234567890"),
                json!({"amount": {"amount": 1}}),
            ],
        ),
        (ValueType::Boolean, vec![json!("maybe"), json!(2), json!("")]),
        (
            ValueType::Timestamp,
            vec![
                json!("yesterday"),
                json!(1_700_000_000),
                json!("2023-13-01T00:00:00Z"),
                json!("10000-01-01T00:00:00Z"),
            ],
        ),
        (
            ValueType::Date,
            vec![json!("2023-02-29"), json!("2023-11-07T05:00:00Z"), json!("07/11/2023")],
        ),
        (ValueType::Percent, vec![json!("5 %"), json!({"amount": 5}), json!(true), json!("")]),
        (
            ValueType::Time,
            vec![json!("24:00:00"), json!("9:30"), json!("10:00:60"), json!("10:00Z"), json!(10)],
        ),
        (ValueType::Uuid, vec![json!("7"), json!(7)]),
        (ValueType::Enum, vec![json!("Working"), json!({"api_name": "working"}), json!(1)]),
        (ValueType::Select, vec![json!("WORKING"), json!({"name": "working"}), json!(1)]),
        (
            ValueType::RecordReference,
            vec![json!("x"), json!({}), json!({"related_record_id": "x"})],
        ),
        (
            ValueType::Address,
            vec![json!("Rome"), json!({"town": "Rome"}), json!({"city": ["Rome"]})],
        ),
        (
            ValueType::ContactEmail,
            vec![
                json!({"is_primary": true}),
                json!({"email": "x"}),
                json!({"email": "a@x.org", "labels": ["HOME"]}),
                json!({"email": "a@x.org", "is_primary": "yes"}),
                json!({"email": "a@x.org", "phone": 1}),
            ],
        ),
        (
            ValueType::AccountDomain,
            vec![
                json!("https://x.example"),
                json!("x"),
                json!({"domain_name": "a.example", "labels": []}),
            ],
        ),
    ];
    for (value_type, refused) in cases {
        for written in refused {
            let found = read(value_type, written.clone());
            assert_eq!(found, Err(ErrorCode::FieldValueInvalid), "{} {written}", value_type.name());
        }
    }
    let wrong = json!({"value_type": "string", "value": "a@x.org"});
    assert_eq!(read(ValueType::Email, wrong), Err(ErrorCode::FieldValueInvalid));
    let hollow = json!({"value_type": "email"});
    assert_eq!(read(ValueType::Email, hollow), Err(ErrorCode::FieldValueInvalid));
    let two_keys = json!({"related_record_match": {"email": "a@x.org", "id": "1"}});
    assert_eq!(read(ValueType::RecordReference, two_keys), Err(ErrorCode::FieldValueInvalid));
}

#[test]
fn a_number_without_a_country_needs_a_region() {
    let number = json!("(415) 555-2671");
    let found = parse(ValueType::PhoneNumber, false, number, Context::default());
    let error = found.expect_err("there is no region");
    assert!(error.remedy().contains("default_region"), "{error:#}");
}

/// The numbers are examples of libphonenumber; its own answers are beside them.
#[test]
fn a_default_region_takes_nothing_from_a_number_of_another_country() {
    let cases = [
        ("US", "+880 1812-345678", "+8801812345678"),
        ("US", "+55 11 96123-4567", "+5511961234567"),
        ("US", "tel:+86-131-2345-6789", "+8613123456789"),
        ("US", "011 49 1512 3456789", "+4915123456789"),
        ("GB", "00 229 01 95 12 34 56", "+2290195123456"),
        ("GB", "00 241 06 03 12 34", "+24106031234"),
        ("JP", "010 225 01 23 45 6789", "+2250123456789"),
        ("GB", "020 7946 0018", "+442079460018"),
        ("DE", "01512 3456789", "+4915123456789"),
        ("US", "1 (415) 555-2671", "+14155552671"),
    ];
    for (region, written, expected) in cases {
        let context = Context { options: &[], default_region: Some(region) };
        let found = parse(ValueType::PhoneNumber, false, json!(written), context);
        assert_eq!(found.ok(), Some(Some(Value::Text(expected.into()))), "{region} {written}");
    }
}

#[test]
fn arrays_take_one_or_many_and_settle_which_item_is_primary() {
    let array = |json: Json| {
        parse(ValueType::ContactEmail, true, json, Context::default()).map_err(|error| error.code())
    };
    let primaries = |json: Json| -> Vec<(String, bool)> {
        let value = array(json).expect("it is an array").expect("it is not null");
        let items = value.as_list().expect("it is a list").iter().filter_map(Value::as_item);
        items.map(|item| (item.text.to_string(), item.is_primary)).collect()
    };
    assert_eq!(array(Json::Null), Ok(None));
    assert_eq!(array(json!([])), Ok(Some(Value::List(Box::new([])))));
    assert_eq!(primaries(json!("a@x.org")), [("a@x.org".into(), true)]);
    let second = json!(["a@x.org", {"email": "b@x.org", "is_primary": true}]);
    assert_eq!(primaries(second), [("a@x.org".into(), false), ("b@x.org".into(), true)]);
    let repeated = json!(["a@x.org", "b@x.org", {"email": "A@X.org", "is_primary": true}]);
    assert_eq!(primaries(repeated), [("a@x.org".into(), true), ("b@x.org".into(), false)]);
    let enveloped = json!([{"value_type": "contact_email", "value": {"email": "a@x.org"}}]);
    assert_eq!(primaries(enveloped), [("a@x.org".into(), true)]);
    let two =
        json!([{"email": "a@x.org", "is_primary": true}, {"email": "b@x.org", "is_primary": true}]);
    assert_eq!(array(two), Err(ErrorCode::FieldValueInvalid));
    assert_eq!(array(json!(["a@x.org", null])), Err(ErrorCode::FieldValueInvalid));
}

#[test]
fn a_value_is_three_words_wide() {
    // Records are made of them by the million: a fourth word is a third more memory.
    assert_eq!(size_of::<Option<Value>>(), 3 * size_of::<usize>());
    assert_eq!(size_of::<crate::record::Change>(), 3 * size_of::<usize>());
}

#[test]
fn a_time_beyond_all_calendars_is_shown_as_the_nearest_there_is() {
    assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
    assert!(Timestamp(i64::MIN).to_string().starts_with("-009999-01-01T"));
}
