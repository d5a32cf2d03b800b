//! What faults there are to be: a file or a body, read and checked.

use std::num::NonZeroU32;
use std::time::Duration;

use headwater::{Error, ErrorCode, Result};
use serde_json::{Map, Value, json};

use crate::request::whole;

/// Where there can be faults.
pub(super) const API: &str = "/api/v2/";
/// The longest delay and the longest `retry_after`.
const LONGEST: Duration = Duration::from_secs(600);
/// How long a stall lasts where nothing is said.
const STALL: Duration = Duration::from_secs(10);
/// After how long to try again where nothing is said.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The most rules.
const MOST_RULES: usize = 1000;

/// The faults that a twin lets happen, by rules and at random; none by default.
///
/// ```
/// use headwater_server::FaultPlan;
/// FaultPlan::from_toml("seed = 7\n[[rules]]\nkind = \"error\"\nrate = 0.05\n")?;
/// let error = FaultPlan::from_toml("[[rules]]\nkind = \"eror\"\n").unwrap_err();
/// assert_eq!(error.field(), Some("rules[0].kind"));
/// # Ok::<(), headwater::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FaultPlan {
    /// What the choice of requests follows from.
    pub(super) seed: u64,
    /// Above this many requests a second, all clients together, they are refused.
    pub(super) requests_per_second: Option<NonZeroU32>,
    pub(super) rules: Vec<Rule>,
}

/// A fault, and which requests it may happen to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) kind: Kind,
    /// To how many of them it happens, 0 to 1.
    pub(super) rate: f64,
    /// Any, where none is named.
    methods: Vec<String>,
    /// Any, where none is named; `*` stands for any text.
    path: Option<String>,
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is answered later; it waits before it is applied.
    Latency(Duration),
    /// It is refused with 429 and this `Retry-After`.
    RateLimited(Duration),
    /// It is refused with 500.
    Error,
    /// Its connection ends before it is applied.
    CutBefore,
    /// It is applied, and its connection ends without the answer.
    CutAfter,
    /// It is applied, and its answer is held back.
    Stall(Duration),
}

/// The names of all kinds of faults, in the order of their counters.
pub(crate) const FAULTS: [&str; 6] =
    ["latency", "rate_limited", "error", "cut_before", "cut_after", "stall"];

impl Kind {
    /// The names of all, in the order of their counters.
    pub(super) const NAMES: [&str; 6] = FAULTS;

    /// Its place among [`Kind::NAMES`].
    pub(super) fn place(self) -> usize {
        match self {
            Self::Latency(_) => 0,
            Self::RateLimited(_) => 1,
            Self::Error => 2,
            Self::CutBefore => 3,
            Self::CutAfter => 4,
            Self::Stall(_) => 5,
        }
    }

    pub(super) fn name(self) -> &'static str {
        Self::NAMES[self.place()]
    }
}

impl FaultPlan {
    /// Reads a file.
    ///
    /// # Errors
    /// `config_invalid`, at the key.
    pub fn from_toml(text: &str) -> Result<Self> {
        let document = toml::from_str::<Map<String, Value>>(text).map_err(|cause| {
            Error::new(ErrorCode::ConfigInvalid, format!("the faults are not TOML: {cause}"))
        })?;
        Self::from_json(document)
    }

    /// Reads a body.
    ///
    /// # Errors
    /// `config_invalid`, at the key.
    pub(super) fn from_json(body: Map<String, Value>) -> Result<Self> {
        let mut keys = Keys { at: String::new(), left: body };
        let seed = keys.take("seed", "a whole number that is not negative", whole)?;
        let limit = keys.take("rate_limit", "a table", |value| value.as_object().cloned())?;
        let rules = keys.take("rules", "a list", |value| value.as_array().cloned())?;
        keys.end("faults have seed, rate_limit and rules")?;
        let requests_per_second = limit.map(read_limit).transpose()?.flatten();
        let rules = rules.unwrap_or_default();
        if rules.len() > MOST_RULES {
            let what = format!("there may be {MOST_RULES} rules");
            return Err(Error::new(ErrorCode::ConfigInvalid, what).at_field("rules"));
        }
        let rules = rules.into_iter().enumerate().map(|(index, rule)| Rule::from_json(index, rule));
        let rules = rules.collect::<Result<_>>()?;
        Ok(Self { seed: seed.unwrap_or(0), requests_per_second, rules })
    }
}

