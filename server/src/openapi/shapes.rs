//! JSON Schema in few words, over the builders of the document model.

use serde_json::Value as Json;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ArrayBuilder, ObjectBuilder, Schema,
    SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{Ref, RefOr};

/// A schema, or the name of one.
pub(crate) type Shape = RefOr<Schema>;

/// The component with this name.
pub(crate) fn component(name: impl AsRef<str>) -> Shape {
    Ref::from_schema_name(name.as_ref()).into()
}

fn of_type(schema_type: Type) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(schema_type))
}

/// Whatever JSON can hold.
pub(crate) fn anything() -> Shape {
    ObjectBuilder::new().schema_type(SchemaType::AnyValue).into()
}

/// Null alone.
pub(crate) fn null() -> Shape {
    of_type(Type::Null).into()
}

/// True or false.
pub(crate) fn boolean() -> Shape {
    of_type(Type::Boolean).into()
}

/// Any text.
pub(crate) fn text() -> Shape {
    of_type(Type::String).into()
}

/// Text that has a format.
pub(crate) fn text_as(format: &str) -> Shape {
    of_type(Type::String).format(Some(SchemaFormat::Custom(format.to_owned()))).into()
}

/// Text that a regular expression describes.
pub(crate) fn text_like(pattern: &str) -> Shape {
    of_type(Type::String).pattern(Some(pattern)).into()
}

/// One of these texts.
pub(crate) fn one_of_texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Shape {
    let texts = texts.into_iter().map(|text| Json::String(text.into()));
    of_type(Type::String).enum_values(Some(texts)).into()
}

/// Any number.
pub(crate) fn number() -> Shape {
    of_type(Type::Number).into()
}

/// A number within bounds.
pub(crate) fn number_within(least: f64, most: f64) -> Shape {
    of_type(Type::Number).minimum(Some(least)).maximum(Some(most)).into()
}

/// A whole number within bounds.
pub(crate) fn whole(least: usize, most: Option<usize>) -> Shape {
    of_type(Type::Integer).minimum(Some(least)).maximum(most).into()
}

/// A scalar that counts as text: a source's typing is often accidental.
pub(crate) fn scalar() -> Shape {
    let types = vec![Type::String, Type::Number, Type::Boolean];
    ObjectBuilder::new().schema_type(SchemaType::Array(types)).into()
}

/// The same, with text that a regular expression describes.
pub(crate) fn scalar_like(pattern: &str) -> Shape {
    let types = vec![Type::String, Type::Number, Type::Boolean];
    let scalar = ObjectBuilder::new().schema_type(SchemaType::Array(types));
    scalar.pattern(Some(pattern)).into()
}

/// At least one of these.
pub(crate) fn any_of(shapes: impl IntoIterator<Item = Shape>) -> Shape {
    shapes.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).into()
}

/// All of these.
pub(crate) fn all_of(shapes: impl IntoIterator<Item = Shape>) -> Shape {
    shapes.into_iter().fold(AllOfBuilder::new(), AllOfBuilder::item).into()
}

/// The shape or null.
pub(crate) fn or_null(shape: Shape) -> Shape {
    any_of([shape, null()])
}

/// A list.
pub(crate) fn list(of: Shape) -> Shape {
    ArrayBuilder::new().items(of).into()
}

/// A list of at least so many elements, and perhaps of no more than others.
pub(crate) fn list_between(of: Shape, least: usize, most: Option<usize>) -> Shape {
    ArrayBuilder::new().items(of).min_items(Some(least)).max_items(most).into()
}

/// A list of at least so many elements.
pub(crate) fn list_from(of: Shape, least: usize) -> Shape {
    ArrayBuilder::new().items(of).min_items((least > 0).then_some(least)).into()
}

/// A list of so many elements.
pub(crate) fn list_of(of: Shape, least: usize, most: usize) -> Shape {
    ArrayBuilder::new().items(of).min_items(Some(least)).max_items(Some(most)).into()
}

/// An object that is described key by key.
pub(crate) struct Object(ObjectBuilder);

impl Object {
    pub(crate) fn new() -> Self {
        Self(of_type(Type::Object))
    }

    /// A key that is always there.
    pub(crate) fn must(self, name: &str, shape: Shape) -> Self {
        Self(self.0.property(name, shape).required(name))
    }

    /// A key that may be absent.
    pub(crate) fn may(self, name: &str, shape: Shape) -> Self {
        Self(self.0.property(name, shape))
    }

    /// Exactly one key, of those that are described.
    pub(crate) fn one_key(self) -> Self {
        Self(self.0.min_properties(Some(1)).max_properties(Some(1))).closed()
    }

    /// No other keys.
    pub(crate) fn closed(self) -> Self {
        Self(self.0.additional_properties(Some(AdditionalProperties::FreeForm(false))))
    }

    /// What people should know of it.
    pub(crate) fn described(self, description: impl Into<String>) -> Self {
        Self(self.0.description(Some(description)))
    }

    pub(crate) fn example(self, example: Json) -> Self {
        Self(self.0.examples([example]))
    }

    pub(crate) fn shape(self) -> Shape {
        self.0.into()
    }
}

/// The shape with a description beside it.
pub(crate) fn described(shape: Shape, description: &str) -> Shape {
    match shape {
        RefOr::Ref(mut reference) => {
            reference.description = description.to_owned();
            RefOr::Ref(reference)
        }
        RefOr::T(mut schema) => {
            let description = Some(description.to_owned());
            match &mut schema {
                Schema::Object(object) => object.description = description,
                Schema::Array(array) => array.description = description,
                Schema::AnyOf(any) => any.description = description,
                Schema::AllOf(all) => all.description = description,
                Schema::OneOf(one) => one.description = description,
                _ => {}
            }
            RefOr::T(schema)
        }
    }
}
