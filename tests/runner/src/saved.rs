//! Saved values: what a step keeps of its answer, and how later steps refer to it.

use std::collections::BTreeMap;

use serde_json::Value as Json;

/// Values by name; `${name}` refers to one.
#[derive(Debug, Default)]
pub struct Saved(BTreeMap<String, Json>);

impl Saved {
    /// Keeps a value.
    pub fn set(&mut self, name: &str, value: Json) {
        self.0.insert(name.to_owned(), value);
    }

    /// Keeps what is at `path` (`data.attributes.websites.0.value`) of an answer.
    ///
    /// # Errors
    /// Text that says which path leads nowhere.
    pub fn take(&mut self, name: &str, path: &str, answer: &Json) -> Result<(), String> {
        let mut place = answer;
        for key in path.split('.') {
            let next = match key.parse::<usize>() {
                Ok(index) if place.is_array() => place.get(index),
                _ => place.get(key),
            };
            place = next.ok_or_else(|| format!("cannot save {name}: there is no {path}"))?;
        }
        self.set(name, place.clone());
        Ok(())
    }

    /// Fills references in every text of `json`: a text that is one reference becomes the value
    /// itself, of any type; a reference inside a text is replaced by the value's text.
    ///
    /// # Errors
    /// Text that names a reference to nothing.
    pub fn fill(&self, json: &Json) -> Result<Json, String> {
        match json {
            Json::String(text) => self.fill_text(text),
            Json::Array(elements) => elements.iter().map(|element| self.fill(element)).collect(),
            Json::Object(object) => object
                .iter()
                .map(|(key, value)| Ok((key.clone(), self.fill(value)?)))
                .collect::<Result<_, String>>()
                .map(Json::Object),
            other => Ok(other.clone()),
        }
    }

    fn fill_text(&self, text: &str) -> Result<Json, String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            let (before, reference) = rest.split_at(start);
            let Some((name, after)) = reference[2..].split_once('}') else { break };
            filled.push_str(before);
            rest = after;
            // A name in capitals is an environment variable of a job, which is not ours.
            if name.chars().any(|letter| letter.is_ascii_uppercase()) {
                filled.push_str(&reference[..name.len() + 3]);
                continue;
            }
            let value = self.0.get(name).ok_or_else(|| format!("nothing is saved as {name:?}"))?;
            if reference.len() == text.len() && after.is_empty() {
                return Ok(value.clone());
            }
            match value {
                Json::String(value) => filled.push_str(value),
                other => filled.push_str(&other.to_string()),
            }
        }
        filled.push_str(rest);
        Ok(Json::String(filled))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_filled_whole_and_inside_a_text() {
        let mut saved = Saved::default();
        saved.take("id", "data.0.id", &json!({"data": [{"id": "7"}]})).unwrap();
        saved.set("n", json!({"a": [1]}));
        assert_eq!(
            saved.fill(&json!(["${id}", "x${id}y", "${n}"])).unwrap(),
            json!(["7", "x7y", {"a": [1]}])
        );
        assert_eq!(saved.fill(&json!("${HOME} ${id}")).unwrap(), json!("${HOME} 7"));
        assert!(saved.fill(&json!("${nobody}")).unwrap_err().contains("nobody"));
        assert!(saved.take("x", "data.1", &json!({"data": []})).is_err());
    }
}