fn read_limit(limit: Map<String, Value>) -> Result<Option<NonZeroU32>> {
    let mut keys = Keys { at: "rate_limit.".to_owned(), left: limit };
    let number = |value: &Value| NonZeroU32::new(u32::try_from(whole(value)?).ok()?);
    let rate = keys.take("requests_per_second", "a whole number from 1", number)?;
    keys.end("a rate limit has requests_per_second")?;
    Ok(rate)
}

impl Rule {
    fn from_json(index: usize, rule: Value) -> Result<Self> {
        let at = format!("rules[{index}].");
        let Value::Object(left) = rule else {
            let error = Error::new(ErrorCode::ConfigInvalid, "expected a rule to be a table");
            return Err(error.at_field(at.trim_end_matches('.')));
        };
        let mut keys = Keys { at, left };
        let kind = keys.kind()?;
        let share = |value: &Value| value.as_f64().filter(|rate| (0.0..=1.0).contains(rate));
        let rate = keys.take("rate", "a number from 0 to 1", share)?.unwrap_or(1.0);
        let methods = keys.take("methods", "a list of methods such as \"POST\"", methods)?;
        let in_api = |value: &Value| {
            let path = value.as_str()?;
            (path.starts_with(API) || path.starts_with('*')).then(|| path.to_owned())
        };
        let path = keys.take("path", "a path under /api/v2/, in which * is any text", in_api)?;
        keys.end("a rule has kind, rate, methods, path, milliseconds and retry_after")?;
        Ok(Self { kind, rate, methods: methods.unwrap_or_default(), path })
    }

    /// Whether it may happen to such a request.
    pub(super) fn is_about(&self, method: &str, path: &str) -> bool {
        (self.methods.is_empty() || self.methods.iter().any(|known| known == method))
            && self.path.as_deref().is_none_or(|pattern| fits(pattern, path))
    }

    /// Whether it names this path in full.
    pub(super) fn names(&self, path: &str) -> bool {
        self.path.as_deref() == Some(path)
    }

    pub(super) fn to_json(&self) -> Value {
        let mut rule = json!({ "kind": self.kind.name(), "rate": self.rate });
        if !self.methods.is_empty() {
            rule["methods"] = json!(self.methods);
        }
        if let Some(path) = &self.path {
            rule["path"] = json!(path);
        }
        match self.kind {
            Kind::Latency(delay) | Kind::Stall(delay) => {
                rule["milliseconds"] =
                    json!(delay.as_secs() * 1000 + u64::from(delay.subsec_millis()));
            }
            Kind::RateLimited(wait) => rule["retry_after"] = json!(wait.as_secs()),
            Kind::Error | Kind::CutBefore | Kind::CutAfter => {}
        }
        rule
    }
}

fn methods(value: &Value) -> Option<Vec<String>> {
    let is_method = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase());
    let methods = value.as_array()?.iter();
    methods.map(|method| method.as_str().filter(is_method).map(str::to_owned)).collect()
}

