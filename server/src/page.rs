//! The document as a page to read: HTML with its own style, without scripts.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use headwater::{Error, ErrorCode, Result};
use minijinja::value::{Serde, Value as Shown};
use minijinja::{Environment, context};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

const TEMPLATE: &str = include_str!("page.html");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What a browser may do with the page: show it in its own style, named by its hash, and nothing else.
pub(crate) fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = hash_of_style(TEMPLATE);
        format!(
            "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'"
        )
    });
    &POLICY
}

/// The hash of what stands between the tags of a page's style, as policies write it.
pub(crate) fn hash_of_style(page: &str) -> String {
    let style = page.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    STANDARD.encode(Sha256::digest(style.map_or("", |(style, _)| style)))
}

/// The page of an OpenAPI document.
///
/// # Errors
/// `internal_error` where the document is none of ours.
pub(crate) fn of(document: &str) -> Result<String> {
    let failed = |what: &'static str| {
        move |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::new(ErrorCode::Internal, what).because(cause)
        }
    };
    let document: Json = serde_json::from_str(document)
        .map_err(|cause| failed("the document is not JSON")(cause.into()))?;
    let mut environment = Environment::new();
    environment.add_filter("prose", prose);
    let shown = context! {
        document => Shown::from(Serde(&document)),
        groups => Shown::from(Serde(groups(&document))),
    };
    environment
        .template_from_named_str("page.html", TEMPLATE)
        .and_then(|page| page.render(shown))
        .map_err(|cause| failed("the page cannot be written")(cause.into()))
}

/// The operations under each tag, in the order of the document.
fn groups(document: &Json) -> Json {
    let empty = serde_json::Map::new();
    let paths = document["paths"].as_object().unwrap_or(&empty);
    let operations: Vec<Json> = paths
        .iter()
        .flat_map(|(path, item)| METHODS.iter().map(move |method| (path, *method, &item[*method])))
        .filter(|(.., operation)| operation.is_object())
        .map(|(path, method, operation)| {
            json!({ "path": path, "method": method, "operation": operation })
        })
        .collect();
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter()
        .map(|tag| {
            let under = operations.iter().filter(|one| one["operation"]["tags"][0] == tag["name"]);
            json!({ "tag": tag, "operations": under.collect::<Vec<_>>() })
        })
        .collect()
}

/// The little Markdown that descriptions have: paragraphs, lists, code.
fn prose(text: &str) -> Shown {
    let mut html = String::new();
    for paragraph in text.split("\n\n") {
        let items: Option<Vec<&str>> =
            paragraph.lines().map(|line| line.strip_prefix("- ")).collect();
        match items {
            Some(items) => {
                let items = items.iter().map(|item| format!("<li>{}</li>", coded(item)));
                html.push_str(&format!("<ul>{}</ul>", items.collect::<String>()));
            }
            None => html.push_str(&format!("<p>{}</p>", coded(paragraph))),
        }
    }
    Shown::from_safe_string(html)
}

/// What stands between backticks is code.
fn coded(text: &str) -> String {
    let escaped = minijinja::HtmlEscape(text).to_string();
    let mut html = String::new();
    for (place, part) in escaped.split('`').enumerate() {
        match place % 2 {
            0 => html.push_str(part),
            _ => html.push_str(&format!("<code>{part}</code>")),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_become_html_and_nothing_in_them_does() {
        let html = prose("Say `a < b` & go.\n\n- `one`: <b>first</b>\n- two").to_string();
        assert_eq!(
            html,
            "<p>Say <code>a &lt; b</code> &amp; go.</p>\
             <ul><li><code>one</code>: &lt;b&gt;first&lt;&#x2f;b&gt;</li><li>two</li></ul>"
        );
    }
}
