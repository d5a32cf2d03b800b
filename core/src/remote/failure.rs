//! What goes wrong between here and the workspace, in terms of the error table: an answer that is
//! an error (contract.md section 1.8, read tolerantly), one that is no answer, or none.

use std::time::Duration;

use serde_json::Value as Json;

use crate::error::{Error, ErrorCode, Retry};

use super::request::Request;

/// A request that failed, and whether the workspace may have done it all the same.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) may_be_done: bool,
    /// Whether there was no connection to send it over.
    pub(super) is_unreached: bool,
    /// Whether the path or its verb is unknown there, or the record that the path names.
    pub(super) is_unrouted: bool,
}

impl Failure {
    pub(super) fn certain(error: Error) -> Self {
        Self { error, may_be_done: false, is_unreached: false, is_unrouted: false }
    }

    pub(super) fn uncertain(error: Error) -> Self {
        Self { may_be_done: true, ..Self::certain(error) }
    }

    /// The error of this request. Where it names no record, an unknown path is no fault of what was sent:
    /// all others would end so too.
    pub(super) fn of(self, request: &Request) -> Error {
        if !self.is_unrouted || request.names_record() {
            return self.error;
        }
        let path = request.path.join("/");
        let what =
            format!("the workspace takes no {} /{path}: {}", request.method, self.error.message());
        Error::new(ErrorCode::ConfigInvalid, what)
            .at_field("workspace")
            .hint("check that the URL is that of the CRM's record API, and has such records")
    }

    /// Whether the same request may go well later.
    pub(super) fn is_passing(&self) -> bool {
        self.error.retry() != Retry::Never
    }
}

/// Whether an error is about the workspace and not about one record: what follows would end so too.
pub(crate) fn ends_all(error: &Error) -> bool {
    matches!(
        error.code(),
        ErrorCode::Unauthorized
            | ErrorCode::Forbidden
            | ErrorCode::RateLimited
            | ErrorCode::Unavailable
            | ErrorCode::Timeout
            | ErrorCode::ConfigInvalid
    )
}

/// The failure of what must not be done twice, and of which it is not known whether it was done: never
/// that of a record alone.
pub(super) fn unknown(error: Error) -> Error {
    if ends_all(&error) {
        return error;
    }
    let what = format!("it is not known whether it was done: {}", error.message());
    Error::new(ErrorCode::Timeout, what).hint("run again: it is looked for first")
}

/// An answer with an error's status.
pub(super) fn refusal(status: u16, body: Option<&Json>, wait: Option<Duration>) -> Failure {
    let nothing = Json::Null;
    let is_foreign = body.is_none();
    let body = body.unwrap_or(&nothing);
    let named = code_name(body);
    let known = named.and_then(ErrorCode::from_name);
    let by_status = by_status(status);
    // What a service says of its own faults is not a bug of this program, and may pass.
    let is_fault = status >= 500 || known.is_some_and(|code| code.http_status() >= 500);
    let code = match known {
        Some(code) if !is_fault => code,
        _ if is_foreign && status < 500 => by_foreign_status(status),
        _ => by_status,
    };
    let mut envelopes = ENVELOPES.iter().filter_map(|place| body.pointer(place));
    let envelope = envelopes.find(|it| it.is_object()).unwrap_or(body);
    let text = |json: &Json, key: &str| json[key].as_str().map(str::to_owned);
    let said = said(envelope).or_else(|| body["detail"].as_str()).map(str::to_owned);
    let message = match (&said, known, named) {
        (Some(said), Some(_), _) if !is_fault => said.clone(),
        (Some(said), _, Some(named)) => format!("{said} (status {status}, {named})"),
        (Some(said), _, None) => format!("{said} (status {status})"),
        (None, _, Some(named)) => format!("the workspace answered {named} (status {status})"),
        (None, _, None) => format!("the workspace answered with status {status}"),
    };
    let mut error = Error::new(code, cut(&message));
    if let Some(field) = field(envelope) {
        error = error.at_field(field);
    }
    let details = &envelope["details"];
    if let Some(record) = text(details, "record").or_else(|| text(details, "record_id")) {
        error = error.on_record(record);
    }
    error = match (text(details, "hint"), missing(details)) {
        (Some(hint), _) if !is_fault => error.hint(cut(&hint)),
        (_, Some(missing)) => error.hint(format!("ask for the permission {missing}")),
        _ => hint_by_status(error, status, is_foreign || body.is_null()),
    };
    let faults = [&details["errors"], &body["errors"], &body["detail"]];
    let faults = faults.iter().find_map(|faults| faults.as_array()).into_iter().flatten();
    let related = faults.skip(1).filter_map(|fault| related_fault(fault, code));
    error = error.with_related(related.collect());
    if is_foreign && (400..500).contains(&status) && code == ErrorCode::Unavailable {
        error = error.retry_with(Retry::Never);
    }
    if let Some(wait) = wait
        && error.retry() != Retry::Never
    {
        error = error.retry_with(Retry::After(wait));
    }
    let is_of_path = said.is_none_or(|said: String| {
        ["not found", "method not allowed"].contains(&said.to_ascii_lowercase().as_str())
    });
    let is_unrouted = matches!(status, 404 | 405) && !is_foreign && named.is_none() && is_of_path;
    // An error other than of the service itself is an answer: nothing was done.
    let may_be_done = matches!(status, 408 | 500..);
    Failure { may_be_done, is_unrouted, ..Failure::certain(error) }
}