/// Whether a path fits a pattern, in which `*` is any text.
fn fits(pattern: &str, path: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = path.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

/// The keys of a table that were not read yet.
struct Keys {
    /// Where the table is, with a dot behind.
    at: String,
    left: Map<String, Value>,
}

impl Keys {
    /// Takes out a key; null is as good as none.
    fn take<T>(
        &mut self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let value = self.left.remove(name).filter(|value| !value.is_null());
        let read = |value: Value| read(&value).ok_or_else(|| self.wrong(name, expected));
        value.map(read).transpose()
    }

    fn kind(&mut self) -> Result<Kind> {
        let names = format!("one of {}", Kind::NAMES.join(", "));
        let known = |value: &Value| Kind::NAMES.iter().copied().find(|name| value == *name);
        let kind = self.take("kind", &names, known)?.ok_or_else(|| self.wrong("kind", &names))?;
        let within = |time: Duration| Some(time).filter(|time| *time <= LONGEST);
        let milliseconds = |value: &Value| within(Duration::from_millis(whole(value)?));
        let seconds = |value: &Value| within(Duration::from_secs(whole(value)?));
        let delay = "a whole number of milliseconds up to 600000";
        Ok(match kind {
            "latency" => {
                let given = self.take("milliseconds", delay, milliseconds)?;
                Kind::Latency(given.ok_or_else(|| self.wrong("milliseconds", delay))?)
            }
            "rate_limited" => {
                let wait =
                    self.take("retry_after", "a whole number of seconds up to 600", seconds)?;
                Kind::RateLimited(wait.unwrap_or(RETRY_AFTER))
            }
            "error" => Kind::Error,
            "cut_before" => Kind::CutBefore,
            "cut_after" => Kind::CutAfter,
            _ => Kind::Stall(self.take("milliseconds", delay, milliseconds)?.unwrap_or(STALL)),
        })
    }

    /// Refuses what was not read.
    fn end(self, hint: &str) -> Result<()> {
        let Some(other) = self.left.keys().next() else { return Ok(()) };
        let error = Error::new(ErrorCode::ConfigInvalid, format!("{other:?} means nothing here"));
        Err(error.at_field(format!("{}{other}", self.at)).hint(hint))
    }

    fn wrong(&self, name: &str, expected: &str) -> Error {
        let what = format!("expected {name} to be {expected}");
        Error::new(ErrorCode::ConfigInvalid, what).at_field(format!("{}{name}", self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_a_path_is_any_text() {
        for (pattern, path, expected) in [
            ("/api/v2/contact", "/api/v2/contact", true),
            ("/api/v2/contact", "/api/v2/contact/_query", false),
            ("/api/v2/contact*", "/api/v2/contact/_query", true),
            ("*/_query", "/api/v2/contact/_query", true),
            ("*/_query", "/api/v2/contact/_query/x", false),
            ("/api/v2/*/attribute/*", "/api/v2/contact/1/attribute/emails", true),
            ("/api/v2/*/attribute/*", "/api/v2/contact/1", false),
            ("/api/v2/a*a", "/api/v2/a", false),
        ] {
            assert_eq!(fits(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_no_plan_is_refused_at_its_key() {
        for (text, field) in [
            ("seed = -1", "seed"),
            ("sed = 1", "sed"),
            ("rules = 1", "rules"),
            ("rules = [1]", "rules[0]"),
            ("rules = [{}]", "rules[0].kind"),
            ("rate_limit = {requests_per_second = 0}", "rate_limit.requests_per_second"),
            ("rate_limit = {rate = 1}", "rate_limit.rate"),
            ("rules = [{kind = 'error'}, {kind = 'error', rate = 1.5}]", "rules[1].rate"),
            ("rules = [{kind = 'error', milliseconds = 5}]", "rules[0].milliseconds"),
            ("rules = [{kind = 'latency'}]", "rules[0].milliseconds"),
            ("rules = [{kind = 'stall', milliseconds = 600001}]", "rules[0].milliseconds"),
            ("rules = [{kind = 'rate_limited', retry_after = 0.5}]", "rules[0].retry_after"),
            ("rules = [{kind = 'error', methods = ['post']}]", "rules[0].methods"),
            ("rules = [{kind = 'error', path = '/api/local/reset'}]", "rules[0].path"),
        ] {
            let error = FaultPlan::from_toml(text).unwrap_err();
            assert_eq!(
                (error.code(), error.field()),
                (ErrorCode::ConfigInvalid, Some(field)),
                "{text}"
            );
        }
        assert_eq!(FaultPlan::from_toml("rules = [").unwrap_err().code(), ErrorCode::ConfigInvalid);
    }
}
