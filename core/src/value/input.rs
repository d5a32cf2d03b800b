//! What a value is parsed from: null, text, or any other JSON.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

/// A value before it is parsed. Text, which most values are, is borrowed where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Input<'a> {
    /// Null.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A number, a boolean, an array or an object; null and text are the other variants.
    Json(Json),
}

impl Input<'_> {
    /// The same value, which borrows nothing.
    #[must_use]
    pub fn into_owned<'b>(self) -> Input<'b> {
        match self {
            Self::Null => Input::Null,
            Self::Text(text) => Input::Text(Cow::Owned(text.into_owned())),
            Self::Json(json) => Input::Json(json),
        }
    }
}

impl From<Json> for Input<'_> {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::String(text) => Self::Text(Cow::Owned(text)),
            other => Self::Json(other),
        }
    }
}

impl<'a> From<&'a str> for Input<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<Input<'_>> for Json {
    fn from(input: Input<'_>) -> Self {
        match input {
            Input::Null => Self::Null,
            Input::Text(text) => Self::String(text.into_owned()),
            Input::Json(json) => json,
        }
    }
}

/// As JSON.
impl fmt::Display for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(json) => json.fmt(f),
            other => Json::from(other.clone()).fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for Input<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(InputVisitor)
    }
}

struct InputVisitor;

impl<'de> Visitor<'de> for InputVisitor {
    type Value = Input<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Input::Null)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Input::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Input::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Self::Value, E> {
        Ok(Input::Json(boolean.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Input::Json(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Input::Json(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Input::from(Json::from(number)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Self::Value, A::Error> {
        Json::deserialize(SeqAccessDeserializer::new(elements)).map(Input::Json)
    }

    fn visit_map<A: MapAccess<'de>>(self, entries: A) -> Result<Self::Value, A::Error> {
        Json::deserialize(MapAccessDeserializer::new(entries)).map(Input::Json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_json_holds_and_plain_text_is_borrowed() {
        for text in [
            "null",
            "true",
            "-1",
            "18446744073709551615",
            "1.5",
            "[1,null]",
            "{\"a\":\"b\"}",
            "\"x\"",
            "\"\\n\"",
        ] {
            let input: Input<'_> = serde_json::from_str(text).unwrap();
            let json: Json = serde_json::from_str(text).unwrap();
            assert_eq!(input.to_string(), json.to_string());
            assert_eq!(Input::from(json.clone()), input);
            assert_eq!(Json::from(input), json);
        }
        let borrowed: Input<'_> = serde_json::from_str("\"x\"").unwrap();
        assert!(matches!(borrowed, Input::Text(Cow::Borrowed("x"))));
    }
}