/// Where the first fault that a body tells of may stand (contract.md section 1.8).
const ENVELOPES: [&str; 4] = ["/error", "/detail", "/errors/0", "/detail/0"];

/// What a fault says, also as a validation does (contract.md section 1.8).
fn said(fault: &Json) -> Option<&str> {
    fault["message"].as_str().or_else(|| fault["msg"].as_str())
}

/// The attribute that a fault is about; a validation tells it with the way there.
fn field(fault: &Json) -> Option<&str> {
    let way = || {
        let mut names = fault["loc"].as_array()?.iter().rev().filter_map(Json::as_str);
        names.find(|name| !matches!(*name, "body" | "attributes" | "query" | "path"))
    };
    fault["field"].as_str().or_else(way)
}

/// The code's name, where contract.md section 1.8 looks for it.
fn code_name(body: &Json) -> Option<&str> {
    let places = ["/error/code", "/code", "/errors/0/code", "/error", "/detail/code"];
    places.iter().find_map(|place| body.pointer(place)?.as_str())
}

fn by_status(status: u16) -> ErrorCode {
    match status {
        401 | 407 => ErrorCode::Unauthorized,
        402 | 403 => ErrorCode::Forbidden,
        404 | 410 => ErrorCode::RecordNotFound,
        405 => ErrorCode::OperationNotSupported,
        408 | 504 => ErrorCode::Timeout,
        409 => ErrorCode::UniqueConflict,
        413 => ErrorCode::PayloadTooLarge,
        429 => ErrorCode::RateLimited,
        500.. => ErrorCode::Unavailable,
        _ => ErrorCode::InvalidRequest,
    }
}

/// Of an answer that is no JSON: somebody in between, or another service, has given it. It says nothing
/// of one record, so that it must not be taken for a refusal of each.
fn by_foreign_status(status: u16) -> ErrorCode {
    match status {
        404 | 405 | 410 => ErrorCode::ConfigInvalid,
        401..=403 | 407 | 408 | 413 | 429 => by_status(status),
        _ => ErrorCode::Unavailable,
    }
}

fn hint_by_status(error: Error, status: u16, is_foreign: bool) -> Error {
    match status {
        404 | 405 | 410 if is_foreign => {
            error.hint("check that the URL is that of the CRM's record API")
        }
        407 => error.hint("the proxy asks who you are: check HTTPS_PROXY"),
        400..=499 if is_foreign && error.code() == ErrorCode::Unavailable => error
            .hint("something between here and the workspace refuses requests: check the proxies"),
        502..=504 if is_foreign => {
            error.hint("something between here and the workspace cannot reach it: try again later")
        }
        _ => error,
    }
}

fn missing(details: &Json) -> Option<String> {
    let missing = details["missing_permissions"].as_array()?;
    Some(missing.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(", "))
}

/// One of several faults: with a code of its own, or of validation, which has that of the answer.
fn related_fault(fault: &Json, code: ErrorCode) -> Option<Error> {
    let code = match fault["code"].as_str() {
        Some(name) => ErrorCode::from_name(name)?,
        None if fault["loc"].is_array() => code,
        None => return None,
    };
    let error = Error::new(code, cut(said(fault).unwrap_or_default()));
    Some(match field(fault) {
        Some(field) => error.at_field(field),
        None => error,
    })
}

