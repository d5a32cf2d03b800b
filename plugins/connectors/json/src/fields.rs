//! The fields that rows have, with their types.

use std::collections::HashMap;
use std::fmt;

use headwater_sdk::Field;
use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::value::kind_of;

/// The fields of some rows, in the order in which they first occur.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    fields: Vec<Field>,
    index: HashMap<String, usize>,
    mixed: Vec<bool>,
}

impl Fields {
    pub(crate) fn add_row(&mut self, row: &str) {
        // A row has been checked before; whatever is wrong with it nevertheless is not for here.
        let _ = serde_json::Deserializer::from_str(row).deserialize_map(Members(self));
    }

    pub(crate) fn into_list(self) -> Vec<Field> {
        self.fields
    }

    fn add(&mut self, name: String, kind: &'static str) {
        let index = *self.index.entry(name).or_insert_with_key(|name| {
            let value_type = String::new();
            self.fields.push(Field { name: name.clone(), value_type, is_key: false });
            self.mixed.push(false);
            self.fields.len() - 1
        });
        let field = &mut self.fields[index];
        if kind == "null" || self.mixed[index] || field.value_type == kind {
            return;
        }
        self.mixed[index] = !field.value_type.is_empty();
        field.value_type = if self.mixed[index] { String::new() } else { kind.to_owned() };
    }
}

struct Members<'a>(&'a mut Fields);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            self.0.add(name, kind_of(value.get()));
        }
        Ok(())
    }
}
