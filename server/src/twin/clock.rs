//! The clock and the ids of a twin, as documents.

use headwater::{Error, ErrorCode, FixedClock, Generation, Result};
use serde_json::{Map, Value, json};

use crate::request::whole;

/// How times and ids are made, as the clock's endpoint tells it.
pub(super) fn to_json(generation: Generation) -> Value {
    let Generation { clock, id_seed } = generation;
    json!({
        "now": clock.map(|clock| clock.now.to_string()),
        "step_milliseconds": clock.map(|clock| clock.step / 1000),
        "id_seed": id_seed,
    })
}

/// The same from a body; what is absent or null is left to the machine.
///
/// # Errors
/// `invalid_request` or `field_value_invalid` at `now`, `step_milliseconds` or `id_seed`.
pub(super) fn from_json(mut body: Map<String, Value>) -> Result<Generation> {
    let wrong = |field: &str, expected: &str| {
        let what = format!("expected {field} to be {expected}");
        Error::new(ErrorCode::InvalidRequest, what).at_field(field)
    };
    let mut take = |name: &str| body.remove(name).filter(|value| !value.is_null());
    let (now, step, seed) = (take("now"), take("step_milliseconds"), take("id_seed"));
    if let Some(other) = body.keys().next() {
        let what = format!("a clock has no {other:?}");
        let error = Error::new(ErrorCode::InvalidRequest, what).at_field(other);
        return Err(error.hint("it has now, step_milliseconds and id_seed"));
    }
    let clock = match now {
        Some(Value::String(text)) => {
            Some(FixedClock::at(&text).map_err(|error| error.at_field("now"))?)
        }
        Some(_) => return Err(wrong("now", "a timestamp such as 2026-01-01T00:00:00Z")),
        None => None,
    };
    let clock = match (clock, step) {
        (clock, None) => clock,
        (Some(clock), Some(step)) => {
            let step = whole(&step).and_then(|step| i64::try_from(step).ok());
            let milliseconds = "a whole number of milliseconds";
            let step = step.ok_or_else(|| wrong("step_milliseconds", milliseconds))?;
            Some(clock.with_step(step)?)
        }
        (None, Some(_)) => {
            return Err(wrong("step_milliseconds", "beside now: the machine's clock has no step"));
        }
    };
    let seed_of = |seed: Value| {
        whole(&seed).ok_or_else(|| wrong("id_seed", "a whole number that is not negative"))
    };
    Ok(Generation { clock, id_seed: seed.map(seed_of).transpose()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &Value) -> Result<Generation> {
        from_json(body.as_object().cloned().unwrap_or_default())
    }

    #[test]
    fn a_clock_is_read_as_it_is_told() {
        let told = json!({
            "now": "2026-01-01T00:00:00.000000Z", "step_milliseconds": 250, "id_seed": 42,
        });
        assert_eq!(to_json(parse(&told).unwrap()), told);
        let machine = json!({"now": null, "step_milliseconds": null, "id_seed": null});
        assert_eq!(to_json(parse(&json!({})).unwrap()), machine);
        assert_eq!(parse(&machine).unwrap(), Generation::default());
    }

    #[test]
    fn what_is_no_clock_is_refused_at_its_field() {
        for (body, field) in [
            (json!({"now": "yesterday"}), "now"),
            (json!({"now": "1969-12-31T23:59:59Z"}), "now"),
            (json!({"now": "3000-01-01T00:00:00Z"}), "now"),
            (json!({"now": 7}), "now"),
            (json!({"step_milliseconds": 7}), "step_milliseconds"),
            (json!({"now": "2026-01-01", "step_milliseconds": 0}), "step_milliseconds"),
            (json!({"now": "2026-01-01", "step_milliseconds": i64::MAX}), "step_milliseconds"),
            (json!({"now": "2026-01-01", "step_milliseconds": 0.5}), "step_milliseconds"),
            (json!({"id_seed": -1}), "id_seed"),
            (json!({"seed": 1}), "seed"),
        ] {
            assert_eq!(parse(&body).unwrap_err().field(), Some(field), "{body}");
        }
    }
}