/// A redirect, which is never followed: the key is not for another address.
pub(super) fn redirect(status: u16, location: Option<&str>) -> Failure {
    // What comes after the path may be a secret.
    let location = location.map(|location| location.split(['?', '#']).next().unwrap_or_default());
    let to = location.map_or(String::new(), |location| format!(" to {}", cut(location)));
    let what = format!("the workspace's URL redirects{to} (status {status})");
    Failure::certain(
        Error::new(ErrorCode::ConfigInvalid, what)
            .at_field("workspace")
            .hint("the key was not sent there; if that is the CRM, give its address as the URL"),
    )
}

/// An answer that says that it went well, and is no JSON.
pub(super) fn foreign(content_type: Option<&str>) -> Failure {
    let kind = content_type.map_or(String::new(), |kind| format!(" ({})", cut(kind)));
    let error = Error::new(ErrorCode::Unavailable, format!("the answer is not JSON{kind}"));
    Failure::uncertain(
        error
            .hint("check the URL, and whether a proxy or a login page stands in between")
            .retry_with(Retry::Never),
    )
}

/// An answer that ends in the middle.
pub(super) fn truncated(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Failure {
    let error = Error::new(ErrorCode::Unavailable, "the answer ends in the middle");
    Failure::uncertain(error.because(cause))
}

/// An answer that is larger than what is read.
pub(super) fn too_large(most: usize) -> Failure {
    let what = format!("the answer is larger than {} MiB", most / 1024 / 1024);
    Failure::uncertain(
        Error::new(ErrorCode::PayloadTooLarge, what).hint("ask for fewer records a page"),
    )
}

/// The workspace takes nothing for longer than a request waits.
pub(super) fn exhausted(wait: Duration) -> Failure {
    let what = format!("the workspace takes no requests for {} s", wait.as_secs());
    let error = Error::new(ErrorCode::RateLimited, what);
    Failure::certain(error.retry_with(Retry::After(wait)).hint("run again then: it goes on there"))
}

/// It was not sent, as its batch had ended by then.
pub(super) fn stopped() -> Failure {
    Failure::certain(not_sent())
}

/// What becomes of an operation after the end of its batch.
pub(super) fn not_sent() -> Error {
    Error::new(ErrorCode::Cancelled, "it was not sent, as its batch was ended before")
}

/// No answer within the time that was given to it.
pub(super) fn late(patience: Duration) -> Failure {
    let what = format!("no answer within {:.1} s", patience.as_secs_f64());
    Failure::uncertain(Error::new(ErrorCode::Timeout, what))
}

/// No answer, as the connection could not be made or was lost. The address is not in the message:
/// it stands in the job.
pub(super) fn disconnected(cause: reqwest::Error) -> Failure {
    let cause = cause.without_url();
    if let Some(reason) = certificate_fault(&cause) {
        let error = Error::new(ErrorCode::Unavailable, format!("no secure connection: {reason}"));
        let error = error
            .because(cause)
            .retry_with(Retry::Never)
            .hint("check the URL's host and the certificate; SSL_CERT_FILE names further issuers");
        return Failure { is_unreached: true, ..Failure::certain(error) };
    }
    if cause.is_connect() {
        let error = Error::new(ErrorCode::Unavailable, "the workspace cannot be reached");
        let error = error.because(cause).hint("check the URL, the network and its proxies");
        return Failure { is_unreached: true, ..Failure::certain(error) };
    }
    if cause.is_timeout() {
        return Failure::uncertain(Error::new(ErrorCode::Timeout, "no answer").because(cause));
    }
    let lost = Error::new(ErrorCode::Unavailable, "the connection ended before the answer");
    Failure::uncertain(lost.because(cause))
}

/// What is wrong with the other side's certificate, or with how it encrypts.
fn certificate_fault(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    if let Some(fault) = error.downcast_ref::<rustls::Error>() {
        return Some(fault.to_string());
    }
    // What an I/O error wraps is not its source, but itself.
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match wrapped {
        Some(wrapped) => certificate_fault(wrapped),
        None => certificate_fault(error.source()?),
    }
}

/// A text from elsewhere, not longer than a message should be.
fn cut(text: &str) -> String {
    match text.char_indices().nth(500) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_code_is_found_wherever_it_stands() {
        let bodies = [
            json!({"error": {"code": "unknown_field"}}),
            json!({"code": "unknown_field"}),
            json!({"errors": [{"code": "unknown_field"}]}),
            json!({"error": "unknown_field"}),
            json!({"detail": {"code": "unknown_field"}}),
        ];
        for body in bodies {
            let failure = refusal(400, Some(&body), None);
            assert_eq!(failure.error.code(), ErrorCode::UnknownField, "{body}");
            assert!(!failure.may_be_done);
        }
    }

    #[test]
    fn what_is_said_of_a_fault_is_told_in_whichever_shape_it_comes() {
        let fault = |name: &str| json!({"code": "field_value_invalid", "message": "too long", "field": name});
        let validation = |name: &str| {
            json!({"type": "string_too_long", "loc": ["body", "attributes", name, 0],
                   "msg": "too long", "input": "x"})
        };
        for (body, code, said) in [
            (
                json!({"errors": [fault("title"), fault("department")]}),
                "field_value_invalid",
                "too long",
            ),
            (
                json!({"detail": [validation("title"), validation("department")]}),
                "invalid_request",
                "too long (status 422)",
            ),
        ] {
            let error = refusal(422, Some(&body), None).error;
            assert_eq!((error.code().name(), error.message()), (code, said), "{body}");
            assert_eq!(error.field(), Some("title"), "{body}");
            let related = &error.related()[0];
            assert_eq!((related.code().name(), related.message()), (code, "too long"), "{body}");
            assert_eq!(related.field(), Some("department"), "{body}");
        }
        let whole = json!({"detail": [{"loc": ["body"], "msg": "no object"}]});
        let error = refusal(422, Some(&whole), None).error;
        assert_eq!((error.field(), error.message()), (None, "no object (status 422)"));
    }

    #[test]
    fn an_unknown_code_is_told_and_read_by_its_status() {
        let body = json!({"error": {"code": "stage_locked", "message": "not now"}});
        let error = refusal(422, Some(&body), None).error;
        assert_eq!(error.code(), ErrorCode::InvalidRequest);
        assert_eq!(error.message(), "not now (status 422, stage_locked)");
        let old = json!({"error": "UnauthorizedError", "message": "Invalid API key"});
        let error = refusal(401, Some(&old), None).error;
        assert_eq!(error.code(), ErrorCode::Unauthorized);
    }

    #[test]
    fn what_the_service_does_wrong_may_pass_and_may_be_done() {
        let body = json!({"error": {"code": "internal_error", "message": "the server failed"}});
        let failure = refusal(500, Some(&body), None);
        assert_eq!(failure.error.code(), ErrorCode::Unavailable);
        assert!(failure.may_be_done && failure.is_passing());
    }

    #[test]
    fn a_refusal_of_somebody_in_between_is_not_that_of_a_record() {
        for (status, code) in [
            (400, ErrorCode::Unavailable),
            (409, ErrorCode::Unavailable),
            (422, ErrorCode::Unavailable),
            (404, ErrorCode::ConfigInvalid),
            (403, ErrorCode::Forbidden),
            (429, ErrorCode::RateLimited),
        ] {
            let failure = refusal(status, None, None);
            assert_eq!(failure.error.code(), code, "{status}");
            assert!(!failure.may_be_done && failure.is_passing() == (status == 429), "{status}");
        }
    }

    #[test]
    fn every_fault_of_a_request_is_passed_on() {
        let fault = |code: &str| json!({"code": code, "field": "a", "message": "m"});
        let details = json!({"errors": [fault("unknown_field"), fault("field_value_invalid")],
                             "hint": "h", "record": "r"});
        let body = json!({"error": {"code": "unknown_field", "message": "m", "field": "a",
                                    "details": details}});
        let error = refusal(400, Some(&body), None).error;
        assert_eq!((error.field(), error.record(), error.remedy()), (Some("a"), Some("r"), "h"));
        assert_eq!(error.related()[0].code(), ErrorCode::FieldValueInvalid);
    }

    #[test]
    fn a_redirect_is_told_without_what_may_be_secret_in_it() {
        let error = redirect(302, Some("https://login.example/in?token=hunter2")).error;
        assert_eq!(error.code(), ErrorCode::ConfigInvalid);
        assert!(error.message().contains("https://login.example/in"), "{error}");
        assert!(!format!("{error:#}").contains("hunter2"));
    }
}
