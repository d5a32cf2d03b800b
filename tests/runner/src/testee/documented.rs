//! Whether an answer of the server is one that its own OpenAPI document has.

use serde_json::Value as Json;

/// Says what is wrong with an answer where the document does not have it.
///
/// # Errors
/// Text that names the operation, the status and the code.
pub(super) fn check(
    document: &Json,
    method: &str,
    path: &str,
    status: u16,
    answer: &Json,
) -> Result<(), String> {
    let code = answer["error"]["code"].as_str();
    let Some(operation) = operation(document, method, path) else {
        // What the document does not have is refused, and nothing comes of it.
        return match (status, code) {
            (404 | 405, Some(_)) | (400, Some("field_not_updatable" | "invalid_request")) => Ok(()),
            _ => Err(format!("{method} {path} is in no document, and answered {status} {code:?}")),
        };
    };
    let mut described = &operation["responses"][status.to_string()];
    if let Some(name) = described["$ref"].as_str() {
        described =
            &document["components"]["responses"][name.rsplit('/').next().unwrap_or_default()];
    }
    let name = &operation["operationId"];
    if !described.is_object() {
        return Err(format!("{name} has no status {status} in the document, with {code:?}"));
    }
    let shape = &described["content"]["application/json"]["schema"]["properties"]["error"];
    let codes = &shape["allOf"][1]["properties"]["code"]["enum"];
    match (code, codes.as_array()) {
        (None, None) => Ok(()),
        (Some(code), Some(codes)) if codes.iter().any(|known| known == code) => Ok(()),
        _ => Err(format!("{name} has {codes} for {status} in the document, not {code:?}")),
    }
}

/// The operation whose path has most in common with a request's.
fn operation<'a>(document: &'a Json, method: &str, path: &str) -> Option<&'a Json> {
    let path = path.split('?').next().unwrap_or_default();
    let asked: Vec<&str> = path.split('/').collect();
    let is_parameter = |part: &str| part.starts_with('{');
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == asked.len()
            && parts.iter().zip(&asked).all(|(part, asked)| is_parameter(part) || part == asked)
    };
    let paths = document["paths"].as_object()?.iter().filter(|(template, _)| fits(template));
    let nearest = paths.min_by_key(|(template, _)| template.matches('{').count());
    nearest.map(|(_, item)| &item[method.to_lowercase()]).filter(|found| found.is_object())
}
